package detect

import (
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// TestDatagramCaptures: each datagram is one Message at once, whatever it is read
// as, and the Messages tile each side's octets.
func TestDatagramCaptures(t *testing.T) {
	readAs := map[string]int{}
	for _, c := range prototest.Datagrams(t) {
		for _, name := range []string{"", DNS, Raw} {
			s := New(Options{Proto: name})
			var at [2]int64
			for i, e := range c.Events {
				msgs := s.Feed(e)
				if e.Kind != wire.KindData {
					continue
				}
				if len(msgs) != 1 {
					t.Fatalf("%s, as %q: datagram %d gave %d messages", c, name, i, len(msgs))
				}
				m, side := msgs[0], proto.Side(e.Dir)
				if m.Dir != e.Dir || m.Span != (proto.Span{From: at[side], To: at[side] + int64(len(e.Data))}) || m.First != e.At || m.Last != e.At {
					t.Errorf("%s, as %q: datagram %d of %d octets at %d gave %v of the %s at %v", c, name, i, len(e.Data), at[side], m.Span, m.Dir, m.Last)
				}
				if n := len(m.Leaves); len(e.Data) > 0 && (n == 0 || m.Leaves[0].From != m.Span.From || m.Leaves[n-1].To != m.Span.To) {
					t.Errorf("%s, as %q: the leaves of datagram %d are %v", c, name, i, m.Leaves)
				}
				for k := 1; k < len(m.Leaves); k++ {
					if m.Leaves[k].From != m.Leaves[k-1].To {
						t.Errorf("%s, as %q: the leaves of datagram %d are %v", c, name, i, m.Leaves)
					}
				}
				at[side] += int64(len(e.Data))
			}
			if more := s.Close(); len(more) > 0 {
				t.Errorf("%s, as %q: %d messages at the end", c, name, len(more))
			}
			if name == "" {
				readAs[s.Proto(1)]++
				if s.Proto(1) != DNS {
					t.Logf("  %s is read as %s: %s", c, s.Proto(1), s.Reason(1))
				}
			}
		}
	}
	t.Logf("read as: %v", readAs)
	if readAs[DNS]*100 < 97*(readAs[DNS]+readAs[Raw]) {
		t.Errorf("read as %v, want 97 %% as dns", readAs)
	}
}
