// Package script writes a tape as commands: as the script of a session, which
// sends the same bytes and expects what was answered, or as curl's command lines.
// It serves export.
package script

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// A Result says what was written.
type Result struct {
	Commands int
	Target   string   // of the first connection, as a session takes it
	Lost     []string // what of the tape is not in it
}

// maxSend is how many octets one .send has: its line has to be one that a script
// may have.
const maxSend = 4 << 10

// Session writes the script that says what the client of a tape said, and after
// each turn expects what the server's last message came to. Secrets stand as
// variables of the environment. The session is to be connected to the target of
// the first connection; the connections stand one behind the other.
func Session(dst io.Writer, r *tape.Reader) (Result, error) {
	w := session{out: bufio.NewWriter(dst), stream: detect.New(detect.Options{}), conns: map[int]*conversation{}, said: map[string]bool{}}
	for rec, err := range r.Records() {
		if err != nil {
			return w.res, err
		}
		switch rec.Kind {
		case tape.Mark:
			w.mark(rec.Value)
		case tape.Socket, tape.Data:
			if rec.Kind == tape.Socket && rec.Continues {
				continue // a certificate
			}
			w.event(rec.Event, rec.Spans)
		}
	}
	for _, m := range w.stream.Close() {
		w.message(&m)
	}
	for _, n := range w.order {
		w.conversation(n, w.conns[n])
	}
	return w.res, w.out.Flush()
}

// A conversation is what a connection becomes.
type conversation struct {
	target string
	lines  []string
	sent   []byte // what the client said since, escaped
	raw    int    // octets in it
	due    string // what to expect before the client speaks again
	data   bool
	lost   string // why it cannot be written
	ended  bool   // by the server: nothing follows
	udp    bool
	tls    string // how a target over TLS begins, where the connection began so
	locked bool   // free text is due from the client, and no line is a command by its dot

	h2      bool
	asked   map[int][]string // of HTTP/2: the lines of requests without a response, by exchange
	pending []int            // their exchanges in order, and others
}

// escape begins a line that is a command where free text is due.
const escape = "\x1d"

// add adds a command.
func (c *conversation) add(line string) {
	if c.locked {
		line = escape + line
	}
	c.lines = append(c.lines, line)
}

// session writes a session's script.
type session struct {
	out    *bufio.Writer
	stream *detect.Stream
	conns  map[int]*conversation
	order  []int
	marks  []string
	said   map[string]bool
	res    Result
}

func (w *session) lose(text string) {
	if !w.said[text] {
		w.said[text] = true
		w.res.Lost = append(w.res.Lost, text)
	}
}

func (w *session) mark(text string) {
	w.marks = append(w.marks, ".# "+oneLine(text))
}

// event writes what one event of the tape comes to.
func (w *session) event(e wire.Event, spans []tape.Span) {
	c := w.conns[e.Conn]
	if c == nil {
		c = &conversation{}
		w.conns[e.Conn] = c
		w.order = append(w.order, e.Conn)
	}
	sent := e.Kind == wire.KindData && e.Dir == wire.ClientToServer
	if sent || e.Kind == wire.KindSecure || e.Kind == wire.KindEOF && e.Dir == wire.ClientToServer {
		// The server's turn is over.
		c.expect()
	}
	if !sent {
		c.flush() // before the server's words on it change how a line is written
	}
	for _, m := range w.stream.Feed(e) {
		w.message(&m)
	}
	if w.stream.Proto(e.Conn) == detect.HTTP2 {
		w.http2(c)
	}
	switch e.Kind {
	case wire.KindOpen:
		c.target, c.udp = targetOf(e.Facts), e.Facts != nil && e.Facts.Network == "udp"
	case wire.KindData:
		w.data(c, e, spans)
	case wire.KindSecure:
		c.secure(e.TLS)
	case wire.KindEOF, wire.KindReset:
		if e.Dir == wire.ClientToServer && !c.ended && e.Kind == wire.KindEOF && !c.h2 {
			c.add(".eof")
		}
		c.ended = c.ended || e.Dir == wire.ServerToClient
	case wire.KindGap:
		c.lost = "bytes are missing from the tape"
	case wire.KindClose:
		c.expect()
	}
}

// data adds bytes of either side.
func (w *session) data(c *conversation, e wire.Event, spans []tape.Span) {
	c.data = true
	sent := e.Dir == wire.ClientToServer
	if sent && len(w.marks) > 0 {
		c.flush()
		c.lines = append(c.lines, w.marks...)
		w.marks = nil
	}
	switch {
	case c.h2:
		if slices.ContainsFunc(spans, func(s tape.Span) bool { return s.Kind == tape.SpanSecret }) {
			w.lose("secrets over HTTP/2 stand as they were invented")
		}
	case sent:
		if c.udp {
			c.flush() // a datagram is one
		}
		w.send(c, e.Data, spans)
	}
	if p := w.stream.Proto(e.Conn); !sent && (p == detect.Raw || p == "") {
		w.lose("replies in bytes of no protocol are awaited by their number, and not compared")
	}
}

