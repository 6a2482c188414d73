package replay

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire/dns"
	"wiretape/wire/http1"
	"wiretape/wire/imap"
	"wiretape/wire/proto"
)

// An edit replaces octets of a recorded message.
type edit struct {
	from, to int
	with     []byte
}

// A renderer makes our messages of recorded ones.
type renderer struct {
	tape    string
	vars    *match.Vars
	invent  bool   // a secret without a value is invented, not refused
	host    string // that the Host field names; "" for the recorded
	packets bool   // each message is a datagram
	getenv  func(string) string

	// What the peer drew anew, and has to be given back.
	ids  map[uint16]uint16 // of queries of DNS, by the tape's
	keys map[string]string // Sec-WebSocket-Key, by the tape's
	tags map[string]string // of commands of IMAP, by the tape's
}

// came notes what a request of the peer drew anew.
func (r *renderer) came(want, got *match.Message) {
	switch w := want.Value.(type) {
	case *dns.Message:
		if g, ok := got.Value.(*dns.Message); ok && g.ID != w.ID {
			if r.ids == nil {
				r.ids = map[uint16]uint16{}
			}
			r.ids[w.ID] = g.ID
		}
	case *imap.Command:
		if g, ok := got.Value.(*imap.Command); ok && w.Tag != "" {
			if r.tags == nil {
				r.tags = map[string]string{}
			}
			r.tags[w.Tag] = g.Tag
		}
	case *http1.Request:
		g, ok := got.Value.(*http1.Request)
		if !ok {
			return
		}
		was, is := string(w.Fields.Get(wsKey)), string(g.Fields.Get(wsKey))
		if was != "" && is != "" && was != is {
			if r.keys == nil {
				r.keys = map[string]string{}
			}
			r.keys[was] = is
		}
	}
}

const wsKey, wsAccept = "Sec-WebSocket-Key", "Sec-WebSocket-Accept"

// answers returns the edits that give back what the peer drew anew, and notes of
// them. What was wrong on the tape stays so.
func (r *renderer) answers(m *match.Message) (edits []edit, notes []string) {
	switch v := m.Value.(type) {
	case *dns.Message:
		id, ok := r.ids[v.ID]
		at := 0
		if !r.packets {
			at = 2 // RFC 1035, section 4.2.2: a length stands before it
		}
		if ok && v.Response && len(m.Raw) >= at+2 {
			edits = append(edits, edit{at, at + 2, []byte{byte(id >> 8), byte(id)}})
			notes = append(notes, r.tape+": ids of answers are those of the queries that came")
		}
	case *imap.Response:
		if tag := r.tags[v.Tag]; tag != "" && tag != v.Tag {
			edits = append(edits, edit{0, len(v.Tag), []byte(tag)})
			notes = append(notes, r.tape+": tags of replies are those of the commands that came")
		}
	case *http1.Response:
		if v.Request == nil || len(r.keys) == 0 {
			return nil, nil
		}
		was := string(v.Request.Fields.Get(wsKey))
		is, ok := r.keys[was]
		if !ok || string(v.Fields.Get(wsAccept)) != match.WebSocketAccept(was) {
			return nil, nil
		}
		if e, ok := fieldEdit(m, v.Fields, wsAccept, match.WebSocketAccept(is)); ok {
			edits = append(edits, e)
			notes = append(notes, r.tape+": "+wsAccept+" is of the key that came")
		}
	}
	return edits, notes
}

// env is where the values of secrets stand.
const env = "WIRETAPE_SECRET_"

// Export returns what a shell's export takes to set a secret that stands in data:
// the variable's name, "=" and the form of its value where that can be told, as
// user:password of Basic (RFC 7617, section 2), and else "…".
func Export(s tape.Span, data []byte) string {
	const basic = "basic "
	form := "…"
	if i := s.From - len(basic); s.Enc == "b64" && i >= 0 && strings.EqualFold(string(data[i:s.From]), basic) {
		form = "user:password"
	}
	return env + s.ID + "=" + form
}

// render returns the octets to be sent, and notes of what was recomputed.
func (r *renderer) render(m *match.Message) ([]byte, []string, error) {
	edits, said := r.answers(m)
	if len(m.Spans) == 0 && r.host == "" && len(edits) == 0 {
		return m.Raw, nil, nil
	}
	given := edits
	edits = nil
	for _, s := range m.Spans {
		value, err := r.value(m, s)
		if err != nil {
			return nil, nil, err
		}
		r.vars.Sent(s, value)
		if !bytes.Equal(value, m.Raw[s.From:s.To]) {
			edits = append(edits, edit{s.From, s.To, value})
		}
	}
	if e, ok := r.hostEdit(m); ok {
		edits = insert(edits, e)
	}
	for _, e := range given {
		edits = insert(edits, e)
	}
	lengths, notes, err := r.lengths(m, edits)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range lengths {
		edits = insert(edits, e)
	}
	return apply(m.Raw, edits), append(said, notes...), nil
}

