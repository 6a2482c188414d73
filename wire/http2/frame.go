// Package http2 reads HTTP/2 frame by frame, and writes the few frames that keep
// a connection alive.
//
// A [Parser] takes both directions of a connection and gives one Message for the
// client's connection preface and one for each frame, with a [Frame] that has
// its fields, what HPACK makes of its header block fragment, and where its stream
// and its flow control stand then. Behind the last frame of a request or a
// response it gives one more Message that is derived from the frames, with a
// [http1.Request] or [http1.Response] as HTTP/1 has it.
//
// It refuses nothing: what RFC 9113 and RFC 7541 forbid becomes a Note with its
// section, on the frame or, where it is about what the message says, on the
// derived Message. A direction that is no HTTP/2 at all becomes raw Messages.
//
// # Bounds
//
// Up to 4096 streams are followed at a time, the closing of the last 1024 is
// remembered, and 16 MiB of messages in progress are held; of what is beyond, the
// frames are still given.
//
// Names are the RFC's: [FrameType], [ErrCode] and [SettingID] print themselves as
// WINDOW_UPDATE, PROTOCOL_ERROR, MAX_FRAME_SIZE.
package http2

import (
	"fmt"
	"strings"
)

// A FrameType is the type of a frame (RFC 9113, section 6).
type FrameType uint8

// The types of RFC 9113.
const (
	FrameData         FrameType = 0x0
	FrameHeaders      FrameType = 0x1
	FramePriority     FrameType = 0x2
	FrameRSTStream    FrameType = 0x3
	FrameSettings     FrameType = 0x4
	FramePushPromise  FrameType = 0x5
	FramePing         FrameType = 0x6
	FrameGoAway       FrameType = 0x7
	FrameWindowUpdate FrameType = 0x8
	FrameContinuation FrameType = 0x9
)

var frameNames = [...]string{
	FrameData: "DATA", FrameHeaders: "HEADERS", FramePriority: "PRIORITY", FrameRSTStream: "RST_STREAM",
	FrameSettings: "SETTINGS", FramePushPromise: "PUSH_PROMISE", FramePing: "PING", FrameGoAway: "GOAWAY",
	FrameWindowUpdate: "WINDOW_UPDATE", FrameContinuation: "CONTINUATION",
	FrameAltSvc: "ALTSVC", FrameOrigin: "ORIGIN", FramePriorityUpdate: "PRIORITY_UPDATE",
}

// String returns the RFC's name, or UNKNOWN_FRAME_TYPE_0xN.
func (t FrameType) String() string {
	if int(t) < len(frameNames) && frameNames[t] != "" {
		return frameNames[t]
	}
	return fmt.Sprintf("UNKNOWN_FRAME_TYPE_0x%x", uint8(t))
}

// Flags are the flags of a frame. What a bit means depends on the type.
type Flags uint8

// The flags of RFC 9113.
const (
	FlagAck        Flags = 0x1 // SETTINGS, PING
	FlagEndStream  Flags = 0x1 // DATA, HEADERS
	FlagEndHeaders Flags = 0x4 // HEADERS, PUSH_PROMISE, CONTINUATION
	FlagPadded     Flags = 0x8 // DATA, HEADERS, PUSH_PROMISE
	FlagPriority   Flags = 0x20
)

// Has reports whether all bits of g are set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// flagNames are the flags that a type defines, by bit.
var flagNames = map[FrameType]map[Flags]string{
	FrameData:         {FlagEndStream: "END_STREAM", FlagPadded: "PADDED"},
	FrameHeaders:      {FlagEndStream: "END_STREAM", FlagEndHeaders: "END_HEADERS", FlagPadded: "PADDED", FlagPriority: "PRIORITY"},
	FrameSettings:     {FlagAck: "ACK"},
	FramePushPromise:  {FlagEndHeaders: "END_HEADERS", FlagPadded: "PADDED"},
	FramePing:         {FlagAck: "ACK"},
	FrameContinuation: {FlagEndHeaders: "END_HEADERS"},
}

