package view

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"

	"golang.org/x/net/html"
)

// layOutJSON lays JSON out, a member or an element a row. Numbers, strings and
// names stand as they were sent, members in their order, those of the same name
// too. It returns nil for what is not JSON (RFC 8259).
func layOutJSON(text []byte) []token {
	if !json.Valid(text) {
		return nil
	}
	var l layout
	depth := 0
	names := []bool{} // by depth: whether the next string is a member's name
	for at := 0; at < len(text); {
		switch c := text[at]; c {
		case ' ', '\t', '\r', '\n':
			at++
		case '{', '[':
			at++
			l.add(tokenSign, text[at-1:at], at)
			if rest := bytes.TrimLeft(text[at:], " \t\r\n"); rest[0] == c+2 { // empty: the sign that closes is two further in ASCII
				at = len(text) - len(rest) + 1
				l.add(tokenSign, rest[:1], at)
				break
			}
			depth++
			names = append(names, c == '{')
			l.newline(depth)
		case '}', ']':
			depth--
			names = names[:depth]
			l.newline(depth)
			at++
			l.add(tokenSign, text[at-1:at], at)
		case ',':
			at++
			l.add(tokenSign, text[at-1:at], at)
			l.newline(depth)
		case ':':
			at++
			l.add(tokenSign, text[at-1:at], at)
			l.space(" ")
		case '"':
			from := at
			for at++; text[at] != '"'; at++ {
				if text[at] == '\\' {
					at++
				}
			}
			at++
			kind := tokenString
			if depth > 0 && names[depth-1] && isName(text[at:]) {
				kind = tokenName
			}
			l.add(kind, text[from:at], at)
		default:
			from := at
			for at < len(text) && !bytes.ContainsRune([]byte(" \t\r\n,]}"), rune(text[at])) {
				at++
			}
			l.add(tokenNumber, text[from:at], at)
		}
	}
	return l.tokens
}

