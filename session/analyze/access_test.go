package analyze

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/net/html"
)

// htmlPage is a page of HTML.
func htmlPage(status int, body string, fields ...string) string {
	return fmt.Sprintf("HTTP/1.1 %d x\r\nContent-Type: text/html; charset=utf-8\r\n%sContent-Length: %d\r\n\r\n%s", status, lines(fields), len(body), body)
}

const loginBox = `<form action="/do" method=post><input name=user><input type="PASSWORD" name=p></form>`

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

// coded is a page of HTML in a content coding, of several the last.
func coded(codings, body string) string {
	var b bytes.Buffer
	var w io.WriteCloser
	switch last := codings[strings.LastIndex(codings, " ")+1:]; last {
	case "br":
		w = brotli.NewWriter(&b)
	case "gzip":
		w = gzip.NewWriter(&b)
	default:
		w, _ = zstd.NewWriter(&b)
	}
	io.WriteString(w, body)
	w.Close()
	return htmlPage(200, b.String(), "Content-Encoding: "+codings)
}

func utf16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, c := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return string(b)
}

// accesses are pages and what stands before what they hide.
var accesses = []struct {
	name string
	path string
	page string // of "/"
	want string
}{
	{"form", "/", htmlPage(200, "<p>x"+loginBox), `login-form medium: a form for "/do" with a password field`},
	{"form with a title", "/", htmlPage(200, "<title>Please Sign In</title>"+loginBox), `login-form high: a form for "/do" with a password field`},
	{"current password", "/", htmlPage(200, `<form><input type=password autocomplete="section-a current-password"></form>`), `login-form high: a form for the page itself with a password field`},
	{"form that a 403 comes with", "/", htmlPage(403, loginBox), `login-form medium: a form for "/do" with a password field`},
	{"form that a 401 comes with", "/", htmlPage(401, loginBox, "WWW-Authenticate: Basic realm=x"), `http-auth : status 401`},
	{"form that a 404 comes with", "/", htmlPage(404, loginBox), "no : "},
	{"form for another host", "/", htmlPage(200, `<p>x<form action="https://other.example/x"><input type=password></form>`), "no : "},
	{"field outside of a form", "/", htmlPage(200, `<p>x<input type=password>`), `login-form low: a form for scripts with a password field`},
	{"hidden field", "/", htmlPage(200, `<p>x<form><input type=password style="display: none"><input type=password hidden><input type=password disabled></form>`), "no : "},
	{"hidden type", "/", htmlPage(200, `<p>x<form><input type=hidden name=password></form>`), "no : "},
	{"search", "/", htmlPage(200, `<p>x<form><input type=search><input type=text name=q></form>`), "no : "},
	{"newsletter", "/", htmlPage(200, `<p>x<form><input type=email name=mail></form>`), "no : "},
	{"theme", "/", htmlPage(200, `<p>x<form><select name=theme></select><input type=submit></form>`), "no : "},
	{"noscript", "/", htmlPage(200, "<p>x<noscript>"+loginBox+"</noscript>"), "no : "},
	{"template", "/", htmlPage(200, "<p>x<template>"+loginBox+"</template>"), "no : "},
	{"comment", "/", htmlPage(200, "<p>x<!-- "+loginBox+" -->"), "no : "},
	{"script string", "/", htmlPage(200, "<p>x<script>var s = '"+loginBox+"';</script>"), "no : "},
	{"textarea", "/", htmlPage(200, "<p>x<textarea>"+loginBox+"</textarea>"), "no : "},
	{"no HTML", "/", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + loginBox, "no : "},
	{"no type", "/", "HTTP/1.1 200 OK\r\n\r\n" + loginBox, `login-form medium: a form for "/do" with a password field`},
	{"scripts alone", "/", htmlPage(200, `<div id=app></div><script src="/app.js"></script>`), "unknown low: the page is made by scripts, which are not run"},
	{"frame alone", "/", htmlPage(200, `<iframe src="/x"></iframe>`), "unknown low: the page is made of frames, which are not asked for"},
	{"gzip unasked", "/", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n" + gzipped(loginBox), `login-form medium: a form for "/do" with a password field`},
	{"br unasked", "/", coded("br", loginBox), `login-form medium: a form for "/do" with a password field`},
	{"zstd unasked", "/", coded("zstd", loginBox), `login-form medium: a form for "/do" with a password field`},
	{"two codings", "/", coded("gzip, br", gzipped(loginBox)), `login-form medium: a form for "/do" with a password field`},
	{"gzip bomb", "/", coded("gzip", strings.Repeat("x", 1<<22)+loginBox), "no : "},
	{"wrong coding", "/", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n<p>x" + loginBox, `login-form medium: a form for "/do" with a password field`},
	{"UTF-16", "/", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + utf16LE(loginBox), `login-form medium: a form for "/do" with a password field`},
	{"terminal escapes", "/", htmlPage(200, "<title>\x1b]0;log in\x07</title>"+strings.Replace(loginBox, "/do", "\x1b[2J", 1)), `login-form high: a form for "\x1b[2J" with a password field`},

	{"redirect to a login page", "/r", redirect(302, "/login?next=/"), `login-redirect high: redirected to http://A/login?next=/ (login), a page with a password field`},
	{"redirect to single sign-on", "/r", redirect(302, "/x?SAMLRequest=1"), `login-redirect medium: redirected to http://A/x?SAMLRequest=1 (samlrequest=)`},
	{"redirect to OAuth", "/r", redirect(302, "/x?client_id=1&redirect_uri=2"), `login-redirect medium: redirected to http://A/x?client_id=1&redirect_uri=2 (client_id= and redirect_uri=)`},
	{"redirect to cas", "/r", redirect(302, "/cas/go"), `login-redirect medium: redirected to http://A/cas/go (cas)`},
	{"redirect to sign-in", "/r", redirect(302, "/users/sign_in"), `login-redirect medium: redirected to http://A/users/sign_in (sign-in)`},
	{"redirect to what only sounds so", "/r", redirect(302, "/casino/blogin"), "no : "},
	{"login page that was typed", "/login", htmlPage(200, "<p>x"), "no : "},

	{"403", "/", htmlPage(403, "no"), "forbidden : status 403 without a challenge: an address, a front end or a client certificate may be what is refused"},
	{"nginx without a client certificate", "/", htmlPage(400, "<center>No required SSL certificate was sent</center>"), "client-cert high: status 400 with a page that asks for a client certificate"},
	{"403 without a client certificate", "/", htmlPage(403, "<center>No required SSL certificate was sent</center>"), "client-cert high: status 403 with a page that asks for a client certificate"},
	{"Cloudflare", "/", htmlPage(403, "x", "cf-mitigated: challenge"), "bot-wall high: status 403 with Cf-Mitigated: challenge"},
	{"503 challenge page", "/", htmlPage(503, `<script src="/cdn-cgi/challenge-platform/x.js"></script>`), "bot-wall medium: status 503 with a page that asks whether a person is there"},
	{"429 challenge page", "/", htmlPage(429, `<h1>Verify you are human</h1>`), "bot-wall medium: status 429 with a page that asks whether a person is there"},
	{"429", "/", htmlPage(429, "slow down"), "no : "},
	{"451", "/", htmlPage(451, "law"), "no : "},
	{"500", "/", htmlPage(500, "x"), "no : "},
	{"503", "/", htmlPage(503, "x"), "no : "},
	{"406", "/", htmlPage(406, "x"), "no : "},
	{"407", "/", "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", "proxy-auth : status 407: your proxy asks, not the site"},
}

func TestAccess(t *testing.T) {
	for _, c := range accesses {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, site{http: func(head string) string {
				if strings.HasPrefix(head, "GET "+c.path+" ") {
					return c.page
				}
				if strings.HasPrefix(head, "GET /login") {
					return htmlPage(200, loginBox)
				}
				return htmlPage(200, "<p>x")
			}})
			r, err := analyze(t, "http://"+s+c.path, Options{})
			p := r.Password
			got := strings.ReplaceAll(fmt.Sprintf("%s %s: %s", p.Kind, p.Confidence, p.Evidence), s, "A")
			if got != c.want || err != nil {
				t.Errorf("got  %s\nwant %s (%v)", got, c.want, err)
			}
			if want := (p.Kind == "http-auth"); (p.Verdict == Yes) != want {
				t.Errorf("verdict %s", p.Verdict)
			}
		})
	}
}

