package detect

import (
	"bytes"
	"strings"

	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
	"wiretape/wire/sse"
)

// newHTTP1 returns a parser of HTTP/1 that also reads what streams within bodies.
func newHTTP1(v *evidence, limits proto.Limits) *http1.Parser {
	p := http1.New(limits)
	p.Tap(tap(v.body, limits))
	return p
}

// newHTTP2 is [newHTTP1] for HTTP/2, which an Upgrade of a request may have led to.
func newHTTP2(v *evidence, limits proto.Limits) *http2.Parser {
	p := http2.NewUpgraded(limits, v.asked)
	p.Tap(tap(v.body, limits))
	return p
}

// tap returns what opens a reader of a body: the one that was asked for, or that of
// the protocol within it, if there is one.
func tap(body func(*proto.Message) http1.Tap, limits proto.Limits) func(*proto.Message) http1.Tap {
	return func(m *proto.Message) http1.Tap {
		if body != nil {
			if t := body(m); t != nil {
				return t
			}
		}
		if r, ok := m.Value.(*http1.Response); ok && isEventStream(r) {
			return sse.New(limits)
		}
		return nil
	}
}

// isEventStream reports whether the body of a response is an event stream as it
// comes: under a content coding it is not.
func isEventStream(r *http1.Response) bool {
	media, _, _ := bytes.Cut(r.Fields.Get("Content-Type"), []byte{';'})
	coding := string(r.Fields.Get("Content-Encoding"))
	return strings.EqualFold(string(bytes.TrimSpace(media)), "text/event-stream") && (coding == "" || strings.EqualFold(coding, "identity"))
}
