package pcapng_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"wiretape/tape"
	"wiretape/tape/pcapng"
	"wiretape/wire"
	"wiretape/wire/proto/prototest"
)

// A seg is a segment, or a datagram, between a client, 10.0.0.1:4000, and a server,
// 10.0.0.2:80.
type seg struct {
	client   uint32 // is added to the client's address
	udp      bool
	server   bool
	seq, ack uint32
	flags    string
	data     string
	cut      int // octets that the capture leaves out
}

// capture returns a pcap of segments, a millisecond apart, over raw IP.
func capture(segs ...seg) []byte {
	le, be := binary.LittleEndian, binary.BigEndian
	out := le.AppendUint32(nil, 0xa1b2c3d4)
	out = append(out, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0)
	for i, s := range segs {
		flags := byte(0)
		for j, f := range "FSRPA" {
			if strings.ContainsRune(s.flags, f) {
				flags |= 1 << j
			}
		}
		a, b, from, to := 0x0a000001+s.client, uint32(0x0a000002), uint16(4000), uint16(80)
		if s.server {
			a, b, from, to = b, a, to, from
		}
		p := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0}
		p = be.AppendUint32(be.AppendUint32(p, a), b)
		p = be.AppendUint16(be.AppendUint16(p, from), to)
		if s.udp {
			p[9] = 17
			p = append(be.AppendUint16(p, uint16(8+len(s.data))), 0, 0)
		} else {
			p = be.AppendUint32(be.AppendUint32(p, s.seq), s.ack)
			p = append(p, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0)
		}
		p = append(p, s.data...)
		be.PutUint16(p[2:], uint16(len(p)))
		out = le.AppendUint32(le.AppendUint32(out, 1000), uint32(i*1000))
		out = le.AppendUint32(le.AppendUint32(out, uint32(len(p)-s.cut)), uint32(len(p)))
		out = append(out, p[:len(p)-s.cut]...)
	}
	return out
}

