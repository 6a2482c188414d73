package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// frameCommands are the words that look at what HTTP/2 is made of.
func frameCommands() []command {
	return []command{
		{group: "Look", name: "frames", args: "[N|all]", summary: "lists the HTTP/2 frames of exchange N, or of the connection, with every detail",
			detail:  "Each field of a header block with how HPACK coded it, the state of its stream behind each\nframe, and what flow control still lets the sender of DATA send.",
			example: ".frames 2", run: (*Session).frames, complete: []string{"all"}},
		{group: "Look", name: "hpack", args: "[N]", summary: "shows HPACK's dynamic tables, now or behind exchange N",
			detail:  "One for each direction, the newest entry first: its index is 62.",
			example: ".hpack", run: (*Session).hpack},
	}
}

// frames is .frames.
func (s *Session) frames(_ context.Context, args string) error {
	if args == "all" {
		return s.framesOf(0)
	}
	n, rest, err := s.number("frames", strings.Fields(args))
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return usage("frames", args)
	case n == 0:
		return noFrames("frames", 0)
	}
	return s.framesOf(n)
}

// framesOf lists the frames of exchange n, or for 0 of the connection.
func (s *Session) framesOf(n int) error {
	msgs := s.framesHeld(func(m *proto.Message) bool { return n == 0 || m.N == n })
	if len(msgs) == 0 {
		return noFrames("frames", n)
	}
	style := s.opts.Style
	style.Live, style.Start, style.Frames = false, s.tap.Start(), true
	p := view.New(s.opts.Out, style)
	p.FrameList(msgs)
	return p.Err()
}

// noFrames is the error of a word that has nothing to look at; n is 0 for the whole
// connection.
func noFrames(word string, n int) error {
	of := ""
	if n > 0 {
		of = fmt.Sprintf(" of #%d", n)
	}
	return failure(StatusUsage, ".%s: no frames of HTTP/2 are held%s", word, of)
}

// framesHeld returns the held Messages of frames of the current connection that
// keep takes.
func (s *Session) framesHeld(keep func(*proto.Message) bool) []proto.Message {
	s.mu.Lock()
	msgs, conn := slices.Clone(s.history.msgs), s.current.peer.conn
	s.mu.Unlock()
	return slices.DeleteFunc(msgs, func(m proto.Message) bool {
		return m.Conn != conn || m.Proto != detect.HTTP2 || m.Kind != proto.KindFrame || !keep(&m)
	})
}

// hpack is .hpack.
func (s *Session) hpack(_ context.Context, args string) error {
	n, rest := 0, strings.Fields(args)
	if len(rest) > 0 {
		var err error
		if n, rest, err = s.number("hpack", rest); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return usage("hpack", args)
	}
	msgs := s.framesHeld(func(*proto.Message) bool { return true })
	if n > 0 {
		last := -1
		for i := range msgs {
			if msgs[i].N == n {
				last = i
			}
		}
		msgs = msgs[:last+1]
	}
	if len(msgs) == 0 {
		return noFrames("hpack", n)
	}
	for _, dir := range []wire.Dir{wire.ClientToServer, wire.ServerToClient} {
		table := http2.Table{Max: http2.DefaultTable}
		for i := range msgs {
			if f, ok := msgs[i].Value.(*http2.Frame); ok && msgs[i].Dir == dir && f.Block != nil {
				table = f.Block.Table
			}
		}
		s.view.HeaderTable("dynamic table of the "+dir.String(), &table)
	}
	return nil
}
