package redact

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// fragments are what conversations are made of to see whether a parser finds
// secrets that are not masked.
var fragments = []string{
	"GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "HEAD / HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n", "get /\r\n", "GET /x\r\n",
	"HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\n", "HTTP/1.1 101 Switching Protocols\r\n", "HTTP/1.1 100 Continue\r\n", "HTTP/1.1 204 No\r\n", "ICY 200 OK\r\n",
	"Content-Length: 0\r\n", "Content-Length: 9\r\n", "Content-Length: 70\r\n", "Content-Length: 1, 2\r\n", "Content-Length: +5\r\n",
	"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: identity\r\n", "Upgrade: x\r\n", "Connection: close\r\n",
	"Authorization: Bearer QWERTY\r\n", "authorization :Basic \t QQ== \r\n", "Proxy-Authorization: QWERTY\r\n", "AUTHORIZATION   \t:  \r\n",
	"Cookie: a=QQ; b=WW;c=; d\r\n", "Cookie: a=\"QQ\"\n", "Cookie: a\r\n", "Cookie:\r\n", "Set-Cookie: a=QQ; Path=/\r\n", "Set-Cookie: QQ\x00WW\r\n",
	"Cookie: a=Q", "Authorization: Digest Q", "Set-Cookie: a", " QQ=WW; b=c\r\n", "\tQQ\r\n", " \r\n",
	"\r\n", "\n", "\r", " ", ":", ";", "=", "hello\r\n", "hello", "PROXY TCP4 1 2 3 4\r\n", "0\r\n\r\n", "5\r\nhello\r\n", "3;x\r\nCoo\r\n", "0\r\n",
	"\x00\xff", "no colon\r\n", "\r\r\n", "X: y\r\n",
}

// conversation makes turns of a script: each octet is a fragment, or a turn.
func conversation(script []byte) []turn {
	turns := []turn{{conn: 1, dir: c2s}}
	for _, c := range script {
		last := &turns[len(turns)-1]
		if c >= 0xf0 {
			turns = append(turns, turn{conn: 1, dir: last.dir.Reverse()})
			continue
		}
		last.text += fragments[int(c)%len(fragments)]
	}
	return turns
}

// mayStay marks the octets of a field's value that stay by design.
func mayStay(name string, value []byte) []bool {
	stay := make([]bool, len(value))
	for i, c := range value {
		stay[i] = c <= ' ' || c == 0x7f || c == '"'
	}
	set := func(from, to int) {
		for i := from; i < to; i++ {
			stay[i] = true
		}
	}
	first, _, _ := bytes.Cut(value, []byte(";"))
	switch {
	case strings.HasSuffix(name, "authorization"):
		blank := func(c rune) bool { return c == ' ' || c == '\t' }
		from := len(value) - len(bytes.TrimLeft(value, " \t"))
		if n := bytes.IndexFunc(value[from:], blank); n > 0 {
			set(from, from+n)
		}
	case kindOf([]byte(name)) == keyField:
	case name == "sec-websocket-protocol":
		at, secret := 0, false
		for word := range bytes.SplitSeq(value, []byte(",")) {
			if !secret && !bytes.HasPrefix(bytes.TrimSpace(word), []byte("eyJ")) {
				set(at, at+len(word))
			}
			at += len(word)
			set(at, min(at+1, len(value)))
			at++
			secret = slices.Contains(protocolWords, strings.ToLower(string(bytes.TrimSpace(word))))
		}
	case name == "set-cookie":
		set(0, bytes.IndexByte(first, '=')+1)
		set(len(first), len(value))
	default:
		for from := 0; from < len(value); {
			pair, _, _ := bytes.Cut(value[from:], []byte(";"))
			set(from, from+bytes.IndexByte(pair, '=')+1)
			from += len(pair)
			set(from, min(from+1, len(value)))
			from++
		}
	}
	return stay
}

// FuzzParserFindsNoSecret: what package http1 finds in a conversation as the
// value of a field that is secret by its name is masked, however it is cut.
func FuzzParserFindsNoSecret(f *testing.F) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		script := make([]byte, rnd.IntN(30))
		for i := range script {
			script[i] = byte(rnd.IntN(256))
		}
		f.Add(script, rnd.Uint64())
	}
	f.Add([]byte{0, 38, 0xff, 8, 38, 0xff, 0, 22, 38}, uint64(1))
	f.Add([]byte{45, 0, 22, 38}, uint64(2))
	f.Fuzz(func(t *testing.T, script []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		var raw [2][]byte
		var masked [2][]bool
		var msgs []proto.Message
		p := http1.New(proto.Limits{})
		r := New(func(e wire.Event, spans []tape.Span) {
			side := proto.Side(e.Dir)
			at := len(masked[side])
			masked[side] = append(masked[side], make([]bool, len(e.Data))...)
			for _, s := range spans {
				for i := s.From; i < s.To; i++ {
					masked[side][at+i] = true
				}
			}
		}, Options{})
		for _, turn := range conversation(script) {
			side := proto.Side(turn.dir)
			raw[side] = append(raw[side], turn.text...)
			for data := []byte(turn.text); len(data) > 0; {
				n := 1 + rnd.IntN(min(len(data), 40))
				e := wire.Event{Conn: 1, Kind: wire.KindData, Dir: turn.dir, Data: data[:n]}
				msgs = append(msgs, p.Feed(e)...)
				r.Event(e)
				data = data[n:]
			}
		}
		msgs = append(msgs, p.Close()...)
		r.Flush()
		for _, m := range msgs {
			var fields []http1.Field
			switch v := m.Value.(type) {
			case *http1.Request:
				fields = slices.Concat(v.Fields.List(), v.Trailers.List())
			case *http1.Response:
				fields = slices.Concat(v.Fields.List(), v.Trailers.List())
			}
			side := proto.Side(m.Dir)
			for _, field := range fields {
				name := strings.ToLower(string(field.Name))
				if kindOf([]byte(name)) < authField {
					continue
				}
				line := raw[side][field.From:field.To]
				from := bytes.IndexByte(line, ':') + 1
				for i, stays := range mayStay(name, line[from:]) {
					if at := int(field.From) + from + i; !stays && !masked[side][at] {
						t.Fatalf("octet %d of %q shows\nclient: %q\nserver: %q", from+i, line, raw[0], raw[1])
					}
				}
			}
		}
	})
}
