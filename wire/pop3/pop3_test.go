package pop3

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/line"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// read returns what a parser makes of events, a line a Message, after it has
// checked the laws.
func read(t *testing.T, limits proto.Limits, events []wire.Event) []string {
	t.Helper()
	prototest.Check(t, func() proto.Parser { return New(limits) }, events)
	p := New(limits)
	var got []string
	for _, e := range events {
		for _, m := range p.Feed(e) {
			got = append(got, describe(m))
		}
	}
	for _, m := range p.Close() {
		got = append(got, describe(m))
	}
	return got
}

// describe gives a Message as "exchange kind text; notes", with "(cut)" for one
// that is not complete.
func describe(m proto.Message) string {
	var s strings.Builder
	s.WriteString(fmt.Sprintf("%d %s", m.Exchange, m.Kind))
	if !m.Complete {
		s.WriteString(" (cut)")
	}
	switch v := m.Value.(type) {
	case *line.Command:
		s.WriteString(" " + v.String())
	case *Reply:
		s.WriteString(" " + v.String())
		if v.Code != "" {
			s.WriteString(" code " + v.Code)
		}
		if v.Stamp != nil {
			s.WriteString(" stamp " + string(v.Stamp))
		}
		if m.Body.Size > 0 {
			s.WriteString(fmt.Sprintf(" %q", m.Body.Data))
		}
	default:
		s.WriteString(fmt.Sprintf(" %q", m.Body.Data))
	}
	for _, n := range m.Notes {
		s.WriteString("; " + n.Text)
	}
	return s.String()
}

var conversations = []struct {
	name string
	talk []string
	want []string
}{
	{"the example of RFC 1939, section 10",
		[]string{"< +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n", "> APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n", "< +OK mrose's maildrop has 2 messages (320 octets)\r\n",
			"> STAT\r\n", "< +OK 2 320\r\n", "> LIST\r\n", "< +OK 2 messages (320 octets)\r\n1 120\r\n2 200\r\n.\r\n", "> RETR 1\r\n", "< +OK 120 octets\r\n", "< Subject: x\r\n\r\n..dot\r\n.\r\n", "> QUIT\r\n", "< +OK bye\r\n"},
		[]string{"0 reply +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us> stamp <1896.697170952@dbc.mtview.ca.us>",
			"1 command APOP mrose c4c9334bac560ecc979e58001b3e22fb", "1 reply +OK mrose's maildrop has 2 messages (320 octets)",
			"2 command STAT", "2 reply +OK 2 320", "3 command LIST", `3 reply +OK 2 messages (320 octets) "1 120\r\n2 200\r\n"`,
			"4 command RETR 1", `4 reply +OK 120 octets "Subject: x\r\n\r\n.dot\r\n"`, "5 command QUIT", "5 reply +OK bye"}},
	{"a list of one message is one line",
		[]string{"< +OK\r\n", "> LIST 1\r\nUIDL 1\r\nLIST\r\nUIDL\r\n", "< +OK 1 9\r\n-ERR no\r\n-ERR no\r\n+OK\r\n.\r\n"},
		[]string{"0 reply +OK", "1 command LIST 1", "2 command UIDL 1", "3 command LIST", "4 command UIDL", "1 reply +OK 1 9", "2 reply -ERR no", "3 reply -ERR no", "4 reply +OK"}},
	{"commands before the greeting",
		[]string{"> CAPA\r\nQUIT\r\n", "< +OK hi\r\n+OK\r\nTOP\r\n.\r\n+OK\r\n"},
		[]string{"1 command CAPA", "2 command QUIT", "0 reply +OK hi", `1 reply +OK "TOP\r\n"`, "2 reply +OK"}},
	{"a response code",
		[]string{"< +OK\r\n", "> PASS x\r\n", "< -ERR [IN-USE] locked\r\n"},
		[]string{"0 reply +OK", "1 command PASS x", "1 reply -ERR [IN-USE] locked code IN-USE"}},
	{"AUTH, step by step",
		[]string{"< +OK\r\n", "> auth LOGIN\r\n", "< + VXNlcg==\r\n", "> dQ==\r\n", "< + \r\n", "> cA==\r\n", "< +OK in\r\n", "> STAT\r\n", "< +OK 0 0\r\n"},
		[]string{"0 reply +OK", "1 command AUTH LOGIN", "1 reply + VXNlcg==", `2 content "dQ=="`, "2 reply +", `3 content "cA=="`, "3 reply +OK in", "4 command STAT", "4 reply +OK 0 0"}},
	{"AUTH without waiting",
		[]string{"< +OK\r\n", "> AUTH PLAIN\r\nAHUAcA==\r\nSTAT\r\n", "< + \r\n+OK in\r\n+OK 0 0\r\n"},
		[]string{"0 reply +OK", "1 command AUTH PLAIN", "1 reply +", `2 content "AHUAcA=="`, "2 reply +OK in", "3 command STAT", "3 reply +OK 0 0"}},
	{"AUTH refused",
		[]string{"< +OK\r\n", "> AUTH X\r\nSTAT\r\n", "< -ERR no\r\n-ERR log in\r\n"},
		[]string{"0 reply +OK", "1 command AUTH X", "1 reply -ERR no", "2 command STAT", "2 reply -ERR log in"}},
	{"the mechanisms that AUTH lists",
		[]string{"< +OK\r\n", "> AUTH\r\n", "< +OK\r\nPLAIN\r\n.\r\n"},
		[]string{"0 reply +OK", "1 command AUTH", `1 reply +OK "PLAIN\r\n"`}},
	{"a challenge that nobody asked for",
		[]string{"< +OK\r\n", "> STAT\r\n", "< + what\r\n"},
		[]string{"0 reply +OK", "1 command STAT", "1 reply + what; challenge that no AUTH asked for"}},
	{"a reply that nobody asked for",
		[]string{"< +OK\r\n", "< -ERR idle\r\n"},
		[]string{"0 reply +OK", "0 reply -ERR idle; reply to no command"}},
	{"STLS",
		[]string{"< +OK\r\n", "> STLS\r\n", "< +OK go\r\n", "= tls", "> CAPA\r\n", "< +OK\r\n.\r\n"},
		[]string{"0 reply +OK", "1 command STLS", "1 reply +OK go", "2 command CAPA", "2 reply +OK"}},
	{"plain text around STLS",
		[]string{"< +OK\r\n", "> STLS\r\nNOOP\r\n", "< +OK go\r\n+OK evil\r\n", "= tls", "> CAPA\r\n"},
		[]string{"0 reply +OK", "1 command STLS", "2 command NOOP; sent in plain text after STLS and before TLS began: a server that keeps it runs it inside TLS",
			"1 reply +OK go", "2 reply +OK evil; plain text after the server agreed to begin TLS", "3 command CAPA"}},
	{"TLS that was not decrypted",
		[]string{"< +OK\r\n", "> STLS\r\n", "< +OK\r\n", "> \x16\x03\x01", "< \x16\x03"},
		[]string{"0 reply +OK", "1 command STLS", "1 reply +OK", `0 raw "\x16\x03\x01"; a TLS handshake, not decrypted`, `0 raw "\x16\x03"`}},
	{"bare LF and small letters",
		[]string{"< +ok x\n", "> RETR 1\n", "< +OK\na\n.b\n.\n"},
		[]string{"0 reply +OK x; status is not in upper case; reply line ends in bare LF", "1 command RETR 1; command ends in bare LF",
			`1 reply +OK "a\nb\n"; reply line ends in bare LF; line of text ends in bare LF; line of text begins with a dot that is not doubled; line of text ends in bare LF; text is ended by a dot and a bare LF`}},
	{"a message that is cut",
		[]string{"< +OK\r\n", "> RETR 1\r\n", "< +OK\r\nab\r\n", "= eof server"},
		[]string{"0 reply +OK", "1 command RETR 1", `1 reply (cut) +OK "ab\r\n"`}},
	{"a server that speaks something else",
		[]string{"< +OKAY\r\n220 x\r\n+OK\r\n", "> \x00\r\n"},
		[]string{`0 raw "+OKAY\r\n220 x\r\n"; line begins with neither +OK nor -ERR`, "0 reply +OK", `0 raw "\x00\r\n"; line does not begin with a command`}},
}