// value returns what is sent at a span.
func (r *renderer) value(m *match.Message, s tape.Span) ([]byte, error) {
	sample := m.Raw[s.From:s.To]
	switch s.Kind {
	case tape.SpanSecret:
		if v, ok := r.vars.Secret(s.ID); ok {
			return match.EncodeSecret(s.Enc, v), nil
		}
		if v := r.getenv(env + s.ID); v != "" {
			return match.EncodeSecret(s.Enc, []byte(v)), nil
		}
		if r.invent {
			return sample, nil
		}
		return nil, fmt.Errorf("%s:%d: secret %s (%d B) not set: export %s",
			r.tape, m.Line(m.Span.From+int64(s.From)), s.ID, len(sample), Export(s, m.Raw))
	case tape.SpanRef, tape.SpanWSAccept, tape.SpanEncB64:
		if v, ok := r.vars.Computed(s); ok {
			return v, nil
		}
	}
	return sample, nil
}

// hostEdit returns the edit that has Host name where the message goes.
func (r *renderer) hostEdit(m *match.Message) (edit, bool) {
	q, ok := m.Value.(*http1.Request)
	if !ok || r.host == "" {
		return edit{}, false
	}
	return fieldEdit(m, q.Fields, "Host", r.host)
}

// fieldEdit returns the edit that gives the first field of a name another value.
func fieldEdit(m *match.Message, fs http1.Fields, name, value string) (edit, bool) {
	for _, f := range fs.List() {
		if !strings.EqualFold(string(f.Name), name) {
			continue
		}
		from, to := int(f.From-m.Span.From), int(f.To-m.Span.From)
		if i := bytes.Index(m.Raw[from:to], f.Value); i > 0 && len(f.Value) > 0 {
			return edit{from + i, from + i + len(f.Value), []byte(value)}, true
		}
	}
	return edit{}, false
}

// lengths returns the edits of the one length that encloses what grew or shrank.
func (r *renderer) lengths(m *match.Message, edits []edit) (out []edit, notes []string, err error) {
	grown := func(from, to int) int {
		n := 0
		for _, e := range edits {
			if e.from >= from && e.to <= to {
				n += len(e.with) - (e.to - e.from)
			}
		}
		return n
	}
	if m.IsRaw() {
		if grown(0, len(m.Raw)) != 0 {
			return nil, nil, fmt.Errorf("%s:%d: a value of another length than the recorded one, in bytes that no protocol frames: nothing sent",
				r.tape, m.Line(m.Span.From))
		}
		return nil, nil, nil
	}
	for _, l := range match.Lengths(m) {
		if n := grown(l.DataFrom, l.DataTo); n != 0 {
			was := string(m.Raw[l.From:l.To])
			is := strconv.Itoa(l.DataTo - l.DataFrom + n)
			out = append(out, edit{l.From, l.To, []byte(is)})
			notes = append(notes, fmt.Sprintf("%s:%d: length recomputed: %s to %s", r.tape, m.Line(m.Span.From+int64(l.From)), was, is))
		}
	}
	var fields http1.Fields
	var framing http1.Framing
	switch v := m.Value.(type) {
	case *http1.Request:
		fields, framing = v.Fields, v.Framing
	case *http1.Response:
		fields, framing = v.Fields, v.Framing
	default:
		return out, notes, nil
	}
	set := func(from, to int, was, is string, what string) {
		out = append(out, edit{from, to, []byte(is)})
		notes = append(notes, fmt.Sprintf("%s:%d: %s recomputed: %s to %s", r.tape, m.Line(m.Span.From+int64(from)), what, was, is))
	}
	head := len(m.Head)
	switch framing {
	case http1.FramingContentLength:
		n := grown(head, len(m.Raw))
		for _, f := range fields.List() {
			if n == 0 || !strings.EqualFold(string(f.Name), "content-length") {
				continue
			}
			from := int(f.From - m.Span.From)
			i := bytes.Index(m.Raw[from:head], f.Value)
			was, err := strconv.Atoi(string(f.Value))
			if i < 0 || err != nil {
				continue
			}
			set(from+i, from+i+len(f.Value), string(f.Value), strconv.Itoa(was+n), "Content-Length")
		}
	case http1.FramingChunked:
		var size proto.Leaf
		for _, l := range m.Leaves {
			switch l.Name {
			case proto.LeafChunkSize:
				size = l
			case proto.LeafChunkData:
				n := grown(int(l.From-m.Span.From), int(l.To-m.Span.From))
				from, to := int(size.From-m.Span.From), int(size.To-m.Span.From)
				if n == 0 || from < 0 || to > len(m.Raw) || from >= to {
					continue
				}
				digits := len(m.Raw[from:to]) - len(bytes.TrimLeft(m.Raw[from:to], "0123456789abcdefABCDEF"))
				was := string(m.Raw[from : from+digits])
				if v, err := strconv.ParseInt(was, 16, 64); err == nil {
					set(from, from+digits, was, strconv.FormatInt(v+int64(n), 16), "chunk size")
				}
			}
		}
	}
	return out, notes, nil
}

// insert puts an edit in its place.
func insert(edits []edit, e edit) []edit {
	i := 0
	for i < len(edits) && edits[i].from < e.from {
		if edits[i].to > e.from {
			return edits // it is in another's place, which knows better
		}
		i++
	}
	if i < len(edits) && e.to > edits[i].from {
		return edits
	}
	edits = append(edits, edit{})
	copy(edits[i+1:], edits[i:])
	edits[i] = e
	return edits
}

func apply(b []byte, edits []edit) []byte {
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, b[at:e.from]...), e.with...)
		at = e.to
	}
	return append(out, b[at:]...)
}

func (r *renderer) lookup() {
	if r.getenv == nil {
		r.getenv = os.Getenv
	}
}
