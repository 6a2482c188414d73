package detect

import (
	"wiretape/wire"
	"wiretape/wire/proto"
)

// rawParser gives the bytes of a connection as they are.
type rawParser struct {
	runs      proto.Runs
	datagrams bool // one Message for each event of KindData
	off       [2]int64
	secure    bool
	out       []proto.Message
}

func newRaw(limits proto.Limits, datagrams bool) *rawParser {
	return &rawParser{runs: proto.Runs{Limits: limits}, datagrams: datagrams}
}

// Feed implements [proto.Parser].
func (p *rawParser) Feed(e wire.Event) []proto.Message {
	p.out = p.out[:0]
	off := &p.off[proto.Side(e.Dir)]
	like := proto.Message{Conn: e.Conn, Proto: Raw, Kind: proto.KindRaw, Dir: e.Dir, Secure: p.secure}
	p.out = p.runs.Turn(p.out, e, proto.Span{From: p.off[0], To: p.off[0]}, proto.Span{From: p.off[1], To: p.off[1]})
	switch {
	case e.Kind == wire.KindData && p.datagrams && len(e.Data) == 0:
		like.Span = proto.Span{From: *off, To: *off}
		like.First, like.Last = e.At, e.At
		like.Complete, like.EndedBy = true, "datagram"
		p.out = append(p.out, like)
	case e.Kind == wire.KindData:
		p.out = p.runs.Add(p.out, like, e.At, *off, e.Data)
		*off += int64(len(e.Data))
		if p.datagrams {
			p.end("datagram")
		}
	case e.Kind == wire.KindGap:
		if e.Size = proto.GapSize(e, *off); e.Size > 0 {
			p.out = append(p.out, proto.Gap(e, Raw, *off, p.secure))
			*off += e.Size
		}
	case e.Kind == wire.KindSecure:
		p.secure = true
	}
	return p.out
}

// Close implements [proto.Parser].
func (p *rawParser) Close() []proto.Message {
	p.out = p.out[:0]
	p.end("end of recording")
	return p.out
}

// end ends the runs of both sides.
func (p *rawParser) end(why string) {
	p.out = p.runs.End(p.out, wire.ClientToServer, why)
	p.out = p.runs.End(p.out, wire.ServerToClient, why)
}

// State implements [proto.Parser]. Nothing is ever due, and nothing but the
// end of the connection is an end.
func (p *rawParser) State() proto.State {
	s := proto.State{Want: -1}
	s.Partial[0] = p.runs.Partial(wire.ClientToServer)
	s.Partial[1] = p.runs.Partial(wire.ServerToClient)
	if m := s.Partial[1]; m != nil {
		s.Got = m.Body.Size
	}
	return s
}
