package websocket

import (
	"cmp"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// A Handshake is what the opening handshake has agreed on.
type Handshake struct {
	Deflate    *Deflate // permessage-deflate; nil where it was not accepted
	Extensions []string // all that were accepted, in order
	Protocol   string   // the subprotocol; "" for none
}

// Deflate are the parameters of permessage-deflate (RFC 7692, section 7.1).
type Deflate struct {
	ServerNoTakeover, ClientNoTakeover bool // each message is compressed by itself
	ServerBits, ClientBits             int  // of the window, 8 to 15
}

// String returns what was agreed on, "permessage-deflate, subprotocol chat".
func (h *Handshake) String() string {
	var parts []string
	for _, name := range h.Extensions {
		if name != deflateName || h.Deflate == nil {
			parts = append(parts, name)
			continue
		}
		parts = append(parts, h.Deflate.String())
	}
	if len(parts) == 0 {
		parts = append(parts, "no extension")
	}
	if h.Protocol != "" {
		parts = append(parts, "subprotocol "+h.Protocol)
	}
	return strings.Join(parts, ", ")
}

// String returns the extension with the parameters that differ from the defaults.
func (d *Deflate) String() string {
	s := deflateName
	if d.ServerNoTakeover {
		s += "; server_no_context_takeover"
	}
	if d.ClientNoTakeover {
		s += "; client_no_context_takeover"
	}
	if d.ServerBits != 15 {
		s += fmt.Sprintf("; server_max_window_bits=%d", d.ServerBits)
	}
	if d.ClientBits != 15 {
		s += fmt.Sprintf("; client_max_window_bits=%d", d.ClientBits)
	}
	return s
}

const (
	deflateName = "permessage-deflate"
	guid        = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
)

// Accept returns the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC
// 6455, section 4.2.2).
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + guid))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Check reads the handshake that resp ends, with status 101, whose Message begins at
// offset. Its request is nil where that was not seen. The Notes stand within the
// head of the response, in order; those on the request at its beginning.
func Check(resp *http1.Response, offset int64) (Handshake, []proto.Note) {
	c := &checker{resp: resp, offset: offset}
	if resp.Request != nil {
		c.request(resp.Request)
	}
	c.response()
	c.extensions()
	c.subprotocol()
	slices.SortStableFunc(c.notes, func(a, b proto.Note) int { return cmp.Compare(a.Offset, b.Offset) })
	return c.h, c.notes
}

// A checker holds what Check finds.
type checker struct {
	resp   *http1.Response
	offset int64
	h      Handshake
	notes  []proto.Note
}

// note says what is wrong with a field of the response; a name that is not there
// means the response as a whole.
func (c *checker) note(name, rule, format string, args ...any) {
	at := c.offset
	for _, f := range c.resp.Fields.List() {
		if name != "" && strings.EqualFold(string(f.Name), name) {
			at = f.From
			break
		}
	}
	c.notes = proto.AddNote(c.notes, proto.Note{Offset: at, Text: fmt.Sprintf(format, args...), Rule: rule})
}

// request checks what a server had to refuse (RFC 6455, section 4.2.1).
func (c *checker) request(r *http1.Request) {
	const rule = "RFC 6455 4.1"
	if r.Method != "GET" {
		c.note("", rule, "the handshake's method is %s, not GET", r.Method)
	}
	if r.Version == "HTTP/1.0" || r.Version == "HTTP/0.9" {
		c.note("", rule, "the handshake's version is %s, less than HTTP/1.1", r.Version)
	}
	if !hasToken(r.Fields, "Upgrade", "websocket") {
		c.note("", rule, "the request has no Upgrade: websocket")
	}
	if !hasToken(r.Fields, "Connection", "upgrade") {
		c.note("", rule, "the request has no Connection: Upgrade")
	}
	switch v := r.Fields.Values("Sec-WebSocket-Version"); {
	case len(v) == 0:
		c.note("", rule, "the request has no Sec-WebSocket-Version")
	case string(v[0]) != "13":
		c.note("", rule, "the request has Sec-WebSocket-Version: %s, not 13", v[0])
	}
	switch keys := r.Fields.Values("Sec-WebSocket-Key"); {
	case len(keys) == 0:
		c.note("", rule, "the request has no Sec-WebSocket-Key")
	case len(keys) > 1:
		c.note("", "RFC 6455 11.3.1", "the request has %d Sec-WebSocket-Key fields", len(keys))
	default:
		if b, err := base64.StdEncoding.DecodeString(string(keys[0])); err != nil || len(b) != 16 {
			c.note("", rule, "the request's Sec-WebSocket-Key is not 16 octets in base64")
		}
	}
}

// response checks what a client had to refuse (RFC 6455, section 4.1).
func (c *checker) response() {
	const rule = "RFC 6455 4.1"
	if !hasToken(c.resp.Fields, "Connection", "upgrade") {
		c.note("Connection", rule, "the response has no Connection: Upgrade")
	}
	accepts := c.resp.Fields.Values("Sec-WebSocket-Accept")
	if len(accepts) == 0 {
		c.note("", rule, "the response has no Sec-WebSocket-Accept")
		return
	}
	if len(accepts) > 1 {
		c.note("Sec-WebSocket-Accept", "RFC 6455 11.3.3", "the response has %d Sec-WebSocket-Accept fields", len(accepts))
	}
	if c.resp.Request == nil {
		return
	}
	if want := Accept(string(c.resp.Request.Fields.Get("Sec-WebSocket-Key"))); string(accepts[0]) != want {
		c.note("Sec-WebSocket-Accept", rule, "Sec-WebSocket-Accept does not answer the key: want %s", want)
	}
}

