package session

import (
	"cmp"
	"strings"
	"time"

	"wiretape/session/h2"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/line"
	"wiretape/wire/proto"
	"wiretape/wire/resp"
	"wiretape/wire/telnet"
	"wiretape/wire/websocket"
)

// event is the sink of the session's recording: it records, reads, shows, and
// wakes who waits.
func (s *Session) event(e wire.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recordEvent(0, e)
	s.history.event(e)
	s.trouble(e)
	d := s.dialogueOf(e.Conn)
	before := s.stream.State(e.Conn)
	msgs := s.stream.Feed(e)
	hidden := d.isData(e) && d.ftp.data.quiet
	for i := range msgs {
		s.history.message(msgs[i])
		s.jar.take(&msgs[i], s.now(msgs[i].Last))
		if !hidden {
			m := d.unlinted(msgs[i])
			s.view.Message(&m)
		}
	}
	if d.dialling && e.Kind == wire.KindError {
		d.dialTold = s.opts.Interactive
	}
	if d.dialling && e.Kind == wire.KindError && !s.opts.Interactive {
		s.view.Untold(e) // who called the session says why, once
	} else {
		s.view.Event(e)
	}
	if e.Kind == wire.KindSecure && s.opts.ShowCerts {
		s.view.Certificate(e.TLS, s.now(e.At))
	}
	if !hidden {
		s.view.Partial(e.Conn, s.stream.State(e.Conn))
	}
	d.track(e, msgs)
	// An alert may be read after a write has met the RST behind it.
	if p := &d.peer; e.Conn == p.conn && (p.broken == "" || e.Kind == wire.KindAlert) && p.dir() == wire.ServerToClient {
		p.broken = cmp.Or(brokenReply(e, before, s.stream.State(e.Conn), msgs, s.opts.Limits), p.broken)
		if p.broken == endedEarly && d.h2 != nil && !d.h2.Unanswered() {
			p.broken = "" // only SETTINGS were not acknowledged
		}
	}
	s.wake()
}

// wake has who waits look again.
func (s *Session) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// recordEvent writes e to the tapes. s.mu is held.
func (s *Session) recordEvent(source int, e wire.Event) {
	s.tellRecording(s.record.event(source, e))
}

// tellRecording says what is wrong with the tapes, if anything is. s.mu is held.
func (s *Session) tellRecording(err error) {
	if err != nil {
		s.view.Warn(err.Error() + "; the session goes on")
	}
}

