package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

func TestHoldKeepsWhatArrives(t *testing.T) {
	var out bytes.Buffer
	p := New(&out, Style{})
	p.Event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Target: "h:80"}})
	p.Hold()
	out.Reset()
	raw := func(text string) *proto.Message {
		return &proto.Message{Conn: 1, Dir: wire.ServerToClient, Kind: proto.KindRaw, Proto: "raw", Body: proto.Body{Data: []byte(text), Size: int64(len(text))}, Complete: true}
	}
	p.Message(raw("one\ntwo\n"))
	p.InfoOf(0, "of itself")
	p.Info("of a command")
	p.Event(wire.Event{Conn: 1, At: time.Second, Kind: wire.KindEOF, Dir: wire.ServerToClient})
	if on, rows := p.Held(); !on || rows != 4 || out.String() != "* of a command\n" {
		t.Errorf("%v, %d rows held; written: %q", on, rows, out.String())
	}
	out.Reset()
	p.Release()
	if want := "< one\n< two\n* of itself\n* the server closed the connection\n"; out.String() != want {
		t.Errorf("released %q, want %q", out.String(), want)
	}
	out.Reset()
	p.InfoOf(0, "at once")
	if on, rows := p.Held(); on || rows != 0 || out.String() != "* at once\n" {
		t.Errorf("%v, %d rows held; written: %q", on, rows, out.String())
	}
}

func TestHoldIsBounded(t *testing.T) {
	var out bytes.Buffer
	p := New(&out, Style{})
	p.Hold()
	row := strings.Repeat("x", 1<<10-len("* \n"))
	for range maxHeld>>10 + 5 {
		p.InfoOf(0, row)
	}
	if _, rows := p.Held(); rows != maxHeld>>10+5 || len(p.held.rows) != maxHeld {
		t.Errorf("%d rows, %d octets held", rows, len(p.held.rows))
	}
	p.Release()
	if tail := "! 5 rows more came than are held back, 1024 KiB: .show and the tape have them\n"; !strings.HasSuffix(out.String(), tail) {
		t.Errorf("ends in %q", out.String()[out.Len()-200:])
	}
}
