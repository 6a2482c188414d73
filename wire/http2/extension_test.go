package http2

import (
	"fmt"
	"testing"

	"wiretape/wire/proto/prototest"
)

func TestExtensionFrames(t *testing.T) {
	for _, tt := range []struct{ name, line, want, note string }{
		{"ALTSVC", "< " + frame(FrameAltSvc, 0, 0, "\x00\x09https://hh3=\":443\""), `["https://h"] 0 "h3=\":443\""`, ""},
		{"ALTSVC without an origin", "< " + frame(FrameAltSvc, 0, 0, "\x00\x00h3=\":443\""), `[""] 0 "h3=\":443\""`, "RFC 7838 4"},
		{"ALTSVC that is cut", "< " + frame(FrameAltSvc, 0, 0, "\x00\x09https"), "", "RFC 7838 4"},
		{"ALTSVC from a client", "> " + frame(FrameAltSvc, 0, 0, "\x00\x01hclear"), `["h"] 0 "clear"`, "RFC 7838 4"},
		{"ORIGIN", "< " + frame(FrameOrigin, 0, 0, "\x00\x01a\x00\x02bc"), `["a" "bc"] 0 ""`, ""},
		{"an empty ORIGIN", "< " + frame(FrameOrigin, 0, 0, ""), `[] 0 ""`, ""},
		{"ORIGIN that is cut", "< " + frame(FrameOrigin, 0, 0, "\x00\x01a\x00"), "", "RFC 8336 2.1"},
		{"PRIORITY_UPDATE", "> " + frame(FramePriorityUpdate, 0, 0, u32(5)+"u=1, i"), `[] 5 "u=1, i"`, ""},
		{"PRIORITY_UPDATE of a server", "< " + frame(FramePriorityUpdate, 0, 0, u32(5)+"u=1"), `[] 5 "u=1"`, "RFC 9218 7.1"},
		{"PRIORITY_UPDATE about nothing", "> " + frame(FramePriorityUpdate, 0, 0, u32(0)), `[] 0 ""`, "RFC 9218 7.1"},
		{"PRIORITY_UPDATE that is cut", "> " + frame(FramePriorityUpdate, 0, 0, "\x00"), "", "RFC 9218 7.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events := prototest.Talk("> "+Preface+string(AppendSettings(nil)), "< "+string(AppendSettings(nil))+ack, "> "+ack, tt.line)
			prototest.Check(t, newParser, events)
			p := newParser()
			got, note := "", ""
			for _, e := range events {
				for _, m := range p.Feed(e) {
					if f, ok := m.Value.(*Frame); ok && f.Extension != nil {
						got = fmt.Sprintf("%q %d %q", f.Extension.Origins, f.Extension.Stream, f.Extension.Value)
					}
					for _, n := range m.Notes {
						note = n.Rule
					}
				}
			}
			if got != tt.want || note != tt.note {
				t.Errorf("read %s, note of %q; want %s, %q", got, note, tt.want, tt.note)
			}
		})
	}
}
