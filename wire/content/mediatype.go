package content

import (
	"bytes"
	"strings"

	"wiretape/wire/token"
)

// A MediaType is the value of a Content-Type field (RFC 9110, section 8.3.1).
type MediaType struct {
	Name   string // type and subtype, lower case: "text/html"; "" for none
	Params []Param
}

// A Param is a parameter of a media type.
type Param struct {
	Name  string // lower case
	Value string // without quotes
}

// Param returns the value of the first parameter of a name, "" for none.
func (t MediaType) Param(name string) string {
	for _, p := range t.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// ParseMediaType reads the value of a Content-Type field, as far as it can be
// read, and says what deviates:
//
//	media-type = type "/" subtype *( OWS ";" OWS [ parameter ] )
func ParseMediaType(value []byte) (MediaType, []Note) {
	var t MediaType
	var notes []Note
	note := func(text string) {
		notes = append(notes, Note{Field: contentType, Text: text, Rule: "RFC 9110 8.3.1"})
	}
	name, rest, _ := bytes.Cut(value, []byte{';'})
	t.Name = lower(bytes.Trim(name, ows))
	main, sub, slash := strings.Cut(t.Name, "/")
	switch {
	case t.Name == "":
		note("no media type")
	case !slash || !token.Is(main) || !token.Is(sub):
		note("the media type is no type/subtype")
	}
	for len(rest) > 0 {
		rest = bytes.TrimLeft(rest, ows+";")
		if len(rest) == 0 {
			break
		}
		var p Param
		i := bytes.IndexAny(rest, "=;")
		if i < 0 || rest[i] == ';' {
			if i < 0 {
				i = len(rest)
			}
			note("a parameter of the media type has no value")
			rest = rest[i:]
			continue
		}
		p.Name = lower(bytes.Trim(rest[:i], ows))
		after := rest[i+1:]
		if trimmed := bytes.TrimLeft(after, ows); len(trimmed) < len(after) || len(bytes.TrimRight(rest[:i], ows)) < i {
			note("white space around the = of a parameter of the media type")
			after = trimmed
		}
		var whole bool
		p.Value, rest, whole = paramValue(after)
		if !whole {
			note("a parameter of the media type has no closing quote")
		}
		if t.Param(p.Name) != "" {
			note("the media type has several parameters of one name: the first counts")
		}
		t.Params = append(t.Params, p)
	}
	return t, notes
}

const (
	contentType = "Content-Type"
	ows         = " \t\r\n"
)

// paramValue reads a token, or a quoted-string, and returns what follows it.
func paramValue(b []byte) (value string, rest []byte, whole bool) {
	if len(b) == 0 || b[0] != '"' {
		i := bytes.IndexByte(b, ';')
		if i < 0 {
			i = len(b)
		}
		return string(bytes.TrimRight(b[:i], ows)), b[i:], true
	}
	var out []byte
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '"':
			rest = b[i+1:]
			if j := bytes.IndexByte(rest, ';'); j >= 0 {
				return string(out), rest[j:], true
			}
			return string(out), nil, true
		case b[i] == '\\' && i+1 < len(b):
			i++
			fallthrough
		default:
			out = append(out, b[i])
		}
	}
	return string(out), nil, false
}

// IsText reports whether what a media type names is characters, of whatever
// charset.
func (t MediaType) IsText() bool {
	main, sub, _ := strings.Cut(t.Name, "/")
	switch {
	case main == "text", strings.HasSuffix(sub, "+xml"), strings.HasSuffix(sub, "+json"):
		return true
	case main != "application":
		return false
	}
	switch sub {
	case "json", "xml", "javascript", "x-javascript", "ecmascript", "x-www-form-urlencoded", "x-ndjson", "problem+json", "graphql", "yaml", "x-yaml", "toml", "sql":
		return true
	}
	return false
}
