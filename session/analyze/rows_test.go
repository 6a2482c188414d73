package analyze

import (
	"fmt"
	"strings"
	"testing"
)

// What a report says of a cookie that another one changes.
func TestCookiesThatChangeOthers(t *testing.T) {
	s := serve(t, site{http: pages(map[string]string{
		"/": redirect(302, "/b", "Set-Cookie: a=1; Path=/", "Set-Cookie: a=2; Path=/", "Set-Cookie: gone=1; Path=/"),
		"/b": htmlPage(200, `<meta http-equiv="Set-Cookie" content="m=1">x`, "Set-Cookie2: old=1", "Set-Cookie: gone=x; Path=/; Max-Age=0; Expires=Fri, 01 Jan 2038 00:00:00 GMT",
			"Set-Cookie: never=x; Max-Age=-1", "Set-Cookie: b=1; Max-Age=99999999999999999999", "Set-Cookie: c=1; Domain=com", "Set-Cookie: d=1, e=2"),
	})})
	r, err := analyze(t, "http://"+s+"/", Options{})
	if err != nil {
		t.Error(err)
	}
	var got []string
	for _, c := range r.Cookies {
		got = append(got, fmt.Sprintf("%d %s=%s %s replaced=%t size=%d", c.Hop, c.Name, c.Value, c.Verdict, c.Replaced, c.Size))
	}
	want := `1 a=1 store replaced=false size=2
1 a=2 store replaced=true size=2
1 gone=1 store replaced=false size=5
2 gone=x expire replaced=true size=5
2 never=x expire replaced=false size=6
2 b=1 store replaced=false size=2
2 c=1 reject replaced=false size=2
2 d=1, e=2 store replaced=false size=7`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
	if c := r.Cookies[5]; c.EffectiveExpires != "2027-12-28T10:00:00Z" {
		t.Errorf("a life of 99999999999999999999 s ends %s", c.EffectiveExpires)
	}
	if c := r.Cookies[6]; c.Rule == "" || c.Reason == "" {
		t.Errorf("%+v", c)
	}
	for _, w := range []string{"hop 2: Set-Cookie2 is ignored: RFC 6265 made it obsolete", "hop 2: a meta element of the page has a Set-Cookie, which browsers ignore"} {
		if !strings.Contains(summary(r), "warning "+w+"\n") {
			t.Errorf("no warning %q in\n%s", w, summary(r))
		}
	}
}

// Redirects are followed as many times as is said.
func TestLimitOfRedirects(t *testing.T) {
	s := serve(t, site{http: func(head string) string {
		path, _, _ := strings.Cut(strings.TrimPrefix(head, "GET /"), " ")
		if len(path) == 20 {
			return page()
		}
		return redirect(302, "/"+path+"x")
	}})
	for limit, want := range map[int]string{0: "too many redirects: 10 were followed", 15: "too many redirects: 15 were followed", 20: "", 30: ""} {
		r, err := analyze(t, "http://"+s+"/", Options{MaxRedirects: limit})
		if hops := max(limit, 10) + 1; string(r.Error) != want || !asReported(r, err) || len(r.Hops) != min(hops, 21) {
			t.Errorf("%d: %d hops, error %q, %v; want %q", limit, len(r.Hops), r.Error, err, want)
		}
	}
	// Fewer than what a browser follows is a wish of the user's, not too many.
	if r, err := analyze(t, "http://"+s+"/", Options{MaxRedirects: 3}); len(r.Hops) != 4 || r.Error == "" || !asReported(r, err) {
		t.Errorf("%d hops, error %q, %v", len(r.Hops), r.Error, err)
	}
}

func TestRedirectToTheMetadataOfACloud(t *testing.T) {
	for _, p := range []string{redirect(302, "http://169.254.169.254/latest/"), page("Refresh: 0;url=http://169.254.169.254/latest/")} {
		s := serve(t, site{http: always(p)})
		r, err := analyze(t, "http://"+s+"/", Options{Soft: true})
		if err != nil || len(r.Hops) != 1 || !strings.Contains(summary(r), "warning hop 1: 169.254.169.254 is not followed: it gives credentials") {
			t.Errorf("%v\n%s", err, summary(r))
		}
	}
}

