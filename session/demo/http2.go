package demo

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/net/http2/hpack"

	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// What the practice site takes over HTTP/2, in octets: of one request's body, and
// of all that are under way on a connection, their answers too.
const (
	maxBody = 1 << 20 // 1 MiB, as over HTTP/1.1
	maxHeld = 8 << 20 // 8 MiB
)

// maxFrame is the payload that either side may send, in octets: the site announces
// no other, and no client can ask for less (RFC 9113, section 4.2).
const maxFrame = 1 << 14 // 16 KiB

// h2conn is the practice site's side of one HTTP/2 connection.
type h2conn struct {
	site    site
	conn    *wire.Conn
	parser  *http2.Parser
	decoder *hpack.Decoder
	encoder *hpack.Encoder
	block   bytes.Buffer // what encoder writes

	streams map[uint32]*h2stream
	last    uint32    // highest that the client has opened
	header  *h2stream // whose header block is going on
	held    int       // octets of bodies and answers
	window  int64     // what the client lets us send, of the connection
	initial int64     // of a new stream
	fields  []hpack.HeaderField
	out     []byte
}

// h2stream is a request on its way in, and then its answer on its way out.
type h2stream struct {
	id       uint32
	fragment []byte
	fields   []hpack.HeaderField
	body     []byte
	ended    bool

	sent     int64 // octets of DATA, less what WINDOW_UPDATE has allowed
	answered bool
	left     []byte // of the answer's body
	trailers [][2]string
}

// maxStreams is how many requests a client may have open at once.
const maxStreams = 100

// serveHTTP2 answers the requests of an HTTP/2 connection until the client
// leaves or breaks a rule. Data is what has been read already.
func (s site) serveHTTP2(c *wire.Conn, data []byte) {
	h := &h2conn{
		site: s, conn: c, parser: http2.New(proto.Limits{}), streams: map[uint32]*h2stream{},
		window: startWindow, initial: startWindow,
	}
	h.decoder = hpack.NewDecoder(4096, func(f hpack.HeaderField) { h.fields = append(h.fields, f) })
	h.decoder.SetMaxStringLength(proto.DefaultLine)
	h.encoder = hpack.NewEncoder(&h.block)
	h.out = http2.AppendSettings(nil, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Value: maxStreams})
	buf := make([]byte, 16<<10)
	for {
		for _, m := range h.parser.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: data}) {
			if code, why := h.take(&m); why != "" {
				h.goAway(code, why)
				return
			}
		}
		if h.flush() != nil {
			return
		}
		c.SetReadDeadline(time.Now().Add(idle))
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		data = buf[:n]
	}
}

// flush writes what is due to the client.
func (h *h2conn) flush() error {
	if len(h.out) == 0 {
		return nil
	}
	_, err := h.conn.Write(h.out)
	h.out = h.out[:0]
	return err
}

func (h *h2conn) goAway(code http2.ErrCode, why string) {
	h.out = http2.AppendGoAway(h.out, 0, code, why)
	_ = h.flush() // the connection ends either way
}

// take acts on one frame. A reason ends the connection.
func (h *h2conn) take(m *proto.Message) (http2.ErrCode, string) {
	if _, ok := m.Value.(http2.ClientPreface); ok || m.Derived {
		return 0, "" // a request is made of its frames here
	}
	f, ok := m.Value.(*http2.Frame)
	switch {
	case !ok:
		return http2.ErrCodeProtocol, "that is no frame"
	case f.Length > maxFrame:
		// RFC 9113, section 4.2: more than SETTINGS_MAX_FRAME_SIZE as it stands.
		return http2.ErrCodeFrameSize, "frame of over 16384 octets"
	case h.header != nil && (f.Type != http2.FrameContinuation || f.Stream != h.header.id):
		return http2.ErrCodeProtocol, "a header block is interrupted"
	}
	h.out = append(h.out, f.Answer()...)
	switch f.Type {
	case http2.FrameHeaders:
		st := h.streams[f.Stream]
		switch {
		case f.Stream%2 == 0:
			return http2.ErrCodeProtocol, "HEADERS on a stream that no client opens"
		case st != nil && st.ended, st == nil && f.Stream <= h.last:
			return http2.ErrCodeStreamClosed, "HEADERS on a stream that is closed"
		case st == nil && len(h.streams) >= maxStreams:
			return http2.ErrCodeEnhanceYourCalm, "too many streams"
		case st == nil:
			st = &h2stream{id: f.Stream}
			h.streams[f.Stream], h.last = st, f.Stream
		}
		h.header = st
		st.ended = f.Flags.Has(http2.FlagEndStream)
		return h.fragment(f)
	case http2.FrameContinuation:
		if h.header == nil {
			return http2.ErrCodeProtocol, "CONTINUATION of nothing"
		}
		return h.fragment(f)
	case http2.FrameData:
		return h.data(f, m.Body.Data)
	case http2.FrameRSTStream:
		if st := h.streams[f.Stream]; st != nil {
			h.drop(st)
		}
	case http2.FrameSettings:
		return h.settings(f)
	case http2.FrameWindowUpdate:
		return h.widen(f)
	}
	return 0, ""
}

