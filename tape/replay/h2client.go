package replay

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/net/http2/hpack"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// An h2player plays the client's half of a connection of HTTP/2: each recorded
// request on a stream of its own, each when the replies that had come before it
// have come again.
type h2player struct {
	*h2link
	r       *run
	s       *script
	index   int // on the board
	asks    []*h2ask
	by      map[int]*h2ask    // by exchange
	streams map[uint32]*h2ask // that are open
	next    int               // of asks
	taken   int               // replies that came
	ends    []*match.Item     // all replies, in the order of their ends
	passed  int               // of ends, how many came without one before them that did not
	came    map[*match.Item]bool
	front   int    // of the script's items, the same in their order
	id      uint32 // of the next stream
}

// An h2ask is a recorded request with its replies.
type h2ask struct {
	step
	replies []*match.Item
	got     int // of replies
	after   int // how many of all replies, in the order of their ends, came before
}

// http2 plays one connection.
func (r *run) http2(ctx context.Context, i int, conn *wire.Conn, s *script) error {
	p := &h2player{r: r, s: s, index: i, by: map[int]*h2ask{}, streams: map[uint32]*h2ask{}, came: map[*match.Item]bool{}, id: 1}
	if tls := conn.TLS(); tls != nil && tls.ALPN != "h2" {
		r.tally.mismatch(match.Mismatch{Kind: match.Fact, Path: "alpn", TapeLine: s.conv.Line, Tape: s.conv.Tape, Conn: s.conv.Conn, Offset: -1,
			Want: "h2", Got: tls.ALPN, Why: "nothing was sent"})
		return nil
	}
	p.plan()
	p.h2link = newH2link(conn, wire.ClientToServer, max(0, r.silence()))
	p.wants = p.wanted
	err := p.play(ctx)
	if err == nil && p.end == nil {
		p.bye(0)
	}
	return err
}

// plan puts the items of the connection into exchanges.
func (p *h2player) plan() {
	for _, st := range p.s.own {
		if m := st.Message; m != nil && m.Exchange != 0 {
			a := &h2ask{step: st}
			p.asks = append(p.asks, a)
			p.by[m.Exchange] = a
		}
	}
	for _, it := range p.s.peer {
		if it.Message == nil {
			continue
		}
		if a := p.by[it.Message.Exchange]; a != nil && it.Message.Kind == proto.KindResponse {
			a.replies, p.ends = append(a.replies, it), append(p.ends, it)
		} else {
			p.came[it] = true // pushed: nobody asked
			p.s.awaits--
		}
	}
	slices.SortFunc(p.ends, func(a, b *match.Item) int { return cmp.Compare(a.End, b.End) })
	for _, a := range p.asks {
		a.after, _ = slices.BinarySearchFunc(p.ends, a.Begin, func(it *match.Item, place int) int { return cmp.Compare(it.End, place) })
	}
}

func (p *h2player) play(ctx context.Context) error {
	for {
		for p.next < len(p.asks) && p.asks[p.next].after <= p.passed {
			if err := p.ask(ctx, p.asks[p.next]); err != nil {
				return err
			}
			p.next++
		}
		if p.next == len(p.asks) && len(p.streams) == 0 {
			return p.flush()
		}
		if p.goAway != nil && p.next < len(p.asks) && len(p.streams) == 0 {
			return p.broken(p.asks[p.next], "the peer sent GOAWAY "+p.goAway.Code.String())
		}
		if err := p.flush(); err != nil && p.end == nil {
			p.end = err
		}
		ms, err := p.read()
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if errors.Is(err, errSilence) {
			return p.silent()
		}
		for i := range ms {
			p.take(&ms[i])
		}
		p.cancelled()
		if p.end != nil && (p.next < len(p.asks) || len(p.streams) > 0) {
			return p.early()
		}
	}
}

