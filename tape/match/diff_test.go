package match

import (
	"strings"
	"testing"

	"wiretape/wire"
)

const (
	smtpHead = "= open tcp a:25\n< 220 mail ESMTP\\r\\n\n> EHLO me\\r\\n\n"
	smtpTail = "> QUIT\\r\\n\n< 221 bye\\r\\n\n= eof <\n= close\n"
)

// digest returns a request that answers a challenge, and one that follows.
func digest(nonce, cnonce, response, user string) string {
	return "= open tcp a:80\n> GET / HTTP/1.1\\r\\n\n> Authorization: Digest username=\"" + user + "\", nonce=\"" + nonce + "\", cnonce=\"" + cnonce + "\", nc=00000001, qop=auth, uri=\"/\", response=\"" + response + "\"\\r\\n\n> \\r\\n\n" +
		"< HTTP/1.1 401 Unauthorized\\r\\n\n< WWW-Authenticate: Digest nonce=\"" + nonce + "\", realm=\"r\"\\r\\n\n< Content-Length: 0\\r\\n\n< \\r\\n\n= close\n"
}

// fetch returns a command of IMAP under a tag, and a reply that says what it took.
func fetch(tag, took string) string {
	return "= open tcp a:143\n< * OK ready\\r\\n\n> " + tag + " FETCH 1 UID\\r\\n\n< " + tag + " OK Fetch completed " + took + ".\\r\\n\n= close\n"
}

