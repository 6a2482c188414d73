package session

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/net/http2"
)

// Each fault is told once, before it is sent, with the rule that it breaks; and goes
// out as it was typed.
func TestLint(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nHost: h\r\n"
	for _, tt := range []struct {
		name, target, line string
		sent               string // "" where line is sent as it stands in quotes
		want               []string
	}{
		{"nothing wrong", "http://h", head + "\r\n", "", nil},
		{"no Host", "http://h", "GET / HTTP/1.1\r\n\r\n", "", []string{"no Host field (RFC 9112 3.2); servers answer 400"}},
		{"HTTP/1.0 needs none", "http://h", "GET / HTTP/1.0\r\n\r\n", "", nil},
		{"LF alone", "http://h", "GET / HTTP/1.1\nHost: h\n\n", "", []string{"lines end in LF alone (RFC 9112 2.2); some servers wait for a CRLF for ever"}},
		{"short body", "http://h", head + "Content-Length: 5\r\n\r\nab", "", []string{"Content-Length says 5, and the body has 2 octets (RFC 9112 6.3); the server waits for the rest of the body"}},
		{"long body", "http://h", head + "Content-Length: 2\r\n\r\nabcd", "", []string{"2 octets stand behind the request (RFC 9112 6.3); the server takes them for the next request"}},
		{"length and coding", "http://h", head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "",
			[]string{"Content-Length beside Transfer-Encoding: ignored (RFC 9112 6.3); servers refuse it, or two of them read two different bodies"}},
		{"space before the colon", "http://h", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "", []string{"white space before the colon (RFC 9112 5.1); servers answer 400"}},
		{"fold", "http://h", head + "A: b\r\n c\r\n\r\n", "", []string{"obsolete line folding (RFC 9112 5.2); servers answer 400, or put a blank in its place"}},
		{"no blank line", "http://h", head, "", []string{"no blank line ends the head (RFC 9112 2.1); the server waits for the rest of the head"}},
		{"a line of several", "http://h", "GET / HTTP/1.1\r\n", "", nil},
		{"no last chunk", "http://h", head + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "", []string{"no last chunk ends the body (RFC 9112 7.1); the server waits for the rest of the body"}},
		{"several faults, each once", "http://h", "GET / HTTP/1.1\nA : b\nB : c\n\n", "", []string{
			"no Host field (RFC 9112 3.2); servers answer 400",
			"lines end in LF alone (RFC 9112 2.2); some servers wait for a CRLF for ever",
			"white space before the colon (RFC 9112 5.1); servers answer 400"}},
		{"what no row has is told as it is noted", "http://h", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "", []string{"request line is not divided by single SPs (RFC 9112 3)"}},
		{"a request without its port", "h:9", "GET / HTTP/1.1\r\n\r\n", "", []string{"no Host field (RFC 9112 3.2); servers answer 400"}},
		{"octets are octets", "h:9", "\x00a\nb", "", nil},
		{"octets at a web server too", "http://h", "\x16\x03\x01", "", nil},
		{"bare LF in SMTP", "smtp://h", "EHLO a\n", "", []string{"LF without CR (RFC 5321 2.3.8); servers refuse it since it smuggles messages, or take it for a line end"}},
		{"CRLF in SMTP", "smtp://h", "EHLO a\r\n", "", nil},
		{"a Host field of CONNECT", "http://h", "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []byte
				serve := func(greeting string) func(net.Conn) {
					return func(c net.Conn) {
						io.WriteString(c, greeting)
						got, _ = io.ReadAll(c)
					}
				}
				w := world{"h:80": serve(""), "h:9": serve(""), "h:25": serve("220 h ESMTP\r\n")}
				out, _ := run(t, w, Options{}, tt.target, ".send "+quoteOctets(tt.line)+"\n")
				synctest.Wait()
				var told []string
				for line := range strings.Lines(out) {
					line = strings.TrimSuffix(line, "\n")
					if fault, ok := strings.CutPrefix(line, "! sent as it is: "); ok {
						told = append(told, fault)
					} else if strings.HasPrefix(line, "! #") || strings.HasPrefix(line, "! client, ") {
						for _, row := range lintTable {
							if strings.Contains(line, row.note) {
								t.Errorf("told once more: %s", line)
							}
						}
					}
				}
				if strings.Join(told, "\n") != strings.Join(tt.want, "\n") {
					t.Errorf("told\n%s\nwant\n%s\nin\n%s", strings.Join(told, "\n"), strings.Join(tt.want, "\n"), out)
				}
				if string(got) != tt.line {
					t.Errorf("sent %q, want %q", got, tt.line)
				}
			})
		})
	}
}

// quoteOctets writes octets as .send takes them.
func quoteOctets(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		const digits = "0123456789abcdef"
		b.WriteString(`\x` + string(digits[c>>4]) + string(digits[c&15]))
	}
	return b.String() + `"`
}

// Over HTTP/2 fields that it does not have, or not in capitals, are told before they go.
func TestLintOfH2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// It takes what a server of HTTP/2 would end the connection for.
		patient := func(c net.Conn) {
			http2.NewFramer(c, nil).WriteSettings()
			io.Copy(io.Discard, c)
		}
		out, _ := run(t, world{"h2:80": patient}, Options{H2: []string{"wait off"}}, "h2c://h2",
			".send headers :method: GET :scheme: http :path: / :authority: h Connection: close te: gzip end\n.send headers :method: GET :scheme: http :path: / :authority: h end\n"+
				".send headers :method: POST :scheme: http :path: / :authority: h content-length: 4 end\n"+
				".send headers :method: POST :scheme: http :path: / :authority: h content-length: 4\n"+
				".post / -H 'Content-Length: 7' -d hello\n.post / -H 'Content-Length: 7' -d goodbye\n.close\n")
		for _, want := range []string{
			`! sent as it is: name "Connection" is not in lower case (RFC 9113 8.2.1); servers reset the stream: PROTOCOL_ERROR` + "\n",
			`! sent as it is: connection is about a connection of HTTP/1 (RFC 9113 8.2.2); servers reset the stream: PROTOCOL_ERROR` + "\n",
			`! sent as it is: te is "gzip", where only "trailers" may stand (RFC 9113 8.2.2); servers reset the stream: PROTOCOL_ERROR` + "\n",
			"! sent as it is: Content-Length is 4, the body has 0 octets (RFC 9113 8.1.1); servers reset the stream: PROTOCOL_ERROR\n",
			"! sent as it is: Content-Length is 7, the body has 5 octets (RFC 9113 8.1.1); servers reset the stream: PROTOCOL_ERROR\n",
		} {
			if strings.Count(out, want) != 1 {
				t.Errorf("not once: %s\n%s", want, out)
			}
		}
		if n := strings.Count(out, "sent as it is"); n != 5 || strings.Count(out, "is not in lower case") != 1 {
			t.Errorf("%d faults are told:\n%s", n, out)
		}
	})
}
