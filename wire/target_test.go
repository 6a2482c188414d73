package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTarget(t *testing.T) {
	tcp := func(host string, port uint16, proto string) Target {
		return Target{Network: "tcp", Host: host, Port: port, Proto: proto}
	}
	tests := []struct {
		in   string
		want Target
	}{
		{"www.google.ca:80", tcp("www.google.ca", 80, "http")},
		{" example.com:25 ", tcp("example.com", 25, "smtp")},
		{"Example.COM:smtp", tcp("example.com", 25, "smtp")},
		{"EXAMPLE.com.:https", tcp("example.com.", 443, "http")},
		{"h:", tcp("h", 0, "")},
		{"example.com", tcp("example.com", 0, "")},
		{"::1", tcp("::1", 0, "")},
		{"[::1]:8080", tcp("::1", 8080, "http")},
		{"[0:0::1]:7", tcp("::1", 7, "")},
		{"[fe80::1%eth0]:22", tcp("fe80::1%eth0", 22, "ssh")},
		{"fe80::1%eth0", tcp("fe80::1%eth0", 0, "")},
		{"127.0.0.1:9000", tcp("127.0.0.1", 9000, "")},
		{"h:80/a?b#c", Target{Network: "tcp", Host: "h", Port: 80, Proto: "http", Path: "/a?b"}},
		{"tcp://h:7007", Target{Scheme: "tcp", Network: "tcp", Host: "h", Port: 7007}},
		{"udp://h:domain", Target{Scheme: "udp", Network: "udp", Host: "h", Port: 53, Proto: "dns"}},
		{"dns://9.9.9.9", Target{Scheme: "dns", Network: "udp", Host: "9.9.9.9", Port: 53, Proto: "dns"}},
		{"TLS://H:993", Target{Scheme: "tls", Network: "tcp", Host: "h", Port: 993, TLS: true, Proto: "imap"}},
		{"tls://h", Target{Scheme: "tls", Network: "tcp", Host: "h", Port: 443, TLS: true, Proto: "http"}},
		{"http://h", Target{Scheme: "http", Network: "tcp", Host: "h", Port: 80, Proto: "http"}},
		{"http://h:/", Target{Scheme: "http", Network: "tcp", Host: "h", Port: 80, Proto: "http", Path: "/"}},
		{"http://h?q", Target{Scheme: "http", Network: "tcp", Host: "h", Port: 80, Proto: "http", Path: "/?q"}},
		{"http://h#f", Target{Scheme: "http", Network: "tcp", Host: "h", Port: 80, Proto: "http"}},
		{"http://h/a b/%zz/é", Target{Scheme: "http", Network: "tcp", Host: "h", Port: 80, Proto: "http", Path: "/a%20b/%zz/%C3%A9"}},
		{"https://[fe80::1%25eth0]:8443/x@y", Target{Scheme: "https", Network: "tcp", Host: "fe80::1%eth0", Port: 8443, TLS: true, ALPN: []string{"http/1.1"}, Proto: "http", Path: "/x@y"}},
		{"h2://h", Target{Scheme: "h2", Network: "tcp", Host: "h", Port: 443, TLS: true, ALPN: []string{"h2"}, Proto: "h2"}},
		{"h2c://h:8080", Target{Scheme: "h2c", Network: "tcp", Host: "h", Port: 8080, Proto: "h2"}},
		{"smtps://h", Target{Scheme: "smtps", Network: "tcp", Host: "h", Port: 465, TLS: true, Proto: "smtp"}},
		{"redis://h", Target{Scheme: "redis", Network: "tcp", Host: "h", Port: 6379, Proto: "redis"}},
		{"unix:/run/a.sock", Target{Scheme: "unix", Network: "unix", Host: "/run/a.sock"}},
		{"unix:///run/a.sock", Target{Scheme: "unix", Network: "unix", Host: "/run/a.sock"}},
		{"Unix://@bus", Target{Scheme: "unix", Network: "unix", Host: "@bus"}},
		{"unix:rel/a", Target{Scheme: "unix", Network: "unix", Host: "rel/a"}},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in)
		if err != nil {
			t.Errorf("ParseTarget(%q): %v", tt.in, err)
			continue
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("ParseTarget(%q) (-want +got):\n%s", tt.in, d)
		}
	}
}

