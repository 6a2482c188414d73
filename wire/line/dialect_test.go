package line

import (
	"slices"
	"strings"
	"testing"

	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// TestNotesCiteTheirProtocol holds that the same deviation is judged by the
// standard of the protocol that it stands in, and by none where there is no
// standard to go by.
func TestNotesCiteTheirProtocol(t *testing.T) {
	long := strings.Repeat("a", 600)
	for _, c := range []struct {
		what, name string
		talk       []string
		want       []string // "rule text" of each Note
	}{
		{"bare LF", "smtp", []string{"< 220 x\n", "> NOOP\n"}, []string{"RFC 5321 2.3.8 reply line ends in bare LF", "RFC 5321 2.3.8 command ends in bare LF"}},
		{"bare LF", "ftp", []string{"< 220 x\n", "> NOOP\n"}, []string{"RFC 959 4.2 reply line ends in bare LF", "RFC 959 5.3 command ends in bare LF"}},
		{"bare LF", "nntp", []string{"< 200 x\n", "> HELP\n"}, []string{"RFC 3977 3.1 reply line ends in bare LF", "RFC 3977 3.1 command ends in bare LF"}},
		{"bare LF", "line", []string{"< 220 x\n", "> NOOP\n"}, []string{" reply line ends in bare LF", " command ends in bare LF"}},

		{"no code", "smtp", []string{"< hello\r\n"}, []string{"RFC 5321 4.2 line does not begin with a three-digit code"}},
		{"no code", "ftp", []string{"< hello\r\n"}, []string{"RFC 959 4.2 line does not begin with a three-digit code"}},
		{"no code", "nntp", []string{"< hello\r\n"}, []string{"RFC 3977 3.2 line does not begin with a three-digit code"}},

		{"length", "smtp", []string{"< 220 " + long + "\r\n", "> X " + long + "\r\n"}, []string{"RFC 5321 4.5.3.1.5 reply line longer than 512 octets", "RFC 5321 4.5.3.1.4 command line longer than 512 octets"}},
		{"length", "nntp", []string{"< 200 " + long + "\r\n", "> X " + long + "\r\n"}, []string{"RFC 3977 3.1 reply line longer than 512 octets", "RFC 3977 3.1 command line longer than 512 octets"}},
		{"length", "ftp", []string{"< 220 " + long + "\r\n", "> X " + long + "\r\n"}, nil},
		{"length of who logs in", "smtp", []string{"> AUTH X " + long + "\r\n"}, nil},
		{"length of who logs in", "nntp", []string{"> AUTHINFO SASL X " + long + "\r\n"}, nil},

		{"TLS", "smtp", []string{"< 220 x\r\n", "> STARTTLS\r\nNOOP\r\n"}, []string{"RFC 3207 4.2 sent in plain text after STARTTLS and before TLS began: a server that keeps it runs it inside TLS"}},
		{"TLS", "nntp", []string{"< 200 x\r\n", "> STARTTLS\r\nHELP\r\n"}, []string{"RFC 4642 2.2 sent in plain text after STARTTLS and before TLS began: a server that keeps it runs it inside TLS"}},
		{"TLS", "ftp", []string{"< 220 x\r\n", "> AUTH SSL\r\nUSER a\r\n"}, []string{"RFC 4217 4 sent in plain text after AUTH SSL and before TLS began: a server that keeps it runs it inside TLS"}},
		{"TLS", "ftp", []string{"< 220 x\r\n", "> AUTH GSSAPI\r\nUSER a\r\n"}, nil},
		{"TLS", "ftp", []string{"< 220 x\r\n", "> AUTH TLS\r\n", "< 234 go\r\n230 in\r\n"}, []string{"RFC 4217 4 plain text after the server agreed to begin TLS", " reply to no command"}},
		{"TLS", "nntp", []string{"< 200 x\r\n", "> STARTTLS\r\n", "< 382 go\r\n200 in\r\n"}, []string{"RFC 4642 2.2 plain text after the server agreed to begin TLS", " reply to no command"}},

		{"content", "smtp", []string{"> DATA\r\n", "< 354 go\r\n", "> a\n" + strings.Repeat("b", 1000) + "\n.\n"},
			[]string{"RFC 5321 2.3.8 line of content ends in bare LF", "RFC 5321 4.5.3.1.6 line of content longer than 1000 octets", "RFC 5321 4.1.1.4 content is ended by a dot and a bare LF"}},
		{"content", "nntp", []string{"> POST\r\n", "< 340 go\r\n", "> a\n" + strings.Repeat("b", 1000) + "\n.\n"},
			[]string{"RFC 3977 3.1.1 line of content ends in bare LF", "RFC 3977 3.1.1 content is ended by a dot and a bare LF"}},
		{"an answer", "smtp", []string{"> AUTH LOGIN\r\n", "< 334 x\r\n", "> YQ==\n"}, []string{"RFC 4954 4 line ends in bare LF"}},
		{"an answer", "nntp", []string{"> AUTHINFO SASL LOGIN\r\n", "< 383 x\r\n", "> YQ==\n"}, []string{"RFC 4643 2.4 line ends in bare LF"}},
	} {
		t.Run(c.what+" of "+c.name, func(t *testing.T) {
			p := New(proto.Limits{}, c.name)
			var got []string
			take := func(msgs []proto.Message) {
				for _, m := range msgs {
					for _, n := range m.Notes {
						got = append(got, n.Rule+" "+n.Text)
					}
				}
			}
			for _, e := range prototest.Talk(c.talk...) {
				take(p.Feed(e))
			}
			take(p.Close())
			if !slices.Equal(got, c.want) {
				t.Errorf("%.80q\ngot  %q\nwant %q", c.talk, got, c.want)
			}
		})
	}
}
