package content

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCharactersAreFound(t *testing.T) {
	const (
		guessed8    = "nothing tells the charset: it is UTF-8 by its octets"
		guessed1252 = "nothing tells the charset, and it is no UTF-8: read as windows-1252, as browsers do"
	)
	for _, c := range []struct {
		media, body string
		want        string
		charset, by string
		notes       []string
	}{
		{"text/plain; charset=utf-8", "käse", "käse", "utf-8", "Content-Type", nil},
		{"text/plain;charset=ISO-8859-1", "k\xe4se", "käse", "windows-1252", "Content-Type", nil},
		{`text/plain; Charset="latin1"`, "k\xe4se\x80", "käse€", "windows-1252", "Content-Type", nil},
		{"text/html; charset=koi8-r", "\xcb\xcf\xc4", "код", "koi8-r", "Content-Type", nil},
		{"text/html; charset=Shift_JIS", "\x82\xa0", "あ", "shift_jis", "Content-Type", nil},
		{"text/plain; charset=gb18030", "\xd6\xd0", "中", "gb18030", "Content-Type", nil},
		{"text/plain; charset=utf-16le", "h\x00i\x00", "hi", "utf-16le", "Content-Type", nil},
		{"text/plain; charset=frob", "hi", "hi", "utf-8", "a guess", []string{`Content-Type: charset "frob" is unknown`}},
		{"text/plain; charset=utf-8", "k\xe4se", "k\xe4se", "utf-8", "Content-Type", []string{"octets that are no UTF-8, which Content-Type says it is"}},
		{"text/plain; charset=iso-2022-kr", "\x1b$)C", "\x1b$)C", "replacement", "Content-Type", []string{"Content-Type: the charset is read by no browser: left as it is"}},

		{"text/plain", "\xef\xbb\xbfhi", "hi", "utf-8", "BOM", nil},
		{"text/plain", "\xff\xfeh\x00i\x00", "hi", "utf-16le", "BOM", nil},
		{"text/plain; charset=utf-16", "\xfe\xff\x00h\x00i", "hi", "utf-16be", "BOM", nil},
		{"text/plain; charset=latin1", "\xef\xbb\xbfhi", "hi", "utf-8", "BOM", []string{`Content-Type: Content-Type says "latin1", the byte order mark utf-8, which counts`}},
		{"image/x-icon", "\xff\xfe\x00\x01", "\xff\xfe\x00\x01", "", "", nil},

		{"text/html", `<html><meta charset="windows-1251">` + "\xcf", `<html><meta charset="windows-1251">П`, "windows-1251", "the document", nil},
		{"text/html", `<META HTTP-EQUIV=content-type content="text/html; charset=iso-8859-1">` + "\xe4", `<META HTTP-EQUIV=content-type content="text/html; charset=iso-8859-1">ä`, "windows-1252", "the document", nil},
		{"text/html", `<meta charset=utf-16>hi`, `<meta charset=utf-16>hi`, "utf-8", "the document", nil},
		{"text/html", `<meta name=x content="text/html; charset=koi8-r">hi`, `<meta name=x content="text/html; charset=koi8-r">hi`, "utf-8", "a guess", nil},
		{"text/html", `<!-- <meta charset=koi8-r> -->hi`, `<!-- <meta charset=koi8-r> -->hi`, "utf-8", "a guess", nil},
		{"text/html", strings.Repeat(" ", 1024) + `<meta charset=koi8-r>`, strings.Repeat(" ", 1024) + `<meta charset=koi8-r>`, "utf-8", "a guess", nil},
		{"text/html; charset=utf-8", `<meta charset=koi8-r>ä`, `<meta charset=koi8-r>ä`, "utf-8", "Content-Type", nil},
		{"application/xml", `<?xml version="1.0" encoding='iso-8859-1'?><a>` + "\xe4", `<?xml version="1.0" encoding='iso-8859-1'?><a>ä`, "windows-1252", "the document", nil},

		{"application/json", `"ä"`, `"ä"`, "utf-8", "the media type", nil},
		{"text/plain", "hi", "hi", "utf-8", "a guess", nil},
		{"text/plain", "käse", "käse", "utf-8", "a guess", []string{guessed8}},
		{"text/plain", "k\xe4se", "käse", "windows-1252", "a guess", []string{guessed1252}},
		{"text/plain", "\x7fELF\x02\x01\xff", "\x7fELF\x02\x01\xff", "", "", nil},
		{"application/octet-stream", "k\xe4se", "k\xe4se", "", "", nil},
		{"", "k\xe4se", "k\xe4se", "", "", nil},
	} {
		got := Characters([]byte(c.body), []byte(c.media), true)
		if string(got.Data) != c.want || got.Charset != c.charset || got.By != c.by || !slices.Equal(texts(got.Notes), c.notes) {
			t.Errorf("%q, %q: %q, %s by %s, notes %q; want %q, %s by %s, notes %q", c.media, c.body, got.Data, got.Charset, got.By, texts(got.Notes), c.want, c.charset, c.by, c.notes)
		}
	}
}

