package imap

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
// that is not complete, and literals between the lines that they part.
func describe(m proto.Message) string {
	var s strings.Builder
	s.WriteString(fmt.Sprintf("%d %s", m.Exchange, m.Kind))
	if !m.Complete {
		s.WriteString(" (cut)")
	}
	switch v := m.Value.(type) {
	case *Command:
		s.WriteString(" " + v.String())
	case *Response:
		for i, l := range v.Lines {
			if i > 0 {
				s.WriteString(" |")
			}
			s.WriteString(" " + string(l))
			if i < len(v.Literals) {
				from := min(v.Literals[i].From, int64(len(m.Body.Data)))
				to := min(from+v.Literals[i].Size, int64(len(m.Body.Data)))
				s.WriteString(fmt.Sprintf(" %q", m.Body.Data[from:to]))
			}
		}
	case *line.Content:
		s.WriteString(fmt.Sprintf(" %q", m.Body.Data))
		if v.Size > 0 {
			s.WriteString(fmt.Sprintf(" of %d", v.Size))
		}
	default:
		s.WriteString(fmt.Sprintf(" %q", m.Body.Data))
	}
	for _, n := range m.Notes {
		s.WriteString("; " + n.Text)
	}
	return s.String()
}

const hi = "< * OK hi\r\n"

