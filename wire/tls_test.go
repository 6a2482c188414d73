package wire

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/wire/wiretest"
)

func TestTLSConversation(t *testing.T) {
	ca, cert := authority(t, "mail.example.com", "127.0.0.1")
	var keys bytes.Buffer
	for _, tt := range []struct {
		name   string
		finish func(*tls.Conn, *net.TCPConn)
		end    string
		err    error
	}{
		{"with close_notify", func(tc *tls.Conn, _ *net.TCPConn) { tc.Close() }, "eof < notify=yes", nil},
		{"FIN alone", func(_ *tls.Conn, nc *net.TCPConn) { nc.CloseWrite(); io.Copy(io.Discard, nc) }, "eof < notify=no", nil},
		{"cut within a record", func(_ *tls.Conn, nc *net.TCPConn) {
			nc.Write([]byte{23, 3, 3, 0, 99, 1})
			nc.CloseWrite()
			io.Copy(io.Discard, nc)
		}, "eof < notify=no", io.ErrUnexpectedEOF},
		{"reset", func(_ *tls.Conn, nc *net.TCPConn) { nc.SetLinger(0) }, "rst <", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sni := make(chan string, 1)
			target := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1", "h2"}}, func(tc *tls.Conn, nc *net.TCPConn) {
				sni <- tc.ConnectionState().ServerName
				io.ReadFull(tc, make([]byte, 4))
				tc.Write([]byte("pong"))
				tt.finish(tc, nc)
			})
			rec := &recorder{}
			c := dial(t, Dialer{TLS: &TLSOptions{
				ALPN: []string{"h2", "http/1.1"}, ServerName: "Mail.example.com.", Roots: ca.Pool(), KeyLog: &keys,
			}}, target, NewTap(rec.sink))
			c.Write([]byte("ping"))
			err := c.Pump()
			if tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("Pump: %v, want %v", err, tt.err)
			}
			c.Close()
			rec.wantStory(t, `
				open tcp dial
				tls 1.3 alpn=http/1.1 verify="ok"
				> "ping"
				< "pong"
				`+tt.end+`
				close`)
			if got := <-sni; !strings.EqualFold(got, "mail.example.com") {
				t.Errorf("SNI %q, want no port and no final dot", got)
			}
			facts := c.TLS()
			if !facts.Verified() || facts.Group == 0 || facts.Took <= 0 || len(facts.Certificates) != 1 || !slices.Equal(facts.Offered, []string{"h2", "http/1.1"}) {
				t.Errorf("facts %+v", facts)
			}
			if !strings.Contains(keys.String(), "CLIENT_TRAFFIC_SECRET_0 ") {
				t.Error("the key log has no traffic secret")
			}
		})
	}
}

func TestHalfCloseOverTLS(t *testing.T) {
	ca, cert := authority(t, "127.0.0.1")
	target := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}}, func(tc *tls.Conn, _ *net.TCPConn) {
		b, err := io.ReadAll(tc)
		if err != nil {
			b = []byte(err.Error())
		}
		tc.Write(append(b, " and a long answer"...))
		tc.Close()
	})
	rec := &recorder{}
	c := dial(t, Dialer{TLS: &TLSOptions{Roots: ca.Pool()}}, target, NewTap(rec.sink))
	c.Write([]byte("ask"))
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.Pump()
	c.Close()
	rec.wantStory(t, `
		open tcp dial
		tls 1.3 alpn= verify="ok"
		> "ask"
		eof > notify=yes
		< "ask and a long answer"
		eof < notify=yes
		close`)
	if got := c.TLS().ServerName; got != "" {
		t.Errorf("SNI %q for an address, want none", got)
	}
}

