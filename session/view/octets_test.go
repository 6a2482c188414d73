package view

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// What Recall gives of each Message are the octets of its span, however the stream
// was cut, up to the limit.
func TestRecallGivesTheOctetsOfEachMessage(t *testing.T) {
	var all strings.Builder
	for i := range 40 {
		body := strings.Repeat("x", i*i*7%900)
		fmt.Fprintf(&all, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	stream := all.String()
	const limit = 300
	for _, piece := range []int{1, 7, 100, 1000, len(stream)} {
		octets := Recall{Limit: limit}
		parser := detect.New(detect.Options{Proto: detect.HTTP1})
		seen := 0
		feed := func(e wire.Event) {
			e.Conn = 1
			octets.Event(e)
			for _, m := range parser.Feed(e) {
				got := octets.Take(&m)
				want := stream[m.Span.From:m.Span.To]
				if want = want[:min(limit, len(want))]; m.Dir == wire.ServerToClient && string(got) != want {
					t.Fatalf("pieces of %d, message at %d: got %d octets %.40q, want %d %.40q", piece, m.Span.From, len(got), got, len(want), want)
				}
				if m.Kind == proto.KindResponse {
					seen++
				}
			}
		}
		feed(wire.Event{Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: "h.test:80"}})
		feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte(strings.Repeat("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 40))})
		for at := 0; at < len(stream); at += piece {
			feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte(stream[at:min(at+piece, len(stream))])})
		}
		if seen != 40 {
			t.Errorf("pieces of %d: %d responses, want 40", piece, seen)
		}
	}
}

// What is missing from a recording is not filled with what came elsewhere.
func TestRecallBehindAGap(t *testing.T) {
	var r Recall
	r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("before")})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindGap, Dir: wire.ServerToClient, Size: 10})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("behind")})
	for _, tt := range []struct {
		span proto.Span
		want string
	}{
		{proto.Span{From: 0, To: 6}, "before"},
		{proto.Span{From: 6, To: 16}, ""},
		{proto.Span{From: 16, To: 20}, "behi"},
		{proto.Span{From: 20, To: 22}, "nd"},
	} {
		if got := r.Take(&proto.Message{Conn: 1, Dir: wire.ServerToClient, Span: tt.span}); string(got) != tt.want {
			t.Errorf("Take(%v) = %q, want %q", tt.span, got, tt.want)
		}
	}
}

func TestAppendOctets(t *testing.T) {
	m := &proto.Message{Dir: wire.ServerToClient, Span: proto.Span{From: 0x1234, To: 0x1234 + 30}}
	got := AppendOctets(nil, m, []byte("a\"\x1b[2J\r\n\xff tail"), false)
	if want := "server, 30 octets from offset 4660\n" + `a"\x1b[2J\r\n` + "\n" + `\xff tail` + "\n... 16 B more, not kept\n"; string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	got = AppendOctets(nil, m, []byte("0123456789abcdefXY"), true)
	if want := "\n00001244  58 59 "; !bytes.Contains(got, []byte(want)) || !bytes.Contains(got, []byte("\n00001246\n")) {
		t.Errorf("got\n%s, which lacks the stream's offsets", got)
	}
}
