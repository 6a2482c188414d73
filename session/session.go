package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wiretape/session/h2"
	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// Options say how a session goes. Lines and Out must be set; the zero value of the
// rest works.
type Options struct {
	Dialer wire.Dialer // makes the connections
	Lines  LineReader  // what the session reads; must be set too
	Out    io.Writer   // rows, for a person
	Style  view.Style  // how they look; its Live follows Interactive

	// Interactive says that a person types the lines: questions may be asked,
	// errors do not end the session, replies are waited for as long as it takes.
	Interactive bool
	EOL         EOL           // added to typed lines; CRLF unless set
	Timeout     time.Duration // how long a script waits in silence; 10 s unless set
	// Interrupts tells of ^C while no line is being read. A LineReader tells of
	// it otherwise.
	Interrupts <-chan os.Signal

	// StartTLS has every connection that does not begin with TLS go through the
	// plain part of this protocol, one of [StartTLSProtocols], and then begin it.
	StartTLS string
	// ShowCerts shows the peer's certificates, as PEM too, after each handshake.
	ShowCerts bool

	Record RecordOptions
	Limits proto.Limits
	Proto  string // what every connection is read as, one of detect.Protos; "" finds out

	// H2 is what HTTP/2 does by itself, as the words of .h2 have it: "ack off".
	H2 []string

	// Auto and Demo run the words of that name with their arguments. A word
	// whose function is nil is not there.
	Auto, Demo func(ctx context.Context, args []string, env Env) error
}

// An Env is what a session lends to a word that connects for itself.
type Env struct {
	Out io.Writer // rows, for a person
	// Record returns a sink for the events of one recording. They stand on the
	// session's tapes, their connections in thousands that no other has, as
	// [LentConns] says. Mark puts a mark there that tells a URL, right before the
	// next event; secrets in the URL are masked where the tape's are.
	Record func() (sink wire.Sink, mark func(label, url string))
	// Trust has the session's connections verified by the authorities of a PEM too,
	// until it ends.
	Trust func(pem []byte) error
}

// defaultTimeout is how long a script waits for a reply in silence.
const defaultTimeout = 10 * time.Second

// A Session is one debugging session. Its methods are for one goroutine, but
// for [Session.Complete].
type Session struct {
	opts  Options
	view  *view.Printer
	tap   *wire.Tap
	lines LineReader
	queue []string // lines of a paste that are still to be taken
	dial  dialFunc

	escaped <-chan struct{} // ^] was pressed; nil where none can be

	random func([]byte) // fills keys

	table []command // what this session has of the words; not changed

	// The connection that lines are typed for. It changes with mu held, in turnTo
	// alone, by Run's goroutine, which so reads it without.
	current *dialogue

	// owned by the goroutine of Run
	timeout   time.Duration // of silence
	total     time.Duration // of a script's whole wait for a reply; 0 is none
	ranOut    string        // what the last wait that was too long had waited: "10s of silence"
	interrupt time.Time     // of the last ^C on an empty line
	stops     int           // waits that ^C has ended
	sourced   int           // scripts that run each other
	told      bool          // how lines are sent has been said
	refused   *wire.TLS     // a certificate that was refused
	toldFold  bool          // that names lose their capitals has been said

	credentials *credentials      // of .auth; nil for none
	lets        map[string]string // of .let

	// challenged says that the server waits for credentials. It is read while a
	// line is edited, when no lock can be taken.
	challenged atomic.Bool
	echo       echoes

	mu        sync.Mutex  // guards what follows and the dialogues, which the sink shares
	all       []*dialogue // the connections, the current one too
	stream    *detect.Stream
	history   history
	jar       jar
	record    *recorder
	lent      int             // sinks that were lent to words
	shown     string          // the prompt
	linted    map[string]bool // notes about what is being sent that were told before it was
	troubles  []wire.Event    // what .why explains; at most maxTroubles
	shownRows int             // of a body; 0 for a third of the screen
	forgotten int             // exchanges that .forget has dropped
	wsopts    wsOptions       // of connections to come, and of those that speak WebSocket
	h2opts    h2.Options      // the same for HTTP/2
	changed   chan struct{}   // holds one token when something happened
}

// New returns a session that has no connection. Close ends it.
func New(opts Options) (*Session, error) {
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	opts.Style.Live = opts.Interactive
	s := &Session{
		opts:    opts,
		lines:   opts.Lines,
		timeout: opts.Timeout,
		stream:  detect.New(detect.Options{Proto: opts.Proto, Limits: opts.Limits}),
		random:  func(b []byte) { rand.Read(b) },
		changed: make(chan struct{}, 1),
	}
	d := opts.Dialer
	d.TLS = s.tlsOptions()
	s.dial = d.Dial
	s.table = slices.DeleteFunc(commands(), func(c command) bool {
		return c.name == "auto" && opts.Auto == nil || c.name == "demo" && opts.Demo == nil
	})
	s.current = s.newDialogue(opts.EOL)
	s.all = append(s.all, s.current)
	for _, words := range opts.H2 {
		if err := s.h2opts.Set(strings.Fields(words)); err != nil {
			return nil, failure(StatusUsage, "HTTP/2: %w", err)
		}
	}
	if e, ok := opts.Lines.(interrupter); ok {
		s.escaped = e.Escaped()
	}
	s.tap = wire.NewTap(s.event)
	opts.Style.Start = s.tap.Start()
	s.view = view.New(opts.Out, opts.Style)
	if opts.Interactive {
		s.view.Negotiations(view.NegotiationsFolded)
	}
	var err error
	if s.record, err = newRecorder(opts.Record, s.tap.Start()); err != nil {
		return nil, err
	}
	return s, nil
}

