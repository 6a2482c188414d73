package analyze

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/dns"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
	"wiretape/wire/tlsrec"
)

// What is kept of a recording, which may be any tape.
const (
	maxConversations = 1 << 10
	maxResponses     = 64       // of one conversation, interim ones too
	maxTrouble       = 16       // failed addresses and errors of one conversation
	maxAnswers       = 32       // of name servers, on one connection
	keepBody         = 64 << 10 // of a page: that much of it is looked through
	keepFirst        = 256      // of what each side begins with: a greeting
	showFirst        = 64       // of that, in evidence
)

// A recording reads events and keeps of each conversation what rules look at.
type recording struct {
	stream *detect.Stream
	byID   map[int]*link
	convs  []*conversation // in order of their first event
	last   time.Duration
	began  time.Time // of the recording, as far as the first connection tells
	line   int       // of the tape, where the next event stands; 0 for no tape
}

// A conversation is one request and what came of it, or a connection without one.
// Those of one connection share its link.
type conversation struct {
	*link
	exchange  int // of the request
	request   *http1.Request
	asked     time.Duration
	responses []proto.Message // *http1.Response, interim ones too
	settled   bool            // the whole of a final response is there
	page      *document       // of the final response, once a chain has read it
	reply     int             // line of the tape where the answer begins; 0 for none

	cutHead     bool // of a response, the head did not come to its end
	secondReply bool // another final response came, to the same request made again
}

// A try is an address that did not answer.
type try struct {
	Addr, Text string
	line       int
}

// A link is what is known of one connection.
type link struct {
	convs   []*conversation // at least one; the first may be without a request
	id      int
	facts   *wire.Facts // nil where no connection came to be
	tls     *wire.TLS   // nil before, or without, a handshake that ended well
	tries   []try
	alert   *wire.Event // the last fatal alert
	errors  []string
	eof     bool // the peer ended its stream
	abrupt  bool // without a close_notify, over TLS
	reset   bool
	timeout bool
	sent    bool // we sent something, over TLS where it stands

	first  []byte // of the server's stream, over TLS where it stands
	said   []byte // of the client's, likewise
	frames frames

	unreadable string         // why the server's first octets that are no message are none
	hello      *tlsrec.Hello  // of a server, in the clear: the answer to a ClientHello of our own making
	offered    *tlsrec.Hello  // that ClientHello
	refusal    *tlsrec.Alert  // the alert in its place
	answers    []*dns.Message // of a name server
	asked53    []*dns.Message // what it was asked
	altSvc     []byte         // the value of an ALTSVC frame
	ended      time.Duration  // its last event
	lines      places
}

// places are the lines of the tape where something of a connection stands; 0 for what
// does not, or where there is no tape.
type places struct {
	begin  int // its first event
	open   int // that it stands
	secure int // the handshake
	answer int // the server's first octets, over TLS where it stands
	turn   int // its first ones behind the client's last
	end    int // what went wrong, or that it ended
}

func newRecording() *recording {
	return &recording{
		stream: detect.New(detect.Options{Limits: proto.Limits{Body: keepBody}}),
		byID:   make(map[int]*link),
	}
}

// feed takes an event. It is a [wire.Sink].
func (r *recording) feed(e wire.Event) {
	l := r.byID[e.Conn]
	if l == nil {
		if len(r.convs) == maxConversations {
			return
		}
		l = &link{id: e.Conn}
		r.byID[e.Conn] = l
		r.begin(l)
	}
	r.last = max(r.last, e.At)
	l.ended = e.At
	if e.Kind == wire.KindOpen && e.Facts != nil && r.began.IsZero() && !e.Facts.Start.IsZero() {
		r.began = e.Facts.Start.Add(e.Facts.Phases.DNS + e.Facts.Phases.Connect - e.At)
	}
	l.event(e, r.line)
	r.messages(l, r.stream.Feed(e))
}

// begin begins a conversation on a connection.
func (r *recording) begin(l *link) *conversation {
	c := &conversation{link: l}
	l.convs = append(l.convs, c)
	r.convs = append(r.convs, c)
	return c
}

// conv returns the first conversation of a connection, nil where there is none of
// it.
func (r *recording) conv(id int) *conversation {
	if l := r.byID[id]; l != nil {
		return l.convs[0]
	}
	return nil
}

// close says that no event will follow.
func (r *recording) close() {
	for _, m := range r.stream.Close() {
		if l := r.byID[m.Conn]; l != nil {
			r.messages(l, []proto.Message{m})
		}
	}
}

