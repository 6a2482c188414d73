package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"wiretape/wire"
)

// inputRest is how long, after the end of an accepted peer, In may give nothing
// before the pipe ends: what it has is sent, what it may have one day is not
// waited for.
const inputRest = 250 * time.Millisecond

// PipeListener joins In and Out to a connection that l accepts, as [Pipe] does to
// one that it dials, but that no reply is waited for: it ends when the peer does.
// With keep it goes on with the next connection until ctx ends; In goes on where
// it is. Of UDP with keep the datagrams of all peers go to Out, and nothing of In
// is sent, since it is for nobody.
//
// Its error is a *Failure, but for what ctx ends: then it is of
// StatusInterrupted.
func PipeListener(ctx context.Context, l *wire.Listener, keep bool, o PipeOptions) error {
	defer l.Close()
	l.Proto = spokenAs(wire.Target{Network: l.Addr().Network()}, o.Proto).Proto
	if keep && l.Addr().Network() == "udp" {
		p := newPipe(wire.Target{}, wire.ClientToServer, o)
		err := l.Serve(ctx, wire.NewTap(p.event), func(_ context.Context, c *wire.Conn) { c.Pump() })
		return listenFailed(ctx, err)
	}
	var current struct {
		sync.Mutex
		p *pipe
	}
	tap := wire.NewTap(func(e wire.Event) {
		current.Lock()
		defer current.Unlock()
		current.p.event(e)
	})
	var in *sharedInput
	if keep {
		in = shareInput(o.In)
	}
	for {
		p := newPipe(wire.Target{}, wire.ClientToServer, o)
		if in != nil {
			p.o.In = &turn{in, p.gone}
		}
		current.Lock()
		current.p = p
		current.Unlock()
		conn, err := l.Accept(ctx, tap)
		if op, ok := errors.AsType[*wire.OpError](err); ok && op.Phase == wire.PhaseTLS && keep {
			if o.Notes != nil {
				fmt.Fprintln(o.Notes, "! "+err.Error())
			}
			continue
		}
		if err != nil {
			return listenFailed(ctx, err)
		}
		if !keep {
			l.Close()
		}
		if err := p.run(ctx, conn, p.acceptedLink(conn)); err != nil || !keep {
			return err
		}
		<-p.fed // so that it takes nothing of the next connection's
	}
}

// listenFailed says why nothing is accepted any more.
func listenFailed(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, net.ErrClosed) && ctx.Err() != nil {
		return failure(StatusInterrupted, "interrupted")
	}
	return &Failure{Status: StatusOf(err), Err: err}
}

// acceptedLink is newLink for a connection whose peer may end while there is
// something left of In.
func (p *pipe) acceptedLink(conn *wire.Conn) *link {
	l := &link{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		defer conn.Close()
		if conn.Pump() != nil {
			return
		}
		p.mu.Lock()
		p.last = time.Now()
		p.mu.Unlock()
		for {
			p.mu.Lock()
			rest := inputRest - time.Since(p.last)
			p.mu.Unlock()
			if rest <= 0 {
				return
			}
			select {
			case <-p.fed:
				return
			case <-p.gone:
				return
			case <-time.After(rest):
			}
		}
	}()
	return l
}

// A sharedInput is an input of which one connection after the other reads.
type sharedInput struct {
	chunks chan []byte // closed at its end
	left   []byte      // of the last chunk; owned by whose turn it is
}

func shareInput(r io.Reader) *sharedInput {
	in := &sharedInput{chunks: make(chan []byte)}
	go func() { // ends with r, or with the program
		defer close(in.chunks)
		for {
			buf := make([]byte, 32<<10)
			n, err := r.Read(buf)
			if n > 0 {
				in.chunks <- buf[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return in
}

// A turn is the part of a sharedInput that one connection reads.
type turn struct {
	in   *sharedInput
	gone <-chan struct{} // closed at its end
}

func (t *turn) Read(p []byte) (int, error) {
	if len(t.in.left) == 0 {
		select {
		case <-t.gone:
			return 0, io.EOF
		case b, ok := <-t.in.chunks:
			if !ok {
				return 0, io.EOF
			}
			t.in.left = b
		}
	}
	n := copy(p, t.in.left)
	t.in.left = t.in.left[n:]
	return n, nil
}
