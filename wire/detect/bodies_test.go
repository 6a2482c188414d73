package detect

import (
	"fmt"
	"strings"
	"testing"

	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
	"wiretape/wire/sse"
)

// A stream of events outlives what is kept of the body that carries it.
func TestEventsBeyondTheBodyLimit(t *testing.T) {
	var body strings.Builder
	for n := range 1000 {
		fmt.Fprintf(&body, "id: %d\ndata: tick\n\n", n)
	}
	s := New(Options{Limits: proto.Limits{Body: 100}})
	events := 0
	for _, e := range prototest.Talk("> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", "< "+body.String()) {
		for _, m := range s.Feed(e) {
			if v, ok := m.Value.(*sse.Event); ok {
				if want := fmt.Sprint(events); v.ID != want || string(m.Body.Data) != "tick" || m.N != 1 {
					t.Fatalf("event %s of exchange %d: id %q, data %q", want, m.N, v.ID, m.Body.Data)
				}
				events++
			}
		}
	}
	if st := s.State(1); events != 1000 || !st.Answered || st.Due != 1 || len(st.Partial[1].Body.Data) != 100 {
		t.Errorf("%d events, state %+v", events, st)
	}
}

// What is no event stream as it comes has no events.
func TestOtherBodiesHaveNoEvents(t *testing.T) {
	for _, fields := range []string{
		"Content-Type: text/plain\r\n", "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n",
		"Content-Type: text/event-stream\r\nTransfer-Encoding: gzip\r\n", "",
	} {
		s := New(Options{})
		for _, e := range prototest.Talk("> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\n"+fields+"\r\ndata: x\n\n", "= eof server") {
			for _, m := range s.Feed(e) {
				if m.Kind == proto.KindEvent {
					t.Errorf("%q: an event", fields)
				}
			}
		}
	}
}