// isName reports whether a colon follows.
func isName(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

// layOutForm lays a form out (application/x-www-form-urlencoded, WHATWG URL,
// section 5.1), a field a row, with its escapes undone.
func layOutForm(text []byte) []token {
	var l layout
	at := 0
	for i, pair := range bytes.Split(text, []byte("&")) {
		at += len(pair)
		if i > 0 {
			at++
			l.newline(0)
		}
		name, value, found := bytes.Cut(pair, []byte("="))
		l.add(tokenName, unescapeForm(name), at)
		if found {
			l.add(tokenSign, []byte(" = "), at)
			l.add(tokenString, unescapeForm(value), at)
		}
	}
	return l.tokens
}

// unescapeForm undoes the escapes of a name or value; where they make no sense it
// stays as it is. A line feed in it is shown, not obeyed.
func unescapeForm(s []byte) []byte {
	out, err := url.QueryUnescape(string(s))
	if err != nil {
		return s
	}
	return bytes.ReplaceAll([]byte(out), []byte("\n"), []byte(`\n`))
}

// A piece is a token of markup as it came.
type piece struct {
	kind html.TokenType
	name string // of an element, lower case
	raw  []byte
}

// voidElements have no end tag (HTML, section 13.1.2).
var voidElements = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// endedByNext are the elements whose end tag may be left out before another of the
// same (HTML, section 13.1.2.4).
var endedByNext = []string{"li", "dt", "dd", "p", "tr", "td", "th", "option"}

// verbatim are the elements whose white space counts.
var verbatim = []string{"pre", "textarea", "script", "style"}

// layOutMarkup lays XML or HTML out, a tag a row, deeper within its element.
// Tags, comments and text stand as they were sent, but for the white space around
// text outside of elements where it counts.
func layOutMarkup(text []byte, isHTML bool) []token {
	pieces := markupPieces(text)
	var l layout
	var open []string // elements
	at, first := 0, true
	row := func(depth int) {
		if !first {
			l.newline(depth)
		}
		first = false
	}
	for i := 0; i < len(pieces); i++ {
		p := pieces[i]
		at += len(p.raw)
		switch p.kind {
		case html.StartTagToken:
			if n := len(open); isHTML && n > 0 && open[n-1] == p.name && slices.Contains(endedByNext, p.name) {
				open = open[:n-1]
			}
			row(len(open))
			l.tag(p.raw, at)
			if isHTML && slices.Contains(voidElements, p.name) {
				break
			}
			// An element of text alone takes one row, one whose white space counts is
			// left as it is.
			if n := closes(pieces[i:], isHTML); n > 0 {
				for _, inner := range pieces[i+1 : i+n+1] {
					at += len(inner.raw)
					if inner.kind == html.TextToken {
						l.add(tokenText, inner.raw, at)
					} else {
						l.tag(inner.raw, at)
					}
				}
				i += n
				break
			}
			open = append(open, p.name)
		case html.EndTagToken:
			// What is not open is not closed: its tag stands where it is.
			if n := lastIndex(open, p.name); n >= 0 {
				open = open[:n]
			}
			row(len(open))
			l.tag(p.raw, at)
		case html.SelfClosingTagToken:
			row(len(open))
			l.tag(p.raw, at)
		case html.TextToken:
			if t := bytes.TrimSpace(p.raw); len(t) > 0 {
				row(len(open))
				l.add(tokenText, t, at)
			}
		default:
			row(len(open))
			l.add(tokenComment, p.raw, at)
		}
	}
	return l.tokens
}

// markupPieces cuts markup into its tokens, which are all of its octets.
func markupPieces(text []byte) []piece {
	z := html.NewTokenizer(bytes.NewReader(text))
	z.AllowCDATA(true)
	var pieces []piece
	for {
		kind := z.Next()
		p := piece{kind: kind, raw: bytes.Clone(z.Raw())}
		if kind == html.ErrorToken {
			if len(p.raw) > 0 { // a tag that does not end
				p.kind = html.CommentToken
				pieces = append(pieces, p)
			}
			return pieces
		}
		if kind == html.StartTagToken || kind == html.EndTagToken || kind == html.SelfClosingTagToken {
			name, _ := z.TagName()
			p.name = string(name)
		}
		pieces = append(pieces, p)
	}
}

// maxVerbatim bounds the search for the end of an element whose white space
// counts, in tokens.
const maxVerbatim = 256

// closes returns how many tokens behind the start tag that pieces begins with its
// end tag stands, where the element goes as it came; 0 where it is laid out.
func closes(pieces []piece, isHTML bool) int {
	name := pieces[0].name
	asItIs := isHTML && slices.Contains(verbatim, name)
	for i := 1; i < len(pieces) && i <= maxVerbatim; i++ {
		switch p := pieces[i]; {
		case p.kind == html.EndTagToken && p.name == name:
			return i
		case asItIs:
		case p.kind != html.TextToken || bytes.IndexByte(p.raw, '\n') >= 0:
			return 0
		}
	}
	return 0
}

// maxOpen bounds how far up an end tag looks for what it closes.
const maxOpen = 256

func lastIndex(open []string, name string) int {
	for i := len(open) - 1; i >= max(0, len(open)-maxOpen); i-- {
		if open[i] == name {
			return i
		}
	}
	return -1
}

// tag appends a tag: its signs, its name, its attributes.
func (l *layout) tag(raw []byte, at int) {
	from := at - len(raw)
	i := 0
	next := func(kind tokenKind, to int) {
		if to > i {
			l.add(kind, raw[i:to], from+to)
			i = to
		}
	}
	until := func(signs string) int {
		if n := bytes.IndexAny(raw[i:], signs); n >= 0 {
			return i + n
		}
		return len(raw)
	}
	next(tokenSign, min(len(raw), len(raw)-len(bytes.TrimLeft(raw, "</"))))
	next(tokenName, until(" \t\r\n/>"))
	for i < len(raw) {
		switch c := raw[i]; c {
		case '"', '\'':
			to := len(raw)
			if n := bytes.IndexByte(raw[i+1:], c); n >= 0 {
				to = i + n + 2
			}
			next(tokenString, to)
		case '=', '/', '>', '<':
			next(tokenSign, i+1)
		case ' ', '\t', '\r', '\n':
			next(tokenText, len(raw)-len(bytes.TrimLeft(raw[i:], " \t\r\n")))
		default:
			kind := tokenName
			if raw[i-1] == '=' {
				kind = tokenString
			}
			next(kind, max(i+1, until(" \t\r\n=>\"'")))
		}
	}
}
