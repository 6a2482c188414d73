package session

import (
	"context"
	"os"
	"time"

	"wiretape/wire"
)

// unlessStopped runs f, which may block for as long as it likes, such as a read of a
// FIFO. Where ctx ends or ^C comes first it returns a *Failure of StatusInterrupted;
// f goes on then, and nothing that it sets may be looked at.
func (s *Session) unlessStopped(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-s.opts.Interrupts:
	case <-ctx.Done():
	}
	return failure(StatusInterrupted, "interrupted")
}

// openFile opens a file, which takes its time where it is a FIFO.
func (s *Session) openFile(ctx context.Context, name string) (*os.File, error) {
	opened := make(chan *os.File, 1)
	err := s.unlessStopped(ctx, func() error {
		f, err := os.Open(name)
		opened <- f
		return err
	})
	if f, ok := err.(*Failure); ok {
		go func() { (<-opened).Close() }() // nil can be closed, with an error
		return nil, f
	}
	return <-opened, err
}

// writeAll writes b to a peer, who may not read it. Where ctx ends or ^C comes first
// a part of it went, as the tape says, and over TLS nothing can be written any more.
func (s *Session) writeAll(ctx context.Context, conn *wire.Conn, b []byte) error {
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(b)
		written <- err
	}()
	select {
	case err := <-written:
		return err
	case <-s.opts.Interrupts:
	case <-ctx.Done():
	}
	conn.SetWriteDeadline(time.Now())
	if err := <-written; err == nil {
		return nil // it went in the meantime
	}
	conn.SetWriteDeadline(time.Time{})
	return failure(StatusInterrupted, "interrupted: not all of %d bytes was sent", len(b))
}
