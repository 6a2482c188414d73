package keylog_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/keylog"
)

// certificates are of both kinds of keys that suites sign with.
var certificates = sync.OnceValues(func() (out []tls.Certificate, err error) {
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"a.test"}}
	one, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	two, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for _, key := range []crypto.Signer{one, two} {
		der, cerr := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
		if err == nil {
			err = cerr
		}
		out = append(out, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	}
	return out, err
})

// A capture is what two ends of a pipe wrote.
type capture struct {
	mu     sync.Mutex
	events []wire.Event
	log    bytes.Buffer // of keys
}

func (c *capture) add(e wire.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.Conn, e.At = 1, time.Duration(len(c.events))*time.Millisecond
	c.events = append(c.events, e)
}

// tapped notes what is written to a connection before it is.
type tapped struct {
	net.Conn
	c   *capture
	dir wire.Dir
}

func (t tapped) Write(b []byte) (int, error) {
	t.c.add(wire.Event{Kind: wire.KindData, Dir: t.dir, Data: bytes.Clone(b)})
	return t.Conn.Write(b)
}

// long is more than one record holds.
var long = strings.Repeat("0123456789abcdef", 3000)

// talk has a client and a server say something, and hang up.
func talk(t testing.TB, client, server *tls.Config) *capture {
	t.Helper()
	c := &capture{}
	c.add(wire.Event{Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: "a.test:443"}})
	client, server = client.Clone(), server.Clone()
	certs, err := certificates()
	if err != nil {
		t.Fatal(err)
	}
	client.ServerName, client.InsecureSkipVerify, client.KeyLogWriter = "a.test", true, &c.log
	client.NextProtos, server.NextProtos = []string{"x", "y"}, []string{"y"}
	server.Certificates = certs
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() {
		s := tls.Server(tapped{b, c, wire.ServerToClient}, server)
		done <- func() error {
			if _, err := io.ReadFull(s, make([]byte, len("ping"))); err != nil {
				return err
			}
			if _, err := io.WriteString(s, long); err != nil {
				return err
			}
			return s.CloseWrite()
		}()
	}()
	s := tls.Client(tapped{a, c, wire.ClientToServer}, client)
	if _, err := io.WriteString(s, "ping"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(s); err != nil || string(got) != long {
		t.Fatalf("read %d octets, %v", len(got), err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	c.add(wire.Event{Kind: wire.KindEOF, Dir: wire.ServerToClient})
	c.add(wire.Event{Kind: wire.KindClose})
	return c
}

// read opens events, and returns what came out in one line, runs of data joined.
func read(t *testing.T, log string, events []wire.Event) (told string, facts *wire.TLS, notes []string) {
	t.Helper()
	var keys keylog.Keys
	if err := keys.Add(strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	var out []string
	last := wire.Dir(0)
	at := time.Duration(0)
	o := keylog.NewOpener(&keys, func(e wire.Event) {
		if e.At < at {
			t.Errorf("an event at %v follows one at %v", e.At, at)
		}
		at = e.At
		switch e.Kind {
		case wire.KindData:
			if e.Dir != last {
				out = append(out, map[wire.Dir]string{wire.ClientToServer: ">", wire.ServerToClient: "<"}[e.Dir])
			}
			out[len(out)-1] += string(e.Data)
			last = e.Dir
			return
		case wire.KindSecure:
			facts = e.TLS
			out = append(out, "tls")
		case wire.KindEOF:
			out = append(out, "eof"+map[wire.Notify]string{wire.NotifyYes: "+", wire.NotifyNo: "-"}[e.Notify])
		case wire.KindGap:
			out = append(out, fmt.Sprintf("gap%d", e.Size))
		case wire.KindAlert:
			out = append(out, "alert:"+e.Alert.String())
		default:
			out = append(out, e.Kind.String())
		}
		last = 0
	}, func(note string) { notes = append(notes, note) })
	for _, e := range events {
		o.Event(e)
	}
	return strings.ReplaceAll(strings.Join(out, " "), long, "LONG"), facts, notes
}

// bytewise cuts data into events of an octet.
func bytewise(events []wire.Event) (out []wire.Event) {
	for _, e := range events {
		if e.Kind != wire.KindData {
			out = append(out, e)
			continue
		}
		for i := range e.Data {
			one := e
			one.Data = e.Data[i : i+1]
			out = append(out, one)
		}
	}
	return out
}

func TestEachSuiteIsOpened(t *testing.T) {
	all := append(tls.CipherSuites(), tls.InsecureCipherSuites()...)
	n := 0
	for _, suite := range all {
		for _, v := range suite.SupportedVersions {
			config := &tls.Config{MinVersion: v, MaxVersion: v, CipherSuites: []uint16{suite.ID}}
			if v == tls.VersionTLS13 && suite.ID != tls.TLS_AES_128_GCM_SHA256 {
				continue // which of them is chosen is not ours to say
			}
			c := talk(t, config, config)
			told, facts, notes := read(t, c.log.String(), c.events)
			if strings.Contains(suite.Name, "RC4") {
				if len(notes) != 1 || !strings.Contains(notes[0], suite.Name+" is not read") || !strings.HasPrefix(told, "open >\x16\x03") {
					t.Errorf("%s: notes %q", suite.Name, notes)
				}
				continue
			}
			n++
			if want := "open tls >ping <LONG eof+ close"; told != want || len(notes) > 0 {
				t.Errorf("%s of %s: %.200q, want %q; notes %q", suite.Name, tls.VersionName(v), told, want, notes)
				continue
			}
			if facts.Version != v || v < tls.VersionTLS13 && facts.CipherSuite != suite.ID || facts.ALPN != "y" || facts.ServerName != "a.test" || len(facts.Offered) != 2 || len(facts.Certificates) != 1 || facts.Resumed || facts.Took <= 0 {
				t.Errorf("%s of %s: %+v", suite.Name, tls.VersionName(v), facts)
			}
			if (strings.Contains(suite.Name, "ECDHE") || v == tls.VersionTLS13) == (facts.Group == 0) {
				t.Errorf("%s of %s: group %v", suite.Name, tls.VersionName(v), facts.Group)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d suites were opened", n)
	}
}

func TestReadsMayCutRecordsAnywhere(t *testing.T) {
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{MinVersion: v, MaxVersion: v}
		c := talk(t, config, config)
		if told, _, notes := read(t, c.log.String(), bytewise(c.events)); told != "open tls >ping <LONG eof+ close" {
			t.Errorf("%s: %.200q; %q", tls.VersionName(v), told, notes)
		}
	}
}

func TestResumedHandshake(t *testing.T) {
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{MinVersion: v, MaxVersion: v, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		server := &tls.Config{MaxVersion: v}
		server.SetSessionTicketKeys([][32]byte{{1}})
		log := ""
		for i := range 2 {
			c := talk(t, config, server)
			if log += c.log.String(); i == 1 && v == tls.VersionTLS12 {
				// Go logs no secret when it resumes: it is that of the time before.
				random := c.events[1].Data[11:43]
				log = fmt.Sprintf("CLIENT_RANDOM %x %s", random, strings.Fields(log)[2])
			}
			told, facts, notes := read(t, log, c.events)
			if told != "open tls >ping <LONG eof+ close" || facts.Resumed != (i == 1) {
				t.Errorf("%s, time %d: %.200q, %+v; %q", tls.VersionName(v), i, told, facts, notes)
			}
		}
	}
}

// What cannot be opened comes as it was, and is said.
func TestWhatIsNotOpenedStandsAsItWas(t *testing.T) {
	c13, c12 := talk(t, &tls.Config{}, &tls.Config{}), talk(t, &tls.Config{}, &tls.Config{MaxVersion: tls.VersionTLS12})
	raw := func(c *capture) string {
		told, _, _ := read(t, "", c.events)
		return told
	}
	without := func(c *capture, label string) string {
		var out strings.Builder
		for line := range strings.Lines(c.log.String()) {
			if !strings.HasPrefix(line, label) {
				out.WriteString(line)
			}
		}
		return out.String()
	}
	forged := func(c *capture) string {
		line := []byte(strings.TrimSpace(c.log.String()))
		for i := len(line) - 8; i < len(line); i++ {
			line[i] = '0'
		}
		return string(line)
	}
	for _, row := range []struct {
		name, log, note string
		of              *capture
	}{
		{"no keys", "", "there are no keys", c13},
		{"another's keys", c12.log.String(), "no secrets of it", c13},
		{"no handshake secret", without(c13, "SERVER_HANDSHAKE"), "lacks its SERVER_HANDSHAKE_TRAFFIC_SECRET", c13},
		{"no traffic secret", without(c13, "SERVER_TRAFFIC"), "lacks its SERVER_TRAFFIC_SECRET_0", c13},
		{"a wrong secret", forged(c12), "does not open", c12},
	} {
		told, facts, notes := read(t, row.log, row.of.events)
		if len(notes) != 1 || !strings.Contains(notes[0], row.note) || facts != nil {
			t.Errorf("%s: notes %q, want %q", row.name, notes, row.note)
		}
		if strip := strings.NewReplacer(" >", "", " <", ""); strip.Replace(told) != strip.Replace(raw(row.of)) {
			t.Errorf("%s: the bytes are others", row.name)
		}
	}
}

func TestMissingBytesAreAGap(t *testing.T) {
	c := talk(t, &tls.Config{}, &tls.Config{})
	for i := len(c.events) - 1; ; i-- {
		e := &c.events[i]
		if e.Kind == wire.KindData && e.Dir == wire.ServerToClient && len(e.Data) > 1000 {
			*e = wire.Event{Conn: 1, At: e.At, Kind: wire.KindGap, Dir: e.Dir, Size: int64(len(e.Data))}
			break
		}
	}
	told, _, notes := read(t, c.log.String(), c.events)
	if !strings.Contains(told, " tls >ping <") || !strings.Contains(told, " gap") || len(notes) != 1 || !strings.Contains(notes[0], "missing from the capture") {
		t.Errorf("%.300q, notes %q", told[max(0, len(told)-200):], notes)
	}
}

func TestHandshakeBehindPlainText(t *testing.T) {
	c := talk(t, &tls.Config{}, &tls.Config{})
	plain := []wire.Event{
		c.events[0],
		{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("220 hi\r\n")},
		{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte("STARTTLS\r\n")},
		{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("220 go\r\n")},
	}
	told, _, notes := read(t, c.log.String(), append(plain, c.events[1:]...))
	if want := "open <220 hi\r\n >STARTTLS\r\n <220 go\r\n tls >ping <LONG eof+ close"; told != want {
		t.Errorf("%.200q, want %q; %q", told, want, notes)
	}
}

func TestKeyLogIsRead(t *testing.T) {
	random, secret := strings.Repeat("ab", 32), strings.Repeat("0f", 48)
	for _, row := range []struct {
		log, err string
		n        int
	}{
		{"# from NSS\r\n\r\nCLIENT_RANDOM " + random + " " + secret + "\r\n", "", 1},
		{"EXPORTER_SECRET " + random + " " + secret + "\nRSA 0011223344556677 " + secret, "", 0},
		{"CLIENT_TRAFFIC_SECRET_0 " + random + " " + secret[:64] + "\nSERVER_TRAFFIC_SECRET_0 " + strings.ToUpper(random) + " " + secret[:64], "", 1},
		{"CLIENT_RANDOM " + random, "line 1: 2 words", 0},
		{"# x\nCLIENT_RANDOM " + random + " " + secret[:64], "line 2: the secret of CLIENT_RANDOM is not", 0},
		{"CLIENT_RANDOM abcd " + secret, "line 1: the random value", 0},
		{"-----BEGIN SOME KEY-----", "line 1: no label", 0},
		{"X " + strings.Repeat("y", 5000), "line 1: longer than 1024 octets", 0},
	} {
		var keys keylog.Keys
		err := keys.Add(strings.NewReader(row.log))
		if row.err == "" && err != nil || row.err != "" && (err == nil || !strings.Contains(err.Error(), row.err)) {
			t.Errorf("Add(%.40q): %v, want %q", row.log, err, row.err)
		}
		if err != nil && strings.Contains(err.Error(), "0f0f") {
			t.Errorf("Add(%.40q) tells a secret: %v", row.log, err)
		}
		if keys.Len() != row.n {
			t.Errorf("Add(%.40q) has %d handshakes, want %d", row.log, keys.Len(), row.n)
		}
	}
}

// Whatever the ends send, and wherever the reads are cut, nothing breaks. What was
// not opened is there, to the octet: as it came, or in the gaps.
func FuzzOpener(f *testing.F) {
	c := talk(f, &tls.Config{}, &tls.Config{})
	for _, flight := range c.events {
		f.Add(flight.Data, uint16(7), true)
		f.Add(flight.Data, uint16(300), false)
	}
	var keys keylog.Keys
	if err := keys.Add(&c.log); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, server bool) {
		sent, came, secured := 0, 0, false
		o := keylog.NewOpener(&keys, func(e wire.Event) {
			came += len(e.Data) + int(e.Size)
			secured = secured || e.Kind == wire.KindSecure
		}, func(string) {})
		give := func(e wire.Event) {
			sent += len(e.Data)
			o.Event(e)
		}
		for i, e := range c.events {
			if n := int(at) % (len(c.events) + 1); i == n {
				dir := wire.ClientToServer
				if server {
					dir = wire.ServerToClient
				}
				half := len(data) / 2
				give(wire.Event{Conn: 1, At: e.At, Kind: wire.KindData, Dir: dir, Data: data[:half]})
				give(wire.Event{Conn: 1, At: e.At, Kind: wire.KindData, Dir: dir, Data: data[half:]})
			}
			give(e)
		}
		if came > sent || !secured && came != sent {
			t.Errorf("%d octets of %d, secured: %v", came, sent, secured)
		}
	})
}
