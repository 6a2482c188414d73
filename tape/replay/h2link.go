package replay

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/net/http2/hpack"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// An h2link is our side of a connection of HTTP/2: what the tape has is sent on
// other streams, in other frames and by other windows than it was recorded with.
// It belongs to one goroutine.
type h2link struct {
	c       *wire.Conn
	ours    wire.Dir
	silence time.Duration // that ends a wait; 0 for none
	until   time.Time     // the read deadline set
	parser  *http2.Parser
	chunk   []byte

	enc   *hpack.Encoder
	block bytes.Buffer // what enc writes
	brief [16]byte     // what the parser is told instead
	out   []byte       // not written yet

	window   int64 // what the peer lets us send, of the connection
	initial  int64 // of a new stream
	maxFrame int
	streams  map[uint32]*h2stream
	waiting  []uint32         // streams that have more to send, in the order of their beginning
	credit   int64            // octets of DATA that came and are not allowed again
	owed     map[uint32]int64 // the same by stream
	data     map[uint32]int64 // octets of DATA that came, by stream
	goAway   *http2.Frame     // of the peer
	chunked  []byte           // of a DATA frame of ours
	failed   error            // why a body cannot be sent
	wants    func(*proto.Message) *match.Message
	checks   []*checked // of the peer's messages in progress
	end      error      // what ended the peer's direction; nil before
}

// An h2stream is a message of ours of which something is still to be sent.
type h2stream struct {
	sent     int64 // octets of DATA, less what WINDOW_UPDATE has allowed
	body     io.Reader
	left     int64 // octets of the body that are to be sent
	trailers []hpack.HeaderField
	open     bool           // END_STREAM does not follow
	reset    *http2.ErrCode // RST_STREAM follows
}

// What we let the peer send, in octets, of a stream and of the connection.
const (
	h2StreamWindow = 4 << 20
	h2ConnWindow   = 1 << 30
	h2StartWindow  = 65535 // RFC 9113, section 6.9.2
	h2StartFrame   = 1 << 14
	h2MostTable    = 4096
)

func newH2link(c *wire.Conn, ours wire.Dir, silence time.Duration) *h2link {
	l := &h2link{
		c: c, ours: ours, silence: silence, parser: http2.New(match.Limits()), chunk: make([]byte, readSize),
		window: h2StartWindow, initial: h2StartWindow, maxFrame: h2StartFrame,
		streams: map[uint32]*h2stream{}, owed: map[uint32]int64{}, data: map[uint32]int64{},
	}
	l.parser.Tap(l.open)
	l.enc = hpack.NewEncoder(&l.block)
	if ours == wire.ClientToServer {
		l.out = append(l.out, http2.Preface...)
		l.out = http2.AppendSettings(l.out, http2.Setting{ID: http2.SettingEnablePush},
			http2.Setting{ID: http2.SettingInitialWindowSize, Value: h2StreamWindow})
	} else {
		l.out = http2.AppendSettings(l.out, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Value: 250},
			http2.Setting{ID: http2.SettingInitialWindowSize, Value: h2StreamWindow})
	}
	l.out = http2.AppendWindowUpdate(l.out, 0, h2ConnWindow-h2StartWindow)
	l.tell(l.out)
	return l
}

// tell gives the parser what we send: it reads the one side by the other.
func (l *h2link) tell(b []byte) {
	l.parser.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: l.ours, Data: b})
}

// flush writes what is due.
func (l *h2link) flush() error {
	for len(l.out) > 0 {
		_, err := l.c.Write(l.out)
		if l.out = l.out[:0]; err != nil {
			return err
		}
		l.sendWaiting()
	}
	return l.failed
}

// maxOut is how many octets wait to be written before no more of a body is read.
const maxOut = 1 << 20

// read reads once and returns the messages that came, those of frames among them.
// At the end of the peer's direction l.end is set; the error is that of silence.
func (l *h2link) read() ([]proto.Message, error) {
	if l.silence > 0 {
		if now := time.Now(); l.until.Sub(now) < l.silence-l.silence/8 {
			l.until = now.Add(l.silence)
			l.c.SetReadDeadline(l.until)
		}
	}
	n, err := l.c.Read(l.chunk)
	switch {
	case err == nil:
	case wire.IsTimeout(err):
		return nil, errSilence
	default:
		l.end = err
	}
	if n == 0 && l.end != nil {
		return l.parser.Close(), nil
	}
	return l.feed(l.chunk[:n]), nil
}

// feed reads what came.
func (l *h2link) feed(b []byte) []proto.Message {
	ms := l.parser.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: l.ours.Reverse(), Data: b})
	for i := range ms {
		if f, ok := ms[i].Value.(*http2.Frame); ok && !ms[i].Derived {
			l.frame(f)
		}
	}
	l.allow()
	return ms
}

// frame acts on a frame of the peer, as far as it is the connection's affair.
func (l *h2link) frame(f *http2.Frame) {
	l.out = append(l.out, f.Answer()...)
	switch f.Type {
	case http2.FrameSettings:
		for _, s := range f.Settings {
			switch s.ID {
			case http2.SettingHeaderTableSize:
				l.enc.SetMaxDynamicTableSizeLimit(min(s.Value, h2MostTable))
			case http2.SettingInitialWindowSize:
				l.initial = int64(s.Value)
			case http2.SettingMaxFrameSize:
				l.maxFrame = int(min(max(s.Value, h2StartFrame), 1<<20))
			}
		}
		l.sendWaiting()
	case http2.FrameWindowUpdate:
		if st := l.streams[f.Stream]; f.Stream == 0 {
			l.window += int64(f.Increment)
		} else if st != nil {
			st.sent -= int64(f.Increment)
		}
		l.sendWaiting()
	case http2.FrameData:
		l.data[f.Stream] += int64(f.Length)
		l.credit += int64(f.Length)
		if f.Flags.Has(http2.FlagEndStream) {
			delete(l.owed, f.Stream)
		} else {
			l.owed[f.Stream] += int64(f.Length)
		}
	case http2.FrameRSTStream:
		l.drop(f.Stream)
		delete(l.owed, f.Stream)
	case http2.FrameGoAway:
		l.goAway = f
	}
}

