package view

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/websocket"
)

// What a page of a tape is made of. All that a peer sent stands in blocks of JSON,
// in which no "<" is; the one script that may run, by the hash in the page's own
// policy, gives it to the page as text. Nothing is fetched.
var (
	//go:embed page/tape.html
	tapePage string
	//go:embed page/tape.css
	tapeStyle string
	//go:embed page/tape.js
	tapeScript string
)

// PageOptions say what [TapePage] writes.
type PageOptions struct {
	Title string
	Style Style // of which Start, Now, Frames and Decoded count
}

const (
	pageBlock  = 512 << 10 // octets of a block of entries, about
	pageOctets = 96 << 20  // octets of Messages that a page has, in all
	fewOctets  = 4 << 10   // of each Message behind that
)

// A TapePage writes a recording as one self-contained page of HTML.
type TapePage struct {
	w       io.Writer
	err     error
	title   string
	p       *Printer
	rows    bytes.Buffer // what p writes
	octets  Recall
	watch   Stopwatch
	block   []byte // of entries, JSON
	entries int
	from    int    // entry with which the block begins
	index   []byte // of all entries, JSON
	kept    int64
	at      time.Duration
	conns   map[int]bool
}

// NewTapePage begins a page on w. The page is complete after Close.
func NewTapePage(w io.Writer, o PageOptions) *TapePage {
	g := &TapePage{w: w, title: o.Title, conns: make(map[int]bool)}
	style := Style{Pretty: true, More: "the raw view (r)", Start: o.Style.Start, Now: o.Style.Now, Frames: o.Style.Frames, Decoded: o.Style.Decoded}
	g.p = New(&g.rows, style)
	g.p.c = pagePalette()
	css := baseStyle + tapeStyle
	head := strings.NewReplacer(
		"{{script}}", hashSource(tapeScript), "{{style}}", hashSource(css), "{{css}}", css,
		"{{title}}", text(o.Title), "{{about}}", text(aboutPage(o.Style.Start)),
	).Replace(tapePage)
	g.write([]byte(head))
	return g
}

// aboutPage says when the recording was made, if that is known.
func aboutPage(start time.Time) string {
	if start.IsZero() {
		return ""
	}
	return start.UTC().Format("2006-01-02 15:04:05 UTC")
}

// hashSource names what stands in a page by its hash, for its policy (Content
// Security Policy Level 3, section 2.3.1).
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pagePalette has characters for private use in place of colours. The page's
// script takes them for what they are; a peer's come escaped.
func pagePalette() palette {
	n := 0
	next := func() paint {
		n++
		return paint{string(rune(0xe000 + n)), "\ue000"}
	}
	c := palette{client: next(), server: next(), info: next(), warn: next()}
	for k := tokenName; k <= tokenComment; k++ {
		c.tokens[k] = next()
	}
	return c
}

// Event takes an event and the Messages that it completed.
func (g *TapePage) Event(e wire.Event, msgs []proto.Message) {
	g.octets.Event(e)
	g.at = max(g.at, e.At)
	g.conns[e.Conn] = true
	for i := range msgs {
		g.message(&msgs[i])
	}
	g.watch.Event(e)
	g.p.Event(e)
	if rows := g.taken(); len(rows) > 0 {
		what := rows
		if e.Kind == wire.KindOpen { // behind "Trying"
			what = rows[bytes.LastIndexByte(rows, '\n')+1:]
		}
		g.entry(&pageEntry{conn: e.Conn, kind: e.Kind.String(), at: e.At, last: e.At, what: firstRow(what), rows: rows})
	}
}

// A pageEntry is a row of a page's list, and what it shows when it is chosen.
type pageEntry struct {
	n, conn          int
	dir, proto, kind string
	what             string
	at, last         time.Duration
	size             int64
	unit             bool // of what other Messages say as a whole
	rows             []byte
	octets           []byte
	offset           int64
	derived          bool
	cookies          []byte // JSON
	set              int    // cookies
	phases           []Phase
}

