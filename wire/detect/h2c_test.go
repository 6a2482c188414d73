package detect

import (
	"testing"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// Behind an Upgrade to h2c the answer to the request is still due: it comes on
// stream 1, as an exchange of its own.
func TestAnswerBehindUpgradeToH2C(t *testing.T) {
	const ask = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAIAAAAA\r\n\r\n"
	frames := http2.AppendHeaders(http2.AppendSettings(nil), 1, false, []byte{0x88}, 0)
	s := New(Options{})
	var last proto.Message
	feed := func(e wire.Event) {
		for _, m := range s.Feed(e) {
			for _, n := range m.Notes {
				t.Errorf("note %v", n)
			}
			last = m
		}
	}
	for _, e := range prototest.Talk("> "+ask, "< HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"+string(frames)) {
		feed(e)
	}
	if st := s.State(1); st.Due != 1 || s.Proto(1) != HTTP2 {
		t.Errorf("behind the 101 %d are due, read as %s", st.Due, s.Proto(1))
	}
	data := http2.AppendData(nil, 1, true, -1, []byte("x"))
	feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: data})
	r, ok := last.Value.(*http1.Response)
	if !ok || !last.Complete || last.N != 2 || r.Request == nil || r.Request.Target != "/" {
		t.Errorf("the answer is %+v", last)
	}
	if st := s.State(1); st.Due != 0 {
		t.Errorf("behind the answer %d are due", st.Due)
	}
}
