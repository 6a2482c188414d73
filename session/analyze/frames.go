package analyze

import "encoding/binary"

// Frame types and flags of RFC 9113, section 6, that a probe waits for.
const (
	frameSettings = 0x4
	frameGoAway   = 0x7
	flagAck       = 0x1
)

// frameHeader is the length of a frame's header: RFC 9113, section 4.1.
const frameHeader = 9

// A frameReader reads as much of a server's HTTP/2 stream as tells whether it is
// one: headers of frames, and what GOAWAY says. Only a stream that begins with
// SETTINGS is read on (RFC 9113, section 3.4).
type frameReader struct {
	head []byte // of the frame that has begun, up to what is looked at
	left int    // octets of the frame behind that

	settings bool // SETTINGS that is no acknowledgement came first
	acked    bool // ours was acknowledged
	goAway   bool
	code     uint32 // of the GOAWAY
	other    bool   // something else came first
}

// goAwayHead is what is looked at of a GOAWAY: header, last stream, error code.
const goAwayHead = frameHeader + 8

func (f *frameReader) feed(p []byte) {
	for len(p) > 0 && !f.other {
		if f.left > 0 {
			n := min(f.left, len(p))
			f.left, p = f.left-n, p[n:]
			continue
		}
		n := min(f.want()-len(f.head), len(p))
		f.head, p = append(f.head, p[:n]...), p[n:]
		if len(f.head) >= frameHeader && len(f.head) == f.want() {
			f.frame()
		}
	}
}

// want returns how many octets of the frame are to be looked at.
func (f *frameReader) want() int {
	if len(f.head) >= frameHeader && f.head[3] == frameGoAway && f.length() >= goAwayHead-frameHeader {
		return goAwayHead
	}
	return frameHeader
}

func (f *frameReader) length() int { return int(f.head[0])<<16 | int(f.head[1])<<8 | int(f.head[2]) }

// frame takes what was looked at.
func (f *frameReader) frame() {
	kind, ack := f.head[3], f.head[4]&flagAck != 0
	stream := binary.BigEndian.Uint32(f.head[5:]) &^ (1 << 31)
	switch {
	case !f.settings && kind == frameGoAway && stream == 0:
		// Not what may come first, and still an answer in frames.
		f.noteGoAway()
	case !f.settings && (kind != frameSettings || ack || stream != 0 || f.length()%6 != 0):
		f.other = true
		return
	case kind == frameSettings && ack:
		f.acked = true
	case kind == frameSettings:
		f.settings = true
	case kind == frameGoAway:
		f.noteGoAway()
	}
	f.left = frameHeader + f.length() - len(f.head)
	f.head = f.head[:0]
}

func (f *frameReader) noteGoAway() {
	f.goAway = true
	if len(f.head) == goAwayHead {
		f.code = binary.BigEndian.Uint32(f.head[frameHeader+4:])
	}
}

// errorCodes are the names of RFC 9113, section 7.
var errorCodes = []string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
	"STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
	"CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

// Frames that a probe sends.
const (
	preface     = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	settings    = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	settingsAck = "\x00\x00\x00\x04\x01\x00\x00\x00\x00"
	goAway      = "\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
)
