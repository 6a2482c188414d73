package http2

import "encoding/binary"

// AppendPriority appends a PRIORITY frame to dst.
func AppendPriority(dst []byte, stream uint32, p Priority) []byte {
	return AppendFrame(dst, FramePriority, 0, stream, p.append(nil))
}

// append appends the five octets of a priority. A weight outside of 1 to 256 is
// cut to its low 8 bits.
func (p *Priority) append(dst []byte) []byte {
	on := p.DependsOn
	if p.Exclusive {
		on |= 1 << 31
	}
	return append(binary.BigEndian.AppendUint32(dst, on), byte(p.Weight-1))
}

// AppendRSTStream appends a RST_STREAM frame to dst.
func AppendRSTStream(dst []byte, stream uint32, code ErrCode) []byte {
	return AppendFrame(dst, FrameRSTStream, 0, stream, binary.BigEndian.AppendUint32(nil, uint32(code)))
}

// AppendPing appends to dst a PING that asks for its acknowledgement. The opaque
// data should have 8 octets.
func AppendPing(dst []byte, opaque []byte) []byte {
	return AppendFrame(dst, FramePing, 0, 0, opaque)
}

// AppendData appends a DATA frame to dst. With end the stream ends with it. A pad
// that is not negative pads it by that many octets, at most 255, besides the octet
// that counts them.
func AppendData(dst []byte, stream uint32, end bool, pad int, data []byte) []byte {
	flags := Flags(0)
	if end {
		flags = FlagEndStream
	}
	if pad < 0 {
		return AppendFrame(dst, FrameData, flags, stream, data)
	}
	return AppendFrame(dst, FrameData, flags|FlagPadded, stream, padded(pad, data))
}

// padded returns a payload between the count of its padding and its padding.
func padded(pad int, parts ...[]byte) []byte {
	b := []byte{byte(pad)}
	for _, p := range parts {
		b = append(b, p...)
	}
	return append(b, make([]byte, pad)...)
}

// A HeaderBlock is a header block that goes out as one HEADERS or PUSH_PROMISE
// frame and the CONTINUATION frames that it needs.
type HeaderBlock struct {
	Stream   uint32
	Promised uint32 // a stream that PUSH_PROMISE announces; 0 for HEADERS
	Block    []byte // what HPACK gave
	End      bool   // HEADERS: END_STREAM
	Open     bool   // no END_HEADERS: CONTINUATION frames of the caller follow
	Padded   bool
	Pad      int       // octets of padding, at most 255, where Padded
	Priority *Priority // HEADERS: nil for none
	MaxFrame int       // octets of the block in one frame at most; not positive does not cut
}

// AppendHeaderBlock appends the frames of h to dst (RFC 9113, section 4.3).
func AppendHeaderBlock(dst []byte, h HeaderBlock) []byte {
	block, most := h.Block, h.MaxFrame
	if most <= 0 {
		most = max(1, len(block))
	}
	cut := func() (part []byte, last Flags) {
		part = block[:min(len(block), most)]
		block = block[len(part):]
		if len(block) == 0 && !h.Open {
			last = FlagEndHeaders
		}
		return part, last
	}
	typ, flags, lead := FrameHeaders, Flags(0), []byte(nil)
	if h.End {
		flags |= FlagEndStream
	}
	if h.Priority != nil {
		flags |= FlagPriority
		lead = h.Priority.append(lead)
	}
	if h.Promised != 0 {
		typ, flags = FramePushPromise, 0
		lead = binary.BigEndian.AppendUint32(nil, h.Promised)
	}
	part, last := cut()
	payload := append(lead, part...)
	if h.Padded {
		flags |= FlagPadded
		payload = padded(h.Pad, payload)
	}
	dst = AppendFrame(dst, typ, flags|last, h.Stream, payload)
	for len(block) > 0 {
		part, last = cut()
		dst = AppendFrame(dst, FrameContinuation, last, h.Stream, part)
	}
	return dst
}
