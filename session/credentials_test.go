package session

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/tape"
	"wiretape/tape/redact"
	"wiretape/wire"
)

// logins are those of each protocol, with a password on each line behind "<-".
var logins = []struct {
	proto, greeting string
	lines           []string
	reply           string // to each line
}{
	{"ftp", "220 hi\r\n", []string{"USER me", "PASS hunter22", "ACCT hunter22"}, "331 more\r\n"},
	{"pop3", "+OK hi\r\n", []string{"USER me", "PASS hunter22"}, "+OK\r\n"},
	{"smtp", "220 hi\r\n", []string{"EHLO me", "AUTH PLAIN " + encoded("\x00me\x00hunter22")}, "250 ok\r\n"},
	{"imap", "* OK hi\r\n", []string{"a LOGIN me hunter22"}, "a OK done\r\n"},
	{"nntp", "200 hi\r\n", []string{"AUTHINFO USER me", "AUTHINFO PASS hunter22"}, "381 more\r\n"},
	{"redis", "", []string{"AUTH hunter22", "AUTH me hunter22", "HELLO 3 AUTH me hunter22", "CONFIG SET requirepass hunter22"}, "+OK\r\n"},
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// showing reports whether a tape has the password, in clear or encoded.
func showing(tape string) bool {
	return strings.Contains(tape, "hunter22") || strings.Contains(tape, encoded("\x00me\x00hunter22")[8:])
}

// recording returns a sink, and what is on its tape in the end.
func recorded() (wire.Sink, func() string) {
	var b bytes.Buffer
	w := tape.NewWriter(&b, tape.Options{})
	r := redact.New(w.Spanned, redact.Options{})
	return r.Event, func() string { r.Flush(); w.Close(); return b.String() }
}

// What the target's scheme or --as says is spoken decides what is a password, also
// where the client does not wait for the server and the port says nothing.
func TestPasswordsAreMaskedOffTheStandardPorts(t *testing.T) {
	for _, l := range logins {
		for _, how := range []struct{ target, as string }{{l.proto + "://h:12000", ""}, {"h:12000", l.proto}} {
			if l.proto == "nntp" && how.as == "" {
				continue // it has no scheme
			}
			silent := func(c net.Conn) { io.Copy(io.Discard, c) }
			synctest.Test(t, func(t *testing.T) {
				sink, tape := recorded()
				in := strings.Join(l.lines, "\r\n") + "\r\n"
				pipeTo(t, how.target, silent, strings.NewReader(in), PipeOptions{Idle: time.Second, Proto: how.as, Record: sink})
				if got := tape(); showing(got) || !strings.Contains(got, "secret") {
					t.Errorf("pipe to %s as %q:\n%s", how.target, how.as, got)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				server := func(c net.Conn) {
					io.WriteString(c, l.greeting)
					r := bufio.NewReader(c)
					for line, err := r.ReadString('\n'); err == nil; line, err = r.ReadString('\n') {
						if !strings.ContainsAny(line[:1], "*$") && !(l.proto == "redis" && !strings.Contains(line, "hunter")) {
							io.WriteString(c, l.reply)
						}
					}
				}
				name := filepath.Join(t.TempDir(), "x.tape")
				opts := Options{Proto: how.as, Record: RecordOptions{Tape: name}}
				out, err := run(t, world{"h:12000": server}, opts, how.target, strings.Join(l.lines, "\n")+"\n.await done 1s\n.close\n")
				got, _ := os.ReadFile(name)
				if err != nil && l.proto != "redis" || showing(string(got)) || !strings.Contains(string(got), "secret") {
					t.Errorf("script to %s as %q: %v\n%s\n%s", how.target, how.as, err, out, got)
				}
			})
		}
	}
}

func TestPasswordsThatComeToAListenerAreMasked(t *testing.T) {
	for _, l := range logins {
		ln, err := wire.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		sink, tape := recorded()
		done := make(chan error, 1)
		go func() {
			done <- PipeListener(t.Context(), ln, false, PipeOptions{In: strings.NewReader(""), Out: io.Discard, Proto: l.proto, Record: sink})
		}()
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, strings.Join(l.lines, "\r\n")+"\r\n")
		c.Close()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", l.proto, err)
		}
		if got := tape(); showing(got) || !strings.Contains(got, "secret") {
			t.Errorf("%s:\n%s", l.proto, got)
		}
	}
}
