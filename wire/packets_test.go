package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// Each address that datagrams come from is a connection of its own.
func TestUDPListener(t *testing.T) {
	ln, err := Listen(ctx(t), "udp", "0")
	if err != nil {
		t.Fatal(err)
	}
	rec := &recorder{}
	sctx, stop := context.WithCancel(ctx(t))
	served := make(chan error, 1)
	go func() {
		served <- ln.Serve(sctx, NewTap(rec.sink), func(_ context.Context, c *Conn) {
			buf := make([]byte, 100)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				c.Write(bytes.ToUpper(buf[:n]))
			}
		})
	}()
	to := target(t, "udp://"+ln.Addr().String())
	a, b := dial(t, Dialer{}, to, nil), dial(t, Dialer{}, to, nil)
	for _, c := range []*Conn{a, b, a} {
		for _, text := range []string{"one", "", "two"} {
			c.Write([]byte(text))
			buf := make([]byte, 100)
			if n, err := c.Read(buf); err != nil || string(buf[:n]) != string(bytes.ToUpper([]byte(text))) {
				t.Fatalf("answer to %q: %q, %v", text, buf[:n], err)
			}
		}
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	open := 0
	for _, e := range rec.all() {
		if e.Kind == KindOpen {
			open++
			if want := []string{a.LocalAddr().String(), b.LocalAddr().String()}[e.Conn-1]; e.Facts.Remote != want || e.Facts.Network != "udp" || e.Facts.Role != Accepted {
				t.Errorf("facts %+v, want from %s", e.Facts, want)
			}
		}
	}
	if open != 2 {
		t.Errorf("%d connections, want 2:\n%s", open, rec.story())
	}
}

// A connection outlives the listener, and the socket ends with the last.
func TestUDPConnectionOutlivesItsListener(t *testing.T) {
	ln, err := Listen(ctx(t), "udp", "0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	client := dial(t, Dialer{}, target(t, "udp://"+addr), nil)
	client.Write([]byte("x"))
	c, err := ln.Accept(ctx(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if _, err := ln.Accept(ctx(t), nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
	c.SetReadDeadline(time.Now().Add(-time.Second))
	if _, err := c.Read(make([]byte, 9)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read after the deadline: %v", err)
	}
	c.SetReadDeadline(time.Time{})
	if n, err := c.Read(make([]byte, 9)); n != 1 || err != nil {
		t.Errorf("Read = %d, %v", n, err)
	}
	c.Write([]byte("hello"))
	buf := make([]byte, 9)
	if n, err := client.Read(buf); string(buf[:n]) != "hello" {
		t.Errorf("the client got %q, %v", buf[:n], err)
	}
	c.Close()
	if _, err := c.Read(buf); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
	again, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatalf("the socket is still there: %v", err)
	}
	again.Close()
}

func TestAcceptEndsWithItsContext(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		ln, err := Listen(t.Context(), network, "0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := ln.Accept(ctx, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: Accept: %v", network, err)
		}
	}
}

func TestAcceptShakesHands(t *testing.T) {
	ca, cert := authority(t, "127.0.0.1")
	ln, err := Listen(t.Context(), "tcp", "0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ln.TLS = &TLSOptions{Certificates: []tls.Certificate{cert}}
	done := make(chan error, 1)
	go func() {
		c, err := Dialer{TLS: &TLSOptions{Roots: ca.Pool()}}.Dial(ctx(t), target(t, "tls://"+ln.Addr().String()), nil)
		if err == nil {
			io.WriteString(c, "hello")
			c.Close()
		}
		done <- err
	}()
	c, err := ln.Accept(ctx(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := io.ReadAll(c); string(got) != "hello" || c.TLS() == nil {
		t.Errorf("got %q, %v, TLS %v", got, err, c.TLS())
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
