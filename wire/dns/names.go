package dns

import "strings"

// Limits of names (RFC 1035, section 2.3.4). A name may take more than one jump
// for each of its labels only in a loop.
const (
	maxName  = 255
	maxJumps = 128
)

// name reads the name at an index of the message and returns it in presentation
// form with the index behind it. It is -1 where the name could not be read to its
// end; then what was read of it is returned.
func (d *decoder) name(at int) (string, int) {
	var b strings.Builder
	end, size := -1, 1
	first := at
	for jumps := 0; ; {
		if at >= len(d.b) {
			d.note(len(d.b), "name goes over the end of the message", "RFC 1035 3.1")
			return b.String(), -1
		}
		c := int(d.b[at])
		switch {
		case c == 0:
			if end < 0 {
				end = at + 1
			}
			if b.Len() == 0 {
				return ".", end
			}
			if size > maxName {
				d.note(first, "name longer than 255 octets", "RFC 1035 2.3.4")
			}
			return b.String(), end
		case c >= 0xc0:
			if at+1 >= len(d.b) {
				d.note(len(d.b), "name goes over the end of the message", "RFC 1035 4.1.4")
				return b.String(), -1
			}
			to := c&0x3f<<8 | int(d.b[at+1])
			if end < 0 {
				end = at + 2
			}
			jumps++
			switch {
			case jumps > maxJumps || to == at:
				d.note(first, "compression pointers of a name make a loop", "RFC 1035 4.1.4")
				return b.String() + "…", end
			case to >= len(d.b):
				d.note(at, "compression pointer goes beyond the message", "RFC 1035 4.1.4")
				return b.String() + "…", end
			case to > at && jumps == 1:
				// "A prior occurrence of the same name."
				d.note(at, "compression pointer goes forward", "RFC 1035 4.1.4")
			}
			at = to
		case c >= 0x40:
			d.note(at, "label type that is not known", "RFC 6891 5")
			return b.String(), -1
		case at+1+c > len(d.b):
			d.note(len(d.b), "label goes over the end of the message", "RFC 1035 3.1")
			return b.String(), -1
		default:
			if size += 1 + c; size > 4*maxName {
				d.note(first, "name longer than 255 octets", "RFC 1035 2.3.4")
				if end < 0 {
					return b.String() + "…", -1
				}
				return b.String() + "…", end
			}
			label(&b, d.b[at+1:at+1+c])
			b.WriteByte('.')
			at += 1 + c
		}
	}
}

// label writes a label, special characters as \c and octets that are not
// printable ASCII as \DDD (RFC 1035, section 5.1; RFC 4343, section 2.1).
func label(b *strings.Builder, text []byte) {
	for _, c := range text {
		switch {
		case strings.IndexByte(`."\()@;$`, c) >= 0, c == ' ':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < '!' || c > '~':
			decimal(b, c)
		default:
			b.WriteByte(c)
		}
	}
}

func decimal(b *strings.Builder, c byte) {
	b.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
}

// quoted writes a character string in its quotes.
func quoted(b *strings.Builder, text []byte) {
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			decimal(b, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}
