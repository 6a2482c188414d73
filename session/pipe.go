package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// PipeOptions say how [Pipe] goes. Of the zero value In and Out must be set.
type PipeOptions struct {
	In  io.Reader // sent to the peer as it is
	Out io.Writer // gets the peer's bytes, exactly, and nothing else

	CRLF      bool          // -C: each LF of In becomes CR LF
	HalfClose bool          // -N: half-close at the end of In
	Idle      time.Duration // --idle, -w: give up after so long without a byte either way; 0 is never
	IdleFlag  string        // how Idle was asked for, for the error: "--idle" unless set
	Linger    time.Duration // -q: give up so long after the end of In; 0 is never
	Limits    proto.Limits
	Proto     string    // what the peer is read as, one of detect.Protos; "" finds out
	Record    wire.Sink // gets all events; nil for none
	Notes     io.Writer // gets a line for each deviation of a reply, up to 64; nil for none
}

// A pipe is the state of one Pipe.
type pipe struct {
	o      PipeOptions
	target wire.Target

	mu      sync.Mutex // guards what follows
	stream  *detect.Stream
	conn    int
	sent    bool   // bytes went to the peer
	inDone  bool   // all of In went
	spoke   bool   // a complete Message came from the server
	broken  string // why the reply that was due is not whole; "" for nothing wrong
	noted   int    // deviations that were told
	outErr  error
	last    time.Time
	ended   bool // the peer sends no more
	changed chan struct{}
}

// Pipe connects to t with d and joins In and Out to it. It ends at once after
// the last byte of the reply where the protocol tells which that is, and
// otherwise when the peer closes; never with success by a guess of time. Its
// error is a *Failure: of StatusTimeout when Idle or Linger ended it, of
// StatusProtocol when the connection ended before the reply that was due was
// complete, or when nothing tells whether it was. A reader of Out that has gone away ends it as well, without error.
//
// A Read of In may still be under way when Pipe returns.
func Pipe(ctx context.Context, d wire.Dialer, t wire.Target, o PipeOptions) error {
	return pipeOver(ctx, d.Dial, t, o)
}

func pipeOver(ctx context.Context, dial dialFunc, t wire.Target, o PipeOptions) error {
	// What is said is not looked at again: bodies are counted and not held.
	if o.Limits.Body == 0 {
		o.Limits.Body = 1
	}
	p := &pipe{
		o: o, target: t,
		stream:  detect.New(detect.Options{Proto: o.Proto, Limits: o.Limits}),
		changed: make(chan struct{}, 1),
		last:    time.Now(),
	}
	conn, err := dial(ctx, t, wire.NewTap(p.event))
	if err != nil {
		return &Failure{Status: StatusOf(err), Err: err}
	}
	l := newLink(conn)
	defer func() {
		conn.Close()
		<-l.done
	}()
	inErr := make(chan error, 1)
	go func() { inErr <- p.feed(conn) }()
	return p.wait(ctx, l, inErr)
}

