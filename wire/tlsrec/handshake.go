package tlsrec

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A HandshakeType is that of a handshake message (RFC 8446, section 4).
type HandshakeType uint8

// The types that are looked into.
const (
	ClientHello         HandshakeType = 1
	ServerHello         HandshakeType = 2
	EncryptedExtensions HandshakeType = 8
	Certificate         HandshakeType = 11
)

var handshakeNames = map[HandshakeType]string{
	0: "HelloRequest", ClientHello: "ClientHello", ServerHello: "ServerHello", 3: "HelloVerifyRequest", 4: "NewSessionTicket",
	5: "EndOfEarlyData", 6: "HelloRetryRequest", EncryptedExtensions: "EncryptedExtensions", Certificate: "Certificate", 12: "ServerKeyExchange",
	13: "CertificateRequest", 14: "ServerHelloDone", 15: "CertificateVerify", 16: "ClientKeyExchange", 20: "Finished",
	21: "CertificateURL", 22: "CertificateStatus", 24: "KeyUpdate", 25: "CompressedCertificate", 67: "NextProtocol", 254: "MessageHash",
}

// String returns the name of the RFCs.
func (t HandshakeType) String() string {
	if name := handshakeNames[t]; name != "" {
		return name
	}
	return fmt.Sprintf("handshake %d", uint8(t))
}

// A Handshake is a handshake message.
type Handshake struct {
	Type         HandshakeType
	Length       int // of what follows its header, octets
	Hello        *Hello
	Certificates [][]byte // of Certificate, DER, the sender's own first
}

// A Hello is the content of a ClientHello or a ServerHello. EncryptedExtensions has
// the extensions alone.
type Hello struct {
	Version     Version   // legacy_version
	Random      [32]byte  // zero in a ClientHello in the form of SSL 2
	Versions    []Version // supported_versions: those that are offered, or the one that is chosen
	Suites      []Suite   // one in a ServerHello
	ServerName  string    // RFC 6066, section 3
	ALPN        []string  // RFC 7301
	Groups      []Group   // supported_groups
	KeyShares   []Group   // key_share
	Extensions  []uint16  // in order
	SessionID   int       // octets of it
	Compression bool      // other than none
	Retry       bool      // a ServerHello that asks for another ClientHello
	Early       bool      // early_data
}

// Chosen returns the version that a ServerHello has chosen, or the highest that a
// ClientHello offers.
func (h *Hello) Chosen() Version {
	v := h.Version
	for i, o := range h.Versions {
		if i == 0 || o > v {
			v = o
		}
	}
	return v
}

// handshakes takes the payload of a record.
func (p *Parser) handshakes(s *side, r *Record, payload []byte, note func(text, rule string)) {
	if n := min(s.skip, len(payload)); n > 0 {
		s.skip -= n
		payload = payload[n:]
	}
	s.hs = append(s.hs, payload...)
	for len(s.hs) >= 4 {
		n := 4 + int(binary.BigEndian.Uint32(s.hs)&0xffffff)
		if n > p.core.Limits.Head {
			note(fmt.Sprintf("%s of %d octets is not read", HandshakeType(s.hs[0]), n-4), "")
			cut := min(n, len(s.hs))
			s.skip = n - cut
			s.hs = s.hs[cut:]
			continue
		}
		if len(s.hs) < n {
			break
		}
		r.Handshakes = append(r.Handshakes, p.handshake(s, HandshakeType(s.hs[0]), s.hs[4:n], note))
		s.hs = s.hs[n:]
	}
	if len(s.hs) == 0 {
		s.hs = nil // no record keeps the last one's memory
	}
}

// handshake reads one message.
func (p *Parser) handshake(s *side, t HandshakeType, b []byte, note func(text, rule string)) Handshake {
	h, ok := ReadHandshake(p.version, t, b)
	switch {
	case !ok:
		note(t.String()+" is cut off, or says what it may not", "RFC 8446 4")
	case t == ServerHello && s.Dir == wire.ServerToClient:
		p.version = h.Hello.Chosen()
	}
	if t == ServerHello && ok && h.Hello.Chosen() < 0x0303 {
		note(h.Hello.Chosen().String()+" was chosen, which is out of use", "RFC 8996")
	}
	return h
}

// ReadHandshake reads a handshake message, body being what follows the four octets
// of its header. The version is the one that the server chose, 0 before it did. Not
// ok says that the message is cut off; what was read before stands in h, a Hello
// apart. Nothing in h is a part of body.
func ReadHandshake(chosen Version, t HandshakeType, body []byte) (h Handshake, ok bool) {
	h, ok = Handshake{Type: t, Length: len(body)}, true
	switch t {
	case ClientHello, ServerHello:
		h.Hello = hello(t, body)
		ok = h.Hello != nil
	case EncryptedExtensions:
		h.Hello = &Hello{}
		r := reader{b: body}
		ok = h.Hello.extensions(t, &r)
	case Certificate:
		h.Certificates, ok = certificates(body, chosen == 0x0304)
	}
	return h, ok
}

// maxCertificates bounds a chain.
const maxCertificates = 32

// certificates reads RFC 5246, section 7.4.2, or RFC 8446, section 4.4.2, which has
// a context before the list and extensions behind each certificate.
func certificates(b []byte, v13 bool) (list [][]byte, ok bool) {
	r := reader{b: b}
	if v13 {
		r.vector(1)
	}
	all := reader{b: r.vector(3)}
	for len(all.b) > 0 && !all.bad && len(list) < maxCertificates {
		if cert := all.vector(3); !all.bad {
			list = append(list, bytes.Clone(cert))
		}
		if v13 {
			all.vector(2)
		}
	}
	return list, !r.bad && !all.bad
}

