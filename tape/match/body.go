package match

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"slices"
	"strconv"
	"strings"

	"wiretape/tape/redact"
	"wiretape/wire/content"
	"wiretape/wire/http1"
)

// body compares bodies in the form that the rules or the recorded media type
// name, and reports whether they agree.
func (c *comparison) body(wf, gf http1.Fields, path string) bool {
	if c.want.long || c.got.live != nil {
		return c.streamed(path)
	}
	want, got := c.want.bodyText(), c.got.Body.Data
	if want.literal() && bytes.Equal(want.b, got) && c.want.Body.Size == c.got.Body.Size {
		return true
	}
	if c.want.Complete && !c.got.Complete && bytes.HasPrefix(want.b, got) {
		return true // and cut off, which is told elsewhere
	}
	if !c.want.Complete && (bytes.HasPrefix(got, want.b) || bytes.HasPrefix(want.b, got)) {
		return true // the tape has no more of it
	}
	if c.want.Derived && !c.got.Body.Cut {
		if r := redact.Text(got); bytes.Equal(r, want.b) {
			c.byKind(path)
			return true
		} else if len(r) == len(got) {
			got = r
		}
	}
	form := c.rules.Body
	coded := wf.Has("Content-Encoding") || gf.Has("Content-Encoding")
	if coded && form != BodyBytes {
		if w, g, ok := c.decoded(wf, gf); ok {
			if bytes.Equal(w.b, g) {
				return true // coded anew, by other means perhaps
			}
			want, got, coded = w, g, false
		}
	}
	if form == BodyByType && !coded {
		form = formOf(wf.Get("Content-Type"))
		if a, b, ok := sameButBoundary(wf.Get("Content-Type"), gf.Get("Content-Type")); ok && a != "" && b != "" && a != b {
			got = bytes.ReplaceAll(got, []byte("--"+b), []byte("--"+a))
		}
	}
	if c.want.Body.Cut || c.got.Body.Cut {
		form = BodyBytes
	}
	switch form {
	case BodyJSON:
		if c.fits(want, got, path) {
			return true
		}
		return c.jsonBody(want, got, path)
	case BodyText:
		return c.textBody(want, got, path)
	}
	return c.bytes(want, got, path)
}

// decoded returns both bodies without their content codings. It is not ok unless
// all of both is there and sound: what is not is compared as it came.
func (c *comparison) decoded(wf, gf http1.Fields) (want text, got []byte, ok bool) {
	t := c.want.bodyText()
	if !t.literal() || c.want.Body.Cut || c.got.Body.Cut {
		return text{}, nil, false
	}
	w := content.Decode(wf.Values("Content-Encoding"), t.b, c.want.Complete, content.Limits{})
	g := content.Decode(gf.Values("Content-Encoding"), c.got.Body.Data, c.got.Complete, content.Limits{})
	if w.Cut || g.Cut || len(w.Undone) != len(w.Named) || len(g.Undone) != len(g.Named) {
		return text{}, nil, false
	}
	return text{b: w.Data, off: t.off, decoded: true}, g.Data, true
}

// formOf returns how a body of a media type is compared.
func formOf(contentType []byte) BodyForm {
	t, _, err := mime.ParseMediaType(string(contentType))
	switch {
	case err != nil:
		return BodyBytes
	case t == "application/json", strings.HasSuffix(t, "+json"):
		return BodyJSON
	case strings.HasPrefix(t, "text/"), strings.HasSuffix(t, "+xml"), strings.HasPrefix(t, "multipart/"),
		slices.Contains([]string{"application/xml", "application/javascript", "application/x-www-form-urlencoded", "application/x-ndjson"}, t):
		return BodyText
	}
	return BodyBytes
}

