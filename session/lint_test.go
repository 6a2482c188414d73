package session

import (
	"strings"
	"testing"
)

func TestLintSaysWhatIsOdd(t *testing.T) {
	tests := []struct{ request, want string }{
		{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", ""},
		{"GET / HTTP/1.0\r\n\r\n", ""},
		{"GET / HTTP/1.1\r\n\r\n", "Host is missing (RFC 9112 3.2); sent as typed"},
		{"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", "Host stands more than once (RFC 9112 3.2); sent as typed"},
		{"GET / HTTP/1.0\n\n", "line ends are bare LF (RFC 9112 2.2); sent as typed"},
		{"GET / HTTP/1.1\r\nHost : h\r\n\r\n", "a blank stands before a colon (RFC 9112 5.1); sent as typed"},
		{"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", "a field line is folded (RFC 9112 5.2); sent as typed"},
		{"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", "a field line has no colon (RFC 9112 5); sent as typed"},
		{"P / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", ""},
		{"P / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab", "Content-Length is not the body's length (RFC 9110 8.6); sent as typed"},
		{"P / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"Content-Length and Transfer-Encoding stand together (RFC 9112 6.2); sent as typed"},
		{"", ""},
	}
	for _, tt := range tests {
		var found []string
		for _, f := range lint([]byte(tt.request)) {
			found = append(found, f.String())
		}
		if got := strings.Join(found, " | "); got != tt.want {
			t.Errorf("lint(%q) = %q, want %q", tt.request, got, tt.want)
		}
	}
}

func TestSendBytes(t *testing.T) {
	t.Setenv("WIRETAPE_TEST_WORD", "w")
	tests := []struct{ args, want, err string }{
		{`"GET /\r\n\x00\t\\\"\0"`, "GET /\r\n\x00\t\\\"\x00", ""},
		{`"${WIRETAPE_TEST_WORD}\${x}"`, "w${x}", ""},
		{`"a" "b"`, "ab", ""},
		{`hex 0d0a 00ff`, "\r\n\x00\xff", ""},
		{`hex 16:03`, "\x16\x03", ""},
		{`ayt`, "\xff\xf6", ""},
		{`"\q"`, "", `escape \q: want \r \n \t \0 \e \\ \" \$ or \xhh`},
		{`"\xzz"`, "", `escape \xzz: want two hex digits`},
		{`"a`, "", `the quoted bytes have no closing "`},
		{`"a" b`, "", `"b" stands outside of the quotes`},
		{`"${WIRETAPE_TEST_NONE}"`, "", "${WIRETAPE_TEST_NONE} is not set in the environment"},
		{`hex 0`, "", `hex "0": want pairs of hex digits, such as 0d0a 00ff`},
		{`x`, "", `want .send "bytes\r\n", .send hex 0d0a, .send file F or .send <<EOF`},
	}
	for _, tt := range tests {
		got, err := sendBytes(tt.args)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if string(got) != tt.want || text != tt.err {
			t.Errorf("sendBytes(%q) = %q, %q; want %q, %q", tt.args, got, text, tt.want, tt.err)
		}
	}
}
