package detect

import (
	"runtime"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// endless are what a peer may send without an end: how it begins, and what is
// repeated. Each protocol takes all of it, since a peer need not know what it is
// read as.
var endless = []struct {
	name   string
	client string // said first
	server string // how the server begins
	repeat string
}{
	{"a line", "", "", "aaaaaaaaaaaaaaaa"},
	{"lines", "", "", "220-go on\r\n"},
	{"empty lines", "", "", "\r\n"},
	{"NULs", "", "", "\x00\x00\x00\x00"},
	{"octets of 255", "", "", "\xff\xff\xff"},
	{"a head", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n", "X: y\r\n"},
	{"a folded field", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n", " z\r\n"},
	{"interim responses", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "", "HTTP/1.1 100 Continue\r\n\r\n"},
	{"a chunk size", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0"},
	{"a chunk", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", "body "},
	{"chunks", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1;x=y\r\na\r\n"},
	{"trailers", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"},
	{"a body", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "body "},
	{"events of a stream", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", "data: x\n"},
	{"empty DATA frames", "", "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x00\x00\x00\x00\x01"},
	{"CONTINUATION frames", "", "\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x01", "\x00\x00\x01\x09\x00\x00\x00\x00\x01\x00"},
	{"a literal of IMAP", "", "* OK x\r\n* 1 FETCH (BODY {99999999}\r\n", "literal "},
	{"a list of IMAP", "", "* OK x\r\n* 1 FETCH ", "("},
	{"a bulk string of RESP", "PING\r\n", "$99999999\r\n", "bulk "},
	{"arrays of RESP", "PING\r\n", "", "*1\r\n"},
	{"an array of RESP", "PING\r\n", "*99999999\r\n", ":1\r\n"},
	{"a lengthless string of RESP", "PING\r\n", "$?\r\n", ";1\r\nx\r\n"},
	{"a message of POP3", "RETR 1\r\n", "+OK x\r\n", "..line\r\n"},
	{"a subnegotiation", "", "\xff\xfa\x27\x00", "\x00VAR\x01VALUE"},
	{"negotiations", "", "", "\xff\xfd\x18"},
	{"packets of SSH", "", "SSH-2.0-x\r\n", "\x00\x00\x00\x0c\x0a\x02pppppppppp"},
	{"handshakes of TLS", "", "", "\x16\x03\x03\x00\x05\x0b\xff\xff\xff\x00"},
	{"records of TLS", "", "", "\x17\x03\x03\x00\x01x"},
	{"fragments of WebSocket", "", "\x01\x01a", "\x00\x01b"},
	{"pings of WebSocket", "", "", "\x89\x00"},
	{"messages of DNS", "", "", "\x00\x0c\x00\x01\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
}

// growth has a parser read twice what is endless, the second time three times as
// much, and returns by how many octets more it holds then.
func growth(name, client, server, repeat string) int64 {
	s := New(Options{Proto: name, Limits: narrow})
	give := func(dir wire.Dir, data string) {
		const step = 4 << 10
		for b := []byte(data); len(b) > 0; b = b[min(step, len(b)):] {
			s.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: dir, Data: b[:min(step, len(b))]})
		}
	}
	give(wire.ClientToServer, client)
	give(wire.ServerToClient, server)
	part := strings.Repeat(repeat, endlessPart/len(repeat))
	give(wire.ServerToClient, part)
	before := heap()
	for range 3 {
		give(wire.ServerToClient, part)
	}
	grown := heap() - before
	runtime.KeepAlive(s)
	return grown
}

// heap returns the octets in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// narrow are limits beside which a stream of some MiB is endless.
var narrow = proto.Limits{Line: 4 << 10, Head: 16 << 10, Body: 16 << 10}

const (
	// endlessPart is beyond all of what is kept by those limits.
	endlessPart = 256 << 10 // 256 KiB
	// maxGrowth is what more of it may cost. Stores grow by doubling, and tables
	// have limits of their own.
	maxGrowth = 128 << 10 // 128 KiB
)

// TestEndlessStreamsAreHeldInBounds lets each parser read of each stream what
// fills all that it may keep, and then three times as much.
func TestEndlessStreamsAreHeldInBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("long: run without -short")
	}
	if testing.Short() {
		t.Skip("reads half a GiB: run without -short")
	}
	for _, name := range Protos() {
		for _, e := range endless {
			if grown := growth(name, e.client, e.server, e.repeat); grown > maxGrowth {
				t.Errorf("%s, %s: %d KiB more are held after %d KiB more", name, e.name, grown>>10, 3*endlessPart>>10)
			}
		}
	}
}
