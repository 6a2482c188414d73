package ssh

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A Type is a message number (RFC 4250, section 4.1).
type Type uint8

// The types that are read.
const (
	Disconnect Type = 1
	Ignore     Type = 2
	Debug      Type = 4
	TypeInit   Type = 20 // KEXINIT
	NewKeys    Type = 21
)

var typeNames = map[Type]string{
	Disconnect: "DISCONNECT", Ignore: "IGNORE", 3: "UNIMPLEMENTED", Debug: "DEBUG",
	5: "SERVICE_REQUEST", 6: "SERVICE_ACCEPT", 7: "EXT_INFO", TypeInit: "KEXINIT", NewKeys: "NEWKEYS",
}

// String returns the name of the RFCs; numbers 30 to 49 mean something to each
// method of key exchange and so have none.
func (t Type) String() string {
	if name := typeNames[t]; name != "" {
		return name
	}
	if t >= 30 && t <= 49 {
		return fmt.Sprintf("key exchange %d", uint8(t))
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// A Reason is the code of a DISCONNECT (RFC 4250, section 4.2.2).
type Reason uint32

var reasonNames = []string{
	"", "HOST_NOT_ALLOWED_TO_CONNECT", "PROTOCOL_ERROR", "KEY_EXCHANGE_FAILED", "RESERVED", "MAC_ERROR", "COMPRESSION_ERROR",
	"SERVICE_NOT_AVAILABLE", "PROTOCOL_VERSION_NOT_SUPPORTED", "HOST_KEY_NOT_VERIFIABLE", "CONNECTION_LOST", "BY_APPLICATION",
	"TOO_MANY_CONNECTIONS", "AUTH_CANCELLED_BY_USER", "NO_MORE_AUTH_METHODS_AVAILABLE", "ILLEGAL_USER_NAME",
}

// String returns the name of the RFC, or the number.
func (r Reason) String() string {
	if r > 0 && int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason %d", uint32(r))
}

// A KexInit is the content of KEXINIT (RFC 4253, section 7.1).
type KexInit struct {
	Cookie  []byte
	Lists   [10][]string // by Names
	Follows bool         // first_kex_packet_follows
}

// Names are what the lists of a KEXINIT are for, in their order. Those of two
// directions end in one, "to server" or "to client".
var Names = [10]string{
	"kex", "host key", "cipher to server", "cipher to client", "mac to server", "mac to client",
	"compression to server", "compression to client", "language to server", "language to client",
}

// A Choice is an algorithm that both sides' KEXINIT lead to.
type Choice struct {
	Name      string // of Names
	Algorithm string // "" where they have none in common
}

// maxPacket is how long a packet may be that is read here: far beyond the 35000
// octets that RFC 4253, section 6.1, has everyone accept.
const maxPacket = 256 << 10 // 256 KiB

// packet reads one packet, and reports whether it was there.
func (p *Parser) packet(s *side) bool {
	b := s.Buf.Peek()
	if len(b) < 5 {
		return false
	}
	length, padding := binary.BigEndian.Uint32(b), b[4]
	if length < uint32(padding)+2 || length > maxPacket {
		why := fmt.Sprintf("no packet has length %d and padding of %d", length, padding)
		if isText(b[:5]) {
			why = "text where a packet should be"
		}
		p.lose(s, why, "RFC 4253 6")
		return true
	}
	n := int(length) + 4
	if len(b) < n {
		return false
	}
	payload := b[5 : n-int(padding)]
	s.Buf.Next(n)
	m := p.core.Message(s.Stream, proto.KindMessage)
	m.Head = bytes.Clone(b[:5])
	m.Body.Keep(payload, p.core.Limits.Body)
	m.Complete, m.EndedBy = true, fmt.Sprintf("packet length %d reached", length)
	m.Tile(proto.LeafPacketHeader, m.Span.From+5)
	m.Tile(proto.LeafPayload, m.Span.From+5+int64(len(payload)))
	m.Tile(proto.LeafPadding, m.Span.To)
	v := &Packet{Type: Type(payload[0]), Length: length, Padding: padding}
	m.Value = v
	note := func(text, rule string) {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: text, Rule: rule})
	}
	if padding < 4 {
		note(fmt.Sprintf("padding of %d octets, less than 4", padding), "RFC 4253 6")
	}
	if n%8 != 0 {
		note(fmt.Sprintf("packet of %d octets, no multiple of 8", n), "RFC 4253 6")
	}
	if wrong := p.payload(s, v, bytes.Clone(payload[1:])); wrong != "" {
		note(wrong, "RFC 4253")
	}
	p.core.Emit(s.Stream, m, "a packet followed")
	p.core.Release(s.Stream)
	if v.Type == NewKeys {
		s.phase = encrypted
	}
	return true
}

func isText(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// payload reads what follows the type, and says what is wrong with it.
func (p *Parser) payload(s *side, v *Packet, b []byte) (wrong string) {
	switch v.Type {
	case Disconnect:
		if len(b) < 8 {
			return "DISCONNECT is cut off"
		}
		v.Reason = Reason(binary.BigEndian.Uint32(b))
		v.Text, _, _ = cutString(b[4:])
	case Debug:
		if len(b) < 5 {
			return "DEBUG is cut off"
		}
		v.Text, _, _ = cutString(b[1:])
	case TypeInit:
		if v.Kex = kexInit(b); v.Kex == nil {
			return "KEXINIT is cut off"
		}
		s.kex = v.Kex
		if c, sv := p.sides[0].kex, p.sides[1].kex; c != nil && sv != nil {
			v.Agreed = agreed(c, sv)
		}
		p.answered = p.answered || s.Dir == wire.ServerToClient
	}
	return ""
}

// cutString cuts a string of RFC 4251, section 5, off b.
func cutString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 || uint64(binary.BigEndian.Uint32(b)) > uint64(len(b)-4) {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b) + 4
	return b[4:n], b[n:], true
}

// kexInit reads a KEXINIT, nil where it is cut off.
func kexInit(b []byte) *KexInit {
	if len(b) < 16 {
		return nil
	}
	k := &KexInit{Cookie: b[:16]}
	b = b[16:]
	for i := range k.Lists {
		list, rest, ok := cutString(b)
		if !ok {
			return nil
		}
		if len(list) > 0 {
			k.Lists[i] = strings.Split(string(list), ",")
		}
		b = rest
	}
	if len(b) < 1 {
		return nil
	}
	k.Follows = b[0] != 0
	return k
}

// agreed returns what two KEXINIT lead to: of each list of the client the first
// that the server has too (RFC 4253, section 7.1). Names that stand for no
// algorithm, such as those by which extensions are told, are on one side's list
// alone.
func agreed(client, server *KexInit) []Choice {
	var out []Choice
	for i, name := range Names {
		has := make(map[string]bool, len(server.Lists[i]))
		for _, a := range server.Lists[i] {
			has[a] = true
		}
		c := Choice{Name: name}
		for _, a := range client.Lists[i] {
			if has[a] {
				c.Algorithm = a
				break
			}
		}
		if i < 8 || c.Algorithm != "" { // languages may be empty
			out = append(out, c)
		}
	}
	return out
}
