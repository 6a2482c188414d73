package websocket

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// deflated returns b compressed as permessage-deflate has it, by another hand, and
// with the dictionary of what was sent before.
func deflated(tb testing.TB, level int, dict, b []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriterDict(&out, level, dict)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	got, ok := bytes.CutSuffix(out.Bytes(), []byte{0, 0, 0xff, 0xff})
	if !ok {
		tb.Fatal("compress/flate did not end with an empty block")
	}
	return got
}

// inflateAll gives what an inflater makes of pieces of a message.
func inflateAll(z *inflater, b []byte, piece int) (out []byte, err error) {
	z.begin(false, windowSize, func(p []byte) { out = append(out, p...) })
	for len(b) > 0 {
		n := min(piece, len(b))
		if err = z.feed(b[:n]); err != nil {
			return out, err
		}
		b = b[n:]
	}
	return out, z.end()
}

func texts() map[string][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 100_000)
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	skewed := make([]byte, 300_000)
	for i := range skewed {
		skewed[i] = byte(rng.ExpFloat64() * 9)
	}
	return map[string][]byte{
		"nothing": {}, "one octet": {'x'}, "random": random, "skewed": skewed,
		"zeros": make([]byte, 1<<20), "words": []byte(strings.Repeat("one two three ", 20_000)),
	}
}

func TestInflateUndoesWhatAnotherHandDeflated(t *testing.T) {
	for name, b := range texts() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
			for _, piece := range []int{1 << 30, 4096, 7, 1} {
				var z inflater
				got, err := inflateAll(&z, deflated(t, level, nil, b), piece)
				if err != nil || !bytes.Equal(got, b) {
					t.Errorf("%s, level %d, in pieces of %d: %d octets, %v; want %d", name, level, piece, len(got), err, len(b))
				}
			}
		}
	}
}

func TestInflateRefersToEarlierMessages(t *testing.T) {
	var z inflater
	var sent []byte
	for i := range 50 {
		b := []byte(strings.Repeat("message and message again, ", 100+i) + string(rune('a'+i)))
		got, err := inflateAll(&z, deflated(t, 9, sent, b), 100)
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("message %d: %d octets, %v; want %d", i, len(got), err, len(b))
		}
		sent = append(sent, b...)
		sent = sent[max(0, len(sent)-windowSize):]
	}
}

// RFC 7692, section 7.2.3, has these.
func TestInflateExamples(t *testing.T) {
	var z inflater
	for _, c := range []struct{ name, wire, want string }{
		{"one block", "\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"},
		{"sharing the window", "\xf2\x00\x11\x00\x00", "Hello"},
		{"no compression", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
		{"BFINAL", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"},
		{"two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"},
		{"empty", "\x00", ""},
		{"empty, as a fixed block", "\x02\x00", ""},
	} {
		got, err := inflateAll(&z, []byte(c.wire), 1)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestInflateRefusesDamage(t *testing.T) {
	for _, c := range []struct{ name, wire, out string }{
		{"a block of type 3", "\x07", ""},
		{"stored lengths that differ", "\x00\x05\x00\x00\x00", ""},
		{"a distance before the beginning", "\xf2\x00\x11\x00\x00", ""},
		{"cut in a block", "\xf2\x48\xcd", "He"},
		{"text", "hello, world", ""},
	} {
		var z inflater
		got, err := inflateAll(&z, []byte(c.wire), 1)
		if err != errDeflate || !strings.HasPrefix(string(got), c.out) {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, got, err, c.out, errDeflate)
		}
	}
}

func TestInflateStopsBombs(t *testing.T) {
	var z inflater
	bomb := deflated(t, 9, nil, make([]byte, bombFloor+10<<20))
	got, err := inflateAll(&z, bomb, 100)
	if err != errBomb || len(got) > bombFloor+windowSize {
		t.Errorf("%d octets, %v; want at most %d, %v", len(got), err, bombFloor+windowSize, errBomb)
	}
}

// FuzzInflate holds the inflater against compress/flate, in whatever pieces the
// octets come.
func FuzzInflate(f *testing.F) {
	f.Add([]byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), uint8(1))
	for _, b := range texts() {
		f.Add(deflated(f, 9, nil, b[:min(len(b), 2000)]), uint8(5))
	}
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		if len(b) > 4<<10 {
			return // longer than an input should be
		}
		var whole, cut inflater
		want, werr := inflateAll(&whole, b, 1<<30)
		got, gerr := inflateAll(&cut, b, int(piece)+1)
		if !bytes.Equal(want, got) || werr != gerr {
			t.Fatalf("whole: %d octets, %v; in pieces: %d, %v", len(want), werr, len(got), gerr)
		}
		if werr == errBomb {
			return
		}
		got, oerr := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(b), strings.NewReader("\x00\x00\xff\xff"))))
		switch {
		case oerr == nil && bytes.HasPrefix(want, got): // a block that says it is the last ended it
		case oerr == io.ErrUnexpectedEOF && bytes.Equal(want, got):
		case oerr != nil && oerr != io.ErrUnexpectedEOF && werr != nil && bytes.Equal(want, got):
		default:
			t.Fatalf("compress/flate: %d octets, %v; ours: %d, %v", len(got), oerr, len(want), werr)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	for name, text := range map[string][]byte{"words": texts()["words"], "skewed": texts()["skewed"], "random": texts()["random"]} {
		wire := deflated(b, 6, nil, text)
		b.Run(name, func(b *testing.B) {
			var z inflater
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				z.begin(true, windowSize, func([]byte) {})
				if err := z.feed(wire); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
