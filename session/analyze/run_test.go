package analyze

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
)

func TestHostAndPortAreTLSOrPlain(t *testing.T) {
	cfg, o := secure(t, "h2", "http/1.1")
	s := serve(t, site{tls: cfg, http: always(page())})
	r, err := analyze(t, s+"/x", o)
	if got, want := summary(r, s), "200 https://A/x\npassword no no\n"; got != want || err != nil || r.HTTP2.Verdict != Yes {
		t.Errorf("TLS: http2 %s, got\n%swant\n%s%v", r.HTTP2.Verdict, got, want, err)
	}
	for _, row := range []struct {
		name string
		site site
	}{
		{"which answers in text", site{http: page200OrBad}},
		{"which closes", site{http: func(head string) string {
			if !strings.HasPrefix(head, "GET ") {
				return ""
			}
			return page()
		}}},
	} {
		s := serve(t, row.site)
		r, err := analyze(t, s+"/x", Options{})
		if got, want := summary(r, s), "200 http://A/x\npassword no no\n"; got != want || err != nil || r.URL != "http://"+s+"/x" {
			t.Errorf("plain port %s: %s, got\n%swant\n%s%v", row.name, r.URL, got, want, err)
		}
	}
}

// page200OrBad answers a request, and 400 to anything else without waiting for
// its end.
func page200OrBad(head string) string {
	if strings.HasPrefix(head, "GET ") {
		return page()
	}
	return "HTTP/1.1 400 Bad Request\r\n\r\n"
}

func TestPlainPortAskedForTLS(t *testing.T) {
	s := serve(t, site{http: page200OrBad})
	r, err := analyze(t, "https://"+s+"/", Options{})
	if op, ok := errors.AsType[*wire.OpError](err); !ok || op.Phase != wire.PhaseTLS {
		t.Errorf("error %v", err)
	}
	want := "password unknown unknown\nerror https://A/: TLS handshake: the peer's first bytes are not TLS: "
	if got := summary(r, s); !strings.HasPrefix(got, want) || r.HTTP2.Verdict != No || !strings.HasSuffix(r.HTTP2.Evidence, "answers a TLS handshake in the clear") {
		t.Errorf("http2 %+v, got\n%swant\n%s", r.HTTP2, got, want)
	}
}

func TestTLSPortAskedInTheClear(t *testing.T) {
	for _, row := range []struct{ name, answer, want string }{
		{"alert", "\x15\x03\x01\x00\x02\x02\x0a", "password unknown unknown\nerror http://A/: the port speaks TLS: ask with https\n"},
		{"nginx", "HTTP/1.1 400 Bad Request\r\nContent-Length: 52\r\n\r\n<h1>The plain HTTP request was sent to HTTPS port</h1>",
			"400 http://A/\npassword no no\nwarning hop 1: port portA speaks TLS and was asked in the clear\n"},
	} {
		s := serve(t, site{http: always(row.answer)})
		r, _ := analyze(t, "http://"+s+"/", Options{})
		_, port, _ := net.SplitHostPort(s)
		if got := strings.ReplaceAll(summary(r, s), "port "+port, "port portA"); got != row.want {
			t.Errorf("%s: got\n%swant\n%s", row.name, got, row.want)
		}
	}
}

func TestFromHTTPToHTTPSAndBack(t *testing.T) {
	cfg, o := secure(t, "http/1.1")
	var a, b string
	var sent []string
	b = serve(t, site{tls: cfg, http: func(head string) string {
		sent = append(sent, head)
		if strings.HasPrefix(head, "GET /back ") {
			return redirect(302, "http://"+a+"/end")
		}
		return redirect(302, "/back", "Set-Cookie: s=1; Secure", "Set-Cookie: p=1")
	}})
	a = serve(t, site{http: func(head string) string {
		sent = append(sent, head)
		if strings.HasPrefix(head, "GET /end ") {
			return page()
		}
		return redirect(301, "https://"+b+"/")
	}})
	r, err := analyze(t, "http://"+a+"/", o)
	want := `301 http://A/
302 https://B/
302 https://B/back
200 http://A/end
cookie s=1 hop 2 store
cookie p=1 hop 2 store
password no no
warning hop 3: downgrade from https to http://A
`
	if got := summary(r, a, b); got != want || err != nil || r.HTTPS != "downgrades to http" || r.Status != 200 {
		t.Errorf("status %d, https %q, got\n%swant\n%s%v", r.Status, r.HTTPS, got, want, err)
	}
	if !strings.Contains(sent[2], "\r\nCookie: s=1; p=1\r\n") || !strings.Contains(sent[3], "\r\nCookie: p=1\r\n") {
		t.Errorf("requests %q", sent)
	}
}

