package view

import (
	"encoding/hex"
	"fmt"
	"strings"

	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// shownOctets is how many octets of what is not decoded stand in a frame's row.
const shownOctets = 16

// frame appends the row of a frame, the fields of its header block, and the data
// of a DATA frame as a body.
func (p *Printer) frame(m *proto.Message, mk mark) {
	p.frameRows(m, mk)
	if m.Body.Size > 0 {
		var b bodyProgress
		p.body(m.Conn, &b, m.Body.Data, bodyStyle{room: p.third()}, true)
		p.more(m.Conn, &b, len(m.Body.Data), m.Body.Size)
	}
}

// FrameList writes the rows of frames of HTTP/2 with their notes, without the data
// that they carry.
func (p *Printer) FrameList(msgs []proto.Message) {
	p.begin()
	defer p.mu.Unlock()
	for i := range msgs {
		p.frameRows(&msgs[i], markOf(&msgs[i], false))
		p.notes(&msgs[i], msgs[i].Notes)
	}
	p.flush()
}

// frameRows appends what a frame says of itself.
func (p *Printer) frameRows(m *proto.Message, mk mark) {
	text := "octets that are no frame"
	f, ok := m.Value.(*http2.Frame)
	if ok {
		text = join(f.String(), frameText(f))
		if len(f.Fragment) > 0 && (f.Block == nil || f.Block.Broken) {
			text += "; HPACK " + someOctets(f.Fragment)
		}
		if p.s.Frames {
			text += frameDetail(f)
		}
	} else if v, ok := m.Value.(fmt.Stringer); ok {
		text = v.String()
	}
	if !m.Complete {
		text += "; incomplete: " + m.EndedBy
	}
	p.rows(m.Conn, mk, text)
	if ok && f.Block != nil {
		p.fields(m, f.Block, mk)
	}
}

// frameDetail says where a frame leaves its stream and flow control.
func frameDetail(f *http2.Frame) string {
	text := ""
	if f.Type == http2.FrameRSTStream || f.Type == http2.FrameGoAway {
		text = "; " + f.Code.Meaning() + " (RFC 9113 7)"
	}
	if f.State != 0 {
		text += "; stream " + f.State.String()
	}
	if w := f.Flow; w != nil {
		text += fmt.Sprintf("; the %s may send %s", w.Dir, octets(w.Conn))
		if w.Followed {
			text += ", on the stream " + octets(w.Stream)
		}
	}
	return text
}

// frameText says what the fields of a frame hold, "" where the header says it
// all.
func frameText(f *http2.Frame) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if f.PadLength > 0 {
		add("padding %s", octets(int64(f.PadLength)))
	}
	if f.Priority != nil {
		add("depends on stream %d, weight %d", f.Priority.DependsOn, f.Priority.Weight)
		if f.Priority.Exclusive {
			add("exclusive")
		}
	}
	switch f.Type {
	case http2.FrameSettings:
		for _, s := range f.Settings {
			add("%s", s)
		}
	case http2.FrameRSTStream:
		add("%s", f.Code)
	case http2.FramePushPromise:
		add("promises stream %d", f.Promised)
	case http2.FramePing:
		add("%s", someOctets(f.Opaque))
	case http2.FrameGoAway:
		add("%s, last stream %d", f.Code, f.Last)
		if len(f.Debug) > 0 {
			// One row, whatever it holds.
			add("%s", EscapeString(string(f.Debug)))
		}
	case http2.FrameWindowUpdate:
		add("%s more", octets(int64(f.Increment)))
	}
	if x := f.Extension; x != nil {
		if f.Type == http2.FramePriorityUpdate {
			add("stream %d", x.Stream)
		}
		for _, o := range x.Origins {
			if len(o) > 0 {
				add("%s", EscapeString(string(o)))
			}
		}
		if len(x.Value) > 0 {
			add("%s", EscapeString(string(x.Value)))
		}
	} else if len(f.Unknown) > 0 {
		add("%s", someOctets(f.Unknown))
	}
	return strings.Join(parts, ", ")
}

// someOctets writes the first octets of b in hexadecimal.
func someOctets(b []byte) string {
	text := hex.EncodeToString(b[:min(len(b), shownOctets)])
	if len(b) > shownOctets {
		text += "…"
	}
	return text
}

// frame appends what a frame of HTTP/2 has: its header, then the fields of its
// type.
func (j *object) frame(m *proto.Message, f *http2.Frame) {
	j.string("type", f.Type.String())
	j.array("flags")
	for _, name := range f.FlagNames() {
		j.string("", name)
	}
	j.end()
	j.int("stream", int64(f.Stream))
	j.int("length", int64(f.Length))
	if f.PadLength > 0 {
		j.int("pad_length", int64(f.PadLength))
	}
	if f.Priority != nil {
		j.open("priority")
		j.bool("exclusive", f.Priority.Exclusive)
		j.int("depends_on", int64(f.Priority.DependsOn))
		j.int("weight", int64(f.Priority.Weight))
		j.shut()
	}
	switch f.Type {
	case http2.FrameSettings:
		j.array("settings")
		for _, s := range f.Settings {
			j.array("")
			j.string("", s.ID.String())
			j.int("", int64(s.Value))
			j.end()
		}
		j.end()
	case http2.FrameRSTStream:
		j.code(int64(f.Code), f.Code.String())
	case http2.FramePushPromise:
		j.int("promised", int64(f.Promised))
	case http2.FramePing:
		j.base64("opaque", f.Opaque)
	case http2.FrameGoAway:
		j.code(int64(f.Code), f.Code.String())
		j.int("last", int64(f.Last))
		j.bytes("debug", f.Debug)
	case http2.FrameWindowUpdate:
		j.int("increment", int64(f.Increment))
	}
	if f.Fragment != nil {
		j.base64("fragment", f.Fragment)
	}
	if f.Block != nil {
		j.block(f.Block)
	}
	if f.State != 0 {
		j.string("stream_state", f.State.String())
	}
	if w := f.Flow; w != nil {
		j.open("window")
		j.string("sender", w.Dir.String())
		j.int("connection", w.Conn)
		if w.Followed {
			j.int("stream", w.Stream)
		}
		j.shut()
	}
	if x := f.Extension; x != nil {
		if f.Type == http2.FramePriorityUpdate {
			j.int("prioritized", int64(x.Stream))
		} else {
			j.array("origins")
			for _, o := range x.Origins {
				j.bytes("", o)
			}
			j.end()
		}
		if f.Type != http2.FrameOrigin {
			j.bytes("value", x.Value)
		}
	}
	if f.Unknown != nil {
		j.base64("payload", f.Unknown)
	}
	j.complete(m)
	if f.Type == http2.FrameData {
		j.body(m)
	}
}
