// Package sse reads event streams, as the section "Server-sent events" of the
// WHATWG HTML Standard defines them, while they come. It serves who watches a
// stream that may never end: each event is a Message at its blank line, long before
// the response that carries it is complete.
//
// A [Decoder] is given the body of one response, in pieces of any size. It cannot
// fail: what a browser passes over is a Note.
//
// # Lines
//
//	stream  = [ BOM ] *event
//	event   = *( comment / field ) end-of-line
//	comment = ":" *any-char end-of-line
//	field   = name [ ":" [ SP ] value ] end-of-line
//	end-of-line = CR LF / LF / CR
package sse

import (
	"bytes"
	"time"

	"wiretape/wire/proto"
)

// An Event is the Value of a Message of [proto.KindEvent]; its data is the body of
// the Message. It is what stands between two blank lines: a block of comments
// alone, which servers send to keep a connection alive, is one too.
type Event struct {
	// Name is the field event; "" where there is none, which means "message".
	Name string
	// ID is the field id, which a client sends as Last-Event-ID when it comes again;
	// HasID tells an empty one, which resets that, from none.
	ID    string
	HasID bool
	// Retry is how long a client is to wait before it comes again; negative where
	// nothing is said.
	Retry time.Duration
	// HasData reports whether there is a field data. Without one, browsers pass the
	// event over.
	HasData  bool
	Comments [][]byte // without their colons, a bounded number
}

// Type returns the type of the event that scripts see.
func (e *Event) Type() string {
	if e.Name == "" {
		return "message"
	}
	return e.Name
}

// maxComments is how many comments of a block are kept.
const maxComments = 64

// A Decoder reads one event stream. It holds one line and one event, within its
// limits.
type Decoder struct {
	limits proto.Limits

	line    []byte // the line in progress, up to the limit
	lineAt  int64  // offset of its first octet
	long    bool   // octets of it were left out
	cr      bool   // the last octet was CR: an LF belongs to it
	begun   bool   // the beginning of the stream, where a byte order mark may stand, is over
	open    bool   // a block is in progress: lines of it, or a part of one, came
	event   *Event
	message proto.Message
	seen    int // events with data so far
}

// New returns a Decoder within limits: Line bounds a line, Body the data of an
// event.
func New(limits proto.Limits) *Decoder {
	return &Decoder{limits: limits.WithDefaults()}
}

// Body takes data, the next octets of the stream, whose first stands at an offset
// of the connection's direction and which came at a time. It appends the events
// that they completed to out; each takes Conn, Exchange, Proto, Dir, Stream and
// Secure from like.
func (d *Decoder) Body(out []proto.Message, like proto.Message, at time.Duration, offset int64, data []byte) []proto.Message {
	for len(data) > 0 {
		if d.cr {
			d.cr = false
			if data[0] == '\n' {
				data, offset = data[1:], offset+1
				continue
			}
		}
		if !d.open {
			d.start(like, at, offset)
		}
		if len(d.line) == 0 && !d.long {
			d.lineAt = offset
		}
		i := bytes.IndexAny(data, "\r\n")
		part := data
		if i >= 0 {
			part = data[:i]
		}
		room := d.limits.Line - len(d.line)
		d.long = d.long || len(part) > room
		d.line = append(d.line, part[:min(len(part), room)]...)
		d.message.Last = at
		if i < 0 {
			d.message.Span.To = offset + int64(len(data))
			return out
		}
		d.cr = data[i] == '\r'
		data, offset = data[i+1:], offset+int64(i)+1
		d.message.Span.To = offset
		if d.take() {
			out = d.finish(out)
		}
	}
	return out
}

// End says that the stream is over, and why. A block that no blank line ended is
// given all the same, incomplete: browsers pass it over.
func (d *Decoder) End(out []proto.Message, why string) []proto.Message {
	if !d.open {
		return out
	}
	if len(d.line) > 0 || d.long {
		d.take()
	}
	if e := d.event; !e.HasData && e.Name == "" && !e.HasID && e.Retry < 0 && len(d.message.Notes) == 0 {
		d.message.Complete, d.message.EndedBy = true, why // a comment alone loses nobody an event
		return d.give(out)
	}
	d.note(d.message.Span.To, "no blank line ends the event: browsers pass it over")
	d.message.Complete, d.message.EndedBy = false, why+", no blank line"
	return d.give(out)
}

// Answered reports whether an event has come. When the stream ends nobody knows:
// to who waits for a reply an event is one.
func (d *Decoder) Answered() bool { return d.seen > 0 }

// start begins a block.
func (d *Decoder) start(like proto.Message, at time.Duration, offset int64) {
	d.open = true
	d.event = &Event{Retry: -1}
	d.message = proto.Message{
		Conn: like.Conn, Exchange: like.Exchange, Proto: like.Proto, Dir: like.Dir, Stream: like.Stream, Secure: like.Secure,
		Kind: proto.KindEvent, Value: d.event, Derived: true, Span: proto.Span{From: offset, To: offset}, First: at, Last: at,
	}
}

// finish ends a block at its blank line. One of blank lines alone is none.
func (d *Decoder) finish(out []proto.Message) []proto.Message {
	if e := d.event; !e.HasData && e.Name == "" && !e.HasID && e.Retry < 0 && e.Comments == nil && len(d.message.Notes) == 0 {
		d.open = false
		return out
	}
	if d.event.HasData {
		d.seen++
	}
	d.message.Complete, d.message.EndedBy = true, "blank line"
	return d.give(out)
}

func (d *Decoder) give(out []proto.Message) []proto.Message {
	out = append(out, d.message)
	d.open, d.event, d.message = false, nil, proto.Message{}
	return out
}

func (d *Decoder) note(at int64, text string) {
	d.message.Notes = proto.AddNote(d.message.Notes, proto.Note{Offset: at, Text: text, Rule: "HTML 9.2.6"})
}