func TestHSTSKeepsLaterHopsOnHTTPS(t *testing.T) {
	cfg, o := secure(t, "http/1.1")
	var b string
	b = serve(t, site{tls: cfg, http: func(head string) string {
		if strings.HasPrefix(head, "GET /b ") {
			return page("Strict-Transport-Security: max-age=7; includeSubDomains; preload")
		}
		return redirect(302, "http://"+strings.Replace(b, "127.0.0.1", "www.example.com", 1)+"/b", "Strict-Transport-Security: max-age=7")
	}})
	_, port, _ := net.SplitHostPort(b)
	r, err := analyze(t, "https://www.example.com:"+port+"/", o)
	want := `302 https://www.example.com:portA/
200 https://www.example.com:portA/b
password no no
warning hop 1: http://www.example.com:portA asked over https: Strict-Transport-Security was seen
`
	if got := summary(r, b); got != want || err != nil {
		t.Errorf("got\n%swant\n%s%v", got, want, err)
	}
	if h := r.HSTS; h == nil || *h != (HSTS{MaxAge: 7, IncludeSubDomains: true, Preload: true}) {
		t.Errorf("hsts %+v", h)
	}
}

func TestNeverEndingBodyIsCut(t *testing.T) {
	t.Parallel()
	s := serve(t, site{http: always("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\n\r\ndata: 1\n"), slow: true})
	began := time.Now()
	r, err := analyze(t, "http://"+s+"/", Options{})
	want := "200 http://A/\ncookie a=1 hop 1 store\npassword no no\nwarning hop 1: the body was not read to its end: 8 octets were\n"
	if got := summary(r, s); got != want || err != nil {
		t.Errorf("got\n%swant\n%s%v", got, want, err)
	}
	if took := time.Since(began); took > bodyWait+time.Second {
		t.Errorf("took %v", took)
	}
}