// allow lets the peer send as much again as it has sent, now and then.
func (l *h2link) allow() {
	if l.credit >= h2ConnWindow/4 {
		l.out = http2.AppendWindowUpdate(l.out, 0, uint32(l.credit))
		l.credit = 0
	}
	for id, n := range l.owed {
		if n >= h2StreamWindow/4 {
			l.out = http2.AppendWindowUpdate(l.out, id, uint32(n))
			delete(l.owed, id)
		}
	}
}

// headers sends a header block.
func (l *h2link) headers(id uint32, fields []hpack.HeaderField, end bool) {
	l.block.Reset()
	for _, f := range fields {
		_ = l.enc.WriteField(f) // a bytes.Buffer takes every write
	}
	at := len(l.out)
	l.out = http2.AppendHeaders(l.out, id, end, l.block.Bytes(), l.maxFrame)
	l.told(id, end, at)
}

// told tells the parser of frames of ours on a stream, from at on in l.out. Of a
// server it needs to know only that the stream ended.
func (l *h2link) told(id uint32, end bool, at int) {
	switch {
	case l.ours == wire.ClientToServer:
		l.tell(l.out[at:])
	case end:
		// ":status: 200" is one octet of HPACK, whatever was sent (RFC 7541, appendix A).
		l.tell(http2.AppendHeaders(l.brief[:0], id, true, []byte{0x88}, 0))
	}
}

// send sends a message: its fields now, its body and what follows as the windows
// allow.
func (l *h2link) send(id uint32, head []hpack.HeaderField, st h2stream) {
	end := st.left == 0 && len(st.trailers) == 0 && !st.open && st.reset == nil
	l.headers(id, head, end)
	if end {
		return
	}
	if old := l.streams[id]; old != nil { // windows move before there is a body
		st.sent = old.sent
	}
	l.streams[id] = &st
	if !l.more(id, &st) {
		l.waiting = append(l.waiting, id)
	}
}

// more sends of a message what the windows allow, and reports whether that is
// all.
func (l *h2link) more(id uint32, st *h2stream) bool {
	for st.left > 0 {
		n := min(st.left, int64(l.maxFrame), l.window, l.initial-st.sent)
		if n <= 0 || len(l.out) > maxOut {
			return false
		}
		data := slices.Grow(l.chunked[:0], int(n))[:n]
		if _, err := io.ReadFull(st.body, data); err != nil {
			l.failed = fmt.Errorf("read the body of stream %d: %w", id, err)
			return true
		}
		l.chunked = data
		end := n == st.left && len(st.trailers) == 0 && !st.open && st.reset == nil
		at := len(l.out)
		l.out = http2.AppendData(l.out, id, end, -1, data)
		l.told(id, end, at)
		st.left -= n
		l.window -= n
		st.sent += n
	}
	if len(st.trailers) > 0 {
		l.headers(id, st.trailers, true)
	}
	if st.reset != nil {
		l.reset(id, *st.reset)
	}
	delete(l.streams, id)
	return true
}

// reset ends a stream.
func (l *h2link) reset(id uint32, code http2.ErrCode) {
	at := len(l.out)
	l.out = http2.AppendRSTStream(l.out, id, code)
	l.tell(l.out[at:])
	delete(l.streams, id)
	delete(l.owed, id)
}

// sendWaiting goes on with the messages that have waited, the oldest first.
func (l *h2link) sendWaiting() {
	l.waiting = slices.DeleteFunc(l.waiting, func(id uint32) bool {
		st := l.streams[id]
		return st == nil || l.more(id, st)
	})
}

// drop forgets a stream.
func (l *h2link) drop(id uint32) { delete(l.streams, id) }

// bye says that no more streams are wanted.
func (l *h2link) bye(last uint32) {
	l.out = http2.AppendGoAway(l.out, last, http2.ErrCodeNo, "")
	_ = l.flush() // the connection ends either way
}

// h2Fields returns fields as HTTP/2 has them: names in lower case, and none that
// is about one connection of HTTP/1.1 (RFC 9113, section 8.2.2).
func h2Fields(dst []hpack.HeaderField, fs http1.Fields) []hpack.HeaderField {
	for _, f := range fs.List() {
		name := string(bytes.ToLower(f.Name))
		switch name {
		case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "host":
			continue
		}
		dst = append(dst, hpack.HeaderField{Name: name, Value: string(f.Value)})
	}
	return dst
}

// open is asked by the parser what is to be done with a body.
func (l *h2link) open(like *proto.Message) http1.Tap {
	if like.Dir == l.ours {
		return nobody{} // we know it
	}
	if l.wants == nil {
		return nil
	}
	want := l.wants(like)
	if want == nil {
		return nil
	}
	c := &checked{Check: match.NewCheck(want), stream: like.Stream, from: -1}
	l.checks = append(l.checks, c)
	return c
}

// came makes a Message of one that came.
func (l *h2link) came(m *proto.Message) *match.Message {
	for i, c := range l.checks {
		if c.of(m, 0) {
			l.checks = slices.Delete(l.checks, i, i+1)
			return c.Live(*m, nil)
		}
	}
	return match.Live(*m, nil)
}
