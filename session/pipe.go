package session

import (
	"bytes"
	"cmp"
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

	CRLF      bool          // -C: each LF of In that has no CR before it becomes CR LF
	HalfClose bool          // -N: half-close at the end of In
	Interval  time.Duration // -i: pause so long between lines of In
	Idle      time.Duration // --idle, -w: give up after so long without a byte either way; 0 is never
	IdleFlag  string        // how Idle was asked for, for the error: "--idle" unless set
	Linger    time.Duration // -q: give up so long after the end of In; 0 is never, negative at once
	StartTLS  string        // --starttls: begin TLS after the plain part of this protocol; "" for none
	Limits    proto.Limits
	Proto     string    // what the peer is read as, one of detect.Protos; "" finds out
	Record    wire.Sink // gets all events; nil for none
	Notes     io.Writer // gets a line for each deviation of a reply, up to 64, and one for a head that In leaves open; nil for none
}

// A pipe is the state of one Pipe.
type pipe struct {
	o      PipeOptions
	target wire.Target
	peer   wire.Dir      // the peer's direction
	gone   chan struct{} // closed when the connection is
	fed    chan struct{} // closed when nothing of In goes any more
	next   time.Time     // when the next line of In may go; feed's alone

	mu      sync.Mutex // guards what follows
	stream  *detect.Stream
	conn    int
	plain   bool   // what is said is the plain part of StartTLS, and not of In and Out
	sent    bool   // bytes went to the peer
	writing bool   // feed waits until the peer takes what it writes
	taken   int64  // octets of In that were handed over
	inDone  bool   // all of In went
	spoke   bool   // a complete Message came from the server
	broken  string // why the reply that was due is not whole; "" for nothing wrong
	noted   int    // deviations that were told
	outErr  error
	last    time.Time
	ended   bool // the connection is closed
	changed chan struct{}
}

// Pipe connects to t with d and joins In and Out to it. It ends at once after
// the last byte of the reply where the protocol tells which that is, and
// otherwise when the peer closes; never with success by a guess of time. Its
// error is a *Failure: of StatusTimeout when Idle or Linger ended it, of
// StatusProtocol when the connection ended before the reply that was due was
// complete, or when nothing tells whether it was, or when the server has answered and
// takes no more of In. A reader of Out that has gone away ends it as well, without error.
//
// A Read of In may still be under way when Pipe returns.
func Pipe(ctx context.Context, d wire.Dialer, t wire.Target, o PipeOptions) error {
	return pipeOver(ctx, d.Dial, d, t, o)
}

// pipeOver is Pipe with what dials; d says how TLS begins in the middle.
func pipeOver(ctx context.Context, dial dialFunc, d wire.Dialer, t wire.Target, o PipeOptions) error {
	t = spokenAs(t, o.Proto)
	p := newPipe(t, wire.ServerToClient, o)
	p.plain = o.StartTLS != ""
	conn, err := dial(ctx, t, wire.NewTap(p.event))
	if err != nil {
		return &Failure{Status: StatusOf(err), Err: err}
	}
	if p.plain {
		if err := p.startTLS(ctx, conn, d); err != nil {
			conn.Close()
			return err
		}
	}
	return p.run(ctx, conn, newLink(conn))
}

// newPipe returns a pipe without a connection, to a peer that speaks in dir.
func newPipe(t wire.Target, dir wire.Dir, o PipeOptions) *pipe {
	// What is said is not looked at again: bodies are counted and not held.
	if o.Limits.Body == 0 {
		o.Limits.Body = 1
	}
	return &pipe{
		o: o, target: t, peer: dir,
		stream:  detect.New(detect.Options{Proto: o.Proto, Limits: o.Limits}),
		gone:    make(chan struct{}),
		fed:     make(chan struct{}),
		changed: make(chan struct{}, 1),
		last:    time.Now(),
	}
}

