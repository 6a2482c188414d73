package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"

	"wiretape/wire"
	"wiretape/wire/http2"
)

// Windows and frame sizes of HTTP/2, octets.
const (
	h2DefaultWindow = 65535     // RFC 9113, section 6.9.2
	h2DefaultFrame  = 16384     // section 6.5.2
	h2Window        = 4 << 20   // what the server may send unacknowledged, 4 MiB
	h2WindowStep    = 1 << 20   // after so many we allow as many again
	h2MaxFrame      = 256 << 10 // the longest that we send, whatever the server takes
	h2Answers       = 128 << 10 // of answers that may wait to be written, 128 KiB
)

const (
	h2Counted = 4096        // streams whose DATA is counted at once
	h2Calming = time.Second // for a peer that reads nothing to take our GOAWAY
)

// An h2Link keeps a connection of HTTP/2 going: it gives the answers that the
// protocol demands, counts windows, and turns a typed request into frames.
type h2Link struct {
	scheme string
	conn   *wire.Conn      // nil until startH2
	closed <-chan struct{} // the connection has ended
	flood  chan struct{}   // closed when more than h2Answers wait

	running sync.WaitGroup // answer and calm

	// owned by the session's goroutine:
	enc  *hpack.Encoder
	buf  bytes.Buffer // of enc
	next uint32       // stream of the next request

	mu       sync.Mutex // guards what follows, which the sink shares
	answers  []byte     // frames that the goroutine is to write
	stopped  bool
	flooded  bool          // flood is closed
	changed  chan struct{} // one token: there are answers, or a window has grown
	room     chan struct{} // one token: a window has grown
	window   int64         // what the peer lets us send, of the connection
	initial  int64         // of a new stream
	stream   int64         // of the stream that is being sent
	sending  uint32        // that stream, 0 for none
	maxFrame int
	settled  h2Opening
	table    int64            // header table size that the peer has set; -1 for unchanged
	consumed map[uint32]int64 // octets of DATA since our last WINDOW_UPDATE; 0 is the connection
}

// An h2Opening is how far both sides have agreed on their SETTINGS.
type h2Opening uint8

const (
	h2TheirSettings h2Opening = 1 << iota // came
	h2TheirAck                            // of ours, came
	h2OurAck                              // of theirs, was sent
	h2Opened        = h2TheirSettings | h2TheirAck | h2OurAck
)

// gave looks at a frame that we send. It is called from the sink.
func (h *h2Link) gave(f *http2.Frame) {
	if f.Type == http2.FrameSettings && f.Flags.Has(http2.FlagAck) {
		h.mu.Lock()
		h.settled |= h2OurAck
		h.mu.Unlock()
	}
}

// opened reports whether both sides have sent and acknowledged SETTINGS.
func (h *h2Link) opened() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.settled == h2Opened
}

// newH2Link returns a link that only listens as yet: the server may speak as
// soon as the connection stands.
func newH2Link(scheme string) *h2Link {
	h := &h2Link{
		scheme: scheme, flood: make(chan struct{}), next: 1,
		changed: make(chan struct{}, 1), room: make(chan struct{}, 1),
		window: h2DefaultWindow, initial: h2DefaultWindow, maxFrame: h2DefaultFrame, table: -1,
		consumed: map[uint32]int64{},
	}
	h.enc = hpack.NewEncoder(&h.buf)
	return h
}

// startH2 opens HTTP/2 where the connection has selected it, or where the scheme
// says so. A script waits until both sides know their SETTINGS, so that what
// follows stands behind them.
func (s *Session) startH2(ctx context.Context) error {
	s.mu.Lock()
	h := s.h2
	if h != nil {
		s.g.block = true
	}
	s.mu.Unlock()
	if h == nil || h.conn != nil {
		return nil
	}
	h.conn, h.closed = s.link.conn, s.link.done
	h.running.Go(h.answer)
	h.running.Go(h.calm)
	token(h.changed)
	hello := http2.AppendSettings([]byte(http2.Preface),
		http2.Setting{ID: http2.SettingEnablePush, Value: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Value: h2Window})
	hello = http2.AppendWindowUpdate(hello, 0, h2Window-h2DefaultWindow)
	if _, err := h.conn.Write(hello); err != nil {
		return failure(StatusProtocol, "open HTTP/2: %w", err)
	}
	if s.opts.Interactive {
		return nil
	}
	end := s.wait(ctx, waiting{limit: s.timeout, silence: true, met: func() bool {
		return h.opened() || s.peer.broken != ""
	}})
	s.mu.Lock()
	spoke, broken := s.peer.spoke, s.peer.broken
	s.mu.Unlock()
	switch {
	case broken != "":
		return failure(StatusProtocol, "%s", broken)
	case end == waitInterrupted:
		return s.stopped(ctx)
	case end == waitTimeout && !spoke:
		return failure(StatusTimeout, "no SETTINGS of HTTP/2 after %v (.timeout sets how long)", s.timeout)
	case end == waitClosed && !spoke:
		return failure(StatusProtocol, "the connection ended before the SETTINGS of HTTP/2")
	}
	return nil // a peer that acknowledges nothing may answer all the same
}

