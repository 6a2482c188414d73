package view

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"wiretape/wire/content"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// bodyFields returns the fields that say what the body of an HTTP message is. Ok is
// false for other Messages, and where there can be no body.
func bodyFields(m *proto.Message) (fields http1.Fields, ok bool) {
	switch v := m.Value.(type) {
	case *http1.Request:
		return v.Fields, v.Framing != http1.FramingNone
	case *http1.Response:
		return v.Fields, v.Framing != http1.FramingNone && v.Framing != http1.FramingUpgrade
	}
	return http1.Fields{}, false
}

// Content reads the body of a Message as its fields say: its content codings
// undone within limits, its characters in UTF-8. Of a Message that is not HTTP's it
// is the body as it stands.
func Content(m *proto.Message, limits content.Limits) content.Body {
	fields, ok := bodyFields(m)
	if !ok {
		return content.Body{Result: content.Result{Data: m.Body.Data, Cut: m.Body.Cut}, Text: content.Text{Data: m.Body.Data}}
	}
	whole := m.Complete && !m.Body.Cut
	if r, ok := m.Value.(*http1.Response); ok && isInnerPart(r) {
		// A part from the middle of a coded body is not to be decoded.
		fields = http1.FieldsOf(slices.DeleteFunc(slices.Clone(fields.List()), func(f http1.Field) bool {
			return bytes.EqualFold(f.Name, []byte("Content-Encoding"))
		})...)
		whole = false
	}
	return content.Read(fields, m.Body.Data, whole, limits)
}

// isInnerPart reports whether a response holds a part of the content that is not
// its beginning (RFC 9110, section 15.3.7).
func isInnerPart(r *http1.Response) bool {
	return r.Status == 206 && !bytes.HasPrefix(r.Fields.Get("Content-Range"), []byte("bytes 0-"))
}

// notesOf returns the notes of m, those on its content among them, in order of
// offset.
func notesOf(m *proto.Message, b *content.Body) []proto.Note {
	about := b.AllNotes()
	if len(about) == 0 {
		return m.Notes
	}
	fields, _ := bodyFields(m)
	notes := slices.Clone(m.Notes)
	for _, n := range about {
		at := min(m.Span.From+int64(len(m.Head)), m.Span.To)
		for _, f := range fields.List() {
			if n.Field != "" && bytes.EqualFold(f.Name, []byte(n.Field)) {
				at = min(max(f.From, m.Span.From), m.Span.To)
				break
			}
		}
		notes = proto.AddNote(notes, proto.Note{Offset: at, Text: n.Text, Rule: n.Rule})
	}
	slices.SortStableFunc(notes, func(a, b proto.Note) int { return int(min(1, max(-1, a.Offset-b.Offset))) })
	return notes
}

// screenBody returns the body of a Message as it is written on the screen, and how
// long it is as far as that is known: as far as its octets are their own text as
// they stand, which can be written as they come; behind that, once the Message is
// final, what they amount to. B is nil before.
func screenBody(m *proto.Message, done *progress, b *content.Body) (data []byte, size int64) {
	data = m.Body.Data
	as, final := asItStands(m), b != nil
	if as == nil {
		return data, m.Body.Size
	}
	done.fits = linesThat(as, data, done.fits, final && !m.Body.Cut)
	switch {
	case !final:
		return data[:done.fits], m.Body.Size
	case b.Decoded():
		return b.Text.Data, int64(len(b.Text.Data))
	case len(b.Named) > 0 && !isText(data):
		return nil, 0 // a dump of what cannot be undone tells nobody anything
	case done.fits == len(data) || b.Text.Charset == "":
		return data, m.Body.Size
	}
	all := slices.Concat(data[:done.fits], content.Convert(b.Text.Charset, data[done.fits:], !m.Body.Cut))
	return all, int64(len(all)) + m.Body.Size - int64(len(data))
}

// asItStands returns what lines of a body have to be so that they are their own
// text, whatever is found out about the charset later; nil where all are.
func asItStands(m *proto.Message) func([]byte) bool {
	fields, ok := bodyFields(m)
	if !ok {
		return nil
	}
	if coding(m) != "" {
		return func([]byte) bool { return false }
	}
	media, _ := content.ParseMediaType(fields.Get("Content-Type"))
	told := content.CharsetName(media.Param("charset"))
	switch {
	case !media.IsText():
		return nil
	case told == "utf-8":
		return nil
	case told == "" && media.Name != "text/html":
		return isUTF8Line
	}
	return isASCIILine
}

// linesThat returns how many octets at the beginning of b are whole lines that fit
// as. The first at of them are known to be.
func linesThat(as func([]byte) bool, b []byte, at int, final bool) int {
	for at < len(b) {
		line := b[at:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		} else if !final {
			break
		}
		if !as(line) {
			break
		}
		at += len(line)
	}
	return at
}

// isASCIILine reports whether a line is the same in all charsets but UTF-16.
func isASCIILine(line []byte) bool {
	for _, c := range line {
		if c < ' ' && c != '\t' && c != '\r' && c != '\n' || c > '~' {
			return false
		}
	}
	return true
}

// isUTF8Line reports whether a line is surely UTF-8: what is, is hardly ever
// anything else.
func isUTF8Line(line []byte) bool {
	return isASCIILine(line) || utf8.Valid(line) && !bytes.HasPrefix(line, []byte("\xef\xbb\xbf")) && bytes.IndexByte(line, 0) < 0
}
