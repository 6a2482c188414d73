package http2

import "fmt"

// ping takes a PING: an acknowledgement must bear what was sent.
func (t *streams) ping(side int, f *Frame, known bool, note func(at int, text, section string)) {
	if f.Length != 8 || f.Stream != 0 {
		return
	}
	if !f.Flags.Has(FlagAck) {
		switch {
		case len(t.pings[side]) < maxPings:
			t.pings[side] = append(t.pings[side], string(f.Opaque))
		case side == 0:
			t.unacked++
		}
		return
	}
	sent := t.pings[1-side]
	for i, opaque := range sent {
		if opaque == string(f.Opaque) {
			t.pings[1-side] = append(sent[:i:i], sent[i+1:]...)
			return
		}
	}
	switch {
	case side == 1 && t.unacked > 0:
		t.unacked--
	case len(sent) > 0:
		note(frameHeaderLen, fmt.Sprintf("acknowledges %q, which no PING had", f.Opaque), "6.7")
		t.pings[1-side] = sent[1:]
	case known:
		note(0, "acknowledges a PING that was not sent", "6.7")
	}
}
