package telnet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// maxItems bounds the items of a subnegotiation.
const maxItems = 256

// read says what the octets of a subnegotiation mean, and what is wrong with them,
// "" for nothing. An option that is not known has no items.
func read(o Option, b []byte) (items []Item, wrong string) {
	switch o {
	case TTYPE, TSPEED, XDISPLOC:
		items = isOrSend(b)
	case NAWS:
		return windowSize(b)
	case Environ, NewEnviron:
		items, wrong = environ(b)
	case Status:
		items = status(b)
	case LFLOW:
		items = words(b, "OFF", "ON", "RESTART-ANY", "RESTART-XON")
	case Linemode:
		items = linemode(b)
	case Charset:
		items = first(b, "", "REQUEST", "ACCEPTED", "REJECTED", "TTABLE-IS", "TTABLE-REJECTED", "TTABLE-ACK", "TTABLE-NAK")
	case Encrypt:
		items = first(b, "IS", "SUPPORT", "REPLY", "START", "END", "REQUEST-START", "REQUEST-END", "ENC_KEYID", "DEC_KEYID")
	case MSSP:
		items = marked(b, "", "VAR", "VAL")
	case MSDP:
		items = marked(b, "", "VAR", "VAL", "TABLE-OPEN", "TABLE-CLOSE", "ARRAY-OPEN", "ARRAY-CLOSE")
	case ZMP:
		return zmp(b)
	case GMCP:
		name, value, found := bytes.Cut(b, []byte(" "))
		items = []Item{{Name: string(name)}}
		if found {
			items[0].Value = value
		}
	}
	if len(items) > maxItems {
		items, wrong = items[:maxItems], fmt.Sprintf("more than %d items", maxItems)
	}
	return items, wrong
}

// word names an octet by its place in a list.
func word(c byte, names []string) string {
	if int(c) < len(names) && names[c] != "" {
		return names[c]
	}
	return strconv.Itoa(int(c))
}

// first reads a word, and a value of all that follows it.
func first(b []byte, names ...string) []Item {
	if len(b) == 0 {
		return nil
	}
	it := Item{Name: word(b[0], names)}
	if len(b) > 1 {
		it.Value = b[1:]
	}
	return []Item{it}
}

// isOrSend reads "IS value" and "SEND" (RFC 1091, RFC 1079, RFC 1096).
func isOrSend(b []byte) []Item { return first(b, "IS", "SEND") }

// words reads a word for each octet.
func words(b []byte, names ...string) []Item {
	var items []Item
	for _, c := range b[:min(len(b), maxItems+1)] {
		items = append(items, Item{Name: word(c, names)})
	}
	return items
}

// windowSize reads RFC 1073: two numbers of 16 bits.
func windowSize(b []byte) ([]Item, string) {
	if len(b) != 4 {
		return nil, fmt.Sprintf("NAWS has %d octets, not 4 (RFC 1073)", len(b))
	}
	number := func(b []byte) []byte { return strconv.AppendUint(nil, uint64(binary.BigEndian.Uint16(b)), 10) }
	return []Item{{"width", number(b)}, {"height", number(b[2:])}}, ""
}

// environ reads RFC 1572: IS, SEND or INFO, then variables and their values. ESC
// takes the meaning off the octet behind it.
func environ(b []byte) (items []Item, wrong string) {
	if len(b) == 0 {
		return nil, "it says neither IS, SEND nor INFO (RFC 1572)"
	}
	items = append(items, Item{Name: word(b[0], []string{"IS", "SEND", "INFO"})})
	names := []string{"VAR", "VALUE", "", "USERVAR"}
	for b = b[1:]; len(b) > 0 && len(items) <= maxItems; {
		it := Item{Name: word(b[0], names), Value: []byte{}}
		if b[0] > 3 || b[0] == 2 {
			wrong = "a variable that begins with neither VAR nor USERVAR (RFC 1572)"
		}
		for b = b[1:]; len(b) > 0 && b[0] > 3; b = b[1:] {
			it.Value = append(it.Value, b[0])
		}
		for len(b) > 1 && b[0] == 2 { // ESC
			it.Value = append(it.Value, b[1])
			for b = b[2:]; len(b) > 0 && b[0] > 3; b = b[1:] {
				it.Value = append(it.Value, b[0])
			}
		}
		items = append(items, it)
	}
	return items, wrong
}