func TestEndlessBodyIsReadUpToItsLimit(t *testing.T) {
	s := serve(t, site{http: always("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 8*maxBody)), slow: true})
	var received int
	o := Options{Dialer: wire.Dialer{Resolve: loopback}, Sink: func(e wire.Event) {
		if e.Dir == wire.ServerToClient {
			received += len(e.Data)
		}
	}}
	r, err := Run(t.Context(), "http://"+s+"/", o)
	if err != nil || len(r.Hops) != 1 || received < maxBody || received > maxBody+64<<10 {
		t.Errorf("%d octets received, %d hops, %v", received, len(r.Hops), err)
	}
}

func TestBodyOfARedirectIsNotWaitedFor(t *testing.T) {
	s := serve(t, site{http: func(head string) string {
		if strings.HasPrefix(head, "GET /b ") {
			return page()
		}
		return "HTTP/1.1 302 x\r\nLocation: /b\r\nContent-Length: 100\r\n\r\nHTTP/1.1 401 x\r\n\r\n"
	}, slow: true})
	r, err := analyze(t, "http://"+s+"/", Options{})
	if got, want := summary(r, s), "302 http://A/\n200 http://A/b\npassword no no\n"; got != want || err != nil {
		t.Errorf("got\n%swant\n%s%v", got, want, err)
	}
}

func TestSilentServer(t *testing.T) {
	t.Parallel()
	s := serve(t, site{mute: true})
	r, err := analyze(t, "http://"+s+"/", Options{Timeout: 200 * time.Millisecond})
	e, ok := errors.AsType[*ResponseError](err)
	if !ok || !strings.HasPrefix(string(r.Error), "http://"+s+"/: no response") || r.Password.Verdict != Unknown {
		t.Errorf("error %q, %v", r.Error, e)
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := l.Addr().String()
	l.Close()
	for _, scheme := range []string{"http://", "https://", ""} {
		r, err := analyze(t, scheme+s+"/", Options{})
		op, ok := errors.AsType[*wire.OpError](err)
		if !ok || op.Phase != wire.PhaseConnect {
			t.Errorf("%s: error %v", scheme, err)
		}
		if r.Website != "127.0.0.1" || !strings.HasSuffix(string(r.Error), "connect "+s+": connection refused") || r.Password.Verdict != Unknown {
			t.Errorf("%s: website %q, error %q, password %+v", scheme, r.Website, r.Error, r.Password)
		}
		if r.HTTP2.Verdict != Unknown || r.Status != 0 {
			t.Errorf("%s: http2 %+v, want %s; status %d", scheme, r.HTTP2, Unknown, r.Status)
		}
	}
}

func TestNameThatIsNotFound(t *testing.T) {
	o := Options{Dialer: wire.Dialer{Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}}}
	r, err := Run(t.Context(), "nosuch.example.com/x", o)
	op, ok := errors.AsType[*wire.OpError](err)
	if !ok || op.Phase != wire.PhaseName {
		t.Errorf("error %v", err)
	}
	if r.URL != "http://nosuch.example.com/x" || r.Website != "nosuch.example.com" || r.Error != "http://nosuch.example.com/x: look up nosuch.example.com: no such host" || r.HTTP2.Verdict != Unknown {
		t.Errorf("report %+v", r)
	}
}

func TestUserIsNotSent(t *testing.T) {
	var sent string
	s := serve(t, site{http: func(head string) string { sent = head; return page() }})
	if _, err := analyze(t, "http://user:secret@"+s+"/", Options{}); err != nil {
		t.Error(err)
	}
	if want := "GET / HTTP/1.1\r\nHost: " + s + "\r\nUser-Agent: wiretape (+auto)\r\nAccept: */*\r\nConnection: close\r\n\r\n"; sent != want {
		t.Errorf("sent %q, want %q", sent, want)
	}
}

func TestClientCertificateWanted(t *testing.T) {
	cfg, o := secure(t, "http/1.1")
	cfg.ClientAuth = tls.RequireAnyClientCert
	s := serve(t, site{tls: cfg, http: always(page())})
	r, err := analyze(t, "https://"+s+"/", o)
	want := "password unknown client-cert\nerror https://A/: no response: the server sent alert certificate_required\n"
	if got := summary(r, s); got != want || err == nil {
		t.Errorf("got\n%swant\n%s%v", got, want, err)
	}
}

// A certificate that is asked for and not insisted on is told, over both versions:
// the request comes encrypted in the one and in the clear in the other.
func TestClientCertificateAskedFor(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, asks := range []bool{true, false} {
			cfg, o := secure(t, "http/1.1")
			cfg.MaxVersion = version
			if asks {
				cfg.ClientAuth = tls.VerifyClientCertIfGiven
			}
			s := serve(t, site{tls: cfg, http: always(page())})
			r, err := analyze(t, "https://"+s+"/", o)
			want := "200 https://A/\npassword no no\n"
			if asks {
				want += "warning the server asked for a client certificate, and answered all the same\n"
			}
			if got := summary(r, s); got != want || err != nil || r.TLS.Asked != asks {
				t.Errorf("TLS %s: got\n%swant\n%s%v", tls.VersionName(version), got, want, err)
			}
		}
	}
}

func TestAnEmptyRecordingSaysSo(t *testing.T) {
	r := Analyze(func(func(wire.Event) bool) {}, time.Time{})
	if r.Schema != Schema || r.HTTP2.Verdict != Unknown || r.Password.Verdict != Unknown || r.Error == "" {
		t.Errorf("report %+v", r)
	}
}

func TestHSTSFields(t *testing.T) {
	for _, row := range []struct {
		url, field string
		verified   bool
		want       HSTS
	}{
		{"https://h/", "max-age=15552000", true, HSTS{MaxAge: 15552000}},
		{"https://h/", "max-age=0", true, HSTS{}},
		{"https://h/", `Max-Age="31"; ; PRELOAD; x=y; includesubdomains`, true, HSTS{MaxAge: 31, Preload: true, IncludeSubDomains: true}},
		{"https://h/", "max-age=99999999999999999999", true, HSTS{MaxAge: 1<<63 - 1}},
		{"https://h/", "includeSubDomains", true, HSTS{IncludeSubDomains: true, Ignored: "no max-age"}},
		{"https://h/", "max-age=-1", true, HSTS{Ignored: "max-age is no number"}},
		{"https://h/", "max-age=1; max-age=2", true, HSTS{MaxAge: 2, Ignored: "directive max-age stands twice"}},
		{"http://h/", "max-age=1", false, HSTS{MaxAge: 1, Ignored: "came over http"}},
		{"https://h/", "max-age=1", false, HSTS{MaxAge: 1, Ignored: "the certificate did not verify"}},
		{"https://[::1]/", "max-age=1", true, HSTS{MaxAge: 1, Ignored: "the host is an address"}},
	} {
		u, err := parseTyped(row.url)
		if err != nil {
			t.Fatal(err)
		}
		fields := fieldsOf("Strict-Transport-Security", row.field, "max-age=5")
		if got := parseHSTS(fields, u.first, row.verified); *got != row.want {
			t.Errorf("%q at %s: %+v, want %+v", row.field, row.url, *got, row.want)
		}
	}
}
