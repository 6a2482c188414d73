package analyze

import (
	"bytes"
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
	keepFirst        = 64
)

// A recording reads events and keeps of each conversation what rules look at.
type recording struct {
	stream *detect.Stream
	byID   map[int]*conversation
	convs  []*conversation // in order of their first event
	last   time.Duration
	began  time.Time // of the recording, as far as the first connection tells
}

// A conversation is what is known of one connection.
type conversation struct {
	id      int
	facts   *wire.Facts // nil where no connection came to be
	tls     *wire.TLS   // nil before, or without, a handshake that ended well
	tries   []wire.Event
	alert   *wire.Event // the last fatal alert
	errors  []string
	eof     bool // the peer ended its stream
	abrupt  bool // without a close_notify, over TLS
	reset   bool
	timeout bool
	sent    bool // we sent something, over TLS where it stands
	settled bool // the whole of a final response is there

	request   *http1.Request
	exchange  int // of the request
	asked     time.Duration
	responses []proto.Message // *http1.Response, interim ones too

	first  []byte // of the server's stream, over TLS where it stands
	said   []byte // of the client's, likewise
	frames frames

	cutHead     bool           // of a response, the head did not come to its end
	unreadable  string         // why the server's first octets that are no message are none
	secondReply bool           // another final response came, to another request
	hello       *tlsrec.Hello  // of a server, in the clear: the answer to a ClientHello of our own making
	offered     *tlsrec.Hello  // that ClientHello
	refusal     *tlsrec.Alert  // the alert in its place
	answers     []*dns.Message // of a name server
	asked53     []*dns.Message // what it was asked
	altSvc      []byte         // of an ALTSVC frame
	ended       time.Duration  // its last event
}

func newRecording() *recording {
	return &recording{
		stream: detect.New(detect.Options{Limits: proto.Limits{Body: keepBody}}),
		byID:   make(map[int]*conversation),
	}
}

// feed takes an event. It is a [wire.Sink].
func (r *recording) feed(e wire.Event) {
	c := r.byID[e.Conn]
	if c == nil {
		if len(r.convs) == maxConversations {
			return
		}
		c = &conversation{id: e.Conn}
		r.byID[e.Conn] = c
		r.convs = append(r.convs, c)
	}
	r.last = max(r.last, e.At)
	c.ended = e.At
	if e.Kind == wire.KindOpen && e.Facts != nil && r.began.IsZero() && !e.Facts.Start.IsZero() {
		r.began = e.Facts.Start.Add(e.Facts.Phases.DNS + e.Facts.Phases.Connect - e.At)
	}
	c.event(e)
	c.messages(r.stream.Feed(e))
}

// close says that no event will follow.
func (r *recording) close() {
	for _, m := range r.stream.Close() {
		if c := r.byID[m.Conn]; c != nil {
			c.messages([]proto.Message{m})
		}
	}
}

// event takes what is not a matter of parsers.
func (c *conversation) event(e wire.Event) {
	switch e.Kind {
	case wire.KindOpen:
		c.facts = e.Facts
	case wire.KindTry:
		if len(c.tries) < maxTrouble {
			c.tries = append(c.tries, e)
		}
	case wire.KindSecure:
		c.tls = e.TLS
		c.sent, c.first, c.said, c.frames = false, nil, nil, frames{}
	case wire.KindAlert:
		if e.Alert != 0 {
			c.alert = &wire.Event{Kind: e.Kind, Dir: e.Dir, Alert: e.Alert}
		}
	case wire.KindData:
		if e.Dir == wire.ClientToServer {
			c.sent = true
			if room := keepFirst - len(c.said); room > 0 {
				c.said = append(c.said, e.Data[:min(room, len(e.Data))]...)
			}
			break
		}
		if room := keepFirst - len(c.first); room > 0 {
			c.first = append(c.first, e.Data[:min(room, len(e.Data))]...)
		}
	case wire.KindEOF:
		if e.Dir == wire.ServerToClient {
			c.eof, c.abrupt = true, c.tls != nil && e.Notify == wire.NotifyNo
		}
	case wire.KindReset:
		c.reset = c.reset || e.Dir == wire.ServerToClient
	case wire.KindTimeout:
		c.timeout = true
	case wire.KindError:
		if len(c.errors) < maxTrouble {
			c.errors = append(c.errors, e.Text)
		}
	}
}