// event is the sink: it passes bytes on and follows the protocol.
func (p *pipe) event(e wire.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.o.Record != nil {
		p.o.Record(e)
	}
	p.conn, p.last = e.Conn, time.Now()
	switch {
	case e.Kind == wire.KindData && e.Dir == wire.ServerToClient:
		if p.outErr == nil {
			_, p.outErr = p.o.Out.Write(e.Data)
		}
	case e.Kind == wire.KindData:
		p.sent = true
	case e.Kind == wire.KindClose:
		p.ended = true
	}
	before := p.stream.State(e.Conn)
	msgs := p.stream.Feed(e)
	for i := range msgs {
		if m := &msgs[i]; m.Dir == wire.ServerToClient {
			p.spoke = true
			p.tell(m)
		}
	}
	if p.broken == "" {
		p.broken = brokenReply(e, before, p.stream.State(e.Conn), msgs, p.o.Limits)
	}
	if e.Kind == wire.KindData && p.outErr == nil && !p.complete() {
		return // waking wait for each of many thousand reads would cost more than they do
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// maxTold bounds the deviations that a pipe tells of.
const maxTold = 64

// tell says how a reply deviates from its protocol. p.mu is held.
func (p *pipe) tell(m *proto.Message) {
	for _, n := range m.Notes {
		if p.o.Notes == nil || p.noted > maxTold {
			return
		}
		p.noted++
		switch {
		case p.noted > maxTold:
			fmt.Fprintln(p.o.Notes, "! further deviations are not listed")
		case n.Rule == "":
			fmt.Fprintln(p.o.Notes, "! "+n.Text)
		default:
			fmt.Fprintf(p.o.Notes, "! %s (%s)\n", n.Text, n.Rule)
		}
	}
}

// feed sends In.
func (p *pipe) feed(conn *wire.Conn) error {
	buf := make([]byte, 128<<10)
	var crlf []byte
	for {
		n, err := p.o.In.Read(buf)
		if n > 0 {
			b := buf[:n]
			if p.o.CRLF {
				crlf = appendCRLF(crlf[:0], b)
				b = crlf
			}
			if _, werr := conn.Write(b); werr != nil {
				return nil // the peer wants no more; what it answered decides
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("read the input: %w", err)
		}
	}
	if p.o.HalfClose {
		conn.CloseWrite() // where it fails the connection is over anyway
	}
	return nil
}

// appendCRLF appends b with a CR before each LF.
func appendCRLF(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(append(dst, b[:i]...), '\r', '\n')
		b = b[i+1:]
	}
}

// complete reports whether the reply has been given. p.mu is held.
func (p *pipe) complete() bool {
	if p.inDone && !p.sent && p.target.Proto == "http" {
		return true // nothing was asked, and the server does not begin
	}
	st := p.stream.State(p.conn)
	if p.broken != "" || !p.inDone || !st.Framed || st.Due > 0 || st.Partial[1] != nil {
		return false
	}
	if p.sent {
		return st.Settled > 0
	}
	// Nothing was asked: the greeting is the reply.
	return p.spoke && p.target.SpeaksFirst()
}

func (p *pipe) wait(ctx context.Context, l *link, inErr chan error) error {
	var linger <-chan time.Time
	for {
		p.mu.Lock()
		done, ended, broken, outErr, last := p.complete(), p.ended, p.broken, p.outErr, p.last
		p.mu.Unlock()
		switch {
		case outErr != nil && isBrokenPipe(outErr):
			return nil
		case outErr != nil:
			return failure(StatusUsage, "write the output: %w", outErr)
		case done:
			return nil
		case ended && broken != "":
			return failure(StatusProtocol, "%s", broken)
		case ended:
			return nil
		}
		var idle <-chan time.Time
		var timer *time.Timer
		if p.o.Idle > 0 {
			timer = time.NewTimer(time.Until(last.Add(p.o.Idle)))
			idle = timer.C
		}
		var err error
		select {
		case <-p.changed:
		case err = <-inErr:
			inErr = nil
			p.mu.Lock()
			p.inDone = true
			p.mu.Unlock()
			if p.o.Linger > 0 {
				linger = time.After(p.o.Linger)
			}
			if err != nil {
				err = &Failure{Status: StatusUsage, Err: err}
			}
		case <-idle:
			p.mu.Lock()
			quiet := time.Since(p.last) >= p.o.Idle
			p.mu.Unlock()
			if quiet {
				flag := p.o.IdleFlag
				if flag == "" {
					flag = "--idle"
				}
				err = failure(StatusTimeout, "stopped by %s %v, reply may be incomplete", flag, p.o.Idle)
			}
		case <-linger:
			err = failure(StatusTimeout, "stopped by -q %v, reply may be incomplete", p.o.Linger)
		case <-ctx.Done():
			err = failure(StatusInterrupted, "interrupted")
		}
		if timer != nil {
			timer.Stop()
		}
		if err != nil {
			return err
		}
	}
}
