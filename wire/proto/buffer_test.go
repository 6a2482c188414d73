package proto

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// lines reads all lines of a stream that arrives in pieces of size() octets.
func lines(stream string, limit int, size func() int) (got []string) {
	var b Buffer
	for off := 0; off < len(stream); {
		n := min(size(), len(stream)-off)
		piece := []byte(stream[off : off+n])
		b.Push(piece)
		for {
			at := b.Offset()
			text, end, ok, long := b.Line(limit)
			if !ok {
				if long {
					b.Next(limit)
					b.Release()
					got = append(got, fmt.Sprintf("%d long", at))
					continue
				}
				break
			}
			got = append(got, fmt.Sprintf("%d %q %d", at, text, end))
			b.Release()
		}
		b.Keep()
		for i := range piece {
			piece[i] = '#'
		}
		off += n
	}
	return append(got, fmt.Sprintf("rest %q at %d to %d", b.Peek(), b.Offset(), b.End()))
}

func TestLinesDoNotDependOnCuts(t *testing.T) {
	const stream = "one\r\ntwo\n\r\n\nthree\r\rfour\r\nlonger than ten\r\nexactly10\nx\r"
	want := []string{
		`0 "one" 1`, `5 "two" 2`, `9 "" 1`, `11 "" 2`, "12 long", `22 "r" 1`, "25 long", `35 "n ten" 1`,
		`42 "exactly10" 2`, `rest "x\r" at 52 to 54`,
	}
	if got := lines(stream, 10, func() int { return len(stream) }); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("whole:\ngot  %q\nwant %q", got, want)
	}
	for seed := range 50 {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		got := lines(stream, 10, func() int { return 1 + rng.IntN(seed+1) })
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("seed %d:\ngot  %q\nwant %q", seed, got, want)
		}
	}
}

func TestHeldOctetsStayUntilReleased(t *testing.T) {
	var b Buffer
	for _, piece := range []string{"HEL", "O a\r", "\nMORE", "\r\nrest"} {
		b.Push([]byte(piece))
		b.Line(100)
		b.Keep()
	}
	b.Line(100)
	if got := string(b.Held()); got != "HELO a\r\nMORE\r\n" {
		t.Errorf("Held() = %q", got)
	}
	b.Release()
	if b.Start() != 14 || b.Offset() != 14 || b.End() != 18 || string(b.Peek()) != "rest" {
		t.Errorf("after Release: Start %d, Offset %d, End %d, Peek %q", b.Start(), b.Offset(), b.End(), b.Peek())
	}
	b.Gap(100)
	b.Push([]byte("x"))
	if b.Offset() != 118 || b.Len() != 1 {
		t.Errorf("after a gap of 100: Offset %d, Len %d, want 118, 1", b.Offset(), b.Len())
	}
}

// A window of unread octets that moves along a long stream must neither copy
// without end nor grow the store.
func TestStoreIsReused(t *testing.T) {
	var b Buffer
	b.Push([]byte("seed"))
	b.Keep()
	piece := bytes.Repeat([]byte("0123456789"), 10)
	for range 10000 {
		b.Push(piece)
		b.Keep()
		b.Next(len(piece))
		b.Release()
	}
	if c := cap(b.store); c > 4096 {
		t.Errorf("store of %d octets for 104 unread ones", c)
	}
	if b.Offset() != 1000000 || b.Len() != 4 {
		t.Errorf("Offset %d, Len %d", b.Offset(), b.Len())
	}
}