// messages takes what the parser of the connection completed.
func (c *conversation) messages(ms []proto.Message) {
	for _, m := range ms {
		if m.Secure == (c.tls != nil) {
			c.frames.take(m)
		}
		if m.Kind == proto.KindRaw && m.Dir == wire.ServerToClient && c.unreadable == "" && len(m.Notes) > 0 {
			c.unreadable = m.Notes[0].Text
		}
		switch v := m.Value.(type) {
		case *http1.Request:
			if c.request == nil {
				c.request, c.exchange, c.asked = v, m.Exchange, m.Last
			}
		case *http1.Response:
			// Over HTTP/2 the responses to other requests come in between.
			if m.Derived && m.Exchange != c.exchange {
				break
			}
			if v.Framing == "" && v.Status != 0 {
				c.cutHead = true
				break
			}
			if c.final() != nil {
				c.secondReply = c.secondReply || !v.Interim() && v.Status != 0
			} else if len(c.responses) < maxResponses {
				c.responses = append(c.responses, m)
				c.settled = c.settled || !v.Interim()
			}
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
			if v.Type == frameAltSvc && m.Dir == wire.ServerToClient && len(c.altSvc) == 0 {
				c.altSvc = bytes.Clone(v.Unknown)
			}
		}
	}
}

// frameAltSvc is the type of an ALTSVC frame: RFC 7838, section 4.
const frameAltSvc = http2.FrameType(0xa)

// record takes a TLS record that stands on the socket itself.
func (c *conversation) record(d wire.Dir, v *tlsrec.Record) {
	if v.Alert != nil && d == wire.ServerToClient && c.refusal == nil && c.hello == nil {
		c.refusal = v.Alert
	}
	for i := range v.Handshakes {
		switch h := &v.Handshakes[i]; {
		case h.Hello == nil:
		case d == wire.ServerToClient && c.hello == nil:
			c.hello = h.Hello
		case d == wire.ClientToServer && c.offered == nil:
			c.offered = h.Hello
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
func (c *conversation) target() string {
	if c.facts == nil {
		return ""
	}
	return c.facts.Target
}

// attempted reports whether c could be an attempt to reach a: of one that came to
// no connection only the addresses that were tried, or the name, are recorded.
func (c *conversation) attempted(a address) bool {
	if c.facts != nil {
		return c.facts.Target == a.target()
	}
	for _, t := range c.tries {
		if strings.HasSuffix(t.Addr, a.target()[strings.LastIndexByte(a.target(), ':'):]) {
			return true
		}
	}
	for _, text := range c.errors {
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
func (c *conversation) plaintext() bool {
	for _, text := range c.errors {
		if strings.Contains(text, notTLS) {
			return true
		}
	}
	return false
}

// handshook reports whether a handshake was tried, whatever came of it.
func (c *conversation) handshook() bool {
	if c.tls != nil || c.alert != nil {
		return true
	}
	for _, text := range c.errors {
		if strings.HasPrefix(text, "TLS handshake") {
			return true
		}
	}
	// Nothing that was sent is recorded of a handshake.
	return c.facts != nil && !c.sent
}

// trouble says why the conversation did not come to what it was for; "" for no
// reason that was recorded.
func (c *conversation) trouble() string {
	switch {
	case c.facts == nil && len(c.errors) > 0:
		return c.errors[len(c.errors)-1]
	case c.facts == nil && len(c.tries) > 0:
		t := c.tries[len(c.tries)-1]
		return "connect " + t.Addr + ": " + t.Text
	case c.facts == nil:
		return "no connection"
	case c.alert != nil && c.alert.Dir == wire.ServerToClient:
		return "the server sent alert " + c.alert.Alert.String()
	case c.tls == nil && len(c.errors) > 0:
		return c.errors[len(c.errors)-1]
	case c.reset:
		return resetOnUs
	case c.eof:
		return closedOnUs
	case c.timeout:
		return "timed out"
	case len(c.errors) > 0:
		return c.errors[len(c.errors)-1]
	}
	return ""
}

// How a server ended a conversation.
const (
	closedOnUs = "the server closed the connection"
	resetOnUs  = "connection reset by the server"
)

// refused reports whether every address that was tried refused.
func (c *conversation) refused() bool {
	for _, t := range c.tries {
		if t.Text != "connection refused" {
			return false
		}
	}
	return c.facts == nil && len(c.tries) > 0
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
