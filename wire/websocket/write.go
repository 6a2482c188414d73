package websocket

import "encoding/binary"

// AppendFrame appends a frame with the header h and the payload to dst. Nothing is
// checked: Length stands in the header whatever the payload's is, in the shortest
// field that holds it unless Bits says which, of its lower bits as many as the field
// has. Where h is Masked, the payload is masked with Key.
func AppendFrame(dst []byte, h Frame, payload []byte) []byte {
	b := h.RSV&7<<4 | uint8(h.Opcode)&0xf
	if h.Fin {
		b |= 0x80
	}
	mask := byte(0)
	if h.Masked {
		mask = 0x80
	}
	bits := h.Bits
	if bits == 0 {
		bits = lengthBits(h.Length)
	}
	switch bits {
	case 64:
		dst = binary.BigEndian.AppendUint64(append(dst, b, mask|127), uint64(h.Length))
	case 16:
		dst = binary.BigEndian.AppendUint16(append(dst, b, mask|126), uint16(h.Length))
	default:
		dst = append(dst, b, mask|uint8(h.Length)&0x7f)
	}
	if !h.Masked {
		return append(dst, payload...)
	}
	dst = append(dst, h.Key[:]...)
	at := len(dst)
	dst = append(dst, payload...)
	mask4(dst[at:], payload, h.Key, 0)
	return dst
}

// lengthBits returns the width of the shortest length field that holds n (RFC
// 6455, section 5.2).
func lengthBits(n int64) int {
	switch {
	case n < 126:
		return 7
	case n < 1<<16:
		return 16
	}
	return 64
}

// ClosePayload returns the payload of a Close frame. A code of 0 gives none, and
// then no reason either.
func ClosePayload(code CloseCode, reason string) []byte {
	if code == 0 {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}

// Answer returns the frame that is due to the peer that sent f, whose payload was
// whole: a Pong to a Ping (RFC 6455, section 5.5.3), a Close to a Close (section
// 5.5.1). It is nil for other frames and for those too long to be answered. A
// client's answer is masked with key.
func (f *Frame) Answer(payload []byte, client bool, key [4]byte) []byte {
	h := Frame{Fin: true, Masked: client, Key: key}
	switch {
	case f.Length > maxControl:
		return nil
	case f.Opcode == Ping:
		h.Opcode = Pong
	case f.Opcode == Close:
		h.Opcode = Close
		payload = nil
		// What must not be sent is not sent back.
		if text, _ := f.Code.fault(); f.Code != 0 && text == "" {
			payload = ClosePayload(f.Code, "")
		}
	default:
		return nil
	}
	h.Length = int64(len(payload))
	return AppendFrame(nil, h, payload)
}

// mask4 writes src to dst, which is as long, with the masking key applied (RFC
// 6455, section 5.3). At is where in the payload src begins.
func mask4(dst, src []byte, key [4]byte, at int64) {
	var k [8]byte
	for i := range k {
		k[i] = key[(at+int64(i))&3]
	}
	word := binary.NativeEndian.Uint64(k[:])
	i := 0
	for ; i+8 <= len(src); i += 8 {
		binary.NativeEndian.PutUint64(dst[i:], binary.NativeEndian.Uint64(src[i:])^word)
	}
	for ; i < len(src); i++ {
		dst[i] = src[i] ^ k[i&7]
	}
}