// ask sends a request.
func (p *h2player) ask(ctx context.Context, a *h2ask) error {
	if err := p.flush(); err != nil && p.end == nil {
		p.end = err
	}
	if err := p.r.board.wait(ctx, a.Begin); err != nil {
		return err
	}
	if pace := p.r.pace(); pace != nil {
		if err := pace(ctx, a.step); err != nil {
			return err
		}
	}
	m := a.Message
	q, ok := m.Value.(*http1.Request)
	if !ok {
		return nil
	}
	head, err := p.fields(m, q)
	if err != nil {
		return err
	}
	if m, err = p.r.searchable(m); err != nil {
		return err
	}
	body, _, err := p.r.secretFields(m, head, m.Body.Data)
	if err != nil {
		return err
	}
	id := p.id
	p.id += 2
	p.streams[id] = a
	st := h2stream{body: m.Payload(), left: sendable(m)}
	if !m.Long() {
		st.body, st.left = bytes.NewReader(body), int64(len(body))
	}
	st.trailers = h2Fields(nil, q.Trailers)
	if !m.Complete {
		code, reset := resetBy(m.EndedBy)
		if st.trailers, st.open = nil, true; reset {
			st.reset = &code
		}
	}
	p.send(id, head, st)
	p.r.tally.sent.Add(1)
	if len(a.replies) == 0 {
		delete(p.streams, id) // nothing answered on the tape
	}
	return nil
}

// fields returns the header block of a request, with the secrets that stand in no
// text of the tape.
func (p *h2player) fields(m *match.Message, q *http1.Request) ([]hpack.HeaderField, error) {
	authority := q.Authority
	if host := p.r.c.Host; host != "" && p.r.t.Rules.RewriteHost {
		authority = host
	}
	head := requestFields(q, authority)
	for i := range head {
		f := &head[i]
		id, ok := p.r.t.Rules.Secrets[f.Name]
		if !ok {
			continue
		}
		v, err := p.r.secret(m, id, len(f.Value))
		if err != nil {
			return nil, err
		}
		f.Value, f.Sensitive = v, true
	}
	return head, nil
}

// requestFields returns the header block of a request.
func requestFields(q *http1.Request, authority string) (head []hpack.HeaderField) {
	for _, f := range [][2]string{{":method", q.Method}, {":scheme", q.Scheme}, {":authority", authority}, {":path", q.Target}} {
		if f[1] != "" {
			head = append(head, hpack.HeaderField{Name: f[0], Value: f[1]})
		}
	}
	return h2Fields(head, q.Fields)
}

// secret returns the value of a secret: what the peer sent, or the environment's.
func (r *run) secret(m *match.Message, id string, n int) (string, error) {
	if v, ok := r.vars.Secret(id); ok {
		return string(v), nil
	}
	re := r.renderer()
	if v := re.getenv(env + id); v != "" {
		return v, nil
	}
	return "", fmt.Errorf("%s:%d: secret %s (%d B) not set: export %s%s", r.t.Name, m.Line(m.Span.From), id, n, env, id)
}

// wanted returns the recorded response with which one is compared while it comes, nil
// for none.
func (p *h2player) wanted(like *proto.Message) *match.Message {
	a := p.streams[like.Stream]
	if a == nil {
		return nil
	}
	for _, it := range a.replies[a.got:] {
		if !interim(it.Message) && it.Message.Streams(&p.r.t.Rules) {
			return it.Message
		}
	}
	return nil
}

// take compares a response with the recorded one of its exchange.
func (p *h2player) take(m *proto.Message) {
	if m.Dir != p.ours.Reverse() || !m.Derived || m.Kind != proto.KindResponse {
		return
	}
	a := p.streams[m.Stream]
	if a == nil || a.got == len(a.replies) {
		return // of a stream that is over for us
	}
	it, got := a.replies[a.got], p.h2link.came(m)
	if interim(got) && !interim(it.Message) {
		p.r.tally.mismatch(match.Mismatch{Kind: match.Extra, Path: "interim response", Got: match.Describe(got), TapeLine: it.Line,
			N: it.Message.N, Tape: p.s.conv.Tape, Conn: it.Message.Conn, Offset: -1})
		return
	}
	for interim(it.Message) && !interim(got) {
		p.r.tally.mismatch(match.Mismatch{Kind: match.Missing, Path: "interim response", Want: match.Describe(it.Message), TapeLine: it.Line,
			N: it.Message.N, Tape: p.s.conv.Tape, Conn: it.Message.Conn, Offset: -1})
		if p.answered(a, m.Stream); a.got == len(a.replies) {
			return
		}
		it = a.replies[a.got]
	}
	out := match.Compare(it.Message, got, &p.r.t.Rules, p.r.vars)
	p.r.tally.compared(out)
	p.r.tally.mismatch(out.Mismatches...)
	p.count()
	p.answered(a, m.Stream)
}