func TestParseTargetErrors(t *testing.T) {
	const user = `a user before "@" is not sent: leave it out, and send it as the protocol has it (HTTP: Authorization)`
	tests := []struct{ in, want string }{
		{"", `target "": nothing there; want host:port`},
		{"h:0", `target "h:0": port 0: want 1 to 65535`},
		{"h:70000", `target "h:70000": port 70000: want 1 to 65535`},
		{"h:99999999999999999999", `target "h:99999999999999999999": port 99999999999999999999: want 1 to 65535`},
		{"h:-1", `target "h:-1": port "-1": neither a number nor a service that is known`},
		{"mailto:x", `target "mailto:x": port "x": neither a number nor a service that is known`},
		{"http:/h", `target "http:/h": one slash; want http://host`},
		{"//h", `target "//h": no scheme before "//"`},
		{"http://", `target "http://": no host`},
		{":80", `target ":80": no host before the colon`},
		{"[::1", `target "[::1": no "]" after "["`},
		{"[::1]80", `target "[::1]80": "80" after "]": want :port`},
		{"[127.0.0.1]:80", `target "[127.0.0.1]:80": "127.0.0.1" in brackets: not an IPv6 address`},
		{"a:b:80", `target "a:b:80": more than one colon; an IPv6 address stands in brackets: [::1]:80`},
		{"0x7f.1:80", `target "0x7f.1:80": host "0x7f.1": ends in a number and is not an IPv4 address`},
		{"256.1.1.1:80", `target "256.1.1.1:80": host "256.1.1.1": ends in a number and is not an IPv4 address`},
		{"a..b:80", `target "a..b:80": host "a..b": empty label`},
		{"a b:80", `target "a b:80": host "a b": character ' '`},
		{"h\r\nX:80", `target "h\r\nX:80": control character '\r'`},
		{"http://h/\x00", `target "http://h/\x00": control character '\x00'`},
		{"bücher.example:80", `target "bücher.example:80": host "bücher.example": not ASCII; write its xn-- form`},
		{"user:pw@h:21", `target "…@h:21": ` + user},
		{"https://a@b@h/x@y", `target "https://…@h/x@y": ` + user},
		{"u:pw@h\x00", `target "…@h\x00": control character '\x00'`},
		{"unix:", `target "unix:": no path; want unix:/path or unix:@name`},
	}
	for _, tt := range tests {
		got, err := ParseTarget(tt.in)
		if err == nil || err.Error() != tt.want {
			t.Errorf("ParseTarget(%q) = %+v, %v; want error %s", tt.in, got, err, tt.want)
		}
	}
	if _, err := ParseTarget("gopher://h"); err == nil || !strings.Contains(err.Error(), `scheme "gopher": want one of tcp, tls, http`) {
		t.Errorf(`ParseTarget("gopher://h"): %v; want the schemes there are`, err)
	}
	if _, err := ParseTarget(strings.Repeat("a", 64) + ":80"); err == nil {
		t.Error("a label of 64 octets was taken")
	}
	if _, err := ParseTarget(strings.Repeat("a.", 127) + "a:80"); err == nil {
		t.Error("a name of 255 octets was taken")
	}
}

func TestHostForCertificate(t *testing.T) {
	for in, want := range map[string]string{
		"example.com:443":    "example.com",
		"example.com.:443":   "example.com",
		"example.com":        "example.com",
		"[fe80::1%eth0]:443": "fe80::1",
		"[::1]":              "::1",
		"127.0.0.1:1":        "127.0.0.1",
		"/run/a.sock":        "",
		"@bus":               "",
		"":                   "",
	} {
		if got := hostOf(in); got != want {
			t.Errorf("hostOf(%q) = %q, want %q", in, got, want)
		}
	}
}
