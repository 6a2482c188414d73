package sse

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// describe writes an event in one line.
func describe(m proto.Message) string {
	e := m.Value.(*Event)
	s := fmt.Sprintf("%d-%d %s %q", m.Span.From, m.Span.To, e.Type(), m.Body.Data)
	if !e.HasData {
		s = strings.TrimSuffix(s, ` ""`) + " no data"
	}
	if e.HasID {
		s += fmt.Sprintf(" id %q", e.ID)
	}
	if e.Retry >= 0 {
		s += " retry " + e.Retry.String()
	}
	for _, c := range e.Comments {
		s += fmt.Sprintf(" comment %q", c)
	}
	for _, n := range m.Notes {
		s += fmt.Sprintf(" note %d %s", n.Offset, n.Text)
	}
	if !m.Complete {
		s += ", " + m.EndedBy
	}
	return s
}

// read gives a stream in pieces of n octets, and says what comes, when.
func read(stream string, n int, limits proto.Limits) []string {
	d := New(limits)
	like := proto.Message{Conn: 3, Exchange: 2, Dir: wire.ServerToClient, Proto: "http/1.1"}
	var out []proto.Message
	for at := 0; at < len(stream); at += n {
		piece := []byte(stream[at:min(at+n, len(stream))])
		out = d.Body(out, like, time.Duration(at), int64(at), piece)
		for i := range piece {
			piece[i] = '#'
		}
	}
	out = d.End(out, "connection closed")
	out = d.End(out, "again")
	var got []string
	for _, m := range out {
		if m.Conn != 3 || m.Exchange != 2 || !m.Derived || m.Kind != proto.KindEvent {
			got = append(got, fmt.Sprintf("%+v", m))
		}
		got = append(got, describe(m))
	}
	return got
}

var streams = []struct {
	name, stream string
	want         []string
}{
	{"one line", "data: hello\n\n", []string{`0-13 message "hello"`}},
	{"all fields", "event: add\nid: 7\nretry: 1500\ndata: 73857293\n\n", []string{`0-45 add "73857293" id "7" retry 1.5s`}},
	{"several lines of data", "data: YHOO\ndata: +2\ndata:\ndata\n\n", []string{"0-32 message \"YHOO\\n+2\\n\\n\""}},
	{"CR LF, LF and CR", "data: a\r\ndata: b\r\r\ndata: c\n\r\n", []string{"0-18 message \"a\\nb\"", "19-28 message \"c\""}},
	{"CR alone", "data: a\r\rdata: b\r\r", []string{`0-9 message "a"`, `9-18 message "b"`}},
	{"byte order mark", "\ufeffdata: a\n\n\ufeffdata: b\n\n", []string{`0-12 message "a"`, `12-24 message no data note 12 field that no event has: passed over`}},
	{"one space is taken off", "data:  a\n\ndata:b\n\n", []string{`0-10 message " a"`, `10-18 message "b"`}},
	{"heartbeats", ": ping\n\n:\n\n\n\n", []string{`0-8 message no data comment "ping"`, `8-11 message no data comment ""`}},
	{"comment within", ": test\ndata: a\n\n", []string{`0-16 message "a" comment "test"`}},
	{"an id that resets", "id\ndata: a\n\n", []string{`0-12 message "a" id ""`}},
	{"an event without data", "event: x\n\nid: 9\n\n", []string{`0-10 x no data`, `10-17 message no data id "9"`}},
	{"NUL in the id", "id: a\x00b\ndata: x\n\n", []string{`0-17 message "x" note 0 id with a NUL: passed over`}},
	{"retry of letters", "retry: 5s\ndata: x\n\n", []string{`0-19 message "x" note 0 retry is no number of milliseconds: passed over`}},
	{"retry without end", "retry: 99999999999999999999999\n\n", []string{`0-32 message no data retry 2562047h47m16.854775807s`}},
	{"unknown field", "Data: x\n\n", []string{`0-9 message no data note 0 field that no event has: passed over`}},
	{"no blank line", "data: a\n\ndata: b\n", []string{`0-9 message "a"`, `9-17 message "b" note 17 no blank line ends the event: browsers pass it over, connection closed, no blank line`}},
	{"no line end", "data: b", []string{`0-7 message "b" note 7 no blank line ends the event: browsers pass it over, connection closed, no blank line`}},
	{"a comment at the end", "data: a\n\n: ping\n", []string{`0-9 message "a"`, `9-16 message no data comment "ping"`}},
	{"half a comment at the end", ": pi", []string{`0-4 message no data comment "pi"`}},
	{"nothing", "", nil},
}

func TestEvents(t *testing.T) {
	for _, c := range streams {
		for _, n := range []int{1, 2, 3, 5, 1 << 20} {
			if got := read(c.stream, n, proto.Limits{}); !slices.Equal(got, c.want) {
				t.Errorf("%s, %d at a time:\ngot  %q\nwant %q", c.name, n, got, c.want)
				break
			}
		}
	}
}

func TestLimits(t *testing.T) {
	limits := proto.Limits{Line: 10, Body: 6}
	stream := "data: abcdefgh\ndata: xyz\n" + strings.Repeat(": c\n", 100) + "\n"
	want := read(stream, 1<<20, limits)
	if got := read(stream, 1, limits); !slices.Equal(got, want) {
		t.Errorf("one at a time:\n%q\nwhole:\n%q", got, want)
	}
	if len(want) != 1 || !strings.HasPrefix(want[0], `0-426 message "abcd\nx"`) || !strings.Contains(want[0], "note 0 a line is longer than the limit of 10 octets") || strings.Count(want[0], "comment ") != maxComments {
		t.Errorf("got %q", want)
	}
}

func TestAnEventIsAReply(t *testing.T) {
	d := New(proto.Limits{})
	for _, c := range []struct {
		piece string
		want  bool
	}{{": ping\n\n", false}, {"event: x\n\n", false}, {"data: a\n", false}, {"\r", true}, {"\nd", true}} {
		d.Body(nil, proto.Message{}, 0, 0, []byte(c.piece))
		if d.Answered() != c.want {
			t.Errorf("behind %q: %t, want %t", c.piece, !c.want, c.want)
		}
	}
}

func FuzzEvents(f *testing.F) {
	for _, c := range streams {
		f.Add(c.stream, uint8(3))
	}
	f.Fuzz(func(t *testing.T, stream string, n uint8) {
		limits := proto.Limits{Line: 40, Body: 60}
		whole := read(stream, len(stream)+1, limits)
		for _, n := range []int{1, int(n) + 1} {
			if got := read(stream, n, limits); !slices.Equal(got, whole) {
				t.Errorf("%d at a time:\n%q\nwhole:\n%q", n, got, whole)
			}
		}
	})
}

func BenchmarkOneOctetAtATime(b *testing.B) {
	for _, size := range []int{10_000, 100_000} {
		stream := []byte(strings.Repeat("data: a line of some length\n", size/28) + "\n")
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				d := New(proto.Limits{})
				var out []proto.Message
				for i := range stream {
					out = d.Body(out[:0], proto.Message{}, 0, int64(i), stream[i:i+1])
				}
			}
		})
	}
}