// told returns the events of a capture, one word each.
func told(t *testing.T, file []byte) (string, *pcapng.Reader) {
	t.Helper()
	r, err := pcapng.NewReader(bytes.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	err = r.Events(func(e wire.Event) {
		arrow := map[wire.Dir]string{wire.ClientToServer: ">", wire.ServerToClient: "<"}[e.Dir]
		switch e.Kind {
		case wire.KindData:
			out = append(out, fmt.Sprintf("%d%s%s", e.Conn, arrow, e.Data))
		case wire.KindGap:
			out = append(out, fmt.Sprintf("%dgap%s%d", e.Conn, arrow, e.Size))
		case wire.KindOpen:
			out = append(out, fmt.Sprintf("%dopen(%s)", e.Conn, e.Facts.Target))
		default:
			out = append(out, fmt.Sprintf("%d%v%s", e.Conn, e.Kind, arrow))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " "), r
}

var (
	syn  = seg{seq: 99, flags: "S"}
	syn2 = seg{server: true, seq: 499, ack: 100, flags: "SA"}
)

func TestStreamsArePutTogether(t *testing.T) {
	const open = "1open(10.0.0.2:80) "
	for _, row := range []struct {
		name, want string
		segs       []seg
	}{
		{"in order", open + "1>ab 1<c 1eof> 1eof< 1close", []seg{syn, syn2, {seq: 100, ack: 500, flags: "A", data: "ab"}, {server: true, seq: 500, ack: 102, flags: "A", data: "c"}, {seq: 102, ack: 501, flags: "FA"}, {server: true, seq: 501, ack: 103, flags: "FA"}, {seq: 103, ack: 502, flags: "A"}}},
		{"twice", open + "1>ab 1>c 1close", []seg{syn, syn, syn2, {seq: 100, ack: 500, flags: "A", data: "ab"}, {seq: 100, ack: 500, flags: "A", data: "ab"}, {seq: 101, ack: 500, flags: "A", data: "bc"}}},
		{"out of order", open + "1>ab 1>cd 1>ef 1close", []seg{syn, syn2, {seq: 104, ack: 500, flags: "A", data: "ef"}, {seq: 102, ack: 500, flags: "A", data: "cd"}, {seq: 100, ack: 500, flags: "A", data: "ab"}}},
		{"lost", open + "1>ab 1gap>2 1>ef 1<x 1close", []seg{syn, syn2, {seq: 100, ack: 500, flags: "A", data: "ab"}, {seq: 104, ack: 500, flags: "A", data: "ef"}, {server: true, seq: 500, ack: 106, flags: "A"}, {server: true, seq: 500, ack: 106, flags: "A", data: "x"}}},
		{"lost at the end", open + "1>ab 1gap>2 1>ef 1close", []seg{syn, syn2, {seq: 100, ack: 500, flags: "A", data: "ab"}, {seq: 104, ack: 500, flags: "A", data: "ef"}}},
		{"cut off", open + "1>a 1gap>3 1>e 1close", []seg{syn, syn2, {seq: 100, ack: 500, flags: "A", data: "abcd", cut: 3}, {seq: 104, ack: 500, flags: "A", data: "e"}}},
		{"reset", open + "1>ab 1rst< 1close", []seg{syn, syn2, {seq: 100, ack: 500, flags: "A", data: "ab"}, {server: true, seq: 500, flags: "R"}, {seq: 102, ack: 500, flags: "A", data: "late"}}},
		{"refused", "1try 1close", []seg{syn, {server: true, seq: 0, ack: 100, flags: "RA"}}},
		{"no SYN", open + "1<ab 1>c 1close", []seg{{server: true, seq: 7, ack: 3, flags: "A", data: "ab"}, {seq: 3, ack: 9, flags: "A", data: "c"}}},
		{"the ports again", open + "1rst> 1close 2open(10.0.0.2:80) 2>z 2close", []seg{syn, syn2, {seq: 100, flags: "R"}, {seq: 9999, flags: "S"}, {server: true, seq: 1, ack: 10000, flags: "SA"}, {seq: 10000, ack: 2, flags: "A", data: "z"}}},
		{"around 2^32", open + "1>ab 1>cd 1close", []seg{{seq: 1<<32 - 2, flags: "S"}, {server: true, seq: 499, ack: 1<<32 - 1, flags: "SA"}, {seq: 1, ack: 500, flags: "A", data: "cd"}, {seq: 1<<32 - 1, ack: 500, flags: "A", data: "ab"}}},
	} {
		if got, _ := told(t, capture(row.segs...)); got != row.want {
			t.Errorf("%s: %s\nwant %s", row.name, got, row.want)
		}
	}
}

// Connections that the capture leaves open end with it, in the order they began.
func TestManyStayOpen(t *testing.T) {
	const many = 200
	var segs []seg
	var begun, ended []string
	for n := range uint32(many) {
		segs = append(segs, seg{client: n, seq: 99, flags: "S"}, seg{client: n, server: true, seq: 499, ack: 100, flags: "SA"})
		begun = append(begun, fmt.Sprintf("%dopen(10.0.0.2:80)", n+1))
		ended = append(ended, fmt.Sprintf("%dclose", n+1))
	}
	got, _ := told(t, capture(segs...))
	if want := strings.Join(append(begun, ended...), " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// What never ends, datagrams and SYNs that nobody answers, is held for the 65,536
// that spoke last.
func TestOpenFlowsAreBounded(t *testing.T) {
	const most = 1 << 16
	segs := []seg{{udp: true, data: "a"}, {client: 1, udp: true, data: "b"}, {udp: true, data: "c"}}
	for n := range uint32(most - 1) {
		segs = append(segs, seg{client: 2 + n, seq: 99, flags: "S"})
	}
	segs = append(segs, seg{udp: true, data: "d"}, seg{client: 1, udp: true, data: "e"})
	got, r := told(t, capture(segs...))
	const want = "1open(10.0.0.2:80) 1>a 2open(10.0.0.2:80) 2>b 1>c 2close 1>d 3open(10.0.0.2:80) 3>e 1close 3close"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if notes := r.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "more than 65536 connections are open at once") || !strings.HasSuffix(notes[0], "(2 times)") {
		t.Errorf("notes %q", notes)
	}
}

// SYNs that nobody answers cost the same each, however many there are.
func BenchmarkUnansweredSYNs(b *testing.B) {
	var segs []seg
	for n := range uint32(400_000) {
		segs = append(segs, seg{client: n, seq: 99, flags: "S"})
	}
	file := capture(segs...)
	for b.Loop() {
		r, err := pcapng.NewReader(bytes.NewReader(file), nil)
		if err == nil {
			err = r.Events(func(wire.Event) {})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// Each file of the suite gives events that a tape takes.
func TestSuite(t *testing.T) {
	for _, name := range []string{
		"advanced/test100", "advanced/test101", "advanced/test102", "difficult/test200", "difficult/test201", "difficult/test202",
		"basic/test001", "basic/test002", "basic/test003", "basic/test004", "basic/test005", "basic/test006", "basic/test007", "basic/test008", "basic/test009",
		"basic/test010", "basic/test011", "basic/test012", "basic/test013", "basic/test014", "basic/test015", "basic/test016", "basic/test017", "basic/test018",
	} {
		file := prototest.Suite(t, "pcapng/output_le/"+name+".pcapng")
		r, err := pcapng.NewReader(bytes.NewReader(file), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var out bytes.Buffer
		w := tape.NewWriter(&out, tape.Options{Created: r.Created()})
		w.Begin()
		data := 0
		if err := r.Events(func(e wire.Event) { data += len(e.Data); w.Event(e) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := w.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if data == 0 && bytes.Contains(file, []byte{0x63, 0x82, 0x53, 0x63}) && len(r.Notes()) == 0 {
			t.Errorf("%s: no bytes, and nothing is said", name)
		}
		t.Logf("%s: %d octets, %q", name, data, r.Notes())
	}
}

func TestWhatIsNoCaptureIsSaid(t *testing.T) {
	for _, text := range []string{"", "abc", "wiretape 1\n; x y\n; z aaaaaaaaaaaaaaaa\n"} {
		if _, err := pcapng.NewReader(strings.NewReader(text), nil); err == nil {
			t.Errorf("NewReader took %q", text)
		}
	}
}

// A file that cannot be read on is an error, not a capture that is cut off.
func TestReadErrorIsTold(t *testing.T) {
	file := capture(syn, syn2)
	for n := 24; n <= len(file); n++ {
		r, err := pcapng.NewReader(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(io.ErrClosedPipe)), nil)
		if err == nil {
			err = r.Events(func(wire.Event) {})
		}
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Fatalf("after %d octets: %v, want %v", n, err, io.ErrClosedPipe)
		}
	}
}

// Whatever the file, it ends, and what it gives is a tape.
func FuzzReader(f *testing.F) {
	f.Add(capture(syn, syn2, seg{seq: 104, ack: 500, flags: "A", data: "ef"}, seg{seq: 100, ack: 500, flags: "AF", data: "ab"}))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := pcapng.NewReader(bytes.NewReader(file), nil)
		if err != nil {
			return
		}
		w := tape.NewWriter(io.Discard, tape.Options{})
		r.Events(w.Event)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}