func (g *TapePage) message(m *proto.Message) {
	e := pageEntry{
		n: m.N, conn: m.Conn, dir: m.Dir.String(), proto: m.Proto, kind: string(m.Kind), at: m.First, last: m.Last,
		size: m.Span.Len(), unit: isUnit(m), offset: m.Span.From, derived: m.Derived,
	}
	e.octets = g.octets.Take(m)
	if g.kept += int64(len(e.octets)); g.kept > pageOctets {
		e.octets = e.octets[:min(len(e.octets), fewOctets)]
	}
	if m.Derived {
		e.size = m.Body.Size
	}
	g.p.Message(whole(m))
	e.rows = g.taken()
	e.what = entryText(m, e.rows)
	if r, ok := m.Value.(*http1.Response); ok {
		j := object{b: []byte{'['}}
		for _, v := range verdicts(r, originOf(m, r), g.p.now(m.Last)) {
			j.cookie(v.Object())
			e.set++
		}
		if e.set > 0 {
			e.cookies = append(j.b, ']')
		}
	}
	if t, ok := g.watch.Message(m); ok && t.Total() > 0 {
		e.phases = t.Phases
	}
	g.entry(&e)
}

// isUnit reports whether m is a frame, of which other Messages tell what several
// amount to.
func isUnit(m *proto.Message) bool {
	_, frame := m.Value.(*websocket.Frame)
	return frame || m.Kind == proto.KindFrame || m.Kind == proto.KindRecord
}

// whole returns m with a head, which a Message that is Derived from frames has not:
// on a page it does not stand behind them.
func whole(m *proto.Message) *proto.Message {
	if !m.Derived || !isHTTP(m) {
		return m
	}
	var first string
	var fields http1.Fields
	switch v := m.Value.(type) {
	case *http1.Request:
		first, fields = v.String(), v.Fields
		if v.Authority != "" {
			first += "\r\n:authority: " + v.Authority
		}
	case *http1.Response:
		first, fields = v.String(), v.Fields
	default:
		return m
	}
	c := *m
	c.Derived = false
	c.Head = []byte(first + "\r\n")
	for _, f := range fields.List() {
		c.Head = slices.Concat(c.Head, f.Name, []byte(": "), f.Value, []byte("\r\n"))
	}
	return &c
}

// entryText says in a row what a Message is.
func entryText(m *proto.Message, rows []byte) string {
	if r, ok := m.Value.(*http1.Response); ok && r.Status > 0 {
		return EscapeString(shortText(strings.TrimSpace(strconv.Itoa(r.Status) + " " + r.Reason)))
	}
	if m.Dir == wire.ClientToServer {
		if asked := askedText(m); asked != "" {
			return EscapeString(asked)
		}
	}
	if what := firstRow(rows); what != "" {
		return what
	}
	return string(m.Kind)
}

// shortText cuts a text to what a row has room for.
func shortText(s string) string {
	if len(s) > maxBrief {
		return s[:runeStart([]byte(s), maxBrief)] + "…"
	}
	return s
}

// firstRow returns the first row that was written, without its mark and colours;
// it is escaped.
func firstRow(rows []byte) string {
	row, _, _ := bytes.Cut(rows, []byte("\n"))
	row = bytes.Map(func(r rune) rune {
		if r >= 0xe000 && r <= 0xe00f {
			return -1
		}
		return r
	}, row[:runeStart(row, min(len(row), 4*maxBrief))])
	for _, m := range marks {
		if m.text != "" && bytes.HasPrefix(row, []byte(m.text)) {
			row = row[len(m.text):]
			break
		}
	}
	return shortText(string(row))
}

// taken returns what the printer has written.
func (g *TapePage) taken() []byte {
	rows := bytes.Clone(bytes.TrimSuffix(g.rows.Bytes(), []byte("\n")))
	g.rows.Reset()
	return rows
}