func TestRefresh(t *testing.T) {
	for s, want := range map[string]string{
		"0;url=/x": "/x", "5; URL = /x": "/x", "0 /x": "/x", "0,/x": "/x", "0;/x": "/x", `0;url="/x" y`: "/x", "0;url='/x": "/x", ".5;url=x": "x",
		"": "", "5": "", "x;url=/x": "", "0;": "", "0;url=": "", "0;url=''": "", "5x;url=/": "", " 0 ; urlx": "urlx", "0;url": "url",
	} {
		if got, ok := refreshTo(s); got != want || ok != (want != "") {
			t.Errorf("%q leads to %q, want %q", s, got, want)
		}
	}
}

// What a page leads to by itself is told, and followed where that is wanted.
func TestSoftRedirects(t *testing.T) {
	for _, c := range []struct{ name, page, soft string }{
		{"field", page("Refresh: 0;url=/b"), "/b"},
		{"meta element", htmlPage(200, `<meta http-equiv="Refresh" content="3; url=b">`), "b"},
		{"meta element in noscript", htmlPage(200, `<noscript><meta http-equiv="Refresh" content="3; url=b"></noscript>`), ""},
		{"script", htmlPage(200, `<script>location = "/b"</script>x`), ""},
		{"to itself", page("Refresh: 300;url=/"), "/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, site{http: pages(map[string]string{"/": c.page, "/b": page("Set-Cookie: b=1")})})
			for _, soft := range []bool{false, true} {
				r, err := analyze(t, "http://"+s+"/", Options{Soft: soft})
				if err != nil || string(r.Hops[0].Soft) != c.soft {
					t.Errorf("leads to %q, want %q (%v)", r.Hops[0].Soft, c.soft, err)
				}
				want := 1
				if soft && strings.HasSuffix(c.soft, "b") {
					want = 2
				}
				if len(r.Hops) != want {
					t.Errorf("%d hops, want %d", len(r.Hops), want)
				}
			}
		})
	}
}

func TestSoftLoopEnds(t *testing.T) {
	s := serve(t, site{http: pages(map[string]string{"/": page("Refresh: 0;url=/b"), "/b": page("Refresh: 0;url=/")})})
	r, err := analyze(t, "http://"+s+"/", Options{Soft: true})
	if !asReported(r, err) || len(r.Hops) != 3 || !strings.Contains(string(r.Error), "redirect loop") {
		t.Errorf("%d hops, error %q, %v", len(r.Hops), r.Error, err)
	}
}

func FuzzPages(f *testing.F) {
	for _, c := range accesses {
		_, body, _ := strings.Cut(c.page, "\r\n\r\n")
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, again document
		p.read(b)
		again.read(b)
		if fmt.Sprint(p) != fmt.Sprint(again) {
			t.Fatalf("%q reads as %+v and as %+v", b, p, again)
		}
		if len(p.forms) > maxForms || len(p.title) > maxText {
			t.Fatalf("%d forms, title of %d octets", len(p.forms), len(p.title))
		}
		// A page without the word has no field for one.
		if !strings.Contains(strings.ToLower(html.UnescapeString(string(b))), "password") && len(p.forms) > 0 {
			t.Fatalf("%q has a password in it", b)
		}
	})
}
