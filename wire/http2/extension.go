package http2

import (
	"encoding/binary"
	"fmt"

	"wiretape/wire"
)

// The types of frames that other RFCs define.
const (
	FrameAltSvc         FrameType = 0xa  // RFC 7838, section 4
	FrameOrigin         FrameType = 0xc  // RFC 8336, section 2
	FramePriorityUpdate FrameType = 0x10 // RFC 9218, section 7.1
)

// An Extension is what a frame of a type beyond RFC 9113 holds.
type Extension struct {
	Origins [][]byte // ORIGIN: all, in order; ALTSVC: one, empty on a stream
	Stream  uint32   // PRIORITY_UPDATE: the stream that it is about
	Value   []byte   // ALTSVC: as of an Alt-Svc field; PRIORITY_UPDATE: as of a Priority field
}

// extension reads the payload of a frame of such a type, nil for another type and
// for one that is cut, and notes what its RFC has a recipient ignore or refuse.
func (f *Frame) extension(dir wire.Dir, p []byte, note func(at int, text, section string)) *Extension {
	x := &Extension{}
	section := ""
	short := func() *Extension {
		note(frameHeaderLen, fmt.Sprintf("%s ends within a field", f.Type), section)
		return nil
	}
	origin := func() bool {
		if len(p) < 2 || len(p)-2 < int(binary.BigEndian.Uint16(p)) {
			return false
		}
		n := 2 + int(binary.BigEndian.Uint16(p))
		x.Origins, p = append(x.Origins, p[2:n:n]), p[n:]
		return true
	}
	sender := wire.ServerToClient
	switch f.Type {
	case FrameAltSvc:
		section = "RFC 7838 4"
		if !origin() {
			return short()
		}
		x.Value = p
		switch named := len(x.Origins[0]) > 0; {
		case f.Stream == 0 && !named:
			note(frameHeaderLen, "ALTSVC on stream 0 without an origin", section)
		case f.Stream != 0 && named:
			note(frameHeaderLen, fmt.Sprintf("ALTSVC on stream %d with an origin", f.Stream), section)
		}
	case FrameOrigin:
		section = "RFC 8336 2.1"
		for len(p) > 0 {
			if !origin() {
				return short()
			}
		}
	case FramePriorityUpdate:
		section, sender = "RFC 9218 7.1", wire.ClientToServer
		if len(p) < 4 {
			return short()
		}
		x.Stream, x.Value = binary.BigEndian.Uint32(p)&^(1<<31), p[4:]
		if x.Stream == 0 {
			note(frameHeaderLen, "PRIORITY_UPDATE about stream 0", section)
		}
	default:
		return nil
	}
	if f.Stream != 0 && f.Type != FrameAltSvc {
		note(5, fmt.Sprintf("%s on stream %d, not 0", f.Type, f.Stream), section)
	}
	if dir != sender {
		note(3, fmt.Sprintf("%s from the side that sends none", f.Type), section)
	}
	return x
}
