package har

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wiretape/wire"
	"wiretape/wire/content"
	"wiretape/wire/cookie"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/websocket"
)

// maxBody is how much of a body an archive gets: 64 MiB.
const maxBody = 64 << 20

// maxMessages bounds the messages of one WebSocket that an archive gets.
const maxMessages = 1 << 16

// A Writer writes an archive of the exchanges of HTTP in the events that it gets.
// An entry is written when its exchange ends, so the entries stand in the order of
// their ends. It holds what is under way and nothing else.
type Writer struct {
	w       *bufio.Writer
	start   time.Time
	stream  *detect.Stream
	conns   map[int]*exported
	entries int
	said    tally
	err     error
}

// exported is what is known of a connection.
type exported struct {
	facts   *wire.Facts
	tls     *wire.TLS
	used    bool           // its opening is told by an entry
	asked   map[int]*entry // without a response yet, by number of exchange
	first   map[int]proto.Message
	upgrade *entry // of a WebSocket that goes on
}

// NewWriter returns a Writer to dst. The tool and its version stand as the creator;
// start is the wall clock of the first event, 1970 where it is zero.
func NewWriter(dst io.Writer, tool string, start time.Time) *Writer {
	if start.IsZero() {
		start = time.Unix(0, 0).UTC()
	}
	w := &Writer{
		w: bufio.NewWriter(dst), start: start, conns: map[int]*exported{},
		stream: detect.New(detect.Options{Limits: proto.Limits{Body: maxBody}}),
	}
	name, version, _ := strings.Cut(tool, " ")
	creator, _ := json.Marshal(map[string]string{"name": name, "version": version})
	_, w.err = fmt.Fprintf(w.w, `{"log":{"version":"1.2","creator":%s,"entries":[`, creator)
	return w
}

// Event takes the next event. It is a wire.Sink.
func (w *Writer) Event(e wire.Event) {
	c := w.conns[e.Conn]
	if c == nil {
		c = &exported{asked: map[int]*entry{}, first: map[int]proto.Message{}}
		w.conns[e.Conn] = c
	}
	switch e.Kind {
	case wire.KindOpen:
		c.facts = e.Facts
	case wire.KindSecure:
		c.tls = e.TLS
	case wire.KindGap:
		w.said.add("bytes are missing from the tape")
	}
	for _, m := range w.stream.Feed(e) {
		w.message(&m)
	}
	if e.Kind == wire.KindClose {
		w.end(e.Conn)
	}
}

// Close ends the archive, and returns the number of its entries and what of the
// events it does not have.
func (w *Writer) Close() (entries int, lost []string, err error) {
	for _, m := range w.stream.Close() {
		w.message(&m)
	}
	for _, conn := range slices.Sorted(maps.Keys(w.conns)) {
		w.end(conn)
	}
	if w.err == nil {
		_, w.err = w.w.WriteString("\n]}}\n")
	}
	if err := w.w.Flush(); w.err == nil {
		w.err = err
	}
	if w.entries > 0 {
		w.said.order = append([]string{"HAR keeps no bytes: octets, framing, chunks and the boundaries of reads are lost"}, w.said.order...)
	}
	return w.entries, w.said.notes(), w.err
}

// end writes what a connection leaves: a WebSocket, requests without a response.
func (w *Writer) end(conn int) {
	c := w.conns[conn]
	if c == nil {
		return
	}
	if c.upgrade != nil {
		w.entry(c.upgrade)
	}
	for _, n := range slices.Sorted(maps.Keys(c.asked)) {
		e := c.asked[n]
		e.Response = response{StatusText: "", Version: "", Cookies: []cookieOf{}, Headers: []pair{}, HeadersSize: -1, BodySize: -1, Content: contentOf{MimeType: "x-unknown"}}
		e.Comment = "there was no response"
		w.entry(e)
	}
	delete(w.conns, conn)
}

