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
	last      wire.Dir
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
	switch {
	case e.Kind == wire.KindData && p.datagrams && len(e.Data) == 0:
		p.end("the other side spoke")
		like.Span = proto.Span{From: *off, To: *off}
		like.First, like.Last = e.At, e.At
		like.Complete, like.EndedBy = true, "datagram"
		p.out = append(p.out, like)
	case e.Kind == wire.KindData && len(e.Data) > 0:
		if e.Dir != p.last {
			p.end("the other side spoke")
			p.last = e.Dir
		}
		p.out = p.runs.Add(p.out, like, e.At, *off, e.Data)
		*off += int64(len(e.Data))
		if p.datagrams {
			p.end("datagram")
		}
	case e.Kind == wire.KindGap && e.Size > 0:
		p.end("octets are missing from the recording")
		// Far from where offsets overflow.
		if e.Size = min(e.Size, 1<<60-*off); e.Size > 0 {
			p.out = append(p.out, proto.Gap(e, Raw, *off, p.secure))
			*off += e.Size
		}
	case e.Kind != wire.KindData && e.Kind != wire.KindGap:
		p.end(whyEnded(e.Kind))
		p.secure = p.secure || e.Kind == wire.KindSecure
	}
	return p.out
}

// whyEnded says why an event that is no data ends a run.
func whyEnded(k wire.Kind) string {
	switch k {
	case wire.KindEOF:
		return "end of stream"
	case wire.KindReset:
		return "connection reset"
	case wire.KindClose:
		return "connection closed"
	case wire.KindSecure:
		return "TLS began"
	}
	return k.String()
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
