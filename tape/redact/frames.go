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
	bodies map[uint32]*seeker // by stream
	saved  *frames            // as it was where what is held begins

	header  [frameHeaderLen]byte
	come    int // octets of header that are passed
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
		f.blind = true
		f.block.lose()
		return
	}
	f.left -= int(size)
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
// up to where b is decided. Text says that what follows are no frames.
func (f *frames) scan(r *Redactor, b []byte, i int, final bool) (n int, text bool) {
	v := &f.block
	v.anew = v.collecting // in another buffer
	for i < len(b) {
		if v.collecting && v.anew {
			v.anew, v.at, v.from = false, v.at[:0], i
			f.save()
		}
		switch {
		case f.blind:
			r.blot(i, len(b))
			i = len(b)
		case f.left == 0:
			want := frameHeaderLen - f.come
			if len(b)-i < want && !final {
				if v.collecting {
					return f.rollBack(), false
				}
				return i, false
			}
			n := copy(f.header[f.come:], b[i:])
			if f.come += n; f.come == frameHeaderLen && isText(f.header[:]) {
				// It would be longer than two megabytes.
				if v.collecting {
					v.bluntly(r, b)
				}
				f.reread(frameHeaderLen - n)
				return i, true
			}
			i += n
			if f.come == frameHeaderLen {
				f.begin(r, b)
			}
		case f.kind == http2.FrameData && f.left > 0:
			n := min(f.left, len(b)-i)
			// A frame's end is where an event may end.
			end := f.seeker().run(r, b, i, i+n, i, final || n == f.left)
			f.left -= end - i
			if end < i+n {
				return end, false
			}
			i = end
		case !f.carriesBlock():
			n := min(f.left, len(b)-i)
			f.left -= n
			i += n
		case f.padded:
			f.padded = false
			f.left--
			f.padding = int(b[i])
			i++
			f.end(r, b)
		case f.skip > 0, f.left <= f.padding:
			f.skip = max(0, f.skip-1)
			f.left--
			i++
			f.end(r, b)
		default:
			f.left--
			v.octet(r, b, i)
			i++
			f.end(r, b)
		}
		if v.collecting && !v.anew && i-v.from >= maxHeld {
			v.bluntly(r, b)
		}
	}
	if v.collecting && !v.anew {
		if !final {
			return f.rollBack(), false
		}
		v.bluntly(r, b)
	}
	return len(b), false
}

// maxBodies bounds the streams whose bodies are followed at once.
const maxBodies = 256

// seeker returns what follows the body that the current frame is a part of.
func (f *frames) seeker() *seeker {
	id := binary.BigEndian.Uint32(f.header[5:]) &^ (1 << 31)
	k := f.bodies[id]
	if k == nil {
		if f.bodies == nil || len(f.bodies) >= maxBodies {
			f.bodies = make(map[uint32]*seeker)
		}
		k = new(seeker)
		f.bodies[id] = k
	}
	return k
}

// save remembers the state at what is held from here on.
func (f *frames) save() {
	if f.saved == nil {
		f.saved = new(frames)
	}
	saved := f.saved
	*saved = *f
}

// rollBack returns to where what is held begins.
func (f *frames) rollBack() int {
	saved, at, from := f.saved, f.block.at, f.block.from
	*f = *saved
	f.saved, f.block.at = saved, at
	return from
}

// begin takes a frame's header.
func (f *frames) begin(r *Redactor, b []byte) {
	h := f.header
	f.come = 0
	f.kind, f.left = http2.FrameType(h[3]), int(h[0])<<16|int(h[1])<<8|int(h[2])
	flags := http2.Flags(h[4])
	f.padded, f.padding, f.skip = false, 0, 0
	if f.inBlock && f.kind != http2.FrameContinuation {
		// RFC 9113, section 6.10: nothing may come in between.
		f.breakOff(r, b)
	}
	switch f.kind {
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
		return
	}
	f.inBlock, f.ends = true, flags.Has(http2.FlagEndHeaders)
	f.end(r, b)
}

// end takes the end of a header block, if it is here.
func (f *frames) end(r *Redactor, b []byte) {
	if f.left > 0 || !f.inBlock || !f.ends {
		return
	}
	f.inBlock = false
	if f.block.state != atRepresentation {
		f.breakOff(r, b)
	}
}

// breakOff gives up a header block in the middle. What it added to the table is
// not known.
func (f *frames) breakOff(r *Redactor, b []byte) {
	if f.block.collecting {
		f.block.bluntly(r, b)
	}
	f.inBlock = false
	f.block.lose()
	f.block.state = atRepresentation
}

// reread has the text of a header's n octets that have passed read as what it
// is.
func (f *frames) reread(n int) {
	var ignored []mark
	b := f.header[:n]
	s := f.s
	s.field, s.folded, s.name = unknownField, plainField, s.name[:0]
	if !s.begun && n > 0 {
		s.begun, s.watched = true, 1
		s.watch(b)
	}
	for len(b) > 0 {
		b = b[s.fieldLine(b, 0, true, &ignored):]
	}
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
