package http1

import (
	"fmt"
	"strings"
	"testing"

	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// rawRuns returns where the raw and gap Messages of a conversation begin and end,
// and why.
func rawRuns(t *testing.T, lines ...string) []string {
	t.Helper()
	all, _, _ := messages(t, lines...)
	var got []string
	for _, m := range all {
		if m.Kind != proto.KindRaw && m.Kind != proto.KindGap {
			continue
		}
		if m.Proto != "http/1.1" || !m.Complete {
			t.Errorf("%s at %d has Proto %q, Complete %t, want http/1.1 and true", m.Kind, m.Span.From, m.Proto, m.Complete)
		}
		got = append(got, fmt.Sprintf("%s %s %d-%d; %s", m.Dir, m.Kind, m.Span.From, m.Span.To, m.EndedBy))
	}
	return got
}

func TestTunnelIsCutAtEventsOfBothSides(t *testing.T) {
	const connect, agreed = "> CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", "< HTTP/1.1 200 OK\r\n\r\n" // 35 and 19 octets
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"turns", []string{"> ab", "< cd", "< ef", "> gh"},
			[]string{"client raw 35-37; the other side spoke", "server raw 19-23; the other side spoke", "client raw 37-39; recording ended"}},
		{"end of the other side", []string{"> ab", "= eof server", "> cd"},
			[]string{"client raw 35-37; end of stream", "client raw 37-39; recording ended"}},
		{"end of its own side, against the rules", []string{"> ab", "= eof client", "> cd"},
			[]string{"client raw 35-37; end of stream", "client raw 37-39; recording ended"}},
		{"wait that ended", []string{"< ab", "= timeout", "< cd", "= rst client"},
			[]string{"server raw 19-21; timeout", "server raw 21-23; connection reset"}},
		{"gap", []string{"< ab", "= gap server 5", "< cd", "= gap client 2", "= close"},
			[]string{"server raw 19-21; octets are missing from the recording", "server gap 21-26; ", "server raw 26-28; the other side spoke", "client gap 35-37; "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := rawRuns(t, append([]string{connect, agreed}, c.lines...)...)
			if g, w := strings.Join(got, "\n"), strings.Join(c.want, "\n"); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// Octets that wait in a head when something happens are cut there if they turn
// out to be no head.
func TestRawIsCutWhereItWaited(t *testing.T) {
	got := rawRuns(t, "> what", "= timeout", "> is", "< x", "> this\r\n")
	want := []string{
		"server raw 0-1; the other side spoke",
		"client raw 0-4; timeout", "client raw 4-6; the other side spoke", "client raw 6-12; recording ended",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

func TestRawBodiesAreBounded(t *testing.T) {
	p := New(proto.Limits{Body: 4})
	for _, e := range prototest.Talk("> \x16abcdef") {
		p.Feed(e)
	}
	ms := p.Close()
	if len(ms) != 1 || string(ms[0].Body.Data) != "\x16abc" || ms[0].Body.Size != 7 || !ms[0].Body.Cut {
		t.Errorf("Messages %+v, want one with 4 of 7 octets", ms)
	}
}
