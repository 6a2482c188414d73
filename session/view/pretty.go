package view

import (
	"bytes"
	"strings"

	"wiretape/wire/content"
	"wiretape/wire/proto"
)

// maxPretty is the longest body that is laid out anew: 1 MiB. It takes several
// times its own size while it is.
const maxPretty = 1 << 20

// maxIndent is the deepest level that is indented any further, so that what is
// written stays in proportion to what came, however it is nested.
const maxIndent = 24

// A tokenKind says what a token is to its language. Colour repeats what the
// signs around it say.
type tokenKind byte

const (
	tokenText    tokenKind = iota // plain text and white space
	tokenName                     // of a member, an element, an attribute, a field of a form
	tokenString                   // a string, or the value of an attribute
	tokenNumber                   // a number or a word of the language
	tokenSign                     // brackets, commas
	tokenComment                  // comments and declarations
)

// A token is a part of a body as it is laid out: text, line feeds between rows.
// But for white space that layout adds or drops, tokens have the octets of the
// body, in their order.
type token struct {
	kind tokenKind
	text []byte
	at   int // octets of the body up to its end
}

// A layout is a body laid out anew.
type layout struct {
	tokens []token
	at     int
}

// add appends a token of octets of the body, of which at have been used behind
// it.
func (l *layout) add(kind tokenKind, text []byte, at int) {
	l.at = at
	l.tokens = append(l.tokens, token{kind, text, at})
}

// space appends white space that the layout adds.
func (l *layout) space(text string) {
	l.tokens = append(l.tokens, token{tokenText, []byte(text), l.at})
}

// newline begins a row of a depth.
func (l *layout) newline(depth int) {
	l.space("\n" + strings.Repeat("  ", min(depth, maxIndent)))
}

// layOut lays the body of a Message out as its media type has it: JSON, XML, HTML,
// a form. It returns nil for any other, for what is not well-formed, and for what
// is cut: a half of it would be read as the whole.
func layOut(m *proto.Message, b *content.Body) []token {
	text := b.Text.Data
	if len(text) == 0 || len(text) > maxPretty || b.Cut || m.Body.Cut || !m.Complete || !isText(text) {
		return nil
	}
	switch layoutOf(m, text) {
	case "json":
		return layOutJSON(text)
	case "html":
		return layOutMarkup(text, true)
	case "xml":
		return layOutMarkup(text, false)
	case "form":
		return layOutForm(text)
	}
	return nil
}

// layoutOf returns what language a body is in, "" for none that is laid out. One
// without a media type is JSON if it looks like it; text is what there is so far.
func layoutOf(m *proto.Message, text []byte) string {
	fields, ok := bodyFields(m)
	if !ok {
		return ""
	}
	media, _ := content.ParseMediaType(fields.Get("Content-Type"))
	switch name := media.Name; {
	case name == "application/json" || strings.HasSuffix(name, "+json"):
		return "json"
	case name == "text/html":
		return "html"
	case name == "application/xml" || name == "text/xml" || strings.HasSuffix(name, "+xml"):
		return "xml"
	case name == "application/x-www-form-urlencoded":
		return "form"
	case name == "" || name == "text/plain":
		if t := bytes.TrimLeft(text, " \t\r\n"); len(t) > 0 && (t[0] == '{' || t[0] == '[') {
			return "json"
		}
	}
	return ""
}

// awaits reports whether the body of a Message in progress is to be written when
// it is whole, since it is laid out then.
func (p *Printer) awaits(m *proto.Message) bool {
	return p.s.Pretty && layoutOf(m, m.Body.Data) != "" && m.Body.Size <= maxPretty
}

// layoutRows appends the rows of a body that is laid out, of size octets before,
// as many as there is room for; 0 is no limit but that of all bodies.
func (p *Printer) layoutRows(conn int, tokens []token, size int64, room int) {
	rows, used := 0, 0
	for len(tokens) > 0 {
		// A row goes up to the next line feed, which begins or ends a token.
		var row []byte
		n, width, ends := 0, 0, false
		for n < len(tokens) && !ends {
			t := tokens[n]
			text := t.text
			if i := bytes.IndexByte(text, '\n'); i >= 0 {
				ends = true
				tokens[n].text = text[i+1:]
				text, _ = bytes.CutSuffix(text[:i], []byte("\r"))
			} else {
				n++
			}
			c := p.c.token(t.kind)
			if len(text) > 0 {
				row = append(row, c.on...)
				from := len(row)
				row = escape(row, expandTabs(text), p.s.ASCII)
				width += cells(row[from:])
				row = append(row, c.off...)
			}
		}
		need := 1
		if p.s.Width > 0 {
			need = max(1, (width+p.s.Width-1)/p.s.Width)
		}
		if room > 0 && rows+need > room && rows > 0 || used >= shownBody {
			break
		}
		rows += need
		if n > 0 {
			used = tokens[n-1].at
		}
		tokens = tokens[n:]
		p.lead(conn, markNone, paint{})
		p.buf = append(append(p.buf, row...), '\n')
	}
	if left := size - int64(used); len(tokens) > 0 && left > 0 {
		p.rows(conn, markNone, "… "+about(left)+" more: "+p.s.More)
	}
}