// secure notes that TLS begins, by itself or in the middle of what was plain.
func (c *conversation) secure(f *wire.TLS) {
	switch {
	case c.data:
		c.add(".starttls")
	case f != nil && f.ALPN == "http/1.1":
		c.tls = "https://"
	default:
		c.tls = "tls://"
	}
}

// send adds bytes of the client.
func (w *session) send(c *conversation, data []byte, spans []tape.Span) {
	add := func(b []byte) {
		for len(b) > 0 {
			n := min(len(b), max(1, maxSend-c.raw))
			c.sent = appendEscaped(c.sent, b[:n])
			if c.raw += n; c.raw >= maxSend {
				c.flush()
			}
			b = b[n:]
		}
	}
	from := 0
	for _, s := range spans {
		if s.From < from || s.To > len(data) {
			continue
		}
		switch {
		case s.Kind == tape.SpanSecret && (s.Enc == "" || s.Enc == "raw"):
			add(data[from:s.From])
			c.sent = append(c.sent, "${WIRETAPE_SECRET_"+s.ID+"}"...)
			c.raw++
			from = s.To
			w.lose("secrets stand as variables: export WIRETAPE_SECRET_" + s.ID)
		case s.Kind == tape.SpanSecret:
			w.lose("a secret in a coding stands as it was invented")
		case s.Kind == tape.SpanRef:
			w.lose("what was captured and sent back stands as it was recorded")
		}
	}
	add(data[from:])
}

// flush writes what the client said as a command.
func (c *conversation) flush() {
	if c.raw > 0 {
		c.add(`.send "` + string(c.sent) + `"`)
	}
	c.sent, c.raw = c.sent[:0], 0
}

// expect writes what the server's last message came to.
func (c *conversation) expect() {
	if c.due != "" {
		c.lines = append(c.lines, c.due)
	}
	c.due = ""
}

// message notes what to expect of a message.
func (w *session) message(m *proto.Message) {
	c := w.conns[m.Conn]
	if c != nil && c.h2 {
		w.exchange(c, m)
		return
	}
	if c == nil || m.Dir != wire.ServerToClient {
		return
	}
	// Free text is due from the reply that asks for it to the one behind it.
	before := c.locked
	switch v := m.Value.(type) {
	case *imap.Response:
		c.due, c.locked = ".await done", v.Tag == "+"
	case *http1.Response:
		if !v.Interim() {
			c.due = fmt.Sprintf(".expect status == %d", v.Status)
		}
	case *line.Reply:
		c.locked = v.Code == 354 || v.Code == 335 || v.Code == 340 // RFC 5321, RFC 3977
		if c.due = ".await done"; m.Exchange > 0 && v.Code > 0 {
			c.due = fmt.Sprintf(".expect code == %d", v.Code)
		}
	default:
		if m.Kind == proto.KindRaw || m.Kind == proto.KindGap {
			c.due = fmt.Sprintf(".await bytes %d", m.Span.Len())
		} else {
			c.due = ".await done"
		}
	}
	if c.due != "" && (before || c.locked) {
		c.due = escape + c.due
	}
}

// conversation writes the commands of a connection.
func (w *session) conversation(n int, c *conversation) {
	c.expect()
	c.flush()
	c.unanswered()
	if c.h2 {
		c.tls = map[bool]string{true: "h2://", false: "h2c://"}[c.tls != ""]
	}
	switch {
	case c.target == "":
		w.lose(fmt.Sprintf("connection %d, which never stood", n))
		return
	case c.lost != "":
		w.lose(fmt.Sprintf("connection %d: %s", n, c.lost))
		return
	case len(c.lines) == 0:
		return
	}
	target := c.tls + c.target
	if w.res.Commands == 0 {
		w.res.Target = target
		fmt.Fprintf(w.out, ".# to be run against %s\n", oneLine(target))
	} else {
		fmt.Fprintf(w.out, ".close\n")
		if target == w.res.Target {
			fmt.Fprintf(w.out, ".reconnect\n")
		} else {
			fmt.Fprintf(w.out, "open %s\n", oneLine(target))
			w.lose(fmt.Sprintf("connection %d goes to the recorded %s", n, oneLine(target)))
		}
	}
	for _, l := range c.lines {
		fmt.Fprintln(w.out, l)
		w.res.Commands++
	}
}

// targetOf returns the target of a connection as a session opens it.
func targetOf(f *wire.Facts) string {
	switch {
	case f == nil:
		return ""
	case f.Network == "udp":
		return "udp://" + f.Target
	case f.Network == "unix":
		return "unix:" + f.Target
	}
	return f.Target
}

// oneLine returns s without what would end its line or hide in it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}

// appendEscaped appends b as it stands in the quotes of .send.
func appendEscaped(dst, b []byte) []byte {
	for _, c := range b {
		switch {
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '"' || c == '\\' || c == '$':
			dst = append(dst, '\\', c)
		case c < ' ' || c >= 0x7f:
			dst = fmt.Appendf(dst, `\x%02x`, c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
