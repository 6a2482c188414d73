package session

import (
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// Real sockets: the words that connect, with the Dialer that they are given.
func TestConnectingWords(t *testing.T) {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	go func() {
		buf := make([]byte, 100)
		for {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			udp.WriteTo(bytes.ToUpper(buf[:n]), from)
		}
	}()
	path := filepath.Join(t.TempDir(), "s")
	unix, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	for _, l := range []net.Listener{unix, tcp} {
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					for line, err := range lines(c) {
						if err != nil {
							return
						}
						fmt.Fprintf(c, "%s\n", strings.ToUpper(line))
					}
				}()
			}
		}()
	}
	port := func(a net.Addr) string { _, p, _ := net.SplitHostPort(a.String()); return p }
	for _, open := range []string{
		"udp 127.0.0.1 " + port(udp.LocalAddr()),
		"unix " + path,
		"open 127.0.0.1 " + port(tcp.Addr()),
		"open tcp://" + tcp.Addr().String(),
	} {
		var out bytes.Buffer
		s := newTestSession(t, Options{Out: &out, Lines: NewLines(open, "hello", ".await re HELLO 10s", ".close", ".reconnect", "again", ".await bytes 6 10s", ".abort")})
		if err := s.Run(t.Context()); err != nil {
			t.Errorf("%s: %v", open, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: Close = %v", open, err)
		}
		for _, want := range []string{"hello", "HELLO", "AGAIN"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", open, want, &out)
			}
		}
	}
}
