package redact

import (
	"encoding/binary"

	"wiretape/wire/http2"
)

// frameHeaderLen is the length of a frame's header (RFC 9113, section 4.1).
const frameHeaderLen = 9

// frames is one direction of HTTP/2. It follows the frames and gives the octets
// of header blocks to an HPACK reader; all else passes.
type frames struct {
	s      *stream
	block  block
	bodies map[uint32]*splice // by stream
	body   *splice            // of the last frame that had any of one, nil for none

	header  [frameHeaderLen]byte
	come    int // octets of header that have come
	held    int // how many of them are held
	kind    http2.FrameType
	left    int  // octets of the payload to come
	padded  bool // the next of them is Pad Length
	padding int  // how many at the end are no part of a header block
	skip    int  // how many come before a header block
	inBlock bool // a header block is not ended
	ends    bool // END_HEADERS
	blind   bool // it is not known where frames begin: nothing passes
}

// lose says that size octets are missing.
func (f *frames) lose(size int64) {
	if f.carriesBlock() || f.inBlock || size > int64(f.left) {
		f.blind, f.body = true, nil
		f.block.lose()
		return
	}
	f.left -= int(size)
	if f.body != nil {
		f.body.text.lose(size)
	}
}

// carriesBlock reports whether octets of a header block may be in what is to
// come of the frame.
func (f *frames) carriesBlock() bool {
	switch f.kind {
	case http2.FrameHeaders, http2.FramePushPromise, http2.FrameContinuation:
		return f.left > 0
	}
	return false
}

// scan goes over b from i on, notes in r what is to be overwritten, and returns
// where it stopped. Text says that what follows are no frames.
func (f *frames) scan(r *results, b []byte, i int) (n int, text bool) {
	v := &f.block
	for i < len(b) {
		switch {
		case f.blind:
			r.blot(i, len(b))
			i = len(b)
		case f.left == 0:
			n := copy(f.header[f.come:], b[i:])
			i, f.come, f.held = i+n, f.come+n, f.held+n
			if f.come < frameHeaderLen {
				break
			}
			held := f.held
			f.come, f.held = 0, 0
			if isText(f.header[:]) {
				// It would be longer than two megabytes.
				if v.collecting {
					v.bluntly(r, b, i-held)
				}
				f.body.finish(r)
				f.reread(frameHeaderLen - held)
				return i - held, true
			}
			f.begin(r, b, i)
		case f.kind == http2.FrameData && !f.padded && f.left > f.padding:
			n := min(f.left-f.padding, len(b)-i)
			if s := f.splice(r); s != f.body {
				f.body.finish(r)
				f.body = s
			}
			f.body.take(r, b, i, i+n)
			i, f.left = i+n, f.left-n
			if f.left == f.padding {
				f.endBody(r, i)
			}
		case f.kind == http2.FrameData && f.padded:
			f.padded = false
			f.left--
			if f.padding = int(b[i]); f.padding > f.left {
				f.padding = 0 // there is none (RFC 9113, section 6.1)
			}
			i++
		case !f.carriesBlock():
			n := min(f.left, len(b)-i)
			f.left -= n
			i += n
		case f.padded:
			f.padded = false
			f.left--
			f.padding = int(b[i])
			i++
			f.end(r, b, i)
		case f.skip > 0, f.left <= f.padding:
			f.skip = max(0, f.skip-1)
			f.left--
			i++
			f.end(r, b, i)
		default:
			f.left--
			v.octet(r, b, i)
			i++
			f.end(r, b, i)
		}
		if v.collecting && i-v.from >= maxHeld {
			v.bluntly(r, b, i)
		}
	}
	return i, false
}

// decided returns how much is decided of the n octets that have come.
func (f *frames) decided(n int) int {
	n -= f.held
	if f.block.collecting {
		n = min(n, f.block.from)
	}
	return min(n, f.body.low(n))
}

// finish masks what is held.
func (f *frames) finish(r *results, b []byte) {
	f.held = 0
	if f.block.collecting {
		f.block.bluntly(r, b, len(b))
	}
	f.body.finish(r)
}

// drop takes n octets for gone that were decided.
func (f *frames) drop(n int) {
	f.block.drop(n)
	f.body.drop(n)
}

// maxBodies bounds the streams whose bodies are followed at once.
const maxBodies = 256

// id returns the stream of the current frame.
func (f *frames) id() uint32 { return binary.BigEndian.Uint32(f.header[5:]) &^ (1 << 31) }

// splice returns what follows the body that the current frame is a part of.
func (f *frames) splice(r *results) *splice {
	id := f.id()
	k := f.bodies[id]
	if k == nil {
		if f.bodies == nil || len(f.bodies) >= maxBodies {
			f.bodies = make(map[uint32]*splice)
		}
		k = newSplice(r)
		f.bodies[id] = k
	}
	return k
}

// endBody takes the end of what the frame has of a body, before the octet at index i.
func (f *frames) endBody(r *results, i int) {
	f.body.between(r, i)
	if http2.Flags(f.header[4]).Has(http2.FlagEndStream) {
		f.body.finish(r)
		delete(f.bodies, f.id())
	}
}

// begin takes a frame's header, which ends before b[i].
func (f *frames) begin(r *results, b []byte, i int) {
	h := f.header
	f.kind, f.left = http2.FrameType(h[3]), int(h[0])<<16|int(h[1])<<8|int(h[2])
	flags := http2.Flags(h[4])
	f.padded, f.padding, f.skip = false, 0, 0
	if f.inBlock && f.kind != http2.FrameContinuation {
		// RFC 9113, section 6.10: nothing may come in between.
		f.breakOff(r, b, i)
	}
	switch f.kind {
	case http2.FrameData:
		f.padded = f.left > 0 && flags.Has(http2.FlagPadded)
		return
	case http2.FrameHeaders:
		f.padded = flags.Has(http2.FlagPadded)
		if flags.Has(http2.FlagPriority) {
			f.skip = 5
		}
	case http2.FramePushPromise:
		f.padded = flags.Has(http2.FlagPadded)
		f.skip = 4
	case http2.FrameContinuation:
	default:
		f.body.between(r, i+f.left)
		return
	}
	f.body.between(r, i+f.left)
	f.inBlock, f.ends = true, flags.Has(http2.FlagEndHeaders)
	f.end(r, b, i)
}

// end takes the end of a header block, if it is before b[i].
func (f *frames) end(r *results, b []byte, i int) {
	if f.left > 0 || !f.inBlock || !f.ends {
		return
	}
	f.inBlock = false
	if f.block.state != atRepresentation {
		f.breakOff(r, b, i)
	}
}

// breakOff gives up a header block in the middle, before b[i]. What it added to the
// table is not known.
func (f *frames) breakOff(r *results, b []byte, i int) {
	if f.block.collecting {
		f.block.bluntly(r, b, i)
	}
	f.inBlock = false
	f.block.lose()
	f.block.state = atRepresentation
}

// reread has the text of a header's first n octets, which have passed, read as what
// it is.
func (f *frames) reread(n int) {
	s, b := f.s, f.header[:n]
	s.field, s.folded, s.name, s.prefix = unknownField, plainField, s.name[:0], 0
	if !s.begun && n > 0 {
		s.begun, s.watched = true, 1
		s.watch(b)
	}
	passed := new(results)
	for i := 0; i < n; {
		i = s.line(passed, b, i)
	}
	s.decide(passed, b, n, false)
}

// isText reports whether b is ASCII text.
func isText(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}