// run joins In and Out to a connection that l reads.
func (p *pipe) run(ctx context.Context, conn *wire.Conn, l *link) error {
	defer func() {
		conn.Close()
		<-l.done
	}()
	inErr := make(chan error, 1)
	go func() {
		err := p.feed(conn)
		close(p.fed)
		inErr <- err
	}()
	return p.wait(ctx, inErr)
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
	case e.Kind == wire.KindData && p.plain:
	case e.Kind == wire.KindData && e.Dir == p.peer:
		if p.outErr == nil {
			_, p.outErr = p.o.Out.Write(e.Data)
		}
	case e.Kind == wire.KindData:
		p.sent = true
	case e.Kind == wire.KindClose && !p.ended:
		p.ended = true
		close(p.gone)
	}
	before := p.stream.State(e.Conn)
	msgs := p.stream.Feed(e)
	for i := range msgs {
		if m := &msgs[i]; m.Dir == p.peer {
			p.spoke = true
			p.tell(m)
		}
	}
	// An alert may be read after a write has met the RST behind it.
	if (p.broken == "" || e.Kind == wire.KindAlert) && p.peer == wire.ServerToClient {
		p.broken = cmp.Or(brokenReply(e, before, p.stream.State(e.Conn), msgs, p.o.Limits), p.broken)
	}
	_, stalls := p.stalled()
	if e.Kind == wire.KindData && p.outErr == nil && !p.complete() && !(stalls && e.Dir == p.peer) {
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

// tellOpenHead says at the end of In that a request is not sent to the end of its
// head, for which the server waits. Who half-closes has told the server so. p.mu is
// held.
func (p *pipe) tellOpenHead() {
	m := p.stream.State(p.conn).Partial[0]
	if m == nil || m.Kind != proto.KindRequest || m.Value != nil || p.o.Notes == nil || p.o.HalfClose || p.ended || p.peer == wire.ClientToServer {
		return
	}
	fmt.Fprintln(p.o.Notes, "! stdin ended and the head has no empty line yet: the server waits for it")
}

// feed sends In.
func (p *pipe) feed(conn *wire.Conn) error {
	buf := make([]byte, 128<<10)
	var crlf []byte
	cr := false // the last octet of In was a CR
	for {
		n, err := p.o.In.Read(buf)
		if n > 0 {
			b := buf[:n]
			if p.o.CRLF {
				crlf = appendCRLF(crlf[:0], b, cr)
				cr = b[n-1] == '\r'
				b = crlf
			}
			p.mu.Lock()
			p.writing = true
			p.mu.Unlock()
			ok := p.write(conn, b)
			p.mu.Lock()
			p.writing = false
			p.taken += int64(n)
			p.mu.Unlock()
			if !ok {
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

// write sends b, at its pace, and reports whether all of it went.
func (p *pipe) write(conn *wire.Conn, b []byte) bool {
	if p.o.Interval <= 0 {
		_, err := conn.Write(b)
		return err == nil
	}
	for line := range bytes.Lines(b) {
		if !p.next.IsZero() {
			select {
			case <-time.After(time.Until(p.next)):
			case <-p.gone:
				return false
			}
		}
		if _, err := conn.Write(line); err != nil {
			return false
		}
		if bytes.HasSuffix(line, []byte("\n")) {
			p.next = time.Now().Add(p.o.Interval)
		}
	}
	return true
}

// appendCRLF appends b with a CR before each LF that has none; cr says that one
// stands before b.
func appendCRLF(dst, b []byte, cr bool) []byte {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		if i > 0 && b[i-1] != '\r' || i == 0 && !cr {
			dst = append(dst, '\r')
		}
		dst = append(dst, '\n')
		b, cr = b[i+1:], false
	}
}

// complete reports whether the reply has been given. p.mu is held.
func (p *pipe) complete() bool {
	if p.peer == wire.ClientToServer {
		return false // a reply is ours to give
	}
	if p.inDone && !p.sent && p.target.Proto == "http" {
		return true // nothing was asked, and the server does not begin
	}
	st := p.stream.State(p.conn)
	if p.broken != "" || !p.inDone || !st.Framed || st.Due > 0 {
		return false
	}
	if p.sent {
		return st.Settled > 0 // whatever stands behind the reply
	}
	// Nothing was asked: the greeting is the reply.
	return p.spoke && p.target.SpeaksFirst() && st.Partial[1] == nil
}

// uploadStall is how long a server that has answered may take nothing of what is
// still to go before the pipe ends, which is no success.
const uploadStall = time.Second

// stalled returns when a pipe is over that goes on sending to a server which has
// answered; false where it has not, or takes what it gets. p.mu is held.
func (p *pipe) stalled() (time.Time, bool) {
	if !p.writing || p.broken != "" || p.peer == wire.ClientToServer {
		return time.Time{}, false
	}
	st := p.stream.State(p.conn)
	return p.last.Add(uploadStall), st.Framed && st.Due == 0 && st.Settled > 0 && st.Partial[1] == nil
}

func (p *pipe) wait(ctx context.Context, inErr chan error) error {
	var linger <-chan time.Time
	for {
		p.mu.Lock()
		done, ended, broken, outErr, last := p.complete(), p.ended, p.broken, p.outErr, p.last
		end, stalls := p.stalled()
		taken := p.taken
		p.mu.Unlock()
		switch {
		case outErr != nil && isBrokenPipe(outErr):
			return nil
		case outErr != nil:
			return failure(StatusUsage, "write the output: %w", outErr)
		case done:
			return nil
		case ended && broken != "":
			return brokenFailure(broken, p.target)
		case ended:
			return nil
		case stalls && time.Until(end) <= 0:
			return failure(StatusProtocol, "the server has answered and takes no more: the input was sent up to about byte %d", taken)
		}
		var stall <-chan time.Time
		if stalls {
			stall = time.After(time.Until(end))
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
		case <-stall:
		case err = <-inErr:
			inErr = nil
			p.mu.Lock()
			p.inDone = true
			p.tellOpenHead()
			p.mu.Unlock()
			if p.o.Linger != 0 {
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
			if p.peer == wire.ClientToServer {
				return nil // no reply is due to us
			}
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
