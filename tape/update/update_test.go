package update

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const head = `wiretape 1
# how the page greets
; profile commit
! proto http/1.1
! ignore header X-Run
= open tcp localhost:3000
% first
> GET /a HTTP/1.1\r\n
> Host: localhost:3000\r\n
> \r\n
`

const old = head + `# the date goes by
< HTTP/1.1 200 OK\r\n
< Date: \{date|Mon, 23 Nov 2026 10:00:00 GMT}\r\n
< X-Run: 7\r\n
< Set-Cookie: sid=\{sid=token|9f8a7b6c5d4e}; Path=/\r\n
< Content-Type: text/plain\r\n
< Content-Length: 12\r\n
< \r\n
< hello\n
< a\n
# the last line

< world
% second
> GET /b HTTP/1.1\r\n
> Host: localhost:3000\r\n
> Cookie: sid=\{$sid}\r\n
> \r\n
< HTTP/1.1 404 Not Found\r\n
< Content-Length: 0\r\n
< \r\n
= close
; end
`

// recording is what the server says now, in the same exchanges.
func recording(first, second string) string {
	lines := func(s string) (out string) {
		for _, l := range strings.SplitAfter(s, "\n") {
			if l != "" {
				out += "< " + strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(l) + "\n"
			}
		}
		return out
	}
	return head + lines(first) + "> GET /b HTTP/1.1\\r\\n\n> Host: localhost:3000\\r\\n\n> Cookie: sid=777788889999\\r\\n\n> \\r\\n\n" + lines(second) + "= close\n; end\n"
}

const (
	firstNow = "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 11:00:00 GMT\r\nX-Run: 8\r\nSet-Cookie: sid=777788889999; Path=/\r\n" +
		"Content-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello\na\nworld"
	secondNow = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
)

func TestAccept(t *testing.T) {
	for _, tt := range []struct {
		name          string
		first, second string
		was, is       string // in the tape; "" where nothing changes
	}{
		{"the same in meaning", firstNow, secondNow, "", ""},
		{"an ignored field is gone", strings.Replace(firstNow, "X-Run: 8\r\n", "", 1), secondNow, "", ""},
		{"status", firstNow, "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", `< HTTP/1.1 404 Not Found\r\n`, `< HTTP/1.1 410 Gone\r\n`},
		{"a line of the body", strings.NewReplacer("\na\n", "\nbc\n", "12", "13").Replace(firstNow), secondNow,
			"< Content-Length: 12\\r\\n\n< \\r\\n\n< hello\\n\n< a\\n\n", "< Content-Length: 13\\r\\n\n< \\r\\n\n< hello\\n\n< bc\\n\n"},
		{"behind a comment", strings.Replace(firstNow, "\nworld", "\nwords", 1), secondNow, "< world\n", "< words\n"},
		{"a field beside a span", strings.Replace(firstNow, "; Path=/", "; Path=/; HttpOnly", 1), secondNow,
			`\{sid=token|9f8a7b6c5d4e}; Path=/\r\n`, `\{sid=token|9f8a7b6c5d4e}; Path=/; HttpOnly\r\n`},
		{"a new field", strings.Replace(firstNow, "Content-Type", "Vary: Cookie\r\nContent-Type", 1), secondNow,
			"< Content-Type: text/plain\\r\\n\n", "< Vary: Cookie\\r\\n\n< Content-Type: text/plain\\r\\n\n"},
		{"a field is gone", strings.Replace(firstNow, "Content-Type: text/plain\r\n", "", 1), secondNow, "< Content-Type: text/plain\\r\\n\n", ""},
	} {
		want := old
		if tt.was != "" {
			if !strings.Contains(old, tt.was) {
				t.Fatalf("%s: %q is not on the tape", tt.name, tt.was)
			}
			want = strings.Replace(old, tt.was, tt.is, 1)
		}
		got, err := Accept([]byte(old), "x.tape", []byte(recording(tt.first, tt.second)))
		if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tt.name, err, diff)
		}
	}
}

func TestAcceptRefusesAnotherConversation(t *testing.T) {
	for _, now := range []string{
		strings.Replace(recording(firstNow, secondNow), "= close\n", "= rst <\n= close\n", 1),
		strings.Replace(recording(firstNow, secondNow), "; end\n", "2= open tcp localhost:3000\n; end\n", 1),
	} {
		if got, err := Accept([]byte(old), "x.tape", []byte(now)); !errors.Is(err, ErrStructure) {
			t.Errorf("%v\n%s", err, got)
		}
	}
}

// Bytes of no protocol, in hex and in raw blocks, and lines of commands.
func TestAcceptOtherProtocols(t *testing.T) {
	for _, tt := range []struct{ name, old, now, want string }{
		{"lines", "< 220 a\\r\\n\n> EHLO x\\r\\n\n# greeting\n< 250-a\\r\\n\n< 250 HELP\\r\\n\n> QUIT\\r\\n\n< 221 bye\\r\\n\n",
			"< 220 a\\r\\n\n> EHLO x\\r\\n\n< 250-a\\r\\n\n< 250-SIZE\\r\\n\n< 250 HELP\\r\\n\n> QUIT\\r\\n\n< 221 bye\\r\\n\n",
			"< 220 a\\r\\n\n> EHLO x\\r\\n\n# greeting\n< 250-a\\r\\n\n< 250-SIZE\\r\\n\n< 250 HELP\\r\\n\n> QUIT\\r\\n\n< 221 bye\\r\\n\n"},
		{"hex", ">x 01 02\n<x 03 04 05\n>x 01\n<x 06\n", ">x 01 02\n<x 03 99 05\n>x 01\n<x 06\n", ">x 01 02\n<x 03 99 05\n>x 01\n<x 06\n"},
		{"raw", ">x 01 02\n<@ 5\n\x00\nab\n\n>x 01\n<@ 3\n\x00\n\x01\n", ">x 01 02\n<@ 5\n\x00\nab\n\n>x 01\n<@ 3\n\x00\n\x02\n", ">x 01 02\n<@ 5\n\x00\nab\n\n>x 01\n<x 00 0a 02\n"},
	} {
		frame := func(s string) []byte {
			return []byte("wiretape 1\n= open tcp a:1\n" + s + "= close\n; end\n")
		}
		got, err := Accept(frame(tt.old), "x.tape", frame(tt.now))
		if diff := cmp.Diff(string(frame(tt.want)), string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tt.name, err, diff)
		}
	}
}
