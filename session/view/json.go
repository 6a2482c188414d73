package view

import (
	"cmp"
	"strconv"
	"time"
	"unicode/utf8"

	"wiretape/wire/content"
	"wiretape/wire/cookie"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/pop3"
	"wiretape/wire/proto"
)

// JSONOptions say what [JSON] writes.
type JSONOptions struct {
	Frames bool // the frames of HTTP/2 too, which otherwise give nothing

	// Start is the wall clock at the recording's start: with a message's time,
	// the clock for the verdicts on its cookies, unless Now is set.
	Start, Now time.Time
	// CookiesAs, unless it is nil, is the origin that cookies are judged for in
	// place of the request's own.
	CookiesAs *cookie.Origin
	// Decoded bounds what bodies decode to; the zero value has the defaults.
	Decoded content.Limits
}

// JSON appends a Message as one JSON object and a line feed. A string that is not
// UTF-8 becomes {"base64":"…"}; within strings, what a terminal would obey or not
// show is escaped.
func JSON(dst []byte, m *proto.Message, o JSONOptions) []byte {
	if frameByFrame(m) && !o.Frames {
		return dst
	}
	j := object{b: append(dst, '{'), decoded: o.Decoded}
	j.int("n", int64(m.N))
	j.int("conn", int64(m.Conn))
	j.string("dir", m.Dir.String())
	j.string("proto", cmp.Or(m.Proto, "raw"))
	j.string("kind", string(m.Kind))
	j.key("at")
	j.b = appendSeconds(j.b, m.First)
	if m.Derived && m.Stream > 0 {
		j.int("stream", int64(m.Stream))
	}
	switch v := m.Value.(type) {
	case *http1.Request:
		j.request(m, v)
	case *http1.Response:
		j.response(m, v, &o)
	case *line.Command:
		j.command(m, v)
	case *line.Reply:
		j.reply(m, v)
	case *line.Content:
		j.lineContent(m, v)
	case *pop3.Reply:
		j.pop3Reply(m, v)
	case *imap.Command:
		j.imapCommand(m, v)
	case *imap.Response:
		j.imapResponse(m, v)
	default:
		if !j.reading(m) && m.Kind != proto.KindGap {
			j.body(m)
		}
	}
	j.notes(notesOf(m, j.read(m)))
	j.key("span")
	j.b = append(strconv.AppendInt(append(j.b, '['), m.Span.From, 10), ',')
	j.b = append(strconv.AppendInt(j.b, m.Span.To, 10), ']')
	return append(j.b, '}', '\n')
}

// request appends what a request has.
func (j *object) request(m *proto.Message, r *http1.Request) {
	j.string("method", r.Method)
	j.string("target", r.Target)
	j.string("version", r.Version)
	if m.Stream > 0 {
		j.string("scheme", r.Scheme)
		j.string("authority", r.Authority)
	}
	j.fields("headers", r.Fields)
	j.fields("trailers", r.Trailers)
	j.framing(m, r.Framing)
	j.body(m)
	j.grpc(m)
}

// response appends what a response has.
func (j *object) response(m *proto.Message, r *http1.Response, o *JSONOptions) {
	j.int("status", int64(r.Status))
	j.string("reason", r.Reason)
	j.string("version", r.Version)
	j.fields("headers", r.Fields)
	j.fields("trailers", r.Trailers)
	j.framing(m, r.Framing)
	j.body(m)
	j.grpc(m)
	origin, now := originOf(m, r), o.Now
	if o.CookiesAs != nil {
		origin = *o.CookiesAs
	}
	if now.IsZero() && !o.Start.IsZero() {
		now = o.Start.Add(m.Last)
	}
	j.array("cookies")
	for _, v := range verdicts(r, origin, now) {
		j.cookie(v.Object())
	}
	j.end()
}

// framing appends how the end of an HTTP message was known.
func (j *object) framing(m *proto.Message, f http1.Framing) {
	j.string("framing", cmp.Or(string(f), "none"))
	j.complete(m)
}