// stopH2 ends the answering goroutine. The connection is closed already.
func (s *Session) stopH2() {
	s.mu.Lock()
	h := s.h2
	s.h2 = nil
	s.mu.Unlock()
	if h == nil || h.conn == nil {
		return
	}
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
	token(h.changed)
	h.running.Wait()
}

func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// answer writes what take has made due. The sink itself must not write.
func (h *h2Link) answer() {
	for range h.changed {
		h.mu.Lock()
		b, stopped := h.answers, h.stopped
		h.answers = nil
		h.mu.Unlock()
		if stopped {
			return
		}
		if len(b) > 0 {
			h.conn.Write(b) // its failure is an event of the connection
		}
	}
}

// calm closes a connection whose peer makes more answers due than it reads.
func (h *h2Link) calm() {
	select {
	case <-h.closed:
		return
	case <-h.flood:
	}
	h.conn.SetWriteDeadline(time.Now().Add(h2Calming))                         // the answers may be stuck
	h.conn.Write(http2.AppendGoAway(nil, 0, http2.ErrCodeEnhanceYourCalm, "")) // its failure is an event of the connection
	h.conn.Close()
}

// take looks at a frame of the server. It is called from the sink. It says what
// is wrong when the connection is to be closed for it.
func (h *h2Link) take(f *http2.Frame) (wrong string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.flooded {
		return ""
	}
	switch f.Type {
	case http2.FrameSettings:
		if !f.Flags.Has(http2.FlagAck) {
			h.settings(f.Settings)
			h.settled |= h2TheirSettings
		} else {
			h.settled |= h2TheirAck
		}
	case http2.FrameWindowUpdate:
		switch f.Stream {
		case 0:
			h.window += int64(f.Increment)
		case h.sending:
			h.stream += int64(f.Increment)
		}
		token(h.room)
	case http2.FrameData:
		// RFC 9113, section 6.9.1: the whole payload counts, padding too.
		h.consume(0, int64(f.Length))
		if f.Flags.Has(http2.FlagEndStream) {
			delete(h.consumed, f.Stream)
		} else {
			h.consume(f.Stream, int64(f.Length))
		}
	}
	h.answers = append(h.answers, f.Answer()...)
	if len(h.answers) > h2Answers {
		h.answers, h.flooded = nil, true
		close(h.flood)
		return fmt.Sprintf("the peer demands answers and does not read them, %d KiB wait: closing with ENHANCE_YOUR_CALM", h2Answers>>10)
	}
	if len(h.answers) > 0 {
		token(h.changed)
	}
	return ""
}

func (h *h2Link) settings(all []http2.Setting) {
	for _, st := range all {
		v := int64(st.Value)
		switch st.ID {
		case http2.SettingHeaderTableSize:
			h.table = v
		case http2.SettingInitialWindowSize:
			// RFC 9113, section 6.9.2: streams that are open change with it.
			h.stream += v - h.initial
			h.initial = v
			token(h.room)
		case http2.SettingMaxFrameSize:
			h.maxFrame = int(min(max(v, h2DefaultFrame), h2MaxFrame))
		}
	}
}

// consume counts what came and allows as much again.
func (h *h2Link) consume(stream uint32, n int64) {
	if _, ok := h.consumed[stream]; !ok && len(h.consumed) >= h2Counted {
		return // streams that nobody asked for
	}
	h.consumed[stream] += n
	if c := h.consumed[stream]; c >= h2WindowStep {
		h.answers = http2.AppendWindowUpdate(h.answers, stream, uint32(c))
		delete(h.consumed, stream)
	}
}

// errH2Line says what a typed request has to look like.
var errH2Line = errors.New("over HTTP/2 a request begins with METHOD TARGET; .send sends bytes")

// request sends fields and a body as HEADERS, CONTINUATION and DATA frames. When
// ctx ends while a window is closed, the stream is reset.
func (h *h2Link) request(ctx context.Context, fields []hpack.HeaderField, body []byte) error {
	h.mu.Lock()
	maxFrame, table := h.maxFrame, h.table
	h.table = -1
	h.sending, h.stream = h.next, h.initial
	h.mu.Unlock()
	if table >= 0 {
		h.enc.SetMaxDynamicTableSizeLimit(uint32(table))
	}
	h.buf.Reset()
	for _, f := range fields {
		if err := h.enc.WriteField(f); err != nil {
			return err
		}
	}
	stream := h.next
	h.next += 2
	out := http2.AppendHeaders(nil, stream, len(body) == 0, h.buf.Bytes(), maxFrame)
	if _, err := h.conn.Write(out); err != nil {
		return err
	}
	return h.body(ctx, stream, body, maxFrame)
}

