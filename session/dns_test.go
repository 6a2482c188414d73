package session

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/session/view"
)

// nameServer answers every query over TCP with the records of count addresses.
func nameServer(c net.Conn) {
	for {
		size := make([]byte, 2)
		if _, err := io.ReadFull(c, size); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint16(size))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		b[2] |= 0x80 // QR
		b[7], b[11] = 1, 0
		end := 12
		for b[end] != 0 {
			end += 1 + int(b[end])
		}
		b = append(b[:end+5], "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"...)
		c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
	}
}

func TestDNSTranscript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		golden(t, "dns.golden", play(t, world{"ns:53": nameServer, "h:7": echo}, Options{Style: view.Style{EscapeKey: "^]"}},
			".dns a.test", "open ns 53", ".dns a.test +id=7 +noedns", ".dns www.a.test AAAA +id=0x10 +noedns +norec", ".dns", ".dns a.test NOTYPE", ".dns a.test +edns=x",
			".dns a.test +what", ".dns a..test", ".dns a.test A AAAA", ".quit"))
	})
}

// A script gets its answer, and the end of the connection before it is an error.
func TestDNSStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servers := world{"ns:53": nameServer, "gone:53": func(c net.Conn) { c.Read(make([]byte, 99)) }}
		out, err := run(t, servers, Options{}, "ns:53", ".dns 192.0.2.1\n.dns b.test\n")
		if err != nil || strings.Count(out, "IN A 192.0.2.1") != 2 || !strings.Contains(out, "? 1.2.0.192.in-addr.arpa. IN PTR") {
			t.Errorf("%v\n%s", err, out)
		}
		if _, err := run(t, servers, Options{}, "gone:53", ".dns a.test\n"); StatusOf(err) != StatusProtocol {
			t.Errorf("no answer: %v, want status %d", err, StatusProtocol)
		}
	})
}