// A Frame is the Value of a frame's Message. Of the fields below Length those are
// set that its type has and its payload is long enough for. Slices are parts of
// Message.Head. The data of a DATA frame, padding taken off, is Message.Body.
type Frame struct {
	Type   FrameType
	Flags  Flags
	Stream uint32 // 31 bits; 0 is the connection
	Length int    // octets of the payload, padding among them, as the header says

	PadLength int        // octets of padding
	Priority  *Priority  // HEADERS with PRIORITY, PRIORITY
	Fragment  []byte     // HEADERS, PUSH_PROMISE, CONTINUATION: of a header block
	Code      ErrCode    // RST_STREAM, GOAWAY
	Settings  []Setting  // SETTINGS, in order
	Promised  uint32     // PUSH_PROMISE: the stream
	Opaque    []byte     // PING: its 8 octets
	Last      uint32     // GOAWAY: the last stream that was or may be acted on
	Debug     []byte     // GOAWAY: text for people
	Increment uint32     // WINDOW_UPDATE
	Extension *Extension // of ALTSVC, ORIGIN and PRIORITY_UPDATE
	Unknown   []byte     // payload of a type that RFC 9113 does not define

	Block *Block      // what HPACK makes of Fragment; nil where it is not complete
	State StreamState // of the stream, behind the frame; unset on stream 0
	Flow  *Flow       // what flow control allows behind it: DATA, WINDOW_UPDATE

	at int // offset of Fragment in the frame
}

// Priority is the priority that RFC 7540 had and RFC 9113 deprecates.
type Priority struct {
	Exclusive bool
	DependsOn uint32
	Weight    int // 1 to 256
}

// FlagNames returns the names of the flags that are set, bits that the type does
// not define as 0xNN.
func (f *Frame) FlagNames() []string {
	var names []string
	for bit := Flags(1); bit != 0; bit <<= 1 {
		if f.Flags&bit == 0 {
			continue
		}
		name := flagNames[f.Type][bit]
		if name == "" {
			name = fmt.Sprintf("0x%02x", uint8(bit))
		}
		names = append(names, name)
	}
	return names
}

// String returns the frame's header in words, "DATA stream 1, 5 octets,
// END_STREAM".
func (f *Frame) String() string {
	s := fmt.Sprintf("%s stream %d, %d octets", f.Type, f.Stream, f.Length)
	if names := f.FlagNames(); len(names) > 0 {
		s += ", " + strings.Join(names, "|")
	}
	return s
}

// A ClientPreface is the Value of the Message of the client's connection preface.
type ClientPreface struct{}

// String returns "connection preface".
func (ClientPreface) String() string { return "connection preface" }

// A SettingID names a setting.
type SettingID uint16

// The settings of RFC 9113, section 6.5.2.
const (
	SettingHeaderTableSize      SettingID = 0x1
	SettingEnablePush           SettingID = 0x2
	SettingMaxConcurrentStreams SettingID = 0x3
	SettingInitialWindowSize    SettingID = 0x4
	SettingMaxFrameSize         SettingID = 0x5
	SettingMaxHeaderListSize    SettingID = 0x6
)

var settingNames = map[SettingID]string{
	SettingHeaderTableSize: "HEADER_TABLE_SIZE", SettingEnablePush: "ENABLE_PUSH",
	SettingMaxConcurrentStreams: "MAX_CONCURRENT_STREAMS", SettingInitialWindowSize: "INITIAL_WINDOW_SIZE",
	SettingMaxFrameSize: "MAX_FRAME_SIZE", SettingMaxHeaderListSize: "MAX_HEADER_LIST_SIZE",
	0x8: "ENABLE_CONNECT_PROTOCOL", // RFC 8441
	0x9: "NO_RFC7540_PRIORITIES",   // RFC 9218
}

// String returns the registered name without SETTINGS_, or UNKNOWN_SETTING_0xN.
func (id SettingID) String() string {
	if s := settingNames[id]; s != "" {
		return s
	}
	return fmt.Sprintf("UNKNOWN_SETTING_0x%x", uint16(id))
}

// A Setting is one parameter of a SETTINGS frame.
type Setting struct {
	ID    SettingID
	Value uint32
}

// String returns "NAME=value".
func (s Setting) String() string { return fmt.Sprintf("%s=%d", s.ID, s.Value) }
