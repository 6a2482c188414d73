package tlsrec

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// record returns a record.
func record(t Type, payload string) string {
	return string([]byte{byte(t), 3, 3, byte(len(payload) >> 8), byte(len(payload))}) + payload
}

// message returns a handshake message.
func message(t HandshakeType, body string) string {
	return string([]byte{byte(t), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}) + body
}

// clientHello offers two suites, with the extensions given as they stand.
func clientHello(extensions string) string {
	return message(ClientHello, "\x03\x03"+strings.Repeat("r", 32)+"\x00\x00\x04\x13\x01\x00\xff\x01\x00"+
		string([]byte{byte(len(extensions) >> 8), byte(len(extensions))})+extensions)
}

const (
	sni = "\x00\x00\x00\x0a\x00\x08\x00\x00\x05h.tst"
	h2  = "\x00\x10\x00\x05\x00\x03\x02h2"
	v13 = "\x00\x2b\x00\x05\x04\x03\x04\x03\x03"
)

// serverHello chooses a suite, without extensions.
var serverHello = message(ServerHello, "\x03\x03"+strings.Repeat("r", 32)+"\x00\xc0\x2f\x00")

func describe(m proto.Message) string {
	var s strings.Builder
	s.WriteString(map[wire.Dir]string{wire.ClientToServer: "> ", wire.ServerToClient: "< "}[m.Dir])
	switch v := m.Value.(type) {
	case *Record:
		s.WriteString(v.Type.String())
		if v.Encrypted {
			s.WriteString(" encrypted")
		}
		if v.Alert != nil {
			s.WriteString(fmt.Sprintf(" %t %s", v.Alert.Fatal, v.Alert.Code))
		}
		for _, h := range v.Handshakes {
			s.WriteString(" " + h.Type.String())
			if h.Hello != nil {
				s.WriteString(fmt.Sprintf(" %s %v %q %q", h.Hello.Chosen(), h.Hello.Suites, h.Hello.ServerName, h.Hello.ALPN))
			}
			if h.Certificates != nil {
				s.WriteString(fmt.Sprintf(" %q", h.Certificates))
			}
		}
	default:
		s.WriteString(fmt.Sprintf("%s %q", m.Kind, m.Body.Data))
	}
	for _, n := range m.Notes {
		s.WriteString(fmt.Sprintf("; %d %s", n.Offset, n.Text))
	}
	return s.String()
}