func (p *h2player) count() {
	p.taken++
	p.r.tally.received.Add(1)
}

// answered counts a reply that came, or that will not come any more.
func (p *h2player) answered(a *h2ask, stream uint32) {
	p.came[a.replies[a.got]] = true
	a.got++
	for p.passed < len(p.ends) && p.came[p.ends[p.passed]] {
		p.passed++
	}
	for p.front < len(p.s.peer) && (p.s.peer[p.front].Message == nil || p.came[p.s.peer[p.front]]) {
		p.front++
	}
	p.r.board.done(p.index, p.front)
	if a.got == len(a.replies) {
		delete(p.streams, stream)
		delete(p.data, stream)
	}
}

// cancelled ends the streams that the recorded client ended in the middle of a
// response, where as much of it came.
func (p *h2player) cancelled() {
	for id, a := range p.streams {
		it := a.replies[a.got]
		if m := it.Message; !m.Complete && p.data[id] >= m.Body.Size && p.data[id] > 0 {
			if _, reset := resetBy(m.EndedBy); !reset {
				p.reset(id, http2.ErrCodeCancel)
				p.count()
				p.answered(a, id)
			}
		}
	}
}

// first returns what is awaited first on the tape.
func (p *h2player) first() *match.Item {
	var of *match.Item
	for _, a := range p.streams {
		if it := a.replies[a.got]; of == nil || it.Begin < of.Begin {
			of = it
		}
	}
	if of == nil && p.next < len(p.asks) {
		of = p.asks[p.next].Item
	}
	return of
}

func (p *h2player) about(kind match.Kind) match.Mismatch {
	m := match.Mismatch{Kind: kind, TapeLine: p.s.conv.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1}
	if it := p.first(); it != nil {
		m.TapeLine, m.N, m.Path = it.Line, it.Message.N, string(it.Message.Kind)
		m.Want = match.Describe(it.Message)
	}
	return m
}

func (p *h2player) counts() string {
	return fmt.Sprintf("sent %d of %d, got %d of %d", p.next, len(p.asks), p.taken, p.s.awaits)
}

func (p *h2player) silent() error {
	m := p.about(match.Silence)
	m.Got = fmt.Sprintf("%s, then silence for %v", p.counts(), p.silence)
	p.r.tally.mismatch(m)
	return errPlayed
}

// early tells that the peer ended before its time. Where it did so on the tape,
// in the middle of what is awaited, it did well.
func (p *h2player) early() error {
	cut := p.next == len(p.asks)
	for _, a := range p.streams {
		it := a.replies[a.got]
		cut = cut && !it.Message.Complete && it.Message.Body.Size == 0
	}
	if cut {
		return nil
	}
	kind := match.EarlyEnd
	switch name := endName(p.end); {
	case name == "rst":
		kind = match.Reset
	case name != "eof":
		kind = match.Alert
	}
	why := "the peer ended the connection"
	if p.goAway != nil {
		why += ", with GOAWAY " + p.goAway.Code.String()
	}
	m := p.about(kind)
	m.Got = why + ": " + p.counts()
	p.r.tally.mismatch(m)
	return errPlayed
}

func (p *h2player) broken(a *h2ask, why string) error {
	m := p.about(match.EarlyEnd)
	m.Got = why + ": " + p.counts()
	p.r.tally.mismatch(m)
	return errPlayed
}
