package wire

import (
	"crypto/tls"
	"net"
	"testing"
	"time"
)

// benchReceive measures Pump with a sink that counts, in pieces of 16 KiB as TLS
// has them.
func benchReceive(b *testing.B, secure bool) {
	ca, err := NewAuthority()
	if err != nil {
		b.Fatal(err)
	}
	cert, err := ca.Issue("127.0.0.1")
	if err != nil {
		b.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	const piece = 1 << 20
	total := int64(b.N) * piece
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		if secure {
			nc = tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{cert}})
		}
		buf := make([]byte, piece)
		for range b.N {
			nc.Write(buf)
		}
		nc.Close()
	}()
	to, err := ParseTarget(ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	to.TLS = secure
	var got int64
	d := Dialer{Timeout: 20 * time.Second, TLS: &TLSOptions{Roots: ca.Pool()}}
	c, err := d.Dial(b.Context(), to, NewTap(func(e Event) { got += int64(len(e.Data)) }))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.SetBytes(piece)
	b.ReportAllocs()
	b.ResetTimer()
	if err := c.Pump(); err != nil {
		b.Fatal(err)
	}
	if got != total {
		b.Fatalf("%d bytes came, want %d", got, total)
	}
}

func BenchmarkReceive(b *testing.B)    { benchReceive(b, false) }
func BenchmarkReceiveTLS(b *testing.B) { benchReceive(b, true) }

// BenchmarkIssue measures a certificate made for a run.
func BenchmarkIssue(b *testing.B) {
	ca, err := NewAuthority()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ca.Issue("127.0.0.1", "localhost"); err != nil {
			b.Fatal(err)
		}
	}
}
