package analyze

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// opening returns what evidence shows of a server's first octets: a line of them.
func (l *link) opening() []byte {
	b := l.first[:min(len(l.first), showFirst)]
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b = b[:i+1]
	}
	return b
}

// quoted takes the server's first octets from an error that quotes them: those of a
// handshake are recorded nowhere else.
func (l *link) quoted(text string) {
	if _, quote, ok := strings.Cut(text, notTLS+": "); ok && l.tls == nil && len(l.first) == 0 {
		if s, err := strconv.Unquote(quote); err == nil {
			l.first = []byte(s[:min(len(s), keepFirst)])
		}
	}
}

// speaks returns the protocol that a server speaks in place of the one that it was
// asked in, "" where that is not known.
func (l *link) speaks() string {
	if l.tls != nil {
		return ""
	}
	switch p := detect.Spoken(l.first, l.target()); p {
	case detect.HTTP2, detect.TLS:
		return "" // there are better words for what speaks HTTP all the same
	default:
		return p
	}
}

// speech says which protocol that is, to stand in a sentence.
func speech(p string) string {
	switch p {
	case detect.Line:
		return "a protocol of three-digit replies"
	case detect.Redis, detect.Telnet:
		return strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.ToUpper(p)
}

// noHTTP says what a server began with that answered in no HTTP.
func (l *link) noHTTP() string {
	if p := l.speaks(); p != "" {
		return fmt.Sprintf("speaks %s, not HTTP: it began with %q", speech(p), l.opening())
	}
	return fmt.Sprintf("answered with %q, which is no HTTP response", l.opening())
}

// strange reports whether the server's answer so far, m, is no message of the
// protocol in which it was asked, and whether all is there that tells what else it
// is: a line, or octets that are no text.
func (l *link) strange(m *proto.Message) (strange, told bool) {
	if m == nil || m.Kind != proto.KindRaw || len(l.first) == 0 {
		return false, false
	}
	text := l.first[0] >= ' ' && l.first[0] < 0x7f || l.first[0] == '\r' || l.first[0] == '\n'
	return true, !text || len(l.first) == keepFirst || bytes.IndexByte(l.first, '\n') > 0
}
