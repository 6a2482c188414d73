package line

import "slices"

// lmtp counts what is particular to LMTP: content has a reply for each recipient
// that was accepted (RFC 2033, section 4.2).
type lmtp struct {
	on       bool  // LHLO was sent
	asked    []int // exchanges of RCPT commands without a reply
	accepted int
	exchange int // of the content
	more     int // replies that it has beside the last
}

// maxRecipients bounds the RCPT commands without a reply that are followed.
const maxRecipients = 4096

// command takes a verb and its exchange.
func (l *lmtp) command(verb string, exchange int) {
	switch {
	case verb == "LHLO":
		*l = lmtp{on: true}
	case !l.on:
	case verb == "MAIL" || verb == "RSET":
		l.asked, l.accepted = nil, 0
	case verb == "RCPT" && len(l.asked) < maxRecipients:
		l.asked = append(l.asked, exchange)
	}
}

// content takes the exchange of content that begins.
func (l *lmtp) content(exchange int) {
	l.exchange, l.more = exchange, max(0, l.accepted-1)
	l.accepted = 0
}

// reply takes a final reply, and reports whether others to its exchange follow.
func (l *lmtp) reply(exchange, code int) (more bool) {
	if i := slices.Index(l.asked, exchange); i >= 0 {
		l.asked = l.asked[:copy(l.asked, l.asked[i+1:])]
		if code/100 == 2 {
			l.accepted++
		}
	}
	if exchange != l.exchange || l.more == 0 {
		return false
	}
	l.more--
	return true
}