func TestDiff(t *testing.T) {
	for _, test := range []struct{ name, a, b, want, kinds string }{
		{name: "the same", a: smtpHead + "< 250 ok\\r\\n\n" + smtpTail, b: smtpHead + "< 250 ok\\r\\n\n" + smtpTail},
		{name: "other cuts are the same", a: smtpHead + "< 250-a\\r\\n\n< 250 b\\r\\n\n" + smtpTail, b: smtpHead + "< 250-a\\r\n~ 3ms\n< \\n250 b\\r\\n\n" + smtpTail},
		{name: "code", a: smtpHead + "< 250 ok\\r\\n\n" + smtpTail, b: smtpHead + "< 550 no\\r\\n\n" + smtpTail,
			want: "x.tape:5: #1 reply code: want 250, got 550 (got 550 no)\n"},
		{name: "a line of a reply", a: smtpHead + "< 250-one\\r\\n\n< 250 two\\r\\n\n" + smtpTail, b: smtpHead + "< 250-one\\r\\n\n< 250 2\\r\\n\n" + smtpTail,
			want: "x.tape:6: #1 reply line 2: want 250 two, got 250 2\n"},
		{name: "queue id", a: smtpHead + "< 250 queued as 4F3A2B1C9D\\r\\n\n" + smtpTail, b: smtpHead + "< 250 queued as 7E1D9C3B2A\\r\\n\n" + smtpTail, kinds: "reply line 1"},
		{name: "queue id of exim", a: smtpHead + "< 250 OK id=1vNEXq-000000001Sb-0Lxv\\r\\n\n" + smtpTail, b: smtpHead + "< 250 OK id=1vNF2A-00000002aTT-3Pfr\\r\\n\n" + smtpTail, kinds: "reply line 1"},
		{name: "queue id of an older exim", a: smtpHead + "< 250 OK id=1tXYZa-0001Sb-Lx\\r\\n\n" + smtpTail, b: smtpHead + "< 250 OK id=1tXYZb-0000Sc-0A\\r\\n\n" + smtpTail, kinds: "reply line 1"},
		{name: "an id that is none of a queue", a: smtpHead + "< 250 OK id=7\\r\\n\n" + smtpTail, b: smtpHead + "< 250 OK id=8\\r\\n\n" + smtpTail,
			want: "x.tape:5: #1 reply line 1: want 250 OK id=7, got 250 OK id=8\n"},
		{name: "SCRAM", a: smtpHead + "< 334 cj1meWtvK2QyTDhiMTJIYlFzd3M2eg==\\r\\n\n" + smtpTail, b: smtpHead + "< 334 cj1SU3c0VjlhMEtqMm1NcHEyVDdYag==\\r\\n\n" + smtpTail, kinds: "reply line 1"},
		{name: "Digest", a: digest("abc", "0a4f", "6629fae49393a05397450978507c4ef1", "alice"), b: digest("xyz9", "77b1", "1f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e", "alice"),
			kinds: "nonce cnonce response Digest nonce"},
		{name: "Digest of somebody else", a: digest("abc", "0a4f", "6629fae49393a05397450978507c4ef1", "alice"), b: digest("abc", "0a4f", "6629fae49393a05397450978507c4ef1", "bob"),
			want: "x.tape:4: #1 request Authorization: want Digest (128 bytes, hidden), got Digest (126 bytes, hidden)\n"},
		{name: "time taken", a: fetch("a1", "(0.001 + 0.000 secs)"), b: fetch("a1", "(0.012 + 0.000 + 0.003 secs)"), kinds: "time taken"},
		{name: "time taken, under another tag", a: fetch("a1", "(0.001 + 0.000 secs)"), b: fetch("b7", "(0.002 + 0.000 secs)"), kinds: "tag time taken"},
		{name: "time taken, the same", a: fetch("a1", "(0.001 + 0.000 secs)"), b: fetch("a1", "(0.001 + 0.000 secs)")},
		{name: "other words before the time taken", a: fetch("a1", "(0.001 + 0.000 secs)"), b: strings.Replace(fetch("a1", "(0.001 + 0.000 secs)"), "OK Fetch", "OK Fatch", 1),
			want: "x.tape:5: #1 reply: want \"a1 OK Fetch completed \", got \"a1 OK Fatch completed \" (at byte 7 of 22)\n"},
		{name: "no time taken", a: fetch("a1", "(0.001 + 0.000 secs)"), b: fetch("a1", "(soon)"), want: "x.tape:5: #1 reply: want …\"etch completed (0.001 + 0.000 secs).\\r\\n\", got …\"etch completed (soon).\\r\\n\" (at byte 23 of 45; 31 bytes came)\n"},
		{name: "argument", a: smtpHead + "< 250 ok\\r\\n\n" + smtpTail, b: strings.Replace(smtpHead, "EHLO me", "EHLO you", 1) + "< 250 ok\\r\\n\n" + smtpTail,
			want: "x.tape:4: #1 command: want EHLO me, got EHLO you\n"},
		{name: "a verb's case", a: smtpHead + "< 250 ok\\r\\n\n" + smtpTail, b: strings.Replace(smtpHead, "EHLO me", "ehlo me", 1) + "< 250 ok\\r\\n\n" + smtpTail},
		{name: "messages missing", a: smtpHead + "< 250 ok\\r\\n\n" + smtpTail, b: smtpHead + "< 250 ok\\r\\n\n= eof <\n= close\n",
			want: "x.tape:6: #2 command: missing; want QUIT\nx.tape:7: #2 reply: missing; want 221 bye\n"},
		{name: "connection missing", a: smtpHead + "< 250 ok\\r\\n\n" + smtpTail + "2= open tcp b:1\n2> hi\n", b: smtpHead + "< 250 ok\\r\\n\n" + smtpTail,
			want: "x.tape:10: connection: missing; want raw, 1 message of the client, 0 of the server\n"},
		{name: "in the order of the tape", a: smtpHead + "< 250 ok\\r\\n\n" + smtpTail, b: strings.Replace(smtpHead, "ESMTP", "SMTP", 1) + "< 550 no\\r\\n\n> NOOP\\r\\n\n< 221 bye\\r\\n\n> QUIT\\r\\n\n< 221 bye\\r\\n\n= close\n",
			want: "x.tape:3: reply line 1: want 220 mail ESMTP, got 220 mail SMTP\nx.tape:5: #1 reply code: want 250, got 550 (got 550 no)\nx.tape:6: #2 command: want QUIT, got NOOP\nx.tape:9: command: not on the tape; got QUIT\nx.tape:9: reply: not on the tape; got 221 bye\n"},
		{name: "reset", a: "= open tcp a:9\n> \\x01\n< \\x02\n= eof <\n", b: "= open tcp a:9\n> \\x01\n< \\x02\n= rst <\n",
			want: "x.tape:5: end of the server's stream: want eof, got rst\n"},
		{name: "tls", a: "= open tcp a:9\n= tls 1.3 alpn=h2\n> \\x01\n", b: "= open tcp a:9\n= tls 1.2\n> \\x01\n",
			want: "x.tape:3: tls version: want 1.3, got 1.2\nx.tape:3: alpn: want h2, got \"\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := load(t, test.a), load(t, test.b)
			b.Name = "y.tape"
			out := Diff(a, b)
			var got strings.Builder
			for _, m := range out.Mismatches {
				got.WriteString(m.String() + "\n")
			}
			if got.String() != test.want {
				t.Errorf("mismatches:\n%swant:\n%s", got.String(), test.want)
			}
			if kinds := strings.Join(out.ByKind, " "); kinds != test.kinds {
				t.Errorf("compared by kind: %q, want %q", kinds, test.kinds)
			}
		})
	}
}

