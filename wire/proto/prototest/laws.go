package prototest

import (
	"bytes"
	"fmt"
	"slices"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A stream is what one direction carried: its octets, zeros where they are
// missing, and where.
type stream struct {
	data  []byte
	size  int64 // beyond len(data) if a gap is too large to hold
	gaps  []proto.Span
	turns []int64 // where the other direction spoke, octets are missing, or anything else happened
	stops []int64 // where else a raw Message may end: the end, and events that make no sense
}

// maxHeld bounds what a stream holds; laws on octets end there.
const maxHeld = 64 << 20

// streams rebuilds both directions from events.
func streams(events []wire.Event) (ss [2]stream) {
	single := datagrams(events)
	for _, e := range events {
		bytes := e.Kind == wire.KindData || e.Kind == wire.KindGap
		switch {
		case !bytes:
			ss[0].turn()
			ss[1].turn()
			continue
		case e.Dir != wire.ClientToServer && e.Dir != wire.ServerToClient:
			ss[0].stop()
			ss[1].stop()
			continue
		}
		s, other := &ss[proto.Side(e.Dir)], &ss[1-proto.Side(e.Dir)]
		switch e.Kind {
		case wire.KindData:
			if len(e.Data) == 0 {
				continue
			}
			other.turn()
			if s.size == int64(len(s.data)) && len(s.data)+len(e.Data) <= maxHeld {
				s.data = append(s.data, e.Data...)
			}
			s.size += int64(len(e.Data))
			if single {
				s.turn()
			}
		case wire.KindGap:
			if e.Size <= 0 {
				continue
			}
			other.turn()
			s.turn()
			s.gaps = append(s.gaps, proto.Span{From: s.size, To: s.size + e.Size})
			if s.size == int64(len(s.data)) && e.Size <= maxHeld-s.size {
				s.data = append(s.data, make([]byte, e.Size)...)
			}
			s.size += e.Size
			s.turn()
		}
	}
	ss[0].stop()
	ss[1].stop()
	return ss
}

// turn notes that a raw Message has to end here, stop that one may.
func (s *stream) turn() { s.turns = append(s.turns, s.size) }
func (s *stream) stop() { s.stops = append(s.stops, s.size) }

// coverLaw checks that the leaves of each direction tile its stream.
func coverLaw(ms []proto.Message, events []wire.Event) (found []string) {
	ss := streams(events)
	for side, dir := range [2]wire.Dir{wire.ClientToServer, wire.ServerToClient} {
		type tile struct {
			proto.Leaf
			message int
		}
		var tiles []tile
		for i, m := range ms {
			if m.Dir != dir {
				continue
			}
			for _, l := range m.Leaves {
				tiles = append(tiles, tile{l, i})
			}
		}
		slices.SortStableFunc(tiles, func(a, b tile) int { return int(min(1, max(-1, a.From-b.From))) })
		var at int64
		for _, l := range tiles {
			switch {
			case l.To <= l.From:
				found = append(found, fmt.Sprintf("cover: %s: leaf %v of Message %d is empty: [%d,%d)", dir, l.Name, l.message, l.From, l.To))
			case l.From > at:
				found = append(found, fmt.Sprintf("cover: %s: octets [%d,%d) are in no leaf; the next is %v of Message %d", dir, at, l.From, l.Name, l.message))
			case l.From < at:
				found = append(found, fmt.Sprintf("cover: %s: octets [%d,%d) are counted twice, by leaf %v [%d,%d) of Message %d", dir, l.From, min(at, l.To), l.Name, l.From, l.To, l.message))
			}
			at = max(at, l.To)
			gap := slices.ContainsFunc(ss[side].gaps, func(g proto.Span) bool { return g.From < l.To && l.From < g.To })
			if gap != (l.Name == proto.LeafGap) {
				found = append(found, fmt.Sprintf("cover: %s: leaf %v [%d,%d) of Message %d: want name gap exactly for octets that are missing", dir, l.Name, l.From, l.To, l.message))
			}
		}
		if at != ss[side].size {
			found = append(found, fmt.Sprintf("cover: %s: leaves end at %d, the stream at %d", dir, at, ss[side].size))
		}
	}
	return found
}

// messageLaws checks each Message by itself, against the streams.
func messageLaws(ms []proto.Message, events []wire.Event) (found []string) {
	ss := streams(events)
	bad := func(i int, format string, args ...any) {
		found = append(found, fmt.Sprintf("Message %d (%s): ", i, headline(ms[i]))+fmt.Sprintf(format, args...))
	}
	for i, m := range ms {
		if m.Dir != wire.ClientToServer && m.Dir != wire.ServerToClient {
			bad(i, "direction is %v", m.Dir)
			continue
		}
		s := &ss[proto.Side(m.Dir)]
		if m.Span.From < 0 || m.Span.To < m.Span.From || m.Span.To > s.size {
			bad(i, "order: Span is outside the stream of %d octets", s.size)
			continue
		}
		if m.First > m.Last {
			bad(i, "order: First is %v, after Last, %v", m.First, m.Last)
		}
		if m.Derived {
			// Its octets are those of others, which are held to the laws.
			if len(m.Leaves) > 0 || m.Head != nil {
				bad(i, "derived: want no Head and no leaves")
			}
		}
		at := m.Span.From
		for _, l := range m.Leaves {
			if l.From < at || l.To > m.Span.To {
				bad(i, "order: leaf %v [%d,%d) is out of order or outside the Span", l.Name, l.From, l.To)
			}
			at = l.To
		}
		if n := len(m.Leaves); n > 0 && (m.Leaves[0].From != m.Span.From || m.Leaves[n-1].To != m.Span.To) {
			bad(i, "order: leaves reach from %d to %d, not over the Span", m.Leaves[0].From, m.Leaves[n-1].To)
		}
		last := m.Span.From
		for _, n := range m.Notes {
			if n.Offset < last || n.Offset > m.Span.To {
				bad(i, "order: note %q at %d is out of order or outside the Span", n.Text, n.Offset)
			}
			last = n.Offset
		}
		if int64(len(m.Body.Data)) > m.Body.Size || m.Body.Cut != (m.Body.Size > int64(len(m.Body.Data))) {
			bad(i, "bytes: Body has %d octets, Size %d, Cut %t", len(m.Body.Data), m.Body.Size, m.Body.Cut)
		}
		if m.Kind == proto.KindRaw && m.Span.Len() == 0 && datagrams(events) {
			continue // a datagram of no octets has no tile
		}
		s.checkBytes(m, func(format string, args ...any) { bad(i, format, args...) })
		if m.Kind == proto.KindRaw {
			checkRaw(ms, i, s, bad)
		}
	}
	return found
}

// checkBytes compares what m holds verbatim with the stream.
func (s *stream) checkBytes(m proto.Message, bad func(string, ...any)) {
	same := func(what string, p []byte) {
		to := m.Span.From + int64(len(p))
		if to > m.Span.To {
			bad("bytes: %s has %d octets, the Span %d", what, len(p), m.Span.Len())
			return
		}
		if to <= int64(len(s.data)) && !bytes.Equal(p, s.data[m.Span.From:to]) {
			bad("bytes: %s is %.80q, the stream has %.80q", what, p, s.data[m.Span.From:to])
		}
	}
	same("Head", m.Head)
	switch m.Kind {
	case proto.KindRaw:
		if m.Head != nil || m.Value != nil || len(m.Leaves) != 1 || m.Leaves[0].Name != proto.LeafRaw {
			bad("raw: want no Head, no Value and one leaf \"raw\"")
		}
		if m.Body.Size != m.Span.Len() {
			bad("raw: Body has %d octets, the Span %d", m.Body.Size, m.Span.Len())
		}
		same("the raw Body", m.Body.Data)
	case proto.KindGap:
		if len(m.Leaves) != 1 || m.Leaves[0].Name != proto.LeafGap {
			bad("gap: want one leaf \"gap\"")
		}
	}
}

// checkRaw checks where raw Message i of s starts and ends.
func checkRaw(ms []proto.Message, i int, s *stream, bad func(int, string, ...any)) {
	m := ms[i]
	if m.Span.From/proto.RawRun != (m.Span.To-1)/proto.RawRun {
		bad(i, "raw: it goes over a multiple of %d", proto.RawRun)
	}
	for _, turn := range s.turns {
		if m.Span.From < turn && turn < m.Span.To {
			bad(i, "raw: it goes over the turn, gap or other event at %d", turn)
		}
	}
	if m.Span.To%proto.RawRun == 0 || slices.Contains(s.turns, m.Span.To) || slices.Contains(s.stops, m.Span.To) {
		return
	}
	for j := range ms {
		if ms[j].Dir == m.Dir && ms[j].Span.From == m.Span.To && ms[j].Kind != proto.KindRaw {
			return
		}
	}
	bad(i, "raw: it ends at neither a multiple of %d nor a turn or other event", proto.RawRun)
}
