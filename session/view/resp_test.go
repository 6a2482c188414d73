package view

import (
	"strings"
	"testing"

	"wiretape/wire"
)

// TestRedis holds what people see of each type of both versions of RESP.
func TestRedis(t *testing.T) {
	c := dial("db.test:6379").
		client("HELLO 3", "").server("%2", "+server", "+redis", "$5", "proto", ":3", "").
		client("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\n"+strings.Repeat("x", 100)+"\r\n").server("+OK", "").
		client("GET \"\\x1b]0;x\\a\"", "").server("$-1", "").
		client("LRANGE l 0 -1", "").server("*4", "$3", "\x1b[2", "*2", ":1", "*0", "_", "-ERR in\x1b[1m it", "").
		client("A", "").server("|1", "+ttl", ":3", "~2", "#t", ",1.5", "").
		client("B", "").server("=9", "txt:a", "b\x07", "").
		client("C", "").server("!5", "SYN x", "").
		client("D", "").server("(123456789012345678901234567890", "").
		client("SUBSCRIBE c", "").server(">3", "$9", "subscribe", "$1", "c", ":1", "").server(">3", "$7", "message", "$1", "c", "$2", "\xff\xfe", "").
		client("E", "").server("$20000", strings.Repeat("\xe2\x82\xac", 6666)+"xx", "").
		client("F", "").server("%1", "*1", ":1", "%1", "+k", "*2", ":1", ":2", "").
		client("G", "").server("NOPE", "$x", "*2", ":1").close()
	var b strings.Builder
	for _, s := range styles {
		s.style.Start = start
		b.WriteString("-- " + s.name + " --\n" + strings.ReplaceAll(view(s.style, c.events), "\x1b", "␛"))
	}
	b.WriteString("-- json --\n" + asJSON(c.events))
	golden(t, "redis", b.String())
}

// TestDNS holds what people see of a query and of answers.
func TestDNS(t *testing.T) {
	const question = "\x01a\x04te\x1bt\x00\x00\x10\x00\x01"
	c := dial("ns.test:53").
		add(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte("\x00\x23\x12\x34\x01\x20\x00\x01\x00\x00\x00\x00\x00\x01" + question + "\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x00")}).
		add(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("\x00\x48\x12\x34\x87\x80\x00\x01\x00\x01\x00\x00\x00\x01" + question +
			"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x09\x04\x1b[2J\x03a\"b" +
			"\x00\x00\x29\x04\xd0\x01\x00\x00\x00\x00\x10\x00\x0f\x00\x0c\x00\x12no \x1b[1mway")}).close()
	var b strings.Builder
	for _, s := range styles {
		s.style.Start = start
		b.WriteString("-- " + s.name + " --\n" + strings.ReplaceAll(view(s.style, c.events), "\x1b", "␛"))
	}
	b.WriteString("-- json --\n" + asJSON(c.events))
	golden(t, "dns", b.String())
}
