package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"wiretape/session/analyze"
	"wiretape/wire/cookie"
)

// judged returns the cookies of a response as an analysis reports them.
func judged(o cookie.Origin, hop int, setCookies ...string) []analyze.Cookie {
	var out []analyze.Cookie
	for _, s := range setCookies {
		v := cookie.Judge(o, []byte(s), time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC))
		domain, _ := v.Cookie.Sent("Domain")
		out = append(out, analyze.Cookie{Object: v.Object(), Hop: hop, SentDomain: domain})
	}
	return out
}

// analyses are reports of every kind.
func analyses() map[string]*analyze.Report {
	uvic := cookie.NewOrigin(true, "www.uvic.ca", "/")
	return map[string]*analyze.Report{
		"auto-site": {
			Schema: analyze.Schema, URL: "http://www.uvic.ca/", FinalURL: "https://www.uvic.ca/", Website: "www.uvic.ca",
			HTTP2: analyze.HTTP2{Verdict: analyze.No, Evidence: "www.uvic.ca:443 selected http/1.1 of h2, http/1.1, and refuses h2 alone: alert no_application_protocol"},
			Cookies: append(judged(uvic, 1, "PHPSESSID=x; path=/"), judged(uvic, 2,
				"uvic_bar=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/; domain=.uvic.ca", "www_def=1",
				"TS018b3cbd=0; Secure; HttpOnly; SameSite=Lax", "TS0165a077=0; Path=/; Domain=.uvic.ca", "TS0165a077=0; Path=/; Domain=.uvic.ca")...),
			Password: analyze.Password{Verdict: analyze.No, Kind: "no", Challenges: []analyze.Challenge{}},
			Hops:     []analyze.Hop{{URL: "http://www.uvic.ca/", Status: 301, Location: "https://www.uvic.ca/"}, {URL: "https://www.uvic.ca/", Status: 200}},
			TLS: &analyze.TLS{Version: "1.3", Cipher: "TLS_AES_128_GCM_SHA256", ALPN: "http/1.1", ServerName: "www.uvic.ca", Verify: "ok",
				Subject: "CN=www.uvic.ca", Issuer: "CN=R1", Names: []string{"www.uvic.ca"}, NotBefore: "2026-10-01T00:00:00Z", NotAfter: "2027-01-01T00:00:00Z"},
			HTTPS: "available", HSTS: &analyze.HSTS{MaxAge: 15552000, IncludeSubDomains: true},
			Timing: analyze.Timing{DNS: 0.012, Connect: 0.02, TLS: 0.031, FirstByte: 0.045, Total: 0.301}, Warnings: []string{},
		},
		"auto-password": {
			Schema: analyze.Schema, URL: "http://127.0.0.1:8000/", FinalURL: "http://127.0.0.1:8000/", Website: "127.0.0.1",
			HTTP2: analyze.HTTP2{Verdict: analyze.Broken, Evidence: "x"}, Cookies: []analyze.Cookie{},
			Password: analyze.Password{Verdict: analyze.Yes, Kind: "http-auth", Challenges: []analyze.Challenge{{Scheme: "Basic", Realm: "Protected"}}},
			Hops:     []analyze.Hop{{URL: "http://127.0.0.1:8000/", Status: 401}}, Warnings: []string{},
		},
		"auto-unknown": {
			Schema: analyze.Schema, URL: "https://h.example/", FinalURL: "https://h.example/", Website: "h.example",
			HTTP2: analyze.HTTP2{Verdict: analyze.Unknown, Evidence: "h.example:443: timed out"}, Cookies: []analyze.Cookie{},
			Password: analyze.Password{Verdict: analyze.Unknown, Kind: "unknown", Challenges: []analyze.Challenge{}},
			Hops:     []analyze.Hop{}, Warnings: []string{}, Error: "https://h.example/: timed out",
		},
		"auto-full":         fullReport("www.example.com", "Apache/2.4"),
		"auto-full-hostile": fullReport("\x1b]0;x\u202e", "\xff\x1b[2J\u200b"),
		"auto-hostile": {
			Schema: analyze.Schema, URL: "http://h.example/", FinalURL: "http://h.example/", Website: "h.example",
			HTTP2: analyze.HTTP2{Verdict: analyze.Yes, Evidence: "\x1b[2J", H2C: "yes"},
			Cookies: judged(cookie.NewOrigin(false, "h.example", "/"), 1, "a\x1b]0;x=1", "\xff=\u202e; Expires=\x9b1m; Domain=\u200bcom",
				"=nameless", "", "s=1; Secure", "b=<&>"),
			Password: analyze.Password{Verdict: analyze.Yes, Kind: "http-auth", Challenges: []analyze.Challenge{{Scheme: "Basic", Realm: "\x1b]0;\xff\u202e"}}},
			Hops:     []analyze.Hop{{URL: "http://h.example/", Status: 401, Location: "\x7f\u202e"}},
			HSTS:     &analyze.HSTS{Ignored: "came over http"}, HTTPS: "\x1b", Warnings: []string{"\x1b[31m\u202e"},
			TLS: &analyze.TLS{Version: "1.2", Verify: "expired on 2020-01-01", Subject: "CN=\x1b", NotAfter: "2020-01-01T00:00:00Z"}, Error: "<\x1b>",
		},
	}
}

