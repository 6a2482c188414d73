package http2

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// version is the Version of requests and responses.
const version = "HTTP/2"

// note says that a message is malformed at an offset of its direction.
func (b *block) note(offset int64, text, rule string) {
	b.notes = proto.AddNote(b.notes, proto.Note{Offset: offset, Text: text, Rule: rule})
}

// A pseudo is what the pseudo-header fields of a block say (RFC 9113, section 8.3).
type pseudo struct {
	value map[string][]byte
	rest  http1.Fields
}

var (
	requestPseudo  = []string{":method", ":scheme", ":authority", ":path", ":protocol"} // the last: RFC 8441
	responsePseudo = []string{":status"}
)

// split parts the pseudo-header fields of a block from the others, and notes what
// is wrong with either.
func (b *block) split(allowed []string) pseudo {
	p := pseudo{value: map[string][]byte{}}
	var rest []http1.Field
	cookie := -1 // of the first crumb, in rest
	var crumbs [][]byte
	for i := range b.fields {
		f := &b.fields[i]
		at := b.offsets[i]
		if len(f.Name) > 0 && f.Name[0] == ':' {
			name := string(f.Name)
			_, twice := p.value[name]
			switch {
			case !slices.Contains(allowed, name):
				b.note(at, fmt.Sprintf("pseudo-header field %q is not one of %s", name, whose(allowed)), "RFC 9113 8.3")
			case twice:
				b.note(at, fmt.Sprintf("%s is given twice", name), "RFC 9113 8.3")
			case len(rest) > 0:
				b.note(at, fmt.Sprintf("%s stands behind a field that is no pseudo-header field", name), "RFC 9113 8.3")
			}
			if !twice {
				p.value[name] = f.Value
			}
			b.checkValue(f, at)
			continue
		}
		b.checkField(f, at)
		// RFC 9113, section 8.2.3: the crumbs of Cookie are one field.
		if string(f.Name) == "cookie" {
			if crumbs = append(crumbs, f.Value); len(crumbs) > 1 {
				continue
			}
			cookie = len(rest)
		}
		rest = append(rest, *f)
	}
	if len(crumbs) > 1 {
		rest[cookie].Value = bytes.Join(crumbs, []byte("; "))
	}
	p.rest = http1.FieldsOf(rest...)
	return p
}

func whose(allowed []string) string {
	switch len(allowed) {
	case 0:
		return "a trailer section"
	case 1:
		return "a response"
	}
	return "a request"
}

// checkField notes what no field of HTTP/2 may be.
func (b *block) checkField(f *http1.Field, at int64) {
	const names = "RFC 9113 8.2.1"
	switch i := bytes.IndexFunc(f.Name, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == ':' }); {
	case len(f.Name) == 0:
		b.note(at, "a field has no name", names)
	case bytes.ContainsFunc(f.Name, func(c rune) bool { return 'A' <= c && c <= 'Z' }):
		b.note(at, fmt.Sprintf("name %q is not in lower case", f.Name), names)
	case i >= 0:
		b.note(at, fmt.Sprintf("name %q has an octet that no name may have", f.Name), names)
	}
	b.checkValue(f, at)
	switch name := string(bytes.ToLower(f.Name)); name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		b.note(at, fmt.Sprintf("%s is about a connection of HTTP/1", name), "RFC 9113 8.2.2")
	case "te":
		if string(f.Value) != "trailers" {
			b.note(at, fmt.Sprintf("te is %q, where only \"trailers\" may stand", f.Value), "RFC 9113 8.2.2")
		}
	}
}

// checkValue notes what no value may have.
func (b *block) checkValue(f *http1.Field, at int64) {
	const rule = "RFC 9113 8.2.1"
	v := f.Value
	if bytes.ContainsAny(v, "\x00\r\n") {
		b.note(at, fmt.Sprintf("the value of %q has NUL, CR or LF", f.Name), rule)
	}
	if n := len(v); n > 0 && (v[0] == ' ' || v[0] == '\t' || v[n-1] == ' ' || v[n-1] == '\t') {
		b.note(at, fmt.Sprintf("the value of %q has white space around it", f.Name), rule)
	}
}

