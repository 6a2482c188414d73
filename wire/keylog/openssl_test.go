package keylog_test

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
)

// tool is a running openssl.
type tool struct {
	t     *testing.T
	stdin io.WriteCloser
	lines chan string
	cmd   *exec.Cmd
}

func openssl(t *testing.T, args ...string) *tool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	x := &tool{t, stdin, make(chan string, 1000), cmd}
	go func() {
		for in := bufio.NewScanner(r); in.Scan(); {
			x.lines <- in.Text()
		}
		close(x.lines)
	}()
	go func() {
		cmd.Wait()
		w.Close()
	}()
	t.Cleanup(func() { cmd.Process.Kill() })
	return x
}

func (x *tool) say(line string) { io.WriteString(x.stdin, line+"\n") }

// until waits for a line, and returns it.
func (x *tool) until(part string) string {
	x.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case line, ok := <-x.lines:
			if strings.Contains(line, part) {
				return line
			}
			if !ok {
				x.t.Fatalf("openssl ended without %q", part)
			}
		case <-late:
			x.t.Fatalf("openssl does not say %q", part)
		}
	}
}

// relay takes one connection to the server, and notes what goes through it. Done is
// closed when both directions have ended.
func relay(t *testing.T, server string) (addr string, c *capture, done chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, done = &capture{}, make(chan struct{})
	go func() {
		defer close(done)
		a, err := l.Accept()
		if err != nil {
			return
		}
		defer a.Close()
		b, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer b.Close()
		c.add(wire.Event{Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: server}})
		up := make(chan struct{})
		go func() {
			io.Copy(tapped{b, c, wire.ClientToServer}, struct{ io.Reader }{a})
			b.(*net.TCPConn).CloseWrite()
			close(up)
		}()
		io.Copy(tapped{a, c, wire.ServerToClient}, struct{ io.Reader }{b})
		a.(*net.TCPConn).CloseWrite()
		<-up
		c.add(wire.Event{Kind: wire.KindClose})
	}()
	return l.Addr().String(), c, done
}

// What OpenSSL does and Go's TLS does not: encrypt-then-MAC, new keys in the middle,
// another handshake in the middle, early data, a HelloRetryRequest.
func TestOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl: install the package openssl")
	}
	dir := t.TempDir()
	certs, err := certificates()
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certs[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "both.pem")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certs[0].Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, both, 0o600); err != nil {
		t.Fatal(err)
	}
	session, early := filepath.Join(dir, "session"), filepath.Join(dir, "early")
	if err := os.WriteFile(early, []byte("early\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := func(args ...string) (*tool, string) {
		s := openssl(t, append([]string{"s_server", "-accept", "127.0.0.1:0", "-cert", file, "-key", file}, args...)...)
		return s, strings.TrimPrefix(s.until("ACCEPT"), "ACCEPT ")
	}
	one, addr := serve("-early_data", "-client_renegotiation", "-cipher", "ALL:@SECLEVEL=0")
	two, addr2 := serve("-early_data", "-groups", "P-521")
	const want = "open tls >one\ntwo\n close"
	for _, row := range []struct {
		name, client string
		command      string // that the client gets between two lines, as it repeats it
		want, note   string
		resumed      bool
		server       *tool
		addr         string
	}{
		{"encrypt-then-MAC", "-tls1_2 -cipher ECDHE-RSA-AES128-SHA256", "", want, "", false, one, addr},
		{"MAC-then-encrypt", "-tls1_2 -cipher AES256-SHA:@SECLEVEL=0 -no_etm", "", want, "", false, one, addr},
		{"DHE", "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384", "", want, "", false, one, addr},
		{"KeyUpdate", "", "KEYUPDATE", want, "", false, one, addr},
		{"renegotiation", "-tls1_2", "RENEGOTIATING", want, "", false, one, addr},
		{"a session", "-sess_out " + session, "", want, "", false, one, addr},
		{"early data", "-sess_in " + session + " -early_data " + early, "", "open tls >early\none\ntwo\n close", "", true, one, addr},
		{"early data of another's session, HelloRetryRequest", "-sess_in " + session + " -early_data " + early, "", want, "early data", false, two, addr2},
	} {
		through, c, done := relay(t, row.addr)
		log := filepath.Join(t.TempDir(), "keys")
		args := append([]string{"s_client", "-connect", through, "-keylogfile", log}, strings.Fields(row.client)...)
		client := openssl(t, args...)
		client.say("one")
		row.server.until("one")
		if row.command != "" {
			// One letter; what is read with it is lost.
			client.say(row.command[:1])
			client.until(row.command)
		}
		client.say("two")
		row.server.until("two")
		client.say("Q")
		<-done
		keys, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		told, facts, notes := read(t, string(keys), c.events)
		if told != row.want || facts == nil || facts.Resumed != row.resumed {
			t.Errorf("%s: %.300q, want %q, %+v; notes %q", row.name, told, row.want, facts, notes)
		}
		if (len(notes) > 0) != (row.note != "") || row.note != "" && !strings.Contains(notes[0], row.note) {
			t.Errorf("%s: notes %q, want %q", row.name, notes, row.note)
		}
	}
}