var conversations = []struct {
	name string
	talk []string
	want []string
}{
	{"TLS 1.2", []string{"> " + record(TypeHandshake, clientHello(sni+h2)),
		"< " + record(TypeHandshake, serverHello+message(Certificate, "\x00\x00\x05\x00\x00\x02ab")+message(14, "")),
		"> " + record(ChangeCipherSpec, "\x01") + record(TypeHandshake, "secret"), "< " + record(ChangeCipherSpec, "\x01") + record(TypeHandshake, "secret") + record(ApplicationData, "data"), "> " + record(TypeAlert, "\x01\x00xxxx")},
		[]string{`> handshake ClientHello TLS 1.2 [TLS_AES_128_GCM_SHA256 TLS_EMPTY_RENEGOTIATION_INFO_SCSV] "h.tst" ["h2"]`,
			`< handshake ServerHello TLS 1.2 [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] "" [] Certificate ["ab"] ServerHelloDone`,
			"> change cipher spec", "> handshake encrypted", "< change cipher spec", "< handshake encrypted", "< application data encrypted", "> alert encrypted"}},
	{"TLS 1.3, with another ClientHello", []string{"> " + record(TypeHandshake, clientHello(v13)),
		"< " + record(TypeHandshake, message(ServerHello, "\x03\x03"+string(retryRandom)+"\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04")) + record(ChangeCipherSpec, "\x01"),
		"> " + record(ChangeCipherSpec, "\x01") + record(TypeHandshake, clientHello(v13)), "< " + record(ApplicationData, "x")},
		[]string{`> handshake ClientHello TLS 1.3 [TLS_AES_128_GCM_SHA256 TLS_EMPTY_RENEGOTIATION_INFO_SCSV] "" []`,
			`< handshake ServerHello TLS 1.3 [TLS_AES_128_GCM_SHA256] "" []`, "< change cipher spec", "> change cipher spec",
			`> handshake ClientHello TLS 1.3 [TLS_AES_128_GCM_SHA256 TLS_EMPTY_RENEGOTIATION_INFO_SCSV] "" []`, "< application data encrypted"}},
	{"a handshake message over several records", []string{"> " + record(TypeHandshake, clientHello(sni)[:3]) + record(TypeHandshake, clientHello(sni)[3:20]) + record(TypeHandshake, clientHello(sni)[20:])},
		[]string{"> handshake", "> handshake", `> handshake ClientHello TLS 1.2 [TLS_AES_128_GCM_SHA256 TLS_EMPTY_RENEGOTIATION_INFO_SCSV] "h.tst" []`}},
	{"refused", []string{"> " + record(TypeHandshake, clientHello("")), "< " + record(TypeAlert, "\x02\x28")}, []string{`> handshake ClientHello TLS 1.2 [TLS_AES_128_GCM_SHA256 TLS_EMPTY_RENEGOTIATION_INFO_SCSV] "" []`, "< alert true handshake_failure"}},
	{"an answer in plain text", []string{"> " + record(TypeHandshake, clientHello("")), "< HTTP/1.1 400 Bad Request\r\n"},
		[]string{`> handshake ClientHello TLS 1.2 [TLS_AES_128_GCM_SHA256 TLS_EMPTY_RENEGOTIATION_INFO_SCSV] "" []`, `< raw "HTTP/1.1 400 Bad Request\r\n"; 0 plain text where a TLS record should be`}},
	{"an alert to plain text", []string{"> GET / HTTP/1.0\r\n\r\n", "< " + record(TypeAlert, "\x02\x46")},
		[]string{`> raw "GET / HTTP/1.0\r\n\r\n"; 0 plain text where a TLS record should be`, "< alert true protocol_version"}},
	{"SSL 2", []string{"> \x80\x15\x01\x03\x01\x00\x06\x00\x00\x00\x06\x01\x00\x80\x00\x00\x2fchalle" + record(TypeAlert, "\x01\x00")},
		[]string{`> handshake ClientHello TLS 1.0 [suite 0x0080 TLS_RSA_WITH_AES_128_CBC_SHA] "" []; 0 a ClientHello in the form of SSL 2`, "> alert false close_notify"}},
	{"out of use", []string{"< " + record(TypeHandshake, message(ServerHello, "\x03\x00"+strings.Repeat("r", 32)+"\x00\x00\x0a\x00"))},
		[]string{`< handshake ServerHello SSL 3 [TLS_RSA_WITH_3DES_EDE_CBC_SHA] "" []; 0 SSL 3 was chosen, which is out of use`}},
	{"broken", []string{"> " + record(TypeHandshake, message(ClientHello, "\x03\x03short")) + record(TypeHandshake, "\x01") + record(TypeAlert, "") + "\x16\x03\x01\xff\xffxx", "< \x00"},
		[]string{"> handshake ClientHello; 0 ClientHello is cut off, or says what it may not", "> handshake", "> alert encrypted; 22 record without a payload; 22 a handshake message is interrupted by alert",
			`> raw "\x16\x03\x01\xff\xffxx"; 27 record of 65535 octets, more than any may have`, `< raw "\x00"; 0 no TLS record begins so`}},
	{"octets are missing", []string{"< " + record(ApplicationData, "x")[:4], "= gap server 3", "< " + record(ApplicationData, "y")},
		[]string{`< raw "\x17\x03\x03\x00"; 0 record is not complete`, `< gap ""`, "< application data encrypted"}},
}

func read(limits proto.Limits, events []wire.Event) (got []string) {
	p := New(limits)
	for _, e := range events {
		for _, m := range p.Feed(e) {
			got = append(got, describe(m))
		}
	}
	for _, m := range p.Close() {
		got = append(got, describe(m))
	}
	return got
}

