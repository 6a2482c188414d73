package view

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// start is the wall clock of all recordings here.
var start = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// A talk is a conversation written down for a test: events, a millisecond apart
// unless told.
type talk struct {
	events []wire.Event
	at     time.Duration
	conn   int
}

// dial begins a talk with an opened connection.
func dial(target string) *talk {
	t := &talk{conn: 1}
	_, port, _ := net.SplitHostPort(target)
	return t.add(wire.Event{Kind: wire.KindOpen, Facts: &wire.Facts{
		Network: "tcp", Role: wire.Dialed, Target: target,
		Local: "127.0.0.1:40000", Remote: net.JoinHostPort("192.0.2.1", port),
		Start: start, Phases: wire.Phases{DNS: 1200 * time.Microsecond, Connect: 100 * time.Microsecond},
	}})
}

func (t *talk) add(e wire.Event) *talk {
	if e.Conn == 0 {
		e.Conn = t.conn
	}
	e.At = t.at
	t.at += time.Millisecond
	t.events = append(t.events, e)
	return t
}

func (t *talk) wait(d time.Duration) *talk { t.at += d; return t }

func (t *talk) client(lines ...string) *talk { return t.data(wire.ClientToServer, lines) }
func (t *talk) server(lines ...string) *talk { return t.data(wire.ServerToClient, lines) }

func (t *talk) data(d wire.Dir, lines []string) *talk {
	return t.add(wire.Event{Kind: wire.KindData, Dir: d, Data: []byte(strings.Join(lines, "\r\n"))})
}

func (t *talk) eof() *talk {
	return t.add(wire.Event{Kind: wire.KindEOF, Dir: wire.ServerToClient})
}

func (t *talk) close() *talk { return t.add(wire.Event{Kind: wire.KindClose}) }

func (t *talk) secure(tb testing.TB, verify, alpn string, offered ...string) *talk {
	return t.add(wire.Event{Kind: wire.KindSecure, TLS: &wire.TLS{
		Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, Group: tls.X25519,
		ALPN: alpn, Offered: offered, ServerName: "localhost",
		Certificates: [][]byte{certificate(tb)}, Verify: verify, Took: 5700 * time.Microsecond,
	}})
}

// certificate returns the same self-signed certificate each time.
func certificate(tb testing.TB) []byte {
	der, err := certificateOf("localhost")
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

// certificateOf is certificate with another common name, which has to be UTF-8.
func certificateOf(name string) ([]byte, error) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x1234),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{"localhost", "*.example.com"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    start.Add(-24 * time.Hour),
		NotAfter:     start.Add(29*24*time.Hour + time.Hour),
	}
	return x509.CreateCertificate(nil, template, template, key.Public(), key)
}

// show writes a talk as a session does.
func show(w io.Writer, s Style, events []wire.Event) {
	p := New(w, s)
	stream := detect.New(detect.Options{})
	messages := func(msgs []proto.Message) {
		for i := range msgs {
			p.Message(&msgs[i])
		}
	}
	for _, e := range events {
		messages(stream.Feed(e))
		p.Event(e)
		p.Partial(e.Conn, stream.State(e.Conn))
	}
	messages(stream.Close())
}

// view returns what show writes.
func view(s Style, events []wire.Event) string {
	var b bytes.Buffer
	show(&b, s, events)
	return b.String()
}

// asJSON returns the Messages of a talk as JSON.
func asJSON(events []wire.Event) string {
	var b []byte
	stream := detect.New(detect.Options{})
	add := func(msgs []proto.Message) {
		for i := range msgs {
			b = JSON(b, &msgs[i], JSONOptions{Frames: true, Start: start})
		}
	}
	for _, e := range events {
		add(stream.Feed(e))
	}
	add(stream.Close())
	return string(b)
}

// chunk returns data as a chunk (RFC 9112, section 7.1).
func chunk(data string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(data), data) }
