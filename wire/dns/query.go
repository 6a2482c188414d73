package dns

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// A Query is what is to be asked.
type Query struct {
	ID    uint16
	Name  string // in presentation form, its final dot or not
	Type  Type
	Class Class // ClassIN unless set
	Flags Flags
	EDNS  *EDNS // nil for no OPT record
}

// Append appends the query as one message, without a length before it.
func (q Query) Append(dst []byte) ([]byte, error) {
	name, err := packName(q.Name)
	if err != nil {
		return nil, err
	}
	class := q.Class
	if class == 0 {
		class = ClassIN
	}
	additional := uint16(0)
	if q.EDNS != nil {
		additional = 1
	}
	for _, word := range []uint16{q.ID, uint16(q.Flags), 1, 0, 0, additional} {
		dst = binary.BigEndian.AppendUint16(dst, word)
	}
	dst = append(dst, name...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(q.Type))
	dst = binary.BigEndian.AppendUint16(dst, uint16(class))
	if q.EDNS == nil {
		return dst, nil
	}
	ttl := uint32(q.EDNS.Version) << 16
	if q.EDNS.DO {
		ttl |= 0x8000
	}
	var options []byte
	for _, o := range q.EDNS.Options {
		options = binary.BigEndian.AppendUint16(options, o.Code)
		options = binary.BigEndian.AppendUint16(options, uint16(len(o.Data)))
		options = append(options, o.Data...)
	}
	dst = binary.BigEndian.AppendUint16(append(dst, 0), uint16(TypeOPT))
	dst = binary.BigEndian.AppendUint16(dst, uint16(q.EDNS.Size))
	dst = binary.BigEndian.AppendUint32(dst, ttl)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(options)))
	return append(dst, options...), nil
}

// packName returns a name in wire form (RFC 1035, sections 3.1 and 5.1).
func packName(name string) ([]byte, error) {
	if name == "." || name == "" {
		return []byte{0}, nil
	}
	var out, text []byte
	end := func() error {
		if len(text) == 0 || len(text) > 63 {
			return fmt.Errorf("name %q has a label of %d octets: want 1 to 63", name, len(text))
		}
		out = append(append(out, byte(len(text))), text...)
		text = text[:0]
		return nil
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '.':
			if err := end(); err != nil {
				return nil, err
			}
			continue
		case c == '\\' && i+3 < len(name) && isDigits(name[i+1:i+4]):
			n := int(name[i+1]-'0')*100 + int(name[i+2]-'0')*10 + int(name[i+3]-'0')
			if n > 255 {
				return nil, fmt.Errorf("name %q: \\%s is no octet", name, name[i+1:i+4])
			}
			c = byte(n)
			i += 3
		case c == '\\' && i+1 < len(name):
			i++
			c = name[i]
		}
		text = append(text, c)
	}
	if len(text) > 0 {
		if err := end(); err != nil {
			return nil, err
		}
	}
	if out = append(out, 0); len(out) > maxName {
		return nil, fmt.Errorf("name %q has %d octets: the limit is %d", name, len(out), maxName)
	}
	return out, nil
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// Reverse returns the name under which an address has its PTR record (RFC 1035,
// section 3.5; RFC 3596, section 2.5).
func Reverse(ip netip.Addr) string {
	var b strings.Builder
	raw := ip.Unmap().AsSlice()
	for i := len(raw) - 1; i >= 0; i-- {
		if len(raw) == 4 {
			fmt.Fprintf(&b, "%d.", raw[i])
		} else {
			fmt.Fprintf(&b, "%x.%x.", raw[i]&15, raw[i]>>4)
		}
	}
	if len(raw) == 4 {
		return b.String() + "in-addr.arpa."
	}
	return b.String() + "ip6.arpa."
}