func TestHandshakesThatFail(t *testing.T) {
	ca, cert := authority(t, "127.0.0.1")
	shown := &tls.Config{Certificates: []tls.Certificate{cert}}
	speak := func(s string) func(*net.TCPConn) {
		return func(nc *net.TCPConn) {
			io.WriteString(nc, s)
			nc.CloseWrite()
			io.Copy(io.Discard, nc)
		}
	}
	overTLS := func(cfg *tls.Config) func(*net.TCPConn) {
		return func(nc *net.TCPConn) {
			tc := tls.Server(nc, cfg)
			tc.Handshake()
			io.Copy(io.Discard, tc)
		}
	}
	h2 := shown.Clone()
	h2.NextProtos = []string{"http/1.1"}
	old := shown.Clone()
	old.MaxVersion = tls.VersionTLS12
	tests := []struct {
		name   string
		server func(*net.TCPConn)
		opts   TLSOptions
		err    string // after "dial tls ADDR: "
		story  string
	}{
		{"plain HTTP", speak("HTTP/1.1 400 Bad\r\n\r\n"), TLSOptions{},
			`the peer's first bytes are not TLS: "HTTP/1.1 400 Bad\r\n\r\n"`,
			`error TLS handshake: the peer's first bytes are not TLS: "HTTP/1.1 400 Bad\r\n\r\n"`},
		{"a banner too short for a record", speak("+\x1b"), TLSOptions{},
			`the peer's first bytes are not TLS: "+\x1b"`,
			`error TLS handshake: the peer's first bytes are not TLS: "+\x1b"`},
		{"no protocol in common", overTLS(h2), TLSOptions{ALPN: []string{"h2"}, Roots: ca.Pool()},
			"the peer sent alert no_application_protocol (120)", "alert < no_application_protocol"},
		{"no version in common", overTLS(old), TLSOptions{MinVersion: tls.VersionTLS13},
			"the peer sent alert protocol_version (70)", "alert < protocol_version"},
		{"hangs up", func(nc *net.TCPConn) { nc.Read(make([]byte, 4096)) }, TLSOptions{},
			"the peer closed the connection in the middle of the handshake",
			"eof < notify=no\nerror TLS handshake: the peer closed the connection in the middle of the handshake"},
		{"resets", func(nc *net.TCPConn) { nc.Read(make([]byte, 4096)); nc.SetLinger(0) }, TLSOptions{},
			"connection reset by peer", "rst <"},
		{"unknown authority", overTLS(shown), TLSOptions{Roots: x509.NewCertPool()},
			`certificate is from unknown authority "wiretape authority", whose certificate was not sent`,
			"alert > bad_certificate\nerror TLS handshake: certificate is from unknown authority \"wiretape authority\", whose certificate was not sent"},
		{"another name", overTLS(shown), TLSOptions{Roots: ca.Pool(), ServerName: "mail.example.com"},
			"certificate is for 127.0.0.1",
			"alert > bad_certificate\nerror TLS handshake: certificate is for 127.0.0.1"},
		{"says no when asked", overTLS(shown), TLSOptions{Roots: ca.Pool(), ServerName: "h", Confirm: func(*TLS) error { return errors.New("not confirmed") }},
			"certificate is for 127.0.0.1: not confirmed",
			"alert > bad_certificate\nerror TLS handshake: certificate is for 127.0.0.1: not confirmed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target := serve(t, tt.server)
			target.TLS = true
			rec := &recorder{}
			tt.opts.Timeout = 20 * time.Second
			_, err := Dialer{TLS: &tt.opts}.Dial(ctx(t), target, NewTap(rec.sink))
			op, ok := errors.AsType[*OpError](err)
			if !ok || op.Phase != PhaseTLS || op.Timeout() {
				t.Fatalf("error %v, want an OpError of the TLS phase", err)
			}
			if want := "dial tls " + target.Address() + ": " + tt.err; err.Error() != want {
				t.Errorf("error %q,\nwant  %q", err, want)
			}
			rec.wantStory(t, "open tcp dial\n"+tt.story+"\nclose")
		})
	}
}

