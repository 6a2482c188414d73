package session

import (
	"testing"

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
