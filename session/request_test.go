package session

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/session/view"
	"wiretape/wire/auth"
)

// site answers requests of HTTP/1 by their method and target, and 404 to others.
// Where an answer has the verb %s, it gets the request's head and body.
func site(answers map[string]string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			head, err := readHead(r)
			if err != nil {
				return
			}
			body := make([]byte, contentLength(head))
			if _, err := io.ReadFull(r, body); err != nil {
				return
			}
			line, _, _ := strings.Cut(head, " HTTP/")
			answer, ok := answers[line]
			if !ok {
				answer = response("404 Not Found", "")
			}
			if f, isComputed := strings.CutPrefix(answer, "compute "); isComputed {
				answer = computed[f](head)
			}
			if strings.HasPrefix(line, "HEAD ") {
				answer, _, _ = strings.Cut(answer, "\r\n\r\n")
				answer += "\r\n\r\n"
			}
			io.WriteString(c, answer)
		}
	}
}

var lengthField = regexp.MustCompile(`(?i)\nContent-Length: *(\d+)`)

func contentLength(head string) int {
	if m := lengthField.FindStringSubmatch(head); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

func response(status, body string, fields ...string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", status, strings.Join(append(fields, ""), "\r\n"), len(body), body)
}

const digestChallenge = `Digest realm="vault", nonce="n1", qop="auth", algorithm=SHA-256`

// computed are answers that depend on the request's head.
var computed = map[string]func(head string) string{
	"digest": func(head string) string {
		_, value, ok := strings.Cut(head, "Authorization: ")
		value, _, _ = strings.Cut(value, "\r\n")
		if got := auth.Parse([][]byte{[]byte(value)}); ok && len(got) == 1 {
			count, _ := strconv.ParseInt(got[0].Param("nc"), 16, 32)
			c := auth.Parse([][]byte{[]byte(digestChallenge)})[0]
			line, _, _ := strings.Cut(head, " ")
			want := c.Digest(auth.Answer{User: "admin", Password: "pw", Method: line, Target: "/vault", Count: int(count), Nonce: got[0].Param("cnonce")})
			if value == want {
				return response("200 OK", fmt.Sprintf("open, %d", count))
			}
		}
		return response("401 Unauthorized", "", "WWW-Authenticate: "+digestChallenge)
	},
	"cookie": func(head string) string {
		_, value, _ := strings.Cut(head, "\r\nCookie: ")
		value, _, _ = strings.Cut(value, "\r\n")
		return response("200 OK", value)
	},
}

// randomDigest hides what of an answer to Digest is another one each time.
var randomDigest = regexp.MustCompile(`(cnonce|response)="[0-9a-f]+"`)

func TestRequestTranscripts(t *testing.T) {
	servers := world{
		"h:8080": site(map[string]string{
			"GET /":          response("200 OK", "hello", "Set-Cookie: sid=7; HttpOnly", "Set-Cookie: __Host-x=1"),
			"GET /me":        "compute cookie",
			"POST /form":     response("303 See Other", "", "Location: ./me", "Set-Cookie: done=1; Path=/me"),
			"POST /move":     response("302 Found", "", "Location: http://other/landing?x=1#there"),
			"PUT /keep":      response("307 Temporary Redirect", "", "Location: /kept"),
			"PUT /kept":      response("200 OK", ""),
			"GET /nowhere":   response("302 Found", ""),
			"GET /ftp":       response("302 Found", "", "Location: ftp://h/"),
			"GET /vault":     "compute digest",
			"HEAD /vault":    "compute digest",
			"GET /private":   response("401 Unauthorized", "", `WWW-Authenticate: Basic realm="x", Digest realm="x", nonce="n", algorithm=SHA-512-256`),
			"GET /a%20b?c=d": response("200 OK", ""),
		}),
		"other:80":     site(map[string]string{"GET /landing?x=1": response("200 OK", "landed"), "GET /": response("200 OK", "")}),
		"h2:80":        frames,
		"mail.test:25": mail,
	}
	tests := []struct {
		name  string
		lines []string
	}{
		{"get", []string{".get /", ".get http://h:8080", ".jar", ".cookies", ".get /me", ".get http://other/", ".get http://h:8080/a b?c=d", ".get '/a b?c=d#x' -H 'X: 1' -H 'Host:' -b own=1",
			".get me", ".get ftp://h/", ".get / -H", ".get / -F a=b -k", ".jar clear", ".jar", ".close", ".get /me", ".help get"}},
		{"post", []string{"open http://h:8080", "^C", ".post /form -d a=1 -d b=2", ".follow", ".post /form --json '{\"a\": 1}'", ".post /form", ".quit"}},
		{"follow", []string{"open http://h:8080", ".follow", ".get /", ".follow", ".post /move -d a=1 -H 'X-Own: kept' -H 'Authorization: Basic eA=='", ".follow", ".get http://h:8080/nowhere", ".follow",
			".get /ftp", ".follow", "PUT /keep HTTP/1.1", "Host: h:8080", "Content-Length: 2", "", "ab", ".follow", ".follow 3 4", ".quit"}},
		{"amend", []string{"open http://h:8080", "POST /form HTTP/1.1", "Host: h:8080", "X: 1", "Y: 2", "X: 3", "Content-Length: 2", "", "ab",
			".again -H 'x: 9' -H 'Y:' -H 'Z: 0'", ".again 1 -d hello -X PUT", ".again -H 'Cookie: a=b' -H 'Cookie: c=d'", ".again nonsense -H 'a: b'", ".again http://h/ -H a:b", ".again -H a", ".again -F a=b", ".quit"}},
		{"auth", []string{".auth", ".auth basic u:p", "open http://h:8080", ".auth digest admin", "pw", ".auth", ".get /vault", ".get /vault", ".again -X HEAD", ".again 1", ".get /private",
			".auth digest admin:wrong", ".get /vault", ".get http://other/", ".get http://h:8080/vault", ".auth basic 'u v:p w'", ".get /private", ".again", ".auth bearer", "t0ken", ".get /private", ".auth off", ".get /private", ".auth telepathy x", ".quit"}},
		{"requests-h2", []string{"open h2c://h2:80", ".post /x -H 'X-Own: 1' -d ab", ".post h2c://h2/y -d c", ".copy curl", ".copy curl 1", ".quit"}},
		{"curl", []string{"curl 'http://h:8080/form?x=1' \\", "  -X POST \\", "  -H 'Accept: */*' --data-raw 'a=", "b'", "^C", ".curl http://h:8080/me -b sid=1 -k -L --resolve h:1:::1", "GET /me HTTP/1.1", "Host: h:8080", "Cookie: sid=1", "",
			"curl 'http://h:8080/' -H 'a: b' -H 'c: d'", "^C", ".curl h:8080/vault --digest -u admin:pw", "^C", ".get /vault", ".curl 'http://h:8080/form' -d $'a\nb' -H 'X: y'", ".cookies", ".curl http://h:8080/form --json '{}'", "x", ".curl ftp://h/", ".curl -d x", ".curl http://h:8080/form -0 --request-target '*' -d $'a\001'", "^C", ".curl 'open", "^C", ".quit"}},
		{"copy", []string{".copy curl", "open http://h:8080", ".get /a -b 'sid=it'\\''s'", ".copy curl", ".post / -d $'a\\001'", ".copy curl 2", ".copy", ".copy curl 9", ".close", "open mail.test 25", "EHLO me", ".copy curl", ".get /", ".again -H 'a: b'", ".auth basic a:b", ".quit"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				out := play(t, servers, Options{Style: view.Style{EscapeKey: "^]"}}, tt.lines...)
				golden(t, tt.name+".golden", randomDigest.ReplaceAllString(out, `$1="…"`))
			})
		})
	}
}

