// Package websocket reads WebSocket (RFC 6455) frame by frame, and writes frames.
//
// A [Parser] takes over where HTTP has switched protocols. It gives one Message of
// proto.KindFrame for each frame, with a [Frame] and the payload, unmasked, as its
// body. Where a message is more than its one frame, because it was fragmented or
// compressed (RFC 7692), a Derived Message of proto.KindMessage follows its last
// frame, with a [Message] and the decoded body.
//
// A message of the client and the server's that answers it are one exchange. Nothing
// says which answers which, so the server's next is taken for the answer to the
// oldest that has none; what nobody asked for is an exchange of its own, and control
// frames are none.
//
// It refuses nothing: what the RFCs forbid becomes a Note with its section.
//
// What the opening handshake has agreed on is a [Handshake]; [Check] reads it from
// the request and the response and tells what is wrong with them.
package websocket

import (
	"fmt"
	"strings"
)

// An Opcode says what a frame is (RFC 6455, section 5.2).
type Opcode uint8

// The opcodes of RFC 6455.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xa
)

var opcodeNames = [16]string{
	Continuation: "continuation", Text: "text", Binary: "binary", Close: "close", Ping: "ping", Pong: "pong",
}

// String returns the RFC's name, or opcode-0xN for a reserved one.
func (o Opcode) String() string {
	if int(o) < len(opcodeNames) && opcodeNames[o] != "" {
		return opcodeNames[o]
	}
	return fmt.Sprintf("opcode-0x%x", uint8(o))
}

// ParseOpcode returns the opcode of that name, and whether there is one.
func ParseOpcode(name string) (Opcode, bool) {
	for o, n := range opcodeNames {
		if n != "" && n == name {
			return Opcode(o), true
		}
	}
	return 0, false
}

// Control reports whether frames with o are control frames (RFC 6455, section 5.5).
func (o Opcode) Control() bool { return o&0x8 != 0 }

// reserved reports whether no RFC defines o.
func (o Opcode) reserved() bool { return int(o) >= len(opcodeNames) || opcodeNames[o] == "" }

// A Frame is the Value of a frame's Message.
type Frame struct {
	Fin    bool
	RSV    uint8 // RSV1 is 4, RSV2 is 2, RSV3 is 1
	Opcode Opcode
	Masked bool
	Key    [4]byte // the masking key, where Masked
	Length int64   // of the payload, octets, as the header says
	Bits   int     // of the length field: 7, 16 or 64

	// Joined says that the payload is part of a message that a Derived Message
	// gives: it is a fragment, or compressed.
	Joined bool

	Code   CloseCode // of a Close frame that has one; 0 for none
	Reason []byte    // of a Close frame
}

// RSV1 is the bit of Frame.RSV that says "compressed" (RFC 7692, section 6).
const RSV1 = 4

// String returns the frame's header in words, "text, 5 octets, FIN".
func (f *Frame) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d octet", f.Opcode, f.Length)
	if f.Length != 1 {
		b.WriteByte('s')
	}
	if f.Fin {
		b.WriteString(", FIN")
	}
	for i := range 3 {
		if f.RSV>>(2-i)&1 == 1 {
			fmt.Fprintf(&b, ", RSV%d", i+1)
		}
	}
	if f.Masked {
		fmt.Fprintf(&b, ", mask %x", f.Key)
	}
	return b.String()
}

// A Message is the Value of a Derived Message: what frames amount to.
type Message struct {
	Opcode     Opcode // Text or Binary
	Frames     int    // how many carried it
	Wire       int64  // octets of their payloads
	Compressed bool   // by permessage-deflate
}

// A CloseCode says why an endpoint closes (RFC 6455, section 7.4).
type CloseCode uint16

// closeNames are the codes of RFC 6455, section 7.4.1, and those that were
// registered later.
var closeNames = map[CloseCode]string{
	1000: "Normal Closure", 1001: "Going Away", 1002: "Protocol error", 1003: "Unsupported Data",
	1004: "Reserved", 1005: "No Status Rcvd", 1006: "Abnormal Closure", 1007: "Invalid frame payload data",
	1008: "Policy Violation", 1009: "Message Too Big", 1010: "Mandatory Ext.", 1011: "Internal Error",
	1012: "Service Restart", 1013: "Try Again Later", 1014: "Bad Gateway", 1015: "TLS handshake",
	3000: "Unauthorized", 3003: "Forbidden", 3008: "Timeout",
}

// String returns the number and the name, "1001 Going Away".
func (c CloseCode) String() string { return fmt.Sprintf("%d %s", uint16(c), c.Name()) }

// Name returns the registered name, or what the number's range is for.
func (c CloseCode) Name() string {
	name := closeNames[c]
	switch {
	case name != "":
		return name
	case c < 1000:
		return "not used"
	case c < 3000:
		return "unassigned"
	case c < 4000:
		return "for libraries and frameworks"
	case c < 5000:
		return "private use"
	}
	return "out of range"
}

// fault says why c must not stand in a Close frame, and in which section; "" for
// nothing.
func (c CloseCode) fault() (text, section string) {
	switch {
	case c == 1004 || c == 1005 || c == 1006 || c == 1015:
		return fmt.Sprintf("close code %d is never sent", uint16(c)), "7.4.1"
	case c < 1000 || c >= 5000:
		return fmt.Sprintf("close code %d is out of range", uint16(c)), "7.4.2"
	case c < 3000 && closeNames[c] == "":
		return fmt.Sprintf("close code %d is not assigned", uint16(c)), "7.4.2"
	}
	return "", ""
}
