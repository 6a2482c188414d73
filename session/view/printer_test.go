package view

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

func TestCertificateTellsAllOfAChain(t *testing.T) {
	var b strings.Builder
	p := New(&b, Style{})
	chain := &wire.TLS{Certificates: [][]byte{certificate(t), []byte("no certificate")}, Verify: "ok", OCSP: true, SCTs: 2}
	p.Certificate(chain, start)
	chain.Certificates, chain.Verify = chain.Certificates[:1], "x509: certificate has expired"
	p.Certificate(chain, start.AddDate(1, 0, 0))
	p.Certificate(chain, start.AddDate(-1, 0, 0))
	p.Certificate(nil, start)
	golden(t, "certificate", b.String())
}

func TestALPN(t *testing.T) {
	tests := []struct {
		tls  *wire.TLS
		want string
	}{
		{nil, "* no TLS, and so no ALPN\n"},
		{&wire.TLS{}, "* alpn not offered\n"},
		{&wire.TLS{Offered: []string{"h2"}}, "* alpn: none selected (offered h2)\n"},
		{&wire.TLS{ALPN: "h2", Offered: []string{"h2", "http/1.1"}}, "* alpn h2 (offered h2, http/1.1)\n"},
	}
	for _, tt := range tests {
		var b strings.Builder
		New(&b, Style{}).ALPN(tt.tls)
		if b.String() != tt.want {
			t.Errorf("ALPN(%+v) = %q, want %q", tt.tls, b.String(), tt.want)
		}
	}
}

func TestTheProxyInBetweenIsTold(t *testing.T) {
	var b strings.Builder
	New(&b, Style{}).Event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{
		Network: "tcp", Role: wire.Dialed, Target: "h.test:80", Remote: "127.0.0.1:1080", Via: "socks5 127.0.0.1:1080",
		Phases: wire.Phases{Connect: time.Millisecond, Proxy: 2 * time.Millisecond}}})
	if want := "Trying 127.0.0.1...\nConnected to h.test.\n* via socks5 127.0.0.1:1080; tcp 1 ms, proxy 2 ms\n"; b.String() != want {
		t.Errorf("wrote\n%swant\n%s", b.String(), want)
	}
}

func TestEchoShowsWhatACommandSends(t *testing.T) {
	var b strings.Builder
	p := New(&b, Style{Live: true})
	p.Echo(1, []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1"), true)
	p.Echo(1, []byte("EHLO me\r\n"), false)
	want := "~> POST / HTTP/1.1\n~> Host: x\n~> Content-Length: 3\na=1\n> EHLO me\n"
	if b.String() != want {
		t.Errorf("Echo wrote\n%swant\n%s", b.String(), want)
	}
}

func TestUnfinishedIsTheLineThatHasNoEnd(t *testing.T) {
	tests := []struct {
		kind       proto.Kind
		data, want string
	}{
		{proto.KindRaw, "Welcome\r\nlogin: ", "login: "},
		{proto.KindRaw, "Welcome\r\n", ""},
		{proto.KindRaw, "\x1b[1mlogin: ", `\x1b[1mlogin: `},
		{proto.KindRaw, "名前: ", `\u{540d}\u{524d}: `},
		{proto.KindRaw, "\x00\x01\x02", ""},
		{proto.KindRaw, strings.Repeat("x", 300), ""},
		{proto.KindReply, "220-mail\r\n220", "220"},
	}
	for _, tt := range tests {
		m := &proto.Message{Kind: tt.kind, Dir: wire.ServerToClient}
		if tt.kind == proto.KindRaw {
			m.Body.Data = []byte(tt.data)
		} else {
			m.Head = []byte(tt.data)
		}
		p := New(new(strings.Builder), Style{})
		if got := p.Unfinished(1, proto.State{Partial: [2]*proto.Message{nil, m}}); got != tt.want {
			t.Errorf("Unfinished of %q = %q, want %q", tt.data, got, tt.want)
		}
	}
}

// full is a writer that has room for so many writes.
type full int

func (f *full) Write(b []byte) (int, error) {
	if *f == 0 {
		return 0, errors.New("no space left")
	}
	*f--
	return len(b), nil
}

func TestPrinterKeepsTheFirstError(t *testing.T) {
	w := full(1)
	p := New(&w, Style{})
	p.Info("one\ntwo")
	if err := p.Err(); err != nil {
		t.Fatalf("after one write: %v", err)
	}
	p.Info("three")
	w = 1
	p.Info("four")
	if err := p.Err(); err == nil || w != 1 {
		t.Errorf("after a failed write: error %v, %d writes left, want an error and no further write", err, w)
	}
}

func TestClientAlertsAndServerAlertsInWords(t *testing.T) {
	for a := range wire.Alert(130) {
		if strings.HasPrefix(a.String(), "alert_") || a == 0 {
			continue
		}
		for _, from := range []wire.Dir{wire.ClientToServer, wire.ServerToClient} {
			var b strings.Builder
			p := New(&b, Style{})
			p.Event(wire.Event{Conn: 1, Kind: wire.KindAlert, Dir: from, Alert: a})
			p.Event(wire.Event{Conn: 1, Kind: wire.KindEOF, Dir: from, Notify: wire.NotifyYes}) // nothing says why
			if got := b.String(); !strings.HasPrefix(got, "! tls alert ") || !strings.Contains(got, a.String()+" from the "+from.String()) {
				t.Errorf("alert %d from the %s: %q", a, from, got)
			}
		}
	}
}

// A tape for version control has neither times nor addresses: none are shown.
func TestNoTimesAndNoAddresses(t *testing.T) {
	events := slices.Clone(conversations(t)["http-304"].events)
	for i := range events {
		events[i].At = 0
		if events[i].Facts != nil {
			events[i].Facts = &wire.Facts{Network: "tcp", Target: events[i].Facts.Target}
		}
	}
	got := view(Style{}, events)
	if !strings.HasPrefix(got, "Connected to www.example.com.\n") || !strings.Contains(got, "* #1 304; ") {
		t.Errorf("view:\n%s", got)
	}
	events[0].Facts.Network = "udp"
	if got := view(Style{}, events[:1]); got != "* udp to www.example.com:80\n" {
		t.Errorf("view over UDP: %q", got)
	}
}
