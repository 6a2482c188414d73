package replay

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"wiretape/wire/dns"
)

// dnsTape is two questions, each from a port of its own, with answers.
func dnsTape(t *testing.T) string {
	var b strings.Builder
	for i, name := range []string{"a.example", "b.example"} {
		q, err := dns.Query{ID: uint16(100 + i), Name: name, Type: dns.TypeA, Flags: dns.RD}.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		a := bytes.Clone(q)
		a[2] |= 0x80 // QR
		a[7] = 1     // an answer
		a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, byte(i))
		fmt.Fprintf(&b, "%d= open udp ns:53\n%d>x %x\n~ 1ms\n%d<x %x\n%d= close\n", i+1, i+1, q, i+1, a, i+1)
	}
	return b.String()
}

// ask sends a question over UDP and returns the answer's identifier and address.
func askDNS(t *testing.T, addr, name string, id uint16) string {
	t.Helper()
	c, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	q, err := dns.Query{ID: id, Name: name, Type: dns.TypeA, Flags: dns.RD}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write(q); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 512)
	n, err := c.Read(b)
	if err != nil {
		return err.Error()
	}
	m, _ := dns.Decode(b[:n])
	return fmt.Sprint(m.ID, " ", m.Answers[0].Data)
}

// A resolver draws an identifier and a port for each question, and asks in any
// order.
func TestServerGivesTheIDOfTheQuery(t *testing.T) {
	tp := load(t, dnsTape(t))
	srv := startOn(t, t.Context(), "udp", Server{}, tp, nil)
	var wg sync.WaitGroup
	var got [2]string
	for i, name := range []string{"b.example", "A.EXAMPLE"} {
		wg.Go(func() { got[i] = askDNS(t, srv.target.Address(), name, uint16(7000+i)) })
	}
	wg.Wait()
	if got != [2]string{"7000 10.0.0.1", "7001 10.0.0.0"} {
		t.Errorf("got %q", got)
	}
	if r := srv.wait(t); !r.OK() || !strings.Contains(strings.Join(r.Notes, "\n"), "ids of answers are those of the queries") || !strings.Contains(strings.Join(r.ByKind, " "), "id") {
		t.Errorf("%s%q %q", lines(r.Mismatches), r.Notes, r.ByKind)
	}
}

func TestServerTellsWhatWasAskedInstead(t *testing.T) {
	tp := load(t, dnsTape(t))
	srv := startOn(t, t.Context(), "udp", Server{Unmatched: CloseConn, Silence: 100 * time.Millisecond}, tp, nil)
	c, err := net.Dial("udp", srv.target.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	q, _ := dns.Query{ID: 1, Name: "c.example", Type: dns.TypeA}.Append(nil)
	c.Write(q)
	askDNS(t, srv.target.Address(), "b.example", 2)
	if r := srv.wait(t); !strings.Contains(lines(r.Mismatches), "query question: want a.example. IN A, got c.example. IN A") {
		t.Errorf("mismatches\n%s", lines(r.Mismatches))
	}
}

// A client with another key gets what proves that its own was read.
func TestServerAcceptsTheKeyThatCame(t *testing.T) {
	tape := ""
	for _, c := range corpus {
		if c.name == "upgrade" {
			tape = strings.NewReplacer(`\{k=b64|dGhlIHNhbXBsZSBub25jZQ==}`, "dGhlIHNhbXBsZSBub25jZQ==", `\{ws-accept k}`, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").Replace(c.tape)
		}
	}
	srv := serve(t, Server{}, load(t, tape))
	c, err := net.Dial("tcp", srv.target.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /chat HTTP/1.1\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	c.SetDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 1024)
	n, err := c.Read(b)
	if want := "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n"; err != nil || !strings.Contains(string(b[:n]), want) {
		t.Errorf("%v, got %q, want %q", err, b[:n], want)
	}
	// The same frames with other masks.
	c.Write([]byte{0x81, 0x82, 1, 2, 3, 4, 'h' ^ 1, 'i' ^ 2})
	n, _ = c.Read(b)
	if string(b[:n]) != "\x81\x02hi" {
		t.Errorf("got %q", b[:n])
	}
	c.Write([]byte{0x81, 0x81, 9, 9, 9, 9, '!' ^ 9})
	c.Read(b)
	c.Close()
	if r := srv.wait(t); !r.OK() {
		t.Errorf("%s", lines(r.Mismatches))
	}
}
