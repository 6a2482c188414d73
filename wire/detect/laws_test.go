package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// single is a Stream over one connection, which does not forget it: events may
// follow its end.
type single struct{ *Stream }

func (s single) Feed(e wire.Event) []proto.Message {
	if e.Kind == wire.KindClose {
		e.Kind = wire.KindReset
	}
	return s.Stream.Feed(e)
}

func (s single) State() proto.State { return s.Stream.State(1) }

func newSingle(opts Options) func() proto.Parser {
	return func() proto.Parser { return single{New(opts)} }
}

var conversations = []struct {
	name string
	talk []string
	want []string // protocol, exchange and kind of each Message
}{
	{"smtp", []string{"< 220 x ESMTP\r\n", "> EHLO me\r\n", "< 250-x\r\n250 STARTTLS\r\n", "> STARTTLS\r\n", "< 220 go\r\n", "= tls", "> QUIT\r\n", "< 221 bye\r\n"},
		[]string{"smtp 0 reply", "smtp 1 command", "smtp 1 reply", "smtp 2 command", "smtp 2 reply", "smtp 3 command", "smtp 3 reply"}},
	{"http", []string{"> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
		[]string{"http/1.1 1 request", "http/1.1 1 response"}},
	{"raw", []string{"< hello\n", "> hi\n", "= gap server 9", "< bye\n"},
		[]string{"raw 0 raw", "raw 0 raw", "raw 0 gap", "raw 0 raw"}},
	{"plain, then HTTP in TLS", []string{"< hello\n", "= tls", "> GET / HTTP/1.0\r\n\r\n", "< HTTP/1.0 200 OK\r\n\r\nx", "= eof server"},
		[]string{"raw 0 raw", "http/1.0 1 request", "http/1.0 1 response"}},
	{"CONNECT to a mail server", []string{"> CONNECT h:25 HTTP/1.1\r\nHost: h:25\r\n\r\n", "< HTTP/1.1 200 OK\r\n\r\n220 x\r\n", "> QUIT\r\n", "< 221 bye\r\n"},
		[]string{"http/1.1 1 request", "http/1.1 1 response", "smtp 0 reply", "smtp 2 command", "smtp 2 reply"}},
	{"CONNECT, TLS, HTTP", []string{"> CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "< HTTP/1.1 200 OK\r\n\r\n", "= tls", "> GET / HTTP/1.1\r\nHost: h\r\n\r\n", "< HTTP/1.1 204 No Content\r\n\r\n"},
		[]string{"http/1.1 1 request", "http/1.1 1 response", "http/1.1 2 request", "http/1.1 2 response"}},
	{"Upgrade to something else", []string{"> GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n", "< HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello", "> hi", "< bye"},
		[]string{"http/1.1 1 request", "http/1.1 1 response", "raw 0 raw", "raw 0 raw", "raw 0 raw"}},
	{"h2c", []string{"> GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "< HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + settings, "> " + http2.Preface + settings},
		[]string{"http/1.1 1 request", "http/1.1 1 response", "h2 0 frame", "h2 0 frame", "h2 0 frame"}},
	{"h2 by its first bytes", []string{"> " + http2.Preface + settings, "< " + settings},
		[]string{"h2 0 frame", "h2 0 frame", "h2 0 frame"}},
	{"undecided to the end", []string{"> who", "= eof client"}, []string{"raw 0 raw"}},
	{"opened in the middle", []string{"> who", "= open dial", "> is it"}, []string{"raw 0 raw", "raw 0 raw"}},
	{"an event stream", []string{"> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream ; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n7\r\ndata: b\r\n", "< 4\r\n\n\n: \r\n", "< 0\r\n\r\n"},
		[]string{"http/1.1 1 request", "http/1.1 1 event", "http/1.1 1 event", "http/1.1 1 event", "http/1.1 1 response"}},
	{"an event stream with a hole", []string{"> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a", "= gap server 9", "< data: b\n\n", "= eof server"},
		[]string{"http/1.1 1 request", "http/1.0 1 event", "http/1.0 1 event", "http/1.0 1 response"}},
	{"an event stream over HTTP/2", []string{
		"> " + http2.Preface + settings + h2(http2.FrameHeaders, 5, "\x82\x86\x84"),
		"< " + settings + h2(http2.FrameHeaders, 4, "\x88\x0f\x10\x11text/event-stream") + h2(http2.FrameData, 0, "data: a\n\nda"),
		"< " + h2(http2.FrameData, http2.FlagPadded, "\x02ta: b\n\n\x00\x00") + h2(http2.FrameData, 1, "data: c")},
		[]string{"h2 0 frame", "h2 0 frame", "h2 1 frame", "h2 1 request", "h2 0 frame", "h2 1 frame", "h2 1 frame", "h2 1 event", "h2 1 frame", "h2 1 event", "h2 1 frame", "h2 1 event", "h2 1 response"}},
	{"nothing but a gap", []string{"= gap client 5"}, []string{"raw 0 gap"}},
}

func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			events := prototest.Talk(c.talk...)
			prototest.Check(t, newSingle(Options{}), events)
			s := New(Options{})
			var got []string
			take := func(msgs []proto.Message) {
				for _, m := range msgs {
					got = append(got, fmt.Sprintf("%s %d %s", m.Proto, m.Exchange, m.Kind))
					if m.Conn != 1 || m.N != m.Exchange {
						t.Errorf("%s: Conn %d, N %d", got[len(got)-1], m.Conn, m.N)
					}
				}
			}
			for _, e := range events {
				take(s.Feed(e))
			}
			take(s.Close())
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestAnAlertToPlainTextIsExplained(t *testing.T) {
	events := prototest.Talk("> GET / HTTP/1.0\r\n\r\n", "< \x15\x03\x01\x00\x02\x02\x46")
	prototest.Check(t, newSingle(Options{}), events)
	s := New(Options{})
	var last proto.Message
	for _, e := range events {
		for _, last = range s.Feed(e) {
		}
	}
	for _, m := range s.Close() {
		last = m
	}
	if len(last.Notes) == 0 || last.Notes[0].Text != "a TLS alert, protocol_version: the peer speaks TLS here" {
		t.Errorf("notes %v", last.Notes)
	}
}

func TestStateCountsOverChangesOfProtocol(t *testing.T) {
	s := New(Options{})
	for _, e := range prototest.Talk(conversations[4].talk...) {
		s.Feed(e)
	}
	if st := s.State(1); st.Settled != 2 || st.Due != 0 {
		t.Errorf("Settled %d, Due %d, want 2, 0", st.Settled, st.Due)
	}
}

func FuzzLaws(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	prototest.Fuzz(f, newSingle(Options{Limits: proto.Limits{Line: 64, Head: 200, Body: 100}}), seeds...)
}

// h2 returns a frame of stream 1.
func h2(kind http2.FrameType, flags http2.Flags, payload string) string {
	return string(http2.AppendFrame(nil, kind, flags, 1, []byte(payload)))
}