// event takes what is not a matter of parsers.
func (l *link) event(e wire.Event, line int) {
	l.lines.take(e, line)
	switch e.Kind {
	case wire.KindOpen:
		l.facts = e.Facts
	case wire.KindTry:
		if len(l.tries) < maxTrouble {
			l.tries = append(l.tries, try{e.Addr, e.Text, line})
		}
	case wire.KindSecure:
		l.tls = e.TLS
		l.sent, l.first, l.said, l.frames = false, nil, nil, frames{}
	case wire.KindAlert:
		if e.Alert != 0 {
			l.alert = &wire.Event{Kind: e.Kind, Dir: e.Dir, Alert: e.Alert}
		}
	case wire.KindData:
		if e.Dir == wire.ClientToServer {
			l.sent = true
			if room := keepFirst - len(l.said); room > 0 {
				l.said = append(l.said, e.Data[:min(room, len(e.Data))]...)
			}
			break
		}
		if room := keepFirst - len(l.first); room > 0 {
			l.first = append(l.first, e.Data[:min(room, len(e.Data))]...)
		}
	case wire.KindEOF:
		if e.Dir == wire.ServerToClient {
			l.eof, l.abrupt = true, l.tls != nil && e.Notify == wire.NotifyNo
		}
	case wire.KindReset:
		l.reset = l.reset || e.Dir == wire.ServerToClient
	case wire.KindTimeout:
		l.timeout = true
	case wire.KindError:
		if len(l.errors) < maxTrouble {
			l.errors = append(l.errors, e.Text)
		}
		l.quoted(e.Text)
	}
}

// take notes where an event stands.
func (l *places) take(e wire.Event, line int) {
	l.begin = cmp.Or(l.begin, line)
	switch e.Kind {
	case wire.KindOpen:
		l.open = line
	case wire.KindSecure:
		*l = places{begin: l.begin, open: l.open, secure: line}
	case wire.KindData:
		switch {
		case e.Dir == wire.ClientToServer:
			l.turn = 0
		case l.turn == 0:
			l.turn = line
			l.answer = cmp.Or(l.answer, line)
		}
	case wire.KindAlert, wire.KindTry, wire.KindReset, wire.KindTimeout, wire.KindError:
		l.end = line
	case wire.KindEOF:
		if e.Dir == wire.ServerToClient {
			l.end = line
		}
	}
}

// shown returns the line of the tape that shows what came of a conversation; 0
// where there is no tape.
func (c *conversation) shown() int {
	return cmp.Or(c.reply, c.lines.answer, c.lines.end, c.lines.secure, c.lines.open)
}

// shook returns the line of the tape that shows what came of a handshake.
func (c *conversation) shook() int { return cmp.Or(c.lines.secure, c.shown()) }

// ask takes a request: that of the link's first conversation, or of one more. The
// same one made again, as a probe does, begins none.
func (r *recording) ask(l *link, m proto.Message, q *http1.Request) {
	c := l.convs[0]
	switch {
	case c.request == nil:
	case same(c.request, q) || len(r.convs) == maxConversations:
		return
	default:
		c = r.begin(l)
	}
	c.request, c.exchange, c.asked = q, m.Exchange, m.Last
}

// same reports whether two requests are one that was made twice.
func same(a, b *http1.Request) bool {
	return a.Method == b.Method && a.Target == b.Target && slices.EqualFunc(a.Fields.List(), b.Fields.List(), func(x, y http1.Field) bool {
		return bytes.Equal(x.Name, y.Name) && bytes.Equal(x.Value, y.Value)
	})
}

// answer takes a response to the conversation whose request it answers. Over
// HTTP/2 it comes between those to other requests.
func (l *link) answer(m proto.Message, v *http1.Response) {
	c := l.convs[0]
	if i := slices.IndexFunc(l.convs, func(c *conversation) bool { return c.exchange == m.Exchange }); i >= 0 {
		c = l.convs[i]
	} else if m.Derived {
		return
	}
	switch {
	case v.Framing == "" && v.Status != 0:
		c.cutHead = true
		return
	case c.final() != nil:
		c.secondReply = c.secondReply || !v.Interim() && v.Status != 0
	case len(c.responses) < maxResponses:
		c.responses = append(c.responses, m)
		c.settled = c.settled || !v.Interim()
	}
	c.reply = cmp.Or(c.reply, l.lines.turn)
}

// messages takes what the parser of a connection completed.
func (r *recording) messages(c *link, ms []proto.Message) {
	for _, m := range ms {
		if m.Secure == (c.tls != nil) {
			c.frames.take(m)
		}
		if m.Kind == proto.KindRaw && m.Dir == wire.ServerToClient && c.unreadable == "" && len(m.Notes) > 0 {
			c.unreadable = m.Notes[0].Text
		}
		switch v := m.Value.(type) {
		case *http1.Request:
			r.ask(c, m, v)
		case *http1.Response:
			c.answer(m, v)
		case *tlsrec.Record:
			c.record(m.Dir, v)
		case *dns.Message:
			if v.Response && len(c.answers) < maxAnswers {
				c.answers = append(c.answers, v)
			} else if !v.Response && len(c.asked53) < maxAnswers {
				c.asked53 = append(c.asked53, v)
			}
		case *http2.Frame:
			// RFC 7838, section 4.
			if v.Type == http2.FrameAltSvc && v.Extension != nil && m.Dir == wire.ServerToClient && len(c.altSvc) == 0 {
				c.altSvc = bytes.Clone(v.Extension.Value)
			}
		}
	}
}