// message takes a message of a parser.
func (w *Writer) message(m *proto.Message) {
	c := w.conns[m.Conn]
	if c == nil {
		return
	}
	switch v := m.Value.(type) {
	case *http1.Request:
		c.asked[m.Exchange] = w.asked(c, m, v)
		c.first[m.Exchange] = *m
	case *http1.Response:
		if v.Interim() {
			w.said.add("an interim response is left out")
			return
		}
		e := c.asked[m.Exchange]
		if e == nil {
			w.said.add("a response that nobody asked for is left out")
			return
		}
		q := c.first[m.Exchange]
		delete(c.asked, m.Exchange)
		delete(c.first, m.Exchange)
		w.answered(e, &q, m, v)
		if v.Status == 101 {
			c.upgrade = e
			return
		}
		w.entry(e)
	case *websocket.Frame:
		if !v.Joined && v.Opcode < 8 {
			w.webSocket(c, m, int(v.Opcode))
		}
	case *websocket.Message:
		w.webSocket(c, m, int(v.Opcode))
	default:
		if m.Proto != detect.HTTP2 && m.Proto != detect.HTTP1 && !m.Derived {
			w.said.add(fmt.Sprintf("a message of %s, which is no HTTP, is left out", m.Proto))
		} else if m.Kind == proto.KindRaw {
			w.said.add("bytes that are no HTTP are left out")
		}
	}
}

// webSocket adds a message to the entry of its handshake.
func (w *Writer) webSocket(c *exported, m *proto.Message, opcode int) {
	if c.upgrade == nil || len(c.upgrade.Messages) >= maxMessages {
		w.said.add("a message of WebSocket is left out")
		return
	}
	at := w.start.Add(m.Last)
	out := message{Type: "receive", Time: float64(at.UnixMicro()) / 1e6, Opcode: opcode}
	if m.Dir == wire.ClientToServer {
		out.Type = "send"
	}
	if out.Data = string(m.Body.Data); opcode != 1 || !utf8.ValidString(out.Data) {
		out.Data = base64.StdEncoding.EncodeToString(m.Body.Data)
	}
	c.upgrade.Messages = append(c.upgrade.Messages, out)
}

// asked returns the entry that a request begins.
func (w *Writer) asked(c *exported, m *proto.Message, r *http1.Request) *entry {
	e := &entry{
		Started: w.start.Add(m.First).UTC().Format("2006-01-02T15:04:05.000000Z07:00"),
		Timings: timings{Blocked: -1, DNS: -1, Connect: -1, SSL: -1}, Connection: strconv.Itoa(m.Conn),
	}
	if c.facts != nil {
		if host, _, err := net.SplitHostPort(c.facts.Remote); err == nil && c.facts.Via == "" {
			e.ServerIP = host
		}
		if !c.used {
			e.Timings.DNS = some(c.facts.Phases.DNS)
			if e.Timings.Connect = some(c.facts.Phases.Connect); c.tls != nil {
				e.Timings.SSL = some(c.tls.Took)
				e.Timings.Connect = max(0, e.Timings.Connect) + max(0, e.Timings.SSL)
			}
		}
	}
	c.used = true
	q := &e.Request
	*q = request{
		Method: str(r.Method), URL: w.url(c, m, r), Version: version(m, r.Version), Cookies: []cookieOf{}, Query: []pair{},
		Headers: w.fields(r.Fields), HeadersSize: int64(len(m.Head)), BodySize: m.Body.Size,
	}
	if m.Derived {
		q.HeadersSize = -1
	}
	for _, value := range r.Fields.Values("Cookie") {
		for part := range strings.SplitSeq(str(string(value)), ";") {
			name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			q.Cookies = append(q.Cookies, cookieOf{Name: name, Value: v})
		}
	}
	if _, query, ok := strings.Cut(r.Target, "?"); ok {
		for part := range strings.SplitSeq(query, "&") {
			if part == "" {
				continue
			}
			name, value, _ := strings.Cut(part, "=")
			q.Query = append(q.Query, pair{unquote(name), unquote(value)})
		}
	}
	if m.Body.Size > 0 {
		q.Post = &postData{MimeType: str(string(r.Fields.Get("Content-Type")))}
		if q.Post.Text = string(m.Body.Data); !utf8.ValidString(q.Post.Text) {
			q.Post.Text, q.Post.Encoding = base64.StdEncoding.EncodeToString(m.Body.Data), "base64"
			w.said.add(`the body of a request that is no text stands in base64, which HAR 1.2 has no word for ("encoding": "base64")`)
		}
		if m.Body.Cut {
			q.Post.Comment = fmt.Sprintf("the first %d of %d octets", len(m.Body.Data), m.Body.Size)
			w.said.add("a body is cut")
		}
	}
	return e
}

// url returns what a request asks for.
func (w *Writer) url(c *exported, m *proto.Message, r *http1.Request) string {
	target := str(r.Target)
	if strings.Contains(target, "://") {
		return target
	}
	scheme := "http"
	if m.Secure {
		scheme = "https"
	}
	if r.Method == "CONNECT" {
		return scheme + "://" + target
	}
	host := str(r.Host())
	if host == "" && c.facts != nil {
		host = c.facts.Target
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target // "*"
	}
	return scheme + "://" + host + target
}

