package update

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"wiretape/tape"
	"wiretape/wire"
)

// Of raw blocks that are too long to be held the octets stay, and lengths that stand in
// them are made right.
func TestFixLengthsInLongBlocks(t *testing.T) {
	const size = 3 * maxGroup
	block := func(length int) string {
		data := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", length, strings.Repeat("0123456\n", size/8))
		return string(tape.AppendRawLine(nil, 1, wire.ServerToClient, len(data))) + data + "\n"
	}
	in := "wiretape 1\n= open tcp a:1\n> GET / HTTP/1.1\\r\\n\n> \\r\\n\n# as it came\n"
	end := "~ 1s\n= eof <\n= close\n; end\n"
	got, notes, err := fixed(in + block(7) + end)
	if want := in + block(size) + end; string(got) != want || err != nil || len(notes) != 1 {
		t.Errorf("%d bytes, want %d: %v, %q", len(got), len(want), err, notes)
	}
}

// A tape is read again where it is to be, however its connections alternate.
func TestCutOfALongTape(t *testing.T) {
	var b strings.Builder
	b.WriteString("wiretape 1\n= open tcp a:1\n2= open tcp a:2\n3= open tcp a:3\n")
	want := map[int]*bytes.Buffer{1: {}, 2: {}}
	for i := range 20_000 {
		conn := 1 + i%2
		line := fmt.Sprintf("%d of %d", i, conn)
		fmt.Fprintf(&b, "%d> %s\n3< x\n", conn, line)
		want[conn].WriteString(line)
	}
	txt, err := read(strings.NewReader(b.String()), "x.tape", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		conn := 1 + i%3%2
		all := want[conn].Bytes()
		from := i * 7919 % len(all)
		to := min(len(all), from+100*(i%5))
		got, _ := txt.stream(conn, wire.ClientToServer).cut(int64(from), int64(to))
		if !bytes.Equal(got, all[from:to]) {
			t.Fatalf("cut of %d [%d:%d]: %q, want %q", conn, from, to, got, all[from:to])
		}
	}
	if err := txt.write(io.Discard); err != nil {
		t.Error(err)
	}
}
