package http2

import (
	"encoding/binary"
	"fmt"

	"wiretape/wire"
)

// A rule is what the header of a frame of one type must obey.
type rule struct {
	section string // of RFC 9113
	stream  streamRule
	length  int // of the payload, -1 for any
	atLeast int
}

type streamRule uint8

const (
	anyStream streamRule = iota
	zeroStream
	ownStream
)

var rules = [...]rule{
	FrameData:         {"6.1", ownStream, -1, 0},
	FrameHeaders:      {"6.2", ownStream, -1, 0},
	FramePriority:     {"6.3", ownStream, 5, 0},
	FrameRSTStream:    {"6.4", ownStream, 4, 0},
	FrameSettings:     {"6.5", zeroStream, -1, 0},
	FramePushPromise:  {"6.6", ownStream, -1, 4},
	FramePing:         {"6.7", zeroStream, 8, 0},
	FrameGoAway:       {"6.8", zeroStream, -1, 8},
	FrameWindowUpdate: {"6.9", anyStream, 4, 0},
	FrameContinuation: {"6.10", ownStream, -1, 0},
}

// checkHeader notes what the header of a frame says against its type.
func (f *Frame) checkHeader(note func(at int, text, section string)) {
	if int(f.Type) >= len(rules) {
		return
	}
	r := rules[f.Type]
	switch {
	case r.stream == ownStream && f.Stream == 0:
		note(5, fmt.Sprintf("%s on stream 0", f.Type), r.section)
	case r.stream == zeroStream && f.Stream != 0:
		note(5, fmt.Sprintf("%s on stream %d, not 0", f.Type, f.Stream), r.section)
	}
	switch {
	case r.length >= 0 && f.Length != r.length:
		note(0, fmt.Sprintf("%s of %d octets, not %d", f.Type, f.Length, r.length), r.section)
	case f.Length < r.atLeast:
		note(0, fmt.Sprintf("%s of %d octets, less than %d", f.Type, f.Length, r.atLeast), r.section)
	case f.Type == FrameSettings && f.Flags.Has(FlagAck) && f.Length != 0:
		note(0, fmt.Sprintf("acknowledgement of SETTINGS with %d octets", f.Length), r.section)
	case f.Type == FrameSettings && f.Length%6 != 0:
		note(0, fmt.Sprintf("SETTINGS of %d octets, which 6 does not divide", f.Length), r.section)
	}
}

// padded reports whether a frame has the field Pad Length.
func (f *Frame) padded() bool {
	switch f.Type {
	case FrameData, FrameHeaders, FramePushPromise:
		return f.Flags.Has(FlagPadded)
	}
	return false
}

// takePayload reads the fields out of p, the payload as far as it was kept, and
// notes what is wrong with them. Offsets count from the frame's first octet.
func (f *Frame) takePayload(dir wire.Dir, p []byte, note func(at int, text, section string)) {
	at := frameHeaderLen
	take := func(n int) []byte {
		b := p[:n:n]
		p, at = p[n:], at+n
		return b
	}
	section := ""
	if int(f.Type) < len(rules) {
		section = rules[f.Type].section
	}
	rest := f.Length // octets of the payload that no field has taken
	if f.padded() {
		if len(p) == 0 {
			note(at, f.Type.String()+" without its Pad Length", section)
			return
		}
		f.PadLength = int(take(1)[0])
		rest--
		if f.PadLength > rest {
			note(at-1, fmt.Sprintf("padding of %d octets in %s, which has %d left", f.PadLength, f.Type, rest), section)
			f.PadLength = rest
		}
		rest -= f.PadLength
		p = p[:min(len(p), rest)]
	}
	switch f.Type {
	case FrameHeaders:
		if f.Flags.Has(FlagPriority) && !f.takePriority(take, len(p)) {
			note(at, "HEADERS too short for its priority", section)
			return
		}
		f.checkPriority(note, section)
		f.at = at
		f.Fragment = take(len(p))
	case FramePriority:
		f.takePriority(take, len(p))
		f.checkPriority(note, section)
	case FrameRSTStream:
		if len(p) >= 4 {
			f.Code = ErrCode(binary.BigEndian.Uint32(take(4)))
		}
	case FrameSettings:
		for len(p) >= 6 {
			b := take(6)
			s := Setting{SettingID(binary.BigEndian.Uint16(b)), binary.BigEndian.Uint32(b[2:])}
			f.Settings = append(f.Settings, s)
			if text := s.fault(dir); text != "" {
				note(at-6, text, "6.5.2")
			}
		}
	case FramePushPromise:
		if dir == wire.ClientToServer {
			note(0, "PUSH_PROMISE from a client", "8.4")
		}
		if len(p) < 4 {
			note(at, "PUSH_PROMISE too short for the stream that it promises", section)
			return
		}
		f.Promised = binary.BigEndian.Uint32(take(4)) &^ (1 << 31)
		if f.Promised == 0 || f.Promised%2 == 1 {
			note(at-4, fmt.Sprintf("stream %d is promised, which is none of a server's", f.Promised), section)
		}
		f.at = at
		f.Fragment = take(len(p))
	case FramePing:
		if len(p) >= 8 {
			f.Opaque = take(8)
		}
	case FrameGoAway:
		if len(p) >= 8 {
			f.Last = binary.BigEndian.Uint32(take(4)) &^ (1 << 31)
			f.Code = ErrCode(binary.BigEndian.Uint32(take(4)))
			f.Debug = take(len(p))
		}
	case FrameWindowUpdate:
		if len(p) >= 4 {
			f.Increment = binary.BigEndian.Uint32(take(4)) &^ (1 << 31)
			if f.Increment == 0 {
				note(at-4, "increment of 0", section)
			}
		}
	case FrameContinuation:
		f.at = at
		f.Fragment = take(len(p))
	case FrameData:
	default:
		f.Extension = f.extension(dir, p, note)
		f.Unknown = take(len(p))
	}
}

// takePriority reads the five octets of a priority, if have octets are enough.
func (f *Frame) takePriority(take func(int) []byte, have int) bool {
	if have < 5 {
		return false
	}
	b := take(5)
	on := binary.BigEndian.Uint32(b)
	f.Priority = &Priority{Exclusive: on>>31 == 1, DependsOn: on &^ (1 << 31), Weight: int(b[4]) + 1}
	return true
}

func (f *Frame) checkPriority(note func(int, string, string), section string) {
	if f.Priority != nil && f.Priority.DependsOn == f.Stream && f.Stream != 0 {
		note(frameHeaderLen, fmt.Sprintf("stream %d depends on itself", f.Stream), section)
	}
}

// fault returns what is wrong with the value of a setting that dir sends, "" for
// nothing.
func (s Setting) fault(dir wire.Dir) string {
	switch {
	case s.ID == SettingEnablePush && s.Value > 1,
		s.ID == SettingInitialWindowSize && s.Value > 1<<31-1,
		s.ID == SettingMaxFrameSize && (s.Value < 1<<14 || s.Value > 1<<24-1):
		return fmt.Sprintf("%s, which is not allowed", s)
	case s.ID == SettingEnablePush && s.Value == 1 && dir == wire.ServerToClient:
		return fmt.Sprintf("%s from a server", s)
	}
	return ""
}
