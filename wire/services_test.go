package wire

import "testing"

func TestServiceAt(t *testing.T) {
	for _, tt := range []struct{ network, port, proto string }{
		{"tcp", "25", "smtp"}, {"tcp", "smtp", "smtp"}, {"tcp", "submissions", "smtp"}, {"tcp", "2525", "smtp"}, {"tcp", "24", "smtp"},
		{"tcp", "2121", "ftp"}, {"tcp", "ftps", "ftp"}, {"tcp", "1100", "pop3"},
		{"tcp", "8000", "http"}, {"tcp", "8080", "http"}, {"tcp", "http-alt", "http"}, {"tcp", "8443", "http"},
		{"tcp", "53", "dns"}, {"udp", "53", "dns"}, {"udp", "dns", "dns"},
		{"udp", "443", ""}, {"unix", "80", ""}, {"", "80", ""},
		{"tcp", "", ""}, {"tcp", "0", ""}, {"tcp", "9000", ""}, {"tcp", "nonesuch", ""}, {"tcp", "65616", ""}, {"tcp", "-80", ""},
	} {
		if got := ServiceAt(tt.network, tt.port).Proto; got != tt.proto {
			t.Errorf("ServiceAt(%q, %q).Proto = %q, want %q", tt.network, tt.port, got, tt.proto)
		}
	}
}

// The table has no name twice, and one answer for each port.
func TestServicesAgree(t *testing.T) {
	names := map[string]bool{}
	ports := map[uint16]Service{}
	for _, s := range services {
		if s.Name != "" && names[s.Name] {
			t.Errorf("two services %q", s.Name)
		}
		names[s.Name] = true
		name := s.Name
		if first, ok := ports[s.Port]; ok {
			s.Name = first.Name
			if s != first {
				t.Errorf("%s says other things of port %d than %s", name, s.Port, first.Name)
			}
		} else {
			ports[s.Port] = s
		}
	}
}

func TestWhatATargetExpects(t *testing.T) {
	tests := []struct {
		in     string
		proto  string
		greets bool
		tls    bool // usually
	}{
		{"h:25", "smtp", true, false},
		{"h:2525", "smtp", true, false},
		{"h:2121", "ftp", true, false},
		{"h:119", "nntp", true, false},
		{"h:80", "http", false, false},
		{"h:8000", "http", false, false},
		{"h:8443", "http", false, true},
		{"h:993", "imap", false, true}, // it waits for the handshake
		{"tls://h:993", "imap", true, true},
		{"smtp://h:9999", "smtp", true, false},
		{"smtps://h:9999", "smtp", true, false},
		{"http://h:25", "http", false, false}, // the scheme wins
		{"h2://h", "h2", false, true},
		{"tcp://h:9999", "", false, false},
		{"udp://h:443", "", false, false},
		{"udp://h:53", "dns", false, false},
		{"unix:/run/x.sock", "", false, false},
	}
	for _, tt := range tests {
		got := target(t, tt.in)
		if got.Proto != tt.proto || got.SpeaksFirst() != tt.greets || got.UsuallyTLS() != tt.tls {
			t.Errorf("%s: proto %q, speaks first %v, usually TLS %v; want %q, %v, %v",
				tt.in, got.Proto, got.SpeaksFirst(), got.UsuallyTLS(), tt.proto, tt.greets, tt.tls)
		}
	}
}
