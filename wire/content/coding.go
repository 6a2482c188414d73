package content

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// A coding is a content coding that is undone here.
type coding struct {
	name    string
	aliases []string
	rule    string
	undo    func(*output, []byte)
	magic   func([]byte) bool // whether octets are surely of it; nil where none tell
}

// codings has a row for each. compress (LZW) is spoken nowhere any more, lzma and
// xz never were by browsers.
var codings = [...]coding{
	{"gzip", []string{"x-gzip"}, "RFC 9110 8.4.1.3", undoGzip, isGzip},
	{"deflate", []string{"x-deflate"}, "RFC 9110 8.4.1.2", undoDeflate, nil},
	{"br", nil, "RFC 7932", undoBrotli, nil},
	{"zstd", []string{"x-zstd"}, "RFC 8878", undoZstd, isZstd},
}

// find returns the coding of a name, in lower case.
func find(name string) (*coding, bool) {
	for i := range codings {
		c := &codings[i]
		if c.name == name {
			return c, true
		}
		if slices.Contains(c.aliases, name) {
			return c, true
		}
	}
	return nil, false
}

// rule returns what specifies a coding.
func rule(name string) string {
	if c, ok := find(name); ok {
		return c.rule
	}
	return "RFC 9110 8.4.1"
}

// sniff returns the coding that octets surely are of, nil for none.
func sniff(b []byte) *coding {
	for i := range codings {
		if c := &codings[i]; c.magic != nil && c.magic(b) {
			return c
		}
	}
	return nil
}

func isGzip(b []byte) bool { return bytes.HasPrefix(b, []byte{0x1f, 0x8b, 8}) }

func isZstd(b []byte) bool { return bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}) }

// An output takes what a coding yields.
type output struct {
	data    []byte
	limit   int  // of len(data)
	whole   bool // the input is all there is: that it stops is a deviation
	full    bool // there is more than limit
	damaged bool // there would be more, but for the damage
	foreign bool // the input is not of this coding at all
	notes   []string
}

// maxNotes bounds the notes of one coding: each member of a gzip stream may have
// its own.
const maxNotes = 16

func (o *output) note(text string) {
	if len(o.notes) < maxNotes {
		o.notes = append(o.notes, text)
	}
}

// chunk is how much room is made at a time, at least: 32 KiB.
const chunk = 32 << 10

// read appends what r yields up to the limit, and returns r's error; nil at its
// end.
func (o *output) read(r io.Reader) error {
	for {
		if cap(o.data) == len(o.data) {
			o.data = append(o.data, make([]byte, max(chunk, len(o.data)))...)[:len(o.data)]
		}
		room := o.data[len(o.data):min(cap(o.data), o.limit+1)]
		n, err := r.Read(room)
		o.data = o.data[:len(o.data)+n]
		if len(o.data) > o.limit {
			o.data, o.full = o.data[:o.limit], true
			return nil
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// stopped takes the error that ended a coding before its time. It leaves those
// alone that come of what is not there.
func (o *output) stopped(name string, err error) {
	o.damaged = true
	switch {
	case !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF):
		o.note(name + " is damaged: " + err.Error())
	case o.whole:
		o.note(name + " stops in the middle")
	}
}
