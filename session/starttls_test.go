package session

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/wire"
)

// A plainServer says its part in the clear, and after it echoes lines over TLS.
// Of the script "> " is what has to come, "< " what goes out; "" starts TLS.
func plainServer(t *testing.T, cert tls.Certificate, script ...string) func(net.Conn) {
	return func(c net.Conn) {
		for _, step := range script {
			if step == "" {
				sc := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
				for line, err := range lines(sc) {
					if err != nil {
						return
					}
					io.WriteString(sc, overTLS(line)+"\r\n")
					sc.Close()
					return
				}
			}
			if step[0] == '<' {
				io.WriteString(c, step[2:])
				continue
			}
			got := make([]byte, len(step)-2)
			if _, err := io.ReadFull(c, got); err != nil || string(got) != step[2:] {
				t.Errorf("the server got %q, %v; want %q", got, err, step[2:])
				return
			}
		}
		io.Copy(io.Discard, c)
	}
}

// overTLS is the reply to a line over TLS, in the words of its protocol.
func overTLS(line string) string {
	switch line {
	case "QUIT":
		return "220 over TLS"
	case "NOOP":
		return "+OK over TLS"
	case "S2 NOOP":
		return "S2 OK over TLS"
	}
	return "over TLS"
}

// asked is the line that a test sends over TLS.
func asked(proto string) string {
	switch proto {
	case "pop3":
		return "NOOP"
	case "imap":
		return "S2 NOOP"
	case "smtp", "lmtp", "ftp", "nntp":
		return "QUIT"
	}
	return "hello"
}

