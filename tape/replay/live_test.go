package replay

import (
	"strings"
	"testing"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/wiretest"
)

// What nobody asked for is bounded; a long message that is awaited is not.
func TestHeldBytesAreThoseBeyondTheAwaited(t *testing.T) {
	client, server := wiretest.Pair()
	c := wire.NewConn(client, wire.Facts{Network: "tcp"}, wire.NewTap(nil))
	defer c.Close()
	defer server.Close()
	l := newLive(c, &script{ours: wire.ClientToServer, bytes: true}, 0)
	l.in = make([]byte, maxBeyond, maxBeyond+readSize)
	for _, test := range []struct {
		due int
		ok  bool
	}{{maxBeyond, true}, {8, true}, {2, false}} {
		server.Write([]byte("x"))
		if _, err := l.fill(test.due); (err == nil) != test.ok {
			t.Errorf("%d bytes came, %d are awaited: %v", len(l.in), test.due, err)
		}
	}
}

// A long message that comes in many reads is looked at once.
func TestEqualGoesOnWhereItWas(t *testing.T) {
	p := &player{live: &live{c: new(wire.Conn), s: &script{bytes: true}}}
	raw := []byte(strings.Repeat("r", 10))
	m := match.Live(proto.Message{Kind: proto.KindRaw, Complete: true}, raw)
	same := 0
	for _, step := range []struct {
		in          string
		same        int
		equal, more bool
	}{{"rrr", 3, false, true}, {"rrrrrr", 6, false, true}, {"rrrrrrx", 6, false, false}, {"rrrrrrrrrr", 10, true, false}} {
		p.in = []byte(step.in)
		equal, more := p.equal(m, &same)
		if equal != step.equal || more != step.more || same != step.same {
			t.Errorf("%q: equal %v, more %v, same %d; want %v, %v, %d", step.in, equal, more, same, step.equal, step.more, step.same)
		}
	}
}