// A character at which a body was cut is no fault, and not made up.
func TestCutCharacters(t *testing.T) {
	for _, c := range []struct{ media, body, want string }{
		{"text/plain; charset=utf-8", "k\xc3", "k\xc3"},
		{"text/plain", "\xc3\xa4\xc3", "ä\xc3"},
		{"text/plain; charset=shift_jis", "\x82\xa0\x82", "あ"},
		{"text/plain; charset=utf-16be", "\x00h\x00", "h"},
	} {
		got := Characters([]byte(c.body), []byte(c.media), false)
		if string(got.Data) != c.want || len(got.Notes) > 1 {
			t.Errorf("%q, %q: %q, notes %q; want %q", c.media, c.body, got.Data, texts(got.Notes), c.want)
		}
	}
}

type fields map[string]string

func (f fields) Get(name string) []byte { return []byte(f[name]) }

func (f fields) Values(name string) [][]byte {
	if v, ok := f[name]; ok {
		return [][]byte{[]byte(v)}
	}
	return nil
}

func TestFieldsSayWhatABodyIs(t *testing.T) {
	gz := code(t, "k\xe4se", "gzip")
	for _, c := range []struct {
		name   string
		fields fields
		text   string
		notes  []string
	}{
		{"coded text", fields{"Content-Type": "text/plain; charset=latin1", "Content-Encoding": "gzip"}, "käse", nil},
		{"text that is coded in secret", fields{"Content-Type": "text/plain"}, gz, []string{"Content-Type: the octets are gzip, and no Content-Encoding says so: not undone"}},
		{"a file", fields{"Content-Type": "application/gzip"}, gz, nil},
		{"nothing", nil, gz, nil},
	} {
		b := Read(c.fields, []byte(gz), true, Limits{})
		if string(b.Text.Data) != c.text || !slices.Equal(texts(b.AllNotes()), c.notes) {
			t.Errorf("%s: %q, notes %q; want %q, %q", c.name, b.Text.Data, texts(b.AllNotes()), c.text, c.notes)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	for _, c := range []struct {
		in, name, charset string
		notes             []string
	}{
		{"text/html", "text/html", "", nil},
		{"Text/HTML ; Charset=\"UTF-8\";q=1", "text/html", "UTF-8", nil},
		{`a/b; x="y;\"z"; charset=k`, "a/b", "k", nil},
		{"text/html;", "text/html", "", nil},
		{"text", "text", "", []string{"Content-Type: the media type is no type/subtype"}},
		{"", "", "", []string{"Content-Type: no media type"}},
		{"a/b; charset = x", "a/b", "x", []string{"Content-Type: white space around the = of a parameter of the media type"}},
		{"a/b; charset=x; charset=y", "a/b", "x", []string{"Content-Type: the media type has several parameters of one name: the first counts"}},
		{`a/b; charset="x`, "a/b", "x", []string{"Content-Type: a parameter of the media type has no closing quote"}},
		{"a/b; charset", "a/b", "", []string{"Content-Type: a parameter of the media type has no value"}},
	} {
		m, notes := ParseMediaType([]byte(c.in))
		if m.Name != c.name || m.Param("charset") != c.charset || !slices.Equal(texts(notes), c.notes) {
			t.Errorf("%q: %q, charset %q, notes %q; want %q, %q, %q", c.in, m.Name, m.Param("charset"), texts(notes), c.name, c.charset, c.notes)
		}
	}
}

func FuzzCharacters(f *testing.F) {
	for _, media := range []string{"", "text/html", "text/html; charset=utf-16le", "text/plain; charset=gb18030", "text/xml", "text/plain; charset=iso-2022-jp", `a/b; x="`} {
		f.Add(media, []byte("<?xml encoding='koi8-r'?><meta charset=big5>\x82\xa0\xff\xfe"), true)
	}
	f.Fuzz(func(t *testing.T, media string, body []byte, whole bool) {
		came := bytes.Clone(body)
		got := Characters(body, []byte(media), whole)
		switch {
		case !bytes.Equal(body, came):
			t.Error("the octets that came were changed")
		case got.Charset == "" && !bytes.Equal(got.Data, came):
			t.Error("no charset, and other octets")
		case got.Charset != "" && got.Charset != "utf-8" && got.Charset != "replacement" && got.Charset != "x-user-defined" && !utf8.Valid(got.Data):
			t.Errorf("%s gives %q, which is no UTF-8", got.Charset, got.Data)
		case len(got.Data) > 3*len(came)+3:
			t.Errorf("%d octets became %d", len(came), len(got.Data))
		}
	})
}