// Run takes lines until they end, until .quit or until ctx ends, and then waits
// for the replies that are due and closes. It ends too when Options.Out cannot
// be written. Its error is a *Failure or that of the LineReader.
func (s *Session) Run(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return failure(StatusInterrupted, "interrupted")
		}
		if err := s.outputError(); err != nil {
			return err
		}
		s.showPrompt()
		line, err := s.readLine(ctx)
		switch in, interrupted := errors.AsType[Interrupted](err); {
		case interrupted:
			err = s.onInterrupt(ctx, in.Interrupted())
		case errors.Is(err, io.EOF) && s.opts.Interactive:
			s.mu.Lock()
			st := s.current.g.eof()
			s.mu.Unlock()
			err = s.do(ctx, st)
		case errors.Is(err, io.EOF):
			return s.finish(ctx)
		case err == nil:
			err = s.take(ctx, line)
		}
		if errors.Is(err, errLeave) {
			return nil
		}
		if err != nil && ctx.Err() != nil {
			// Whoever ended ctx may have ended the reader with it.
			return s.place(failure(StatusInterrupted, "interrupted"))
		}
		if err != nil {
			return s.place(err)
		}
	}
}

// errLeave ends a session that has nothing to complain about.
var errLeave = errors.New("leave")

// place adds to a Failure where in the script it happened.
func (s *Session) place(err error) error {
	f, ok := errors.AsType[*Failure](err)
	if !ok || f.Pos != "" {
		return err
	}
	if p, ok := s.lines.(positioner); ok {
		return &Failure{f.Status, p.Pos(), f.Err}
	}
	return err
}

// readLine returns the next line: of a paste, or of the reader.
func (s *Session) readLine(ctx context.Context) (string, error) {
	if len(s.queue) > 0 {
		line := s.queue[0]
		s.queue = s.queue[1:]
		return line, nil
	}
	var line string
	read := func() (err error) { line, err = s.lines.ReadLine(); return err }
	err := error(nil)
	if s.opts.Interactive {
		err = read()
	} else {
		err = s.unlessStopped(ctx, read) // a script may be a pipe
	}
	if err != nil {
		s.queue = nil
		return "", err
	}
	if strings.Contains(line, "\n") {
		parts := strings.Split(strings.ReplaceAll(line, "\r\n", "\n"), "\n")
		line, s.queue = parts[0], parts[1:]
	}
	return line, nil
}

// take gives a line its meaning and acts on it.
func (s *Session) take(ctx context.Context, line string) error {
	s.mu.Lock()
	before := s.current.g.ask
	st := s.current.g.line(line)
	asks := s.current.g.ask != askNothing && s.current.g.ask != before
	s.mu.Unlock()
	if !asks {
		return s.do(ctx, st)
	}
	// What was pasted behind it was written for the peer, and answers no question.
	if rest := s.restOfPaste(); len(rest) > 0 {
		s.mu.Lock()
		st = s.current.g.pasted(rest)
		s.mu.Unlock()
	}
	return s.do(ctx, st)
}

// restOfPaste takes the lines that came with the last one and were not taken yet.
func (s *Session) restOfPaste() []string {
	rest := s.queue
	s.queue = nil
	if p, ok := s.lines.(paster); ok {
		rest = append(rest, p.Rest()...)
	}
	return rest
}

// onInterrupt is ^C while a line was typed.
func (s *Session) onInterrupt(ctx context.Context, typed string) error {
	now := time.Now()
	s.mu.Lock()
	st := s.current.g.interrupt(typed, now.Sub(s.interrupt) <= time.Second)
	s.mu.Unlock()
	s.interrupt = time.Time{} // what drops a draft is not the first of two
	if st.leaves {
		s.interrupt = now
	}
	return s.do(ctx, st)
}

