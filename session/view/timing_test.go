package view

import (
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// messages returns the Messages of a talk.
func messages(t *talk) []proto.Message {
	stream := detect.New(detect.Options{})
	var out []proto.Message
	for _, e := range t.events {
		out = append(out, stream.Feed(e)...)
	}
	return append(out, stream.Close()...)
}

func TestTimingNamesEachPhase(t *testing.T) {
	talk := dial("h.test:443").secure(t, "ok", "http/1.1", "http/1.1").wait(time.Hour).
		client("POST /x HTTP/1.1", "Host: h.test", "Content-Length: 2", "", "").wait(9*time.Millisecond).client("ab").
		wait(30*time.Millisecond).server("HTTP/1.1 100 Continue", "", "").
		wait(40*time.Millisecond).server("HTTP/1.1 200 OK", "Content-Length: 3", "", "a").wait(20*time.Millisecond).server("bc").
		wait(time.Hour).client("GET /y HTTP/1.1", "Host: h.test", "", "").wait(4*time.Millisecond).server("HTTP/1.1 204 No", "", "")
	byN := map[int][]proto.Message{}
	for _, m := range messages(talk) {
		byN[m.N] = append(byN[m.N], m)
	}
	var facts *wire.Facts
	var secure *wire.TLS
	for _, e := range talk.events {
		if e.Facts != nil {
			facts = e.Facts
		}
		if e.TLS != nil {
			secure = e.TLS
		}
	}
	tests := []struct {
		n    int
		want string
	}{
		{1, "POST /x: dns 1.2 ms, tcp 100 µs, tls 5.7 ms, send 10 ms, wait 31 ms, receive 62 ms"},
		{2, "GET /y: send 0 ms, wait 5 ms, receive 0 ms"},
	}
	for _, tt := range tests {
		got := TimingOf(byN[tt.n], facts, secure)
		var phases []string
		for _, p := range got.Phases {
			phases = append(phases, p.Name+" "+Duration(p.Took))
		}
		if text := got.Asked + ": " + strings.Join(phases, ", "); text != tt.want || got.N != tt.n {
			t.Errorf("#%d: %s, want %s", got.N, text, tt.want)
		}
	}
}

func TestWaterfall(t *testing.T) {
	long := Timing{N: 7, Asked: "GET /", Phases: []Phase{
		{"dns", 0}, {"tcp", 2 * time.Millisecond}, {"tls", 5 * time.Millisecond}, {"send", time.Microsecond},
		{"wait", 30 * time.Millisecond}, {"receive", 3 * time.Second}, {"after", 0},
	}}
	var b strings.Builder
	for _, s := range []Style{{Width: 80}, {Width: 40, ASCII: true}, {Width: 20}, {Width: 80, Color: true}} {
		p := New(&b, s)
		p.Timing(long)
		p.Timing(Timing{N: 1, Asked: "PING"})
		p.Timing(Timing{Phases: []Phase{{"receive", 0}}})
	}
	golden(t, "waterfall", strings.ReplaceAll(b.String(), "\x1b", "␛"))
}