// extensions reads what was accepted, against what was offered.
func (c *checker) extensions() {
	const name = "Sec-WebSocket-Extensions"
	accepted := parseExtensions(c.resp.Fields, name)
	var offered []extension
	if c.resp.Request != nil {
		offered = parseExtensions(c.resp.Request.Fields, name)
	}
	for _, e := range accepted {
		again := slices.Contains(c.h.Extensions, e.name)
		c.h.Extensions = append(c.h.Extensions, e.name)
		i := slices.IndexFunc(offered, func(o extension) bool { return o.name == e.name })
		switch {
		case c.resp.Request != nil && i < 0:
			c.note(name, "RFC 6455 4.1", "the extension %s was not offered", e.name)
		case again:
			c.note(name, "RFC 6455 9.1", "the extension %s is accepted twice", e.name)
		case e.name != deflateName:
			c.note(name, "", "the extension %s is not read here", e.name)
		}
		if e.name == deflateName && c.h.Deflate == nil {
			c.deflate(e, offered)
		}
	}
}

// deflate reads the parameters of permessage-deflate (RFC 7692, section 7.1). One
// that makes no sense is left out, and noted.
func (c *checker) deflate(e extension, offered []extension) {
	const name = "Sec-WebSocket-Extensions"
	d := &Deflate{ServerBits: 15, ClientBits: 15}
	c.h.Deflate = d
	seen := map[string]bool{}
	for _, p := range e.params {
		if seen[p.name] {
			c.note(name, "RFC 7692 7.1", "the parameter %s stands twice", p.name)
			continue
		}
		seen[p.name] = true
		switch p.name {
		case "server_no_context_takeover":
			d.ServerNoTakeover = true
		case "client_no_context_takeover":
			d.ClientNoTakeover = true
		case "server_max_window_bits", "client_max_window_bits":
			bits, err := strconv.Atoi(p.value)
			if err != nil || bits < 8 || bits > 15 || strconv.Itoa(bits) != p.value {
				c.note(name, "RFC 7692 7.1.2", "%s=%s: want a number from 8 to 15", p.name, p.value)
				continue
			}
			if p.name[0] == 's' {
				d.ServerBits = bits
				continue
			}
			d.ClientBits = bits
			// A client that has not offered it may not be able to.
			may := slices.ContainsFunc(offered, func(o extension) bool { return o.name == deflateName && o.has(p.name) })
			if c.resp.Request != nil && !may {
				c.note(name, "RFC 7692 7.1.2.2", "client_max_window_bits was not offered")
			}
			continue
		default:
			c.note(name, "RFC 7692 7.1", "permessage-deflate has no parameter %s", p.name)
			continue
		}
		if p.valued {
			c.note(name, "RFC 7692 7.1.1", "%s has a value", p.name)
		}
	}
}

func (c *checker) subprotocol() {
	const name = "Sec-WebSocket-Protocol"
	v := c.resp.Fields.Get(name)
	if v == nil {
		return
	}
	c.h.Protocol = string(v)
	if c.resp.Request == nil {
		return
	}
	for _, offer := range c.resp.Request.Fields.Values(name) {
		for p := range strings.SplitSeq(string(offer), ",") {
			if strings.Trim(p, " \t") == c.h.Protocol {
				return
			}
		}
	}
	c.note(name, "RFC 6455 4.1", "the subprotocol %s was not asked for", v)
}

// hasToken reports whether a list field has a token, in any case.
func hasToken(fields http1.Fields, name, token string) bool {
	for _, v := range fields.Values(name) {
		for t := range strings.SplitSeq(string(v), ",") {
			if strings.EqualFold(strings.Trim(t, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// An extension is one of Sec-WebSocket-Extensions (RFC 6455, section 9.1).
type extension struct {
	name   string
	params []param
}

type param struct {
	name, value string
	valued      bool
}

func (e *extension) has(name string) bool {
	return slices.ContainsFunc(e.params, func(p param) bool { return p.name == name })
}

// maxExtensions bounds what is read of a list.
const maxExtensions = 32

// parseExtensions reads all fields of that name as one list.
func parseExtensions(fields http1.Fields, name string) []extension {
	var all []extension
	for _, v := range fields.Values(name) {
		for _, text := range cutQuoted(string(v), ',') {
			parts := cutQuoted(text, ';')
			e := extension{name: strings.Trim(parts[0], " \t")}
			if e.name == "" {
				continue
			}
			if len(all) == maxExtensions {
				return all
			}
			for _, p := range parts[1:] {
				name, value, valued := strings.Cut(strings.Trim(p, " \t"), "=")
				value = strings.Trim(strings.Trim(value, " \t"), `"`)
				if name = strings.Trim(name, " \t"); name != "" && len(e.params) < maxExtensions {
					e.params = append(e.params, param{name, value, valued})
				}
			}
			all = append(all, e)
		}
	}
	return all
}

// cutQuoted cuts s at sep where that is not within double quotes.
func cutQuoted(s string, sep byte) []string {
	var parts []string
	quoted, from := false, 0
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}
