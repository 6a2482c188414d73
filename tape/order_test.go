package tape

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wiretape/wire"
)

// Whatever becomes of a connection, its recording can be read.
func TestFailuresOfConnectionsAreRead(t *testing.T) {
	ln, err := wire.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- ln.Serve(ctx, nil, func(_ context.Context, c *wire.Conn) {
			c.Write([]byte("220 no TLS here\r\n"))
			c.Abort()
		})
	}()
	over, stop := context.WithCancel(t.Context())
	stop()
	address := ln.Addr().String()
	nowhere := func(context.Context, string) ([]netip.Addr, error) { return nil, nil }
	unknown := func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	for _, tt := range []struct {
		name, target string
		ctx          context.Context
		dialer       wire.Dialer
	}{
		{"connected", address, t.Context(), wire.Dialer{}},
		{"refused", "127.0.0.1:1", t.Context(), wire.Dialer{}},
		{"given up before", address, over, wire.Dialer{}},
		{"given up before, by name", "a.test:1", over, wire.Dialer{Resolve: unknown}},
		{"no address", "a.test:1", t.Context(), wire.Dialer{Resolve: nowhere}},
		{"unknown name", "a.test:1", t.Context(), wire.Dialer{Resolve: unknown}},
		{"no socket", "unix:/no/such/socket", t.Context(), wire.Dialer{}},
		{"no TLS", "tls://" + address, t.Context(), wire.Dialer{Timeout: 5 * time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			w := NewWriter(&b, Options{})
			target, err := wire.ParseTarget(tt.target)
			if err != nil {
				t.Fatal(err)
			}
			if c, err := tt.dialer.Dial(tt.ctx, target, wire.NewTap(w.Event)); err == nil {
				for err == nil {
					_, err = c.Read(make([]byte, 99))
				}
				c.Close()
				c.Abort()
				c.Write([]byte("late"))
				c.CloseWrite()
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			events := read(t, NewReader(&b, "x"))
			if n := len(events); n < 2 || events[n-1].Kind != wire.KindClose {
				t.Errorf("read %+v", events)
			}
		})
	}
	cancel()
	<-served
}

// FuzzOrder: what a Writer takes of any events a Reader gives back.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{0, 12, 24, 36, 48, 60, 72, 84, 96})
	f.Add([]byte{1, 0, 2, 5, 6, 8, 0, 13, 12, 20})
	f.Fuzz(func(t *testing.T, picks []byte) {
		var b bytes.Buffer
		w := NewWriter(&b, Options{Created: created})
		var legal order
		var want []wire.Event
		for i, k := range picks[:min(len(picks), 200)] {
			e := conversation()[0]
			for _, c := range conversation() {
				if c.Kind == wire.Kind(1+int(k)%11) {
					e = c
				}
			}
			e.Conn, e.At = 1+int(k)/11%3, time.Duration(i)
			if e.Facts != nil {
				facts := *e.Facts
				facts.Start = created.Add(e.At - facts.Phases.DNS - facts.Phases.Connect)
				e.Facts = &facts
			}
			if legal.event(e.Conn, e.Kind) != nil {
				continue
			}
			want = append(want, e)
			w.Event(e)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, read(t, NewReader(&b, "x")), sameEvents); diff != "" {
			t.Fatal(diff)
		}
	})
}
