package line

import (
	"bytes"
	"net/netip"
	"strconv"
)

// Passive returns where a reply of FTP says that a data connection is to go: 227
// names an address and a port (RFC 959, section 4.1.2), 229 a port of the address
// that the control connection has (RFC 2428, section 3), for which addr is the zero
// Addr. Ok is false for a reply that says no such thing.
func (r *Reply) Passive() (addr netip.Addr, port uint16, ok bool) {
	if len(r.Lines) == 0 {
		return netip.Addr{}, 0, false
	}
	text := r.Lines[len(r.Lines)-1]
	switch r.Code {
	case 227:
		return passive(text)
	case 229:
		port, ok = extended(text)
	}
	return netip.Addr{}, port, ok
}

// passive reads the six numbers of 227. RFC 1123, section 4.1.2.6: they are looked
// for, since the parentheses are not always there.
func passive(text []byte) (netip.Addr, uint16, bool) {
	for i := range text {
		if !isDigit(text[i]) || i > 0 && isDigit(text[i-1]) {
			continue
		}
		parts := bytes.Split(numbers(text[i:]), []byte(","))
		if len(parts) < 6 {
			continue
		}
		var n [6]byte
		good := true
		for k := range n {
			v, err := strconv.ParseUint(string(parts[k]), 10, 8)
			n[k] = byte(v)
			good = good && err == nil
		}
		if port := uint16(n[4])<<8 | uint16(n[5]); good && port > 0 {
			return netip.AddrFrom4([4]byte(n[:4])), port, true
		}
	}
	return netip.Addr{}, 0, false
}

// numbers returns the digits and commas that a text begins with.
func numbers(text []byte) []byte {
	return text[:len(text)-len(bytes.TrimLeft(text, "0123456789,"))]
}

// extended reads the port of 229: between delimiters, any character four times.
func extended(text []byte) (uint16, bool) {
	i := bytes.IndexByte(text, '(')
	if i < 0 || len(text) < i+6 {
		return 0, false
	}
	d := text[i+1]
	rest, found := bytes.CutPrefix(text[i+1:], []byte{d, d, d})
	digits, after, ended := bytes.Cut(rest, []byte{d})
	port, err := strconv.ParseUint(string(digits), 10, 16)
	return uint16(port), found && ended && err == nil && port > 0 && bytes.HasPrefix(after, []byte(")"))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