// lines of status are read as they come, and what is odd about them is said.
var statusLines = []struct{ line, want string }{
	{"HTTP/1.1 200", "200"}, {"HTTP/1.1 200 ", "200"}, {"HTTP/1.0 200 OK", "200"}, {"HTTP/2 200", "200"}, {"ICY 200 OK", "200"}, {"http/1.1 200 OK", "200"},
	{"HTTP/1.1 999 x", "999"}, {"\r\nHTTP/1.1 200 OK", "200"}, {"HTTP/1.1 200OK", "200"},
}

func TestStatusLines(t *testing.T) {
	for _, row := range statusLines {
		s := serve(t, site{http: always(row.line + "\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok")})
		r, err := analyze(t, "http://"+s+"/", Options{})
		got := string(r.Error)
		if len(r.Hops) == 1 {
			got = fmt.Sprint(r.Hops[0].Status)
		}
		if got != row.want || err != nil || len(r.Cookies) != 1 {
			t.Errorf("%q: %s, want %s (%d cookies, %v)", row.line, got, row.want, len(r.Cookies), err)
		}
	}
}

// framings are bodies with more or less to them than their heads say.
func TestFramings(t *testing.T) {
	for _, row := range []struct{ name, response, warning string }{
		{"length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "Content-Length beside Transfer-Encoding: ignored (RFC 9112 6.3)"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "a strict client refuses the response"},
		{"length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", "a strict client refuses the response"},
		{"length in hex", "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok", "a strict client refuses the response"},
		{"lengths in one field", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", ""},
		{"chunked behind another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", ""},
		{"a coding that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nok", ""},
		{"chunk extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\n\r\n", ""},
		{"chunks that end in a bare line feed", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\n0\n\n", ""},
		{"folded field", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok", ""},
		{"blank before the colon", "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 2\r\n\r\nok", ""},
		{"line without a colon", "HTTP/1.1 200 OK\r\nX\r\nContent-Length: 2\r\n\r\nok", ""},
		{"NUL", "HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\nok", ""},
		{"field of 60 KB", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 60_000) + "\r\nContent-Length: 2\r\n\r\nok", ""},
		{"10,000 fields", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 10_000) + "Content-Length: 2\r\n\r\nok", ""},
		{"304 with a body", "HTTP/1.1 304 x\r\nContent-Length: 2\r\n\r\nok", ""},
		{"missing last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "truncated"},
		{"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", ""},
		{"204 with a length", "HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n", ""},
		{"101 unasked", "HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", ""},
		{"cookie in a trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: t=1\r\n\r\n", "Set-Cookie in a trailer is not taken"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, site{http: always(row.response)})
			r, err := analyze(t, "http://"+s+"/", Options{})
			if err != nil || len(r.Hops) != 1 || len(r.Cookies) != 0 {
				t.Errorf("%d hops, %d cookies, %v", len(r.Hops), len(r.Cookies), err)
			}
			if !strings.Contains(strings.Join(r.Warnings, "\n"), row.warning) {
				t.Errorf("warnings %q, want %q", r.Warnings, row.warning)
			}
		})
	}
}

// A path is asked for as long as it is; the server may find it too long.
func TestPathOf8KB(t *testing.T) {
	path := "/" + strings.Repeat("p", 8<<10)
	s := serve(t, site{http: func(head string) string {
		if !strings.HasPrefix(head, "GET "+path+" ") {
			return page()
		}
		return "HTTP/1.1 414 x\r\nContent-Length: 0\r\n\r\n"
	}})
	if r, err := analyze(t, "http://"+s+path, Options{}); err != nil || r.Status != 414 {
		t.Errorf("status %d, %v", r.Status, err)
	}
}

// What a record says against what is usual is a warning.
func TestWarningsOfHTTPSRecords(t *testing.T) {
	cfg, o := secure(t)
	s := serve(t, site{tls: cfg, http: always(page())})
	for data, want := range map[string]string{
		"\x00\x01\x00\x00\x01\x00\x03\x02h2\x00\x02\x00\x00": "an HTTPS record has no-default-alpn: HTTP/1.1 is not to be supposed (RFC 9460 7.1.1)",
		"\x00\x01\x00\x00\x03\x00\x02\x20\xfb":               "an HTTPS record names port 8443, which was not asked",
		"\x00\x01\x00\x00\x01\x00\x03\x02h2":                 "",
	} {
		o := www(t, "", s, o)
		o.Nameserver = zone{"www.example.com. HTTPS": data}.serve(t)
		r, err := analyze(t, "https://www.example.com/", o)
		var got []string
		for _, w := range r.Warnings {
			if strings.Contains(w, "HTTPS record") {
				got = append(got, w)
			}
		}
		if strings.Join(got, "\n") != want || err != nil || r.DNS == nil || len(r.DNS.Records) != 1 {
			t.Errorf("%q: %q, want %q (%v)", data, got, want, err)
		}
	}
}

func TestAltSvc(t *testing.T) {
	for value, want := range map[string]string{
		`h3=":443"; ma=86400, h3-29=":443"; ma=1`: "[{h3 :443} {h3-29 :443}]", "clear": "[] clear", " clear ": "[] clear", "": "[]",
		`h2="alt.example:8000", h%33=":1"`: "[{h2 alt.example:8000} {h3 :1}]", `h3=":443";x="a, b;c=\"d"`: "[{h3 :443}]", "nonsense, =, h3": "[]", `w=a; h3=":1"`: "[{w a}]",
	} {
		list, clear := parseAltSvc(value)
		got := fmt.Sprint(list)
		if clear {
			got += " clear"
		}
		if got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

// Where HTTP/3 is advertised, and where that counts for nothing.
func TestHTTP3Adverts(t *testing.T) {
	cfg, o := secure(t)
	secured := serve(t, site{tls: cfg, http: always(page(`alt-svc: h3=":443"; ma=1`))})
	cleared := serve(t, site{tls: cfg, http: always(page(`alt-svc: clear`))})
	plain := serve(t, site{http: always(page(`Alt-Svc: h3=":443"`))})
	untrusted := o
	untrusted.Dialer.TLS = nil
	for _, row := range []struct {
		url  string
		o    Options
		want string
	}{
		{"https://" + secured + "/", o, "advertised-header"}, {"https://" + cleared + "/", o, ""}, {"http://" + plain + "/", Options{}, ""}, {"https://" + secured + "/", untrusted, ""},
	} {
		r, err := analyze(t, row.url, row.o)
		if r.HTTP2.HTTP3 != row.want || err != nil {
			t.Errorf("%s: %q, want %q (%v)", row.url, r.HTTP2.HTTP3, row.want, err)
		}
	}
	// An HTTPS record that nobody answers for is not one that is not there.
	for answer, want := range map[string]string{"": "not seen", "SERVFAIL": "unknown", "\x00\x01\x00\x00\x01\x00\x03\x02h2": "not seen",
		"\x00\x01\x00\x00\x01\x00\x06\x02h3\x02h2\x00\x02\x00\x00": "advertised-dns", "\x00\x00\x05alias\x07example\x03com\x00": "advertised-dns"} {
		o := www(t, "", cleared, o)
		z := zone{"alias.example.com. HTTPS": "\x00\x01\x00\x00\x01\x00\x03\x02h3"}
		if answer != "" {
			z["www.example.com. HTTPS"] = answer
		}
		o.Nameserver = z.serve(t)
		r, err := analyze(t, "https://www.example.com/", o)
		if r.HTTP2.HTTP3 != want || err != nil {
			t.Errorf("record %q: %q, want %q: %s (%v)", answer, r.HTTP2.HTTP3, want, row(r, "h3"), err)
		}
	}
}

func TestResolvConf(t *testing.T) {
	for text, want := range map[string]string{
		"nameserver 192.0.2.53\n": "192.0.2.53:53", "# x\noptions a\nnameserver\tfe80::1%eth0\nnameserver 1.1.1.1": "[fe80::1%eth0]:53", "": "", "nameserver\n": "", "nameserver x\nnameserver ::1": "[::1]:53",
	} {
		if got := parseResolvConf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
