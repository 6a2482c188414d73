// Package view writes everything that a person reads of a conversation, and the
// JSON that their programs read. It serves the REPL, scripts and the commands
// that look at tapes.
//
// A [Printer] takes what a recording gives, in order: for each event the
// Messages that it completed, then the event itself, then what has become
// readable of the reply in progress. It does not know whether a socket or a tape
// sent them, takes every time from them and none from the wall clock, and so
// writes the same rows for a live conversation and for its tape. One thing
// differs: where the client's side was typed, it stands on the screen already
// and is not written again (see [Style.Live]).
//
// # Marks
//
// A row starts with who speaks: ">" the client, "<" the server, "~>" and "<~"
// the same over TLS, "<!" a reply that was not asked for or refuses, "»" and "«"
// frames of HTTP/2, "*" information, "!" a warning. Rows of a body have no mark.
// Colour repeats the mark and says nothing else.
//
// # Safety
//
// Nothing that a peer sent reaches the writer unescaped: see [Escape]. The only
// control octets written are line feeds and, with [Style.Color], the package's
// own SGR sequences.
package view

import (
	"io"
	"sync"
	"time"

	"wiretape/wire/content"
	"wiretape/wire/cookie"
)

// Style says how a [Printer] writes. The zero value is for a file: no colour, no
// limits of a screen, all of the conversation.
type Style struct {
	Color bool // SGR colours; see ColorWanted
	ASCII bool // marks and peers' text in ASCII alone (--plain)

	// Width and Height are those of the screen in cells and rows; 0 is unbounded.
	// A body takes a third of Height at most.
	Width, Height int
	// Size, unless it is nil, is asked for Width and Height before rows are
	// written, so that they follow a window that changes.
	Size func() (width, height int)

	// More is the command that shows all of a body that was cut; ".body" unless
	// it is set.
	More string

	// Pretty lays bodies of JSON, XML, HTML and forms out anew, once they are whole.
	Pretty bool

	// Live leaves out the rows of the client's Messages, which were typed here.
	// What is to be noted about them is written all the same.
	Live bool

	// Frames gives more of each frame of HTTP/2: how its fields were coded, where
	// its stream stands, and what flow control still allows.
	Frames bool

	// EscapeKey is what leads to commands, such as "^]". Where it is set, the
	// rows of an opened connection name it as telnet does.
	EscapeKey string

	// Start is the wall clock at the recording's start, and with a message's
	// time the clock for the verdicts on its cookies and for the days left of a
	// certificate. Where it is zero, the first connection's start serves.
	Start time.Time
	// Now, unless it is zero, replaces that clock.
	Now time.Time
	// Decoded bounds what bodies decode to; the zero value has the defaults.
	Decoded content.Limits
}

// A Printer writes rows. Its methods may be called from several goroutines;
// each writes its rows with one Write.
type Printer struct {
	w io.Writer
	s Style
	c palette

	mu      sync.Mutex
	buf     []byte
	err     error
	conns   map[int]*connView
	jar     cookie.Jar // what the responses so far have set
	telnet  NegotiationRows
	shown   int // rows of a body; 0 for a third of the screen
	live    int // how many of conns stand open
	current int // see Current
	held    held
	start   time.Time // of the recording, as far as it is known
}

// New returns a Printer that writes to w.
func New(w io.Writer, s Style) *Printer {
	if s.More == "" {
		s.More = ".body"
	}
	return &Printer{
		w: w, s: s, c: newPalette(s.Color),
		conns: make(map[int]*connView),
		start: s.Start,
	}
}

// Now sets the clock for verdicts, in place of Style.Now; zero has the recording's.
func (p *Printer) Now(t time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s.Now = t
}

// Rows sets how many rows of a body are shown; 0 is a third of the screen.
func (p *Printer) Rows(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = n
}

// Decoded sets what bodies decode to, in place of Style.Decoded.
func (p *Printer) Decoded(l content.Limits) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s.Decoded = l
}

// Err returns the first error of the writer. Nothing is written after it.
func (p *Printer) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Current names the connection whose rows have no number, since it is the one that
// is typed to; -1 is none of them. At 0, as from the start, all rows have one while
// several connections stand open.
func (p *Printer) Current(conn int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = conn
}

// Info writes text as "*" rows, one for each of its lines.
func (p *Printer) Info(text string) { p.say(0, markInfo, text, p.flush) }

// Warn writes text as "!" rows.
func (p *Printer) Warn(text string) { p.say(0, markWarn, text, p.flush) }

// InfoOf is Info about what has come of itself on a connection, whose number stands
// there where its rows have one; 0 for no number.
func (p *Printer) InfoOf(conn int, text string) { p.say(conn, markInfo, text, p.arrived) }

// WarnOf is Warn about the same.
func (p *Printer) WarnOf(conn int, text string) { p.say(conn, markWarn, text, p.arrived) }

func (p *Printer) say(conn int, m mark, text string, flush func()) {
	p.begin()
	defer p.mu.Unlock()
	p.rows(conn, m, text)
	flush()
}

// begin locks p, to write rows for the screen as it is now.
func (p *Printer) begin() {
	p.mu.Lock()
	if p.s.Size != nil {
		p.s.Width, p.s.Height = p.s.Size()
	}
}

// flush writes what has been gathered. p.mu is held.
func (p *Printer) flush() {
	if len(p.buf) > 0 && p.err == nil {
		_, p.err = p.w.Write(p.buf)
	}
	p.buf = p.buf[:0]
}

// now returns the clock for a judgement about what came at a time of the
// recording; zero when nothing is known of it.
func (p *Printer) now(at time.Duration) time.Time {
	switch {
	case !p.s.Now.IsZero():
		return p.s.Now
	case p.start.IsZero():
		return time.Time{}
	}
	return p.start.Add(at)
}
