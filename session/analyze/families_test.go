package analyze

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wiretape/wire"
)

// bothFamilies listens at one port of ::1 and 127.0.0.1.
func bothFamilies(t *testing.T, six, four func(net.Conn)) (port string) {
	t.Helper()
	for range 16 {
		l6, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			t.Skipf("no IPv6: %v", err)
		}
		port := strconv.Itoa(l6.Addr().(*net.TCPAddr).Port)
		l4, err := net.Listen("tcp4", "127.0.0.1:"+port)
		if err != nil {
			l6.Close()
			continue // it is taken there
		}
		for l, handle := range map[net.Listener]func(net.Conn){l6: six, l4: four} {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go func() { defer c.Close(); handle(c) }()
				}
			}()
			t.Cleanup(func() { l.Close(); <-done })
		}
		return port
	}
	t.Skip("no port that is free in both families")
	return ""
}

// Where a host has addresses of both families, a full analysis asks over both and
// says in what they differ.
func TestFamiliesThatDiffer(t *testing.T) {
	resolve := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.IPv6Loopback(), netip.MustParseAddr("127.0.0.1")}, nil
	}
	for _, c := range []struct {
		name, six, four string
		want            []string
	}{
		{"alike", page("Server: a"), page("Server: a"), nil},
		{"status", page("Server: a"), "HTTP/1.1 503 x\r\nServer: b\r\nContent-Length: 0\r\n\r\n", []string{`127.0.0.1:P gives status "503", and [::1]:P "200"`, `127.0.0.1:P gives Server "b", and [::1]:P "a"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := bothFamilies(t, keeping(always(c.six)), keeping(always(c.four)))
			r, err := analyze(t, "http://www.example.com:"+port+"/", Options{Full: true, Dialer: wire.Dialer{Resolve: resolve}})
			if err != nil {
				t.Fatal(err)
			}
			var families []string
			for _, a := range r.Addresses {
				families = append(families, a.Family+" "+a.Result)
			}
			if !slices.Equal(families, []string{"IPv6 connected", "IPv4 connected"}) {
				t.Errorf("addresses %+v", r.Addresses)
			}
			var got []string
			for _, w := range r.Warnings {
				if w := strings.ReplaceAll(w, ":"+port, ":P"); len(w) > 0 && w[0] != 'w' { // not that the name leads to loopback
					got = append(got, w)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("warnings %q, want %q", got, c.want)
			}
		})
	}
}
