package session

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/wire"
)

func silent(c net.Conn) { io.Copy(io.Discard, c) }

func TestInterruptStopsAWaitAndNotTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		interrupts := make(chan os.Signal, 1)
		time.AfterFunc(1500*time.Millisecond, func() { interrupts <- os.Interrupt })
		begun := time.Now()
		screen := play(t, world{"h:80": silent}, Options{Interrupts: interrupts},
			"open h 80", "GET / HTTP/1.0", "", ".status", "^C", "^C")
		if took := time.Since(begun); took != 1500*time.Millisecond {
			t.Errorf("took %v", took)
		}
		for _, want := range []string{
			"* waiting for the reply: 1.0 s (^C stops waiting)\n* stopped waiting; still connected\n", "* connected to h:80",
			"* ^C again (1 s) or .quit leaves\n",
		} {
			if !strings.Contains(screen, want) {
				t.Errorf("no %q on the screen:\n%s", want, screen)
			}
		}
	})
}

// One Up recalls a whole draft that was dropped.
func TestDroppedDraftIsRecalledAsOne(t *testing.T) {
	g := grammar{phase: connected, block: true, command: func(string) (known, bare bool) { return false, false }}
	g.line("GET / HTTP/1.1")
	g.line("Host: h")
	if st := g.interrupt("", false); st.typed != "GET / HTTP/1.1\nHost: h" {
		t.Errorf("recalled %q", st.typed)
	}
}

func TestStatusTellsHowFarAReplyIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		interrupts := make(chan os.Signal, 1)
		time.AfterFunc(1500*time.Millisecond, func() { interrupts <- os.Interrupt })
		screen := play(t, world{"h:80": oneReply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", false)}, Options{Interrupts: interrupts},
			"open h 80", "GET / HTTP/1.0", "", ".status", ".hex 7", ".quit")
		for _, want := range []string{"* 0 answered, 1 due, 1 incomplete: 5 of 9 B\n", "! .hex 7: "} {
			if !strings.Contains(screen, want) {
				t.Errorf("no %q on the screen:\n%s", want, screen)
			}
		}
	})
}

// What drops a draft is not the first of the two that leave.
func TestInterruptThatDropsADraftDoesNotLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := play(t, world{"h:80": silent}, Options{}, "open h 80", "GET / HTTP/1.0", "^C", "^C", ".status", ".quit")
		want := "* draft dropped; nothing was sent\nh http> ^C\n* ^C again (1 s) or .quit leaves\nh http> .status\n"
		if !strings.Contains(screen, want) {
			t.Errorf("no %q on the screen:\n%s", want, screen)
		}
	})
}

func TestInterruptEndsAScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		s := newTestSession(t, Options{Lines: NewLines("open h 80", "GET / HTTP/1.0", "")})
		s.dial = world{"h:80": silent}.dial
		if err := s.Run(ctx); StatusOf(err) != StatusInterrupted {
			t.Errorf("Run = %v, want status 130", err)
		}
		s.Close()
	})
}

func TestInterruptEndsAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		to, err := ParseOpen("open", []string{"h", "80"})
		if err != nil {
			t.Fatal(err)
		}
		err = pipeOver(ctx, world{"h:80": silent}.dial, wire.Dialer{}, to, PipeOptions{In: strings.NewReader("x"), Out: io.Discard})
		if StatusOf(err) != StatusInterrupted {
			t.Errorf("Pipe = %v, want status 130", err)
		}
	})
}
