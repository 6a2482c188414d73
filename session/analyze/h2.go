package analyze

import (
	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// A framing is our side of a connection in HTTP/2: it answers what keeps the
// connection alive, and asks on stream 1.
type framing struct {
	c      *wire.Conn
	parser *http2.Parser
}

func newFraming(c *wire.Conn) *framing {
	// Of what comes only the frames count here.
	return &framing{c: c, parser: http2.New(proto.Limits{Body: 1})}
}

// begin sends the preface, SETTINGS and, where there is one, a request, whose body
// fits into the window of a page that is read to its limit.
func (f *framing) begin(fields [][2]string) {
	if fields == nil {
		f.c.Write(http2.AppendSettings([]byte(http2.Preface)))
		return
	}
	b := http2.AppendSettings([]byte(http2.Preface), http2.Setting{ID: http2.SettingInitialWindowSize, Value: maxBody})
	b = http2.AppendWindowUpdate(b, 0, maxBody)
	f.c.Write(http2.AppendHeaders(b, 1, true, headerBlock(fields), 0))
}

// send sends a request.
func (f *framing) send(fields [][2]string) {
	f.c.Write(http2.AppendHeaders(nil, 1, true, headerBlock(fields), 0))
}

// take answers frames and reports whether an answer to a request may still come.
func (f *framing) take(b []byte) bool {
	going := true
	for _, m := range f.parser.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: b}) {
		v, ok := m.Value.(*http2.Frame)
		if !ok {
			continue
		}
		if answer := v.Answer(); answer != nil {
			f.c.Write(answer)
		}
		if v.Type == http2.FrameGoAway && (v.Code != http2.ErrCodeNo || v.Last == 0) || v.Type == http2.FrameRSTStream && v.Code != http2.ErrCodeNo {
			going = false
		}
	}
	return going
}

// h2Request is [chain.request] over HTTP/2.
func (c *chain) h2Request(w want, verified bool, agent string) [][2]string {
	return h2Fields(w.at, c.cookieHeader(w, verified), agent)
}

// h2Fields returns the fields of a request: RFC 9113, section 8.3.1.
func h2Fields(a address, cookies []byte, agent string) [][2]string {
	fields := [][2]string{
		{":method", "GET"}, {":scheme", a.scheme()}, {":authority", a.authority()}, {":path", a.requestTarget()},
		{"user-agent", agent}, {"accept", "*/*"},
	}
	if len(cookies) > 0 {
		fields = append(fields, [2]string{"cookie", string(cookies)})
	}
	return fields
}

// headerBlock codes fields as literals that nobody indexes, which needs no table:
// RFC 7541, section 6.2.2.
func headerBlock(fields [][2]string) []byte {
	var b []byte
	for _, f := range fields {
		b = append(b, 0)
		for _, s := range f {
			b = append(appendLength(b, len(s)), s...)
		}
	}
	return b
}

// appendLength appends an integer with a prefix of 7 bits: RFC 7541, section 5.1.
func appendLength(b []byte, n int) []byte {
	if n < 127 {
		return append(b, byte(n))
	}
	b = append(b, 127)
	for n -= 127; n >= 128; n >>= 7 {
		b = append(b, byte(n)|128)
	}
	return append(b, byte(n))
}
