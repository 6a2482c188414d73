package wire

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"
)

// An answered is a connection on which everything that the peer says stands
// ready.
type answered struct {
	net.Conn
	r bytes.Reader
}

func (a *answered) Read(p []byte) (int, error)  { return a.r.Read(p) }
func (a *answered) Write(p []byte) (int, error) { return len(p), nil }
func (a *answered) SetDeadline(time.Time) error { return nil }

// Whatever a proxy answers, it is a connection or an error, and what follows a
// connection is left to it.
func FuzzProxyAnswer(f *testing.F) {
	f.Add(byte(0), []byte("\x05\x00\x05\x00\x00\x01\x01\x02\x03\x04\x05\x06rest"))
	f.Add(byte(1), []byte("\x05\x02\x01\x00\x05\x00\x00\x03\x02ab\x00\x50rest"))
	f.Add(byte(2), []byte("\x00\x5a\x00\x00\x00\x00\x00\x00rest"))
	f.Add(byte(3), []byte("\x00\x5b\x00\x00\x00\x00\x00\x00"))
	f.Add(byte(4), []byte("HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 ok\r\nA: b\r\n\r\nrest"))
	f.Add(byte(4), []byte("HTTP/1.1 407 no\n\n"))
	f.Fuzz(func(t *testing.T, kind byte, data []byte) {
		schemes := []string{"socks5", "socks5h", "socks4", "socks4a", "http"}
		p := &Proxy{Scheme: schemes[int(kind)%len(schemes)], User: "me"}
		to := hop{host: "name.test", port: 80}
		if p.Scheme == "socks5" || p.Scheme == "socks4" {
			to.addr = netip.MustParseAddr("192.0.2.1")
		}
		nc := &answered{}
		nc.r.Reset(data)
		err := p.ask(nc, to)
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
		if err == nil && nc.r.Len() == len(data) {
			t.Error("a connection of no answer")
		}
	})
}
