package content

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"
)

// A Text is a body as characters.
type Text struct {
	Data    []byte // UTF-8, but for octets that no charset explains
	Charset string // as the WHATWG Encoding Standard names it: "utf-8", "windows-1252"; "" where there are no characters to find
	By      string // what said so: "BOM", "Content-Type", "the document", "the media type", "a guess"
	Notes   []Note
}

// Characters finds the characters of a body whose content codings are undone, by
// the value of its Content-Type field. As browsers do, it believes a byte order
// mark first, then the field, then what the document says within its first 1024
// octets; then it guesses: UTF-8 where the octets are, windows-1252 where they are
// not. A body whose type is no text's is left as it is, unless it has a mark. Whole
// says that data is not cut off, perhaps within a character.
func Characters(data, contentTypeValue []byte, whole bool) Text {
	t := Text{Data: data}
	if len(data) == 0 {
		return t
	}
	media, notes := MediaType{}, []Note(nil)
	if len(contentTypeValue) > 0 {
		media, notes = ParseMediaType(contentTypeValue)
	}
	t.Notes = notes
	told := media.Param("charset")
	mark, n := byteOrderMark(data)
	switch {
	case mark != "" && (n == 3 || media.IsText() || media.Name == ""):
		t.Charset, t.By = mark, "BOM"
		t.Data = data[n:]
		if told != "" && CharsetName(told) != mark && !strings.EqualFold(told, "utf-16") {
			t.note(contentType, "Content-Type says "+quote(told)+", the byte order mark "+mark+", which counts", "RFC 9110 8.3.2")
		}
	case !media.IsText() && (told == "" || media.Name != ""):
		return t
	default:
		t.find(media, told, whole)
	}
	t.convert(whole)
	return t
}

func (t *Text) note(field, text, rule string) {
	t.Notes = append(t.Notes, Note{Field: field, Text: text, Rule: rule})
}

// quote returns what a peer calls something, quoted and not too long.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// find decides on the charset of what has no byte order mark.
func (t *Text) find(media MediaType, told string, whole bool) {
	if told != "" {
		if name := CharsetName(told); name != "" {
			t.Charset, t.By = name, "Content-Type"
			return
		}
		t.note(contentType, "charset "+quote(told)+" is unknown", "RFC 9110 8.3.2")
	}
	if name := declared(t.Data, media.Name); name != "" {
		t.Charset, t.By = name, "the document"
		return
	}
	valid := isUTF8(t.Data, whole)
	switch {
	case utf8Only(media.Name):
		t.Charset, t.By = "utf-8", "the media type"
	case valid && isASCII(t.Data):
		t.Charset, t.By = "utf-8", "a guess"
	case valid:
		t.Charset, t.By = "utf-8", "a guess"
		t.note("", "nothing tells the charset: it is UTF-8 by its octets", "RFC 9110 8.3.2")
	case isBinary(t.Data):
	default:
		t.Charset, t.By = "windows-1252", "a guess"
		t.note("", "nothing tells the charset, and it is no UTF-8: read as windows-1252, as browsers do", "RFC 9110 8.3.2")
	}
}

// convert makes UTF-8 of the octets.
func (t *Text) convert(whole bool) {
	switch t.Charset {
	case "":
		return
	case "utf-8":
		if !isUTF8(t.Data, whole) {
			t.note("", "octets that are no UTF-8, which "+t.By+" says it is", "RFC 3629 3")
		}
		return
	}
	if unread(t.Charset) {
		t.note(contentType, "the charset is read by no browser: left as it is", "")
		return
	}
	t.Data = Convert(t.Charset, t.Data, whole)
}

// Convert returns b, which is of a charset that [Text] names, as UTF-8, but for a
// character that its end cuts off unless whole. Of a charset that is not known it
// is b.
func Convert(charset string, b []byte, whole bool) []byte {
	e, err := htmlindex.Get(charset)
	if err != nil || charset == "utf-8" || unread(charset) {
		return b
	}
	d := e.NewDecoder()
	out := make([]byte, 0, len(b)+len(b)/8+utf8.UTFMax)
	for {
		n, m, err := d.Transform(out[len(out):cap(out)], b, whole)
		out, b = out[:len(out)+n], b[m:]
		if err != transform.ErrShortDst {
			return out
		}
		out = append(out, make([]byte, len(out)+64)...)[:len(out)]
	}
}

