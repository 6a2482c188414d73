package session

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/proto/prototest"
	"wiretape/wire/telnet"
)

// visible makes a typed octet of 255 a text.
func visible(screen string) string { return strings.ReplaceAll(screen, "\xff", `\xff`) }

// loginServer negotiates as a host does, and lets nobody in. What it receives goes
// to got.
func loginServer(got *bytes.Buffer) func(net.Conn) {
	return func(c net.Conn) {
		r := io.TeeReader(c, got)
		read := func(n int) { io.ReadFull(r, make([]byte, n)) }
		io.WriteString(c, "\xff\xfd\x18\xff\xfd\x1f\xff\xfd\x27")
		read(3 + 3 + 9 + 3)
		io.WriteString(c, "\xff\xfa\x18\x01\xff\xf0\xff\xfb\x01\xff\xfb\x05")
		read(10 + 3 + 3)
		io.WriteString(c, "Debian GNU/Linux 12\r\n\r\nlogin: ")
		read(6)
		io.WriteString(c, "me\xff\xff\r\nPassword: ")
		read(5)
		io.WriteString(c, "\r\nLogin incorrect\r\n")
	}
}

func TestTelnetIsNegotiated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got bytes.Buffer
		servers := world{"host:23": loginServer(&got)}
		golden(t, "telnet.golden", visible(play(t, servers, Options{Style: view.Style{EscapeKey: "^]", Width: 80, Height: 24}},
			"open telnet://host", ".telnet", "me\xff", "pas", ".as", ".quit")))
		want := "\xff\xfb\x18\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0\xff\xfc\x27" +
			"\xff\xfa\x18\x00DUMB\xff\xf0\xff\xfd\x01\xff\xfe\x05" + "me\xff\xff\r\n" + "pas\r\n"
		if got.String() != want {
			t.Errorf("the host got\n  %q, want\n  %q", got.String(), want)
		}
	})
}

// On another port a host is recognised, and what answers it is said.
func TestTelnetElsewhereIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got bytes.Buffer
		servers := world{"host:2323": loginServer(&got)}
		golden(t, "telnet-elsewhere.golden", visible(play(t, servers, Options{Style: view.Style{EscapeKey: "^]", Width: 80, Height: 24}},
			"open host 2323", "", ".telnet trace on", ".telnet on", "me\xff", "pas", ".quit")))
	})
}

// Off port 23 nothing is answered and no octet doubled until .telnet on; then what
// was asked before is answered.
func TestTelnetOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got bytes.Buffer
		gone := make(chan struct{})
		servers := world{"host:4000": func(c net.Conn) {
			defer close(gone)
			io.WriteString(c, "hi\r\n\xff\xfb\x01\xff\xfd\x18")
			io.Copy(&got, c)
		}}
		golden(t, "telnet-on.golden", visible(play(t, servers, Options{}, "open host 4000", "a\xff", ".telnet on", "b\xff",
			".telnet trace off", ".telnet off", ".telnet", "c\xff", ".telnet bogus", ".quit")))
		<-gone
		if want := "a\xff\r\n" + "\xff\xfd\x01\xff\xfb\x18" + "b\xff\xff\r\n" + "c\xff\r\n"; got.String() != want {
			t.Errorf("the host got %q, want %q", got.String(), want)
		}
	})
}

// A peer that asks on and on and reads nothing is answered up to a limit.
func TestTelnetFloodIsBounded(t *testing.T) {
	l := newTelnetLink(0, 0)
	warnings := 0
	for i := range 100_000 {
		if _, warning := l.take(&telnet.Command{Code: telnet.DO, Option: telnet.Option(100 + i%100)}, nil); warning != "" {
			warnings++
		}
	}
	if l.answers.Waiting() > maxTelnetAnswers || warnings != 1 {
		t.Errorf("%d octets of answers wait, %d warnings", l.answers.Waiting(), warnings)
	}
}

func TestAsReadsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servers := world{"host:4000": func(c net.Conn) {
			io.WriteString(c, "* hello\r\n")
			r := bufio.NewReader(c)
			for range 2 {
				r.ReadString('\n')
				io.WriteString(c, "200-one\r\n200 two\r\n")
			}
			r.ReadString('\n')
		}}
		golden(t, "as.golden", play(t, servers, Options{}, ".as", "open host 4000", "NOOP", ".as", ".as ftp", "STAT", ".as gopher", ".as auto", ".quit"))
	})
}

func TestPlainTextToTLSIsExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servers := world{
			"a:8081": oneReply("\x15\x03\x01\x00\x02\x02\x46", true),
			"b:80":   oneReply("HTTP/1.1 400 Bad Request\r\nContent-Length: 61\r\n\r\n<html>400 The plain HTTP request was sent to HTTPS port</html>\n", true),
			"c:9001": func(c net.Conn) {
				bufio.NewReader(c).ReadString('\n')
				io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x46")
			},
			"d:9002": func(c net.Conn) { bufio.NewReader(c).ReadString('\n') },
			"e:80":   func(c net.Conn) { bufio.NewReader(c).ReadString('\n') },
		}
		golden(t, "plaintls.golden", play(t, servers, Options{}, "open a 8081", ".mode block", "GET / HTTP/1.0", "", ".close",
			"open b 80", "GET / HTTP/1.0", "", ".close", "open c 9001", "hello", "open d 9002", "c", "hello", ".close", "open e 80", "GET / HTTP/1.0", "", ".quit"))
	})
}

func TestPlainTextInReplyToTLSIsExplained(t *testing.T) {
	target := wire.Target{Host: "h", Port: 465}
	for first, want := range map[string]string{
		"220 h ESMTP\r\n":                "the port speaks plain text, so it seems smtp: open h 465, and .starttls where the server has agreed to it",
		"HTTP/1.1 400 Bad Request\r\nDa": "the port speaks plain text, so it seems http/1.1: open h 465",
		"SSH-2.0-x\r\n":                  "the port speaks plain text, so it seems ssh: open h 465",
		"\x00\x01":                       "the port does not speak TLS: open h 465 speaks to it without",
	} {
		if got := plaintextHint([]byte(first), target); got != want {
			t.Errorf("%q: %s, want %s", first, got, want)
		}
	}
}

// TestCurlTelnet plays the public cases: a server that negotiates, a line that
// comes back.
func TestCurlTelnet(t *testing.T) {
	type row struct {
		ID     int
		Stdin  []byte `json:"client_stdin_b64"`
		Stdout []byte `json:"verify_stdout_b64"`
	}
	for _, r := range prototest.Rows[row](t, "curl_telnet.jsonl") {
		synctest.Test(t, func(t *testing.T) {
			text := strings.TrimSuffix(string(r.Stdin), "\n")
			servers := world{"host:23": func(c net.Conn) {
				in := bufio.NewReader(c)
				io.WriteString(c, "\xff\xfb\x27\xff\xfc\x27\xff\xfd\x27\xff\xfe\x27") // of NEW-ENVIRON
				io.ReadFull(in, make([]byte, 6))
				line, _ := in.ReadString('\n')
				io.WriteString(c, strings.TrimRight(line, "\r\n"))
			}}
			screen := play(t, servers, Options{}, "open telnet://host", text, ".quit")
			if !strings.Contains(screen, "\n< "+string(r.Stdout)+"\n") {
				t.Errorf("row %d: want a row %q in\n%s", r.ID, r.Stdout, screen)
			}
		})
	}
}

// An option that is asked for by hand is agreed to when the host answers, and that
// answer is not answered: nobody asks twice (RFC 1143).
func TestTelnetOptionAskedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got bytes.Buffer
		servers := world{"host:23": func(c net.Conn) {
			io.WriteString(c, "login: ")
			r := io.TeeReader(c, &got)
			io.ReadFull(r, make([]byte, 3))
			io.WriteString(c, "\xff\xfb\x05") // WILL STATUS
			io.Copy(io.Discard, r)
		}}
		out := play(t, servers, Options{}, "open telnet://host", ".send do status", ".telnet", ".quit")
		if want := "\xff\xfd\x05"; got.String() != want {
			t.Errorf("the host got %q, want %q", got.String(), want)
		}
		if !strings.Contains(out, "the server's: STATUS") {
			t.Errorf("what was agreed on is not in force:\n%s", out)
		}
	})
}
