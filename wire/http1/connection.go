package http1

import "bytes"

// keepAlive says whether the sender of a message leaves the connection open,
// and why (RFC 9112, section 9.3).
func keepAlive(h *framingFields, version string) (bool, string) {
	alive := false
	for _, f := range h.from(h.connection) {
		for part := range bytes.SplitSeq(f.Value, comma) {
			part = bytes.Trim(part, " \t")
			if equalFold(part, "close") {
				return false, "Connection: close"
			}
			alive = alive || equalFold(part, "keep-alive")
		}
	}
	switch {
	case version == "HTTP/1.0" && alive:
		return true, "Connection: keep-alive"
	case version == "HTTP/1.0" || version == "HTTP/0.9" || version == "ICY":
		return false, version
	}
	return true, "HTTP/1.1"
}

// keepAliveResponse gives the response in progress its verdict.
func (s *side) keepAliveResponse(h *framingFields) {
	r := s.response
	r.KeepAlive, r.KeepAliveWhy = keepAlive(h, r.Version)
	if q := r.Request; r.KeepAlive && q != nil && !q.KeepAlive {
		r.KeepAlive, r.KeepAliveWhy = false, "request: "+q.KeepAliveWhy
	}
}

// checkLocation notes Location fields that clients read differently.
func (s *side) checkLocation(h *framingFields) {
	const rule = "RFC 9110 10.2.2"
	for i, f := range h.from(h.location) {
		if i > 0 {
			text := "several Location fields"
			if !bytes.Equal(f.Value, h.at(h.location).Value) {
				text = "several Location fields, which differ"
			}
			s.note(f.From, text, rule)
		}
		v := f.Value
		switch i := bytes.IndexAny(v, ":/?#"); {
		case len(v) == 0:
			s.note(f.From, "Location is empty", rule)
		case v[0] == '#':
			s.note(f.From, "Location leads to the same resource", rule)
		case i > 0 && v[i] == ':' && !equalFold(v[:i], "http") && !equalFold(v[:i], "https"):
			s.note(f.From, "Location leads out of HTTP", rule)
		}
		if bytes.ContainsFunc(v, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
			s.note(f.From, "Location has octets that no URI may have", rule)
		}
	}
}