func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			events := prototest.Talk(c.talk...)
			prototest.Check(t, func() proto.Parser { return New(proto.Limits{}) }, events)
			if got := read(proto.Limits{}, events); !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestLongHandshakeMessagesAreNotHeld(t *testing.T) {
	long := message(Certificate, strings.Repeat("x", 500)) + message(14, "")
	events := prototest.Talk("< " + record(TypeHandshake, long[:100]) + record(TypeHandshake, long[100:]))
	prototest.Check(t, func() proto.Parser { return New(proto.Limits{Head: 64}) }, events)
	got := read(proto.Limits{Head: 64}, events)
	want := []string{"< handshake; 0 Certificate of 500 octets is not read", "< handshake ServerHelloDone"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestHandshakesOfCryptoTLS compares what is read of a handshake with what the two
// sides of it were told and found out.
func TestHandshakesOfCryptoTLS(t *testing.T) {
	authority, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := authority.Issue("h.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client, server := net.Pipe()
		var events []wire.Event
		mu := make(chan struct{}, 1)
		tap := func(c net.Conn, dir wire.Dir) net.Conn {
			return tapped{c, func(b []byte) {
				mu <- struct{}{}
				events = append(events, wire.Event{Conn: 1, Kind: wire.KindData, Dir: dir, Data: bytes.Clone(b)})
				<-mu
			}}
		}
		s := tls.Server(tap(server, wire.ServerToClient), &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}, MaxVersion: version})
		c := tls.Client(tap(client, wire.ClientToServer), &tls.Config{ServerName: "h.test", RootCAs: authority.Pool(), NextProtos: []string{"x", "http/1.1"}, MaxVersion: version})
		done := make(chan error, 1)
		go func() { done <- s.Handshake() }()
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		state := c.ConnectionState()
		client.Close()
		server.Close()

		prototest.Check(t, func() proto.Parser { return New(proto.Limits{}) }, events)
		var hellos []*Hello
		var certificates [][]byte
		p := New(proto.Limits{})
		for _, e := range events {
			for _, m := range p.Feed(e) {
				r, ok := m.Value.(*Record)
				if !ok || len(m.Notes) > 0 {
					t.Fatalf("%s", describe(m))
				}
				for _, h := range r.Handshakes {
					if h.Hello != nil {
						hellos = append(hellos, h.Hello)
					}
					certificates = append(certificates, h.Certificates...)
				}
			}
		}
		if len(hellos) != 2 {
			t.Fatalf("%d hellos, want 2", len(hellos))
		}
		if h := hellos[0]; h.ServerName != "h.test" || !slices.Equal(h.ALPN, []string{"x", "http/1.1"}) || h.Chosen() != Version(version) || len(h.Groups) == 0 {
			t.Errorf("%s: the ClientHello is %+v", Version(version), h)
		}
		if h := hellos[1]; uint16(h.Suites[0]) != state.CipherSuite || h.Suites[0].String() != tls.CipherSuiteName(state.CipherSuite) || uint16(h.Chosen()) != state.Version {
			t.Errorf("%s: the ServerHello is %+v", Version(version), h)
		}
		if version == tls.VersionTLS12 && (len(certificates) == 0 || !bytes.Equal(certificates[0], state.PeerCertificates[0].Raw)) {
			t.Errorf("%d certificates, or another than the peer's", len(certificates))
		}
	}
}

type tapped struct {
	net.Conn
	wrote func([]byte)
}

func (c tapped) Write(b []byte) (int, error) {
	c.wrote(b)
	return c.Conn.Write(b)
}

// TestSuitesAreNamedAsElsewhere holds the table against that of crypto/tls.
func TestSuitesAreNamedAsElsewhere(t *testing.T) {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if got := Suite(s.ID).String(); got != s.Name {
			t.Errorf("suite 0x%04x: %s, want %s", s.ID, got, s.Name)
		}
	}
	if got := Suite(0x3a3a).String() + Group(0x1a1a).String() + Suite(0x1234).String(); got != "GREASEGREASEsuite 0x1234" {
		t.Errorf("unknown suites are %s", got)
	}
}

func FuzzLaws(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Line: 40, Head: 100, Body: 10}) }, seeds...)
}