// body sends DATA frames as far as the windows allow, and waits for more room.
func (h *h2Link) body(ctx context.Context, stream uint32, body []byte, maxFrame int) error {
	for len(body) > 0 {
		h.mu.Lock()
		n := min(int64(len(body)), int64(maxFrame), h.window, h.stream)
		if n > 0 {
			h.window -= n
			h.stream -= n
		}
		h.mu.Unlock()
		if n <= 0 {
			select {
			case <-h.room:
				continue
			case <-h.closed:
				return net.ErrClosed
			case <-ctx.Done():
				h.conn.Write(http2.AppendFrame(nil, http2.FrameRSTStream, 0, stream,
					binary.BigEndian.AppendUint32(nil, uint32(http2.ErrCodeCancel)))) // its failure is an event of the connection
				return failure(StatusInterrupted, "interrupted: stream %d is reset, %d octets of its body are left", stream, len(body))
			}
		}
		part := body[:n]
		body = body[n:]
		flags := http2.Flags(0)
		if len(body) == 0 {
			flags = http2.FlagEndStream
		}
		if _, err := h.conn.Write(http2.AppendFrame(nil, http2.FrameData, flags, stream, part)); err != nil {
			return err
		}
	}
	return nil
}

// cutHead parts a composed request at its blank line.
func cutHead(b []byte) (lines []string, body []byte) {
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		b = rest
		text := string(bytes.TrimSuffix(line, []byte("\r")))
		if text == "" {
			break
		}
		lines = append(lines, text)
	}
	return lines, b
}

// h2Fields turns a head as text into the fields of RFC 9113, section 8.3, in
// the order in which they were typed. Host becomes :authority; names become
// lower case. Nothing is added, and nothing is left out that a server may
// refuse.
func h2Fields(lines []string, scheme string) ([]hpack.HeaderField, error) {
	if len(lines) == 0 {
		return nil, errH2Line
	}
	var pseudo, fields []hpack.HeaderField
	if lines[0][0] != ':' {
		method, target, ok := cutWord(lines[0])
		if !ok {
			return nil, errH2Line
		}
		pseudo = append(pseudo, hpack.HeaderField{Name: ":method", Value: method})
		if method == "CONNECT" {
			pseudo = append(pseudo, hpack.HeaderField{Name: ":authority", Value: target})
		} else {
			pseudo = append(pseudo, hpack.HeaderField{Name: ":scheme", Value: scheme}, hpack.HeaderField{Name: ":path", Value: target})
		}
		lines = lines[1:]
	}
	for _, l := range lines {
		colon := 1 + strings.IndexByte(l[1:], ':') // a pseudo-header field begins with one
		if colon < 1 {
			return nil, fmt.Errorf("%q has no colon: a field of HTTP/2 has a name and a value", l)
		}
		f := hpack.HeaderField{Name: strings.ToLower(l[:colon]), Value: strings.Trim(l[colon+1:], " \t")}
		switch f.Name {
		case "host":
			f.Name = ":authority"
			pseudo = append(pseudo, f)
			continue
		case "authorization", "cookie", "proxy-authorization":
			f.Sensitive = true // RFC 7541, section 7.1.3: never indexed
		}
		fields = append(fields, f)
	}
	return append(pseudo, fields...), nil
}

// h2Remarks says what of a head as text HTTP/2 cannot carry, and what it lacks
// that a server will miss. Names in lower case and the version of the request
// line are no remark: all requests lose those.
func h2Remarks(lines []string) (remarks []string) {
	words := strings.Fields(lines[0])
	if lines[0][0] != ':' && len(words) > 2 {
		left := words[2:]
		if strings.HasPrefix(left[len(left)-1], "HTTP/") {
			left = left[:len(left)-1]
		}
		if len(left) > 0 {
			remarks = append(remarks, fmt.Sprintf("HTTP/2 has no place for %q of the request line: left out", strings.Join(left, " ")))
		}
	}
	authority := words[0] == "CONNECT"
	for _, l := range lines {
		l = strings.ToLower(l)
		authority = authority || strings.HasPrefix(l, "host:") || strings.HasPrefix(l, ":authority:")
	}
	if !authority {
		remarks = append(remarks, "no Host field, so no :authority is sent (RFC 9113 8.3.1)")
	}
	return remarks
}

// cutWord returns the method and the target of a request line; its version, if
// there is one, has no place in HTTP/2.
func cutWord(line string) (method, target string, ok bool) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return "", "", false
	}
	return words[0], words[1], true
}
