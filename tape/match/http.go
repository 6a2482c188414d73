package match

import (
	"bytes"
	"mime"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"wiretape/tape"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// request compares method, target and body, and then the version and fields.
func (c *comparison) request(want, got *http1.Request) {
	if want.Method != got.Method {
		c.out.Key = false
		c.add(Mismatch{Kind: Different, Path: "request method", Want: Show([]byte(want.Method)), Got: Show([]byte(got.Method))}, c.want.Span.From)
	}
	if t := c.startText(want.Target); !c.fits(t, []byte(got.Target), "target") {
		c.out.Key = false
		c.add(Mismatch{Kind: Different, Path: "request target", Want: t.show(), Got: Show([]byte(got.Target))}, t.off)
	}
	if want.Version != got.Version {
		c.add(Mismatch{Kind: Different, Path: "request version", Want: want.Version, Got: got.Version}, c.want.Span.From)
	}
	body := c.body(want.Fields, got.Fields, "request body")
	c.out.Key = c.out.Key && body
	c.fields("request", side{want.Fields.List(), want.Framing}, side{got.Fields.List(), got.Framing})
	c.trailers("request trailer", want.Trailers, got.Trailers)
}

// response compares the status, fields and body.
func (c *comparison) response(want, got *http1.Response) {
	c.out.Key = want.Status == got.Status
	if want.Status != got.Status {
		c.add(Mismatch{Kind: Different, Path: "response status", Want: strconv.Itoa(want.Status), Got: strconv.Itoa(got.Status), Why: got.Reason}, c.want.Span.From)
	} else if want.Reason != got.Reason {
		if t := c.startText(want.Reason); want.Reason == "" || !c.fits(t, []byte(got.Reason), "reason") {
			c.add(Mismatch{Kind: Different, Path: "response reason", Want: t.show(), Got: Show([]byte(got.Reason))}, c.want.Span.From)
		}
	}
	if want.Version != got.Version {
		c.add(Mismatch{Kind: Different, Path: "response version", Want: want.Version, Got: got.Version}, c.want.Span.From)
	}
	// The body of another status is another's: one mismatch tells.
	if want.Status == got.Status {
		body := c.body(want.Fields, got.Fields, "response body")
		c.out.Key = c.out.Key && body
	}
	c.fields("response", side{want.Fields.List(), want.Framing}, side{got.Fields.List(), got.Framing})
	c.trailers("response trailer", want.Trailers, got.Trailers)
}

// startText returns a part of the start line with its spans.
func (c *comparison) startText(part string) text {
	t := c.want.text(proto.Span{From: c.want.Span.From, To: c.want.Span.From + int64(len(c.want.Head))})
	if end := bytes.IndexByte(bytes.TrimLeft(t.b, "\r\n"), '\n'); end > 0 {
		if i := bytes.Index(t.b[:end+1], []byte(" "+part)); i >= 0 {
			return t.sub(i+1, i+1+len(part))
		}
	}
	return text{b: []byte(part), off: t.off}
}

// A side is what comparing fields needs of a message.
type side struct {
	fields  []http1.Field
	framing http1.Framing
}

// volatile are the fields, in lower case, whose values differ from run to run by
// nature, with what they have to be; "" for anything.
var volatile = map[string]tape.SpanKind{
	"date": tape.SpanDate, "age": tape.SpanInt, "expires": tape.SpanDate, "last-modified": tape.SpanDate,
	"sec-websocket-key": tape.SpanB64, "sec-websocket-accept": tape.SpanB64,
	"traceparent": "", "tracestate": "", "x-request-id": "", "request-id": "", "x-correlation-id": "",
	"x-trace-id": "", "x-amzn-trace-id": "", "x-amzn-requestid": "", "x-amz-request-id": "", "x-amz-cf-id": "",
	"x-amz-id-2": "", "x-b3-traceid": "", "x-b3-spanid": "", "cf-ray": "", "x-runtime": "",
	"x-cloud-trace-context": "", "x-served-by": "", "x-timer": "", "server-timing": "",
}

// fields compares two field sections as multisets: names without their case,
// values one by one.
func (c *comparison) fields(what string, want, got side) {
	if c.rules.HeadersExact {
		c.exactFields(what, want.fields, got.fields)
		return
	}
	var names []string // lower case, in order of the first of each
	for _, fs := range [][]http1.Field{want.fields, got.fields} {
		for _, f := range fs {
			if n := strings.ToLower(string(f.Name)); !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	for _, name := range names {
		ws, gs := named(want.fields, name), named(got.fields, name)
		if c.rules.ignoresHeader(name) {
			c.noteIgnored(ws, gs)
			continue
		}
		if name == "content-length" && want.framing == http1.FramingContentLength && got.framing == want.framing {
			continue // each frames its body, and the bodies are compared
		}
		c.named(what, name, ws, gs)
	}
}

func (c *comparison) noteIgnored(ws, gs []http1.Field) {
	same := slices.EqualFunc(ws, gs, func(a, b http1.Field) bool { return bytes.Equal(a.Value, b.Value) })
	if !same {
		f := append(ws[:len(ws):len(ws)], gs...)[0]
		c.ignored(string(f.Name))
	}
}

func named(fs []http1.Field, name string) []http1.Field {
	var out []http1.Field
	for _, f := range fs {
		if strings.EqualFold(string(f.Name), name) {
			out = append(out, f)
		}
	}
	return out
}

// named compares the fields of one name. Those that are equal belong together,
// then those that are by kind; what is left is paired in order.
func (c *comparison) named(what, name string, ws, gs []http1.Field) {
	for _, same := range []func(w, g http1.Field) bool{
		func(w, g http1.Field) bool { return bytes.Equal(w.Value, g.Value) && c.value(w).literal() },
		func(w, g http1.Field) bool { return c.fits(c.value(w), g.Value, string(w.Name)) },
		func(w, g http1.Field) bool { return c.kindOfField(name, w, g) || c.overwritten(name, w.Value, g.Value) },
	} {
		ws = slices.DeleteFunc(ws, func(w http1.Field) bool {
			i := slices.IndexFunc(gs, func(g http1.Field) bool { return same(w, g) })
			if i >= 0 {
				gs = slices.Delete(gs, i, i+1)
			}
			return i >= 0
		})
	}
	if name == "set-cookie" {
		ws, gs = pairCookies(ws, gs)
	}
	for i := range max(len(ws), len(gs)) {
		switch {
		case i >= len(gs):
			c.add(Mismatch{Kind: Missing, Path: what + " " + string(ws[i].Name), Want: c.value(ws[i]).show()}, ws[i].From)
		case i >= len(ws):
			c.add(Mismatch{Kind: Extra, Path: what + " " + string(gs[i].Name), Got: shown(name, gs[i].Value)}, c.want.Span.From)
		default:
			got := shown(name, gs[i].Value)
			if strings.HasSuffix(name, "cookie") && c.value(ws[i]).secret() {
				got = masked(gs[i].Value)
			}
			m := Mismatch{Kind: Different, Path: what + " " + string(ws[i].Name), Want: c.shownWant(name, ws[i]), Got: got}
			if name == "set-cookie" {
				c.cookieDiffers(&m, ws[i], gs[i].Value)
			}
			c.add(m, ws[i].From)
		}
	}
}

// cookieDiffers says in m which cookie differs, and in what beside its value.
func (c *comparison) cookieDiffers(m *Mismatch, w http1.Field, got []byte) {
	if cookieName(w.Value) != cookieName(got) {
		return
	}
	m.Path += " " + plain(cookieName(got))
	wants, gots := bytes.Split(w.Value, []byte(";")), bytes.Split(got, []byte(";"))
	if value := c.value(w).sub(0, len(wants[0])); !bytes.Equal(wants[0], gots[0]) {
		c.pairs(value, gots[0], ";", nil) // notes that it agrees by kind
	}
	attr := func(b []byte) string { name, _, _ := strings.Cut(string(bytes.TrimSpace(b)), "="); return name }
	has := func(list [][]byte, name string) bool {
		return slices.ContainsFunc(list, func(b []byte) bool { return strings.EqualFold(attr(b), name) })
	}
	var why []string
	for _, b := range wants[1:] {
		if !has(gots[1:], attr(b)) {
			why = append(why, plain(attr(b))+" missing")
		}
	}
	for _, b := range gots[1:] {
		if !has(wants[1:], attr(b)) {
			why = append(why, plain(attr(b))+" not on the tape")
		}
	}
	m.Why = strings.Join(why, ", ")
}

// pairValue is the first pair of a cookie, in which the secret stands.
var pairValue = regexp.MustCompile(`^([^=;]+=)[^;]*`)

// masked returns what came where the tape has a secret, for display: of a cookie
// its name and attributes stay.
func masked(b []byte) string {
	if !pairValue.Match(b) {
		return "(" + octets(int64(len(b))) + ", hidden)"
	}
	return Show(pairValue.ReplaceAll(b, []byte("${1}(hidden)")))
}

// secret reports whether a part of t is a secret.
func (t text) secret() bool {
	return slices.ContainsFunc(t.spans, func(s tape.Span) bool { return s.Kind == tape.SpanSecret })
}

// pairCookies orders what is left of two lists of cookies so that those of one
// name stand at one index, as far as that goes.
func pairCookies(ws, gs []http1.Field) ([]http1.Field, []http1.Field) {
	var w, g []http1.Field
	for _, x := range ws {
		if i := slices.IndexFunc(gs, func(y http1.Field) bool { return cookieName(x.Value) == cookieName(y.Value) }); i >= 0 {
			w, g = append(w, x), append(g, gs[i])
			gs = slices.Delete(gs, i, i+1)
		}
	}
	for _, x := range ws {
		if !slices.ContainsFunc(w, func(y http1.Field) bool { return y.From == x.From }) {
			w = append(w, x)
		}
	}
	return w, append(g, gs...)
}

func cookieName(b []byte) string {
	name, _, _ := bytes.Cut(b, []byte("="))
	return string(bytes.TrimSpace(name))
}

// hidden are the fields whose values are secret.
var hidden = []string{"authorization", "proxy-authorization"}

// shown returns a value that came for display; secrets only by their length.
func shown(name string, b []byte) string {
	if slices.Contains(hidden, name) {
		scheme, _, ok := bytes.Cut(b, []byte(" "))
		if !ok {
			scheme = nil
		}
		return strings.TrimSpace(string(scheme) + " (" + octets(int64(len(b))) + ", hidden)")
	}
	return Show(b)
}

func (c *comparison) shownWant(name string, f http1.Field) string {
	t := c.value(f)
	if t.literal() {
		return shown(name, f.Value)
	}
	return t.show()
}

// value returns a recorded field's value with its spans. One that is folded has
// none.
func (c *comparison) value(f http1.Field) text {
	t := c.want.text(f.Span)
	if i := bytes.IndexByte(t.b, ':'); i >= 0 {
		from := i + 1
		for from < len(t.b) && (t.b[from] == ' ' || t.b[from] == '\t') {
			from++
		}
		if v := t.sub(from, from+len(f.Value)); bytes.Equal(v.b, f.Value) {
			return v
		}
	}
	return text{b: f.Value, off: f.From}
}

// kindOfField reports whether two values of a field are to be compared by kind
// and agree so.
func (c *comparison) kindOfField(name string, w, g http1.Field) bool {
	kind, ok := volatile[name]
	switch {
	case slices.Contains(c.rules.Free, name):
		c.byKind(string(w.Name))
		return true
	case ok && (kind == "" && len(w.Value) > 0 && len(g.Value) > 0 || kind.Fits(w.Value) && kind.Fits(g.Value)):
		c.byKind(string(w.Name))
		return true
	case name == "set-cookie":
		return c.setCookie(c.value(w), g.Value)
	case name == "cookie":
		return c.pairs(c.value(w), g.Value, "; ", nil)
	case name == "content-type":
		a, b, ok := sameButBoundary(w.Value, g.Value)
		if ok && a != b {
			c.byKind("boundary")
		}
		return ok
	case name == "etag", name == "www-authenticate":
		if name == "etag" && alike(bytes.TrimPrefix(w.Value, []byte("W/")), bytes.TrimPrefix(g.Value, []byte("W/"))) {
			c.byKind(string(w.Name))
			return true
		}
		if name == "www-authenticate" {
			return c.pairs(c.value(w), g.Value, ", ", nonces)
		}
		return false
	case strings.HasSuffix(name, "authorization") && isDigest(w.Value) && isDigest(g.Value):
		return c.pairs(c.value(w), g.Value, ", ", nonces)
	case name == "authentication-info":
		return c.pairs(c.value(w), g.Value, ", ", nonces)
	}
	if t := c.value(w); t.literal() && alike(t.b, g.Value) {
		c.byKind(string(w.Name))
		return true
	}
	return false
}

func isDigest(b []byte) bool { return len(b) > 7 && strings.EqualFold(string(b[:7]), "digest ") }

// nonces reports whether a parameter of Digest is another each time, by nature
// (RFC 7616, sections 3.3 to 3.5).
func nonces(name string, w, g []byte) bool {
	if i := strings.LastIndexByte(name, ' '); i >= 0 {
		name = name[i+1:] // behind the scheme
	}
	switch strings.ToLower(name) {
	case "nonce", "nextnonce", "cnonce", "opaque":
		return len(unquote(w)) > 0 && len(unquote(g)) > 0
	case "nc":
		return len(w) == len(g) && tape.SpanHex.Fits(w) && tape.SpanHex.Fits(g)
	case "response", "rspauth":
		w, g = unquote(w), unquote(g)
		return len(w) == len(g) && tape.SpanHex.Fits(w) && tape.SpanHex.Fits(g)
	}
	return false
}

// setCookie compares a Set-Cookie value: the cookie's own value by kind where it
// is random, Expires by kind, the other attributes as they are.
func (c *comparison) setCookie(want text, got []byte) bool {
	return c.pairs(want, got, ";", func(name string, w, g []byte) bool {
		return strings.EqualFold(name, "expires") && isDate(w) && isDate(g)
	})
}

// pairs compares name=value parts one by one: as they are, with their spans, by
// kind where both are random or where extra says so.
func (c *comparison) pairs(want text, got []byte, sep string, extra func(name string, w, g []byte) bool) bool {
	gs := bytes.Split(got, []byte(sep))
	var names []string
	at, n := 0, 0
	for part := range bytes.SplitSeq(want.b, []byte(sep)) {
		if n == len(gs) {
			return false
		}
		g := gs[n]
		n++
		t := want.sub(at, at+len(part))
		at += len(part) + len(sep)
		if by, ok := t.fits(g, c.vars); ok {
			for _, b := range by {
				if b == "" {
					b = cookieName(part)
				}
				names = append(names, b)
			}
			continue
		}
		wn, wv, _ := bytes.Cut(part, []byte("="))
		gn, gv, _ := bytes.Cut(g, []byte("="))
		name := string(bytes.TrimSpace(wn))
		if !t.literal() || !bytes.Equal(wn, gn) {
			return false
		}
		if !alike(wv, gv) && (extra == nil || !extra(name, wv, gv)) {
			return false
		}
		names = append(names, name)
	}
	if n < len(gs) {
		return false
	}
	c.byKind(names...)
	return true
}

var boundaryParam = regexp.MustCompile(`(?i)(;[ \t]*boundary=)("[^"]*"|[^;]*)`)

// sameButBoundary reports whether two media types are equal but for their
// boundaries, and gives those.
func sameButBoundary(w, g []byte) (a, b string, ok bool) {
	if !bytes.Equal(boundaryParam.ReplaceAll(w, []byte("$1")), boundaryParam.ReplaceAll(g, []byte("$1"))) {
		return "", "", false
	}
	return boundaryOf(w), boundaryOf(g), true
}

func boundaryOf(contentType []byte) string {
	_, params, err := mime.ParseMediaType(string(contentType))
	if err != nil {
		return ""
	}
	return params["boundary"]
}

// exactFields compares field sections line by line.
func (c *comparison) exactFields(what string, ws, gs []http1.Field) {
	for i := range max(len(ws), len(gs)) {
		switch {
		case i >= len(gs):
			c.add(Mismatch{Kind: Missing, Path: what + " " + string(ws[i].Name), Want: c.value(ws[i]).show()}, ws[i].From)
		case i >= len(ws):
			c.add(Mismatch{Kind: Extra, Path: what + " " + string(gs[i].Name), Got: shown(strings.ToLower(string(gs[i].Name)), gs[i].Value)}, c.want.Span.From)
		case c.rules.ignoresHeader(string(ws[i].Name)) && bytes.EqualFold(ws[i].Name, gs[i].Name):
		case !bytes.Equal(ws[i].Name, gs[i].Name):
			// All that follow would differ too.
			c.add(Mismatch{Kind: Different, Path: what + " field " + strconv.Itoa(i+1), Want: string(ws[i].Name), Got: Show(gs[i].Name), Why: "order and case count"}, ws[i].From)
			return
		case !c.fits(c.value(ws[i]), gs[i].Value, string(ws[i].Name)):
			name := strings.ToLower(string(ws[i].Name))
			c.add(Mismatch{Kind: Different, Path: what + " " + string(ws[i].Name), Want: c.shownWant(name, ws[i]), Got: shown(name, gs[i].Value)}, ws[i].From)
		}
	}
}

func (c *comparison) trailers(what string, ws, gs http1.Fields) {
	if ws.Len() > 0 || gs.Len() > 0 {
		c.fields(what, side{fields: ws.List()}, side{fields: gs.List()})
	}
}
