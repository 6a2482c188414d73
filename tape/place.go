package tape

import (
	"io"
	"maps"

	"wiretape/wire"
)

// A Place is where on a tape a record stands, so that it can be read again.
type Place struct {
	Line   int   // of the record, from 1
	Begin  int64 // of its line in the file
	Offset int64 // of its first byte in the file, or of those of a piece of a raw block

	lines int   // begun before Offset
	raw   int64 // bytes of the raw block from Offset on; 0 outside of one
	conn  int   // of the raw block
	dir   wire.Dir
}

// Place returns where the record stands that Next, or Records, gave last.
func (r *Reader) Place() Place { return r.place }

// Again returns a Reader of what stands from a place on, which r gave, in src: the
// bytes that r has read. Of what a record means by those before it only the values
// are known that were captured last, times count from there, and the order of a
// connection's events is not checked. Several such Readers may be used at once.
func (r *Reader) Again(src io.ReaderAt, p Place) *Reader {
	again := &Reader{name: r.name, read: true, in: lines{src: io.NewSectionReader(src, p.Offset, 1<<62), n: p.lines, base: p.Offset}}
	again.p = parser{within: true, captures: captures{sample: maps.Clone(r.p.captures.sample)}}
	if p.raw > 0 {
		again.rawLeft, again.p.raw, again.place.Begin = p.raw, p.raw, p.Begin
		again.rec = Record{Kind: Data, Form: Raw, Line: p.Line, Event: wire.Event{Kind: wire.KindData, Conn: p.conn, Dir: p.dir}}
		again.runConn, again.runDir = p.conn, p.dir
	}
	return again
}
