package proto

import "bytes"

// A Buffer holds the octets of one direction that a parser has not used yet and
// knows where in the stream they stand. Its cursor divides them: what is before
// it is held for the Message in progress, what is behind it is still to be read.
//
// An octet is searched for a line's end once, however the stream is cut, and
// copied only if the call of Feed that brought it does not use it up: a parser
// calls Push, reads as far as it can, and calls Keep before it returns.
//
// The zero value is an empty Buffer at offset 0.
type Buffer struct {
	start   int64  // offset of data[0] in the stream
	data    []byte // held and unread octets; the pushed slice itself until Keep
	pos     int    // the cursor, an index of data
	scanned int    // data[pos:scanned] has no LF
	store   []byte // what Keep copies to
	lent    bool   // data is the caller's
}

// EOL says how a line ended.
type EOL uint8

const (
	EOLNone EOL = iota // it did not end: too long, or cut by the end of the stream
	EOLCRLF
	EOLLF // a bare LF
)

// Push adds p behind the unread octets. The Buffer may go on using p itself
// until Keep is called.
func (b *Buffer) Push(p []byte) {
	if len(b.data) == 0 {
		b.data, b.lent = p, true
		return
	}
	b.Keep()
	// The held octets stand at some place of the store; they move to its front
	// only when it is full and at least half of it is free, which keeps the
	// cost of moving below the cost of arriving.
	if free := cap(b.store) - cap(b.data); len(b.data)+len(p) > cap(b.data) && free >= len(b.data) && len(b.data)+len(p) <= cap(b.store) {
		b.data = append(b.store[:0], b.data...)
	}
	b.data = append(b.data, p...)
	if cap(b.data) > cap(b.store) {
		b.store = b.data
	}
}

// Keep copies what is still borrowed from the last Push.
func (b *Buffer) Keep() {
	if !b.lent {
		return
	}
	b.lent = false
	if len(b.data) == 0 {
		b.data = nil
		return
	}
	b.data = append(b.store[:0], b.data...)
	b.store = b.data
}

// Start returns the offset of the first held octet.
func (b *Buffer) Start() int64 { return b.start }

// Offset returns the offset of the cursor.
func (b *Buffer) Offset() int64 { return b.start + int64(b.pos) }

// End returns the offset behind the last octet.
func (b *Buffer) End() int64 { return b.start + int64(len(b.data)) }

// Span returns where the held and the unread octets stand.
func (b *Buffer) Span() Span { return Span{b.Start(), b.End()} }

// Len returns the number of unread octets.
func (b *Buffer) Len() int { return len(b.data) - b.pos }

// Held returns the octets before the cursor that were not released. Like all
// slices that a Buffer gives, it is valid until the next call of Push or Keep.
func (b *Buffer) Held() []byte { return b.data[:b.pos] }

// Peek returns the unread octets and leaves the cursor where it is.
func (b *Buffer) Peek() []byte { return b.data[b.pos:] }

// Next moves the cursor over up to n octets and returns them.
func (b *Buffer) Next(n int) []byte {
	n = max(0, min(n, b.Len()))
	p := b.data[b.pos : b.pos+n]
	b.pos += n
	b.scanned = max(b.scanned, b.pos)
	return p
}

// Rewind moves the cursor back to the first held octet.
func (b *Buffer) Rewind() { b.pos, b.scanned = 0, 0 }

// Release forgets the held octets.
func (b *Buffer) Release() {
	b.start += int64(b.pos)
	b.data = b.data[b.pos:]
	b.scanned = max(0, b.scanned-b.pos)
	b.pos = 0
}

// Gap forgets all octets and moves the stream on by n octets that are not
// there.
func (b *Buffer) Gap(n int64) {
	b.start += int64(len(b.data)) + n
	b.data, b.pos, b.scanned = b.data[:0], 0, 0
}

// Line moves the cursor over the next line and returns it without its end. It
// returns ok false, and leaves the cursor, when there is no whole line yet or
// when the next limit octets hold no LF; then long is true. Whether a line is
// long depends on the stream alone, not on how it was cut.
func (b *Buffer) Line(limit int) (line []byte, end EOL, ok, long bool) {
	from := max(b.pos, b.scanned)
	to := len(b.data)
	if to-b.pos > limit {
		to = max(from, b.pos+limit)
	}
	i := bytes.IndexByte(b.data[from:to], '\n')
	if i < 0 {
		b.scanned = to
		return nil, EOLNone, false, len(b.data)-b.pos >= limit
	}
	i += from
	line, end = b.data[b.pos:i], EOLLF
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line, end = line[:n-1], EOLCRLF
	}
	b.pos, b.scanned = i+1, i+1
	return line, end, true, false
}

// Fresh reports whether Line has not searched any octet behind the cursor yet. Who
// searches them by other means does it only then: a line that comes octet by octet
// is to be searched once.
func (b *Buffer) Fresh() bool { return b.scanned <= b.pos }

// All returns the held octets and the unread ones.
func (b *Buffer) All() []byte { return b.data }