// entry appends an entry: to the index what the list shows, to the block the rest.
func (g *TapePage) entry(e *pageEntry) {
	j := object{b: g.index}
	if len(j.b) == 0 {
		j.b = append(j.b, '[')
	}
	j.open("")
	j.int("n", int64(e.n))
	j.int("conn", int64(e.conn))
	j.string("dir", e.dir)
	j.string("proto", e.proto)
	j.string("kind", e.kind)
	j.string("what", e.what)
	j.key("at")
	j.b = appendSeconds(j.b, e.at)
	j.key("last")
	j.b = appendSeconds(j.b, e.last)
	j.int("size", e.size)
	if e.unit {
		j.bool("unit", true)
	}
	if e.set > 0 {
		j.int("cookies", int64(e.set))
	}
	if bytes.Contains(e.rows, []byte(g.p.c.warn.on)) {
		j.bool("warn", true)
	}
	j.shut()
	g.index = j.b

	if len(g.block) == 0 {
		g.block, g.from = append(g.block, '['), g.entries
	}
	j = object{b: g.block}
	j.open("")
	j.key("rows")
	j.b = appendRows(j.b, e.rows)
	j.int("offset", e.offset)
	if e.derived {
		j.bool("derived", true)
	}
	if len(e.octets) > 0 {
		j.base64("octets", e.octets)
	}
	if e.set > 0 {
		j.key("cookies")
		j.b = append(j.b, e.cookies...)
	}
	if len(e.phases) > 0 {
		j.array("phases")
		for _, p := range e.phases {
			j.array("")
			j.string("", p.Name)
			j.key("")
			j.b = appendSeconds(j.b, p.Took)
			j.end()
		}
		j.end()
	}
	j.shut()
	g.block = j.b
	g.entries++
	g.at = max(g.at, e.last)
	if len(g.block) >= pageBlock {
		g.endBlock()
	}
}

// appendRows appends rows as a JSON string. They are escaped for the screen
// already, but for the characters in place of colours, which stand as they are:
// there are many.
func appendRows(dst, rows []byte) []byte {
	dst = append(dst, '"')
	for len(rows) > 0 {
		n := 0
		for n < len(rows) && (rows[n] >= 0x80 || rows[n] >= ' ' && rows[n] != '"' && rows[n] != '\\') {
			n++
		}
		dst = append(dst, rows[:n]...)
		if n < len(rows) {
			switch c := rows[n]; c {
			case '\n':
				dst = append(dst, '\\', 'n')
			case '"', '\\':
				dst = append(dst, '\\', c)
			}
			n++
		}
		rows = rows[n:]
	}
	return append(dst, '"')
}

// endBlock writes the block of entries.
func (g *TapePage) endBlock() {
	if len(g.block) > 0 {
		g.data(fmt.Sprintf(`class="block" data-from="%d"`, g.from), append(g.block, ']'))
		g.block = g.block[:0]
	}
}

// data writes JSON as an element that nothing runs. "<" stands in strings alone,
// and without it nothing in them ends the element or begins another.
func (g *TapePage) data(attributes string, json []byte) {
	g.write(fmt.Appendf(nil, "<script type=\"application/json\" %s>", attributes))
	g.write(bytes.ReplaceAll(json, []byte("<"), []byte(`\u003c`)))
	g.write([]byte("</script>\n"))
}

func (g *TapePage) write(b []byte) {
	if g.err == nil {
		_, g.err = g.w.Write(b)
	}
}

// Close ends the page with the Messages that were pending. It returns the first
// error of the writer.
func (g *TapePage) Close(rest []proto.Message) error {
	for i := range rest {
		g.message(&rest[i])
	}
	g.endBlock()
	if len(g.index) == 0 {
		g.index = append(g.index, '[')
	}
	j := object{b: []byte{'{'}}
	j.int("conns", int64(len(g.conns)))
	j.key("total")
	j.b = appendSeconds(j.b, max(g.at, time.Nanosecond))
	j.key("entries")
	j.b = append(append(j.b, g.index...), ']')
	j.shut()
	g.data(`id="index"`, j.b)
	g.write([]byte("<script>" + tapeScript + "</script>\n</body></html>\n"))
	return g.err
}
