package dns

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// layouts says what the data of a type consists of, a letter for each part:
//
//	n  a name              1 2 4  a number of so many octets
//	s  a character string  S      character strings up to the end
//	a  an IPv4 address     A      an IPv6 address
//	x  hexadecimal to the end, b base64 to the end
//	t  a type              d      a time   m  a bitmap of types to the end
//	h  a length and so many octets in hexadecimal, "-" for none
//	H  a length and so many octets in base32
//	k  a character string without quotes
//	c  text to the end, in quotes          p  parameters of SVCB to the end
//	e  octets in pairs, with hyphens
var layouts = map[Type]string{
	TypeA: "a", TypeNS: "n", 3: "n", 4: "n", TypeCNAME: "n", TypeSOA: "nn44444", 7: "n", 8: "n", 9: "n", TypePTR: "n", 13: "ss", 14: "nn", TypeMX: "2n",
	TypeTXT: "S", 17: "nn", 18: "2n", 19: "s", 20: "S", 21: "2n", 24: "t114ddx", 25: "211b", TypeAAAA: "A", TypeSRV: "222n", 35: "22sssn", 36: "2n",
	37: "221b", 39: "n", 43: "211x", 44: "11x", 46: "t114dd2nb", 47: "nm", 48: "211b", 49: "b", 50: "112hHm", 51: "112h", 52: "111x", 53: "111x",
	59: "211x", 60: "211b", 61: "b", 62: "42m", 63: "411x", TypeSVCB: "2np", TypeHTTPS: "2np", 99: "S", 105: "2a", 107: "2n", 108: "e", 109: "e", 256: "22c", 257: "1kc",
}

// data returns the data between two indexes in presentation form.
func (d *decoder) data(t Type, at, end int) string {
	layout, ok := layouts[t]
	if t == 24 {
		layout = layouts[46]
	}
	if !ok {
		return generic(d.b[at:end])
	}
	var b strings.Builder
	notes, bad := len(d.notes), d.bad
	for i := range len(layout) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		next := d.part(&b, layout[i], at, end)
		if next < 0 || next > end {
			// What is wrong is one thing: the data does not fit its type.
			d.notes, d.bad = d.notes[:notes], bad
			d.note(at, "data of "+t.String()+" does not fit the type", "RFC 1035 3.3")
			return generic(d.b[at:end])
		}
		at = next
	}
	if at < end {
		d.note(at, fmt.Sprintf("%d octets behind the data of %s", end-at, t), "RFC 1035 3.3")
	}
	return strings.TrimRight(b.String(), " ")
}

// generic is the form of data whose type is not known (RFC 3597, section 5).
func generic(b []byte) string {
	if len(b) == 0 {
		return `\# 0`
	}
	return `\# ` + strconv.Itoa(len(b)) + " " + strings.ToUpper(hex.EncodeToString(b))
}

// base32hex is the encoding of hashed owner names (RFC 5155, section 3.3).
var base32hex = base32.HexEncoding.WithPadding(base32.NoPadding)

// part writes a part of data, and returns the index behind it, -1 where it is not
// whole.
func (d *decoder) part(b *strings.Builder, kind byte, at, end int) int {
	left := end - at
	rest := d.b[at:end]
	switch kind {
	case 'n':
		name, next := d.name(at)
		b.WriteString(name)
		return next
	case '1', '2', '4', 't', 'd':
		size := map[byte]int{'1': 1, '2': 2, '4': 4, 't': 2, 'd': 4}[kind]
		if left < size {
			return -1
		}
		n := uint32(0)
		for _, c := range rest[:size] {
			n = n<<8 | uint32(c)
		}
		switch kind {
		case 't':
			b.WriteString(Type(n).String())
		case 'd':
			// RFC 4034, section 3.2: the time in UTC.
			b.WriteString(time.Unix(int64(n), 0).UTC().Format("20060102150405"))
		default:
			b.WriteString(strconv.FormatUint(uint64(n), 10))
		}
		return at + size
	case 'a', 'A':
		size := map[byte]int{'a': 4, 'A': 16}[kind]
		if left < size {
			return -1
		}
		ip, _ := netip.AddrFromSlice(rest[:size])
		b.WriteString(ip.String())
		return at + size
	case 's', 'k':
		if left < 1 || left < 1+int(rest[0]) {
			return -1
		}
		n := 1 + int(rest[0])
		if kind == 'k' {
			b.WriteString(escaped(rest[1:n]))
		} else {
			quoted(b, rest[1:n])
		}
		return at + n
	case 'S':
		for i := 0; len(rest) > 0; i++ {
			n := 1 + int(rest[0])
			if n > len(rest) {
				return -1
			}
			if i > 0 {
				b.WriteByte(' ')
			}
			quoted(b, rest[1:n])
			rest = rest[n:]
		}
		return end
	case 'c':
		quoted(b, rest)
		return end
	case 'x':
		b.WriteString(strings.ToUpper(hex.EncodeToString(rest)))
		return end
	case 'b':
		b.WriteString(base64.StdEncoding.EncodeToString(rest))
		return end
	case 'e':
		for i, c := range rest {
			if i > 0 {
				b.WriteByte('-')
			}
			fmt.Fprintf(b, "%02x", c)
		}
		return end
	case 'h', 'H':
		if left < 1 || left < 1+int(rest[0]) {
			return -1
		}
		text := rest[1 : 1+int(rest[0])]
		switch {
		case kind == 'H':
			b.WriteString(base32hex.EncodeToString(text))
		case len(text) == 0:
			b.WriteByte('-')
		default:
			b.WriteString(strings.ToUpper(hex.EncodeToString(text)))
		}
		return at + 1 + len(text)
	case 'm':
		return bitmap(b, rest, end)
	case 'p':
		return d.params(b, at, end)
	}
	return -1
}

