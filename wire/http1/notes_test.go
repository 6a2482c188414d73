package http1

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// notes returns the notes of all Messages of d, "offset text (rule)", and the
// Fault of the first.
func notes(all []proto.Message, d wire.Dir) (ns []string, fault string) {
	first := true
	for _, m := range all {
		if m.Dir != d {
			continue
		}
		for _, n := range m.Notes {
			ns = append(ns, fmt.Sprintf("%d %s (%s)", n.Offset, n.Text, n.Rule))
		}
		if first {
			switch v := m.Value.(type) {
			case *Response:
				fault = v.Fault
			case *Request:
				fault = v.Fault
			}
			first = false
		}
	}
	return ns, fault
}

const rest = "Content-Length: 3\r\n\r\nabc"

func TestDeviationsOfResponsesAreNoted(t *testing.T) {
	for _, c := range []struct {
		in    string
		note  string // one that is there; "" for none at all
		fault bool
	}{
		{"HTTP/1.1 200 OK\r\n" + rest, "", false},
		{"HTTP/1.1 200 \r\n" + rest, "", false},
		{"HTTP/1.1 200 Tr\xe8s bien\r\n" + rest, "", false},
		{"HTTP/1.1 200\r\n" + rest, "12 no SP behind the status code (RFC 9112 4)", false},
		{"HTTP/1.1  200 OK\r\n" + rest, "8 more than one SP before the status code (RFC 9112 4)", false},
		{"HTTP/1.1 200OK\r\n" + rest, "12 status code and reason are not divided by SP (RFC 9112 4)", true},
		{"HTTP/1.1 20 OK\r\n" + rest, "9 status code is not three digits (RFC 9112 4)", true},
		{"HTTP/1.1 999 OK\r\n" + rest, "9 status code is in no known class (RFC 9110 15)", false},
		{"HTTP/1.1 200 \x1b[m\r\n" + rest, "13 control character in the reason phrase (RFC 9112 4)", false},
		{"HTTP/1.2 200 OK\r\n" + rest, "0 minor version is above 1 (RFC 9110 2.5)", false},
		{"HTTP/2.0 200 OK\r\n" + rest, "0 major version is not 1 (RFC 9110 2.5)", true},
		{"HTTP/2 200 \r\n" + rest, "0 HTTP-version is malformed (RFC 9112 2.3)", true},
		{"http/1.1 200 OK\r\n" + rest, "0 HTTP-name is not in upper case (RFC 9112 2.3)", true},
		{"ICY 200 OK\r\n" + rest, "0 ICY stands in place of HTTP/1.0 (RFC 9112 2.3)", true},
		{"\r\nHTTP/1.1 200 OK\r\n" + rest, "0 empty line before the start line (RFC 9112 2.2)", false},
		{"HTTP/1.1 200 OK\nContent-Length: 3\r\n\r\nabc", "15 start line ends in bare LF (RFC 9112 2.2)", false},
		{"HTTP/1.1 200 OK\r\nA: b\n" + rest, "21 field line ends in bare LF (RFC 9112 2.2)", false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n", "36 empty line ends in bare LF (RFC 9112 2.2)", false},
		{"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n" + rest, "23 obsolete line folding (RFC 9112 5.2)", false},
		{"HTTP/1.1 200 OK\r\n A: b\r\n" + rest, "17 white space before the first field: line ignored (RFC 9112 2.2)", true},
		{"HTTP/1.1 200 OK\r\nA : b\r\n" + rest, "18 white space before the colon (RFC 9112 5.1)", false},
		{"HTTP/1.1 200 OK\r\ngarbage\r\n" + rest, "17 field line has no colon (RFC 9112 5)", true},
		{"HTTP/1.1 200 OK\r\n: b\r\n" + rest, "17 field has no name (RFC 9112 5)", true},
		{"HTTP/1.1 200 OK\r\nA(: b\r\n" + rest, "18 field name has an octet that no token may have (RFC 9110 5.1)", false},
		{"HTTP/1.1 200 OK\r\nA: \x00\r\n" + rest, "20 NUL in a field line (RFC 9110 5.5)", true},
		{"HTTP/1.1 200 OK\r\nA: \x07\r\n" + rest, "20 control character in a field line (RFC 9110 5.5)", false},
		{"HTTP/1.1 200 OK\r\nA: a\rB: b\r\n" + rest, "21 bare CR in a field line (RFC 9112 2.2)", false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + rest, "36 several Content-Length fields (RFC 9110 8.6)", false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", "17 Content-Length is a list (RFC 9110 8.6)", false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\nabc", "17 Content-Length fields differ (RFC 9112 6.3)", true},
		{"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", "17 Content-Length is not a number (RFC 9112 6.3)", true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n\r\nabc", "17 Content-Length is not a number (RFC 9112 6.3)", true},
		{"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nabc", "17 Content-Length is empty (RFC 9112 6.3)", true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nabc", "17 Content-Length does not fit 63 bits (RFC 9112 6.3)", true},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", "45 Content-Length beside Transfer-Encoding: ignored (RFC 9112 6.3)", false},
		{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "17 Transfer-Encoding in a message of HTTP/1.0 (RFC 9112 6.1)", false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "17 unknown transfer coding: the body ends with the connection (RFC 9112 6.3)", false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "17 chunked is not the last transfer coding: the body ends with the connection (RFC 9112 6.3)", false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "17 chunked is given twice: undone once (RFC 9112 6.1)", false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n" + rest, "17 transfer coding identity is obsolete: ignored (RFC 9112 7)", false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: \r\n" + rest, "17 Transfer-Encoding is empty (RFC 9112 6.1)", true},
		{"HTTP/1.1 204 N\r\n" + rest, "16 Content-Length in a 204 response (RFC 9110 8.6)", false},
		{"HTTP/1.1 204 N\r\n\r\nabc", "18 octets after the response, which nothing asked for (RFC 9112 6.3)", false},
		{"HTTP/1.1 205 R\r\n" + rest, "0 205 response with content (RFC 9110 15.3.6)", false},
		{"HTTP/1.1 304 N\r\nTransfer-Encoding: chunked\r\n\r\n", "16 Transfer-Encoding in a 304 response (RFC 9112 6.1)", false},
		{"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n", "0 101 switches protocols though the request asked for no upgrade (RFC 9110 7.8)", false},
		{"HTTP/1.1 302 F\r\nLocation: /a\r\nLocation: /b\r\n" + rest, "30 several Location fields, which differ (RFC 9110 10.2.2)", false},
		{"HTTP/1.1 302 F\r\nLocation: javascript:x\r\n" + rest, "16 Location leads out of HTTP (RFC 9110 10.2.2)", false},
		{"HTTP/1.1 204 N\r\n\r\nHTTP/1.1 204 N\r\n\r\n", "18 response that no request asked for (RFC 9112 9.2)", false},
		{"SSH-2.0-x\r\n", "0 not HTTP/1: no status line (RFC 9112 4)", false},
	} {
		all, _, _ := messages(t, get, "< "+c.in, "= eof server")
		ns, fault := notes(all, wire.ServerToClient)
		if c.note == "" && len(ns) > 0 || c.note != "" && !slices.Contains(ns, c.note) || (fault != "") != c.fault {
			t.Errorf("%q:\n  notes %q, Fault %q\n  want  %q, Fault: %t", c.in, ns, fault, c.note, c.fault)
		}
	}
}

func TestDeviationsOfChunksAreNoted(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" // 47 octets
	for _, c := range []struct {
		in    string
		note  string
		fault bool
		body  string
	}{
		{"3;a=\"b;c\"\r\nabc\r\n0;z\r\nT: 1\r\n\r\n", "", false, "abc"},
		{"A\r\n0123456789\r\n0\r\n\r\n", "", false, "0123456789"},
		{"3\nabc\n0\n\n", "48 chunk-size line ends in bare LF (RFC 9112 7.1)", false, "abc"},
		{"3\r\nabc\n0\r\n\r\n", "53 chunk data ends in bare LF (RFC 9112 7.1)", false, "abc"},
		{"3 \r\nabc\r\n0\r\n\r\n", "48 white space behind the chunk size (RFC 9112 7.1.1)", false, "abc"},
		{" 3\r\nabc\r\n0\r\n\r\n", "47 white space before the chunk size (RFC 9112 7.1)", true, "abc"},
		{"3 x\r\nabc\r\n0\r\n\r\n", "49 the chunk size is followed by neither an extension nor a line end (RFC 9112 7.1)", true, "abc"},
		{"00000000000000003\r\nabc\r\n0\r\n\r\n", "47 chunk size has more than 16 digits (RFC 9112 7.1)", false, "abc"},
		{"10000000000000003\r\nabc\r\n0\r\n\r\n", "47 chunk size does not fit 63 bits (RFC 9112 7.1)", true, ""},
		{"3\r\nabc\r\nzz\r\n\r\n", "55 chunk size is not a number (RFC 9112 7.1)", true, "abc"},
		{"3\r\nabcd\r\n0\r\n\r\n", "53 no CRLF behind the chunk data (RFC 9112 7.1)", true, "abc"},
		{"-3\r\nabc\r\n0\r\n\r\n", "47 chunk size is not a number: the body is taken as not chunked (RFC 9112 7.1)", true, "-3\r\nabc\r\n0\r\n\r\n"},
		{"\r\n3\r\nabc\r\n0\r\n\r\n", "47 empty line in place of a chunk size (RFC 9112 7.1)", true, "abc"},
		{"0\r\nContent-Length: 9\r\n\r\n", "50 Content-Length in the trailer section: ignored (RFC 9110 6.5.1)", false, ""},
		{"0\r\nT: \x00\r\n\r\n", "53 NUL in a field line (RFC 9110 5.5)", true, ""},
		{"5\r\nabc", "53 connection closed before the last chunk (RFC 9112 8)", false, "abc"},
	} {
		all, _, _ := messages(t, get, "< "+head+c.in, "= eof server")
		ns, fault := notes(all, wire.ServerToClient)
		if c.note == "" && len(ns) > 0 || c.note != "" && !slices.Contains(ns, c.note) || (fault != "") != c.fault || string(all[1].Body.Data) != c.body {
			t.Errorf("%q:\n  body %q, notes %q, Fault %q\n  want %q, %q, Fault: %t", c.in, all[1].Body.Data, ns, fault, c.body, c.note, c.fault)
		}
	}
}

func TestDeviationsOfRequestsAreNoted(t *testing.T) {
	for _, c := range []struct {
		in    string
		note  string
		fault bool
	}{
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", false},
		{"GET / HTTP/1.1\r\n\r\n", "0 no Host field (RFC 9112 3.2)", true},
		{"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "25 several Host fields (RFC 9112 3.2)", true},
		{"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "3 request line is not divided by single SPs (RFC 9112 3)", false},
		{"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "3 white space in the request target (RFC 9112 3.2)", true},
		{"GET HTTP/1.1\r\nHost: x\r\n\r\n", "3 request line has no target (RFC 9112 3)", true},
		{" GET / HTTP/1.1\r\nHost: x\r\n\r\n", "0 white space before the method (RFC 9112 3)", true},
		{"GET / http/1.1\r\nHost: x\r\n\r\n", "6 HTTP-name is not in upper case (RFC 9112 2.3)", true},
		{"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "20 white space before the colon (RFC 9112 5.1)", true},
		{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "26 request whose last transfer coding is not chunked has no length (RFC 9112 6.3)", true},
		{"GET /\r\n", "0 request line has no version: HTTP/0.9 (RFC 9112 2.3)", false},
		{"POST /\r\n", "0 HTTP/0.9 has no method but GET (RFC 9112 2.3)", true},
	} {
		all, _, _ := messages(t, "> "+c.in)
		ns, fault := notes(all, wire.ClientToServer)
		if c.note == "" && len(ns) > 0 || c.note != "" && !slices.Contains(ns, c.note) || (fault != "") != c.fault {
			t.Errorf("%q:\n  notes %q, Fault %q\n  want  %q, Fault: %t", c.in, ns, fault, c.note, c.fault)
		}
	}
}

// Whatever has no end is bounded by a limit: the memory in use does not follow
// the octets.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("long: run without -short")
	}
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, c := range []struct{ name, head, endless string }{
		{"fields", "HTTP/1.1 200 OK\r\n", "A: b\r\n"},
		{"empty fields", "HTTP/1.1 200 OK\r\n", ":\n"},
		{"field line", "HTTP/1.1 200 OK\r\nA: ", "bbbbbbbb"},
		{"status line", "HTTP/1.1 200 ", "OKOKOKOK"},
		{"empty lines", "", "\r\n\r\n\r\n\r\n"},
		{"body", "HTTP/1.1 200 OK\r\n\r\n", "12345678"},
		{"chunks", chunked, "1\r\nx\r\n"},
		{"chunk extension", chunked + "5;", "xxxxxxxx"},
		{"leading zeros", chunked, "00000000"},
		{"empty chunk sizes", chunked, "\r\n\r\n\r\n\r\n"},
		{"trailers", chunked + "0\r\n", "A: b\r\n"},
		{"interim", "", "HTTP/1.1 100 C\r\n\r\n"},
		{"raw", "what", "whatever"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := New(proto.Limits{})
			for _, e := range prototest.Talk(get, "< "+c.head) {
				p.Feed(e)
			}
			piece := []byte(strings.Repeat(c.endless, (64<<10)/len(c.endless)))
			const total = 48 << 20
			e := wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: piece}
			for n := 0; n < total; n += len(piece) {
				p.Feed(e)
			}
			runtime.GC()
			var with runtime.MemStats
			runtime.ReadMemStats(&with)
			runtime.KeepAlive(p)
			p = nil
			runtime.GC()
			var without runtime.MemStats
			runtime.ReadMemStats(&without)
			if held := int64(with.HeapAlloc) - int64(without.HeapAlloc); held > 24<<20 {
				t.Errorf("%d octets held after %d", held, total)
			}
		})
	}
}

// An octet eight at a time and one at a time, before and behind others.
func TestControlIsFoundAtEachPlace(t *testing.T) {
	for _, c := range []byte{0, '\t', '\n', '\r', 0x1f, 0x7f} {
		for at := range 20 {
			p := []byte(" ~\x80\xff\xa0azAZ09 ~\x80\xff\xa0azAZ")
			p[at] = c
			if got := control(p); got != at {
				t.Errorf("control(%q) = %d, want %d", p, got, at)
			}
			p[19] = 0
			if got := control(p); got != min(at, 19) {
				t.Errorf("control(%q) = %d, want %d", p, got, min(at, 19))
			}
		}
	}
	if p := []byte("\x20\x7e\x80\xff\x9f\xa0 no control octet \xfe"); control(p) != len(p) {
		t.Errorf("control(%q) = %d, want %d", p, control(p), len(p))
	}
}
