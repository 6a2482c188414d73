package replay

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
	"syscall"
	"time"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// A live is a connection that stands, with what came and was not taken yet. It
// belongs to one goroutine.
type live struct {
	c       *wire.Conn
	s       *script
	peer    wire.Dir
	silence time.Duration // that ends a wait; 0 for none
	until   time.Time     // the read deadline set
	parser  *detect.Stream

	in    []byte // what came and was not taken
	taken int64  // octets that were taken
	read  int64  // octets that came
	chunk []byte // the buffer of reads
	grams []int  // where a read is a datagram: the lengths of those in in
	queue []proto.Message
	end   error // what ended the peer's direction; nil before

	// What the parser was not given: as long as whole exchanges are equal to
	// the tape's, it is given none of them.
	unfed   []fed
	skipped [2]int64 // octets of a direction that the parser will never see
	busy    bool     // the parser is in the middle of something

	// wants returns the recorded message with which one of the peer is compared
	// while it comes, nil for none.
	wants  func(*proto.Message) *match.Message
	checks []*checked   // of the peer's messages that were not taken
	ending atomic.Bool  // the write deadline is that of the end
	wrote  atomic.Int64 // when something of ours was last written, in ns since 1970
}

// readSize is how much is read at once, in bytes: no datagram is longer.
const readSize = 64 << 10

func newLive(c *wire.Conn, s *script, silence time.Duration) *live {
	l := &live{c: c, s: s, peer: s.ours.Reverse(), silence: silence, chunk: make([]byte, readSize)}
	if !s.bytes {
		l.parser = detect.New(detect.Options{Proto: s.proto, Limits: match.Limits(), Body: l.open})
		facts := c.Facts()
		l.feed(wire.Event{Kind: wire.KindOpen, Facts: &facts})
	}
	return l
}

// maxBeyond is how many bytes are kept of a peer beyond those of the message that
// is awaited.
const maxBeyond = 1 << 20

// errBeyond says that what came is longer than what is awaited, by more than is
// kept.
var errBeyond = errors.New("longer than on the tape")

// fill reads once, where due octets are awaited. It returns false at the end of
// the peer's direction, with l.end set, and an error after silence or where far
// more than due came.
func (l *live) fill(due int) (bool, error) {
	if l.end != nil {
		return false, nil
	}
	if l.silence > 0 {
		// Set seldom: a deadline a little early or late does no harm.
		if now := time.Now(); l.until.Sub(now) < l.silence-l.silence/8 {
			l.until = now.Add(l.silence)
			l.c.SetReadDeadline(l.until)
		}
	}
	n, err := l.c.Read(l.chunk)
	if n > 0 {
		l.arrived(l.chunk[:n])
	}
	if l.packets() && err == nil {
		l.grams = append(l.grams, n)
	}
	switch {
	case err == nil:
	case wire.IsTimeout(err) && time.Since(time.Unix(0, l.wrote.Load())) < l.silence:
		l.until = time.Time{} // it takes what is ours
	case wire.IsTimeout(err):
		return false, errSilence
	default:
		l.end = err
		l.parse()
		return n > 0, nil
	}
	// The same bytes in small chunks are a little longer.
	if len(l.in) > due+due/8+maxBeyond || l.exceeded() {
		return false, errBeyond
	}
	return true, nil
}

// packets reports whether a read is a datagram.
func (l *live) packets() bool { return l.c.Facts().Network == "udp" }

var errSilence = errors.New("silence")

func (l *live) arrived(b []byte) {
	l.in = append(l.in, b...)
	if l.parser != nil {
		if n := len(l.unfed); n > 0 && l.unfed[n-1].dir == l.peer {
			l.unfed[n-1].to += int64(len(b))
		} else {
			l.unfed = append(l.unfed, fed{dir: l.peer, from: l.read, to: l.read + int64(len(b))})
		}
	}
	l.read += int64(len(b))
	if !l.s.lazy {
		l.parse()
	}
}

// drop takes octets up to an offset of the peer's stream.
func (l *live) drop(to int64) {
	n := int(min(to-l.taken, int64(len(l.in))))
	if n <= 0 {
		return
	}
	if len(l.unfed) > 0 {
		l.keep(to)
	}
	if l.in = l.in[:copy(l.in, l.in[n:])]; cap(l.in) > 1<<20 && len(l.in) < 1<<10 {
		l.in = bytes.Clone(l.in)
	}
	l.taken = to
}

// takeEqual takes n octets that are equal to a message of the tape. Where that
// ends all exchanges so far, nobody will want to see them again.
func (l *live) takeEqual(n int, over bool) {
	if over && !l.busy && n == len(l.in) && l.s.lazy {
		l.skip()
		l.taken += int64(n)
		l.in = l.in[:0]
		return
	}
	l.drop(l.taken + int64(n))
}

// next returns the peer's next message that the parser has found.
func (l *live) next() *match.Message {
	for len(l.queue) > 0 {
		m := l.queue[0]
		l.queue = l.queue[1:]
		if m.Span.To <= l.taken {
			continue
		}
		base := l.taken
		from, to := max(0, m.Span.From-base), min(int64(len(l.in)), m.Span.To-base)
		if from > to {
			continue
		}
		raw := bytes.Clone(l.in[from:to])
		if c := l.checkOf(&m); c != nil {
			return c.Live(m, raw)
		}
		return match.Live(m, raw)
	}
	return nil
}

// peek returns the message that next will return, nil for none.
func (l *live) peek() *match.Message {
	if len(l.queue) == 0 || l.queue[0].Span.From != l.taken || l.queue[0].Span.To > l.read {
		return nil
	}
	m := l.queue[0]
	return match.Live(m, bytes.Clone(l.in[:m.Span.To-l.taken]))
}

// progress returns the peer's message in progress and how many of its octets
// came; nil where there is none.
func (l *live) progress() (m *proto.Message, n int64) {
	if l.s.bytes {
		return nil, int64(len(l.in))
	}
	l.parse()
	if l.parser == nil {
		return nil, int64(len(l.in))
	}
	m = l.parser.State(1).Partial[proto.Side(l.peer)]
	if m == nil {
		return nil, 0
	}
	return m, m.Span.To - m.Span.From
}

// arrivedPart reports whether of the peer's message in progress as much is there
// as the first need octets of m. Heads may differ in length; a head counts as
// such.
func (l *live) arrivedPart(m *match.Message, need int64) bool {
	if n := min(need, int64(len(m.Raw))); !m.Long() && int64(len(l.in)) >= n && bytes.Equal(l.in[:n], m.Raw[:n]) {
		return true // however it reads
	}
	part, n := l.progress()
	if len(l.queue) > 0 {
		return true
	}
	head := int64(len(m.Head))
	if part == nil || m.Value == nil || need < head || head == 0 {
		return n >= need
	}
	return part.Value != nil && n-int64(len(part.Head)) >= need-head
}

// upgrades reports whether a message leaves HTTP, or may.
func upgrades(m *match.Message) bool {
	switch v := m.Value.(type) {
	case *http1.Request:
		return v.Method == "CONNECT" || v.Fields.Has("Upgrade")
	case *http1.Response:
		return v.Framing == http1.FramingUpgrade || v.Status == 101
	}
	return false
}

// endName returns how the peer's direction ended: "eof", "rst", "alert NAME" or
// the error.
func endName(err error) string {
	switch {
	case err == io.EOF:
		return "eof"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "rst"
	}
	if a, ok := errors.AsType[*wire.AlertError](err); ok {
		return "alert " + a.Alert.String()
	}
	return err.Error()
}