// body appends a body, of which the transfer coding is undone and the content
// coding is not; behind it, what it decodes to and its characters.
func (j *object) body(m *proto.Message) {
	b := j.read(m)
	text, ok := asText(b)
	j.base64("body", m.Body.Data)
	if ok {
		j.bytes("body_text", text)
	}
	j.int("body_size", m.Body.Size)
	j.bool("body_cut", m.Body.Cut)
	if b.Decoded() {
		j.base64("decoded", b.Data)
		j.bool("decoded_cut", b.Cut)
	}
	if c := b.Text.Charset; ok && c != "" && c != "utf-8" {
		j.string("charset", c)
	}
}

// read returns what the body of the Message in hand amounts to.
func (j *object) read(m *proto.Message) *content.Body {
	if j.content == nil {
		b := Content(m, j.decoded)
		j.content = &b
	}
	return j.content
}

// asText returns the characters of a body if it is text, without the part of one
// at which it was cut.
func asText(b *content.Body) ([]byte, bool) {
	text := b.Text.Data
	if b.Cut && len(text) > 0 {
		if at := runeStart(text, len(text)-1); !utf8.FullRune(text[at:]) {
			text = text[:at]
		}
	}
	return text, utf8.Valid(text) && isText(text)
}

// command appends what a command of a line protocol has.
func (j *object) command(m *proto.Message, c *line.Command) {
	j.string("verb", c.Verb)
	j.bytes("args", c.Args)
	j.array("lines")
	j.bytes("", trimEnd(m.Head))
	j.end()
	j.complete(m)
}

// reply appends what a reply of a line protocol has.
func (j *object) reply(m *proto.Message, r *line.Reply) {
	j.int("code", int64(r.Code))
	j.array("lines")
	for _, text := range r.Lines {
		j.bytes("", text)
	}
	j.end()
	if r.Enhanced != "" {
		j.string("enhanced", r.Enhanced)
	}
	if addr, port, ok := r.Passive(); ok && m.Proto == detect.FTP {
		j.open("data_connection")
		if addr.IsValid() {
			j.string("address", addr.String())
		}
		j.int("port", int64(port))
		j.shut()
	}
	j.complete(m)
	if m.Body.Size > 0 || endsByDot(m) {
		j.body(m)
	}
}

// complete appends whether a Message is whole, and why.
func (j *object) complete(m *proto.Message) {
	j.bool("complete", m.Complete)
	j.string("ended_by", m.EndedBy)
}

// fields appends field lines as pairs in the order in which they came.
func (j *object) fields(name string, fs http1.Fields) {
	j.array(name)
	for _, f := range fs.List() {
		j.array("")
		j.bytes("", f.Name)
		j.bytes("", f.Value)
		j.end()
	}
	j.end()
}

// cookie appends a verdict.
func (j *object) cookie(c cookie.Object) {
	j.open("")
	j.string("name", string(c.Name))
	j.string("value", string(c.Value))
	j.string("domain", string(c.Domain))
	j.bool("host_only", c.HostOnly)
	j.string("path", string(c.Path))
	j.string("expires", string(c.Expires))
	j.string("effective_expires", c.EffectiveExpires)
	if c.MaxAge != nil {
		j.int("max_age", *c.MaxAge)
	} else {
		j.key("max_age")
		j.b = append(j.b, "null"...)
	}
	j.bool("secure", c.Secure)
	j.bool("http_only", c.HTTPOnly)
	j.string("same_site", c.SameSite)
	j.bool("partitioned", c.Partitioned)
	j.bool("stored", c.Stored)
	j.string("verdict", c.Verdict)
	j.string("reason", c.Reason)
	j.string("rule", c.Rule)
	j.shut()
}

// notes appends the notes of a Message.
func (j *object) notes(notes []proto.Note) {
	j.array("notes")
	for _, n := range notes {
		j.open("")
		j.int("offset", n.Offset)
		j.string("text", n.Text)
		j.string("rule", n.Rule)
		j.shut()
	}
	j.end()
}

// appendSeconds appends d in seconds as a JSON number, exactly.
func appendSeconds(dst []byte, d time.Duration) []byte {
	if d < 0 {
		dst, d = append(dst, '-'), -d
	}
	dst = strconv.AppendInt(dst, int64(d/time.Second), 10)
	rest := int64(d % time.Second)
	if rest == 0 {
		return dst
	}
	digits := strconv.FormatInt(int64(time.Second)+rest, 10)[1:]
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return append(append(dst, '.'), digits...)
}
