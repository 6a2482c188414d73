package http2

import "encoding/binary"

// Preface is what a client sends before its first frame (RFC 9113, section 3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// frameHeaderLen is the length of a frame's header: 24 bits of length, 8 of type,
// 8 of flags, 1 reserved, 31 of stream (RFC 9113, section 4.1).
const frameHeaderLen = 9

// AppendFrame appends a frame to dst. Nothing is checked: the length is the low
// 24 bits of the payload's, and all 32 bits of stream are written.
func AppendFrame(dst []byte, t FrameType, flags Flags, stream uint32, payload []byte) []byte {
	n := len(payload)
	dst = append(dst, byte(n>>16), byte(n>>8), byte(n), byte(t), byte(flags))
	dst = binary.BigEndian.AppendUint32(dst, stream)
	return append(dst, payload...)
}

// AppendSettings appends a SETTINGS frame to dst.
func AppendSettings(dst []byte, settings ...Setting) []byte {
	payload := make([]byte, 0, 6*len(settings))
	for _, s := range settings {
		payload = binary.BigEndian.AppendUint16(payload, uint16(s.ID))
		payload = binary.BigEndian.AppendUint32(payload, s.Value)
	}
	return AppendFrame(dst, FrameSettings, 0, 0, payload)
}

// AppendSettingsAck appends the acknowledgement of a SETTINGS frame to dst.
func AppendSettingsAck(dst []byte) []byte {
	return AppendFrame(dst, FrameSettings, FlagAck, 0, nil)
}

// AppendPingAck appends the acknowledgement of a PING with the same opaque data
// to dst.
func AppendPingAck(dst []byte, opaque []byte) []byte {
	return AppendFrame(dst, FramePing, FlagAck, 0, opaque)
}

// AppendWindowUpdate appends to dst a WINDOW_UPDATE that allows n octets more, on
// a stream or, for stream 0, on the connection.
func AppendWindowUpdate(dst []byte, stream, n uint32) []byte {
	return AppendFrame(dst, FrameWindowUpdate, 0, stream, binary.BigEndian.AppendUint32(nil, n))
}

// AppendGoAway appends a GOAWAY to dst: last is the last stream that was or may be
// acted on, debug is for people.
func AppendGoAway(dst []byte, last uint32, code ErrCode, debug string) []byte {
	payload := binary.BigEndian.AppendUint32(nil, last)
	payload = binary.BigEndian.AppendUint32(payload, uint32(code))
	return AppendFrame(dst, FrameGoAway, 0, 0, append(payload, debug...))
}

// AppendHeaders appends to dst the header block of a stream, which HPACK gave: a
// HEADERS frame and, for what is beyond maxFrame octets, CONTINUATION frames. With
// end the stream ends with it. A maxFrame that is not positive does not cut.
func AppendHeaders(dst []byte, stream uint32, end bool, block []byte, maxFrame int) []byte {
	return AppendHeaderBlock(dst, HeaderBlock{Stream: stream, Block: block, End: end, MaxFrame: maxFrame})
}

// Answer returns the frame that is due to the peer that sent f, to keep the
// connection alive: the acknowledgement of SETTINGS (RFC 9113, section 6.5.3) or
// of PING (section 6.7). It is nil for other frames and for those that call for
// an error instead.
func (f *Frame) Answer() []byte {
	switch {
	case f.Stream != 0 || f.Flags.Has(FlagAck):
		return nil
	case f.Type == FrameSettings && f.Length%6 == 0:
		return AppendSettingsAck(nil)
	case f.Type == FramePing && len(f.Opaque) == 8:
		return AppendPingAck(nil, f.Opaque)
	}
	return nil
}
