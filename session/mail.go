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
func (d *dialogue) trackAnnounced() {
	left := int64(0)
	if m := d.s.stream.State(d.peer.conn).Partial[0]; m != nil {
		if c, ok := m.Value.(*line.Content); ok && c.Size > 0 {
			left = c.Size - m.Body.Size
		}
	}
	if left > 0 {
		d.g.lock = d.peer.verb
	} else if d.g.left > 0 {
		d.g.lock = ""
	}
	d.g.left = left
}

// trackMail follows what a reply of POP3 or IMAP changes. S.mu is held.
func (d *dialogue) trackMail(m *proto.Message) {
	goAhead := false
	switch v := m.Value.(type) {
	case *pop3.Reply:
		// RFC 2595, section 4.
		goAhead = m.Exchange > 0 && v.Status == pop3.OK && d.peer.verb == "STLS"
	case *imap.Response:
		// RFC 9051, section 6.2.1.
		goAhead = m.Exchange > 0 && v.Status == "OK" && v.Tag != "*" && d.peer.verb == "STARTTLS"
	}
	if goAhead && !m.Secure {
		d.agreed(m)
	}
}

// trackCommand keeps the verb of what the client says. S.mu is held.
func (d *dialogue) trackCommand(m *proto.Message) {
	switch v := m.Value.(type) {
	case *line.Command:
		d.peer.verb = v.Verb
		d.trackPROT(v)
	case *imap.Command:
		if v.Verb != "" {
			d.peer.verb = v.Verb
		}
	}
}