// request makes the request of a header block.
func (b *block) request() *http1.Request {
	p := b.split(requestPseudo)
	r := &http1.Request{
		Method: string(p.value[":method"]), Scheme: string(p.value[":scheme"]), Authority: string(p.value[":authority"]),
		Target: string(p.value[":path"]), Version: version, Fields: p.rest, Length: b.length(p.rest),
		KeepAlive: true, KeepAliveWhy: version,
	}
	missing := func(name string) {
		if _, ok := p.value[name]; !ok && !b.broken {
			b.note(b.from.Span.From, name+" is missing", "RFC 9113 8.3.1")
		}
	}
	missing(":method")
	_, extended := p.value[":protocol"]
	if r.Method == "CONNECT" && !extended {
		// RFC 9113, section 8.5.
		for _, name := range []string{":scheme", ":path"} {
			if _, ok := p.value[name]; ok {
				b.note(b.from.Span.From, "CONNECT with "+name, "RFC 9113 8.5")
			}
		}
		missing(":authority")
		r.Target = r.Authority
		b.fault(&r.Fault)
		return r
	}
	missing(":scheme")
	missing(":path")
	if path, ok := p.value[":path"]; ok && (r.Scheme == "http" || r.Scheme == "https") {
		switch {
		case len(path) == 0:
			b.note(b.from.Span.From, ":path is empty", "RFC 9113 8.3.1")
		case path[0] != '/' && string(path) != "*":
			b.note(b.from.Span.From, fmt.Sprintf(":path is %q, which does not begin with \"/\"", path), "RFC 9113 8.3.1")
		}
	}
	if bytes.ContainsRune(p.value[":authority"], '@') && (r.Scheme == "http" || r.Scheme == "https") {
		b.note(b.from.Span.From, fmt.Sprintf(":authority is %q, with a user in it", r.Authority), "RFC 9113 8.3.1")
	}
	host := r.Fields.Get("Host")
	if a, ok := p.value[":authority"]; ok && host != nil && !bytes.EqualFold(a, host) {
		b.note(b.from.Span.From, fmt.Sprintf(":authority is %q, Host is %q", a, host), "RFC 9113 8.3.1")
	}
	b.fault(&r.Fault)
	return r
}

// response makes the response of a header block.
func (b *block) response() *http1.Response {
	p := b.split(responsePseudo)
	r := &http1.Response{Version: version, Fields: p.rest, Length: b.length(p.rest)}
	v, ok := p.value[":status"]
	n, err := strconv.Atoi(string(v))
	switch {
	case !ok && !b.broken:
		b.note(b.from.Span.From, ":status is missing", "RFC 9113 8.3.2")
	case ok && (err != nil || len(v) != 3 || n < 100):
		b.note(b.from.Span.From, fmt.Sprintf(":status is %q, not three digits", v), "RFC 9113 8.3.2")
	case ok:
		r.Status = n
	}
	if r.Status == 101 {
		b.note(b.from.Span.From, "101, which HTTP/2 does not have", "RFC 9113 8.6")
	}
	b.fault(&r.Fault)
	return r
}

// checkTrailers notes what no trailer section may have, and takes its
// pseudo-header fields out.
func (b *block) checkTrailers() { b.fields = b.split(nil).rest.List() }

// fault names the first thing that makes a message malformed (RFC 9113, section
// 8.1.1).
func (b *block) fault(to *string) {
	for _, n := range b.notes {
		if n.Rule != "" {
			*to = n.Text
			return
		}
	}
}

// length returns the Content-Length of a message, -1 for none.
func (b *block) length(fields http1.Fields) int64 {
	all := fields.Values("Content-Length")
	if len(all) == 0 {
		return -1
	}
	for i, v := range all {
		switch {
		case lengthOf(v) < 0:
			b.note(b.from.Span.From, fmt.Sprintf("Content-Length is %q", v), "RFC 9113 8.1.1")
			return -1
		case i > 0 && !bytes.Equal(v, all[0]):
			b.note(b.from.Span.From, "several Content-Length fields, which differ", "RFC 9113 8.1.1")
			return -1
		}
	}
	return lengthOf(all[0])
}

// lengthOf reads a Content-Length; -1 where it is none.
func lengthOf(v []byte) int64 {
	if len(v) == 0 || len(v) > 18 {
		return -1
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return -1
		}
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
