package view

import "io"

const hexRow = 16 // octets in a row of a dump

// Hex writes data to w as hexdump -C lays it out: offset, 16 octets, their ASCII
// characters. The first octet is at offset; a last row gives the offset after
// the last. Equal rows are all written.
func Hex(w io.Writer, data []byte, offset int64) error {
	if len(data) == 0 {
		return nil
	}
	var buf []byte
	for len(data) > 0 {
		n := min(hexRow, len(data))
		buf = appendHexRow(buf, data[:n], offset)
		data = data[n:]
		offset += int64(n)
		if len(buf) >= 32<<10 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	buf = append(appendOffset(buf, offset), '\n')
	_, err := w.Write(buf)
	return err
}

// appendHexRow appends one row of at most 16 octets.
func appendHexRow(dst, data []byte, offset int64) []byte {
	dst = appendOffset(dst, offset)
	dst = append(dst, ' ')
	for i := range hexRow {
		if i == hexRow/2 {
			dst = append(dst, ' ')
		}
		if i < len(data) {
			dst = append(dst, ' ', hexDigits[data[i]>>4], hexDigits[data[i]&15])
		} else {
			dst = append(dst, "   "...)
		}
	}
	dst = append(dst, "  |"...)
	for _, c := range data {
		if c < ' ' || c > '~' {
			c = '.'
		}
		dst = append(dst, c)
	}
	return append(dst, "|\n"...)
}

// appendOffset appends at least eight hexadecimal digits.
func appendOffset(dst []byte, offset int64) []byte {
	digits := 8
	for digits < 16 && offset>>(4*digits) != 0 {
		digits++
	}
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[offset>>shift&15])
	}
	return dst
}
