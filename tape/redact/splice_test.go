package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/http2"
)

// A body is cut in parts by what a way to write it puts between them.
var partings = []struct {
	name  string
	dir   wire.Dir
	begin []turn
	head  string
	write func(part string, last bool) string
}{
	{"chunks", s2c, []turn{{1, c2s, "GET / HTTP/1.1\r\n\r\n"}}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip,\r\n Chunked \r\nX: y\r\n\r\n", chunk},
	{"chunks of a request", c2s, nil, "POST / HTTP/1.1\r\ntransfer-encoding:chunked\r\n\r\n", chunk},
	{"chunks with extensions", c2s, nil, "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n", func(part string, last bool) string {
		return strings.Replace(chunk(part, last), "\r\n", " ; a=\"b\"\n", 1)
	}},
	{"frames", c2s, nil, http2.Preface, func(part string, last bool) string {
		return string(frame(http2.FrameData, endStream(last), 1, []byte(part))) + string(frame(http2.FramePing, 0, 0, make([]byte, 8)))
	}},
	{"padded frames", c2s, nil, http2.Preface, func(part string, last bool) string {
		return string(frame(http2.FrameData, http2.FlagPadded|endStream(last), 1, []byte("\x03"+part+"\x00\x00\x00")))
	}},
}

func chunk(part string, last bool) string {
	s := fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
	if last {
		s += "0\r\n\r\n"
	}
	return s
}

func endStream(last bool) http2.Flags {
	if last {
		return http2.FlagEndStream
	}
	return 0
}

// parted returns body in parts of random lengths as one of partings writes it, and
// which of its octets are the body's.
func parted(rnd *rand.Rand, write func(string, bool) string, body string) (s string, of []bool) {
	for len(body) > 0 {
		n := 1 + rnd.IntN(min(len(body), 1+rnd.IntN(40)))
		// The part is the last that differs where the text of another is written.
		part, other := write(body[:n], n == len(body)), write(strings.Repeat("\x01", n), n == len(body))
		for i := range len(part) {
			of = append(of, other[i] == 1 && part[i] == body[0])
			if of[len(of)-1] {
				body = body[1:]
			}
		}
		s += part
	}
	return s, of
}

// What is masked of a body does not depend on what parts it: neither on chunks nor on
// frames.
func TestSecretsAcrossTheParts(t *testing.T) {
	for _, p := range partings {
		for seed := range uint64(200) {
			rnd := rand.New(rand.NewPCG(seed, 4))
			tt := texts[rnd.IntN(len(texts))]
			opt := Options{}
			if rnd.IntN(4) == 0 {
				tt.in, opt.Values = "xx QWERTY given UVXYZ", map[string]string{"A": "QWERTY", "B": "UVXYZ"}
			}
			body, of := parted(rnd, p.write, tt.in)
			in := p.head + body
			cuts := func(s string) (all []string) {
				for len(s) > 0 {
					n := 1 + rnd.IntN(len(s))
					all, s = append(all, s[:n]), s[n:]
				}
				return all
			}
			got := run(t, opt, append(p.begin[:len(p.begin):len(p.begin)], turn{1, p.dir, in}), cuts).stream(1, p.dir)
			whole := run(t, opt, []turn{{1, s2c, "HTTP/1.1 200 OK\r\n\r\n" + tt.in}}, whole).stream(1, s2c)[len("HTTP/1.1 200 OK\r\n\r\n"):]
			if len(got) != len(in) || got[:len(p.head)] != p.head {
				t.Fatalf("%s: %q became %q", p.name, in, got)
			}
			k := 0
			for i, is := range of {
				was, is2 := body[i], got[len(p.head)+i]
				if !is {
					if was != is2 {
						t.Fatalf("%s, %s: octet %d of %q, which is not the body's, is changed: %q", p.name, tt.name, i, body, got)
					}
					continue
				}
				if tt.name != "long" && (whole[k] == tt.in[k]) != (was == is2) && strings.IndexByte("QWERTYUVXZ", was) >= 0 {
					t.Fatalf("%s, %s: octet %d is masked in one of\n%q\n%q\nof %q", p.name, tt.name, k, whole, got, body)
				}
				k++
			}
		}
	}
}
