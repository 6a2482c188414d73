package detect

import (
	"encoding/binary"

	"wiretape/wire"
	"wiretape/wire/dns"
)

// isDNSPort knows datagrams to a port of DNS, whatever they look like.
func isDNSPort(v *evidence) verdict {
	return is(v.network == "udp" && v.expected("udp") == "dns")
}

// isDNSDatagram knows datagrams of which the first is a message that is whole to
// its last octet and asks one question.
func isDNSDatagram(v *evidence) verdict {
	if v.network != "udp" {
		return no
	}
	b, more := v.run[0], !v.finished
	if v.first == wire.ServerToClient {
		b = v.run[1]
	}
	if len(b) == 0 {
		return no.unless(more)
	}
	m, whole := dns.Decode(b)
	return is(whole && len(m.Question) == 1 && (m.Question[0].Class == dns.ClassIN || m.Question[0].Class == dns.ClassCH) && m.Opcode == 0)
}

// isDNSStream knows the length and the header of a query over a stream, with one
// question (RFC 1035, sections 4.1.1 and 4.2.2). A query has no 8 KiB, so text
// never begins like one.
func isDNSStream(b []byte, more bool) verdict {
	for i, c := range b[:min(len(b), 14)] {
		switch {
		case i == 0 && c >= 0x20,
			i == 1 && binary.BigEndian.Uint16(b) < 12+5,
			i == 4 && c&0xf8 != 0, // QR and opcode are 0
			i == 6 && c != 0, i == 7 && c != 1,
			i >= 8 && i <= 12 && c != 0: // no answers, no authority; few additional records
			return no
		}
	}
	if len(b) < 14 {
		return no.unless(more)
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	if len(b) < n {
		return no.unless(more)
	}
	_, whole := dns.Decode(b[2:n])
	return is(whole)
}

// isBinary says whether a run is nothing that a person types.
func isBinary(b []byte, _ bool) verdict { return is(isText(b, false) == no) }
