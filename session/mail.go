package session

import (
	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/pop3"
	"wiretape/wire/proto"
)

// trackAnnounced follows how much of what the client has announced is due: BDAT of
// SMTP (RFC 3030, section 2), a literal of IMAP (RFC 9051, section 4.3). S.mu is
// held.
func (s *Session) trackAnnounced() {
	left := int64(0)
	if m := s.stream.State(s.peer.conn).Partial[0]; m != nil {
		if c, ok := m.Value.(*line.Content); ok && c.Size > 0 {
			left = c.Size - m.Body.Size
		}
	}
	if left > 0 {
		s.g.lock = s.peer.verb
	} else if s.g.left > 0 {
		s.g.lock = ""
	}
	s.g.left = left
}

// trackMail follows what a reply of POP3 or IMAP changes. S.mu is held.
func (s *Session) trackMail(m *proto.Message) {
	goAhead := false
	switch v := m.Value.(type) {
	case *pop3.Reply:
		// RFC 2595, section 4.
		goAhead = m.Exchange > 0 && v.Status == pop3.OK && s.peer.verb == "STLS"
	case *imap.Response:
		// RFC 9051, section 6.2.1.
		goAhead = m.Exchange > 0 && v.Status == "OK" && v.Tag != "*" && s.peer.verb == "STARTTLS"
	}
	if goAhead && !m.Secure {
		s.agreed()
	}
}

// trackCommand keeps the verb of what the client says. S.mu is held.
func (s *Session) trackCommand(m *proto.Message) {
	switch v := m.Value.(type) {
	case *line.Command:
		s.peer.verb = v.Verb
		s.trackPROT(v)
	case *imap.Command:
		if v.Verb != "" {
			s.peer.verb = v.Verb
		}
	}
}