func TestVerifyFindingIsKnownWhenItDoesNotDecide(t *testing.T) {
	ca, cert := authority(t, "other.example")
	target := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}}, func(tc *tls.Conn, _ *net.TCPConn) { tc.Close() })
	const want = "name mismatch: certificate is for other.example"
	asked := ""
	for name, opts := range map[string]*TLSOptions{
		"insecure":  {Roots: ca.Pool(), Insecure: true},
		"confirmed": {Roots: ca.Pool(), Confirm: func(f *TLS) error { asked = f.Verify; return nil }},
	} {
		c := dial(t, Dialer{TLS: opts}, target, nil)
		if got := c.TLS(); got.Verify != want || got.Verified() {
			t.Errorf("%s: verify %q, want %q", name, got.Verify, want)
		}
	}
	if asked != want {
		t.Errorf("Confirm was shown %q, want %q", asked, want)
	}
	_, err := Dialer{TLS: &TLSOptions{Roots: ca.Pool()}}.Dial(ctx(t), target, nil)
	if v, ok := errors.AsType[*VerifyError](err); !ok || len(v.TLS.Certificates) != 1 {
		t.Errorf("error %v, want a VerifyError with the certificate", err)
	}
}

func TestNoTimeoutRunsWhileConfirmAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cert := authority(t, "other.example")
		a, b := wiretest.Pair()
		go func() {
			tc := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}})
			tc.Handshake()
			io.Copy(io.Discard, tc)
			tc.Close()
		}()
		c := NewConn(a, Facts{Target: "h:443"}, nil)
		_, err := c.StartTLS(t.Context(), &TLSOptions{Timeout: time.Second, Confirm: func(*TLS) error {
			time.Sleep(time.Hour)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if took := c.TLS().Took; took > time.Second {
			t.Errorf("the handshake is said to have taken %v, with the time that somebody thought", took)
		}
		c.Close()
	})
}

func TestHandshakeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wiretest.Pair()
		defer b.Close()
		rec := &recorder{}
		c := NewConn(a, Facts{Target: "h:443"}, NewTap(rec.sink))
		_, err := c.StartTLS(t.Context(), &TLSOptions{Timeout: time.Minute})
		op, ok := errors.AsType[*OpError](err)
		if !ok || !op.Timeout() || err.Error() != "dial tls h:443: timed out" {
			t.Errorf("error %v, want a timeout", err)
		}
		rec.wantStory(t, "open tcp dial\ntimeout TLS handshake\nclose")
	})
}

func TestClientCertificateWantedAfterTheHandshake(t *testing.T) {
	// TLS 1.3: the server's alert comes when the client thinks that all is well.
	ca, cert := authority(t, "127.0.0.1")
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert}
	target := serveTLS(t, cfg, func(tc *tls.Conn, _ *net.TCPConn) { tc.Write([]byte("in")); tc.Close() })
	rec := &recorder{}
	c := dial(t, Dialer{TLS: &TLSOptions{Roots: ca.Pool()}}, target, NewTap(rec.sink))
	err := c.Pump()
	if a, ok := errors.AsType[*AlertError](err); !ok || a.Alert != 116 || a.Sent {
		t.Errorf("Pump: %v, want the peer's alert 116", err)
	}
	c.Close()
	rec.wantStory(t, "open tcp dial\ntls 1.3 alpn= verify=\"ok\"\nalert < certificate_required\nclose")

	c = dial(t, Dialer{TLS: &TLSOptions{Roots: ca.Pool(), Certificates: []tls.Certificate{cert}}}, target, nil)
	if err := c.Pump(); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
}

