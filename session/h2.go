package session

import (
	"bytes"
	"context"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"

	"wiretape/wire"
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
	h2Counted = 4096        // streams that are followed at once
	h2Calming = time.Second // for a peer that reads nothing to take our GOAWAY
)

// An h2Link keeps a connection of HTTP/2 going: it gives the answers that the
// protocol demands, counts windows, and turns a typed request into frames.
type h2Link struct {
	scheme string
	conn   *wire.Conn      // nil until start
	closed <-chan struct{} // the connection has ended
	flood  chan struct{}   // closed when more than h2Answers wait

	running sync.WaitGroup // answer, calm and bodies that nobody waits for

	uploads sync.Mutex // held from the look at the windows until the DATA is written

	blocks sync.Mutex     // one header block is encoded and written at a time
	enc    *hpack.Encoder // guarded by blocks, as is what follows
	buf    bytes.Buffer   // of enc

	mu       sync.Mutex // guards what follows, which the sink shares
	opts     h2Options
	next     uint32 // stream of the next request
	last     uint32 // the stream that we used last
	answers  []byte // frames that the goroutine is to write
	stopped  bool
	flooded  bool          // flood is closed
	changed  chan struct{} // one token: there are answers
	room     chan struct{} // closed and replaced when a window has grown or a stream has ended
	window   int64         // what the peer lets us send, of the connection
	initial  int64         // of a new stream
	maxFrame int
	settled  h2Opening
	table    int64                    // header table size that the peer has set; -1 for unchanged
	recv     h2Recv                   // of the connection
	granted  int64                    // the initial window that we have announced
	streams  map[uint32]*h2State      // that are not over, h2Counted at most
	bodies   int                      // that are on their way while nobody waits
	queued   map[uint32]chan struct{} // the last of those on a stream, closed when it has gone
	pings    int                      // of ours that are not acknowledged
}

// An h2State is a stream that is not over.
type h2State struct {
	sent   int64 // octets of DATA less what WINDOW_UPDATE allowed: the window is initial-sent
	recv   h2Recv
	asked  bool // we have sent HEADERS
	ended  bool // we have ended our side
	begun  bool // the peer has sent HEADERS
	theirs bool // the peer has ended its side
	ending bool // END_STREAM stands on HEADERS whose CONTINUATION is to come
}

// newH2Link returns a link that only listens as yet: the server may speak as
// soon as the connection stands.
func newH2Link(scheme string, opts h2Options) *h2Link {
	h := &h2Link{
		scheme: scheme, opts: opts, flood: make(chan struct{}), next: 1,
		changed: make(chan struct{}, 1), room: make(chan struct{}),
		window: h2DefaultWindow, initial: h2DefaultWindow, granted: h2DefaultWindow,
		maxFrame: h2DefaultFrame, table: -1, streams: map[uint32]*h2State{}, queued: map[uint32]chan struct{}{},
	}
	h.recv.given = h2DefaultWindow
	h.enc = hpack.NewEncoder(&h.buf)
	return h
}

// attach gives h its connection. The session's mutex is held.
func (h *h2Link) attach(l *link) {
	h.conn, h.closed = l.conn, l.done
	h.running.Go(h.calm)
}

// start begins to answer over the connection.
func (h *h2Link) start() {
	h.running.Go(h.answer)
	token(h.changed)
}

// startH2 opens HTTP/2 where the connection has selected it, or where the scheme
// says so. A script waits until both sides know their SETTINGS, so that what
// follows stands behind them.
func (s *Session) startH2(ctx context.Context) error {
	s.mu.Lock()
	h := s.h2
	if h == nil || h.conn != nil {
		s.mu.Unlock()
		return nil
	}
	s.g.block = true
	h.attach(s.link)
	s.mu.Unlock()
	opts := h.options()
	hello := opts.hello()
	if _, err := h.conn.Write(hello); err != nil {
		return failure(StatusProtocol, "open HTTP/2: %w", err)
	}
	// Behind the preface: a server may speak first, and its SETTINGS want an
	// answer at once.
	h.start()
	if s.opts.Interactive || len(hello) == 0 {
		return nil
	}
	return s.opening(ctx, h)
}

// opening waits until the SETTINGS of both sides are known, as far as what we
// send by ourselves makes them so.
func (s *Session) opening(ctx context.Context, h *h2Link) error {
	end := s.wait(ctx, waiting{limit: s.timeout, silence: true, met: func() bool {
		return h.opened() || s.peer.broken != "" || s.peer.fault != ""
	}})
	s.mu.Lock()
	spoke, broken := s.peer.spoke, s.peer.broken
	if broken == "" {
		broken = s.peer.fault
	}
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

// stopH2 ends the goroutines of the link. The connection is closed already.
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

// An h2Opening is how far both sides have agreed on their SETTINGS.
type h2Opening uint8

const (
	h2TheirSettings h2Opening = 1 << iota // came
	h2TheirAck                            // of ours, came
	h2OurAck                              // of theirs, was sent
)

// opened reports whether both sides have sent and acknowledged SETTINGS, as far
// as ours are sent by themselves.
func (h *h2Link) opened() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	want := h2TheirSettings
	if !h.opts.noSettings {
		want |= h2TheirAck
	}
	if !h.opts.noAck {
		want |= h2OurAck
	}
	return h.settled&want == want
}

func (h *h2Link) options() h2Options {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.opts
}

// latest returns the stream that we used last, 0 for none.
func (h *h2Link) latest() uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// owes reports whether a reply is to come that no frame has made due yet: to a
// request whose body is still on its way.
func (h *h2Link) owes() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bodies > 0
}

// unanswered reports whether a request, or a PING, has no whole answer.
func (h *h2Link) unanswered() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, st := range h.streams {
		if st.asked && !st.theirs && (st.ended || st.begun) {
			return true
		}
	}
	return h.pings > 0 || h.bodies > 0
}

// queue returns what is closed when all bodies that were queued for a stream have
// gone, and what says so of the one that is queued now.
func (h *h2Link) queue(stream uint32) (before <-chan struct{}, done func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.queued[stream]
	if last == nil {
		last = make(chan struct{})
		close(last)
	}
	own := make(chan struct{})
	h.queued[stream] = own
	h.bodies++
	return last, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		close(own)
		h.bodies--
		if h.queued[stream] == own {
			delete(h.queued, stream)
		}
	}
}

// upgrade makes the link one that follows a request of HTTP/1.1, which is stream
// 1 and ended on our side (RFC 7540, section 3.2.1).
func (h *h2Link) upgrade() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams[1] = &h2State{asked: true, ended: true}
	h.next, h.last = 3, 1
	h.answers = h.opts.hello()
}
