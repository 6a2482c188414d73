package http2

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/net/http2/hpack"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// blocksOf returns the header blocks of a stream of HEADERS frames.
func blocksOf(t *testing.T, stream []byte) (all []*Block) {
	t.Helper()
	p := New(proto.Limits{})
	for _, m := range p.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: stream}) {
		if f, ok := m.Value.(*Frame); ok && f.Block != nil {
			all = append(all, f.Block)
		}
	}
	return all
}

// Blocks that are not changed come out as they were, and blocks behind one that was
// say what they said.
func TestRecoder(t *testing.T) {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	stream := AppendSettings(nil)
	var was [][]byte
	for i := range 200 {
		block.Reset()
		if i == 50 {
			e.SetMaxDynamicTableSize(300)
		}
		if i == 100 {
			e.SetMaxDynamicTableSize(4096)
		}
		for _, f := range []hpack.HeaderField{
			{Name: ":status", Value: fmt.Sprint(200 + i%3*100)}, {Name: "server", Value: "app"}, {Name: "x-page", Value: fmt.Sprint(i / 7)},
			{Name: "etag", Value: "\x01\x02"}, {Name: "set-cookie", Value: fmt.Sprint("sid=", i/20), Sensitive: i%2 == 0},
		} {
			if err := e.WriteField(f); err != nil {
				t.Fatal(err)
			}
		}
		was = append(was, bytes.Clone(block.Bytes()))
		stream = AppendHeaders(stream, uint32(2*i+1), true, block.Bytes(), 0)
	}
	blocks := blocksOf(t, stream)
	if len(blocks) != len(was) {
		t.Fatalf("%d blocks of %d", len(blocks), len(was))
	}
	same, other := NewRecoder(), NewRecoder()
	stream = AppendSettings(nil)
	for i, b := range blocks {
		if got := same.AppendBlock(nil, b.Updates, b.Fields); !bytes.Equal(got, was[i]) {
			t.Fatalf("block %d: %x, was %x", i, got, was[i])
		}
		if i%10 == 3 {
			b.Fields = append(b.Fields[:1:1], b.Fields[3:]...)
		}
		stream = AppendHeaders(stream, uint32(2*i+1), true, other.AppendBlock(nil, b.Updates, b.Fields), 0)
	}
	for i, got := range blocksOf(t, stream) {
		want := blocks[i].Fields
		if len(got.Fields) != len(want) {
			t.Fatalf("block %d: %d fields of %d", i, len(got.Fields), len(want))
		}
		for k, f := range got.Fields {
			if !bytes.Equal(f.Name, want[k].Name) || !bytes.Equal(f.Value, want[k].Value) {
				t.Fatalf("block %d: %s: %s, want %s: %s", i, f.Name, f.Value, want[k].Name, want[k].Value)
			}
		}
	}
}