func TestSpanKinds(t *testing.T) {
	for _, test := range []struct {
		span, value string
		fits        bool
	}{
		{`\{date|Mon, 23 Nov 2026 10:00:00 GMT}`, "Mon, 23 Nov 2026 10:00:00 GMT", true}, {`\{date|Mon, 23 Nov 2026 10:00:00 GMT}`, "2026-11-23T10:00:00Z", true}, {`\{date|Mon, 23 Nov 2026 10:00:00 GMT}`, "soon", false},
		{`\{uuid|00000000-0000-0000-0000-000000000000}`, "123e4567-e89b-12d3-a456-426614174000", true}, {`\{uuid|00000000-0000-0000-0000-000000000000}`, "123e4567", false},
		{`\{token|x}`, "a-b~c", true}, {`\{token|x}`, "a b", false}, {`\{token|x}`, "", false},
		{`\{int|1}`, "-12", true}, {`\{int|1}`, "1.5", false},
		{`\{hex|a}`, "0aF", true}, {`\{hex|a}`, "0g", false},
		{`\{b64|x}`, "aGk=", true}, {`\{b64|x}`, "a Gk", false},
		{`\{ip|::1}`, "192.0.2.1", true}, {`\{ip|::1}`, "2001:db8::1", true}, {`\{ip|::1}`, "192.0.2", false},
		{`\{jwt|a.b.c}`, "eyJh.eyJz.c2ln", true}, {`\{jwt|a.b.c}`, "eyJh.eyJz", false},
		{`\{boundary|x}`, "--=_part", true}, {`\{boundary|x}`, "", false},
		{`\{any|x}`, "", true},
		{`\{re:[a-c]+|a}`, "abcab", true}, {`\{re:[a-c]+|a}`, "abcd", false},
		{`\{secret S 5}`, "whatever", true},
		{`a\{int|1}a\{int|2}b`, "a12a7b", true}, {`a\{int|1}a\{int|2}b`, "a12a7", false},
		{`\{any|x}-\{int|1}`, "a-b-5", true},
		{`\{n=int|1}/\{$n}`, "4/4", true}, {`\{k=token|abc}.\{enc-b64 k}`, "hi.aGk=", true},
	} {
		tp := load(t, "! proto bytes\n= open tcp a:1\n> "+test.span+"\n")
		m := messages(tp, wire.ClientToServer)[0]
		if _, ok := m.text(m.Span).fits([]byte(test.value), &Vars{}); ok != test.fits {
			t.Errorf("%s fits %q: %v, want %v", test.span, test.value, ok, test.fits)
		}
	}
}

// What is captured in one place holds in the next.
func TestCaptureHolds(t *testing.T) {
	tp := load(t, "! proto bytes\n= open tcp a:1\n> id \\{n=int|1}\n< ok\n> again \\{$n}\n")
	ms := messages(tp, wire.ClientToServer)
	var v Vars
	if _, ok := ms[0].text(ms[0].Span).fits([]byte("id 7"), &v); !ok {
		t.Fatal("the first does not fit")
	}
	for value, want := range map[string]bool{"again 7": true, "again 8": false} {
		if _, ok := ms[1].text(ms[1].Span).fits([]byte(value), &v); ok != want {
			t.Errorf("%q fits: %v, want %v", value, ok, want)
		}
	}
}

// Many spans that could all fit anywhere are decided in bounded time.
func TestSpansAreBounded(t *testing.T) {
	tp := load(t, "! proto bytes\n= open tcp a:1\n> "+strings.Repeat(`\{any|x}a`, 40)+"!\n")
	m := messages(tp, wire.ClientToServer)[0]
	if _, ok := m.text(m.Span).fits([]byte(strings.Repeat("a", 2000)), &Vars{}); ok {
		t.Error("it fits without the end")
	}
}

func TestRandomValues(t *testing.T) {
	for value, want := range map[string]bool{
		"9f8a7b6c5d4e": true, "dGhpc2lzYXRva2VuMTIz": true, "a1B2c3D4e5F6g7H8": true,
		"en": false, "english-us": false, "release-2026": false, "1234567890123": false,
		"max-age=31536000": false, "aaaaaaaaaaaaaaaa": false, "application": false,
	} {
		if got := random([]byte(value)); got != want {
			t.Errorf("random(%q) = %v, want %v", value, got, want)
		}
	}
}