// marked reads values that have a word's octet before each of them.
func marked(b []byte, names ...string) []Item {
	isMark := func(c byte) bool { return int(c) < len(names) && names[c] != "" }
	var items []Item
	for len(b) > 0 && len(items) <= maxItems {
		it := Item{Name: "", Value: []byte{}}
		if isMark(b[0]) {
			it.Name, b = names[b[0]], b[1:]
		}
		n := 0
		for n < len(b) && !isMark(b[n]) {
			n++
		}
		it.Value, b = append(it.Value, b[:n]...), b[n:]
		items = append(items, it)
	}
	return items
}

// status reads RFC 859: SEND, or IS and all that is in force.
func status(b []byte) []Item {
	if len(b) == 0 {
		return nil
	}
	items := []Item{{Name: word(b[0], []string{"IS", "SEND"})}}
	for b = b[1:]; len(b) > 0 && len(items) <= maxItems; {
		c := Code(b[0])
		switch {
		case c.takesOption() && len(b) > 1:
			items = append(items, Item{Name: c.String(), Value: []byte(Option(b[1]).String())})
			b = b[2:]
		case c == SB && len(b) > 1:
			// Its own end stands as one octet, SE.
			n := bytes.IndexByte(b, byte(SE))
			if n < 0 {
				n = len(b) - 1
			}
			items = append(items, Item{Name: "SB", Value: fmt.Appendf(nil, "%s %x", Option(b[1]), b[2:max(2, n)])})
			b = b[n+1:]
		default:
			items = append(items, Item{Name: c.String()})
			b = b[1:]
		}
	}
	return items
}

// modes are the bits of LINEMODE's MODE, slc the functions of its SLC and levels
// what is set of them (RFC 1184, section 2).
var (
	modes  = []string{"EDIT", "TRAPSIG", "MODE_ACK", "SOFT_TAB", "LIT_ECHO"}
	slc    = []string{"", "SYNCH", "BRK", "IP", "AO", "AYT", "EOR", "ABORT", "EOF", "SUSP", "EC", "EL", "EW", "RP", "LNEXT", "XON", "XOFF", "FORW1", "FORW2", "MCL", "MCR", "MCWL", "MCWR", "MCBOL", "MCEOL", "INSRT", "OVER", "ECR", "EWR", "EBOL", "EEOL"}
	levels = []string{"NOSUPPORT", "CANTCHANGE", "VALUE", "DEFAULT"}
)

func linemode(b []byte) []Item {
	switch {
	case len(b) >= 2 && b[0] == 1:
		var set []string
		for i, name := range modes {
			if b[1]&(1<<i) != 0 {
				set = append(set, name)
			}
		}
		return []Item{{"MODE", []byte(strings.Join(set, " "))}}
	case len(b) >= 1 && b[0] == 3:
		items := []Item{{Name: "SLC"}}
		for b = b[1:]; len(b) >= 3 && len(items) <= maxItems; b = b[3:] {
			value := levels[b[1]&3]
			if b[1]&3 >= 2 {
				value += fmt.Sprintf(" 0x%02x", b[2])
			}
			items = append(items, Item{word(b[0], slc), []byte(value)})
		}
		return items
	case len(b) >= 2 && Code(b[0]).takesOption():
		value := word(b[1], []string{2: "FORWARDMASK"})
		if len(b) > 2 {
			value += fmt.Sprintf(" %x", b[2:])
		}
		return []Item{{Code(b[0]).String(), []byte(value)}}
	}
	return nil
}

// zmp reads the Zenith MUD Protocol: words that end with NUL each.
func zmp(b []byte) ([]Item, string) {
	if len(b) == 0 || b[len(b)-1] != 0 {
		return nil, "a ZMP command does not end with NUL"
	}
	var items []Item
	for len(b) > 0 && len(items) <= maxItems {
		before, after, _ := bytes.Cut(b, []byte{0})
		it := Item{Name: "argument", Value: before}
		if items == nil {
			it = Item{Name: string(before)}
		}
		items, b = append(items, it), after
	}
	if len(items) > maxItems {
		return items[:maxItems], fmt.Sprintf("more than %d items", maxItems)
	}
	return items, ""
}
