package http1

import (
	"slices"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// maxChunks bounds the leaves of a chunked body; further chunks are one leaf.
const maxChunks = 1 << 14

// A state says what the next octet of a direction is.
type state uint8

const (
	stateStart     state = iota // between messages, or not yet known to be one
	stateHead                   // within the start line or the fields
	stateFixed                  // body: left octets to go
	stateClose                  // body: up to the end of the stream
	stateChunkSize              // line with the size of a chunk
	stateChunkSkip              // the rest of a chunk-size line that is too long
	stateChunkData              // left octets of a chunk to go
	stateChunkEnd               // line end behind a chunk's data
	stateTrailer                // fields behind the last chunk
	stateRaw                    // no HTTP, up to the next turn
	stateTunnel                 // no HTTP any more
)

// A side is one direction of the connection.
type side struct {
	p     *Parser
	dir   wire.Dir
	buf   proto.Buffer
	state state
	raw   rawRun

	// The message in progress.
	began    bool // it has a first octet
	first    time.Duration
	secure   bool
	waiting  bool        // see waits
	lines    slab[place] // of the head, then of the trailer section
	unplain  bool        // some of them are no field by themselves
	started  bool        // the start line is read
	target   int64       // where the request target stands
	head     []byte
	leaves   slab[proto.Leaf]
	notes    []proto.Note
	from     int64 // its first octet
	tiled    int64 // end of the last leaf
	exchange int
	request  *Request  // of the client's message
	response *Response // of the server's message
	fault    string
	left     int64 // octets of the body or chunk to come
	body     []byte
	size     int64 // octets of the body so far
	trailers Fields
	shared   bool // the request was given out with a response before it was complete
	holed    bool // octets of the body are missing: what follows is not kept
	chunks   int
	tap      Tap // of the body, nil for none
	partial  proto.Message
}

// An end is what ended a direction.
type end struct {
	why    string
	whole  bool // the sender chose to end: a body up to the end is complete
	untold bool // over TLS, without close_notify
}

// feed takes the next octets.
func (s *side) feed(data []byte) {
	if s.buf.End() == s.buf.Start() && !s.began {
		s.first = s.p.now
	}
	s.p.runs.Resume(s.dir, s.buf.End(), s.p.now)
	s.buf.Push(data)
	s.run()
	s.buf.Keep()
}

// run reads as far as the octets go.
func (s *side) run() {
	for s.step() {
	}
}

// step reads one thing and reports whether there may be another.
func (s *side) step() bool {
	switch s.state {
	case stateStart:
		return s.buf.Len() > 0 && s.start()
	case stateHead:
		return s.headLines()
	case stateFixed, stateClose:
		return s.bodyData()
	case stateChunkSize:
		return s.chunkSize()
	case stateChunkSkip:
		return s.chunkSkip()
	case stateChunkData:
		return s.chunkData()
	case stateChunkEnd:
		return s.chunkEnd()
	case stateTrailer:
		return s.trailerLine()
	default:
		s.takeRaw()
		return false
	}
}

// begin starts a message at the first octet that no Message carried.
func (s *side) begin() {
	if s.began {
		return
	}
	s.began = true
	s.secure = s.p.secure
	s.from = s.buf.Start()
	s.tiled = s.from
}

// note says that the octet at offset deviates from rule.
func (s *side) note(offset int64, text, rule string) {
	s.notes = proto.AddNote(s.notes, proto.Note{Offset: offset, Text: text, Rule: rule})
}

// refuse is note for what strict recipients refuse the message for.
func (s *side) refuse(offset int64, text, rule string) {
	s.note(offset, text, rule)
	if s.fault == "" {
		s.fault = text
	}
}

// keep adds octets of the body, the first of which stands at an offset, up to the
// limit.
func (s *side) keep(offset int64, p []byte) {
	s.tapped(offset, p)
	s.size += int64(len(p))
	if _, drained := s.tap.(Drain); s.holed || drained {
		return
	}
	limit := s.p.limits.Body
	if n := limit - len(s.body); len(p) > n {
		p = p[:max(0, n)]
	}
	if len(p) == 0 {
		return
	}
	if need := len(s.body) + len(p); need > cap(s.body) {
		// Doubling, but never beyond what can come; where the length is known
		// the first step is longer, but no peer gets more than eight times the
		// memory that it sends.
		most, want := int64(limit), max(need, 2*cap(s.body))
		if s.state == stateFixed {
			most, want = min(most, int64(len(s.body))+s.left), max(want, 8*len(p))
		}
		want = int(min(most, int64(want)))
		s.body = slices.Grow(s.body, max(want, need)-len(s.body))
	}
	s.body = append(s.body, p...)
}

// message writes the message in progress, as it stands, to m, which is zero.
func (s *side) message(m *proto.Message) {
	m.Conn, m.Exchange, m.Dir, m.Secure = s.p.conn, s.exchange, s.dir, s.secure
	m.Head = s.head
	m.Body = proto.Body{Data: s.body, Size: s.size, Cut: s.size > int64(len(s.body))}
	m.Span = proto.Span{From: s.from, To: s.tiled}
	m.First, m.Last = s.first, s.p.now
	m.Kind, m.Proto = proto.KindRequest, s.protocol()
	switch {
	case s.dir == wire.ServerToClient:
		m.Kind = proto.KindResponse
		if s.response != nil {
			m.Value = s.response
		}
	case s.request != nil:
		m.Value = s.request
	}
}

// protocol returns the Proto of the message in progress, by the version that it
// names.
func (s *side) protocol() string {
	version := ""
	switch {
	case s.response != nil:
		version = s.response.Version
	case s.request != nil:
		version = s.request.Version
	}
	switch version {
	case "HTTP/1.0", "ICY":
		return "http/1.0"
	case "HTTP/0.9":
		return "http/0.9"
	}
	return protoName
}

// progress returns the message in progress for State, nil for none.
func (s *side) progress() *proto.Message {
	s.partial = proto.Message{}
	switch s.state {
	case stateRaw, stateTunnel:
		if m := s.p.runs.Partial(s.dir); m != nil {
			return m
		}
		if s.buf.Len() == 0 {
			return nil
		}
		// It came with an upgrade.
		s.partial = s.rawMessage()
		s.partial.Body = proto.Body{Data: s.buf.Peek(), Size: int64(s.buf.Len())}
		s.partial.Span = proto.Span{From: s.buf.Start(), To: s.buf.End()}
	case stateStart, stateHead:
		if s.buf.End() == s.buf.Start() {
			return nil
		}
		s.message(&s.partial)
		s.partial.Notes = s.notes
		s.partial.Value = nil
		s.partial.Head = s.buf.All()
		s.partial.Span = proto.Span{From: s.buf.Start(), To: s.buf.End()}
	default:
		s.message(&s.partial)
		s.partial.Notes = s.notes
		if s.state == stateTrailer || s.state == stateChunkSize {
			s.partial.Span.To = s.buf.End()
		}
	}
	s.partial.Last = s.p.now
	return &s.partial
}

// finish gives the message in progress and starts anew behind it. All its
// octets are tiled and released.
func (s *side) finish(complete bool, endedBy string) {
	s.untap(endedBy)
	s.settle()
	s.p.out = append(s.p.out, proto.Message{})
	m := &s.p.out[len(s.p.out)-1]
	s.message(m)
	m.Complete, m.EndedBy = complete, endedBy
	m.Leaves = s.leaves.take()
	if len(s.notes) > 0 {
		slices.SortStableFunc(s.notes, func(a, b proto.Note) int {
			return int(min(1, max(-1, a.Offset-b.Offset)))
		})
		m.Notes = slices.Clone(s.notes)
	}
	s.reset()
}

// reset forgets the message in progress but for its octets in the buffer.
func (s *side) reset() {
	s.state = stateStart
	s.began, s.started, s.waiting = false, false, false
	s.first = s.p.now
	s.notes, s.unplain = s.notes[:0], false
	s.lines.drop()
	s.leaves.drop()
	s.head, s.body = nil, nil
	s.request, s.response = nil, nil
	s.fault, s.exchange = "", 0
	s.left, s.size, s.holed, s.chunks = 0, 0, false, 0
	s.trailers, s.shared, s.tap = Fields{}, false, nil
	s.raw = rawRun{}
}

// settle writes to the Value what is known at the end of the message only.
func (s *side) settle() {
	if r := s.response; r != nil {
		r.Fault, r.Chunks, r.Trailers = s.fault, s.chunks, s.trailers
	}
	if r := s.request; r != nil && (s.fault != "" || s.chunks > 0 || s.trailers.Len() > 0) {
		if s.shared {
			// An early response holds it as it was.
			c := *r
			r, s.request = &c, &c
			s.p.replace(s.exchange, r)
		}
		r.Fault, r.Chunks, r.Trailers = s.fault, s.chunks, s.trailers
	}
}