// textBody compares line by line.
func (c *comparison) textBody(want text, got []byte, path string) bool {
	if c.fits(want, got, path) {
		return true
	}
	ws, gs := c.lines(want), splitLines(got)
	n := len(c.out.Mismatches)
	if !c.compareLines(ws, gs, path+" line") {
		c.out.Key = false
		return false
	}
	// Line ends are the same characters to a reader, and not to a peer.
	w, g := bytes.Count(want.b, []byte("\r\n")), bytes.Count(got, []byte("\r\n"))
	ended := bytes.HasSuffix(want.b, []byte("\n")) == bytes.HasSuffix(got, []byte("\n"))
	if len(c.rules.IgnoreLine) == 0 && (w != g || !ended) && n == len(c.out.Mismatches) {
		c.out.Key = false
		c.add(Mismatch{Kind: Different, Path: path + " line ends", Want: fmt.Sprintf("%d CRLF of %d", w, len(ws)), Got: fmt.Sprintf("%d CRLF of %d", g, len(gs))}, want.off)
		return false
	}
	return true
}

// maxJSON is how many mismatches of one JSON body are told one by one.
const maxJSON = 20

// jsonBody compares by value. Where one of both is no JSON, octet by octet.
func (c *comparison) jsonBody(want text, got []byte, path string) bool {
	j := jsonComparison{c: c, base: want, path: path}
	marked := j.mark(want)
	w, err1 := decodeJSON(marked)
	g, err2 := decodeJSON(got)
	if err1 != nil || err2 != nil {
		if err1 == nil {
			c.out.Key = false
			c.add(Mismatch{Kind: Different, Path: path, Want: "JSON", Got: around(got, 0), Why: "what came is no JSON: " + err2.Error()}, want.off)
			return false
		}
		return c.bytes(want, got, path)
	}
	j.value("", w, g)
	if j.n > maxJSON {
		c.out.Mismatches[len(c.out.Mismatches)-1].Why = fmt.Sprintf("and %d more values", j.n-maxJSON)
	}
	if j.n > 0 {
		c.out.Key = false
	}
	return j.n == 0
}

func decodeJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the value")
	}
	return v, nil
}

// A jsonComparison compares two JSON values. Spans of the recorded one are taken
// out of it before it is read, and marks stand for them: the text of a mark is a
// private character, the number of the span, and the character again.
type jsonComparison struct {
	c    *comparison
	base text
	path string
	n    int // mismatches
}

// private delimits marks: U+F8FF, for which no document has a use.
const private = "\uf8ff"

// mark returns the text with marks in place of spans: within a string as they
// are, else as a string.
func (j *jsonComparison) mark(t text) []byte {
	if t.literal() {
		return t.b
	}
	var out []byte
	at, quoted := 0, false
	for n, s := range t.spans {
		for i := at; i < s.From; i++ {
			switch {
			case t.b[i] == '\\' && quoted:
				i++
			case t.b[i] == '"':
				quoted = !quoted
			}
		}
		out = append(out, t.b[at:s.From]...)
		m := private + strconv.Itoa(n) + private
		if !quoted {
			m = `"` + m + `"`
		}
		out = append(out, m...)
		at = s.To
	}
	return append(out, t.b[at:]...)
}

// unmark turns a string with marks into a text with spans.
func (j *jsonComparison) unmark(s string) text {
	var t text
	for i, part := range strings.Split(s, private) {
		n, err := strconv.Atoi(part)
		if i%2 == 0 || err != nil || n < 0 || n >= len(j.base.spans) {
			t.b = append(t.b, part...)
			continue
		}
		span := j.base.spans[n]
		sample := j.base.b[span.From:span.To]
		span.From = len(t.b)
		t.b = append(t.b, sample...)
		span.To = len(t.b)
		t.spans = append(t.spans, span)
	}
	return t
}

func (j *jsonComparison) differ(m Mismatch, at string) {
	if j.n++; j.n > maxJSON {
		return
	}
	m.Path = j.path
	if at != "" {
		m.Path += "." + strings.TrimPrefix(at, ".")
	}
	j.c.add(m, j.base.at(j.find(at)))
}