// answered completes an entry by its response.
func (w *Writer) answered(e *entry, q, m *proto.Message, r *http1.Response) {
	t := &e.Timings
	t.Send = ms(q.Last - q.First)
	t.Wait = ms(m.First - q.Last)
	t.Receive = ms(m.Last - m.First)
	p := &e.Response
	*p = response{
		Status: r.Status, StatusText: str(r.Reason), Version: version(m, r.Version), Cookies: []cookieOf{}, Headers: w.fields(r.Fields),
		RedirectURL: str(string(r.Fields.Get("Location"))), HeadersSize: int64(len(m.Head)), BodySize: m.Body.Size,
	}
	if m.Derived {
		p.HeadersSize = -1
	}
	if r.Status == 304 {
		p.BodySize = 0
	}
	if r.Trailers.Len() > 0 {
		w.said.add("trailers are left out")
	}
	for _, value := range r.Fields.Values("Set-Cookie") {
		k := cookie.Judge(cookie.NewOrigin(m.Secure, "", "/"), value, w.start.Add(m.Last)).Cookie
		out := cookieOf{Name: str(k.Name), Value: str(k.Value), Secure: k.Secure, HTTPOnly: k.HTTPOnly}
		if v, ok := k.Sent("Path"); ok {
			out.Path = str(v)
		}
		if v, ok := k.Sent("Domain"); ok {
			out.Domain = str(v)
		}
		if !k.Expires.IsZero() {
			out.Expires = k.Expires.UTC().Format(time.RFC3339)
		}
		p.Cookies = append(p.Cookies, out)
	}
	body := content.Read(r.Fields, m.Body.Data, m.Complete && !m.Body.Cut, content.Limits{Size: maxBody})
	p.Content = contentOf{Size: int64(len(body.Data)), MimeType: str(string(r.Fields.Get("Content-Type")))}
	if p.Content.MimeType == "" {
		p.Content.MimeType = "x-unknown"
	}
	if body.Decoded() {
		p.Content.Compression = p.Content.Size - m.Body.Size
	}
	switch {
	case len(body.Data) == 0:
	case utf8.Valid(body.Data):
		p.Content.Text = string(body.Data)
	default:
		p.Content.Text, p.Content.Encoding = base64.StdEncoding.EncodeToString(body.Data), "base64"
	}
	if m.Body.Cut || body.Cut || !m.Complete {
		p.Content.Comment = "cut: " + str(m.EndedBy)
		w.said.add("a body is cut, or was not whole")
	}
}

// entry writes an entry.
func (w *Writer) entry(e *entry) {
	for _, t := range []float64{e.Timings.DNS, e.Timings.Connect, e.Timings.Send, e.Timings.Wait, e.Timings.Receive} {
		e.Time += max(0, t)
	}
	text, err := json.Marshal(e)
	if w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return
	}
	sep := "\n"
	if w.entries++; w.entries > 1 {
		sep = ",\n"
	}
	if _, w.err = w.w.WriteString(sep); w.err == nil {
		_, w.err = w.w.Write(text)
	}
}

// fields returns field lines as pairs.
func (w *Writer) fields(fs http1.Fields) []pair {
	out := make([]pair, 0, fs.Len())
	for _, f := range fs.List() {
		if !utf8.Valid(f.Value) {
			w.said.add("a field that is not UTF-8 is taken for ISO 8859-1")
		}
		out = append(out, pair{str(string(f.Name)), str(string(f.Value))})
	}
	return out
}

func version(m *proto.Message, v string) string {
	if m.Proto == detect.HTTP2 {
		return "HTTP/2.0"
	}
	return str(v)
}

// str returns s as JSON can have it: octets that are not UTF-8 are those of ISO
// 8859-1.
func str(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	b := make([]rune, 0, len(s))
	for i := range len(s) {
		b = append(b, rune(s[i]))
	}
	return string(b)
}

// unquote undoes the coding of a query, as far as it is one.
func unquote(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return str(u)
	}
	return str(s)
}

// ms returns d in ms, to the microsecond, and never less than 0.
func ms(d time.Duration) float64 {
	return math.Round(float64(max(0, d))/1e3) / 1e3
}

// some is ms, and -1 for what did not happen.
func some(d time.Duration) float64 {
	if d <= 0 {
		return -1
	}
	return ms(d)
}