// do acts on a step.
func (s *Session) do(ctx context.Context, st step) error {
	if st.say != "" {
		s.view.Info(st.say)
	}
	s.prefill(st.prefill)
	if st.typed != "" {
		if p, ok := s.lines.(rememberer); ok {
			p.Remember(st.typed)
		}
	}
	if st.offer != "" && s.opts.Interactive {
		fmt.Fprintln(s.opts.Out, st.offer)
		return nil
	}
	if st.gone {
		return s.fail(failure(StatusProtocol, "%s", st.err))
	}
	if why := cmp.Or(st.err, st.offer); why != "" {
		return s.fail(failure(StatusUsage, "%s", why))
	}
	switch st.do {
	case doLeave:
		return s.leave()
	case doInterrupts:
		s.closeAll()
		return failure(StatusInterrupted, "interrupted")
	case doRun:
		before, sent := s.standing(), s.sent()
		err := s.runCommand(ctx, st.word, st.args)
		s.tellAhead(before, sent)
		if after := s.standing(); s.opts.Interactive && after != before && after.dialogue == before.dialogue && err != errLeave {
			s.mu.Lock()
			moved := s.current.g.moved(after.target == before.target && !after.ws)
			s.mu.Unlock()
			defer s.do(ctx, moved)
		}
		return s.fail(err)
	case doReconnect:
		if err := s.current.reconnect(ctx); err != nil {
			s.prefill(st.typed)
			return s.fail(err)
		}
		return s.fail(s.current.sendStep(ctx, st))
	case doSend:
		return s.fail(s.current.sendStep(ctx, st))
	}
	return nil
}

func (d *dialogue) sendStep(ctx context.Context, st step) error {
	return d.send(ctx, d.telnetText(st.data), st.request)
}

// A standing is what a draft is typed for: which connection, and in what state by
// our doing.
type standing struct {
	dialogue *dialogue
	target   string // its address
	link     *link
	ws, tls  bool
}

func (s *Session) standing() standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.current
	return standing{d, d.target.Address(), d.link, d.ws != nil, d.peer.tls != nil}
}

// sent returns how many octets we have sent on the current connection.
func (s *Session) sent() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.current.peer
	return p.octets[proto.Side(p.dir().Reverse())]
}

// tellAhead says that a command has sent something on the connection that stood
// before, where so much had gone, while a request is being composed: the peer reads
// that first, and then the request, without anything in between. Over HTTP/2 frames
// part them.
func (s *Session) tellAhead(before standing, sent int64) {
	n := s.sent() - sent
	s.mu.Lock()
	h, composing := s.current.h2, !s.current.g.draft.empty() && s.current.g.ask == askNothing
	s.mu.Unlock()
	if n > 0 && composing && h == nil && s.standing() == before {
		s.view.Warn(fmt.Sprintf("%d bytes went out ahead of the draft, of which nothing is sent yet: the peer reads them first (^C drops the draft)", n))
	}
}

// prefill gives the next line a text to start from.
func (s *Session) prefill(text string) {
	if p, ok := s.lines.(prefiller); ok && text != "" {
		p.Prefill(text)
	}
}

// fail tells a person what went wrong and goes on; a script ends there.
func (s *Session) fail(err error) error {
	if err == nil || errors.Is(err, errLeave) || !s.opts.Interactive {
		return err
	}
	if f, ok := errors.AsType[*Failure](err); ok && f.Status == StatusInterrupted {
		s.view.Info(err.Error())
		return nil
	}
	_, refused := errors.AsType[*wire.VerifyError](err)
	if told := errors.Is(err, errTold); !refused && !told { // its event has said so
		s.view.Warn(err.Error())
	}
	return nil
}

// leave ends the session by will.
func (s *Session) leave() error {
	s.closeAll()
	return errLeave
}

// finish ends a script: what is due is waited for, on each of its connections.
func (s *Session) finish(ctx context.Context) error {
	defer s.closeAll()
	for _, d := range s.all {
		if err := d.finish(ctx); err != nil {
			return s.place(err)
		}
	}
	return nil
}

func (d *dialogue) finish(ctx context.Context) error {
	d.s.mu.Lock()
	open := d.g.unfinished()
	d.s.mu.Unlock()
	if open != "" {
		return failure(StatusUsage, "end of script: %s", open)
	}
	return d.lastReply(ctx)
}

// Close ends the connections and the recordings, and shows what was held back. Its error is the first that a
// recording had, told already or not, or else that of Options.Out.
func (s *Session) Close() error {
	s.closeAll()
	s.view.Release()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.stream.Close() {
		s.view.Message(&m)
	}
	if err := s.record.close(); err != nil {
		return err
	}
	return s.outputError()
}

// outputError returns the error that Options.Out has had.
func (s *Session) outputError() error {
	if err := s.view.Err(); err != nil {
		return failure(StatusUsage, "write the output: %w", err)
	}
	return nil
}

// showPrompt gives the prompt to a reader that shows one, before a line is read.
func (s *Session) showPrompt() {
	select {
	case <-s.opts.Interrupts: // was meant for what is over now
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view.Settle()
	s.setPrompt()
}

// setPrompt is showPrompt with s.mu held.
func (s *Session) setPrompt() {
	if p, ok := s.lines.(prompter); ok {
		s.shown = s.current.promptText()
		p.SetPrompt(s.shown)
	}
}
