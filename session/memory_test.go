package session

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/wire"
)

func TestMemoryGivesWhatWasWritten(t *testing.T) {
	var m memory
	var want []byte
	for n := range 40 {
		b := bytes.Repeat([]byte{byte(n)}, n*n*500)
		m.Write(b)
		want = append(want, b...)
	}
	if got, err := io.ReadAll(m.reader()); err != nil || !bytes.Equal(got, want) || m.Len() != len(want) {
		t.Errorf("%d octets, %d said, want %d; %v", len(got), m.Len(), len(want), err)
	}
}

// A reply without an end, of lines as short as may be, is held as far as limits go:
// not more than they say, whatever is said of each line beside its octets.
func TestWhatIsHeldOfAnEndlessReply(t *testing.T) {
	const sent = 16 << 20
	synctest.Test(t, func(t *testing.T) {
		server := func(c net.Conn) {
			io.WriteString(c, "220 hi\r\n")
			c.Read(make([]byte, 99))
			b := []byte(strings.Repeat("250-a\r\n", 9000))
			for n := 0; n < sent; n += len(b) {
				c.Write(b)
			}
		}
		held := func() uint64 {
			runtime.GC()
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			return s.HeapAlloc
		}
		before := held()
		s := newTestSession(t, Options{Lines: NewLines("EHLO x"), Out: io.Discard})
		s.dial = world{"h:25": server}.dial
		to, _ := wire.ParseTarget("smtp://h")
		if err := s.Open(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		if err := s.Run(context.Background()); StatusOf(err) != StatusProtocol {
			t.Errorf("Run = %v", err)
		}
		if got := held() - before; got > heldBodies+spoolSize+2*heldStream+(16<<20) {
			t.Errorf("%d MiB are held of %d", got>>20, sent>>20)
		} else {
			t.Logf("%d MiB are held of %d", got>>20, sent>>20)
		}
		s.Close()
	})
}
