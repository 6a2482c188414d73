// Package h2 is the client's side of HTTP/2 for who speaks it by hand: it keeps a
// connection going by itself, as far as it is let, turns typed requests into frames,
// and sends any frame that words describe, right or wrong.
//
// A [Link] is one connection. It reads nothing: its owner's sink shows it the frames of
// both sides, by [Link.Take] and [Link.Gave], and it answers from a goroutine of its
// own. [ParseRequest] reads a request as it is typed for HTTP/1.1; a [Form] is a word
// that sends frames by hand; [Options] are what is done by itself.
package h2

import (
	"bytes"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"

	"wiretape/session/answer"
	"wiretape/wire"
)

// Windows and frame sizes of HTTP/2, octets.
const (
	defaultWindow = 65535     // RFC 9113, section 6.9.2
	defaultFrame  = 16384     // section 6.5.2
	ourWindow     = 4 << 20   // what the server may send unacknowledged, 4 MiB
	windowStep    = 1 << 20   // after so many we allow as many again
	longestFrame  = 256 << 10 // the longest that we send, whatever the server takes
	maxAnswers    = 128 << 10 // of answers that may wait to be written, 128 KiB
)

const (
	maxStreams = 4096        // streams that are followed at once
	calming    = time.Second // for a peer that reads nothing to take our GOAWAY
)

// A Link keeps a connection of HTTP/2 going: it gives the answers that the
// protocol demands, counts windows, and turns a typed request into frames.
type Link struct {
	scheme string          // the value of :scheme
	conn   *wire.Conn      // nil until start
	closed <-chan struct{} // the connection has ended
	flood  chan struct{}   // closed when more than maxAnswers wait

	answers *answer.Writer
	running sync.WaitGroup // calm, and bodies that nobody waits for

	uploads sync.Mutex // held from the look at the windows until the DATA is written

	blocks sync.Mutex     // one header block is encoded and written at a time
	enc    *hpack.Encoder // guarded by blocks, as is what follows
	buf    bytes.Buffer   // of enc

	mu       sync.Mutex // guards what follows, which the sink shares
	opts     Options
	next     uint32        // stream of the next request
	last     uint32        // the stream that we used last
	flooded  bool          // flood is closed
	room     chan struct{} // closed and replaced when a window has grown or a stream has ended
	window   int64         // what the peer lets us send, of the connection
	initial  int64         // of a new stream
	maxFrame int
	settled  opening
	table    int64                    // header table size that the peer has set; -1 for unchanged
	recv     inflow                   // of the connection
	granted  int64                    // the initial window that we have announced
	streams  map[uint32]*streamState  // that are not over, maxStreams at most
	bodies   int                      // that are on their way while nobody waits
	queued   map[uint32]chan struct{} // the last of those on a stream, closed when it has gone
	pings    int                      // of ours that are not acknowledged
}

// A streamState is a stream that is not over.
type streamState struct {
	sent   int64 // octets of DATA less what WINDOW_UPDATE allowed: the window is initial-sent
	recv   inflow
	asked  bool // we have sent HEADERS
	ended  bool // we have ended our side
	begun  bool // the peer has sent HEADERS
	theirs bool // the peer has ended its side
	ending bool // END_STREAM stands on HEADERS whose CONTINUATION is to come
}

// New returns a link that only listens as yet: the server may speak as
// soon as the connection stands.
func New(scheme string, opts Options) *Link {
	h := &Link{
		scheme: scheme, opts: opts, flood: make(chan struct{}), next: 1,
		answers: answer.New(), room: make(chan struct{}),
		window: defaultWindow, initial: defaultWindow, granted: defaultWindow,
		maxFrame: defaultFrame, table: -1, streams: map[uint32]*streamState{}, queued: map[uint32]chan struct{}{},
	}
	h.recv.given = defaultWindow
	h.enc = hpack.NewEncoder(&h.buf)
	return h
}

// Attach gives the link its connection, and the channel that is closed when that has
// ended.
func (h *Link) Attach(conn *wire.Conn, closed <-chan struct{}) {
	h.conn, h.closed = conn, closed
	h.running.Go(h.calm)
}

// Attached reports whether the link has its connection.
func (h *Link) Attached() bool { return h.conn != nil }

// Start says what opens the connection, in as many octets as Options want, and begins
// to answer.
func (h *Link) Start() (said int, err error) {
	o := h.Options()
	if said, err = h.conn.Write(o.hello()); err != nil {
		return said, err
	}
	// Behind the preface: a server may speak first, and its SETTINGS want an
	// answer at once.
	h.answers.Start(h.conn)
	return said, nil
}

// Stop ends the goroutines of a link whose connection is closed.
func (h *Link) Stop() {
	h.answers.Stop()
	h.answers.Wait()
	h.running.Wait()
}

// An opening is how far both sides have agreed on their SETTINGS.
type opening uint8

const (
	theirSettings opening = 1 << iota // came
	theirAck                          // of ours, came
	ourAck                            // of theirs, was sent
)

// Opened reports whether both sides have sent and acknowledged SETTINGS, as far
// as ours are sent by themselves.
func (h *Link) Opened() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	want := theirSettings
	if !h.opts.noSettings {
		want |= theirAck
	}
	if !h.opts.noAck {
		want |= ourAck
	}
	return h.settled&want == want
}

// Options returns what is done by itself now.
func (h *Link) Options() Options {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.opts
}

// Latest returns the stream that we used last, 0 for none.
func (h *Link) Latest() uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// Owes reports whether a reply is to come that no frame has made due yet: to a
// request whose body is still on its way.
func (h *Link) Owes() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bodies > 0
}

// Unanswered reports whether a request, or a PING, has no whole answer.
func (h *Link) Unanswered() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, st := range h.streams {
		if st.asked && !st.theirs && (st.ended || st.begun) {
			return true
		}
	}
	return h.pings > 0 || h.bodies > 0
}

// ParseRequest reads a composed request for this connection: see the function of that
// name.
func (h *Link) ParseRequest(text []byte) (*Request, error) {
	return ParseRequest(text, h.scheme, h.Options().TypedNames)
}

// Later has something done on a stream while nobody waits: behind what is on its way
// there already. Its end is told to done.
func (h *Link) Later(stream uint32, rest func() error, done func(error)) {
	before, gone := h.queue(stream)
	h.running.Go(func() {
		<-before
		err := rest()
		gone()
		done(err)
	})
}

// queue returns what is closed when all bodies that were queued for a stream have
// gone, and what says so of the one that is queued now.
func (h *Link) queue(stream uint32) (before <-chan struct{}, done func()) {
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

// Upgrade begins on a connection that has changed to HTTP/2 after a request of
// HTTP/1.1, which is stream 1 and ended on our side (RFC 7540, section 3.2.1). It may
// be called from the sink.
func (h *Link) Upgrade(conn *wire.Conn, closed <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams[1] = &streamState{asked: true, ended: true}
	h.next, h.last = 3, 1
	h.answers.Add(h.opts.hello())
	h.Attach(conn, closed)
	h.answers.Start(conn)
}
