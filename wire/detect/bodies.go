package detect

import (
	"bytes"
	"strings"

	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/sse"
)

// newHTTP1 returns a parser of HTTP/1 that also reads what streams within bodies.
func newHTTP1(limits proto.Limits) *http1.Parser {
	p := http1.New(limits)
	p.Tap(func(r *http1.Response) http1.Tap {
		if isEventStream(r) {
			return sse.New(limits)
		}
		return nil
	})
	return p
}

// isEventStream reports whether the body of a response is an event stream as it
// comes: under a content coding it is not.
func isEventStream(r *http1.Response) bool {
	media, _, _ := bytes.Cut(r.Fields.Get("Content-Type"), []byte{';'})
	coding := string(r.Fields.Get("Content-Encoding"))
	return strings.EqualFold(string(bytes.TrimSpace(media)), "text/event-stream") && (coding == "" || strings.EqualFold(coding, "identity"))
}