// bitmap writes the types of a bitmap (RFC 4034, section 4.1.2).
func bitmap(b *strings.Builder, rest []byte, end int) int {
	sep := ""
	for len(rest) > 0 {
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return -1
		}
		window, bits := int(rest[0])<<8, rest[2:2+int(rest[1])]
		for i, c := range bits {
			for bit := range 8 {
				if c&(0x80>>bit) != 0 {
					b.WriteString(sep + Type(window+8*i+bit).String())
					sep = " "
				}
			}
		}
		rest = rest[2+int(rest[1]):]
	}
	return end
}

// svcKeys are the parameters of RFC 9460, section 14.3, and what was added since.
var svcKeys = []string{"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"}

func svcKey(key uint16) string {
	if int(key) < len(svcKeys) {
		return svcKeys[key]
	}
	return "key" + strconv.Itoa(int(key))
}

// params writes the parameters of SVCB and HTTPS (RFC 9460, section 2.1).
func (d *decoder) params(b *strings.Builder, at, end int) int {
	rest := d.b[at:end]
	for last := -1; len(rest) > 0; {
		if len(rest) < 4 || len(rest) < 4+int(binary.BigEndian.Uint16(rest[2:])) {
			return -1
		}
		key, value := binary.BigEndian.Uint16(rest), rest[4:4+int(binary.BigEndian.Uint16(rest[2:]))]
		if int(key) <= last {
			d.note(end-len(rest), "keys of parameters are not in order", "RFC 9460 2.2")
		}
		if last >= 0 {
			b.WriteByte(' ')
		}
		last = int(key)
		rest = rest[4+len(value):]
		b.WriteString(svcKey(key))
		text, ok := svcValue(key, value)
		if !ok {
			d.note(end-len(rest)-len(value), "value of "+svcKey(key)+" does not fit it", "RFC 9460 7")
			text = escaped(value)
		}
		if len(value) > 0 || text != "" {
			b.WriteString(`="` + text + `"`)
		}
	}
	return end
}

func escaped(value []byte) string {
	var b strings.Builder
	quoted(&b, value)
	s := b.String()
	return s[1 : len(s)-1]
}

// svcValue writes the value of a parameter, as it stands in quotes.
func svcValue(key uint16, v []byte) (string, bool) {
	var parts []string
	switch key {
	case 0: // mandatory
		for ; len(v) >= 2; v = v[2:] {
			parts = append(parts, svcKey(binary.BigEndian.Uint16(v)))
		}
		return strings.Join(parts, ","), len(v) == 0
	case 1: // alpn
		for len(v) > 0 && len(v) > int(v[0]) {
			id := strings.NewReplacer(`\`, `\\\\`, ",", `\\,`).Replace(string(v[1 : 1+int(v[0])]))
			parts = append(parts, strings.ReplaceAll(escaped([]byte(id)), `\\\\`, `\\`))
			v = v[1+int(v[0]):]
		}
		return strings.Join(parts, ","), len(v) == 0
	case 2, 8: // no-default-alpn, ohttp
		return "", len(v) == 0
	case 3: // port
		if len(v) != 2 {
			return "", false
		}
		return strconv.Itoa(int(binary.BigEndian.Uint16(v))), true
	case 4, 6: // ipv4hint, ipv6hint
		size := 4
		if key == 6 {
			size = 16
		}
		for ; len(v) >= size; v = v[size:] {
			ip, _ := netip.AddrFromSlice(v[:size])
			parts = append(parts, ip.String())
		}
		return strings.Join(parts, ","), len(v) == 0
	case 5: // ech
		return base64.StdEncoding.EncodeToString(v), true
	}
	return escaped(v), true
}