var startTLSScripts = []struct {
	proto  string
	script []string
	status Status
	err    string
}{
	{"smtp", []string{"< 220-mail\r\n220 ready\r\n", "> EHLO [192.0.2.1]\r\n", "< 250-mail\r\n250-STARTTLS\r\n250 OK\r\n", "> STARTTLS\r\n", "< 220 go\r\n", ""}, 0, ""},
	{"lmtp", []string{"< 220 ready\r\n", "> LHLO [192.0.2.1]\r\n", "< 250 OK\r\n", "> STARTTLS\r\n", "< 220 go\r\n", ""}, 0, ""},
	{"pop3", []string{"< +OK ready\r\n", "> STLS\r\n", "< +OK go\r\n", ""}, 0, ""},
	{"imap", []string{"< * OK ready\r\n", "> S1 STARTTLS\r\n", "< * BYE-less news\r\nS1 OK go\r\n", ""}, 0, ""},
	{"ftp", []string{"< 220-ready\r\n 220 not yet\r\n220 ready\r\n", "> AUTH TLS\r\n", "< 234 go\r\n", ""}, 0, ""},
	{"nntp", []string{"< 200 ready\r\n", "> STARTTLS\r\n", "< 382 go\r\n", ""}, 0, ""},
	{"sieve", []string{"< \"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\n", "> STARTTLS\r\n", "< OK go\r\n", ""}, 0, ""},
	{"xmpp", []string{"> <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='h.test' version='1.0'>",
		"< <?xml version='1.0'?><stream:stream id='1'><stream:features><starttls/></stream:features>",
		"> <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "< <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", ""}, 0, ""},
	{"ldap", []string{"> 0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037", "< 0\x0c\x02\x01\x01x\x07\x0a\x01\x00\x04\x00\x04\x00", ""}, 0, ""},
	{"postgres", []string{"> \x00\x00\x00\x08\x04\xd2\x16\x2f", "< S", ""}, 0, ""},

	{"smtp", []string{"< 220 ready\r\n", "> EHLO [192.0.2.1]\r\n", "< 250 OK\r\n", "> STARTTLS\r\n", "< 454-not\r\n454 now\x1b\r\n"}, 4, `starttls smtp: the server answered "454 now\x1b" to STARTTLS`},
	{"smtp", []string{"< 554 go away\r\n"}, 4, `starttls smtp: the server answered "554 go away" to the connection`},
	{"smtp", []string{"< SSH-2.0-x\r\n"}, 4, `starttls smtp: the server answered "SSH-2.0-x" to the connection`},
	{"postgres", []string{"> \x00\x00\x00\x08\x04\xd2\x16\x2f", "< N"}, 4, `starttls postgres: the server answered "N" to the request for TLS`},
	{"imap", []string{"< * OK ready\r\n", "> S1 STARTTLS\r\n", "< * CAPABILITY IMAP4\r\nS1 BAD no\r\n"}, 4, `starttls imap: the server answered "S1 BAD no" to S1 STARTTLS`},
	{"pop3", []string{"< +OK ready\r\n", "> STLS\r\n"}, 6, "starttls pop3: no complete reply"},
	{"pop3", []string{"< " + strings.Repeat("x", 70<<10)}, 5, "starttls pop3: the reply is longer than 64 KiB"},
}

func TestStartTLSProtocols(t *testing.T) {
	for _, tt := range startTLSScripts {
		t.Run(tt.proto, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca, err := wire.NewAuthority()
				if err != nil {
					t.Fatal(err)
				}
				cert, err := ca.Issue("h.test")
				if err != nil {
					t.Fatal(err)
				}
				d := wire.Dialer{TLS: &wire.TLSOptions{Roots: ca.Pool()}}
				w := world{"h.test:9999": plainServer(t, cert, tt.script...)}

				out, err := run(t, w, Options{Dialer: d, StartTLS: tt.proto}, "h.test:9999", asked(tt.proto)+"\n")
				text := ""
				if err != nil {
					text = err.Error()
				}
				if StatusOf(err) != tt.status || !strings.HasPrefix(text, tt.err) {
					t.Errorf("a script: status %d, %q; want %d, %q; output:\n%s", StatusOf(err), text, tt.status, tt.err, out)
				}
				if tt.status == 0 && !strings.Contains(out, overTLS(asked(tt.proto))) {
					t.Errorf("a script: nothing came over TLS:\n%s", out)
				}
				if tt.proto == "smtp" && tt.status == 0 && (!strings.Contains(out, "> EHLO [192.0.2.1]\n") || !strings.Contains(out, "; EHLO must be sent again (RFC 3207 4.2)\n")) {
					t.Errorf("the plain part is not shown:\n%s", out)
				}

				got, err := pipeTLS(t, w, d, tt.proto, asked(tt.proto)+"\r\n")
				text = ""
				if err != nil {
					text = err.Error()
				}
				if StatusOf(err) != tt.status || !strings.HasPrefix(text, tt.err) {
					t.Errorf("a pipe: status %d, %q; want %d, %q", StatusOf(err), text, tt.status, tt.err)
				}
				if want := overTLS(asked(tt.proto)) + "\r\n"; tt.status == 0 && got != want {
					t.Errorf("a pipe gave %q, want %q", got, want)
				}
			})
		})
	}
}

// pipeTLS runs a pipe that begins TLS by the plain part of a protocol.
func pipeTLS(t *testing.T, w world, d wire.Dialer, proto, in string) (string, error) {
	t.Helper()
	to, err := wire.ParseTarget("h.test:9999")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = pipeOver(t.Context(), w.dial, d, to, PipeOptions{In: strings.NewReader(in), Out: &out, StartTLS: proto})
	return out.String(), err
}

