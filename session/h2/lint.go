package h2

import (
	"slices"

	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// Lint returns what is wrong with the fields of r, and with the length of its body, as
// they read on a connection of their own.
func (r *Request) Lint() []proto.Note { return lint(r.fields, true, r.parts...) }

// lint is Lint for the fields of a message, and for its body where that is whole; else
// it is still to come.
func lint(fields []field, whole bool, body ...[]byte) []proto.Note {
	var h Link
	for _, f := range fields {
		if f.form == formRaw {
			return nil // what it says depends on the tables
		}
		h.literal(0, f)
	}
	p := http2.New(proto.Limits{})
	var notes []proto.Note
	feed := func(b []byte) {
		for _, m := range p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: b}) {
			for _, n := range m.Notes {
				if m.Stream == 1 && (whole || n.Rule != "RFC 9113 8.1.1") {
					notes = append(notes, n)
				}
			}
		}
	}
	b := append([]byte(http2.Preface), http2.AppendSettings(nil)...)
	b = http2.AppendHeaders(b, 1, len(body) == 0, h.buf.Bytes(), 1<<24-1)
	feed(b)
	for i, part := range body {
		for c := range slices.Chunk(part, 16<<10) {
			b = http2.AppendData(b[:0], 1, false, -1, c)
			feed(b)
		}
		if i == len(body)-1 {
			feed(http2.AppendData(b[:0], 1, true, -1, nil))
		}
	}
	return notes
}
