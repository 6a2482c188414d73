package http1

import (
	"bytes"
	"math"
	"slices"

	"wiretape/wire"
)

// frameBody decides by Transfer-Encoding and Content-Length.
func (s *side) frameBody(h *framingFields, coded bool) {
	length, lengthOK := s.contentLength(h)
	if h.coding >= 0 {
		codings := s.codings(h)
		plain := !slices.ContainsFunc(codings, func(c string) bool { return c != "identity" })
		if !plain {
			s.setCodings(codings)
			if !coded {
				s.note(h.offset(h.coding), "Transfer-Encoding in a message of HTTP/1.0", "RFC 9112 6.1")
			}
			if h.length >= 0 {
				s.note(h.offset(h.length), "Content-Length beside Transfer-Encoding: ignored", "RFC 9112 6.3")
			}
			last := codings[len(codings)-1]
			if last == "chunked" {
				s.state = stateChunkSize
				s.left = length // in case that what follows is not chunked at all
				s.setFraming(FramingChunked, -1)
				return
			}
			switch {
			case slices.Contains(codings, "chunked"):
				s.note(h.offset(h.coding), "chunked is not the last transfer coding: the body ends with the connection", "RFC 9112 6.3")
			case s.dir == wire.ServerToClient:
				s.note(h.offset(h.coding), "unknown transfer coding: the body ends with the connection", "RFC 9112 6.3")
			}
			if s.dir == wire.ClientToServer {
				s.refuse(h.offset(h.coding), "request whose last transfer coding is not chunked has no length", "RFC 9112 6.3")
			}
			s.state = stateClose
			s.setFraming(FramingClose, -1)
			return
		}
		s.note(h.offset(h.coding), "transfer coding identity is obsolete: ignored", "RFC 9112 7")
	}
	switch {
	case lengthOK:
		s.state, s.left = stateFixed, length
		s.setFraming(FramingContentLength, length)
	case h.length >= 0 || s.dir == wire.ServerToClient:
		s.state = stateClose
		s.setFraming(FramingClose, -1)
	default:
		s.setFraming(FramingNone, -1)
		s.done("no body")
	}
}

// contentLength returns the one number that the Content-Length fields agree on.
func (s *side) contentLength(h *framingFields) (n int64, ok bool) {
	n = -1
	for i, f := range h.from(h.length) {
		if i > 0 {
			s.note(f.From, "several Content-Length fields", "RFC 9110 8.6")
		}
		for part, rest, more := bytes.Cut(f.Value, comma); ; part, rest, more = bytes.Cut(rest, comma) {
			v, why := decimal(trimLenient(part))
			if why != "" {
				s.refuse(f.From, "Content-Length "+why, "RFC 9112 6.3")
				return -1, false
			}
			if n >= 0 && v != n {
				s.refuse(f.From, "Content-Length fields differ", "RFC 9112 6.3")
				return -1, false
			}
			n = v
			if !more {
				break
			}
			s.note(f.From, "Content-Length is a list", "RFC 9110 8.6")
		}
	}
	return n, n >= 0
}

// trimLenient trims white space and bare CR, which is read as SP (RFC 9112,
// section 2.2).
func trimLenient(p []byte) []byte {
	for len(p) > 0 && (p[0] == ' ' || p[0] == '\t' || p[0] == '\r') {
		p = p[1:]
	}
	for len(p) > 0 && (p[len(p)-1] == ' ' || p[len(p)-1] == '\t' || p[len(p)-1] == '\r') {
		p = p[:len(p)-1]
	}
	return p
}

var comma = []byte{','}

// decimal reads 1*DIGIT. It says why p is not one, or too large.
func decimal(p []byte) (n int64, why string) {
	if len(p) == 0 {
		return 0, "is empty"
	}
	for _, c := range p {
		if !isDigit(c) {
			return 0, "is not a number"
		}
		if n > (math.MaxInt64-int64(c-'0'))/10 {
			return 0, "does not fit 63 bits"
		}
		n = 10*n + int64(c-'0')
	}
	return n, ""
}

// codings returns the transfer codings of all fields, lower case.
func (s *side) codings(h *framingFields) []string {
	var all []string
	for i, f := range h.from(h.coding) {
		if i > 0 {
			s.note(f.From, "several Transfer-Encoding fields", "RFC 9112 6.1")
		}
		for part := range bytes.SplitSeq(f.Value, comma) {
			part = trimLenient(part)
			if len(part) == 0 {
				s.note(f.From, "empty element in the list of transfer codings", "RFC 9110 5.6.1")
				continue
			}
			c := lowerString(part)
			if c == "chunked" && slices.Contains(all, c) {
				s.note(f.From, "chunked is given twice: undone once", "RFC 9112 6.1")
				continue
			}
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		s.refuse(h.offset(h.coding), "Transfer-Encoding is empty", "RFC 9112 6.1")
		return []string{"identity"}
	}
	return all
}
