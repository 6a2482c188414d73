package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/wire/wiretest"
)

func TestRequestStandsBeforeReply(t *testing.T) {
	n := 100_000
	if testing.Short() || scribble {
		n = 5_000
	}
	tt := serve(t, func(nc *net.TCPConn) { io.Copy(nc, nc) })
	var order []uint64 // of requests: 2i, of replies: 2i+1
	c := dial(t, Dialer{}, tt, NewTap(func(e Event) {
		if e.Kind == KindData {
			order = append(order, binary.BigEndian.Uint64(e.Data)*2+uint64(e.Dir-ClientToServer))
		}
	}))
	c.SetDeadline(time.Now().Add(time.Minute))
	replies := make(chan error)
	var readers sync.WaitGroup
	readers.Go(func() {
		buf := make([]byte, 8)
		for range n {
			_, err := c.Read(buf)
			replies <- err
			if err != nil {
				return
			}
		}
	})
	for i := range n {
		if _, err := c.Write(binary.BigEndian.AppendUint64(nil, uint64(i))); err != nil {
			t.Fatal(err)
		}
		if err := <-replies; err != nil {
			t.Fatal(err)
		}
	}
	readers.Wait()
	c.Close()
	for i, got := range order {
		if got != uint64(i) {
			t.Fatalf("event %d of the data is %d: a reply stands before its request", i, got)
		}
	}
	if len(order) != 2*n {
		t.Errorf("%d data events, want %d", len(order), 2*n)
	}
}

func TestEventsOfAPlainConversation(t *testing.T) {
	tt := serve(t, func(nc *net.TCPConn) {
		io.ReadAll(nc) // to the half-close
		for range 64 {
			nc.Write(bytes.Repeat([]byte("x"), 64<<10)) // a long answer after it
		}
	})
	rec := &recorder{}
	var got int
	c := dial(t, Dialer{}, tt, NewTap(Tee(rec.sink, func(e Event) {
		if e.Kind == KindData && e.Dir == ServerToClient {
			got += len(e.Data)
		}
	})))
	c.Write([]byte("GET /\n"))
	c.Write(nil)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("late")); err == nil {
		t.Error("a write after the half-close went through")
	}
	if err := c.Pump(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read after the end: %v, want io.EOF again", err)
	}
	c.Close()
	c.Close()
	if _, err := c.Write([]byte("late")); err == nil {
		t.Error("a write after Close went through")
	}
	if want := 64 * 64 << 10; got != want {
		t.Errorf("%d bytes came, want %d", got, want)
	}
	events := rec.all()
	var kinds []string
	for _, e := range events {
		if k := e.Kind.String() + " " + e.Dir.String(); len(kinds) == 0 || kinds[len(kinds)-1] != k {
			kinds = append(kinds, k)
		}
		if e.Conn != 1 {
			t.Errorf("event %v is of connection %d, want 1", e.Kind, e.Conn)
		}
	}
	if want := "[open none data client eof client data server eof server close none]"; fmt.Sprint(kinds) != want {
		t.Errorf("events %v, want %s", kinds, want)
	}
	if f := events[0].Facts; f.Target != tt.Address() || f.Remote != tt.Address() || f.Local == "" || f.Role != Dialed || f.Start.IsZero() || f.Phases.Connect <= 0 {
		t.Errorf("facts %+v", f)
	}
}

// A faulty connection writes limit bytes and then fails with err.
type faulty struct {
	net.Conn
	limit int
	err   error
}

func (f *faulty) Write(p []byte) (int, error) {
	if len(p) <= f.limit {
		f.limit -= len(p)
		return f.Conn.Write(p)
	}
	n, _ := f.Conn.Write(p[:f.limit])
	return n, f.err
}

func TestWritesThatFail(t *testing.T) {
	broken := &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}
	reset := &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.ECONNRESET)}
	tests := []struct {
		name  string
		limit int
		err   error
		want  string
	}{
		{"nothing leaves", 0, broken, `error > write: broken pipe`},
		{"a part leaves", 3, broken, `error > write: broken pipe (3 B left)`},
		{"a short write without a reason", 2, nil, `error > write: short write (2 B left)`},
		{"the peer resets", 1, reset, "error > write: connection reset by peer (1 B left)\nrst <"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := wiretest.Pair()
			rec := &recorder{}
			c := NewConn(&faulty{a, tt.limit, tt.err}, Facts{Target: "h:80"}, NewTap(rec.sink))
			n, err := c.Write([]byte("hello"))
			if n != tt.limit || err == nil {
				t.Errorf("Write = %d, %v; want %d and an error", n, err, tt.limit)
			}
			c.Close()
			rec.wantStory(t, "open tcp dial\n> \"hello\"\n"+tt.want+"\nclose")
		})
	}
}

