package h2

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// errRequestLine says what a typed request has to look like.
var errRequestLine = errors.New("over HTTP/2 a request begins with METHOD TARGET, or with :method: METHOD; .send sends bytes and frames")

// A Request is what a composed request asks for.
type Request struct {
	fields   []field
	parts    [][]byte // of the body, a DATA frame each where they are not too long; none for no body
	trailers []field  // none for none
	Remarks  []string // what HTTP/2 cannot carry of the text, and what it lacks that a server will miss
	Folded   bool     // a name lost its capitals
}

// ParseRequest reads a composed request. One of the form of HTTP/1 becomes the
// fields of RFC 9113, section 8.3: the request line gives the pseudo-header
// fields, of which each may be typed too and then stands in place of what is made
// up; Host becomes :authority; names become lower case unless typed says that they
// stay. A body in chunks becomes a DATA frame for each chunk, and its trailer
// section a header block.
//
// One whose first line is a pseudo-header field goes exactly as typed: names,
// order, and whatever else.
func ParseRequest(text []byte, scheme string, typed bool) (*Request, error) {
	lines, body := cutHead(text)
	if len(lines) == 0 {
		return nil, errRequestLine
	}
	r := new(Request)
	exact := lines[0][0] == ':'
	var pseudo []field
	if !exact {
		words := strings.Fields(lines[0])
		if len(words) < 2 {
			return nil, errRequestLine
		}
		pseudo = pseudoFields(words[0], words[1], scheme)
		r.leftOut(words[2:])
		lines = lines[1:]
	}
	fields, err := r.read(lines, exact || typed)
	if err != nil {
		return nil, err
	}
	if exact {
		r.fields = fields
	} else {
		body, err = r.arrange(pseudo, fields, body)
		if err != nil {
			return nil, err
		}
	}
	if len(body) > 0 {
		r.parts = [][]byte{body}
	}
	if !slices.ContainsFunc(r.fields, func(f field) bool { return f.name == ":authority" || strings.EqualFold(f.name, "host") }) {
		r.Remarks = append(r.Remarks, "no Host field, so no :authority is sent (RFC 9113 8.3.1)")
	}
	return r, nil
}

// pseudoFields returns the pseudo-header fields of a request line. RFC 9113, section
// 8.5: CONNECT has neither :scheme nor :path.
func pseudoFields(method, target, scheme string) []field {
	if method == "CONNECT" {
		return []field{{name: ":method", value: method}, {name: ":authority", value: target}}
	}
	return []field{{name: ":method", value: method}, {name: ":scheme", value: scheme}, {name: ":path", value: target}}
}

// leftOut remarks what stands behind the target of a request line, besides a
// version.
func (r *Request) leftOut(words []string) {
	if n := len(words); n > 0 && strings.HasPrefix(words[n-1], "HTTP/") {
		words = words[:n-1]
	}
	if len(words) > 0 {
		r.Remarks = append(r.Remarks, fmt.Sprintf("HTTP/2 has no place for %q of the request line: left out", strings.Join(words, " ")))
	}
}

// read returns field lines as fields.
func (r *Request) read(lines []string, typed bool) ([]field, error) {
	var fields []field
	for _, l := range lines {
		colon := 1 + strings.IndexByte(l[1:], ':') // a pseudo-header field begins with one
		if colon < 1 {
			return nil, fmt.Errorf("%q has no colon: a field of HTTP/2 has a name and a value", l)
		}
		f := field{name: l[:colon], value: strings.Trim(l[colon+1:], " \t")}
		if lower := strings.ToLower(f.name); !typed && lower != f.name {
			f.name, r.Folded = lower, true
		}
		fields = append(fields, f.sensitive())
	}
	return fields, nil
}

// sensitive returns the field, never indexed where its name says that it is a
// secret (RFC 7541, section 7.1.3).
func (f field) sensitive() field {
	switch strings.ToLower(f.name) {
	case "authorization", "cookie", "proxy-authorization":
		f.form = formNever
	}
	return f
}

// arrange puts the pseudo-header fields of a request before its others, and reads
// a body in chunks. It returns what of the body is not in parts.
func (r *Request) arrange(pseudo, fields []field, body []byte) ([]byte, error) {
	named := func(name string) func(field) bool { return func(f field) bool { return f.name == name } }
	chunked := false
	for _, f := range fields {
		switch name := strings.ToLower(f.name); {
		case name[0] == ':':
			f.name = name
			if i := slices.IndexFunc(pseudo, named(name)); i >= 0 {
				pseudo[i] = f
			} else {
				pseudo = append(pseudo, f)
			}
		case name == "host" && !slices.ContainsFunc(pseudo, named(":authority")) && !slices.ContainsFunc(fields, named(":authority")):
			f.name = ":authority"
			pseudo = append(pseudo, f)
		case name == "transfer-encoding" && strings.EqualFold(f.value, "chunked"):
			chunked = true
		default:
			r.fields = append(r.fields, f)
		}
	}
	r.fields = append(pseudo, r.fields...)
	if !chunked {
		return body, nil
	}
	r.Remarks = append(r.Remarks, "Transfer-Encoding is not sent: over HTTP/2 each chunk is a DATA frame (RFC 9113 8.1)")
	return nil, r.chunks(body)
}

// chunks reads a body of RFC 9112, section 7.1, as it was composed. What does not
// read as chunks goes as it is.
func (r *Request) chunks(body []byte) error {
	line := func() string {
		l, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		return string(bytes.TrimSuffix(l, []byte("\r")))
	}
	for len(body) > 0 {
		whole := body
		digits, ext, _ := strings.Cut(line(), ";")
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 31)
		if ext != "" {
			r.Remarks = append(r.Remarks, fmt.Sprintf("HTTP/2 has no place for the chunk extension %q: left out", ext))
		}
		switch {
		case err != nil || n > uint64(len(body)):
			r.Remarks = append(r.Remarks, "the body does not read as chunks: the rest of it is sent as it is")
			r.parts = append(r.parts, whole)
			return nil
		case n == 0:
			lines, _ := cutHead(body)
			r.trailers, err = r.read(lines, false)
			return err
		}
		r.parts = append(r.parts, body[:n])
		body = body[n:]
		line() // behind the chunk's data
	}
	return nil
}

// cutHead parts a composed request at its blank line.
func cutHead(b []byte) (lines []string, body []byte) {
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		b = rest
		text := string(bytes.TrimSuffix(line, []byte("\r")))
		if text == "" {
			break
		}
		lines = append(lines, text)
	}
	return lines, b
}
