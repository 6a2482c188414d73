package session

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/wire"
)

func TestHold(t *testing.T) {
	servers := world{"chat:9000": chatty, "h:80": oneReply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true)}
	synctest.Test(t, func(t *testing.T) {
		golden(t, "hold.golden", play(t, servers, Options{},
			".hold", "open chat 9000", "one", "^Z 6s", ".use", ".await re later", ".use new open h 80", "GET / HTTP/1.1", "Host: h", "", ".assert status == 200",
			".status", ".release", ".hold", ".use 1", "two", ".quit"))
	})
}

// ^] while a reply is waited for ends the wait.
func TestEscapeEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term := &escaping{terminal: terminal{lines: []string{"open h 80", "GET / HTTP/1.0", "", "\x1dstatus", ".quit"}}, escaped: make(chan struct{}, 1)}
		s, err := New(Options{Lines: term, Out: term, Interactive: true})
		if err != nil {
			t.Fatal(err)
		}
		s.dial = world{"h:80": silent}.dial
		if err := s.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if screen := term.screen.String(); !strings.Contains(screen, "* stopped waiting; still connected\nh http> ^]status\n* connected to h:80") {
			t.Errorf("the screen:\n%s", screen)
		}
	})
}

// ^] while a connection is made ends that.
func TestEscapeEndsADial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term := &escaping{terminal: terminal{lines: []string{"open h 80", "\x1dstatus", ".quit"}}, escaped: make(chan struct{}, 1), after: "open h 80"}
		s, err := New(Options{Lines: term, Out: term, Interactive: true})
		if err != nil {
			t.Fatal(err)
		}
		s.dial = func(ctx context.Context, _ wire.Target, _ *wire.Tap) (*wire.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		if err := s.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if screen := term.screen.String(); !strings.Contains(screen, "context canceled\nwiretape> ^]status\n* not connected") {
			t.Errorf("the screen:\n%s", screen)
		}
	})
}

// An escaping terminal has ^] pressed after it has given a line.
type escaping struct {
	terminal
	escaped chan struct{}
	after   string
}

func (e *escaping) Escaped() <-chan struct{} { return e.escaped }

func (e *escaping) ReadLine() (string, error) {
	line, err := e.terminal.ReadLine()
	if err == nil && line == e.after {
		e.escaped <- struct{}{}
	}
	return line, err
}

// Bytes that a command sends while a request is composed go ahead of it, which is said.
func TestBytesAheadOfADraft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := play(t, world{"h:80": oneReply("HTTP/1.1 204 No Content\r\n\r\n", false)}, Options{},
			"open h 80", "GET / HTTP/1.1", `.send "X"`, ".status", "^C", ".quit")
		const warning = "! 1 bytes went out ahead of the draft, of which nothing is sent yet: the peer reads them first (^C drops the draft)\n"
		if strings.Count(screen, warning) != 1 || !strings.Contains(screen, `| .send "X"`+"\n"+warning) {
			t.Errorf("the screen:\n%s", screen)
		}
	})
}
