package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
)

// What people see in their first minutes, to the line: the sessions of
// testdata/transcripts.md run at a terminal against servers that answer as there.
// A shell function in front of the program says where the names are.
func TestTranscripts(t *testing.T) {
	needTool(t, "bash", "bash")
	text, err := os.ReadFile("testdata/transcripts.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	google := listening(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			io.WriteString(c, "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nServer: gws\r\n\r\n"+strings.Repeat("<p>a line of a page that is long\r\n", 1506)+"<p>end")
		}
	})
	site, mail := transcriptSite(t, dir), transcriptMail(t)
	wiretape := fmt.Sprintf("wiretape() { command wiretape --connect-to www.google.ca:80:%s --connect-to localhost:8443:%s --connect-to mail.test:25:%s \"$@\"; }\n", google, site, mail)
	for _, b := range consoleBlocks(string(text)) {
		for _, st := range b.steps {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, "bash", "-c", wiretape+st.command)
			cmd.WaitDelay = time.Second
			cmd.Dir, cmd.Env = dir, terminalEnv(dir)
			got := onTerminal(t, cmd, st)
			if err := linesMatch(got, st.want); err != nil {
				t.Errorf("transcripts.md:%d: $ %s\n%v\nit printed:\n%s", st.line, st.command, err, strings.Join(got, "\n"))
			}
		}
	}
}

// listening serves connections one after the other and returns its address.
func listening(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// transcriptSite is a site whose cookie no client keeps. Its authority is in
// ca.pem of dir.
func transcriptSite(t *testing.T, dir string) string {
	t.Helper()
	ca, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Issue("localhost")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), ca.PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
		switch c, err := r.Cookie("__Host-sid"); {
		case r.URL.Path == "/login":
			w.Header().Set("Set-Cookie", "__Host-sid=7f3ac9; Path=/api; HttpOnly")
			io.WriteString(w, `{"ok":true}`)
		case err != nil || c.Value != "7f3ac9":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			io.WriteString(w, `{"me":1}`)
		}
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// transcriptMail is a mail server with a certificate that it has made itself.
func transcriptMail(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, DNSNames: []string{"mail.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return listening(t, func(c net.Conn) {
		fmt.Fprint(c, "220 mail.test ESMTP Exim 4.96\r\n")
		in, text := bufio.NewScanner(c), false
		for in.Scan() {
			switch verb, _, _ := strings.Cut(in.Text(), " "); {
			case text && verb == ".":
				text = false
				fmt.Fprint(c, "250 OK id=1tX\r\n")
			case text:
			case verb == "EHLO":
				fmt.Fprint(c, "250-mail.test Hello me\r\n250-STARTTLS\r\n250 HELP\r\n")
			case verb == "STARTTLS":
				fmt.Fprint(c, "220 TLS go ahead\r\n")
				c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
				in = bufio.NewScanner(c)
			case verb == "DATA":
				text = true
				fmt.Fprint(c, "354 go ahead\r\n")
			default:
				fmt.Fprint(c, "250 OK\r\n")
			}
		}
	})
}
