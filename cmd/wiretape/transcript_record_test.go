package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// appTape is what the app of the transcript says, with or without HttpOnly.
func appTape(sid, attrs string) string {
	return `wiretape 1
! ignore header Authorization
! ignore header Cookie
! ignore header User-Agent
! ignore header Accept-Encoding
= open tcp localhost:3000
> POST /login HTTP/1.1\r\n
> Host: localhost:3000\r\n
> Content-Length: 0\r\n
> \r\n
< HTTP/1.1 200 OK\r\n
< Server: app\r\n
< Date: Mon, 23 Nov 2026 10:00:00 GMT\r\n
< Set-Cookie: sid=` + sid + `; Path=/` + attrs + `\r\n
< Content-Length: 5\r\n
< \r\n
< hello
> GET /me HTTP/1.1\r\n
> Host: localhost:3000\r\n
> \r\n
< HTTP/1.1 200 OK\r\n
< Content-Length: 2\r\n
< \r\n
< me
= close
; end
`
}

// A person records what two requests say, and the app loses an attribute of its
// cookie: what the terminal shows, line by line. Times, the port and the length of
// the sample are their own.
func TestTranscriptOfRecordAndTest(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good.tape": appTape("9f8a7b", "; HttpOnly"), "worse.tape": appTape("c01d22", ""),
		"app": "#!/bin/sh\nexec wiretape serve --match worse.tape -l 127.0.0.1:$2\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "tests"), 0o700); err != nil {
		t.Fatal(err)
	}
	app, done := serving(t, dir, "--match", "--once", "good.tape")
	addr, end := recordingProxy(t, dir, "--to", "http://"+strings.Replace(app, "127.0.0.1", "localhost", 1), "tests/login.tape")
	c := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}
	ask := func(method, path, name, value string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(name, value)
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ask("POST", "/login", "Authorization", "Basic YWRtaW46cGFzc3dvcmQ=")
	ask("GET", "/me", "Cookie", "sid=9f8a7b")
	c.CloseIdleConnections()
	status, said := end()
	done()
	if status != 0 {
		t.Errorf("record: status %d", status)
	}
	t.Setenv("WIRETAPE_SECRET_LOGIN", "admin:password")
	failed, stderr, status := wiretape(t, dir, "", "test", "tests", "--serve", "./app -p {PORT}")
	if status != 1 {
		t.Errorf("test: status %d\n%s", status, stderr)
	}
	got := said + "$ wiretape test tests --serve './app -p {PORT}'\n" + failed
	for _, v := range []struct{ re, as string }{
		{`127\.0\.0\.1:\d+`, "127.0.0.1:9000"}, {`localhost:\d+`, "localhost:3000"}, {`[\d.]+ [mµ]?s\b`, "N ms"},
		{`token\|\w{6}\}`, "token|9f8a7b}"},
		{`3[012] lines`, "31 lines"}, // who ended first is chance, and what of it was seen
	} {
		got = regexp.MustCompile(v.re).ReplaceAllString(got, v.as)
	}
	const want = `* http://127.0.0.1:9000 -> localhost:3000 (this machine only); ^C finishes the tape
#1 POST /login 200 N ms
#2 GET /me 200 N ms
tests/login.tape: 2 exchanges, 31 lines, commit form; 1 secret (LOGIN), 2 volatile values (line 14 Date, 15 sid)
next: export WIRETAPE_SECRET_LOGIN=user:password
      wiretape test tests --serve './app -p {PORT}'
$ wiretape test tests --serve './app -p {PORT}'
FAIL tests/login.tape:15  #1 response Set-Cookie sid: HttpOnly missing
     want sid=\{sid=token|9f8a7b}; Path=/; HttpOnly
     got  sid=c01d22; Path=/
0 ok, 1 failed, N ms.  compared by kind: Date, sid.  accept: --update   alone: --run login
`
	if diff := cmp.Diff(want, got); diff != "" {
		text, _ := os.ReadFile(filepath.Join(dir, "tests/login.tape"))
		t.Errorf("%s\n%s%s", diff, stderr, text)
	}
}
