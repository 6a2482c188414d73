package session

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/tape"
	"wiretape/wire"
)

// chatty says something of its own accord after each line that it gets.
func chatty(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		l, err := r.ReadString('\n')
		if err != nil {
			return
		}
		io.WriteString(c, "got "+l)
		time.AfterFunc(5*time.Second, func() { io.WriteString(c, "later, of "+l) })
	}
}

func TestUse(t *testing.T) {
	servers := world{
		"h:80":      oneReply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false),
		"chat:9000": chatty,
		"gone:9001": func(c net.Conn) { bufio.NewReader(c).ReadString('\n') },
	}
	synctest.Test(t, func(t *testing.T) {
		golden(t, "use.golden", play(t, servers, Options{},
			".use", "open chat 9000", ".use", "one", "open h 80", ".use new open h 80", "GET / HTTP/1.1", "^Z 6s", ".use", ".use 1",
			"two", ".use 2", "Host: h", "", ".again", ".use new", ".use", ".use 1", ".use new open nowhere 1", ".use", ".use 9", ".use x",
			".use new tcp://gone:9001", "bye", "^Z 1s", ".use 2", "^Z 6s", ".use", ".use 3", "", ".use 1", ".close", ".use 2", ".use", ".use 1", ".quit"))
	})
}

// What was being typed for a connection waits for it.
func TestUseKeepsWhatWasBeingTyped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term := &withdrawing{terminal: terminal{lines: []string{"open chat 9000", "\x1duse new open chat 9000", "\x1duse 1", "x", ".quit"}}}
		term.under = map[string]string{"\x1duse new open chat 9000": "for 1", "\x1duse 1": "for 2"}
		s, err := New(Options{Lines: term, Out: term, Interactive: true})
		if err != nil {
			t.Fatal(err)
		}
		s.dial = world{"chat:9000": chatty}.dial
		if err := s.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if screen := term.screen.String(); !strings.Contains(screen, "[1] chat:9000 tcp> [for 1]x\n") {
			t.Errorf("the screen:\n%s", screen)
		}
	})
}

// A withdrawing terminal has a draft under some of its lines.
type withdrawing struct {
	terminal
	under map[string]string
	last  string
}

func (w *withdrawing) ReadLine() (string, error) {
	line, err := w.terminal.ReadLine()
	w.last = line
	return line, err
}

func (w *withdrawing) Withdraw() string { return w.under[w.last] }

// A script waits at its end for what is due on each of its connections, and the tape
// has them all.
func TestUseInAScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		servers := world{
			"slow:80": func(c net.Conn) {
				readHead(bufio.NewReader(c))
				pause(c, 3*time.Second)
				io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nslow")
			},
			"h2:80": frames,
		}
		name := t.TempDir() + "/use.tape"
		out, err := run(t, servers, Options{Timeout: 5 * time.Second, Record: RecordOptions{Tape: name}}, "h2c://h2:80",
			".h2 wait off\nPOST /x\ncontent-length: 2\n\nab\n.use new\nopen slow 80\n.use 1\n.await done\n.assert status == 200\n"+
				".use new open slow 80\nGET / HTTP/1.0\n\n.assert body == \"slow\"\n.use 1\n.assert body == \"hello /x\"\n")
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		f, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		conns := map[int]bool{}
		for e, err := range tape.NewReader(bytes.NewReader(f), name).Events() {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == wire.KindOpen {
				conns[e.Conn] = true
			}
		}
		if len(conns) != 3 {
			t.Errorf("connections on the tape: %v", conns)
		}
	})
}

// The request of an exchange is sent again as it was, or not at all: the octets of a
// connection that was long silent are not those that stand at the same place now.
func TestAgainOnAConnectionThatWasLongSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		servers := world{"h:80": func(c net.Conn) {
			r := bufio.NewReader(c)
			for {
				head, err := readHead(r)
				if err != nil {
					return
				}
				got = append(got, strings.Fields(head)[1])
				io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
			}
		}}
		get := func(path string) string { return "GET " + path + " HTTP/1.1\nHost: h\n\n" }
		others := strings.Repeat(".use new open h 80\n"+get("/x"), heldConns)
		out, err := run(t, servers, Options{}, "tcp://h:80", get("/aaa")+others+".use 1\n"+get("/bbb")+get("/ccc")+".again 10\n.again 1\n")
		if StatusOf(err) != StatusUsage || !strings.Contains(err.Error(), "#1 are not held any more") {
			t.Errorf("%v\n%s", err, out)
		}
		if text := strings.Join(got, " "); text != "/aaa"+strings.Repeat(" /x", heldConns)+" /bbb /ccc /bbb" {
			t.Errorf("the server got %s", text)
		}
	})
}