// find returns where the last name of a path stands in the recorded text, so
// that the mismatch has the line of that member; 0 where it is not found.
func (j *jsonComparison) find(at string) int {
	name := at[strings.LastIndexByte(at, '.')+1:]
	if i := strings.IndexByte(name, '['); i >= 0 {
		name = name[:i]
	}
	if name == "" {
		return 0
	}
	return max(0, bytes.Index(j.base.b, []byte(`"`+name+`"`)))
}

// value compares two values at a path.
func (j *jsonComparison) value(at string, w, g any) {
	if j.c.rules.ignoresJSON(strings.TrimPrefix(at, ".")) {
		j.c.ignored(j.path + at)
		return
	}
	switch w := w.(type) {
	case map[string]any:
		if g, ok := g.(map[string]any); ok {
			j.object(at, w, g)
			return
		}
	case []any:
		if g, ok := g.([]any); ok {
			j.array(at, w, g)
			return
		}
	case string:
		if strings.Contains(w, private) && len(j.base.spans) > 0 {
			j.marked(at, w, g)
			return
		}
		if g, ok := g.(string); ok {
			if w == g {
				return
			}
			if isDate([]byte(w)) && isDate([]byte(g)) || alike([]byte(w), []byte(g)) {
				j.c.byKind(j.path + at)
				return
			}
		}
	case json.Number:
		if g, ok := g.(json.Number); ok && sameNumber(w, g) {
			return
		}
	default:
		if w == g {
			return
		}
	}
	j.differ(Mismatch{Kind: Different, Want: jsonText(w), Got: jsonText(g)}, at)
}

// marked compares a string that has spans, or was a value that is a span.
func (j *jsonComparison) marked(at, w string, g any) {
	t := j.unmark(w)
	got, ok := g.(string)
	if !ok {
		got = jsonText(g)
	}
	if !j.c.fits(t, []byte(got), strings.TrimPrefix(at, ".")) {
		j.differ(Mismatch{Kind: Different, Want: t.show(), Got: Show([]byte(got))}, at)
	}
}

func (j *jsonComparison) object(at string, w, g map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(w)) {
		gv, ok := g[k]
		if !ok {
			if !j.c.rules.ignoresJSON(strings.TrimPrefix(at+"."+k, ".")) {
				j.differ(Mismatch{Kind: Missing, Want: jsonText(w[k])}, at+"."+k)
			}
			continue
		}
		j.value(at+"."+k, w[k], gv)
	}
	for _, k := range slices.Sorted(maps.Keys(g)) {
		if _, ok := w[k]; !ok && !j.c.rules.ignoresJSON(strings.TrimPrefix(at+"."+k, ".")) {
			j.differ(Mismatch{Kind: Extra, Got: jsonText(g[k])}, at+"."+k)
		}
	}
}

func (j *jsonComparison) array(at string, w, g []any) {
	for i := range max(len(w), len(g)) {
		p := fmt.Sprintf("%s[%d]", at, i)
		switch {
		case j.c.rules.ignoresJSON(strings.TrimPrefix(p, ".")):
			j.c.ignored(j.path + p)
		case i >= len(g):
			j.differ(Mismatch{Kind: Missing, Want: jsonText(w[i])}, p)
		case i >= len(w):
			j.differ(Mismatch{Kind: Extra, Got: jsonText(g[i])}, p)
		default:
			j.value(p, w[i], g[i])
		}
	}
}

// sameNumber reports whether two numbers are equal: 1, 1.0 and 10e-1 are.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, err1 := a.Float64()
	y, err2 := b.Float64()
	_, exact1 := a.Int64()
	_, exact2 := b.Int64()
	return err1 == nil && err2 == nil && x == y && !(exact1 == nil && exact2 == nil)
}

// jsonText returns a value as it is written, for display.
func jsonText(v any) string {
	var w bytes.Buffer
	e := json.NewEncoder(&w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	b := bytes.ReplaceAll(bytes.TrimSpace(w.Bytes()), []byte(private), nil)
	if len(b) > maxShown {
		return string(bytes.ToValidUTF8(b[:maxShown], nil)) + "…"
	}
	return string(b)
}
