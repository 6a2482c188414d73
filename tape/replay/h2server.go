package replay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// An h2answerer answers the requests of one connection of HTTP/2 out of a pool.
type h2answerer struct {
	*h2link
	ctx     context.Context
	v       *serving
	vars    *match.Vars
	last    uint32               // highest stream that was answered
	early   map[uint32]*exchange // answered before the request was complete
	hurried bool                 // some answers of the tape came so
	asked   []byte               // the request in hand, as the pool knows it
}

// isPreface reports whether b begins as HTTP/2 does, or, with more, may yet.
func isPreface(b []byte) (is, more bool) {
	n := min(len(b), len(http2.Preface))
	same := string(b[:n]) == http2.Preface[:n]
	return same && n == len(http2.Preface), same && n < len(http2.Preface)
}

// http2 plays exchanges to a connection of which first came already.
func (v *serving) http2(ctx context.Context, c *wire.Conn, vars *match.Vars, first []byte) {
	a := &h2answerer{ctx: ctx, h2link: newH2link(c, wire.ServerToClient, v.Silence), v: v, vars: vars, early: map[uint32]*exchange{}, hurried: v.pool.early}
	a.wants = v.wants()
	err := a.take(a.feed(first))
	for err == nil && a.end == nil && (ctx.Err() == nil || v.isOver()) {
		if err = a.flush(); err != nil {
			break
		}
		var ms []proto.Message
		if ms, err = a.read(); err == nil {
			err = a.take(ms)
		}
	}
	if err != nil {
		_ = a.flush() // what is known is answered, as much as was recorded before the end
	}
	switch {
	case errors.Is(err, errUnmatched):
		v.unmatched(c)
	case errors.Is(err, errPlayed), errors.Is(err, errEnded):
	case err != nil && !errors.Is(err, errSilence):
		v.tally.note("a client: %v", err)
	case a.end == nil:
		a.bye(a.last)
	}
}

// take answers the requests among messages.
func (a *h2answerer) take(ms []proto.Message) error {
	for i := range ms {
		m := &ms[i]
		if m.Dir != wire.ClientToServer {
			continue
		}
		var err error
		switch v := m.Value.(type) {
		case *http1.Request:
			err = a.request(m)
		case *http2.Frame:
			if a.hurried && v.Type == http2.FrameHeaders && !v.Flags.Has(http2.FlagEndStream) && v.Block != nil {
				err = a.hurry(v)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// request answers a request that is complete. One that its client has given up
// is nothing that can be answered.
func (a *h2answerer) request(m *proto.Message) error {
	got := a.came(m)
	if x := a.early[m.Stream]; x != nil {
		delete(a.early, m.Stream)
		if m.Complete {
			a.v.compare(x, got, a.vars)
		}
		a.v.tally.received.Add(1)
		a.v.playedOne()
		return nil
	}
	if !m.Complete {
		a.v.tally.note("a client gave up %s: %s", match.Describe(got), m.EndedBy)
		return nil
	}
	p := a.v.pool
	bare := false
	a.asked, bare = appendAsked(a.asked[:0], m)
	x := p.recallAsked(a.asked, bare)
	if x == nil {
		g := p.find(got)
		if g != nil {
			x = p.take(g)
		}
		if x == nil && a.v.Unmatched == Forward {
			if err := a.flush(); err != nil { // before a wait for somebody else
				return err
			}
			return a.forward(a.ctx, got, m.Stream)
		}
		if x == nil {
			return a.v.nothing(got)
		}
		if a.v.compare(x, got, a.vars) && bare {
			p.rememberAsked(a.asked, g)
		}
	}
	a.v.tally.received.Add(1)
	if err := a.answer(x, m.Stream); err != nil {
		return err
	}
	// With the last answer the connections may be closed; those of requests that came
	// together leave together.
	last := a.v.allPlayed()
	if last || len(a.out) > inline {
		if err := a.flush(); err != nil {
			return err
		}
	}
	if last {
		a.v.finished()
	}
	return nil
}

// answer sends the replies of an exchange on a stream. An answer that was cut off
// on the tape is cut off again.
func (a *h2answerer) answer(x *exchange, stream uint32) error {
	a.last = max(a.last, stream)
	for i, r := range x.replies {
		m, fields := r.Message, x.heads[i]
		res, ok := m.Value.(*http1.Response)
		if !ok {
			continue
		}
		if len(fields) == 0 {
			return fmt.Errorf("%s:%d: a response without a status", x.tape, r.Line)
		}
		a.v.tally.sent.Add(1)
		if res.Interim() {
			a.headers(stream, fields, false)
			continue
		}
		st := h2stream{body: m.Payload(), left: sendable(m), trailers: h2Fields(nil, res.Trailers)}
		if !m.Complete {
			st.trailers = nil
			code, reset := resetBy(m.EndedBy)
			if reset {
				st.reset = &code
			}
			st.open = true
		}
		a.send(stream, fields, st)
		if st.open && st.reset == nil && x.then != 0 {
			return errPlayed // the connection ended in the middle
		}
	}
	return nil
}

// sendable returns how many octets of a body can be sent: those that the tape has.
func sendable(m *match.Message) int64 {
	if m.Long() {
		return m.Body.Size
	}
	return int64(len(m.Body.Data))
}

// resetBy returns the code by which the sender reset a stream, from why the
// parser says that a message ended.
func resetBy(why string) (http2.ErrCode, bool) {
	name, ok := strings.CutPrefix(why, "RST_STREAM ")
	if !ok || strings.Contains(name, " from the ") {
		return 0, false
	}
	for c := http2.ErrCodeNo; c <= http2.ErrCodeHTTP11Required; c++ {
		if c.String() == name {
			return c, true
		}
	}
	return http2.ErrCodeInternal, true
}

// hurry answers a request of which the fields came, where the tape does so.
func (a *h2answerer) hurry(f *http2.Frame) error {
	var method, path string
	for _, fl := range f.Block.Fields {
		switch string(fl.Name) {
		case ":method":
			method = string(fl.Value)
		case ":path":
			path = string(fl.Value)
		}
	}
	p := a.v.pool
	for _, g := range p.groups {
		p.mu.Lock()
		x := g.first()
		p.mu.Unlock()
		q := x.request.Message.Value.(*http1.Request)
		if len(x.early) > 0 && x.early[0] >= 0 && q.Method == method && q.Target == path {
			if x = p.take(g); x != nil {
				a.early[f.Stream] = x
				return a.answer(x, f.Stream)
			}
		}
	}
	return nil
}

// responseFields returns the header block of a response, nil where it has no
// status.
func responseFields(m *match.Message) []hpack.HeaderField {
	r, ok := m.Value.(*http1.Response)
	if !ok || r.Status == 0 {
		return nil
	}
	return h2Fields([]hpack.HeaderField{{Name: ":status", Value: strconv.Itoa(r.Status)}}, r.Fields)
}