func TestStartTLSUnderABlockedReader(t *testing.T) {
	ca, cert := authority(t, "mail.example.com")
	for _, injected := range []string{"", "250 injected\r\n"} {
		target := serve(t, func(nc *net.TCPConn) {
			io.WriteString(nc, "220 mail\r\n")
			io.ReadFull(nc, make([]byte, len("STARTTLS\r\n")))
			io.WriteString(nc, "220 ready\r\n"+injected)
			tc := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{cert}})
			buf := make([]byte, 64)
			n, _ := tc.Read(buf)
			tc.Write(buf[:n])
			tc.Close()
		})
		rec := &recorder{}
		lines := make(chan string, 16)
		c := dial(t, Dialer{}, target, NewTap(Tee(rec.sink, func(e Event) {
			if e.Kind == KindData && e.Dir == ServerToClient {
				lines <- string(e.Data)
			}
		})))
		pumped := make(chan error, 1)
		go func() { pumped <- c.Pump() }()
		wait := func(want string) {
			t.Helper()
			got := ""
			for !strings.HasSuffix(got, want) {
				got += <-lines
			}
		}
		wait("220 mail\r\n")
		c.Write([]byte("STARTTLS\r\n"))
		wait("220 ready\r\n" + injected)
		if _, err := c.StartTLS(ctx(t), &TLSOptions{ServerName: "mail.example.com", Roots: ca.Pool(), ALPN: []string{}}); err != nil {
			t.Fatal(err)
		}
		c.Write([]byte("EHLO\r\n"))
		wait("EHLO\r\n")
		if err := <-pumped; err != nil {
			t.Errorf("Pump: %v, want it to go on over TLS to the end", err)
		}
		if _, err := c.StartTLS(ctx(t), nil); err == nil || !strings.HasSuffix(err.Error(), "TLS stands already") {
			t.Errorf("a second StartTLS: %v", err)
		}
		c.Close()
		rec.wantStory(t, `
			open tcp dial
			< "220 mail\r\n"
			> "STARTTLS\r\n"
			< "220 ready\r\n`+strings.ReplaceAll(injected, "\r\n", `\r\n`)+`"
			tls 1.3 alpn= verify="ok"
			> "EHLO\r\n"
			< "EHLO\r\n"
			eof < notify=yes
			close`)
	}
}

func TestPlaintextThatWaitsIsRecordedAndNotSecured(t *testing.T) {
	ca, cert := authority(t, "127.0.0.1")
	for _, network := range []string{"tcp", "memory"} {
		t.Run(network, func(t *testing.T) {
			const injected = "250 injected\r\n"
			handshakes := func(nc net.Conn) {
				io.WriteString(nc, "220 ready\r\n"+injected)
				tc := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{cert}})
				tc.Write([]byte("secret"))
				tc.Close()
			}
			rec := &recorder{}
			var c *Conn
			if network == "tcp" {
				c = dial(t, Dialer{}, serve(t, func(nc *net.TCPConn) { handshakes(nc) }), NewTap(rec.sink))
			} else {
				a, b := wiretest.Pair()
				go handshakes(b)
				c = NewConn(a, Facts{Target: "127.0.0.1:25"}, NewTap(rec.sink))
			}
			// The rest of what came with the reply stays in the socket.
			if _, err := io.ReadFull(c, make([]byte, len("220 ready\r\n"))); err != nil {
				t.Fatal(err)
			}
			waiting, err := c.StartTLS(ctx(t), &TLSOptions{Roots: ca.Pool()})
			if err != nil || waiting != len(injected) {
				t.Fatalf("StartTLS = %d, %v; want %d bytes waiting", waiting, err, len(injected))
			}
			c.Pump()
			c.Close()
			rec.wantStory(t, `
				open tcp dial
				< "220 ready\r\n"
				< "250 injected\r\n"
				tls 1.3 alpn= verify="ok"
				< "secret"
				eof < notify=yes
				close`)
		})
	}
}

func TestStartTLSKeepsDeadlinesAndEndsReaders(t *testing.T) {
	target := serve(t, func(nc *net.TCPConn) {
		nc.Read(make([]byte, 1))
		io.WriteString(nc, "500 no\r\n")
		nc.CloseWrite()
		io.Copy(io.Discard, nc)
	})
	rec := &recorder{}
	c := dial(t, Dialer{}, target, NewTap(rec.sink))
	pumped := make(chan error, 1)
	go func() { pumped <- c.Pump() }()
	if _, err := c.StartTLS(ctx(t), &TLSOptions{Timeout: 20 * time.Second}); err == nil {
		t.Fatal("a handshake with a peer in the clear went well")
	}
	if err := <-pumped; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Pump: %v, want net.ErrClosed", err)
	}
	if events := rec.all(); events[len(events)-1].Kind != KindClose {
		t.Errorf("the last event is not close:\n%s", rec.story())
	}
}

func TestReadDeadlineSetBeforeStartTLSHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cert := authority(t, "h")
		a, b := wiretest.Pair()
		tc := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}})
		go tc.Handshake()
		c := NewConn(a, Facts{Target: "h:25"}, nil)
		began := time.Now()
		c.SetReadDeadline(began.Add(time.Minute))
		read := make(chan error)
		go func() { _, err := c.Read(make([]byte, 1)); read <- err }()
		synctest.Wait()
		if _, err := c.StartTLS(t.Context(), &TLSOptions{Insecure: true}); err != nil {
			t.Fatal(err)
		}
		if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("the read ended after %v with %v, want its deadline of 1m", time.Since(began), err)
		}
		c.Close()
		b.Close()
	})
}

func TestVerifyWords(t *testing.T) {
	ca, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	other, _ := NewAuthority()
	date := func(s string) time.Time { d, _ := time.Parse(time.DateOnly, s); return d }
	period := func(from, to string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = date(from), date(to) }
	}
	many := []string{"a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "g.example"}
	tests := []struct {
		name  string
		hosts []string
		edit  func(*x509.Certificate)
		host  string
		want  string
	}{
		{"good", []string{"h.example"}, nil, "h.example", "ok"},
		{"good for an address", []string{"::1"}, nil, "::1", "ok"},
		{"one label for a wildcard", []string{"*.h.example"}, nil, "a.h.example", "ok"},
		{"two labels for a wildcard", []string{"*.h.example"}, nil, "a.b.h.example", "name mismatch: certificate is for *.h.example"},
		{"expired", []string{"h"}, period("2019-01-01", "2020-02-01"), "h", "expired on 2020-02-01"},
		{"of the future", []string{"h"}, period("2130-01-01", "2131-01-01"), "h", "not valid before 2130-01-01"},
		{"another name", []string{"other.example"}, nil, "h", "name mismatch: certificate is for other.example"},
		{"many names", many, nil, "h", "name mismatch: certificate is for a.example, b.example, c.example, d.example, e.example, 2 more"},
		{"common name alone", nil, func(c *x509.Certificate) { c.Subject.CommonName = "h\x1b[2J" }, "h", `name mismatch: certificate has no subject alternative name (common name "h\\x1b[2J")`},
		{"for clients", []string{"h"}, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, "h", "not for servers"},
		{"two faults", []string{"x"}, period("2019-01-01", "2020-02-01"), "h", "expired on 2020-02-01; name mismatch: certificate is for x"},
		{"no host", []string{"x"}, nil, "", "no name to check it against"},
	}
	for _, tt := range tests {
		cert, err := ca.issue(tt.edit, tt.hosts...)
		if err != nil {
			t.Fatal(err)
		}
		if got := verifyChain([]*x509.Certificate{cert.Leaf}, ca.Pool(), "", tt.host, time.Now()); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	self := []*x509.Certificate{ca.cert}
	if got, want := verifyChain(self, other.Pool(), "", "h", time.Now()), "self-signed; name mismatch: certificate has no subject alternative name (common name \"wiretape authority\")"; got != want {
		t.Errorf("self-signed: %q, want %q", got, want)
	}
	if got := verifyChain(nil, nil, "", "h", time.Now()); got != "no certificate" {
		t.Errorf("no certificate: %q", got)
	}
}

func TestALPNAndServerNameOptions(t *testing.T) {
	_, cert := authority(t, "h")
	hello := make(chan *tls.ClientHelloInfo, 1)
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}, GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		hello <- h
		return nil, nil
	}}
	for _, tt := range []struct {
		target string
		opts   TLSOptions
		sni    string
		alpn   []string
	}{
		{"https://localhost", TLSOptions{}, "localhost", []string{"http/1.1"}},
		{"h2://LOCALHOST.", TLSOptions{}, "localhost", []string{"h2"}},
		{"tls://localhost", TLSOptions{}, "localhost", nil},
		{"https://localhost", TLSOptions{ALPN: []string{}}, "localhost", nil},
		{"tls://localhost", TLSOptions{ALPN: []string{"x", "h2"}}, "localhost", []string{"x", "h2"}},
		{"tls://localhost", TLSOptions{NoServerName: true}, "", nil},
		{"tls://localhost", TLSOptions{ServerName: "www.example.com:443"}, "www.example.com", nil},
		{"tls://127.0.0.1", TLSOptions{}, "", nil},
	} {
		base := serveTLS(t, cfg, func(tc *tls.Conn, _ *net.TCPConn) {})
		to := target(t, tt.target)
		to.Port = base.Port
		tt.opts.Insecure = true
		c := dial(t, Dialer{TLS: &tt.opts, Resolve: resolveTo("127.0.0.1")}, to, nil)
		h := <-hello
		if h.ServerName != tt.sni || !slices.Equal(h.SupportedProtos, tt.alpn) {
			t.Errorf("%s: SNI %q, ALPN %q; want %q, %q", tt.target, h.ServerName, h.SupportedProtos, tt.sni, tt.alpn)
		}
		if f := c.TLS(); f.ServerName != tt.sni || !slices.Equal(f.Offered, tt.alpn) {
			t.Errorf("%s: recorded SNI %q, ALPN %q; want %q, %q", tt.target, f.ServerName, f.Offered, tt.sni, tt.alpn)
		}
	}
}