var conversations = []struct {
	name string
	talk []string
	want []string
}{
	{"the example of RFC 9051, section 8",
		[]string{"< * OK IMAP4rev2 Service Ready\r\n", "> a001 login mrc secret\r\n", "< a001 OK LOGIN completed\r\n", "> a002 select inbox\r\n",
			"< * 18 EXISTS\r\n* FLAGS (\\Answered)\r\n* OK [UIDVALIDITY 3857529045] UIDs valid\r\na002 OK [READ-WRITE] SELECT completed\r\n",
			"> a004 fetch 12 body[header]\r\n", "< * 12 FETCH (BODY[HEADER] {14}\r\nSubject: x\r\n\r\n)\r\n", "< a004 OK FETCH completed\r\n",
			"> a006 logout\r\n", "< * BYE terminating\r\na006 OK LOGOUT completed\r\n"},
		[]string{"0 reply * OK IMAP4rev2 Service Ready", "1 command a001 LOGIN mrc secret", "1 reply a001 OK LOGIN completed", "2 command a002 SELECT inbox",
			"2 reply * 18 EXISTS", `2 reply * FLAGS (\Answered)`, "2 reply * OK [UIDVALIDITY 3857529045] UIDs valid", "2 reply a002 OK [READ-WRITE] SELECT completed",
			"3 command a004 FETCH 12 body[header]", `3 reply * 12 FETCH (BODY[HEADER] {14} "Subject: x\r\n\r\n" | )`, "3 reply a004 OK FETCH completed",
			"4 command a006 LOGOUT", "4 reply * BYE terminating", "4 reply a006 OK LOGOUT completed"}},
	{"commands, data and completion",
		[]string{hi, "> a1 uid fetch 1 flags\r\n", "< * 1 FETCH (FLAGS ())\r\na1 OK done\r\n"},
		[]string{"0 reply * OK hi", "1 command a1 UID FETCH 1 flags", "1 reply * 1 FETCH (FLAGS ())", "1 reply a1 OK done"}},
	{"commands that do not wait, completed out of order",
		[]string{hi, "> a NOOP\r\nb NOOP\r\nc LOGOUT\r\n", "< b OK\r\n* BYE\r\na NO x\r\nc BAD\r\n"},
		[]string{"0 reply * OK hi", "1 command a NOOP", "2 command b NOOP", "3 command c LOGOUT", "2 reply b OK", "1 reply * BYE", "1 reply a NO x", "3 reply c BAD"}},
	{"data between commands",
		[]string{"< * PREAUTH hi\r\n", "< * 3 EXISTS\r\n", "> a NOOP\r\n", "< a OK\r\n* 2 EXPUNGE\r\n"},
		[]string{"0 reply * PREAUTH hi", "0 push * 3 EXISTS", "1 command a NOOP", "1 reply a OK", "0 push * 2 EXPUNGE"}},
	{"literals of the server",
		[]string{hi, "> a FETCH 1:2 (BODY[1] BODY[2])\r\n", "< * 1 FETCH (BODY[1] {4}\r\na\r\n) BODY[2] ~{0}\r\n BODY[3] {1+}\r\nx)\r\na OK {3}\r\n"},
		[]string{"0 reply * OK hi", "1 command a FETCH 1:2 (BODY[1] BODY[2])",
			`1 reply * 1 FETCH (BODY[1] {4} "a\r\n)" |  BODY[2] ~{0} "" |  BODY[3] {1+} "x" | )`, "1 reply a OK {3}"}},
	{"the octets of a literal are no commands",
		[]string{hi, "> a APPEND x {8}\r\n", "< + go\r\n", "> b NOOP\r\n", "> \r\n", "< a OK\r\n"},
		[]string{"0 reply * OK hi", "1 command a APPEND x {8}", "1 reply + go", `2 content "b NOOP\r\n" of 8`, "2 command ", "2 reply a OK"}},
	{"literals that wait and those that do not",
		[]string{hi, "> a LOGIN {1}\r\n", "< + \r\n", "> u {1+}\r\np\r\nb NOOP\r\n", "< a OK\r\nb OK\r\n"},
		[]string{"0 reply * OK hi", "1 command a LOGIN {1}", "1 reply + ", `2 content "u" of 1`, "2 command  {1+}", `2 content "p" of 1`, "2 command ", "3 command b NOOP", "2 reply a OK", "3 reply b OK"}},
	{"a literal is refused",
		[]string{hi, "> a APPEND x {9}\r\nb NOOP\r\n", "< a NO [TOOBIG]\r\nb OK\r\n"},
		[]string{"0 reply * OK hi", "1 command a APPEND x {9}", "1 reply a NO [TOOBIG]", "2 command b NOOP", "2 reply b OK"}},
	{"IDLE",
		[]string{hi, "> a IDLE\r\n", "< * 1 RECENT\r\n+ idling\r\n", "< * 4 EXISTS\r\n", "> done\r\n", "< * 5 EXISTS\r\na OK\r\n"},
		[]string{"0 reply * OK hi", "1 command a IDLE", "1 reply * 1 RECENT", "1 reply + idling", "0 push * 4 EXISTS", "2 command DONE", "2 reply * 5 EXISTS", "2 reply a OK"}},
	{"something else than DONE",
		[]string{hi, "> a IDLE\r\n", "< + idling\r\n", "> b NOOP\r\n", "< b BAD\r\na BAD\r\n"},
		[]string{"0 reply * OK hi", "1 command a IDLE", "1 reply + idling", "2 command b NOOP; only DONE may be sent while the client idles", "2 reply b BAD", "1 reply a BAD"}},
	{"AUTHENTICATE",
		[]string{hi, "> a AUTHENTICATE LOGIN\r\n", "< + VXNlcg==\r\n", "> dQ==\r\n", "< + UGFzcw==\r\n", "> *\r\n", "< a BAD cancelled\r\n", "> b AUTHENTICATE PLAIN AHUAcA==\r\n", "< b OK\r\n", "> c NOOP\r\n"},
		[]string{"0 reply * OK hi", "1 command a AUTHENTICATE LOGIN", "1 reply + VXNlcg==", `2 content "dQ=="`, "2 reply + UGFzcw==", `3 content "*"`, "3 reply a BAD cancelled",
			"4 command b AUTHENTICATE PLAIN AHUAcA==", "4 reply b OK", "5 command c NOOP"}},
	{"a request to go on that nothing asked for",
		[]string{hi, "< + what\r\n", "> a NOOP\r\n", "< + what\r\na OK\r\nx OK\r\n"},
		[]string{"0 reply * OK hi", "0 reply + what; request to go on that no command waits for", "1 command a NOOP", "1 reply + what; request to go on that no command waits for", "1 reply a OK", "0 reply x OK; tag of no command that waits"}},
	{"STARTTLS",
		[]string{hi, "> a STARTTLS\r\n", "< a OK go\r\n", "= tls", "> b CAPABILITY\r\n", "< * CAPABILITY IMAP4rev1\r\nb OK\r\n"},
		[]string{"0 reply * OK hi", "1 command a STARTTLS", "1 reply a OK go", "2 command b CAPABILITY", "2 reply * CAPABILITY IMAP4rev1", "2 reply b OK"}},
	{"plain text around STARTTLS",
		[]string{hi, "> a STARTTLS\r\nb NOOP\r\n", "< a OK go\r\n* OK evil\r\n", "= tls", "> c NOOP\r\n"},
		[]string{"0 reply * OK hi", "1 command a STARTTLS", "2 command b NOOP; sent in plain text after STARTTLS and before TLS began: a server that keeps it runs it inside TLS",
			"1 reply a OK go", "2 reply * OK evil; plain text after the server agreed to begin TLS", "3 command c NOOP"}},
	{"TLS that was not decrypted",
		[]string{hi, "> a STARTTLS\r\n", "< a OK go\r\n", "> \x16\x03\x01", "< \x16\x03"},
		[]string{"0 reply * OK hi", "1 command a STARTTLS", "1 reply a OK go", `0 raw "\x16\x03\x01"; a TLS handshake, not decrypted`, `0 raw "\x16\x03"`}},
	{"compression",
		[]string{hi, "> a COMPRESS DEFLATE\r\nx", "< a OK\r\ny", "> z"},
		[]string{"0 reply * OK hi", "1 command a COMPRESS DEFLATE", "1 reply a OK; what follows is compressed and not read", `0 raw "x"`, `0 raw "y"`, `0 raw "z"`}},
	{"bare LF",
		[]string{"< * OK hi\n", "> a FETCH 1 body\n", "< * 1 FETCH (BODY {1}\nx)\na OK\n"},
		[]string{"0 reply * OK hi; response line ends in bare LF", "1 command a FETCH 1 body; command ends in bare LF",
			`1 reply * 1 FETCH (BODY {1} "x" | ); response line ends in bare LF; response line ends in bare LF`, "1 reply a OK; response line ends in bare LF"}},
	{"a literal that is cut",
		[]string{hi, "> a FETCH 1 body\r\n", "< * 1 FETCH (BODY {5}\r\nab", "= eof server", "> b APPEND x {4+}\r\nab", "= close"},
		[]string{"0 reply * OK hi", "1 command a FETCH 1 body", `1 reply (cut) * 1 FETCH (BODY {5} "ab"`, "2 command b APPEND x {4+}", `2 content (cut) "ab" of 4`}},
	{"lines that make no sense",
		[]string{"< hello\r\n* OK hi\r\n\r\n* \r\n", "> \r\n\x00\r\nDONE\r\n", "< * BAD x\r\n"},
		[]string{`0 raw "hello\r\n"; line is no response: it has no tag, * or + before what it says`, "0 reply * OK hi", `0 raw "\r\n* \r\n"; line is no response: it has no tag, * or + before what it says`,
			"1 command ; line has no tag and command", `0 raw "\x00\r\n"; line does not begin with a tag`, "2 command DONE ; line has no tag and command", "2 reply * BAD x"}},
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
	for _, c := range []struct {
		name string
		talk []string
		want []string
	}{
		{"long lines are raw up to their end",
			[]string{"< * OK aaaaaaaaaaaaaaaaaaaaaaa\r\n* OK\r\n", "> a NOOP aaaaaaaaaaaaaaaaaa\r\nb NOOP\r\n"},
			[]string{`0 raw "* OK"; line longer than 20 octets`, "0 reply * OK", `0 raw "a NO"; line longer than 20 octets`, "1 command b NOOP"}},
		{"the body is cut",
			[]string{hi, "> a FETCH 1\r\nb A {6+}\r\nabcdef\r\n", "< * 1 F {3}\r\nabc {3}\r\ndef\r\n"},
			[]string{"0 reply * OK hi", "1 command a FETCH 1", "2 command b A {6+}", `2 content "abcd" of 6`, "2 command ", `1 reply * 1 F {3} "abc" |  {3} "d" | `}},
		{"many literals",
			[]string{hi, "> a FETCH 1\r\n", "< * 1 F {0}\r\naaaaaaaa {0}\r\naaaaaaaa {0}\r\naaaaaaaa {0}\r\nb\r\na OK\r\n"},
			[]string{"0 reply * OK hi", "1 command a FETCH 1", `1 reply (cut) * 1 F {0} "" | aaaaaaaa {0} "" | aaaaaaaa {0} "" | aaaaaaaa {0}`,
				`0 raw "b\r\n"; line is no response: it has no tag, * or + before what it says`, "1 reply a OK"}},
		{"what is held for the server's word is bounded",
			[]string{hi, "> a A {3}\r\n" + strings.Repeat("abcdefg\r\n", 5), "< a NO\r\n"},
			[]string{"0 reply * OK hi", "1 command a A {3}", `1 content "abc" of 3`, "1 command defg", "2 command abcdefg ; line has no tag and command", "3 command abcdefg ; line has no tag and command",
				"4 command abcdefg ; line has no tag and command", "5 command abcdefg ; line has no tag and command", "1 reply a NO"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, limits, prototest.Talk(c.talk...))
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestState(t *testing.T) {
	p := New(proto.Limits{})
	for i, step := range []struct {
		line         string
		due, settled int
		size, got    int64 // of the client's literal in progress
	}{
		{hi, 0, 0, 0, 0},
		{"> a NOOP\r\nb NOOP\r\n", 2, 0, 0, 0},
		{"< b OK\r\n", 1, 1, 0, 0},
		{"< * 1 EXISTS\r\na OK\r\n", 0, 2, 0, 0},
		{"> c APPEND x {5}\r\n", 1, 2, 0, 0},
		{"< + go\r\n", 0, 3, 5, 0},
		{"> abc", 0, 3, 5, 3},
		{"> de", 0, 3, 0, 0},
		{"> \r\n", 1, 3, 0, 0},
		{"< c OK\r\n", 0, 4, 0, 0},
		{"> d IDLE\r\n", 1, 4, 0, 0},
		{"< + x\r\n* 2 EXISTS\r\n", 0, 5, 0, 0},
		{"> DONE\r\n", 1, 5, 0, 0},
		{"< d OK\r\n", 0, 6, 0, 0},
		{"> e AUTHENTICATE PLAIN\r\n", 1, 6, 0, 0},
		{"< + \r\n", 0, 7, 0, 0},
		{"> AA==\r\n", 1, 7, 0, 0},
		{"= tls", 0, 7, 0, 0},
	} {
		p.Feed(prototest.Talk(step.line)[0])
		s := p.State()
		var size, got int64
		if m := s.Partial[0]; m != nil {
			size, got = m.Value.(*line.Content).Size, m.Body.Size
		}
		if s.Due != step.due || s.Settled != step.settled || !s.Framed || size != step.size || got != step.got {
			t.Errorf("step %d, %q: Due %d, Settled %d, Framed %t, %d of %d octets; want %d, %d, true, %d of %d",
				i, step.line, s.Due, s.Settled, s.Framed, got, size, step.due, step.settled, step.got, step.size)
		}
	}
}

func TestResponses(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"* 18 EXISTS", "* EXISTS 18"},
		{"* capability IMAP4rev1", `* CAPABILITY -1 "IMAP4rev1"`},
		{"* OK [UIDNEXT 4392] Predicted", `* OK -1 [UIDNEXT 4392] "[UIDNEXT 4392] Predicted"`},
		{"* 12 FETCH (FLAGS ())", `* FETCH 12 "(FLAGS ())"`},
		{"a1 no refused", `a1 NO -1 "refused"`},
		{"a1 OK", "a1 OK -1"},
		{"+ idling", `+  -1 "idling"`},
		{"+", "+  -1"},
		{"* BYE", "* BYE -1"},
		{"a BYE", "none"}, {"* ", "none"}, {"", "none"}, {"x", "none"}, {" OK", "none"}, {"hello world", "none"},
	} {
		got := "none"
		if r := readResponse([]byte(tt.in)); r != nil {
			got = fmt.Sprintf("%s %s%s %d", r.Tag, r.Status, r.Name, r.Number)
			if r.Code != "" {
				got += " [" + r.Code + "]"
			}
			if len(r.Text) > 0 {
				got += fmt.Sprintf(" %q", r.Text)
			}
		}
		if got != tt.want {
			t.Errorf("%q: %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestCaptures(t *testing.T) {
	n := 0
	for _, c := range prototest.Captures(t) {
		if c.Proto != "imap" {
			continue
		}
		n++
		for _, problem := range prototest.Problems(func() proto.Parser { return New(proto.Limits{}) }, c.Events) {
			t.Errorf("%s: %s", c, problem)
		}
	}
	if n == 0 {
		t.Error("no capture of IMAP")
	}
}

func FuzzLaws(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Line: 64, Head: 200, Body: 100}) }, seeds...)
}

