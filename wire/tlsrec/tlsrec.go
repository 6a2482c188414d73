// Package tlsrec reads the records of TLS as they stand on a socket: of a
// handshake what is in the clear, of all else its size. It serves whoever looks at
// a connection from outside, such as a capture, or meets TLS where none was
// expected.
//
// A [Parser] gives a Message for each record. A handshake message stands with the
// record that holds its last octet.
package tlsrec

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// protoName is Message.Proto.
const protoName = "tls"

// A Type is the content type of a record (RFC 8446, section 5.1).
type Type uint8

// The types.
const (
	ChangeCipherSpec Type = 20 + iota
	TypeAlert
	TypeHandshake
	ApplicationData
	Heartbeat // RFC 6520
)

// String returns the type in words.
func (t Type) String() string {
	switch t {
	case ChangeCipherSpec:
		return "change cipher spec"
	case TypeAlert:
		return "alert"
	case TypeHandshake:
		return "handshake"
	case ApplicationData:
		return "application data"
	case Heartbeat:
		return "heartbeat"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// A Version is that of a record or of a hello: 0x0303 is TLS 1.2.
type Version uint16

// String returns "TLS 1.2", or the number of a version that is not known.
func (v Version) String() string {
	switch {
	case v == 0x0002:
		return "SSL 2"
	case v == 0x0300:
		return "SSL 3"
	case v > 0x0300 && v <= 0x0304:
		return fmt.Sprintf("TLS 1.%d", v-0x0301)
	}
	return fmt.Sprintf("version 0x%04x", uint16(v))
}

// A Record is the Value of a record. Its payload is the Message's body.
type Record struct {
	Type       Type
	Version    Version // as the record has it, which says little from TLS 1.3 on
	Length     int     // of the payload, octets
	Encrypted  bool
	Alert      *Alert      // of a record that is not encrypted
	Handshakes []Handshake // that end in this record
}

// An Alert ends a connection, or warns (RFC 8446, section 6).
type Alert struct {
	Fatal bool
	Code  wire.Alert
}

// A Parser reads one connection. It implements [proto.Parser].
type Parser struct {
	core    proto.Duplex
	sides   [2]side
	version Version // that the server has chosen; 0 before
	partial [2]proto.Message
}

// A side is one direction.
type side struct {
	*proto.Stream
	begun     bool   // a record has been read
	encrypted bool   // what follows is, whatever its type
	lost      bool   // no record could be found: raw from here on
	hs        []byte // handshake octets that are no whole message yet
	skip      int    // octets of a message that is too long to be read
}

// New returns a parser.
func New(limits proto.Limits) *Parser {
	p := &Parser{}
	p.core.Init(protoName, limits)
	for i := range p.sides {
		p.sides[i].Stream = &p.core.Sides[i]
	}
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message { return p.core.Feed((*duplex)(p), e) }

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message { return p.core.Close((*duplex)(p)) }

// A duplex is the Parser as its [proto.Duplex] sees it.
type duplex Parser

// Read implements [proto.Reader].
func (d *duplex) Read(side int) {
	for s := &d.sides[side]; s.Buf.Len() > 0 && (*Parser)(d).read(s); {
	}
}

// Gap implements [proto.Reader].
func (d *duplex) Gap(side int, size int64) bool {
	d.sides[side].hs, d.sides[side].skip = nil, 0
	return false
}

// Flush implements [proto.Reader].
func (d *duplex) Flush(side int, why string) { (*Parser)(d).flush(&d.sides[side], why) }

// Secured implements [proto.Reader].
func (d *duplex) Secured() {}

// State implements [proto.Parser]. What is due in TLS is not seen from outside.
func (p *Parser) State() proto.State {
	st := proto.State{Want: -1, Partial: [2]*proto.Message{p.progress(0), p.progress(1)}}
	if m := st.Partial[1]; m != nil {
		st.Got = m.Span.Len()
	}
	return st
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(i int) *proto.Message {
	return p.core.Progress(p.sides[i].Stream, proto.KindRecord, &p.partial[i])
}

// headerLen is that of a record, and maxPayload what it may hold: RFC 5246,
// section 6.2.3, allows more than any other version.
const (
	headerLen  = 5
	maxPayload = 1<<14 + 2048
)

// read reads one record, or what is none, and reports whether it could.
func (p *Parser) read(s *side) bool {
	b := s.Buf.Peek()
	switch {
	case s.lost:
		p.core.Raw(s.Stream, s.Buf.Len(), nil)
		return true
	case !s.begun && s.Dir == wire.ClientToServer && b[0] >= 0x80:
		return p.ssl2(s, b)
	case !plausible(b):
		p.lose(s, b)
		return true
	case len(b) < headerLen:
		return false
	}
	n := headerLen + int(binary.BigEndian.Uint16(b[3:]))
	if n > headerLen+maxPayload {
		s.lost = true
		p.raw(s, fmt.Sprintf("record of %d octets, more than any may have", n-headerLen))
		return true
	}
	if len(b) < n {
		return false
	}
	s.Buf.Next(n)
	p.record(s, b[:n])
	return true
}

// plausible reports whether b may begin with a record, as far as it goes.
func plausible(b []byte) bool {
	return Type(b[0]) >= ChangeCipherSpec && Type(b[0]) <= Heartbeat && (len(b) < 2 || b[1] == 3) && (len(b) < 3 || b[2] <= 4)
}

// lose reads a side as raw from here on.
func (p *Parser) lose(s *side, b []byte) {
	s.lost = true
	text := "no TLS record begins so"
	if b[0] >= ' ' && b[0] <= '~' || b[0] == '\r' || b[0] == '\n' {
		text = "plain text where a TLS record should be"
	}
	p.raw(s, text)
}

// record takes a whole record, the held octets of the side.
func (p *Parser) record(s *side, b []byte) {
	payload := b[headerLen:]
	r := &Record{Type: Type(b[0]), Version: Version(binary.BigEndian.Uint16(b[1:])), Length: len(payload), Encrypted: s.encrypted}
	m := p.core.Message(s.Stream, proto.KindRecord)
	m.Value = r
	m.Head = bytes.Clone(b[:headerLen])
	m.Body.Keep(payload, p.core.Limits.Body)
	m.Complete, m.EndedBy = true, fmt.Sprintf("record length %d reached", len(payload))
	m.Tile(proto.LeafRecordHeader, m.Span.From+headerLen)
	m.Tile(proto.LeafRecordPayload, m.Span.To)
	note := func(text, rule string) {
		m.Notes = proto.AddNote(m.Notes, proto.Note{Offset: m.Span.From, Text: text, Rule: rule})
	}
	s.begun = true
	if len(payload) == 0 && r.Type != ApplicationData {
		note("record without a payload", "RFC 8446 5.1")
	}
	if len(s.hs)+s.skip > 0 && r.Type != TypeHandshake && !s.encrypted {
		note("a handshake message is interrupted by "+r.Type.String(), "RFC 8446 5.1")
		s.hs, s.skip = nil, 0
	}
	switch {
	case r.Type == ApplicationData:
		r.Encrypted = true
	case r.Encrypted:
	case r.Type == TypeAlert && len(payload) == 2:
		r.Alert = &Alert{Fatal: payload[0] == 2, Code: wire.Alert(payload[1])}
	case r.Type == TypeAlert:
		r.Encrypted = true
	case r.Type == ChangeCipherSpec:
		// TLS 1.3 sends it for appearances: RFC 8446, appendix D.4.
		s.encrypted = p.version != 0x0304
	case r.Type == TypeHandshake:
		p.handshakes(s, r, payload, note)
	}
	p.core.Emit(s.Stream, m, "a record followed")
	p.core.Release(s.Stream)
}

// raw adds all unread octets to the raw run of a side.
func (p *Parser) raw(s *side, text string) {
	p.core.Raw(s.Stream, s.Buf.Len(), &proto.Note{Offset: s.Buf.Offset(), Text: text, Rule: "RFC 8446 5.1"})
}

// flush gives what a side has in progress as raw.
func (p *Parser) flush(s *side, _ string) {
	if n := s.Buf.Len(); n > 0 {
		p.core.Raw(s.Stream, n, &proto.Note{Offset: s.Buf.Offset(), Text: "record is not complete"})
	}
}

// Begins says what octets begin as that only a peer that speaks TLS sends: "a TLS
// alert, protocol_version", "a TLS handshake"; "" for anything else.
func Begins(b []byte) string {
	switch {
	case len(b) < 3 || b[1] != 3 || b[2] > 4:
		return ""
	case Type(b[0]) == TypeHandshake:
		return "a TLS handshake"
	case Type(b[0]) == TypeAlert && len(b) >= 7 && b[3] == 0 && b[4] == 2:
		return "a TLS alert, " + wire.Alert(b[6]).String()
	case Type(b[0]) == TypeAlert:
		return "a TLS alert"
	}
	return ""
}
