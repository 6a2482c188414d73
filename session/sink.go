package session

import (
	"cmp"
	"strings"
	"time"

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
	before := s.stream.State(e.Conn)
	msgs := s.stream.Feed(e)
	hidden := s.isData(e) && s.ftp.data.quiet
	for i := range msgs {
		s.history.message(msgs[i])
		if !hidden {
			s.view.Message(&msgs[i])
		}
	}
	if s.dialling && e.Kind == wire.KindError {
		s.dialTold = s.opts.Interactive
	}
	if s.dialling && e.Kind == wire.KindError && !s.opts.Interactive {
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
	s.track(e, msgs)
	// An alert may be read after a write has met the RST behind it.
	if e.Conn == s.peer.conn && (s.peer.broken == "" || e.Kind == wire.KindAlert) && s.peer.dir() == wire.ServerToClient {
		s.peer.broken = cmp.Or(brokenReply(e, before, s.stream.State(e.Conn), msgs, s.opts.Limits), s.peer.broken)
		if s.peer.broken == endedEarly && s.h2 != nil && !s.h2.unanswered() {
			s.peer.broken = "" // only SETTINGS were not acknowledged
		}
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// recordEvent writes e to the tapes. s.mu is held.
func (s *Session) recordEvent(source int, e wire.Event) {
	if err := s.record.event(source, e); err != nil {
		s.view.Warn(err.Error() + "; the session goes on")
	}
}

// lentSink is Env.Record.
func (s *Session) lentSink() wire.Sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent++
	source := s.lent
	return func(e wire.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		e.At = time.Since(s.tap.Start()) // its own clock started later
		s.recordEvent(source, e)
	}
}

// track keeps what the prompt and the waits hang on. s.mu is held.
func (s *Session) track(e wire.Event, msgs []proto.Message) {
	p := &s.peer
	if s.isOfData(e.Conn) {
		return
	}
	if e.Kind == wire.KindOpen {
		*p = peer{conn: e.Conn, facts: e.Facts}
		s.telnet = nil // of a connection that never came to be
		if s.target.Proto == detect.Telnet {
			s.telnet = s.newTelnet()
		}
		if s.target.Scheme == "h2c" && p.dir() == wire.ServerToClient {
			s.h2 = newH2Link("http", s.h2opts)
		}
	}
	if e.Conn != p.conn {
		return
	}
	s.turns.event(e)
	p.lastAt = time.Now()
	switch e.Kind {
	case wire.KindSecure:
		p.tls = e.TLS
		if e.TLS.ALPN == detect.HTTP2 && p.dir() == wire.ServerToClient {
			s.h2 = newH2Link("https", s.h2opts)
		}
	case wire.KindData:
		p.octets[proto.Side(e.Dir)] += int64(len(e.Data))
		if e.Dir == p.dir() {
			p.gotN += int64(len(e.Data))
			p.got = append(p.got, e.Data...)
			if over := len(p.got) - awaitWindow; over > 0 {
				p.got = append(p.got[:0], p.got[over:]...)
			}
			s.challenged.Store(isChallenge(p.got))
		}
	case wire.KindEOF:
		p.ended = p.ended || e.Dir == p.dir()
		if e.Dir == p.dir() {
			s.tellSilence()
		}
	case wire.KindReset:
		p.ended = true
		s.tellSilence()
	case wire.KindClose:
		p.ended, p.closed = true, true
	}
	for i := range msgs {
		s.trackMessage(&msgs[i])
	}
	s.trackAnnounced()
	s.followEcho()
	if p.ended && s.ws != nil {
		s.ws.over = true
	}
	if p.ended && s.g.phase == connected {
		s.g.phase, s.g.lock = peerClosed, ""
	}
	if s.opts.Interactive && s.promptText() != s.shown {
		s.setPrompt()
	}
}

// trackMessage follows what a Message changes: free text that is due, a handshake
// that is due, a frame that wants an answer. s.mu is held.
func (s *Session) trackMessage(m *proto.Message) {
	if s.peer.dir() == wire.ClientToServer { // what is said to us asks nothing of the session
		s.peer.spoke = s.peer.spoke || m.Dir == wire.ClientToServer
		return
	}
	if m.Dir == wire.ClientToServer {
		s.peer.torn = s.peer.torn || s.h2 == nil && !m.Complete && (m.Kind == proto.KindRequest || m.Kind == proto.KindCommand)
		s.trackCommand(m)
		switch v := m.Value.(type) {
		case *http2.Frame:
			s.h2Message(v, m.Dir)
		case *websocket.Frame:
			if s.ws != nil {
				s.ws.gave(v)
			}
		}
		return
	}
	_, negotiates := m.Value.(*telnet.Command)
	s.peer.spoke = s.peer.spoke || m.Complete && !negotiates
	s.tellTLS(m)
	if m.Proto == detect.Redis && s.g.encode == nil && !s.peer.asTyped {
		s.g.encode = redisCommand
		s.view.Info("read as redis: text goes as an array of bulk strings; .mode line sends it as typed")
	}
	switch v := m.Value.(type) {
	case *http2.Frame:
		s.h2Message(v, m.Dir)
	case *http1.Response:
		if v.Status == 101 && strings.EqualFold(string(v.Fields.Get("Upgrade")), "h2c") {
			s.h2Upgraded()
		}
		if v.Status == 101 && s.stream.Proto(m.Conn) == detect.WebSocket {
			s.startWS()
		}
	case *websocket.Frame:
		if s.ws != nil {
			s.ws.take(v, m.Body.Data)
		}
	case *resp.Reply:
		s.g.mode = redisMode(v.Mode)
	case *telnet.Command:
		s.telnetCommandSeen(v, m.Body.Data)
	case *line.Reply:
		s.trackReply(m, v.Code)
		if m.Proto == detect.FTP && m.Exchange > 0 {
			s.trackFTP(v)
		}
	default:
		s.trackMail(m)
	}
}

// agreed notes that the server waits for a handshake. s.mu is held.
func (s *Session) agreed() {
	s.peer.agreed = true
	s.view.Info("the server now waits for a handshake: .starttls")
}

func (s *Session) trackReply(m *proto.Message, code int) {
	verb := freeText[code]
	switch {
	case verb != "" && m.Proto != detect.FTP && m.Exchange > 0: // nobody is led into free text
		s.g.lock = verb
	case code >= 400:
		// The server has refused: what follows is commands again.
		s.g.lock = ""
	case !m.Secure && (code == 220 && s.peer.verb == "STARTTLS" || code == 234 && s.peer.verb == "AUTH" || code == 382):
		// RFC 3207, section 4; RFC 4217, section 4; RFC 4642, section 2.2.
		s.agreed()
	}
}

// freeText are the replies after which text up to a line of one dot is due:
// RFC 5321, section 4.2.3; RFC 3977, section 3.2.
var freeText = map[int]string{354: "DATA", 340: "POST", 335: "IHAVE"}
