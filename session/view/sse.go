package view

import (
	"strings"
	"time"

	"wiretape/wire/content"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/sse"
)

// maxEarly is how many events are held until the head of their response is on the
// screen.
const maxEarly = 1 << 10

// streamsEvents reports whether the body of m is shown by its events, which are
// Messages of their own.
func streamsEvents(m *proto.Message) bool {
	r, ok := m.Value.(*http1.Response)
	if !ok || m.Derived || coding(m) != "" {
		return false
	}
	media, _ := content.ParseMediaType(r.Fields.Get("Content-Type"))
	return media.Name == "text/event-stream"
}

// early holds an event back while the head of its response is not written, and
// reports whether it does. Both may come at once.
func (v *connView) early(m *proto.Message) bool {
	if v.progress[proto.Side(m.Dir)].headed || len(v.events) == maxEarly {
		return false
	}
	v.events = append(v.events, *m)
	return true
}

// earlyEvents appends the events that were held back.
func (p *Printer) earlyEvents(v *connView) {
	events := v.events
	v.events = nil
	for i := range events {
		p.event(&events[i], events[i].Value.(*sse.Event))
	}
}

// event appends the row of an event, its data as a body, and its notes.
func (p *Printer) event(m *proto.Message, e *sse.Event) {
	mk := markOf(m, false)
	if e.HasData || len(e.Comments) == 0 || e.Name != "" || e.HasID || e.Retry >= 0 {
		p.row(m.Conn, mk, []byte(eventText(e, m)))
	}
	for _, c := range e.Comments {
		p.line(m.Conn, mk, append([]byte("comment "), c...))
	}
	var b bodyProgress
	if e.HasData {
		p.body(m.Conn, &b, m.Body.Data, bodyStyle{room: p.third(), mark: mk}, true)
		p.more(m.Conn, &b, len(m.Body.Data), m.Body.Size)
	}
	p.notes(m, m.Notes)
}

// eventText says what an event is, but for its data.
func eventText(e *sse.Event, m *proto.Message) string {
	var b strings.Builder
	b.WriteString("event " + e.Type())
	if e.HasID {
		b.WriteString(", id " + e.ID)
	}
	if e.Retry >= 0 {
		b.WriteString(", retry " + span(e.Retry))
	}
	switch {
	case !m.Complete:
		b.WriteString(", incomplete: " + m.EndedBy)
	case !e.HasData:
		b.WriteString(", no data")
	}
	return b.String()
}

// event appends what an event has.
func (j *object) event(m *proto.Message, e *sse.Event) {
	j.string("event", e.Type())
	if e.HasID {
		j.string("id", e.ID)
	}
	if e.Retry >= 0 {
		j.int("retry", int64(e.Retry/time.Millisecond))
	}
	if e.HasData {
		j.bytes("data", m.Body.Data)
		j.bool("data_cut", m.Body.Cut)
	}
	if len(e.Comments) > 0 {
		j.array("comments")
		for _, c := range e.Comments {
			j.bytes("", c)
		}
		j.end()
	}
	j.complete(m)
}
