package line

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// read returns what a parser makes of events, a line a Message, after it has
// checked the laws.
func read(t *testing.T, name string, limits proto.Limits, events []wire.Event) []string {
	t.Helper()
	prototest.Check(t, func() proto.Parser { return New(limits, name) }, events)
	p := New(limits, name)
	var got []string
	take := func(msgs []proto.Message) {
		for _, m := range msgs {
			got = append(got, describe(m))
		}
	}
	for _, e := range events {
		take(p.Feed(e))
	}
	take(p.Close())
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
	case *Command:
		s.WriteString(" " + v.String())
	case *Reply:
		s.WriteString(fmt.Sprintf(" %d %q", v.Code, v.Lines))
		if v.Enhanced != "" {
			s.WriteString(" " + v.Enhanced)
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
	name  string
	proto string
	talk  []string
	want  []string
}{
	{"greeting, command, reply", "smtp",
		[]string{"< 220 mail.test ESMTP\r\n", "> ehlo me\r\n", "< 250-mail.test\r\n250-PIPELINING\r\n250 HELP\r\n", "> QUIT\r\n", "< 221 \r\n"},
		[]string{`0 reply 220 ["mail.test ESMTP"]`, `1 command EHLO me`, `1 reply 250 ["mail.test" "PIPELINING" "HELP"]`, `2 command QUIT`, `2 reply 221 [""]`}},
	{"replies of a group of commands", "smtp",
		[]string{"< 220 x\r\n", "> RSET\r\nMAIL FROM:<>\r\nRCPT TO:<a b>\r\n", "< 250 a\r\n250 b\r\n550 c\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command RSET`, `2 command MAIL FROM:<>`, `3 command RCPT TO:<a b>`, `1 reply 250 ["a"]`, `2 reply 250 ["b"]`, `3 reply 550 ["c"]`}},
	{"commands before the greeting", "smtp",
		[]string{"> EHLO me\r\nQUIT\r\n", "< 220 x\r\n250 y\r\n221 z\r\n"},
		[]string{`1 command EHLO me`, `2 command QUIT`, `0 reply 220 ["x"]`, `1 reply 250 ["y"]`, `2 reply 221 ["z"]`}},
	{"a recording that begins after the greeting", "smtp",
		[]string{"> NOOP\r\n", "< 250 y\r\n"},
		[]string{`1 command NOOP`, `1 reply 250 ["y"]`}},
	{"a reply that nobody asked for", "smtp",
		[]string{"< 220 x\r\n", "< 421 timeout\r\n"},
		[]string{`0 reply 220 ["x"]`, `0 reply 421 ["timeout"]; reply to no command`}},
	{"codes within a reply differ", "smtp",
		[]string{"< 220-x\r\n221 y\r\n"},
		[]string{`0 reply 221 ["x" "y"]; code 221 within a reply that began with 220`}},
	{"a line without a code within a reply", "smtp",
		[]string{"< 220-x\r\nhello\r\n220 y\r\n"},
		[]string{`0 reply 220 ["x" "hello" "y"]; line within a reply does not begin with its code`}},
	{"bare LF on both sides", "smtp",
		[]string{"< 220 x\n", "> NOOP\n", "< 250-a\n250 b\r\n"},
		[]string{`0 reply 220 ["x"]; reply line ends in bare LF`, `1 command NOOP; command ends in bare LF`, `1 reply 250 ["a" "b"]; reply line ends in bare LF`}},
	{"an empty command is a command", "smtp",
		[]string{"< 220 x\r\n", "> \r\n", "< 500 what\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command `, `1 reply 500 ["what"]`}},
	{"a server that does not speak in replies", "smtp",
		[]string{"< hello\r\n", "> QUIT\r\n", "< 2210 bye\r\n221 bye\r\n"},
		[]string{`0 raw "hello\r\n"; line does not begin with a three-digit code`, `1 command QUIT`, `0 raw "2210 bye\r\n"; line does not begin with a three-digit code`, `1 reply 221 ["bye"]`}},

	{"FTP: lines within a reply are free", "ftp",
		[]string{"< 220-hi\r\n 220 no\r\n221 no\r\n220-no\r\n220 yes\r\n"},
		[]string{`0 reply 220 ["hi" " 220 no" "221 no" "no" "yes"]`}},
	{"FTP: a preliminary reply comes before the final one", "ftp",
		[]string{"< 220 x\r\n", "> RETR a\r\n", "< 150 opening\r\n", "< 226 done\r\n", "> NOOP\r\n", "< 200 ok\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command RETR a`, `1 reply 150 ["opening"]`, `1 reply 226 ["done"]`, `2 command NOOP`, `2 reply 200 ["ok"]`}},
	{"FTP: not ready yet", "ftp",
		[]string{"< 120 in 5 minutes\r\n", "< 220 x\r\n", "> NOOP\r\n", "< 200 ok\r\n"},
		[]string{`0 reply 120 ["in 5 minutes"]`, `0 reply 220 ["x"]`, `1 command NOOP`, `1 reply 200 ["ok"]`}},
	{"FTP: Telnet commands before ABOR", "ftp",
		[]string{"< 220 x\r\n", "> \xff\xf4\xff\xf2ABOR\r\n", "< 226 done\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command ABOR`, `1 reply 226 ["done"]`}},

	{"content", "smtp",
		[]string{"< 220 x\r\n", "> DATA\r\n", "< 354 go\r\n", "> Subject: x\r\n\r\n..stuffed\r\n.x\r\n.\r\nQUIT\r\n", "< 250 kept\r\n221 bye\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command DATA`, `1 reply 354 ["go"]`, `2 content "Subject: x\r\n\r\n..stuffed\r\n.x\r\n"`, `3 command QUIT`, `2 reply 250 ["kept"]`, `3 reply 221 ["bye"]`}},
	{"no content", "smtp",
		[]string{"> DATA\r\n", "< 354 go\r\n", "> .\r\n", "< 250 kept\r\n"},
		[]string{`1 command DATA`, `1 reply 354 ["go"]`, `2 content ""`, `2 reply 250 ["kept"]`}},
	{"content sent ahead is held for the reply", "smtp",
		[]string{"< 220 x\r\n", "> DATA\r\nhi\r\n.\r\nQUIT\r\n", "< 354 go\r\n250 kept\r\n221 bye\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command DATA`, `1 reply 354 ["go"]`, `2 content "hi\r\n"`, `3 command QUIT`, `2 reply 250 ["kept"]`, `3 reply 221 ["bye"]`}},
	{"DATA refused: what was sent ahead is commands", "smtp",
		[]string{"< 220 x\r\n", "> DATA\r\nhi\r\n.\r\n", "< 503 no\r\n500 a\r\n500 b\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command DATA`, `1 reply 503 ["no"]`, `2 command HI`, `3 command .`, `2 reply 500 ["a"]`, `3 reply 500 ["b"]`}},
	{"content all in bare LF", "smtp",
		[]string{"> DATA\n", "< 354 go\r\n", "> hi\n.\nQUIT\n", "< 250 kept\r\n"},
		[]string{`1 command DATA; command ends in bare LF`, `1 reply 354 ["go"]`, `2 content "hi\n"; line of content ends in bare LF; content is ended by a dot and a bare LF`, `3 command QUIT; command ends in bare LF`, `2 reply 250 ["kept"]`}},
	{"a dot beside a bare LF, and the client goes on", "smtp",
		[]string{"> DATA\r\n", "< 354 go\r\n", "> hi\r\n\n.\r\nMAIL\r\n.\r\n", "< 250 kept\r\n"},
		[]string{`1 command DATA`, `1 reply 354 ["go"]`, `2 content "hi\r\n\n.\r\nMAIL\r\n"; line of content ends in bare LF; line of one dot beside a bare LF does not end the content here; other servers may end it`, `2 reply 250 ["kept"]`}},
	{"a dot beside a bare LF, and the server replies", "smtp",
		[]string{"> DATA\r\n", "< 354 go\r\n", "> hi\r\n.\n", "< 250 kept\r\n", "> QUIT\r\n"},
		[]string{`1 command DATA`, `1 reply 354 ["go"]`, `2 content "hi\r\n"; line of one dot beside a bare LF was taken for the end of the content`, `2 reply 250 ["kept"]`, `3 command QUIT`}},
	{"the server replies in the middle of content", "smtp",
		[]string{"> DATA\r\n", "< 354 go\r\n", "> hi\r\n", "< 552 too much\r\n", "> more\r\n.\r\nQUIT\r\n", "< 221 bye\r\n"},
		[]string{`1 command DATA`, `1 reply 354 ["go"]`, `2 reply 552 ["too much"]`, `2 content "hi\r\nmore\r\n"`, `3 command QUIT`, `3 reply 221 ["bye"]`}},
	{"content cut off", "smtp",
		[]string{"> DATA\r\n", "< 354 go\r\n", "> hi\r\n.", "= eof client"},
		[]string{`1 command DATA`, `1 reply 354 ["go"]`, `2 content (cut) "hi\r\n."`}},
	{"BDAT", "smtp",
		[]string{"> BDAT 5\r\na\r\n\r\nBDAT 1 LAST\r\nx", "< 250 a\r\n250 b\r\n"},
		[]string{`1 command BDAT 5`, `1 content "a\r\n\r\n"`, `2 command BDAT 1 LAST`, `2 content "x"`, `1 reply 250 ["a"]`, `2 reply 250 ["b"]`}},
	{"LMTP answers for each recipient", "smtp",
		[]string{"< 220 x\r\n", "> LHLO me\r\n", "< 250 x\r\n", "> MAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\nRCPT TO:<c>\r\nDATA\r\n", "< 250 x\r\n250 a\r\n550 b\r\n250 c\r\n354 go\r\n", "> .\r\nQUIT\r\n", "< 250 a\r\n450 c\r\n221 bye\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command LHLO me`, `1 reply 250 ["x"]`, `2 command MAIL FROM:<>`, `3 command RCPT TO:<a>`, `4 command RCPT TO:<b>`, `5 command RCPT TO:<c>`, `6 command DATA`,
			`2 reply 250 ["x"]`, `3 reply 250 ["a"]`, `4 reply 550 ["b"]`, `5 reply 250 ["c"]`, `6 reply 354 ["go"]`, `7 content ""`, `8 command QUIT`, `7 reply 250 ["a"]`, `7 reply 450 ["c"]`, `8 reply 221 ["bye"]`}},
	{"AUTH asks back", "smtp",
		[]string{"> AUTH LOGIN\r\n", "< 334 VXNlcg==\r\n", "> bWU=\r\n", "< 334 UGFzcw==\r\n", "> c2Vj\r\n", "< 235 in\r\n", "> NOOP\r\n"},
		[]string{`1 command AUTH LOGIN`, `1 reply 334 ["VXNlcg=="]`, `2 content "bWU="`, `2 reply 334 ["UGFzcw=="]`, `3 content "c2Vj"`, `3 reply 235 ["in"]`, `4 command NOOP`}},
	{"an article", "line",
		[]string{"< 200 x\r\n", "> POST\r\n", "< 340 go\r\n", "> hi\r\n.\r\n", "< 240 kept\r\n"},
		[]string{`0 reply 200 ["x"]`, `1 command POST`, `1 reply 340 ["go"]`, `2 content "hi\r\n"`, `2 reply 240 ["kept"]`}},

	{"enhanced status codes", "smtp",
		[]string{"> RSET\r\nVRFY x\r\nNOOP\r\n", "< 250-2.0.0 a\r\n250 2.1.5 b\r\n550 2.1.1 c\r\n250 2.0.1234 d\r\n"},
		[]string{`1 command RSET`, `2 command VRFY x`, `3 command NOOP`, `1 reply 250 ["2.0.0 a" "2.1.5 b"] 2.0.0`,
			`2 reply 550 ["2.1.1 c"] 2.1.1; code 550 with the enhanced status code 2.1.1, of another class`, `3 reply 250 ["2.0.1234 d"]`}},
	{"BDAT", "smtp",
		[]string{"> BDAT 4\r\na\r\n.BDAT 2 LAST\r\n\r\n", "< 250 one\r\n250 two\r\n"},
		[]string{`1 command BDAT 4`, `1 content "a\r\n."`, `2 command BDAT 2 LAST`, `2 content "\r\n"`, `1 reply 250 ["one"]`, `2 reply 250 ["two"]`}},
	{"LMTP: a reply for each recipient", "smtp",
		[]string{"> LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\nRCPT TO:<c>\r\nDATA\r\n",
			"< 250 x\r\n250 y\r\n250 a\r\n550 b\r\n250 c\r\n354 go\r\n", "> t\r\n.\r\nQUIT\r\n", "< 250 a\r\n452 c\r\n221 bye\r\n"},
		[]string{`1 command LHLO x`, `2 command MAIL FROM:<>`, `3 command RCPT TO:<a>`, `4 command RCPT TO:<b>`, `5 command RCPT TO:<c>`, `6 command DATA`,
			`1 reply 250 ["x"]`, `2 reply 250 ["y"]`, `3 reply 250 ["a"]`, `4 reply 550 ["b"]`, `5 reply 250 ["c"]`, `6 reply 354 ["go"]`,
			`7 content "t\r\n"`, `8 command QUIT`, `7 reply 250 ["a"]`, `7 reply 452 ["c"]`, `8 reply 221 ["bye"]`}},

	{"NNTP: text by the code", "nntp",
		[]string{"< 200 hi\r\n", "> GROUP a\r\nLISTGROUP a\r\nARTICLE 1\r\nSTAT 1\r\n", "< 211 1 1 1 a\r\n211 1 1 1 a\r\n1\r\n.\r\n220 1 <x>\r\nS: t\r\n\r\n..dot\r\n.\r\n223 1 <x>\r\n"},
		[]string{`0 reply 200 ["hi"]`, `1 command GROUP a`, `2 command LISTGROUP a`, `3 command ARTICLE 1`, `4 command STAT 1`,
			`1 reply 211 ["1 1 1 a"]`, `2 reply 211 ["1 1 1 a"] "1\r\n"`, `3 reply 220 ["1 <x>"] "S: t\r\n\r\n.dot\r\n"`, `4 reply 223 ["1 <x>"]`}},
	{"NNTP: help is no preliminary reply", "nntp",
		[]string{"< 201 hi\r\n", "> HELP\r\nCAPABILITIES\r\nQUIT\r\n", "< 100 help\r\n.\r\n101 list\nVERSION 2\n.\n205 bye\r\n"},
		[]string{`0 reply 201 ["hi"]`, `1 command HELP`, `2 command CAPABILITIES`, `3 command QUIT`, `1 reply 100 ["help"]`,
			`2 reply 101 ["list"] "VERSION 2\n"; reply line ends in bare LF; line of text ends in bare LF; text is ended by a dot and a bare LF`, `3 reply 205 ["bye"]`}},
	{"NNTP: text that is cut", "nntp",
		[]string{"< 200 x\r\n", "> BODY\r\n", "< 222 1\r\nab\r\n.x\r\n.\r", "= eof server"},
		[]string{`0 reply 200 ["x"]`, `1 command BODY`, `1 reply (cut) 222 ["1"] "ab\r\nx\r\n.\r"; line of text begins with a dot that is not doubled`}},
	{"NNTP: SASL", "nntp",
		[]string{"< 200 x\r\n", "> AUTHINFO SASL LOGIN\r\n", "< 383 =\r\n", "> YQ==\r\n", "< 281 in\r\n", "> STARTTLS\r\n", "< 382 go\r\n", "= tls", "> HELP\r\n"},
		[]string{`0 reply 200 ["x"]`, `1 command AUTHINFO SASL LOGIN`, `1 reply 383 ["="]`, `2 content "YQ=="`, `2 reply 281 ["in"]`, `3 command STARTTLS`, `3 reply 382 ["go"]`, `4 command HELP`}},

	{"STARTTLS", "smtp",
		[]string{"< 220 x\r\n", "> STARTTLS\r\n", "< 220 go\r\n", "= tls", "> EHLO me\r\n", "< 250 ok\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command STARTTLS`, `1 reply 220 ["go"]`, `2 command EHLO me`, `2 reply 250 ["ok"]`}},
	{"commands behind STARTTLS", "smtp",
		[]string{"< 220 x\r\n", "> STARTTLS\r\nRSET\r\n", "< 220 go\r\n", "= tls", "> EHLO me\r\n", "< 250 ok\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command STARTTLS`, `2 command RSET; sent in plain text after STARTTLS and before TLS began: a server that keeps it runs it inside TLS`, `1 reply 220 ["go"]`, `3 command EHLO me`, `3 reply 250 ["ok"]`}},
	{"a reply behind that to STARTTLS", "smtp",
		[]string{"< 220 x\r\n", "> STARTTLS\r\n", "< 220 go\r\n250 evil\r\n", "= tls"},
		[]string{`0 reply 220 ["x"]`, `1 command STARTTLS`, `1 reply 220 ["go"]`, `0 reply 250 ["evil"]; plain text after the server agreed to begin TLS; reply to no command`}},
	{"STARTTLS refused", "smtp",
		[]string{"< 220 x\r\n", "> STARTTLS\r\n", "< 454 no\r\n", "> QUIT\r\n", "< 221 bye\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command STARTTLS`, `1 reply 454 ["no"]`, `2 command QUIT`, `2 reply 221 ["bye"]`}},
	{"TLS that was not decrypted", "ftp",
		[]string{"< 220 x\r\n", "> AUTH TLS\r\n", "< 234 go\r\n", "> \x16\x03\x01\n250 \n", "< \x16\x03\x03\n250 x\r\n", "> \x17\r\n"},
		[]string{`0 reply 220 ["x"]`, `1 command AUTH TLS`, `1 reply 234 ["go"]`, `0 raw "\x16\x03\x01\n250 \n"; a TLS handshake, not decrypted`, `0 raw "\x16\x03\x03\n250 x\r\n"`, `0 raw "\x17\r\n"`}},

	{"binary on the client's side", "smtp",
		[]string{"> \x00\x01\r\nNOOP\r\n\x02", "< 250 x\r\n", "> y\nNOOP\r\n"},
		[]string{`0 raw "\x00\x01\r\n"; line does not begin with a command`, `1 command NOOP`, `1 reply 250 ["x"]`, `0 raw "\x02"; line does not begin with a command`, `0 raw "y\n"`, `2 command NOOP`}},
	{"octets are missing", "smtp",
		[]string{"< 220-x\r\n22", "= gap server 9", "< 220 y\r\n"},
		[]string{`0 reply (cut) 220 ["x"]`, `0 raw "22"; line is not complete`, `0 gap ""`, `0 reply 220 ["y"]`}},
	{"the end within a line", "smtp",
		[]string{"< 220 x\r\n250 ", "= eof server", "> NOO", "= close"},
		[]string{`0 reply 220 ["x"]`, `0 raw "250 "; line is not complete`, `0 raw "NOO"; line is not complete`}},
}

func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, c.proto, proto.Limits{}, prototest.Talk(c.talk...))
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
			[]string{"< 220 aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n220 x\r\n", "> NOOP aaaaaaaaaaaaaaaaaaaaaaaaaa\r\nQUIT\r\n"},
			[]string{`0 raw "220 "; line longer than 20 octets`, `0 reply 220 ["x"]`, `0 raw "NOOP"; line longer than 20 octets`, `1 command QUIT`}},
		{"a long reply is cut, and its last line counts",
			[]string{"> EHLO\r\n", "< 250-aaaaaaaa\r\n250-bbbbbbbb\r\n250-cccccccc\r\n250 d\r\n", "> NOOP\r\n", "< 250 e\r\n"},
			[]string{`1 command EHLO`, `1 reply (cut) 250 ["aaaaaaaa" "bbbbbbbb" "cccccccc"]`, `1 reply 250 ["d"]`, `2 command NOOP`, `2 reply 250 ["e"]`}},
		{"a body is cut",
			[]string{"> DATA\r\n", "< 354 go\r\n", "> abcdefgh\r\n.\r\n"},
			[]string{`1 command DATA`, `1 reply 354 ["go"]`, `2 content "abcd"`}},
		{"what is held for a reply is bounded",
			[]string{"> DATA\r\n" + strings.Repeat("aaaaaaaa\r\n", 5) + ".\r\nNOOP\r\n", "< 354 go\r\n250 kept\r\n250 ok\r\n"},
			[]string{`1 command DATA`, `2 content "aaaa"; content sent before the server asked for it`, `3 command NOOP`, `1 reply 354 ["go"]`, `2 reply 250 ["kept"]`, `3 reply 250 ["ok"]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, "smtp", limits, prototest.Talk(c.talk...))
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestNotesAreBounded(t *testing.T) {
	for name, talk := range map[string][]string{
		"content": {"> DATA\r\n", "< 354 go\r\n", "> a\r\n" + strings.Repeat(".\n", 1000) + "x\r\n.\r\n"},
		"reply":   {"> EHLO\r\n", "< " + strings.Repeat("250-x\n", 1000) + "250 x\n"},
	} {
		events := prototest.Talk(talk...)
		prototest.Check(t, func() proto.Parser { return New(proto.Limits{}, "smtp") }, events)
		p := New(proto.Limits{}, "smtp")
		var last proto.Message
		for _, e := range events {
			for _, last = range p.Feed(e) {
			}
		}
		if n := len(last.Notes); n != 65 || last.Notes[n-1].Text != "further deviations are not listed" {
			t.Errorf("%s: %d notes, the last is %v, want 64 and one that says there are more", name, n, last.Notes[n-1])
		}
	}
}

func TestState(t *testing.T) {
	p := New(proto.Limits{}, "smtp")
	for i, step := range []struct {
		line         string
		due, settled int
		ended        string
	}{
		{"< 220 x\r\n", 0, 0, ""},
		{"> EHLO me\r\n", 1, 0, ""},
		{"< 250-x\r\n", 1, 0, ""},
		{"< 250 y\r\n", 0, 1, "250 final line"},
		{"> RSET\r\nDATA\r\n", 2, 1, "250 final line"},
		{"< 250 y\r\n354 go\r\n", 0, 3, "354 final line"},
		{"> text\r\n", 0, 3, "354 final line"},
		{"> .\r\n", 1, 3, "354 final line"},
		{"< 250 kept\r\n", 0, 4, "250 final line"},
		{"= tls", 0, 4, "250 final line"},
	} {
		p.Feed(prototest.Talk(step.line)[0])
		s := p.State()
		if s.Due != step.due || s.Settled != step.settled || s.EndedBy != step.ended || !s.Framed {
			t.Errorf("step %d, %q: Due %d, Settled %d, EndedBy %q, Framed %t, want %d, %d, %q, true",
				i, step.line, s.Due, s.Settled, s.EndedBy, s.Framed, step.due, step.settled, step.ended)
		}
	}
	p.Feed(prototest.Talk("< 250-a\r\n25")[0])
	if m := p.State().Partial[1]; m == nil || string(m.Head) != "250-a\r\n25" {
		t.Errorf("Partial of the server = %v, want what came of its reply", m)
	}
}

func TestStateCountsWhatBDATAnnounced(t *testing.T) {
	p := New(proto.Limits{}, "smtp")
	for _, step := range []struct {
		line      string
		size, got int64 // 0, 0 for nothing in progress
		due       int
	}{
		{"> BDAT 5 LAST\r\n", 5, 0, 0},
		{"> abc", 5, 3, 0},
		{"> de", 0, 0, 1},
		{"< 250 kept\r\n", 0, 0, 0},
	} {
		p.Feed(prototest.Talk(step.line)[0])
		s := p.State()
		var size, got int64
		if m := s.Partial[0]; m != nil {
			size, got = m.Value.(*Content).Size, m.Body.Size
		}
		if size != step.size || got != step.got || s.Due != step.due {
			t.Errorf("after %q: %d of %d octets, %d due, want %d of %d, %d", step.line, got, size, s.Due, step.got, step.size, step.due)
		}
	}
}

func FuzzLaws(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	for _, s := range prototest.Seeds(f, "smtp.txt.gz") {
		seeds = append(seeds, prototest.Talk("> EHLO me\r\nDATA\r\n", "< "+string(s)), prototest.Talk("< 220 x\r\n", "> "+string(s)))
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Line: 64, Head: 200, Body: 100}, "smtp") }, seeds...)
}

func FuzzLawsOfNNTP(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		if c.proto == "nntp" {
			seeds = append(seeds, prototest.Talk(c.talk...))
		}
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Line: 64, Head: 200, Body: 100}, "nntp") }, seeds...)
}