// fullReport is what a full analysis gives of a host whose server names itself
// thus.
func fullReport(host, server string) *analyze.Report {
	left := 38
	tls := &analyze.TLS{Version: "1.3", Cipher: "TLS_AES_128_GCM_SHA256", ALPN: "http/1.1", ServerName: host, Verify: "ok", Subject: "CN=" + host, Issuer: "CN=R1",
		Names: []string{host, "*." + host}, NotBefore: "2026-10-01T00:00:00Z", NotAfter: "2027-01-01T00:00:00Z", Conn: 1, Group: "X25519MLKEM768", DaysLeft: &left,
		Key: "ECDSA P-256", Signature: "ECDSA-SHA256", Chain: "complete", Sent: 2, OCSP: true, MustStaple: true, SCTs: 2, Versions: []analyze.TLSVersion{
			{Version: "1.1", Verdict: analyze.No, Evidence: "alert protocol_version", Conn: 4}, {Version: "1.3", Verdict: analyze.Yes, Cipher: "TLS_AES_128_GCM_SHA256", Group: "x25519", Conn: 5}}}
	return &analyze.Report{
		Schema: analyze.Schema, URL: "https://" + host + "/", FinalURL: "https://" + host + "/login", Website: host,
		HTTP2:    analyze.HTTP2{Verdict: analyze.Yes, Evidence: "prefers http/1.1", Conn: 2, Prefers: "http/1.1", H2C: "no", HTTP3: "advertised-header"},
		Cookies:  judged(cookie.NewOrigin(true, host, "/"), 1, "PHPSESSID=x; SameSite=None"),
		Password: analyze.Password{Verdict: analyze.No, Kind: "login-form", Challenges: []analyze.Challenge{}, Confidence: "high", Evidence: "a form for " + server},
		Hops:     []analyze.Hop{{URL: "https://" + host + "/", Status: 200, Conn: 1, Soft: cookie.Octets("/" + server)}},
		TLS:      tls, HTTPS: "available", Timing: analyze.Timing{Total: 1.2}, Warnings: []string{"the whole of it " + server},
		Auth:      &analyze.Auth{Verdict: analyze.Yes, Scheme: "Digest", Evidence: "status 200 with credentials", Conn: 6},
		Addresses: []analyze.Address{{Address: "[2001:db8::1]:443", Family: "IPv6", Result: "timed out", Conn: 1}, {Address: "192.0.2.1:443", Family: "IPv4", Result: "connected", Seconds: 0.0123, Conn: 1}},
		DNS:       &analyze.DNS{Name: host, Server: "192.0.2.53:53", Conn: 3, Records: []analyze.DNSRecord{{Name: host + ".", Type: "HTTPS", TTL: 300, Data: "1 . alpn=\"h3,h2\""}}, Faults: []string{"AAAA: SERVFAIL"}},
		Protocols: []analyze.Protocol{{Name: "h3", Verdict: analyze.Yes, Evidence: "Alt-Svc names h3 at " + server, Conn: 1}, {Name: "h2c upgrade", Verdict: analyze.Broken, Evidence: "101, and no SETTINGS", Conn: 7}, {Name: "h2c", Verdict: analyze.Unknown, Evidence: "not asked"}},
		Server:    []analyze.Field{{Name: "Server", Value: cookie.Octets(server)}}, Hints: []string{"PHPSESSID: PHP"},
		Security: []analyze.Field{{Name: "X-Frame-Options", Value: cookie.Octets(server), Note: "only DENY and SAMEORIGIN have a meaning"}, {Name: "Referrer-Policy", Note: "not sent"}},
		Probes:   []analyze.Probe{{Conn: 1, What: "page", Target: host + ":443", Result: "status 200", Timing: analyze.Timing{DNS: 0.001, Connect: 0.0123, TLS: 0.02, FirstByte: 0.1, Total: 0.2}}, {Conn: 8, What: "QUIC"}},
	}
}

func TestAnalyses(t *testing.T) {
	for name, r := range analyses() {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("-- classic --\n")
			if err := Classic(&b, r); err != nil {
				t.Fatal(err)
			}
			b.WriteString("-- report --\n")
			if err := Report(&b, r, Style{}); err != nil {
				t.Fatal(err)
			}
			j, err := ReportJSON(nil, r)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "-- json --\n%s\n", j)
			golden(t, name, b.String())

			for i, c := range b.String() {
				if c < ' ' && c != '\n' || c != '…' && invisible(c) && c != '\n' {
					t.Errorf("octet %d: %q reaches the screen", i, c)
				}
			}
			var again map[string]any
			if err := json.Unmarshal(j, &again); err != nil {
				t.Errorf("JSON: %v", err)
			}
		})
	}
}

// TestClassicForm holds the block that other people's programs compare.
func TestClassicForm(t *testing.T) {
	const want = `website: www.uvic.ca
1. Supports http2: no
2. List of Cookies:
cookie name: PHPSESSID
cookie name: uvic_bar, expires time: Thu, 01-Jan-1970 00:00:01 GMT, domain name: .uvic.ca
cookie name: www_def
cookie name: TS018b3cbd
cookie name: TS0165a077, domain name: .uvic.ca
cookie name: TS0165a077, domain name: .uvic.ca
3. Password-protected: no
`
	var b strings.Builder
	if err := Classic(&b, analyses()["auto-site"]); err != nil || b.String() != want {
		t.Errorf("got\n%swant\n%s%v", b.String(), want, err)
	}
}
