package tape

import (
	"bytes"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"wiretape/wire"
)

// volatile finds values in the heads of HTTP/1 messages that differ from one
// recording to the next, and gives them spans.
type volatile struct {
	streams map[streamKey]*headLine
	// ids are the names under which secrets that the server sent are captured.
	ids map[secretValue]string
	// values are the names under which other values are captured.
	values map[string]string
	taken  map[string]bool
}

// A secretValue is what tells one value of a secret from another: of two lengths
// it has two.
type secretValue struct {
	id  string
	len int
}

type streamKey struct {
	conn int
	dir  wire.Dir
}

// headLine is where a stream stands.
type headLine struct {
	in   bool // in a head
	left int64
}

// maxValues bounds how many values are remembered as captured.
const maxValues = 4096

func (v *volatile) event(e wire.Event) {
	if e.Kind == wire.KindClose || e.Kind == wire.KindOpen || e.Kind == wire.KindSecure {
		delete(v.streams, streamKey{e.Conn, wire.ClientToServer})
		delete(v.streams, streamKey{e.Conn, wire.ServerToClient})
	}
}

// find returns the spans of data, a part of the formatter's run, with those that
// are new.
func (v *volatile) find(f *formatter, data []byte, old []Span) []Span {
	if v.taken == nil {
		v.streams = make(map[streamKey]*headLine)
		v.ids, v.values, v.taken = make(map[secretValue]string), make(map[string]string), make(map[string]bool)
	}
	key := streamKey{f.conn, f.dir}
	h := v.streams[key]
	if h == nil {
		h = new(headLine)
		v.streams[key] = h
	}
	if !f.wrote && beginsHead(data, f.dir) {
		// A turn that begins so is no body, whatever was announced: a response
		// to HEAD announces what does not come.
		h.left = 0
	}
	r := volatileRun{v: v, dir: f.dir, data: data, old: old, inside: f.inside}
	for _, s := range old {
		if s.ID != "" && s.Kind != SpanSecret {
			v.taken[s.ID] = true
		}
	}
	r.heads(h)
	r.take(len(data) + 1)
	return r.spans
}

// A volatileRun is one part of a run on its way to new spans.
type volatileRun struct {
	v      *volatile
	dir    wire.Dir
	data   []byte
	inside []insert // a span is in one line, so none of these is in a span
	old    []Span   // those behind what was looked at
	spans  []Span
}

// take passes the old spans on that begin before at.
func (r *volatileRun) take(at int) {
	for len(r.old) > 0 && r.old[0].From < at {
		s := r.old[0]
		if id := r.v.ids[secretValue{s.ID, s.To - s.From}]; s.Kind == SpanSecret && id != "" && r.dir == wire.ClientToServer && (s.Enc == "" || s.Enc == "raw") {
			s = Span{From: s.From, To: s.To, Kind: SpanRef, ID: id}
		}
		r.spans, r.old = append(r.spans, s), r.old[1:]
	}
}

// add makes a span of data[from:to], unless there is one.
func (r *volatileRun) add(s Span) {
	r.take(s.From)
	// The first line that stands behind the span's first byte.
	i := sort.Search(len(r.inside), func(i int) bool { return r.inside[i].at > s.From })
	if len(r.old) > 0 && r.old[0].From < s.To || i < len(r.inside) && r.inside[i].at < s.To {
		return
	}
	r.spans = append(r.spans, s)
}

// heads goes over the lines of the heads. A body is skipped by its
// Content-Length, or else to the end of the run.
func (r *volatileRun) heads(h *headLine) {
	for i := 0; i < len(r.data); {
		if h.left > 0 {
			n := min(h.left, int64(len(r.data)-i))
			h.left -= n
			i += int(n)
			continue
		}
		if !h.in {
			if !beginsHead(r.data[i:], r.dir) {
				return
			}
			h.in = true
		}
		n := bytes.IndexByte(r.data[i:], '\n') + 1
		if n == 0 {
			return
		}
		line := bytes.TrimRight(r.data[i:i+n], "\r\n")
		if len(line) == 0 {
			h.in = false
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			at := i + len(line) - len(bytes.TrimLeft(value, " \t"))
			r.field(h, string(name), at, i+len(bytes.TrimRight(line, " \t")))
		}
		i += n
	}
}

// beginsHead reports whether a message of HTTP/1 begins with b.
func beginsHead(b []byte, dir wire.Dir) bool {
	if dir == wire.ServerToClient {
		return bytes.HasPrefix(b, []byte("HTTP/1."))
	}
	line, _, _ := bytes.Cut(b[:min(len(b), softLine)], []byte("\n"))
	return bytes.Contains(line, []byte(" HTTP/1."))
}

// field looks at the value of a field, at data[from:to].
func (r *volatileRun) field(h *headLine, name string, from, to int) {
	if from >= to {
		return
	}
	value := r.data[from:to]
	response := r.dir == wire.ServerToClient
	switch strings.ToLower(name) {
	case "content-length":
		h.left, _ = strconv.ParseInt(string(value), 10, 64)
		h.left = max(h.left, 0)
	case "date", "expires", "last-modified":
		if response && isDate(value) {
			r.add(Span{From: from, To: to, Kind: SpanDate})
		}
	case "age":
		if _, err := strconv.ParseUint(string(value), 10, 32); err == nil && response {
			r.add(Span{From: from, To: to, Kind: SpanInt})
		}
	case "set-cookie":
		if response {
			r.setCookie(from, to)
		}
	case "cookie":
		if !response {
			r.cookies(from, to)
		}
	}
}

