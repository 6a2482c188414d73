package analyze

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"wiretape/wire"
)

// blackHole returns a port of ::1 at which connections neither stand nor fail: one
// that listens, with a queue that is full.
func blackHole(t *testing.T) uint16 {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no IPv6: %v", err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	loopback := [16]byte{15: 1}
	if err := syscall.Bind(fd, &syscall.SockaddrInet6{Addr: loopback}); err != nil {
		t.Skipf("no address ::1: %v", err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(name.(*syscall.SockaddrInet6).Port)
	address := netip.AddrPortFrom(netip.IPv6Loopback(), port).String()
	for range 8 {
		c, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if err != nil {
			return port // the queue is full
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("the queue of a listener does not fill")
	return 0
}

// An IPv6 address that swallows everything costs a quarter of a second, and the
// report says that it was tried.
func TestIPv6BlackHole(t *testing.T) {
	t.Parallel()
	port := blackHole(t)
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)})
	if err != nil {
		t.Skipf("the port is taken at 127.0.0.1: %v", err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); keeping(always(page()))(c) }()
		}
	}()
	both := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.IPv6Loopback(), netip.MustParseAddr("127.0.0.1")}, nil
	}
	url := "http://www.example.com:" + strings.TrimPrefix(l.Addr().String(), "127.0.0.1:") + "/"
	began := time.Now()
	r, err := analyze(t, url, Options{Dialer: wire.Dialer{Resolve: both}})
	if took := time.Since(began); err != nil || len(r.Hops) != 1 || took > 2*time.Second {
		t.Errorf("%d hops after %v, %v", len(r.Hops), took, err)
	}
	r, err = analyze(t, url, Options{Full: true, Dialer: wire.Dialer{Resolve: both}})
	if err != nil || len(r.Addresses) == 0 {
		t.Fatalf("addresses %+v, %v", r.Addresses, err)
	}
	seen := map[string]string{}
	for _, a := range r.Addresses {
		seen[a.Family] = a.Result
	}
	if seen["IPv4"] != "connected" || seen["IPv6"] != "timed out" {
		t.Errorf("addresses %+v", r.Addresses)
	}
}