// fragment takes a part of a header block, and the whole when it is complete.
func (h *h2conn) fragment(f *http2.Frame) (http2.ErrCode, string) {
	st := h.header
	st.fragment = append(st.fragment, f.Fragment...)
	if len(st.fragment) > proto.DefaultHead {
		return http2.ErrCodeEnhanceYourCalm, "header block too long"
	}
	if !f.Flags.Has(http2.FlagEndHeaders) {
		return 0, ""
	}
	h.header, h.fields = nil, nil
	if _, err := h.decoder.Write(st.fragment); err != nil {
		return http2.ErrCodeCompression, err.Error()
	}
	if err := h.decoder.Close(); err != nil {
		return http2.ErrCodeCompression, err.Error()
	}
	if st.fields == nil { // otherwise they are trailers, which no page looks at
		st.fields = h.fields
	}
	st.fragment = nil
	if st.ended {
		h.answer(st)
	}
	return 0, ""
}

func (h *h2conn) data(f *http2.Frame, data []byte) (http2.ErrCode, string) {
	// RFC 9113, section 6.9: padding counts, and so does what is for no stream.
	if f.Length > 0 {
		h.out = http2.AppendWindowUpdate(h.out, 0, uint32(f.Length))
	}
	st := h.streams[f.Stream]
	if st == nil {
		return 0, "" // reset or answered: its rest may still be on the way
	}
	if st.ended {
		return http2.ErrCodeStreamClosed, "DATA on a stream that is closed"
	}
	h.held += len(data)
	st.body = append(st.body, data...)
	switch {
	case len(st.body) > maxBody:
		return http2.ErrCodeEnhanceYourCalm, "over HTTP/2 the practice site takes bodies up to 1 MiB"
	case h.held > maxHeld:
		return http2.ErrCodeEnhanceYourCalm, "too much is under way"
	}
	if f.Flags.Has(http2.FlagEndStream) {
		st.ended = true
		h.answer(st)
	} else if f.Length > 0 {
		h.out = http2.AppendWindowUpdate(h.out, f.Stream, uint32(f.Length))
	}
	return 0, ""
}

// answer begins the answer to a complete request.
func (h *h2conn) answer(st *h2stream) {
	q := request{body: st.body, secure: h.conn.TLS() != nil, twin: h.site.twin}
	for _, f := range st.fields {
		switch f.Name {
		case ":method":
			q.method = f.Value
		case ":path":
			q.target = f.Value
		case ":authority":
			q.fields = append(q.fields, [2]string{"host", f.Value})
		default:
			q.fields = append(q.fields, [2]string{f.Name, f.Value})
		}
	}
	r := text(400, "a request has :method and :path (RFC 9113, section 8.3.1)\n")
	if q.method != "" && q.target != "" {
		r = h.site.handle(&q)
	}
	body := r.body
	if q.method == "HEAD" || r.status == 204 || r.status == 304 {
		body = nil
	}
	fields := [][2]string{{":status", strconv.Itoa(r.status)}, {"date", httpDate(time.Now())}}
	for _, f := range r.fields {
		fields = append(fields, [2]string{string(bytes.ToLower([]byte(f[0]))), f[1]})
	}
	if r.trailers == nil && r.status != 204 && r.status != 304 {
		fields = append(fields, [2]string{"content-length", fmt.Sprint(len(r.body))})
	}
	h.headers(st.id, fields, len(body) == 0 && r.trailers == nil)
	st.answered = true
	h.held += len(body) - len(st.body)
	st.left, st.body = body, nil
	for _, f := range r.trailers {
		st.trailers = append(st.trailers, [2]string{string(bytes.ToLower([]byte(f[0]))), f[1]})
	}
	h.send(st)
}

func (h *h2conn) headers(stream uint32, fields [][2]string, end bool) {
	h.block.Reset()
	for _, f := range fields {
		// A bytes.Buffer takes every write.
		_ = h.encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	h.out = http2.AppendHeaders(h.out, stream, end, h.block.Bytes(), maxFrame)
}