// What a peer puts behind the reply that agrees to TLS is counted, in the same
// read or not.
func TestInjectedPlaintextIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, err := wire.NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		cert, err := ca.Issue("h.test")
		if err != nil {
			t.Fatal(err)
		}
		d := wire.Dialer{TLS: &wire.TLSOptions{Roots: ca.Pool()}}
		const said = "26 plaintext bytes were waiting before the handshake: dropped, as who sent them is not verified"
		w := world{"h.test:25": plainServer(t, cert, "< 220 ready\r\n", "> EHLO [192.0.2.1]\r\n", "< 250 OK\r\n", "> STARTTLS\r\n", "< 220 go\r\n250 injected by somebody\r\n", "")}
		out, err := run(t, w, Options{Dialer: d, StartTLS: "smtp"}, "h.test:25", "QUIT\n")
		if err != nil && StatusOf(err) != StatusTLS || !strings.Contains(out, "! "+said) {
			t.Errorf("--starttls: %v\n%s", err, out)
		}
		for _, end := range []string{"STARTTLS\n.starttls\nQUIT\n", "STARTTLS\n.await re somebody\n.starttls\nQUIT\n"} {
			w["h.test:25"] = plainServer(t, cert, "< 220 ready\r\n", "> STARTTLS\r\n", "< 220 go\r\n250 injected by somebody\r\n", "")
			out, err = run(t, w, Options{Dialer: d}, "h.test:25", strings.Replace(end, ".await re somebody\n", "", 1))
			if err != nil || !strings.Contains(out, "! "+said) {
				t.Errorf("by hand: %v\n%s", err, out)
			}
		}
	})
}

// What stood behind the reply is counted by what the connection is read as, whatever
// the port; so is what has to be said again.
func TestTypedStartTLSOnAnyPort(t *testing.T) {
	for _, tt := range []struct{ target, greeting, ask, reply, again string }{
		{"h.test:12121", "220 files ready\r\n", "AUTH TLS", "234 go\r\n", ""},
		{"ftp://h.test:12121", "220 ready\r\n", "AUTH TLS", "234 go\r\n", ""},
		{"h.test:11110", "+OK ready\r\n", "STLS", "+OK go\r\n", "CAPA must be asked again (RFC 2595 4)"},
		{"h.test:11143", "* OK ready\r\n", "a STARTTLS", "a OK go\r\n", "CAPABILITY must be asked again (RFC 9051 6.2.1)"},
		{"h.test:10119", "200 news, posting allowed InterNetNews\r\n", "STARTTLS", "382 go\r\n", "CAPABILITIES must be asked again (RFC 4642 2.2.2)"},
		{"h.test:10025", "220 h ESMTP\r\n", "STARTTLS", "220 go\r\n", "EHLO must be sent again (RFC 3207 4.2)"},
	} {
		t.Run(tt.target, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca, err := wire.NewAuthority()
				if err != nil {
					t.Fatal(err)
				}
				cert, err := ca.Issue("h.test")
				if err != nil {
					t.Fatal(err)
				}
				target, err := wire.ParseTarget(tt.target)
				if err != nil {
					t.Fatal(err)
				}
				w := world{target.Address(): plainServer(t, cert, "< "+tt.greeting, "> "+tt.ask+"\r\n", "< "+tt.reply+"injected\r\n", "")}
				script := ".await re .\n" + tt.ask + "\n.starttls\n.close\n"
				out, err := run(t, w, Options{Dialer: wire.Dialer{TLS: &wire.TLSOptions{Roots: ca.Pool()}}}, tt.target, script)
				if err != nil || !strings.Contains(out, "! 10 plaintext bytes were waiting") {
					t.Errorf("%v\n%s", err, out)
				}
				if tt.again != "" && !strings.Contains(out, "* "+tt.again+"\n") {
					t.Errorf("%q is not said:\n%s", tt.again, out)
				}
			})
		})
	}
}

func TestStartTLSWords(t *testing.T) {
	if err := ParseStartTLS("SMTP"); err != nil {
		t.Error(err)
	}
	if err := ParseStartTLS("gopher"); StatusOf(err) != StatusUsage || !strings.Contains(err.Error(), "smtp, lmtp, pop3, imap, ftp, nntp, sieve, xmpp, ldap, postgres") {
		t.Errorf("ParseStartTLS(gopher) = %v", err)
	}
}