// lentSink is Env.Record.
func (s *Session) lentSink() (sink wire.Sink, mark func(label, url string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent++
	source := s.lent
	var label, marked string
	sink = func(e wire.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if label != "" {
			s.tellRecording(s.record.mark(label, marked))
			label = ""
		}
		e.At = time.Since(s.tap.Start()) // its own clock started later
		s.recordEvent(source, e)
	}
	mark = func(l, url string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		label, marked = l, url
	}
	return sink, mark
}

// track keeps what the prompt and the waits hang on. s.mu is held.
func (d *dialogue) track(e wire.Event, msgs []proto.Message) {
	p := &d.peer
	if d.isOfData(e.Conn) {
		return
	}
	if e.Kind == wire.KindOpen {
		*p = peer{conn: e.Conn, facts: e.Facts}
		if d.isCurrent() {
			d.s.numberRows()
		}
		d.telnet = nil // of a connection that never came to be
		if d.target.Proto == detect.Telnet {
			d.telnet = d.s.newTelnet()
		}
		if d.target.Scheme == "h2c" && p.dir() == wire.ServerToClient {
			d.h2 = h2.New("http", d.s.h2opts)
		}
	}
	if e.Conn != p.conn {
		return
	}
	d.turns.event(e)
	p.lastAt = time.Now()
	switch e.Kind {
	case wire.KindSecure:
		p.tls = e.TLS
		if e.TLS.ALPN == detect.HTTP2 && p.dir() == wire.ServerToClient {
			d.h2 = h2.New("https", d.s.h2opts)
		}
	case wire.KindData:
		p.octets[proto.Side(e.Dir)] += int64(len(e.Data))
		if e.Dir == p.dir() {
			p.gotN += int64(len(e.Data))
			p.got = append(p.got, e.Data...)
			if over := len(p.got) - awaitWindow; over > 0 {
				p.got = append(p.got[:0], p.got[over:]...)
			}
			if d.isCurrent() {
				d.s.challenged.Store(isChallenge(p.got))
			}
		}
	case wire.KindEOF:
		p.ended = p.ended || e.Dir == p.dir()
		if e.Dir == p.dir() {
			d.tellSilence()
		}
	case wire.KindReset:
		p.ended = true
		d.tellSilence()
	case wire.KindClose:
		p.ended, p.closed = true, true
	}
	for i := range msgs {
		d.trackMessage(&msgs[i])
	}
	d.trackAnnounced()
	if d.isCurrent() {
		d.followEcho()
	} else if e.Dir == p.dir() {
		d.unread += int64(len(e.Data))
	}
	if p.ended && d.ws != nil {
		d.ws.over = true
	}
	if p.ended && d.g.phase == connected {
		d.g.phase, d.g.lock = peerClosed, ""
	}
	if d.s.opts.Interactive && d.isCurrent() && d.promptText() != d.s.shown {
		d.s.setPrompt()
	}
}

// trackMessage follows what a Message changes: free text that is due, a handshake
// that is due, a frame that wants an answer. s.mu is held.
func (d *dialogue) trackMessage(m *proto.Message) {
	if d.peer.dir() == wire.ClientToServer { // what is said to us asks nothing of the session
		d.peer.spoke = d.peer.spoke || m.Dir == wire.ClientToServer
		return
	}
	if m.Dir == wire.ClientToServer {
		d.peer.torn = d.peer.torn || d.h2 == nil && !m.Complete && (m.Kind == proto.KindRequest || m.Kind == proto.KindCommand)
		d.trackCommand(m)
		switch v := m.Value.(type) {
		case *http2.Frame:
			d.h2Message(v, m.Dir)
		case *websocket.Frame:
			if d.ws != nil {
				d.ws.gave(v)
			}
		}
		return
	}
	_, negotiates := m.Value.(*telnet.Command)
	d.peer.spoke = d.peer.spoke || m.Complete && !negotiates
	d.tellTLS(m)
	if m.Proto == detect.Redis && d.g.encode == nil && !d.peer.asTyped {
		d.g.encode = redisCommand
		d.info("read as redis: text goes as an array of bulk strings; .mode line sends it as typed")
	}
	switch v := m.Value.(type) {
	case *http2.Frame:
		d.h2Message(v, m.Dir)
	case *http1.Response:
		if v.Status == 101 && strings.EqualFold(string(v.Fields.Get("Upgrade")), "h2c") {
			d.h2Upgraded()
		}
		if v.Status == 101 && d.s.stream.Proto(m.Conn) == detect.WebSocket {
			d.startWS()
		}
	case *websocket.Frame:
		if d.ws != nil {
			d.ws.take(v, m.Body.Data)
		}
	case *resp.Reply:
		d.g.mode = redisMode(v.Mode)
	case *telnet.Command:
		d.telnetCommandSeen(v, m.Body.Data)
	case *line.Reply:
		d.trackReply(m, v.Code)
		if m.Proto == detect.FTP && m.Exchange > 0 {
			d.trackFTP(v)
		}
	default:
		d.trackMail(m)
	}
}

// agreed notes that the server waits for a handshake, as its reply m says. s.mu is
// held.
func (d *dialogue) agreed(m *proto.Message) {
	d.peer.agreed = m.Span.To
	d.info("the server now waits for a handshake: .starttls")
}

func (d *dialogue) trackReply(m *proto.Message, code int) {
	verb := freeText[code]
	switch {
	case verb != "" && m.Proto != detect.FTP && m.Exchange > 0: // nobody is led into free text
		d.g.lock = verb
	case code >= 400, code >= 200 && code < 300 && m.Exchange > 0 && d.g.lock != "" && d.g.left == 0:
		// The server has refused, or has the text, however it was sent: what follows
		// is commands again.
		d.g.lock = ""
	case !m.Secure && (code == 220 && d.peer.verb == "STARTTLS" || code == 234 && d.peer.verb == "AUTH" || code == 382):
		// RFC 3207, section 4; RFC 4217, section 4; RFC 4642, section 2.2.
		d.agreed(m)
	}
}

// freeText are the replies after which text up to a line of one dot is due:
// RFC 5321, section 4.2.3; RFC 3977, section 3.2.
var freeText = map[int]string{354: "DATA", 340: "POST", 335: "IHAVE"}
