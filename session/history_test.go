package session

import (
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A full history makes room for many messages at once, and keeps the latest.
func TestHistoryDropsAQuarterAtOnce(t *testing.T) {
	var h history
	for n := range heldMessages + 1 {
		h.message(proto.Message{N: n + 1})
	}
	if len(h.msgs) != heldMessages*3/4 || h.last() != heldMessages+1 {
		t.Errorf("%d messages are held, the last is #%d", len(h.msgs), h.last())
	}
	h = history{}
	for n := range 5 {
		h.message(proto.Message{N: n + 1, Head: make([]byte, heldBodies/4-heldMessage)})
	}
	if len(h.msgs) != 3 || h.size != 3*heldBodies/4 || h.msgs[0].N != 3 {
		t.Errorf("%d messages of %d octets are held from #%d", len(h.msgs), h.size, h.msgs[0].N)
	}
	h.message(proto.Message{N: 6, Head: make([]byte, heldBodies+1-heldMessage)})
	if len(h.msgs) != 1 || h.last() != 6 || h.size != heldBodies+1 {
		t.Errorf("%d messages of %d octets are held beside one that is too large", len(h.msgs), h.size)
	}
}

// What is held is of the connections that were used last. One that comes back has its
// true offsets, so that what was dropped meanwhile is not taken for something else.
func TestHistoryHoldsWhatWasUsedLast(t *testing.T) {
	var h history
	say := func(conn int, text string) {
		h.event(wire.Event{Conn: conn, Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte(text)})
	}
	held := func(conn int, from, to int64) string {
		return string(h.slice(conn, wire.ClientToServer, proto.Span{From: from, To: to}))
	}
	say(1, "aaa")
	for n := range heldConns {
		say(1, "bbb")
		say(n+2, "x")
	}
	if got := held(1, 0, 6); got != "aaabbb" {
		t.Errorf("of the connection that was used in between, %q is held", got)
	}
	for n := range heldConns {
		say(n+20, "y")
	}
	say(1, "ccc")
	if from := int64(3 + 3*heldConns); held(1, 0, 3) != "" || held(1, from, from+3) != "ccc" {
		t.Errorf("of the connection that came back, %q and %q are held", held(1, 0, 3), held(1, from, from+3))
	}
	for n := range 100 {
		say(n+100, "z")
		h.event(wire.Event{Conn: n + 100, Kind: wire.KindClose})
	}
	// Those that are open are counted on: 1, 2 to 9, 20 to 27.
	if got := len(h.streams); got != heldConns+1+2*heldConns {
		t.Errorf("%d connections are known", got)
	}
}
