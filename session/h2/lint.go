package h2

import (
	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// Lint returns what is wrong with the fields of r, as they read on a connection of
// their own.
func (r *Request) Lint() []proto.Note { return lint(r.fields) }

func lint(fields []field) []proto.Note {
	var h Link
	for _, f := range fields {
		if f.form == formRaw {
			return nil // what it says depends on the tables
		}
		h.literal(0, f)
	}
	b := append([]byte(http2.Preface), http2.AppendSettings(nil)...)
	b = http2.AppendHeaders(b, 1, true, h.buf.Bytes(), 1<<24-1)
	var notes []proto.Note
	for _, m := range http2.New(proto.Limits{}).Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: b}) {
		for _, n := range m.Notes {
			if m.Stream == 1 && n.Rule != "RFC 9113 8.1.1" { // its body is still to come
				notes = append(notes, n)
			}
		}
	}
	return notes
}
