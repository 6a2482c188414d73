package session

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/session/view"
)

// counting answers its nth request with 503 up to the third, and then with 200.
func counting() func(net.Conn) {
	n := 0
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			if _, err := readHead(r); err != nil {
				return
			}
			n++
			status, fields := 503, ""
			if n > 3 {
				status, fields = 200, "Set-Cookie: sid=7; HttpOnly\r\nX-A: b\r\n"
			}
			fmt.Fprintf(c, "HTTP/1.1 %d x\r\n%sContent-Length: 2\r\n\r\nok", status, fields)
		}
	}
}

func TestExpectations(t *testing.T) {
	const get = "GET / HTTP/1.1\nHost: ok\n\n"
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: sid=7; HttpOnly\r\nContent-Length: 5\r\n\r\nhello"
	slowly := func(c net.Conn) {
		r := bufio.NewReader(c)
		r.ReadString('\n')
		for i := range 5 {
			if !pause(c, time.Second) {
				return
			}
			fmt.Fprintf(c, "line %d\r\n", i)
		}
		io.Copy(io.Discard, c)
	}
	for _, tt := range []struct {
		name, target, script string
		status               Status
		err                  string // begins with this
		out                  string // is printed
		took                 time.Duration
	}{
		{"holds", "ok:80", get + `.expect status == 200 && cookie.sid.http_only && body =~ "^hell" && header.content-type == "text/plain"` + "\n", 0, "", "* #1 is as expected: status == 200 && cookie", 41 * time.Millisecond},
		{"in quotes", "ok:80", get + `.assert 'body_size == 5B && request.method == "GET"'` + "\n", 0, "", "* #1 is as expected: body_size == 5B", 41 * time.Millisecond},
		{"does not hold", "ok:80", get + ".expect status == 404 && body_text == \"hello\" && cookie.sid.secure\nGET / HTTP/1.1\n", 1,
			"x.script:4: .expect: #1: status == 404: status is 200; cookie.sid.secure: cookie.sid.secure is false", "", 41 * time.Millisecond},
		{"asserted", "ok:80", get + ".assert status == 404\n", 1, "x.script:4: .assert: #1: status == 404: status is 200", "", 41 * time.Millisecond},
		{"a name that is not there", "ok:80", get + ".assert !(staus == 500)\n", 0, "", "! not there, so that what is compared with it is false: staus\n", 41 * time.Millisecond},
		{"no expression", "ok:80", get + ".expect status = 200\n", 2, "x.script:4: .expect status = 200: column 8: = alone", "", 41 * time.Millisecond},
		{"== left out", "ok:80", get + ".expect status 200\n", 2, `x.script:4: .expect status 200: column 8: "200" where the expression could end: && or || joins two; did you mean .expect status == 200?`, "", 41 * time.Millisecond},
		{"== and quotes left out", "ok:80", get + ".expect header.server nginx\n", 2, `x.script:4: .expect header.server nginx: column 15: "nginx" where the expression could end: && or || joins two; did you mean .expect header.server == "nginx"?`, "", 41 * time.Millisecond},
		{"nothing to expect", "ok:80", ".expect\n", 2, "x.script:1: .expect: want .expect EXPR [TIME]", "", 0},
		{"nothing was said", "", ".assert status == 200\n", 1, "x.script:1: .assert: what came: status == 200: status is not there", "", 0},
		{"a later line", "slow:9000", "go\n.expect body =~ \"line 3\"\n.close\n", 0, "", "* what came is as expected", 4 * time.Second},
		{"a later line, in time", "slow:9000", "go\n.expect body =~ \"line 3\" 4500ms\n.close\n", 0, "", "* what came is as expected", 4 * time.Second},
		{"a later line, too late", "slow:9000", "go\n.expect body =~ \"line 3\" 2500ms\n", 1, `x.script:2: .expect: what came: body =~ "line 3": body is "line 0\r\nline 1\r\n"`, "", 2500 * time.Millisecond},
		{"after the end", "once:80", "GET / HTTP/1.0\n\n.expect status == 204 && body_size == 0\n", 0, "", "is as expected", 41 * time.Millisecond},
		{"mail", "mail:25", "EHLO me\n.expect code == 250 && lines =~ \"PIPELINING\" && request.verb == \"EHLO\"\nNONE\n.expect code < 400\n", 1,
			"x.script:4: .expect: #2: code < 400: code is 500", "* #1 is as expected", 0},
		{"again until", "count:80", get + ".again every 1s until status == 200\n.assert cookie.sid.http_only\n", 0, "", "* #4 is as expected after 3 times in 2.0 s: status == 200\n", 2 * time.Second},
		{"again until, too few", "count:80", get + ".again 2 every 100ms until 'status == 200'\n", 1, "x.script:4: .again: not once in 2 times: status == 200: status is 503", "", 100 * time.Millisecond},
		{"again and again", "count:80", get + ".again #1 3 every 1m\n", 0, "", "* sent 3 times in 120.0 s\n", 2 * time.Minute},
		{"again without an end", "count:80", get + ".again every 1s\n", 2, "x.script:4: .again every 1s: want a COUNT", "", 0},
		{"again, how often?", "count:80", get + ".again often every 1s\n", 2, `x.script:4: .again often every 1s: "often"`, "", 0},
		{"again, every what?", "count:80", get + ".again 2 every day\n", 2, `x.script:4: .again every "day"`, "", 0},
		{"again, what for?", "count:80", get + ".again 2 every 1s if status\n", 2, `x.script:4: .again every 1s if status: want until EXPR`, "", 0},
		{"again, nothing sent", "count:80", ".again 2 every 1s\n", 2, "x.script:1: .again: nothing was said yet", "", 0},
		{"again, over connections that fail", "flaky:80", "GET / HTTP/1.0\n\n.again every 1s until status == 204\n", 0, "", "after 3 times in 2.0 s", 2*time.Second + 82*time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				flaky := 0
				servers := world{
					"ok:80": oneReply(ok, false), "slow:9000": slowly, "mail:25": mail, "count:80": counting(),
					"once:80": oneReply("HTTP/1.0 204 x\r\n\r\n", true),
					"flaky:80": func(c net.Conn) {
						if flaky++; flaky == 2 || flaky == 3 {
							c.Read(make([]byte, 1))
							return
						}
						status := 500
						if flaky > 3 {
							status = 204
						}
						oneReply(fmt.Sprintf("HTTP/1.0 %d x\r\n\r\n", status), true)(c)
					},
				}
				begun := time.Now()
				out, err := run(t, servers, Options{}, tt.target, tt.script)
				text := ""
				if err != nil {
					text = err.Error()
				}
				if StatusOf(err) != tt.status || !strings.HasPrefix(text, tt.err) || tt.err == "" && text != "" || !strings.Contains(out, tt.out) {
					t.Errorf("status %d, error %q; want %d, %q; output:\n%s", StatusOf(err), text, tt.status, tt.err, out)
				}
				if took := time.Since(begun); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func TestExpectationsOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		golden(t, "expect.golden", play(t, world{"count:80": counting()}, Options{Style: view.Style{EscapeKey: "^]"}},
			".assert status == 200", "open count 80", "GET / HTTP/1.0", "", ".expect status == 200", ".expect sttus == 200", ".expect status ==",
			".again 50 every 1s until 'status == 200'", ".assert header.x-a =~ \"^b\" && cookie.sid", ".help expect", ".quit"))
	})
}
