package replay

import (
	"strings"

	"wiretape/tape/match"
	"wiretape/wire/http1"
)

// maxInterim is how many interim responses may come that are not on the tape.
const maxInterim = 100

// interim reports whether a message is a response that another follows.
func interim(m *match.Message) bool {
	r, ok := m.Value.(*http1.Response)
	return ok && r.Interim()
}

// framed reports whether a message says itself where it ends, so that its octets
// are the beginning of no other message.
func framed(m *match.Message) bool {
	switch v := m.Value.(type) {
	case *http1.Request:
		return v.Framing != http1.FramingClose && v.Fault == "" && v.Version != "HTTP/0.9"
	case *http1.Response:
		return v.Framing != http1.FramingClose && v.Fault == ""
	}
	return len(m.Raw) > 0
}

// closes reports whether the sender of a response ends the connection after it.
func closes(m *match.Message) bool {
	r, ok := m.Value.(*http1.Response)
	return ok && !r.Interim() && !r.KeepAlive
}

// isKey reports whether a mismatch of a request is in what it asks for.
func isKey(m match.Mismatch) bool {
	return m.Path == "request method" || m.Path == "request target" || strings.HasPrefix(m.Path, "request body")
}
