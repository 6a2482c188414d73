package detect

import (
	"wiretape/wire"
	"wiretape/wire/proto"
)

// rawParser gives the bytes of a connection as they are: runs that end at a
// turn, at the end of a stream, and at multiples of [proto.RawRun] of the
// stream, so that how the bytes were cut on their way does not show.
type rawParser struct {
	limits    proto.Limits
	datagrams bool // one Message for each event of KindData
	off       [2]int64
	run       [2]*proto.Message // in progress
	secure    bool
	out       []proto.Message
}

func newRaw(limits proto.Limits, datagrams bool) *rawParser {
	return &rawParser{limits: limits.WithDefaults(), datagrams: datagrams}
}

// Start sets the offsets, client's and server's, of the octets that come next.
func (p *rawParser) Start(client, server int64) { p.off = [2]int64{client, server} }

// Feed implements [proto.Parser].
func (p *rawParser) Feed(e wire.Event) []proto.Message {
	p.out = p.out[:0]
	side := proto.Side(e.Dir)
	switch e.Kind {
	case wire.KindData:
		p.finish(1-side, "the other side spoke")
		p.data(e)
		if p.datagrams {
			p.finish(side, "datagram")
		}
	case wire.KindGap:
		p.finish(1-side, "the other side spoke")
		p.finish(side, "bytes are missing")
		p.gap(e)
	case wire.KindEOF:
		p.finish(side, "end of stream")
	case wire.KindReset, wire.KindClose:
		p.finish(0, "connection closed")
		p.finish(1, "connection closed")
	case wire.KindSecure:
		p.finish(0, "TLS began")
		p.finish(1, "TLS began")
		p.secure = true
	}
	return p.out
}

// Close implements [proto.Parser].
func (p *rawParser) Close() []proto.Message {
	p.out = p.out[:0]
	p.finish(0, "end of recording")
	p.finish(1, "end of recording")
	return p.out
}

// State implements [proto.Parser]. Nothing is ever due, and nothing but the
// end of the connection is an end.
func (p *rawParser) State() proto.State {
	s := proto.State{Partial: p.run, Want: -1}
	if m := p.run[1]; m != nil {
		s.Got = m.Body.Size
	}
	return s
}

func (p *rawParser) data(e wire.Event) {
	side := proto.Side(e.Dir)
	data := e.Data
	if p.datagrams {
		m := p.begin(e)
		m.Last = e.At
		p.keep(m, data)
		return
	}
	for len(data) > 0 {
		m := p.begin(e)
		m.Last = e.At
		n := min(int64(len(data)), proto.RawRun-p.off[side]%proto.RawRun)
		p.keep(m, data[:n])
		data = data[n:]
		if p.off[side]%proto.RawRun == 0 {
			p.finish(side, "64 KiB")
		}
	}
}

// begin returns the run in progress on the event's side, a new one if there is
// none.
func (p *rawParser) begin(e wire.Event) *proto.Message {
	side := proto.Side(e.Dir)
	if p.run[side] == nil {
		p.run[side] = &proto.Message{
			Conn: e.Conn, Proto: Raw, Kind: proto.KindRaw, Dir: e.Dir,
			Span:  proto.Span{From: p.off[side], To: p.off[side]},
			First: e.At, Last: e.At, Secure: p.secure,
		}
	}
	return p.run[side]
}

func (p *rawParser) keep(m *proto.Message, data []byte) {
	b := &m.Body
	b.Data = append(b.Data, data[:min(len(data), max(0, p.limits.Body-len(b.Data)))]...)
	b.Size += int64(len(data))
	b.Cut = b.Size > int64(len(b.Data))
	m.Span.To += int64(len(data))
	p.off[proto.Side(m.Dir)] = m.Span.To
}

func (p *rawParser) finish(side int, why string) {
	m := p.run[side]
	if m == nil {
		return
	}
	p.run[side] = nil
	m.Complete, m.EndedBy = true, why
	if m.Span.Len() > 0 {
		m.Leaves = []proto.Leaf{{Span: m.Span, Name: "raw"}}
	}
	p.out = append(p.out, *m)
}

func (p *rawParser) gap(e wire.Event) {
	if e.Size <= 0 {
		return
	}
	side := proto.Side(e.Dir)
	span := proto.Span{From: p.off[side], To: p.off[side] + e.Size}
	p.off[side] = span.To
	p.out = append(p.out, proto.Message{
		Conn: e.Conn, Proto: Raw, Kind: proto.KindGap, Dir: e.Dir,
		Leaves: []proto.Leaf{{Span: span, Name: "gap"}}, Span: span,
		First: e.At, Last: e.At, Secure: p.secure, Complete: true,
	})
}
