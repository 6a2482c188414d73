package replay

import (
	"bytes"
	"slices"

	"golang.org/x/net/http2/hpack"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// An exchange is a recorded request with all that answered it.
type exchange struct {
	tape    string // name of its tape
	h2      bool   // it was HTTP/2
	conv    int    // index of its connection among the pool's
	request *match.Item
	replies []*match.Item
	early   []int64               // of each reply, how many octets of the request came first; -1 for all
	heads   [][]hpack.HeaderField // of each reply, for HTTP/2
	then    wire.Kind             // what the server did to the connection afterwards; 0 for nothing
	ready   []byte                // all replies, where none has a span; nil otherwise
	group   *group
	played  bool
}

// unfinished reports whether the end of the connection cut the answer off.
func unfinished(x *exchange) bool {
	n := len(x.replies)
	return n > 0 && !x.replies[n-1].Message.Complete
}

// A group is the exchanges whose requests agree: one request, repeated.
type group struct {
	all   []*exchange
	next  int  // of all, the first that was not played
	fixed bool // they are equal, and nothing is captured from them: what is known of one is of each
}

// add adds an exchange, of which it is known that its request agrees.
func (g *group) add(x *exchange) {
	g.all = append(g.all, x)
	m, first := x.request.Message, g.all[0].request.Message
	same := bytes.Equal(m.Raw, first.Raw)
	if x.h2 {
		asked, bare := appendAsked(nil, &m.Message)
		of, _ := appendAsked(nil, &first.Message)
		same = bare && bytes.Equal(asked, of)
	}
	g.fixed = (g.fixed || m == first) && same && len(m.Spans) == 0 && !m.Long()
}

// exchanges returns those of a connection.
func exchanges(c *match.Conv, index int) ([]*exchange, bool) {
	var list []*exchange
	by, pushed := map[int]*exchange{}, map[int]bool{}
	for i := range c.Items {
		it := &c.Items[i]
		m := it.Message
		switch {
		case m == nil && it.Event.Kind == wire.KindSecure && i > 0:
			return nil, false
		case m == nil:
		case m.Kind == proto.KindRequest && it.Dir == wire.ServerToClient:
			pushed[m.Exchange] = true // clients are told of nothing that they did not ask for
		case c.HTTP2() && m.Exchange != 0:
			if it.Dir == wire.ClientToServer {
				by[m.Exchange] = &exchange{tape: c.Tape, conv: index, request: it, h2: true}
				list = append(list, by[m.Exchange])
			}
		case detect.Canonical(m.Proto) != detect.HTTP1 || m.Exchange == 0 || m.IsRaw() || upgrades(m):
			return nil, false
		case it.Dir == wire.ClientToServer:
			if _, ok := m.Value.(*http1.Request); !ok || m.Complete && !framed(m) {
				return nil, false
			}
			by[m.Exchange] = &exchange{tape: c.Tape, conv: index, request: it}
			list = append(list, by[m.Exchange])
		}
	}
	left := false // the client has ended its direction
	for i := range c.Items {
		it := &c.Items[i]
		if it.Dir != wire.ServerToClient {
			left = left || it.Message == nil && it.Event.Kind == wire.KindEOF
			continue
		}
		if it.Message == nil {
			// An end of the server's follows all that it was asked, answered or not.
			if c.HTTP2() {
				if n := len(list) - 1; n >= 0 && unfinished(list[n]) {
					list[n].then = it.Event.Kind
				}
				continue
			}
			if it.Event.Kind != wire.KindReset && (it.Event.Kind != wire.KindEOF || left) {
				continue // an end that follows the client's is no doing of the server's
			}
			for n := len(list) - 1; n >= 0; n-- {
				if list[n].request.Begin < it.Begin {
					list[n].then = it.Event.Kind
					break
				}
			}
			continue
		}
		x := by[it.Message.Exchange]
		if pushed[it.Message.Exchange] {
			continue
		}
		if x == nil {
			return nil, false
		}
		early := int64(-1)
		if it.Begin < x.request.End || !x.request.Message.Complete {
			early = max(1, it.Seen-x.request.Message.Span.From)
		}
		x.replies, x.early, x.heads = append(x.replies, it), append(x.early, early), append(x.heads, responseFields(it.Message))
	}
	for i, x := range list {
		if x.h2 {
			continue
		}
		x.prepare(i == len(list)-1)
		if x.then != 0 && i+1 < len(list) {
			// What was asked beyond its end nobody reads.
			list = list[:i+1]
			break
		}
	}
	return list, true
}

// prepare puts the replies together where they are the same each time. The last
// of their connection end it where they say so; what has no other end always does.
func (x *exchange) prepare(last bool) {
	if n := len(x.replies); n > 0 && x.then == 0 {
		m := x.replies[n-1].Message
		if r, ok := m.Value.(*http1.Response); closes(m) && (last || ok && r.Framing == http1.FramingClose) {
			x.then = wire.KindEOF
		}
	}
	for _, r := range x.replies {
		if r.Message.Long() || slices.ContainsFunc(r.Message.Spans, func(s tape.Span) bool { return s.ID != "" }) {
			return // read when it is sent; captured, computed, or a secret; of all others the sample is sent
		}
	}
	x.ready = []byte{}
	for _, r := range x.replies {
		x.ready = append(x.ready, r.Message.Raw...)
	}
}

// first returns the first exchange not yet played, or the last.
func (g *group) first() *exchange {
	i := slices.IndexFunc(g.all, func(x *exchange) bool { return !x.played })
	if i < 0 {
		i = len(g.all) - 1
	}
	return g.all[i]
}
