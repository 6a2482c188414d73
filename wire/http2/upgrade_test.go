package http2_test

import (
	"fmt"
	"slices"
	"testing"

	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto/prototest"
)

// TestTheResponseToAnUpgradeIsThatOfItsRequest holds that stream 1 answers what was
// asked over HTTP/1.1, and that HTTP2-Settings counts.
func TestTheResponseToAnUpgradeIsThatOfItsRequest(t *testing.T) {
	s := detect.New(detect.Options{})
	var got []string
	for _, e := range prototest.Talk(
		"= open dial",
		// SETTINGS_INITIAL_WINDOW_SIZE=4
		"> GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAQAAAAE\r\n\r\n",
		"< HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"+
			string(http2.AppendSettings(nil))+string(http2.AppendHeaders(nil, 1, false, []byte("\x88"), 0)),
		"> "+http2.Preface+string(http2.AppendSettings(nil))+string(http2.AppendSettingsAck(nil)),
		"< "+string(http2.AppendSettingsAck(nil))+string(http2.AppendFrame(nil, http2.FrameData, http2.FlagEndStream, 1, []byte("hello"))),
	) {
		for _, m := range s.Feed(e) {
			if r, ok := m.Value.(*http1.Response); ok {
				got = append(got, fmt.Sprintf("#%d %s to %s, %q %s", m.N, r, r.Request, m.Body.Data, m.EndedBy))
			}
			for _, n := range m.Notes {
				got = append(got, n.Text)
			}
		}
	}
	want := []string{
		`#1 HTTP/1.1 101 Switching Protocols to GET /x HTTP/1.1, "" 101 switches protocols`,
		"DATA of 5 octets, where the window of stream 1 is 4",
		`#2 HTTP/2 200 to GET /x HTTP/1.1, "hello" END_STREAM`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if st := s.State(1); st.Due != 0 || st.Settled != 2 {
		t.Errorf("Due %d, Settled %d, want 0, 2", st.Due, st.Settled)
	}
}