// retryRandom is the Random of a ServerHello that is a HelloRetryRequest (RFC
// 8446, section 4.1.3).
var retryRandom = []byte("\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c")

// hello reads RFC 8446, sections 4.1.2 and 4.1.3; nil where it is cut off.
func hello(t HandshakeType, b []byte) *Hello {
	r := reader{b: b}
	h := &Hello{Version: Version(r.number(2))}
	copy(h.Random[:], r.take(32))
	h.Retry = bytes.Equal(h.Random[:], retryRandom)
	h.SessionID = len(r.vector(1))
	if t == ClientHello {
		suites := reader{b: r.vector(2)}
		for len(suites.b) > 0 && !suites.bad {
			h.Suites = append(h.Suites, Suite(suites.number(2)))
		}
		methods := r.vector(1)
		h.Compression = len(methods) > 1 || len(methods) == 1 && methods[0] != 0
	} else {
		h.Suites = []Suite{Suite(r.number(2))}
		h.Compression = r.number(1) != 0
	}
	if r.bad {
		return nil
	}
	if len(r.b) == 0 {
		return h // RFC 5246, section 7.4.1.2: extensions may be left out
	}
	if !h.extensions(t, &r) {
		return nil
	}
	return h
}

// extensions reads a list of them (RFC 8446, section 4.2), and reports whether it
// was whole.
func (h *Hello) extensions(t HandshakeType, r *reader) bool {
	list := reader{b: r.vector(2)}
	for len(list.b) > 0 && !list.bad {
		id := uint16(list.number(2))
		h.Extensions = append(h.Extensions, id)
		h.extension(t, id, reader{b: list.vector(2)})
	}
	return !r.bad && !list.bad
}

// extension reads one extension. What is wrong with one is not looked at.
func (h *Hello) extension(t HandshakeType, id uint16, r reader) {
	client := t == ClientHello
	switch id {
	case 0: // server_name
		if client {
			list := reader{b: r.vector(2)}
			if list.number(1) == 0 {
				h.ServerName = string(list.vector(2))
			}
		}
	case 10: // supported_groups
		h.Groups = groups(r.vector(2))
	case 16: // application_layer_protocol_negotiation
		for list := (reader{b: r.vector(2)}); len(list.b) > 0 && !list.bad; {
			h.ALPN = append(h.ALPN, string(list.vector(1)))
		}
	case 42: // early_data
		h.Early = true
	case 43: // supported_versions
		if !client {
			h.Versions = []Version{Version(r.number(2))}
			break
		}
		for list := (reader{b: r.vector(1)}); len(list.b) > 0 && !list.bad; {
			if v := Version(list.number(2)); !isGREASE(uint16(v)) {
				h.Versions = append(h.Versions, v)
			}
		}
	case 51: // key_share
		if !client {
			h.KeyShares = groups(r.take(2))
			break
		}
		for list := (reader{b: r.vector(2)}); len(list.b) > 0 && !list.bad; {
			h.KeyShares = append(h.KeyShares, Group(list.number(2)))
			list.vector(2)
		}
	}
}

func groups(b []byte) (list []Group) {
	for r := (reader{b: b}); len(r.b) > 1; {
		list = append(list, Group(r.number(2)))
	}
	return list
}

// A reader takes numbers and vectors off the front of b. What is not there is
// zero, and bad says so.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// number returns a number of n octets.
func (r *reader) number(n int) (v int) {
	for _, c := range r.take(n) {
		v = v<<8 | int(c)
	}
	return v
}

// vector returns what a length of n octets stands before.
func (r *reader) vector(n int) []byte { return r.take(r.number(n)) }

// ssl2 reads the ClientHello with which clients began that spoke SSL 2 too (RFC
// 5246, appendix E.2), and reports whether it was there.
func (p *Parser) ssl2(s *side, b []byte) bool {
	if len(b) < 2 {
		return false
	}
	n := 2 + int(binary.BigEndian.Uint16(b)&0x7fff)
	if n < 11 || n > maxPayload || len(b) > 2 && b[2] != 1 || len(b) > 3 && b[3] != 3 && b[3] != 0 {
		p.lose(s, b)
		return true
	}
	if len(b) < n {
		return false
	}
	r := reader{b: b[2:n]}
	r.number(1)
	h := &Hello{Version: Version(r.number(2))}
	suites := reader{b: b[min(n, 11):min(n, 11+r.number(2))]}
	for len(suites.b) > 2 {
		h.Suites = append(h.Suites, Suite(suites.number(3)))
	}
	h.SessionID = r.number(2)
	if r.bad {
		p.lose(s, b)
		return true
	}
	s.Buf.Next(n)
	m := p.core.Message(s.Stream, proto.KindRecord)
	m.Head = bytes.Clone(b[:n])
	m.Value = &Record{Type: TypeHandshake, Version: 2, Length: n - 2, Handshakes: []Handshake{{Type: ClientHello, Length: n - 3, Hello: h}}}
	m.Complete, m.EndedBy = true, "length reached"
	m.Tile(proto.LeafRecord, m.Span.To)
	m.Notes = []proto.Note{{Offset: m.Span.From, Text: "a ClientHello in the form of SSL 2", Rule: "RFC 6176"}}
	s.begun = true
	p.core.Emit(s.Stream, m, "a record followed")
	p.core.Release(s.Stream)
	return true
}
