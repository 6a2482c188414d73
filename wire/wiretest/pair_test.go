package wiretest

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"
)

func TestConnIsANetConn(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		a, b := Pair()
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

func TestHalfCloseLeavesTheOtherDirection(t *testing.T) {
	a, b := Pair()
	if _, err := a.Write([]byte("ask")); err != nil {
		t.Fatal(err)
	}
	a.CloseWrite()
	if got, err := io.ReadAll(b); string(got) != "ask" || err != nil {
		t.Fatalf("the peer read %q, %v; want %q and the end", got, err, "ask")
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("write after the half-close: %v, want EPIPE", err)
	}
	b.Write([]byte("answer"))
	b.Close()
	if got, err := io.ReadAll(a); string(got) != "answer" || err != nil {
		t.Errorf("the answer was %q, %v; want %q and the end", got, err, "answer")
	}
}

func TestResetLosesWhatIsUnderWay(t *testing.T) {
	a, b := Pair()
	a.Write([]byte("lost"))
	a.SetLinger(0)
	a.Close()
	if n, err := b.Read(make([]byte, 8)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read after the reset: %d, %v; want ECONNRESET", n, err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("write after the reset: %v, want ECONNRESET", err)
	}
}

func TestWaitingIsDurableBlocking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pair()
		began := time.Now()
		a.SetReadDeadline(began.Add(time.Hour))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v, want a deadline", err)
		}
		b.SetWriteDeadline(began.Add(2 * time.Hour))
		if n, err := b.Write(make([]byte, capacity+1)); n != capacity || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %d, %v; want %d and a deadline", n, err, capacity)
		}
		if got := time.Since(began); got != 2*time.Hour {
			t.Errorf("the deadlines took %v of the bubble's time, want 2h", got)
		}
	})
}