// unread reports whether a charset is one that browsers refuse to read, or that
// means no characters.
func unread(charset string) bool { return charset == "replacement" || charset == "x-user-defined" }

// byteOrderMark returns the charset that b begins with the mark of, and the mark's
// length.
func byteOrderMark(b []byte) (name string, n int) {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return "utf-8", 3
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return "utf-16be", 2
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return "utf-16le", 2
	}
	return "", 0
}

// CharsetName returns the name, by the WHATWG Encoding Standard, of the charset that
// a label means, "" for none.
func CharsetName(label string) string {
	e, err := htmlindex.Get(strings.TrimSpace(label))
	if err != nil {
		return ""
	}
	name, err := htmlindex.Name(e)
	if err != nil {
		return ""
	}
	return name
}

// declared returns the charset that a document of a media type says it is in, ""
// for none: an HTML document in a meta element, an XML document in its first line.
func declared(b []byte, media string) string {
	b = b[:min(len(b), 1024)]
	switch {
	case media == "text/html" || media == "application/xhtml+xml":
		return unicodeAs8(metaCharset(b))
	case strings.HasSuffix(media, "xml"):
		return unicodeAs8(xmlEncoding(b))
	}
	return ""
}

// metaCharset returns what the first meta element of an HTML document that names a
// charset says.
func metaCharset(b []byte) string {
	z := html.NewTokenizer(bytes.NewReader(b))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			if tag, more := z.TagName(); more && string(tag) == "meta" {
				if name := CharsetName(metaLabel(z)); name != "" {
					return name
				}
			}
		}
	}
}

// metaLabel returns the label in the attributes of a meta element: charset, or
// content beside http-equiv="content-type".
func metaLabel(z *html.Tokenizer) string {
	label, pragma := "", false
	for more := true; more; {
		var name, value []byte
		name, value, more = z.TagAttr()
		switch string(name) {
		case "charset":
			return string(value)
		case "http-equiv":
			pragma = strings.EqualFold(string(value), contentType)
		case "content":
			media, _ := ParseMediaType(value)
			label = media.Param("charset")
		}
	}
	if !pragma {
		return ""
	}
	return label
}

// runeEnd returns where the last whole character of b ends.
func runeEnd(b []byte) int {
	for i := len(b) - 1; i >= 0 && i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if utf8.FullRune(b[i:]) {
				return len(b)
			}
			return i
		}
	}
	return len(b)
}

// unicodeAs8 is what a document means that could be read as ASCII so far and calls
// itself UTF-16.
func unicodeAs8(name string) string {
	if strings.HasPrefix(name, "utf-16") {
		return "utf-8"
	}
	return name
}

// xmlEncoding returns what an XML declaration says.
func xmlEncoding(b []byte) string {
	if !bytes.HasPrefix(b, []byte("<?xml")) {
		return ""
	}
	line, _, whole := bytes.Cut(b, []byte("?>"))
	_, rest, found := bytes.Cut(line, []byte("encoding"))
	rest = bytes.TrimLeft(rest, " \t\r\n=")
	if !whole || !found || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	label, _, _ := bytes.Cut(rest[1:], rest[:1])
	return CharsetName(string(label))
}

// utf8Only reports whether a media type is UTF-8 whatever is told: RFC 8259,
// section 8.1, and what the WHATWG says of its own.
func utf8Only(media string) bool {
	return strings.HasSuffix(media, "json") || media == "text/event-stream" || media == "application/x-www-form-urlencoded" || strings.HasSuffix(media, "xml")
}

// isUTF8 reports whether b is UTF-8, but for a last character that is cut off
// unless whole.
func isUTF8(b []byte, whole bool) bool {
	if !whole {
		b = b[:runeEnd(b)]
	}
	return utf8.Valid(b)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isBinary reports whether b begins with what no charset of one octet a character
// has in text.
func isBinary(b []byte) bool {
	for _, c := range b[:min(len(b), 512)] {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b || c == 0x7f {
			return true
		}
	}
	return false
}