// The transcripts of the RFCs read without a raw octet. What a tag is missing to is
// in the transcripts themselves: some begin in the middle.
func TestTranscripts(t *testing.T) {
	type transcript struct {
		ID    string
		Lines []string
	}
	for _, row := range prototest.Rows[transcript](t, "imap_rfc_transcripts.jsonl") {
		var talk []string
		for _, l := range row.Lines {
			who, text, _ := strings.Cut(l, " ")
			if who == "C:" {
				talk = append(talk, "> "+text+"\r\n")
			} else {
				talk = append(talk, "< "+text+"\r\n")
				if strings.HasSuffix(text, "Begin TLS negotiation now") {
					talk = append(talk, "= tls")
				}
			}
		}
		begun := map[string]bool{} // tags
		for i, got := range read(t, proto.Limits{}, prototest.Talk(talk...)) {
			_, text, _ := strings.Cut(row.Lines[min(i, len(row.Lines)-1)], " ")
			tag, _, _ := strings.Cut(text, " ")
			kind := strings.Fields(got)[1]
			if strings.HasPrefix(row.Lines[i], "C:") {
				begun[tag] = true
			}
			want := "reply"
			switch {
			case strings.HasPrefix(row.Lines[i], "C:"):
				want = "command"
			case tag == "*" && strings.HasPrefix(got, "0 ") && kind == "push":
				want = "push"
			}
			if kind != want || i >= len(row.Lines) {
				t.Errorf("%s, line %d, %q: read as %s", row.ID, i+1, row.Lines[i], got)
			}
			if strings.Count(got, ";") > strings.Count(text, ";") && (begun[tag] || tag != "+" && !strings.Contains(got, "tag of no command")) {
				t.Errorf("%s, line %d: %s", row.ID, i+1, got)
			}
		}
	}
}