// record takes a TLS record that stands on the socket itself.
func (l *link) record(d wire.Dir, v *tlsrec.Record) {
	if v.Alert != nil && d == wire.ServerToClient && l.refusal == nil && l.hello == nil {
		l.refusal = v.Alert
	}
	for i := range v.Handshakes {
		switch h := &v.Handshakes[i]; {
		case h.Hello == nil:
		case d == wire.ServerToClient && l.hello == nil:
			l.hello = h.Hello
		case d == wire.ClientToServer && l.offered == nil:
			l.offered = h.Hello
		}
	}
}

// final returns the message of the final response, nil where there is none.
func (c *conversation) final() *proto.Message {
	if n := len(c.responses); n > 0 {
		m := &c.responses[n-1]
		if v := responseOf(m); !v.Interim() && v.Status != 0 {
			return m
		}
	}
	return nil
}

// target returns host:port as it was dialled; "" where nothing was connected.
func (l *link) target() string {
	if l.facts == nil {
		return ""
	}
	return l.facts.Target
}

// attempted reports whether c could be an attempt to reach a: of one that came to
// no connection only the addresses that were tried, or the name, are recorded.
func (l *link) attempted(a address) bool {
	if l.facts != nil {
		return l.facts.Target == a.target()
	}
	for _, t := range l.tries {
		if strings.HasSuffix(t.Addr, a.target()[strings.LastIndexByte(a.target(), ':'):]) {
			return true
		}
	}
	for _, text := range l.errors {
		if strings.HasPrefix(text, "look up "+a.host+":") {
			return true
		}
	}
	return false
}

// notTLS is how the dialler's error tells of a peer that answers a handshake with
// something else.
const notTLS = "first bytes are not TLS"

// plaintext reports whether the peer answered a TLS handshake in the clear.
func (l *link) plaintext() bool {
	for _, text := range l.errors {
		if strings.Contains(text, notTLS) {
			return true
		}
	}
	return false
}

// handshook reports whether a handshake was tried, whatever came of it.
func (l *link) handshook() bool {
	if l.tls != nil || l.alert != nil {
		return true
	}
	for _, text := range l.errors {
		if strings.HasPrefix(text, "TLS handshake") {
			return true
		}
	}
	// Nothing that was sent is recorded of a handshake.
	return l.facts != nil && !l.sent
}

// trouble says why the conversation did not come to what it was for; "" for no
// reason that was recorded.
func (l *link) trouble() string {
	switch {
	case l.facts == nil && len(l.errors) > 0:
		return l.errors[len(l.errors)-1]
	case l.facts == nil && len(l.tries) > 0:
		t := l.tries[len(l.tries)-1]
		return "connect " + t.Addr + ": " + t.Text
	case l.facts == nil:
		return "no connection"
	case l.alert != nil && l.alert.Dir == wire.ServerToClient:
		return "the server sent alert " + l.alert.Alert.String()
	case l.tls == nil && len(l.errors) > 0:
		return l.errors[len(l.errors)-1]
	case l.reset:
		return resetOnUs
	case l.eof:
		return closedOnUs
	case l.timeout:
		return "timed out"
	case len(l.errors) > 0:
		return l.errors[len(l.errors)-1]
	}
	return ""
}

// How a server ended a conversation.
const (
	closedOnUs = "the server closed the connection"
	resetOnUs  = "connection reset by the server"
)

// refused reports whether every address that was tried refused.
func (l *link) refused() bool {
	for _, t := range l.tries {
		if t.Text != "connection refused" {
			return false
		}
	}
	return l.facts == nil && len(l.tries) > 0
}

// tlsInClear reports whether a server that was asked in the clear wants TLS: it
// answered with a record, or says so in the words of a server in common use.
func (c *conversation) tlsInClear() bool {
	if c.tls != nil {
		return false
	}
	// RFC 8446, section 5.1: alert or handshake, version 3.x.
	if len(c.first) >= 2 && (c.first[0] == 0x15 || c.first[0] == 0x16) && c.first[1] == 3 {
		return true
	}
	m := c.final()
	if m == nil || m.Value.(*http1.Response).Status != 400 {
		return false
	}
	for _, words := range []string{"sent to HTTPS port", "plain HTTP to an SSL-enabled", "HTTP request to an HTTPS server"} {
		if bytes.Contains(m.Body.Data, []byte(words)) {
			return true
		}
	}
	return false
}

// responseOf returns the response that a message of one is.
func responseOf(m *proto.Message) *http1.Response { return m.Value.(*http1.Response) }
