package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// errEnded says that an answer was passed on which the end of the connection
// completes, or after which it is no HTTP any more.
var errEnded = errors.New("the connection ends with the answer")

// upstream opens a connection to where unmatched messages go.
func (v *serving) upstream(ctx context.Context) (*wire.Conn, error) {
	if v.Dial == nil {
		return nil, errors.New("forward: nowhere to go")
	}
	return v.Dial(ctx, v.forwarded)
}

// forward passes a request that nothing answers on, and what answers it back to
// the client as it comes. An error says that the client's connection is to end.
func (a *answerer) forward(ctx context.Context, m *match.Message) error {
	up, err := a.v.upstream(ctx)
	if err != nil {
		a.v.tally.mismatch(match.Mismatch{Kind: match.Dial, Path: "forward", Offset: -1, Got: err.Error()})
		return errEnded
	}
	defer up.Close()
	stop := context.AfterFunc(ctx, func() { up.Abort() })
	defer stop()
	a.v.tally.differ(match.Mismatch{Kind: match.Unmatched, Path: "request", Offset: -1, Got: "passed on " + match.Describe(m)})
	if _, err := up.Write(m.Raw); err != nil {
		return errEnded
	}
	parser := detect.New(detect.Options{Proto: detect.HTTP1})
	parser.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: m.Raw})
	chunk := make([]byte, readSize)
	for {
		n, rerr := up.Read(chunk)
		ms := []proto.Message(nil)
		if n > 0 {
			ms = parser.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: chunk[:n]})
			a.writes(chunk[:n:n])
			a.parse() // before the buffer is used again
			if _, err := a.c.Write(chunk[:n]); err != nil {
				return errEnded
			}
		}
		for i := range ms {
			r, ok := ms[i].Value.(*http1.Response)
			switch {
			case !ok || r.Interim() && r.Status != 101:
			case r.Framing == http1.FramingUpgrade || r.Status == 101:
				both(a.c, up)
				return errEnded
			case !r.KeepAlive:
				a.c.CloseWrite()
				return errEnded
			default:
				return nil
			}
		}
		if rerr != nil {
			a.c.CloseWrite()
			return errEnded
		}
	}
}

// forward passes a request over HTTP/2 on, over a connection of its own, and what
// answers it back. Other streams wait for that.
func (a *h2answerer) forward(ctx context.Context, m *match.Message, stream uint32) error {
	q, ok := m.Value.(*http1.Request)
	if !ok {
		return errEnded
	}
	up, err := a.v.upstream(ctx)
	if err != nil {
		a.v.tally.mismatch(match.Mismatch{Kind: match.Dial, Path: "forward", Offset: -1, Got: err.Error()})
		return errEnded
	}
	defer up.Close()
	stop := context.AfterFunc(ctx, func() { up.Abort() })
	defer stop()
	a.v.tally.differ(match.Mismatch{Kind: match.Unmatched, Path: "request", Offset: -1, Got: "passed on " + match.Describe(m)})
	l := newH2link(up, wire.ClientToServer, a.silence)
	l.send(1, requestFields(q, q.Authority), h2stream{body: m.Payload(), left: sendable(m), trailers: h2Fields(nil, q.Trailers)})
	for {
		if err := l.flush(); err != nil {
			return errEnded
		}
		ms, err := l.read()
		if err != nil {
			return errEnded
		}
		for i := range ms {
			r, ok := ms[i].Value.(*http1.Response)
			if !ok || ms[i].Stream != 1 {
				continue
			}
			got := match.Live(ms[i], nil)
			if r.Interim() {
				a.headers(stream, responseFields(got), false)
				continue
			}
			st := h2stream{body: got.Payload(), left: sendable(got), trailers: h2Fields(nil, r.Trailers)}
			if !got.Complete {
				code := http2.ErrCodeInternal
				st.trailers, st.reset = nil, &code
			}
			a.last = max(a.last, stream)
			a.send(stream, responseFields(got), st)
			l.bye(0)
			return nil
		}
		if l.end != nil {
			return errEnded
		}
	}
}

// both passes on what each of two connections says until both have ended.
func both(client, up *wire.Conn) {
	var wg sync.WaitGroup
	pass := func(to, from *wire.Conn) {
		if _, err := io.Copy(to, from); err != nil && endName(err) == "rst" {
			to.Abort()
			return
		}
		to.CloseWrite()
	}
	wg.Go(func() { pass(up, client) })
	pass(client, up)
	wg.Wait()
}

// through passes a whole connection on, for which the tape has none.
func (v *serving) through(ctx context.Context, c *wire.Conn, n int) {
	up, err := v.upstream(ctx)
	if err != nil {
		v.tally.mismatch(match.Mismatch{Kind: match.Dial, Path: "forward", Offset: -1, Got: err.Error()})
		return
	}
	defer up.Close()
	stop := context.AfterFunc(ctx, func() { up.Abort() })
	defer stop()
	v.tally.differ(match.Mismatch{Kind: match.Unmatched, Path: "connection", Offset: -1, Got: fmt.Sprintf("passed on connection %d, the tape has %d", n+1, len(v.scripts))})
	both(c, up)
}
