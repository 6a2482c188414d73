package websocket_test

import (
	"fmt"
	"slices"
	"testing"

	"wiretape/wire/detect"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
	"wiretape/wire/websocket"
)

// dissected is what another reader, tshark, says of a capture: a row for each
// frame of a packet.
type dissected struct {
	Path string
	Rows []map[string]string
}

// TestFramesAgree compares every frame of the captures with what tshark read.
func TestFramesAgree(t *testing.T) {
	captures := prototest.Captures(t)
	differ, all := 0, 0
	for _, d := range prototest.Rows[dissected](t, "tshark_websocket.jsonl") {
		i := slices.IndexFunc(captures, func(c prototest.Capture) bool { return c.Path == d.Path })
		if i < 0 {
			t.Errorf("%s: no such capture", d.Path)
			continue
		}
		// By direction: tshark's order is that of the packets.
		want, got := map[bool][]string{}, map[bool][]string{}
		for _, r := range d.Rows {
			masked := r["websocket.mask"] == "1"
			want[masked] = append(want[masked], fmt.Sprintf("fin %s opcode %s length %s", r["websocket.fin"], r["websocket.opcode"], r["websocket.payload_length"]))
		}
		s := detect.New(detect.Options{})
		take := func(msgs []proto.Message) {
			for _, m := range msgs {
				if f, ok := m.Value.(*websocket.Frame); ok {
					fin := 0
					if f.Fin {
						fin = 1
					}
					got[f.Masked] = append(got[f.Masked], fmt.Sprintf("fin %d opcode %d length %d", fin, f.Opcode, f.Length))
				}
				if m.Derived {
					t.Logf("%s: %s %.60q", d.Path, m.Value.(*websocket.Message).Opcode, m.Body.Data)
				}
				for _, n := range m.Notes {
					t.Logf("%s: %s: %s (%s)", d.Path, m.Dir, n.Text, n.Rule)
				}
			}
		}
		for _, e := range captures[i].Events {
			take(s.Feed(e))
		}
		take(s.Close())
		frames, bad := 0, 0
		for _, masked := range []bool{true, false} {
			w, g := want[masked], got[masked]
			frames += max(len(w), len(g))
			for i := range max(len(w), len(g)) {
				if i >= len(w) || i >= len(g) || w[i] != g[i] {
					bad++
					t.Logf("%s: masked %t, frame %d: got %v, tshark %v", d.Path, masked, i, at(g, i), at(w, i))
				}
			}
		}
		t.Logf("%-60s %2d frames, %d differ", d.Path, frames, bad)
		all += frames
		differ += bad
	}
	t.Logf("%d of %d frames differ", differ, all)
	if differ*100 > all*3 {
		t.Errorf("%d of %d frames differ from what tshark reads, more than 3 %%", differ, all)
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}
