package content

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"io"
)

// The flags of a gzip member's header (RFC 1952, section 2.3.1).
const (
	gzipCRC      = 1 << 1
	gzipExtra    = 1 << 2
	gzipName     = 1 << 3
	gzipComment  = 1 << 4
	gzipReserved = 0xe0
)

// undoGzip undoes all members of a gzip stream. Like browsers it gives what a
// member holds whether or not the header's reserved bits, its checksum, and the
// trailer are right; unlike them it says so.
func undoGzip(o *output, in []byte) {

	var inflate io.ReadCloser // one for all members: there may be very many
	for first := true; len(in) > 0; first = false {
		head, ok := o.gzipHeader(in)
		switch {
		case !ok && first && !isGzip(in):
			undoForeign(o, in)
			return
		case !ok && first:
			o.damaged = true
			if o.whole {
				o.note("the gzip header stops in the middle")
			}
			return
		case !ok:
			if len(bytes.Trim(in, "\x00")) == 0 {
				o.note(fmt.Sprintf("%d octets of padding behind the gzip data", len(in)))
			} else {
				o.note(fmt.Sprintf("%d octets behind the gzip data are no gzip: left out", len(in)))
			}
			return
		}
		in = in[head:]
		r := bytes.NewReader(in)
		from := len(o.data)
		if inflate == nil {
			inflate = flate.NewReader(r)
		} else if err := inflate.(flate.Resetter).Reset(r, nil); err != nil {
			o.stopped("gzip", err)
			return
		}
		err := o.read(inflate)
		if o.full {
			return
		}
		if err != nil {
			o.stopped("gzip", err)
			return
		}
		in = in[len(in)-r.Len():]
		in = in[o.gzipTrailer(in, o.data[from:]):]
	}
}

// gzipHeader returns the length of a member's header. It is not ok where in does
// not begin with one, or ends within it.
func (o *output) gzipHeader(in []byte) (n int, ok bool) {
	if !isGzip(in) || len(in) < 10 {
		return 0, false
	}
	flags, n := in[3], 10
	if flags&gzipExtra != 0 {
		if len(in) < n+2 {
			return 0, false
		}
		n += 2 + int(binary.LittleEndian.Uint16(in[n:]))
	}
	for _, f := range [...]byte{gzipName, gzipComment} {
		if flags&f == 0 {
			continue
		}
		i := -1
		if n <= len(in) {
			i = bytes.IndexByte(in[n:], 0)
		}
		if i < 0 {
			return 0, false
		}
		n += i + 1
	}
	if flags&gzipCRC != 0 {
		if len(in) < n+2 {
			return 0, false
		}
		if binary.LittleEndian.Uint16(in[n:]) != uint16(crc32.ChecksumIEEE(in[:n])) {
			o.note("the checksum of the gzip header is wrong")
		}
		n += 2
	}
	if flags&gzipReserved != 0 {
		o.note("reserved flags are set in the gzip header")
	}
	return n, n <= len(in)
}

// gzipTrailer compares a member's trailer with what the member yielded, and
// returns its length.
func (o *output) gzipTrailer(in, member []byte) int {
	if len(in) < 8 {
		if o.whole {
			o.note(fmt.Sprintf("the gzip trailer has %d octets of 8", len(in)))
		}
		return len(in)
	}
	if binary.LittleEndian.Uint32(in) != crc32.ChecksumIEEE(member) {
		o.note("the checksum in the gzip trailer is wrong")
	}
	if binary.LittleEndian.Uint32(in[4:]) != uint32(len(member)) {
		o.note(fmt.Sprintf("the gzip trailer says %d octets, there are %d", binary.LittleEndian.Uint32(in[4:]), len(member)))
	}
	return 8
}

// undoForeign takes octets that should be gzip and are not. Some send deflate
// under that name; it is believed only if all of the octets are.
func undoForeign(o *output, in []byte) {
	try := output{limit: o.limit, whole: o.whole}
	undoDeflate(&try, in)
	if try.damaged || try.foreign || len(try.data) == 0 || len(try.notes) > 1 {
		o.foreign = true
		return
	}
	o.data, o.full, o.notes = try.data, try.full, append(o.notes, try.notes...)
	o.note("the octets are not gzip but deflate, which is undone")
}

// undoDeflate undoes the zlib format (RFC 1950), which the name means, and the
// bare data (RFC 1951), which some send under it.
func undoDeflate(o *output, in []byte) {
	if isZlib(in) {
		undoZlib(o, in)
		if len(o.data) > 0 || !o.damaged {
			return
		}
		// Two octets may look like the header and be none.
		*o = output{limit: o.limit, whole: o.whole}
	}
	r := bytes.NewReader(in)
	err := o.read(flate.NewReader(r))
	if err != nil && (len(o.data) == 0 && err != io.ErrUnexpectedEOF || isPlain(in)) {
		*o = output{limit: o.limit, whole: o.whole, foreign: true}
		return
	}
	o.note("deflate without the zlib wrapper")
	o.ended(r, err)
}

// isZlib reports whether in begins like the zlib format (RFC 1950, section 2.2).
func isZlib(in []byte) bool {
	return len(in) >= 2 && in[0]&15 == 8 && in[0]>>4 <= 7 && (uint(in[0])<<8|uint(in[1]))%31 == 0
}

// isPlain reports whether in begins like text: what is deflated hardly does.
func isPlain(in []byte) bool {
	for _, c := range in[:min(len(in), 64)] {
		if c < ' ' && c != '\t' && c != '\r' && c != '\n' || c > '~' {
			return false
		}
	}
	return true
}

func undoZlib(o *output, in []byte) {
	if in[1]&0x20 != 0 {
		o.note("zlib needs a dictionary that both sides know")
		o.damaged = true
		return
	}
	r := bytes.NewReader(in[2:])
	err := o.read(flate.NewReader(r))
	if err != nil || o.full {
		o.ended(r, err)
		return
	}
	var sum [4]byte
	switch n, _ := io.ReadFull(r, sum[:]); {
	case n < 4:
		if o.whole {
			o.note(fmt.Sprintf("the checksum of zlib has %d octets of 4", n))
		}
	case binary.BigEndian.Uint32(sum[:]) != adler32.Checksum(o.data):
		o.note("the checksum of zlib is wrong")
	}
	o.ended(r, nil)
}

// ended takes the end of deflate data and what follows it.
func (o *output) ended(r *bytes.Reader, err error) {
	switch {
	case o.full:
	case err != nil:
		o.stopped("deflate", err)
	case r.Len() > 0:
		o.note(fmt.Sprintf("%d octets behind the deflate data: left out", r.Len()))
	}
}
