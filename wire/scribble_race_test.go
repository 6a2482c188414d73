//go:build race

package wire

import (
	"testing"

	"wiretape/wire/wiretest"
)

func TestRetentionShowsUnderRace(t *testing.T) {
	a, b := wiretest.Pair()
	var kept []byte
	c := NewConn(a, Facts{}, NewTap(func(e Event) {
		if e.Kind == KindData {
			kept = e.Data
		}
	}))
	b.Write([]byte("mine"))
	b.Close()
	c.Pump()
	if string(kept) == "mine" {
		t.Error("bytes that a sink kept are still there")
	}
}
