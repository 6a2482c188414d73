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

// startTLSMail speaks SMTP, and TLS after STARTTLS.
func startTLSMail(cert tls.Certificate) func(net.Conn) {
	return func(c net.Conn) {
		io.WriteString(c, "220 mail.test ESMTP\r\n")
		for line, err := range lines(c) {
			if err != nil {
				return
			}
			if line != "STARTTLS" {
				io.WriteString(c, "250 OK\r\n")
				continue
			}
			io.WriteString(c, "220 go ahead\r\n")
			sc := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
			for _, err := range lines(sc) {
				if err != nil {
					return
				}
				io.WriteString(sc, "250 OK over TLS\r\n")
			}
		}
	}
}

func TestStartTLSByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, err := wire.NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		cert, err := ca.Issue("mail.test")
		if err != nil {
			t.Fatal(err)
		}
		w := world{"mail.test:25": startTLSMail(cert)}
		open := []string{"open mail.test 25", "STARTTLS", ".starttls"}

		unasked := play(t, w, Options{}, "open mail.test 25", ".starttls", ".quit")
		if want := "! .starttls: the server was not asked: .starttls smtp says STARTTLS; .starttls now = hello at once\n"; !strings.Contains(unasked, want) {
			t.Errorf("a server that has not agreed: no %q on the screen:\n%s", want, unasked)
		}

		trusted := play(t, w, Options{Dialer: wire.Dialer{TLS: &wire.TLSOptions{Roots: ca.Pool()}}}, append(open, "EHLO me", ".tls info", ".status", ".quit")...)
		for _, want := range []string{
			"* version     1.3\n", "* alpn        none offered\n", "* server name mail.test\n", "* session     new\n", "* certificate ok\n",
			"* tls 1.3, alpn none offered, certificate ok\n",
			"* the server now waits for a handshake: .starttls\n",
			"* 0 plaintext bytes were waiting (good); EHLO must be sent again (RFC 3207 4.2)\n",
			"mail.test smtp+tls> EHLO me\n<~ 250 OK over TLS\n",
		} {
			if !strings.Contains(trusted, want) {
				t.Errorf("a trusted certificate: no %q on the screen:\n%s", want, trusted)
			}
		}

		asked := play(t, w, Options{}, append(open, "s", "maybe\ny", "y", "EHLO me", ".quit")...)
		for _, want := range []string{
			"! certificate not trusted: unknown authority \"wiretape authority\", whose certificate was not sent, CN=mail.test.  [s]how  [y] go on, this connection only  Enter = stop   (handshake held open)\n",
			"s, y or Enter> s\n", "names      DNS:mail.test\n", "s, y or Enter> maybe\ny\n* s = show the certificate, y = go on, this connection only, Enter = stop; nothing else is read here\n", "s, y or Enter> y\n", "<~ 250 OK over TLS\n",
		} {
			if !strings.Contains(asked, want) {
				t.Errorf("accepted by hand: no %q on the screen:\n%s", want, asked)
			}
		}

		if strings.Contains(asked, "BEGIN CERTIFICATE") {
			t.Errorf("the chain is shown as PEM:\n%s", asked)
		}

		refused := play(t, w, Options{}, append(open, "", ".cert", ".quit")...)
		if strings.Contains(refused, "smtp+tls>") || !strings.Contains(refused, "BEGIN CERTIFICATE") {
			t.Errorf("refused by hand, then .cert:\n%s", refused)
		}
		if n := strings.Count(refused, "certificate is from unknown authority"); n != 1 || strings.Contains(refused, "tls alert") {
			t.Errorf("the refusal is told %d times, or as an alert too:\n%s", n, refused)
		}
	})
}

func TestScriptRefusesACertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, err := wire.NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		cert, err := ca.Issue("mail.test")
		if err != nil {
			t.Fatal(err)
		}
		_, err = run(t, world{"mail.test:25": startTLSMail(cert)}, Options{}, "mail.test:25", "STARTTLS\n.starttls\nEHLO me\n")
		if StatusOf(err) != StatusTLS || !strings.HasPrefix(err.Error(), "x.script:2: dial tls mail.test:25: ") {
			t.Errorf("status %d, %v", StatusOf(err), err)
		}
	})
}
