package session

import (
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/session/view"
)

func TestLetTranscript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := world{"h:80": site(map[string]string{
			"GET /":      response("200 OK", `{"user":{"id":12345678901234567890,"tags":["a","b c"]},"text":"say \"hi\"\u001b"}`, "Location: /next?a=1", "Set-Cookie: sid=7f3; Path=/"),
			"GET /user":  response("200 OK", "token=abc-1 and token=def"),
			"GET /x y\"": response("200 OK", "quoted"),
		})}
		golden(t, "let.golden", play(t, w, Options{Style: view.Style{EscapeKey: "^]"}}, "open http://h", ".let", ".let a = header:Location", ".get /",
			".let next = header:location", ".let sid = cookie:sid", ".let id = json:user.id", ".let tag=json:$.user.tags[1]", ".let tags = json:user.tags", ".let text = json:text",
			".let no = json:user.none", ".let no = cookie:other", ".let no = header:X", ".let 1 = header:X", ".let a = status", ".let x = header:", ".let x = body =~", ".let a = json:a b", ".let",
			`.send "GET ${next} HTTP/1.1\r\nHost: h\r\nX: ${sid} \${sid} ${id}\r\n\r\n"`, ".get /user", `.let tok = body =~ "token=([a-z]+)"`, `.let tok = body =~ nothing`, `.let tok = body =~ (`,
			`.assert let.tok == "abc" && let.sid == "7f3" && let.id != let.tok`, `.send "${nowhere}"`, ".get /${tok}", ".quit"))
	})
}

// A value stays what it is, whatever is in it, and stands nowhere but in quotes.
func TestWithLets(t *testing.T) {
	s := newTestSession(t, Options{})
	s.lets = map[string]string{"x": "a\"\\\r\n${x}\x00", "HOME": "mine"}
	for args, want := range map[string]string{
		`"${x}"`:             "a\"\\\r\n${x}\x00",
		`"\${x} $x ${HOME}"`: "${x} $x mine",
		`"\\${HOME}"`:        `\mine`,
	} {
		b, err := sendBytes(s.withLets(args))
		if err != nil || string(b) != want {
			t.Errorf("%s sends %q, %v, want %q", args, b, err, want)
		}
	}
	for _, args := range []string{`file ${x}`, `"a" ${x}`, `"${y}"`, `"\"${"`, `"`} {
		if got := s.withLets(args); got != args {
			t.Errorf("%s becomes %s", args, got)
		}
	}
	if strings.Contains(s.withLets(`"${x"`), "a") {
		t.Error("a name without an end stands for something")
	}
}