func TestManyRecordsArriveWhole(t *testing.T) {
	ca, cert := authority(t, "127.0.0.1")
	const n = 100_000
	target := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}}, func(tc *tls.Conn, _ *net.TCPConn) {
		var b []byte
		for i := range uint32(n) {
			b = binary.BigEndian.AppendUint32(b, i)
		}
		tc.Write(b)
		tc.Close()
	})
	var got []byte
	c := dial(t, Dialer{TLS: &TLSOptions{Roots: ca.Pool()}}, target, NewTap(func(e Event) { got = append(got, e.Data...) }))
	if err := c.Pump(); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(n) {
		if binary.BigEndian.Uint32(got[4*i:]) != i {
			t.Fatalf("word %d is %d", i, binary.BigEndian.Uint32(got[4*i:]))
		}
	}
}

// A goneConn is a connection whose half-close finds it closed.
type goneConn struct {
	net.Conn
	err error
}

func (c goneConn) CloseWrite() error { return c.err }

// A peer may answer a close_notify with its FIN at once. Where that comes before
// our own, the half-close has done what it was for.
func TestHalfCloseOfAPeerThatCloses(t *testing.T) {
	_, cert := authority(t, "h")
	to := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}}, func(tc *tls.Conn, _ *net.TCPConn) { io.Copy(io.Discard, tc) })
	for _, tt := range []struct {
		secure bool
		fin    error
		err    error
		story  string
	}{
		{true, &net.OpError{Op: "close", Net: "tcp", Err: net.ErrClosed}, nil, "eof > notify=yes"},
		{true, &net.OpError{Op: "close", Net: "tcp", Err: os.NewSyscallError("shutdown", syscall.ENOTCONN)}, nil, "eof > notify=yes"},
		{true, &net.OpError{Op: "close", Net: "tcp", Err: syscall.EIO}, syscall.EIO, "eof > notify=yes\nerror > half-close: input/output error"},
		{false, net.ErrClosed, net.ErrClosed, "eof >\nerror > half-close: use of closed network connection"},
	} {
		nc, err := net.Dial("tcp", to.Address())
		if err != nil {
			t.Fatal(err)
		}
		rec := &recorder{}
		c := NewConn(goneConn{nc, tt.fin}, Facts{}, nil)
		defer c.Close()
		if tt.secure {
			if _, err := c.StartTLS(ctx(t), &TLSOptions{Insecure: true}); err != nil {
				t.Fatal(err)
			}
		}
		c.place.tap = NewTap(rec.sink)
		if err := c.CloseWrite(); !errors.Is(err, tt.err) {
			t.Errorf("TLS %v, FIN %v: CloseWrite: %v, want %v", tt.secure, tt.fin, err, tt.err)
		}
		rec.wantStory(t, tt.story)
	}
}
