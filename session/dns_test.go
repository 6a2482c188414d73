package session

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
		c.Write(overTCP(addressOf(b)))
	}
}

// overTCP puts the length in front of a message.
func overTCP(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

// addressOf answers a query with an address.
func addressOf(b []byte) []byte {
	b[2] |= 0x80 // QR
	b[7], b[11] = 1, 0
	end := 12
	for b[end] != 0 {
		end += 1 + int(b[end])
	}
	return append(b[:end+5], "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"...)
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

// datagramServer answers the queries from number first on, each by one datagram; those
// for a long name with TC, and then over TCP.
func datagramServer(first int) func(net.Conn) {
	return func(c net.Conn) {
		b := make([]byte, 2048)
		for n := 1; ; n++ {
			size, err := c.Read(b)
			if err != nil {
				return
			}
			if n < first {
				continue
			}
			if int(binary.BigEndian.Uint16(b)) == size-2 { // it came over TCP
				c.Write(overTCP(addressOf(b[2:size])))
				continue
			}
			b[2] |= 0x80 // QR
			if b[12] > 9 {
				b[2] |= 0x02 // TC
			}
			c.Write(b[:size])
		}
	}
}

// A question by a datagram is sent again after a second and after two more; then the
// server says nothing.
func TestDNSIsAskedAgain(t *testing.T) {
	for _, tt := range []struct {
		first  int
		took   time.Duration
		status Status
		says   string
	}{
		{1, 0, 0, "answered"},
		{2, time.Second, 0, "no answer in 1s: asking again"},
		{3, 3 * time.Second, 0, "no answer in 2s: asking again"},
		{4, 7 * time.Second, StatusTimeout, "no answer in 2s: asking again"},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			out, err := run(t, world{"ns:53": datagramServer(tt.first)}, Options{}, "dns://ns", ".dns a.test\n.close\n")
			if StatusOf(err) != tt.status || !strings.Contains(out, tt.says) || time.Since(begun) != tt.took {
				t.Errorf("answered from the query %d on: %v after %v\n%s", tt.first, err, time.Since(begun), out)
			}
			if want := "x.script:1: .dns: ns:53 says nothing: asked 3 times in 7s"; tt.status != 0 && (err == nil || err.Error() != want) {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		_, err := run(t, world{"ns:53": datagramServer(9)}, Options{Timeout: 2 * time.Second}, "dns://ns", ".dns a.test\n")
		if want := "x.script:1: .dns: ns:53 says nothing: asked 2 times in 2s"; StatusOf(err) != StatusTimeout || err.Error() != want {
			t.Errorf("a script that waits 2 s: %v, want %s", err, want)
		}
	})
}

// A person whose question was not answered asks the next one all the same.
func TestDNSAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := play(t, world{"ns:53": datagramServer(4)}, Options{}, "open dns://ns", ".dns a.test", ".dns b.test", ".quit")
		if !strings.Contains(out, "! .dns: ns:53 says nothing: asked 3 times in 7s\n") || strings.Count(out, "answered") != 1 || strings.Count(out, "asking again") != 2 {
			t.Error(out)
		}
	})
}

// TCP is for the answer that was too long; the next question is a datagram again.
func TestDNSGoesBackToDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, err := run(t, world{"ns:53": datagramServer(1)}, Options{}, "dns://ns", ".dns averylongname.test\n.dns a.test\n.dns a.test +tcp\n.dns a.test @ns\n.close\n")
		var networks []string
		for line := range strings.Lines(out) {
			if _, over, ok := strings.Cut(line, " by ns:53 ("); ok {
				networks = append(networks, strings.TrimSpace(over))
			}
		}
		if want := "udp) tcp) udp) tcp) udp)"; err != nil || strings.Join(networks, " ") != want {
			t.Errorf("%v: asked over %q, want %q\n%s", err, networks, want, out)
		}
	})
}

func TestDNSCompletesTypes(t *testing.T) {
	s, err := New(Options{Out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		".dns a.test AA":       "[AAAA]",
		".dns a.test ht":       "[HTTPS]",
		".dns a.test MX +no":   "[+norec +noedns]",
		".dns a":               "[]",
		".dns a.test mx @x +t": "[+tcp]",
	} {
		if got := fmt.Sprint(s.Complete(line, len(line))); got != want {
			t.Errorf("Complete(%q) = %s, want %s", line, got, want)
		}
	}
}