// A script sends what a person may edit.
func TestCurlInAScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := world{"h:80": site(map[string]string{"POST /a": response("200 OK", "done")})}
		out, err := run(t, w, Options{}, "", "curl http://h/a \\\n  -d x=1\n.expect status == 200 && request.body == 'x=1'\n")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if _, err := run(t, w, Options{}, "", "curl 'http://h/a\n"); StatusOf(err) != StatusUsage || !strings.Contains(err.Error(), ".curl: a quote has no end") {
			t.Errorf("an open quote: %v", err)
		}
	})
}

// On a tape there is nothing of the credentials, whichever way they went.
func TestCredentialsStayOffTheTape(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.tape")
	synctest.Test(t, func(t *testing.T) {
		w := world{"h:80": site(map[string]string{"GET /vault": "compute digest"})}
		script := ".auth basic admin:pw\n.get /vault\n.auth digest admin:pw\n.get /vault\n.expect status == 200\n.auth bearer t0ken\n.get /vault\n.get /vault -u me:pw\n"
		if out, err := run(t, w, Options{Record: RecordOptions{Tape: file}}, "http://h", script); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "Authorization: "); n != 4 {
		t.Errorf("%d Authorization fields, want 4:\n%s", n, b)
	}
	for _, secret := range []string{"YWRtaW46cHc", "bWU6cHc", "t0ken", "admin:pw"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("%s is on the tape:\n%s", secret, b)
		}
	}
	for line := range strings.Lines(string(b)) {
		if _, value, ok := strings.Cut(line, "Authorization: "); ok && !strings.Contains(value, `\{secret `) {
			t.Errorf("what goes with Authorization is on the tape: %s", line)
		}
	}
}
