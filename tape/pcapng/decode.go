package pcapng

import (
	"encoding/binary"
	"net/netip"
)

// A segment is what IP carried, as far as it is of a conversation.
type segment struct {
	from, to netip.AddrPort
	udp      bool
	payload  []byte
	lost     int // octets of the payload that the capture cut off
	seq, ack uint32
	flags    uint8
}

// The flags of TCP (RFC 9293, section 3.1).
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	_
	flagACK
)

// What a packet is that is no segment.
const (
	notIP      = "no IP"
	notTCP     = "neither TCP nor UDP"
	fragment   = "a fragment of IP"
	shortened  = "cut off within its headers"
	otherLink  = "of a link type that is not read"
	notStarted = "of a connection that begins elsewhere, without bytes"
)

// decode finds the segment in a packet; why says that there is none.
func decode(p packet) (s segment, why string) {
	b := p.data
	cut := func(n int) bool {
		if len(b) < n {
			return false
		}
		b = b[n:]
		return true
	}
	be := binary.BigEndian
	ether := uint16(0)
	switch p.link {
	case 0, 108: // loopback, of BSD
		if !cut(4) {
			return s, shortened
		}
	case 1: // Ethernet
		if len(b) < 14 {
			return s, shortened
		}
		ether = be.Uint16(b[12:])
		cut(14)
		for ether == 0x8100 || ether == 0x88a8 || ether == 0x9100 { // VLAN
			if len(b) < 4 {
				return s, shortened
			}
			ether = be.Uint16(b[2:])
			cut(4)
		}
	case 12, 14, 101, 228, 229: // raw IP
	case 113: // Linux cooked
		if len(b) < 16 {
			return s, shortened
		}
		ether = be.Uint16(b[14:])
		cut(16)
	case 276: // Linux cooked, version 2
		if len(b) < 20 {
			return s, shortened
		}
		ether = be.Uint16(b)
		cut(20)
	default:
		return s, otherLink
	}
	if ether != 0 && ether != 0x0800 && ether != 0x86dd {
		return s, notIP
	}
	if len(b) == 0 {
		return s, shortened
	}
	switch b[0] >> 4 {
	case 4:
		return decodeV4(b)
	case 6:
		return decodeV6(b)
	}
	return s, notIP
}

// decodeV4 reads IPv4 (RFC 791).
func decodeV4(b []byte) (s segment, why string) {
	head := int(b[0]&15) * 4
	if head < 20 || len(b) < head {
		return s, shortened
	}
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 {
		total = len(b) // the sender's interface was to cut it into segments
	}
	if total < head {
		return s, shortened
	}
	if binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
		return s, fragment
	}
	from, to := netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	return transport(b[9], from, to, b[head:min(len(b), total)], max(0, total-len(b)))
}

// decodeV6 reads IPv6 (RFC 8200) and what may stand before its payload.
func decodeV6(b []byte) (s segment, why string) {
	if len(b) < 40 {
		return s, shortened
	}
	from, to := netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	next, size := b[6], int(binary.BigEndian.Uint16(b[4:]))
	b = b[40:]
	if size == 0 {
		size = len(b)
	}
	lost := max(0, size-len(b))
	b = b[:min(len(b), size)]
	for {
		n := 0
		switch next {
		case 0, 43, 60: // hop-by-hop, routing, destination
			if len(b) < 8 {
				return s, shortened
			}
			n = 8 + 8*int(b[1])
		case 51: // authentication
			if len(b) < 8 {
				return s, shortened
			}
			n = 8 + 4*int(b[1])
		case 44:
			return s, fragment
		default:
			return transport(next, from, to, b, lost)
		}
		if len(b) < n {
			return s, shortened
		}
		next, b = b[0], b[n:]
	}
}

// transport reads TCP (RFC 9293) or UDP (RFC 768).
func transport(kind uint8, from, to netip.Addr, b []byte, lost int) (s segment, why string) {
	be := binary.BigEndian
	if kind != 6 && kind != 17 {
		return s, notTCP
	}
	if len(b) < 8 {
		return s, shortened
	}
	s = segment{
		from: netip.AddrPortFrom(from, be.Uint16(b)), to: netip.AddrPortFrom(to, be.Uint16(b[2:])),
		udp: kind == 17, lost: lost,
	}
	if s.udp {
		s.payload = b[8:]
		if n := int(be.Uint16(b[4:])) - 8; n >= 0 && n < len(s.payload) {
			s.payload = s.payload[:n]
		}
		return s, ""
	}
	if len(b) < 20 {
		return s, shortened
	}
	head := int(b[12]>>4) * 4
	if head < 20 || len(b) < head {
		return s, shortened
	}
	s.seq, s.ack, s.flags, s.payload = be.Uint32(b[4:]), be.Uint32(b[8:]), b[13], b[head:]
	return s, ""
}