func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, proto.Limits{}, prototest.Talk(c.talk...))
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestLimits(t *testing.T) {
	limits := proto.Limits{Line: 20, Head: 40, Body: 4}
	got := read(t, limits, prototest.Talk(
		"< +OK aaaaaaaaaaaaaaaaaaaaaaaa\r\n+OK\r\n", "> RETR aaaaaaaaaaaaaaaaaaaaaaaaa\r\nRETR 1\r\n", "< +OK\r\nabcdefgh\r\n.\r\n",
		"> AUTH A\r\n"+strings.Repeat("NOOP\r\n", 7)))
	want := []string{`0 raw "+OK "; line longer than 20 octets`, "0 reply +OK", `0 raw "RETR"; line longer than 20 octets`, "1 command RETR 1", `1 reply +OK "abcd"`,
		"2 command AUTH A", "3 command NOOP", "4 command NOOP", "5 command NOOP", "6 command NOOP", "7 command NOOP", "8 command NOOP", "9 command NOOP"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestState(t *testing.T) {
	p := New(proto.Limits{})
	for i, step := range []struct {
		line         string
		due, settled int
		ended        string
		partial      bool
	}{
		{"< +OK\r\n", 0, 0, "", false},
		{"> LIST\r\nRETR 1\r\n", 2, 0, "", false},
		{"< +OK\r\n1 2\r\n", 2, 0, "", true},
		{"< .\r\n", 1, 1, "line of one dot", false},
		{"< -ERR no\r\n", 0, 2, "-ERR line", false},
		{"> AUTH PLAIN\r\n", 1, 2, "-ERR line", false},
		{"< + \r\n", 0, 3, "+ line", false},
		{"> AA==\r\n", 1, 3, "+ line", false},
		{"= tls", 0, 3, "+ line", false},
	} {
		p.Feed(prototest.Talk(step.line)[0])
		s := p.State()
		if s.Due != step.due || s.Settled != step.settled || s.EndedBy != step.ended || !s.Framed || (s.Partial[1] != nil) != step.partial {
			t.Errorf("step %d, %q: Due %d, Settled %d, EndedBy %q, Framed %t, Partial %v; want %d, %d, %q, true, %t",
				i, step.line, s.Due, s.Settled, s.EndedBy, s.Framed, s.Partial[1], step.due, step.settled, step.ended, step.partial)
		}
	}
}

func TestCaptures(t *testing.T) {
	n := 0
	for _, c := range prototest.Captures(t) {
		if c.Proto != "pop3" {
			continue
		}
		n++
		for _, problem := range prototest.Problems(func() proto.Parser { return New(proto.Limits{}) }, c.Events) {
			t.Errorf("%s: %s", c, problem)
		}
	}
	if n == 0 {
		t.Error("no capture of POP3")
	}
}

func FuzzLaws(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Line: 64, Head: 200, Body: 100}) }, seeds...)
}
