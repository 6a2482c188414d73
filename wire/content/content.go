// Package content says what a body is: it undoes content codings and finds the
// characters of text. It serves whoever shows, compares or judges bodies: the
// view, its JSON and the matcher read one outcome, with the same notes.
//
// A peer's octets are data. Nothing here is an error: what cannot be undone stays
// as it came, what is damaged gives as much as can be had, and each deviation is a
// [Note]. The octets that came are never changed.
//
// # Limits
//
// A few octets may decode to very many. [Limits] bound what is given, whatever the
// number of codings; what is held on the way is bounded by twice that and by the
// windows of the formats: 16 MiB for br, 8 MiB for zstd.
package content

import (
	"bytes"
	"fmt"
	"slices"
)

// Limits bound what [Decode] gives. The zero value means the defaults.
type Limits struct {
	Size  int // octets that a coding may yield
	Ratio int // how many times the octets that came, where that is more than RatioFree
}

// The default limits.
const (
	DefaultSize  = 8 << 20 // 8 MiB
	DefaultRatio = 200

	// RatioFree is what a body may yield however short it is: 1 MiB. A page of one
	// repeated line decodes to thousands of times its octets, and does no harm.
	RatioFree = 1 << 20

	// MaxCodings is how many codings are undone. More are no server's.
	MaxCodings = 8
)

// A Note is a deviation, or a thing worth knowing, about a body.
type Note struct {
	Field string // the header field that it is about; "" for the octets of the body
	Text  string
	Rule  string // "RFC 9110 8.4.1.3"
}

// A Result is a body without its content codings.
type Result struct {
	// Data is the body; it is the slice that came where nothing was undone.
	Data []byte
	// Named are the codings that the field names, lower case, in the order in
	// which they were applied; identity and empty elements are left out.
	Named []string
	// Undone are those that were undone, in the same order.
	Undone []string
	// Cut says that there is more, which is not given: the limit was reached, the
	// octets are damaged, or not all of them were there.
	Cut   bool
	Notes []Note
}

// Decoded reports whether Data is other octets than those that came.
func (r *Result) Decoded() bool { return len(r.Undone) > 0 }

// Fields are the header fields of a message, as [wiretape/wire/http1.Fields] gives
// them.
type Fields interface {
	Get(name string) []byte      // the value of the first field of a name, nil for none
	Values(name string) [][]byte // the values of all fields of a name
}

// A Body is what the fields of a message make of its octets.
type Body struct {
	Result
	Text Text // of Result.Data
}

// Read undoes the content codings of a message's body, as [Decode] does, and finds
// its characters, as [Characters] does.
func Read(f Fields, body []byte, whole bool, limits Limits) Body {
	r := Decode(f.Values(contentEncoding), body, whole, limits)
	b := Body{r, Characters(r.Data, f.Get(contentType), !r.Cut)}
	if seen := sniff(r.Data); seen != nil && len(r.Named) == 0 {
		// Browsers give such octets to whoever saves the file, and show no text.
		if media, _ := ParseMediaType(f.Get(contentType)); media.IsText() {
			b.Notes = append(b.Notes, Note{Field: contentType, Text: "the octets are " + seen.name + ", and no Content-Encoding says so: not undone", Rule: "RFC 9110 8.4"})
		}
	}
	return b
}

// AllNotes returns the notes on the codings and those on the characters.
func (b *Body) AllNotes() []Note { return slices.Concat(b.Notes, b.Text.Notes) }

// contentEncoding is the field that names content codings.
const contentEncoding = "Content-Encoding"

// Decode undoes the content codings that the values of a message's
// Content-Encoding fields name, from the last to the first (RFC 9110, section
// 8.4). Whole says that body is all of the body: where it is not, that it stops in
// the middle is no deviation.
func Decode(values [][]byte, body []byte, whole bool, limits Limits) Result {
	r := Result{Data: body, Cut: !whole}
	codings := r.codings(values)
	if len(codings) == 0 || len(body) == 0 {
		if len(codings) > 0 && whole {
			r.note("", "the body is empty, which "+codings[0]+" never yields", rule(codings[0]))
		}
		return r
	}
	if len(codings) > MaxCodings {
		r.note(contentEncoding, fmt.Sprintf("%d content codings: none is undone, the limit is %d", len(codings), MaxCodings), "RFC 9110 8.4")
		return r
	}
	for i := len(codings) - 1; i >= 0; i-- {
		if !r.undo(codings[i], len(body), limits) {
			for _, c := range codings[:i] {
				r.note("", "so "+c+" is not undone either", "RFC 9110 8.4")
			}
			break
		}
	}
	slices.Reverse(r.Undone)
	return r
}

// codings reads the list of codings and notes what is odd about it.
func (r *Result) codings(values [][]byte) []string {
	var all []string
	for _, v := range values {
		for part := range bytes.SplitSeq(v, []byte{','}) {
			name := lower(bytes.Trim(part, ows))
			switch name {
			case "":
				r.note(contentEncoding, "empty element in the list of content codings", "RFC 9110 5.6.1")
			case "identity":
				r.note(contentEncoding, "identity is no content coding: passed over", "RFC 9110 12.5.3")
			default:
				all = append(all, name)
			}
		}
	}
	r.Named = all
	return all
}

// lower returns b with its ASCII letters in lower case, and other octets as they
// are.
func lower(b []byte) string {
	out := bytes.Clone(b)
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] = c + ('a' - 'A')
		}
	}
	return string(out)
}

// undo undoes one coding of r.Data, and reports whether the next may be tried.
func (r *Result) undo(name string, came int, limits Limits) bool {
	c, known := find(name)
	if !known {
		text := "content coding " + quote(name) + " is unknown"
		if c = sniff(r.Data); c == nil {
			r.note(contentEncoding, text+": not undone", "RFC 9110 8.4.1")
			return false
		}
		r.note(contentEncoding, text+"; the octets are "+c.name+", which is undone", "RFC 9110 8.4.1")
	}
	if known && name != c.name && name != "x-gzip" {
		r.note(contentEncoding, quote(name)+" is registered nowhere: taken for "+c.name, "RFC 9110 8.4.1")
	}
	o := output{limit: limit(came, limits), whole: !r.Cut}
	c.undo(&o, r.Data)
	if seen := sniff(r.Data); len(o.data) == 0 && (o.damaged || o.foreign) && seen != nil && seen != c {
		r.note("", "the octets are not "+c.name+" but "+seen.name+", which is undone", c.rule)
		c, o = seen, output{limit: o.limit, whole: o.whole}
		c.undo(&o, r.Data)
	}
	for _, n := range o.notes {
		r.note("", n, c.rule)
	}
	switch {
	case o.full:
		r.note("", fmt.Sprintf("what %s yields goes on beyond the limit of %d octets: stopped there", c.name, o.limit), "")
	case o.foreign && len(o.data) == 0:
		r.note("", "the octets are not "+c.name+": taken as they are", c.rule)
		return true // browsers go on with them too
	case len(o.data) == 0 && o.damaged:
		return false
	}
	r.Data, r.Cut = o.data, r.Cut || o.full || o.damaged
	r.Undone = append(r.Undone, c.name)
	return true
}

func (r *Result) note(field, text, rule string) {
	r.Notes = append(r.Notes, Note{Field: field, Text: text, Rule: rule})
}

// limit returns how much may come of so many octets.
func limit(came int, l Limits) int {
	if l.Size == 0 {
		l.Size = DefaultSize
	}
	if l.Ratio == 0 {
		l.Ratio = DefaultRatio
	}
	return min(l.Size, max(RatioFree, l.Ratio*came))
}
