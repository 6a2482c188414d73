package replay

import (
	"context"
	"fmt"
	"time"

	"wiretape/wire"
)

// inline is how many octets may be written without anybody reading: what any
// socket buffers.
const inline = 32 << 10

// act does one thing of ours.
func (p *player) act(ctx context.Context, s step) error {
	if err := p.board.wait(ctx, s.Begin); err != nil {
		return err
	}
	if p.pace != nil {
		if err := p.pace(ctx, s); err != nil {
			return err
		}
	}
	if s.Message != nil {
		return p.send(s)
	}
	switch s.Event.Kind {
	case wire.KindEOF:
		if p.j == len(p.peers) && !p.moreOwn() {
			return nil // closing says the same
		}
		p.do(p.c.CloseWrite)
	case wire.KindReset:
		p.do(p.c.Abort)
		p.i = len(p.s.own) - 1 // nothing can follow
		p.j = len(p.peers)
		p.taken, p.in, p.queue = p.read, nil, nil
	case wire.KindSecure:
		p.drain()
		return p.startTLS(ctx, s.Event.TLS)
	}
	return nil
}

func (p *player) moreOwn() bool { return p.i+1 < len(p.s.own) }

// send sends a message. A long one is written while the peer is read, since it
// may answer in the middle and read no further until its answer is taken.
func (p *player) send(s step) error {
	data, notes, err := p.render.render(s.Message)
	if err != nil {
		return err
	}
	if p.announce != nil && len(s.Message.Spans) == 0 && passivePort(s.Message) != 0 {
		if e, ok := p.announce(s.Message); ok {
			data = apply(data, []edit{e})
			notes = append(notes, fmt.Sprintf("%s:%d: the data connection is announced where it is: %s", p.s.conv.Tape, s.Line, e.with))
		}
	}
	for _, n := range notes {
		p.tally.note("%s", n)
	}
	p.writes(data)
	p.sent++
	if p.rules.RequireTiming {
		p.last = time.Now()
	}
	if s.Message.Long() {
		if err := p.writesRest(s.Message); err != nil {
			return err
		}
	}
	if p.unacked += len(data); (p.unacked > inline || s.Message.Long()) && p.queued == nil {
		p.startWriter()
	}
	l := p.live
	p.do(func() error {
		_, err := l.c.Write(data)
		if err == nil && s.Message.Long() {
			err = l.copyRest(s.Message)
		}
		return err
	})
	if p.writeErr == nil {
		p.tally.sent.Add(1)
	}
	return nil
}

// do writes, or ends our direction: at once, or when the writer comes to it.
func (p *player) do(f func() error) {
	switch {
	case p.queued != nil:
		p.queued <- f
	case p.writeErr == nil:
		p.writeErr = f()
	}
}

// startWriter starts the goroutine that writes from now on.
func (p *player) startWriter() {
	// Room for all that can be said, so that nobody waits for the writer.
	queued, written := make(chan func() error, len(p.s.own)+1), make(chan error, 1)
	p.queued, p.written = queued, written
	go func() {
		var err error
		for f := range queued {
			if err == nil {
				err = f()
				p.wrote.Store(time.Now().UnixNano())
			}
		}
		written <- err
	}()
}

// drain waits until the writer has written all, and ends it.
func (p *player) drain() {
	if p.queued == nil {
		return
	}
	close(p.queued)
	if err := <-p.written; p.writeErr == nil {
		p.writeErr = err
	}
	p.queued = nil
}