func TestResetSeenByAWriteIsToldOnce(t *testing.T) {
	for name, end := range map[string]func(*wiretest.Conn){
		"the read meets an end":   func(b *wiretest.Conn) { b.Close() },
		"the read meets it again": func(b *wiretest.Conn) { b.SetLinger(0) },
	} {
		a, b := wiretest.Pair()
		rec := &recorder{}
		c := NewConn(&faulty{a, 0, syscall.ECONNRESET}, Facts{Target: "h:80"}, NewTap(rec.sink))
		c.Write([]byte("x"))
		end(b)
		if err := c.Pump(); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: Pump: %v, want ECONNRESET", name, err)
		}
		c.Close()
		rec.wantStory(t, "open tcp dial\n> \"x\"\nerror > write: connection reset by peer\nrst <\nclose")
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wiretest.Pair()
		rec := &recorder{}
		c := NewConn(a, Facts{Target: "h:80"}, NewTap(rec.sink))
		c.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := c.Read(make([]byte, 8)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v, want a deadline", err)
		}
		c.SetReadDeadline(time.Time{})
		b.Write([]byte("late"))
		if n, err := c.Read(make([]byte, 8)); n != 4 || err != nil {
			t.Errorf("read after the deadline was lifted: %d, %v", n, err)
		}
		c.Close()
		rec.wantStory(t, "open tcp dial\ntimeout read\n< \"late\"\nclose")
		if at := rec.all()[1].At; at != time.Second {
			t.Errorf("the timeout is at %v, want 1s", at)
		}
	})
}

func TestResetIsNoEnd(t *testing.T) {
	tt := serve(t, func(nc *net.TCPConn) {
		nc.Read(make([]byte, 1))
		nc.SetLinger(0)
	})
	rec := &recorder{}
	c := dial(t, Dialer{}, tt, NewTap(rec.sink))
	c.Write([]byte("x"))
	if err := c.Pump(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("Pump: %v, want ECONNRESET", err)
	}
	c.Close()
	rec.wantStory(t, "open tcp dial\n> \"x\"\nrst <\nclose")
}

func TestAbortResets(t *testing.T) {
	peer := make(chan error, 1)
	tt := serve(t, func(nc *net.TCPConn) {
		nc.Write([]byte("hi"))
		_, err := io.ReadAll(nc)
		peer <- err
	})
	rec := &recorder{}
	c := dial(t, Dialer{}, tt, NewTap(rec.sink))
	c.Read(make([]byte, 8))
	c.Abort()
	if err := <-peer; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer saw %v, want ECONNRESET", err)
	}
	rec.wantStory(t, "open tcp dial\n< \"hi\"\nrst >\nclose")
}

func TestCloseEndsAPumpAndIsTheLastEvent(t *testing.T) {
	tt := serve(t, func(nc *net.TCPConn) {
		for {
			if _, err := nc.Write([]byte("tick")); err != nil {
				return
			}
		}
	})
	for range 50 {
		rec := &recorder{}
		seen := make(chan struct{})
		var once sync.Once
		c := dial(t, Dialer{}, tt, NewTap(func(e Event) {
			if e.Kind == KindData {
				once.Do(func() { close(seen) })
			}
			rec.sink(e)
		}))
		done := make(chan error, 1)
		go func() { done <- c.Pump() }()
		<-seen
		c.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Fatalf("Pump: %v, want net.ErrClosed", err)
		}
		events := rec.all()
		if last := events[len(events)-1]; last.Kind != KindClose {
			t.Fatalf("the last event is %v, want close", last.Kind)
		}
	}
}

func TestWritersAreSerialised(t *testing.T) {
	const writers, each = 8, 200
	got := make(chan []byte, 1)
	tt := serve(t, func(nc *net.TCPConn) {
		b, _ := io.ReadAll(nc)
		got <- b
	})
	var taped bytes.Buffer
	c := dial(t, Dialer{}, tt, NewTap(func(e Event) {
		if e.Kind == KindData {
			taped.Write(e.Data)
		}
	}))
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				c.Write(fmt.Appendf(nil, "%d.%d;", w, i))
			}
		})
	}
	wg.Wait()
	c.CloseWrite()
	if b := <-got; !bytes.Equal(b, taped.Bytes()) {
		t.Errorf("the peer got %d bytes in another order than the %d recorded", len(b), taped.Len())
	}
}

func TestNumbersFollowFirstEvents(t *testing.T) {
	var ids []int
	tap := NewTap(func(e Event) { ids = append(ids, e.Conn) })
	for range 3 {
		a, _ := wiretest.Pair()
		NewConn(a, Facts{}, tap)
	}
	if fmt.Sprint(ids) != "[1 2 3]" {
		t.Errorf("connections %v, want 1 2 3", ids)
	}
}

func TestDatagrams(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	rec := &recorder{}
	c := dial(t, Dialer{}, target(t, "udp://"+pc.LocalAddr().String()), NewTap(rec.sink))
	buf := make([]byte, 2048)
	for _, msg := range []string{"one", "", "three"} {
		if _, err := c.Write([]byte(msg)); err != nil {
			t.Fatal(err)
		}
		n, from, err := pc.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		pc.WriteTo(buf[:n], from)
		if n, err := c.Read(buf); string(buf[:n]) != msg || err != nil {
			t.Fatalf("echo of %q: %q, %v", msg, buf[:n], err)
		}
	}
	if err := c.CloseWrite(); err == nil {
		t.Error("UDP has a half-close")
	}
	c.Close()
	rec.wantStory(t, `
		open udp dial
		> "one"
		< "one"
		> ""
		< ""
		> "three"
		< "three"
		close`)
}
