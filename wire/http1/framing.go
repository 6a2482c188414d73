package http1

import (
	"bytes"
	"iter"
	"strconv"

	"wiretape/wire"
)

// takeHead makes the Fields of the lines read so far and releases the head.
func (s *side) takeHead() Fields {
	base := s.buf.Start()
	s.head = bytes.Clone(s.buf.Held())
	fs := s.takeFields(s.head, base)
	s.buf.Release()
	if s.response != nil {
		s.response.Fields = fs
	}
	if s.request != nil {
		s.request.Fields = fs
	}
	return fs
}

// headEnd decides, the head being complete, what follows it.
func (s *side) headEnd() bool {
	fs := s.takeHead()
	var h framingFields
	h.read(fs)
	if s.dir == wire.ServerToClient {
		s.frameResponse(fs, &h)
	} else {
		s.frameRequest(fs, &h)
	}
	return true
}

// framingFields are the fields that decide on the body and the connection, as
// indexes of the first of each name; -1 for none.
type framingFields struct {
	Fields
	length, coding, connection, host, location, upgrade int
}

// read looks for the fields, by the length of their names first.
func (h *framingFields) read(fs Fields) {
	*h = framingFields{fs, -1, -1, -1, -1, -1, -1}
	for i := range fs.Len() {
		var first *int
		name, want := fs.name(i), ""
		switch len(name) {
		case 4:
			first, want = &h.host, "host"
		case 7:
			first, want = &h.upgrade, "upgrade"
		case 8:
			first, want = &h.location, "location"
		case 10:
			first, want = &h.connection, "connection"
		case 14:
			first, want = &h.length, "content-length"
		case 17:
			first, want = &h.coding, "transfer-encoding"
		default:
			continue
		}
		if *first < 0 && equalFold(name, want) {
			*first = i
		}
	}
}

// from returns the fields that bear the name of the one at first, none if first
// is -1.
func (h *framingFields) from(first int) iter.Seq2[int, Field] {
	return func(yield func(int, Field) bool) {
		if first < 0 {
			return
		}
		name := string(h.name(first))
		for n, i := 0, first; i >= 0 && yield(n, h.at(i)); n++ {
			i = h.find(name, i+1)
		}
	}
}

// offset returns the offset of the field at first.
func (h *framingFields) offset(first int) int64 { return h.at(first).From }

// frameResponse decides on the body of a response, RFC 9112, section 6.3.
func (s *side) frameResponse(fs Fields, h *framingFields) {
	r := s.response
	x := s.bind()
	s.checkLocation(h)
	s.keepAliveResponse(h)
	none := func(endedBy string) {
		r.Framing = FramingNone
		s.done(endedBy)
	}
	noBody := func(rule string) {
		if h.length >= 0 {
			s.note(h.offset(h.length), "Content-Length in a "+strconv.Itoa(r.Status)+" response", rule)
		}
		if h.coding >= 0 {
			s.note(h.offset(h.coding), "Transfer-Encoding in a "+strconv.Itoa(r.Status)+" response", "RFC 9112 6.1")
		}
	}
	switch {
	// Items 1 and 2.
	case r.Status == 101:
		noBody("RFC 9110 8.6")
		if h.upgrade < 0 {
			s.note(s.from, "101 has no Upgrade field", "RFC 9110 15.2.2")
		}
		if r.Request == nil || !r.Request.Fields.Has("Upgrade") {
			s.note(s.from, "101 switches protocols though the request asked for no upgrade", "RFC 9110 7.8")
		}
		token := ""
		if h.upgrade >= 0 {
			token = string(h.at(h.upgrade).Value)
		}
		r.Framing = FramingUpgrade
		s.p.upgraded = true
		s.done("101 switches protocols")
		s.p.leave(token)
	case r.Interim():
		noBody("RFC 9110 8.6")
		if x != nil {
			if x.interim++; x.interim == maxInterim+1 {
				s.note(s.from, "more than "+strconv.Itoa(maxInterim)+" interim responses to one request", "RFC 9110 15.2")
			}
		}
		none("no body for " + strconv.Itoa(r.Status))
	case r.Request != nil && r.Request.Method == "HEAD":
		none("no body: reply to HEAD")
	case r.Request != nil && r.Request.Method == "CONNECT" && r.Status >= 200 && r.Status < 300:
		noBody("RFC 9110 9.3.6")
		r.Framing = FramingUpgrade
		s.p.upgraded = true
		s.done("2xx to CONNECT opens a tunnel")
		s.p.leave("CONNECT")
	case r.Status == 204:
		noBody("RFC 9110 8.6")
		none("no body for 204")
	case r.Status == 304:
		if h.coding >= 0 {
			s.note(h.offset(h.coding), "Transfer-Encoding in a 304 response", "RFC 9112 6.1")
		}
		none("no body for 304")
	default:
		s.frameBody(h, r.Version != "HTTP/1.0" && r.Version != "ICY")
		if r.Status == 205 && (r.Framing != FramingContentLength || r.Length > 0) {
			s.note(s.from, "205 response with content", "RFC 9110 15.3.6")
		}
		s.bodyDone()
	}
}

// maxInterim is how many interim responses to one request go without a Note.
const maxInterim = 100

// frameRequest decides on the body of a request, RFC 9112, section 6.3.
func (s *side) frameRequest(fs Fields, h *framingFields) {
	r := s.request
	s.exchange = s.p.ask(r)
	r.KeepAlive, r.KeepAliveWhy = keepAlive(h, r.Version)
	if r.Version == "HTTP/0.9" {
		r.Framing = FramingNone
		s.done("simple request")
		return
	}
	for i, f := range h.from(h.host) {
		if i > 0 {
			s.refuse(f.From, "several Host fields", "RFC 9112 3.2")
		}
	}
	if h.host < 0 && r.Version == "HTTP/1.1" {
		s.refuse(s.from, "no Host field", "RFC 9112 3.2")
	}
	s.checkTarget(s.target, fs, h.host)
	s.checkCredentials(fs)
	s.frameBody(h, r.Version != "HTTP/1.0")
	s.bodyDone()
}

// setCodings and setFraming write to the message that the side reads.
func (s *side) setCodings(c []string) {
	if s.response != nil {
		s.response.Codings = c
	} else {
		s.request.Codings = c
	}
}

func (s *side) setFraming(f Framing, length int64) {
	if s.response != nil {
		s.response.Framing, s.response.Length = f, length
		if f == FramingClose {
			s.response.KeepAlive, s.response.KeepAliveWhy = false, "the body ends with the connection"
		}
	} else {
		s.request.Framing, s.request.Length = f, length
	}
}

// bind makes the response in progress the reply to the request that is due
// first.
func (s *side) bind() *exchange {
	p := s.p
	if len(p.due) > 0 {
		x := &p.due[0]
		s.exchange, s.response.Request = x.n, x.request
		if !x.done {
			p.sides[0].shared = true
		}
		return x
	}
	if p.asking0() {
		// The server answers a request whose head it did not wait for.
		p.early = p.asked + 1
		s.exchange = p.early
		s.note(s.from, "response before the request was complete", "RFC 9112 9.3")
		return nil
	}
	s.note(s.from, "response that no request asked for", "RFC 9112 9.2")
	return nil
}

// asking0 reports whether the client is within a head that no response has
// answered yet.
func (p *Parser) asking0() bool {
	c := &p.sides[0]
	return (c.state == stateHead || c.state == stateStart) && c.buf.End() > c.buf.Start() && p.early != p.asked+1
}