// isDate reports whether b is an IMF-fixdate (RFC 9110, section 5.6.7) of this
// century. An older one says "gone", as in the deletion of a cookie, and says so
// each time.
func isDate(b []byte) bool {
	t, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", string(b))
	return err == nil && t.Year() >= 2000
}

// setCookie makes the value of a cookie a capture if it is secret or random.
func (r *volatileRun) setCookie(from, to int) {
	pair, attrs, hasAttrs := bytes.Cut(r.data[from:to], []byte(";"))
	name, value, ok := bytes.Cut(pair, []byte("="))
	if !ok {
		return
	}
	end := from + len(pair)
	at := end - len(value)
	r.take(at)
	// What redaction has masked.
	masked := false
	for len(r.old) > 0 && r.old[0].From < end {
		s := r.old[0]
		if s.Kind != SpanSecret || s.Enc != "" && s.Enc != "raw" {
			r.take(s.From + 1)
			masked = true
			continue
		}
		masked = true
		value := secretValue{s.ID, s.To - s.From}
		id, known := r.v.ids[value]
		if !known {
			id = r.v.newID(strings.ToLower(s.ID))
			r.v.ids[value] = id
		}
		s = Span{From: s.From, To: s.To, Kind: SpanToken, ID: id}
		if r.old[0].Enc == "raw" || !SpanToken.Fits(r.data[s.From:s.To]) {
			s.Kind = SpanAny // it was no token
		}
		r.spans, r.old = append(r.spans, s), r.old[1:]
	}
	if v := string(value); !masked && isRandom(value) && len(r.v.values) < maxValues {
		id, known := r.v.values[v]
		if !known {
			id = r.v.newID(cookieID(name))
			r.v.values[v] = id
		}
		kind := SpanToken
		if !SpanToken.Fits(value) {
			kind = SpanAny
		}
		r.add(Span{From: at, To: end, Kind: kind, ID: id})
	}
	if hasAttrs {
		r.expires(end+1, attrs)
	}
}

// expires makes the date of a cookie a span.
func (r *volatileRun) expires(at int, attrs []byte) {
	for len(attrs) > 0 {
		attr, rest, _ := bytes.Cut(attrs, []byte(";"))
		key, value, ok := bytes.Cut(attr, []byte("="))
		if ok && strings.EqualFold(string(bytes.TrimSpace(key)), "Expires") && isDate(value) {
			end := at + len(attr)
			r.add(Span{From: end - len(value), To: end, Kind: SpanDate})
		}
		at += len(attr) + 1
		attrs = rest
	}
}

// cookies makes the values that were captured refer to their captures.
func (r *volatileRun) cookies(from, to int) {
	for from < to {
		pair, _, _ := bytes.Cut(r.data[from:to], []byte(";"))
		_, value, _ := bytes.Cut(bytes.TrimRight(pair, " \t"), []byte("="))
		end := from + len(bytes.TrimRight(pair, " \t"))
		if id := r.v.values[string(value)]; id != "" {
			r.add(Span{From: end - len(value), To: end, Kind: SpanRef, ID: id})
		}
		from += len(pair) + 1
	}
}

// newID returns a name for a capture that no other has.
func (v *volatile) newID(base string) string {
	id := base
	for n := 2; v.taken[id]; n++ {
		id = base + "_" + strconv.Itoa(n)
	}
	v.taken[id] = true
	return id
}

// cookieID makes a name for a capture of the name of a cookie.
func cookieID(name []byte) string {
	s := strings.ToLower(string(bytes.TrimSpace(name)))
	for _, prefix := range []string{"__host-", "__secure-"} {
		s = strings.TrimPrefix(s, prefix)
	}
	id := []byte(s)
	for i, c := range id {
		if !isSecretID(string(c)) && (i == 0 || c < '0' || c > '9') {
			id[i] = '_'
		}
	}
	if len(id) == 0 {
		return "cookie"
	}
	return string(id)
}

// minRandom is the length of the shortest value that may be called random, in
// bytes.
const minRandom = 8

// isRandom reports whether a value looks as if it were made by chance: long
// enough, with letters and digits mixed, so that no word and no date is taken
// for it.
func isRandom(b []byte) bool {
	if len(b) < minRandom {
		return false
	}
	changes, digits := 0, 0
	for i, c := range b {
		isDigit := c >= '0' && c <= '9'
		if isDigit {
			digits++
		}
		if i > 0 && isDigit != (b[i-1] >= '0' && b[i-1] <= '9') {
			changes++
		}
	}
	kinds := make([]byte, 0, 64)
	for _, c := range b {
		if !slices.Contains(kinds, c) && len(kinds) < cap(kinds) {
			kinds = append(kinds, c)
		}
	}
	return digits > 0 && changes >= 3 && len(kinds) >= minRandom-2
}
