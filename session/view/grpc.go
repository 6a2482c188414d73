package view

import (
	"encoding/hex"
	"fmt"
	"strings"

	"wiretape/wire/content"
	"wiretape/wire/grpc"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// A call is what a message of HTTP is to gRPC.
type call struct {
	grpc.Body
	encoding []byte      // of messages that are compressed
	status   grpc.Status // where ended
	ended    bool        // there is a status
	reply    bool        // of the server, which owes a status
	inflated int         // messages whose compression was undone
	limits   content.Limits
}

// maxInflated bounds the messages of a body whose compression is undone.
const maxInflated = 64

// callOf reads the body and the trailers of a message of gRPC; nil where it is none.
func callOf(m *proto.Message, limits content.Limits) *call {
	var fields, trailers http1.Fields
	reply := false
	switch v := m.Value.(type) {
	case *http1.Request:
		fields, trailers = v.Fields, v.Trailers
	case *http1.Response:
		fields, trailers, reply = v.Fields, v.Trailers, !v.Interim()
	default:
		return nil
	}
	kind := grpc.KindOf(string(fields.Get("Content-Type")))
	if kind == grpc.None {
		return nil
	}
	c := &call{limits: limits, Body: grpc.Read(kind, m.Body.Data), encoding: fields.Get("Grpc-Encoding"), reply: reply}
	// What ends a call stands in the trailers, in their frame of gRPC-Web, or, where
	// there is no message, among the fields.
	from := []func(string) []byte{trailers.Get}
	for i := range c.Messages {
		if t := &c.Messages[i]; t.Trailers {
			lines := t.Fields()
			from = append(from, func(name string) []byte {
				for _, l := range lines {
					if l[0] == name {
						return []byte(l[1])
					}
				}
				return nil
			})
		}
	}
	for _, get := range append(from, fields.Get) {
		if c.status, c.ended = grpc.StatusOf(get); c.ended {
			break
		}
	}
	return c
}

// tree reads a message as protobuf, its compression undone. It is not ok where it is
// something else.
func (c *call) tree(m *grpc.Message) (fields []grpc.Field, ok bool) {
	data := m.Data
	if m.Compressed {
		if c.inflated++; c.inflated > maxInflated {
			return nil, false
		}
		r := content.Decode([][]byte{c.encoding}, data, m.Complete, c.limits)
		if !r.Decoded() {
			return nil, false
		}
		data = r.Data
	}
	if m.Trailers || !m.Complete {
		return nil, false
	}
	return grpc.Tree(data)
}

// grpc appends the rows of a message of gRPC: what its body holds, and how the call
// ended.
func (p *Printer) grpc(m *proto.Message) {
	c := callOf(m, p.s.Decoded)
	if c == nil {
		return
	}
	room := p.third()
	if room == 0 {
		room = 1 << 30
	}
	for i := range c.Messages {
		msg := &c.Messages[i]
		what := "message"
		if msg.Trailers {
			what = "trailers"
		}
		text := fmt.Sprintf("gRPC %s of the %s, %s", what, m.Dir, octets(msg.Length))
		if msg.Compressed {
			text += ", compressed"
		}
		if !msg.Complete {
			text += fmt.Sprintf(", incomplete: %s are there", octets(int64(len(msg.Data))))
		}
		p.rows(m.Conn, markInfo, text)
		fields, ok := c.tree(msg)
		if !ok && !msg.Trailers && msg.Complete {
			p.rows(m.Conn, markNone, "  "+someOctets(msg.Data))
			continue
		}
		if left := p.protobuf(m.Conn, fields, "  ", &room); left {
			p.rows(m.Conn, markNone, "… more fields")
			break
		}
	}
	switch {
	case c.Fault != "":
		p.rows(m.Conn, markWarn, "gRPC: "+c.Fault)
	case len(c.Rest) > 0 && !m.Body.Cut:
		p.rows(m.Conn, markWarn, fmt.Sprintf("gRPC: %s behind the last message, which are no prefix", octets(int64(len(c.Rest)))))
	}
	if text, mk := c.end(m); text != "" {
		p.rows(m.Conn, mk, text)
	}
}

// end says how a call ended, "" for a request.
func (c *call) end(m *proto.Message) (string, mark) {
	switch {
	case c.ended:
		text := "grpc-status " + c.status.Text
		if name := c.status.Name(); name != "" {
			text += " " + name
		}
		mk := markInfo
		if c.status.Code != 0 {
			mk = markWarn
		}
		return EscapeString(join(text, c.status.Message)), mk
	case c.reply && m.Complete:
		return "gRPC: the response has no grpc-status", markWarn
	}
	return "", markInfo
}

// protobuf appends a row for each field, as room allows, and reports whether some are
// left.
func (p *Printer) protobuf(conn int, fields []grpc.Field, indent string, room *int) (left bool) {
	for i := range fields {
		f := &fields[i]
		if *room--; *room < 0 {
			return true
		}
		row := fmt.Sprintf("%s%d ", indent, f.Number)
		switch f.Type {
		case grpc.Nested, grpc.Group:
			p.rows(conn, markNone, row+f.Type.String())
			if p.protobuf(conn, f.Fields, indent+"  ", room) {
				return true
			}
			continue
		case grpc.Text:
			// One row, whatever it holds.
			row += fmt.Sprintf("%q", f.Data)
		case grpc.Octets:
			row += octets(int64(len(f.Data))) + " " + hex.EncodeToString(f.Data[:min(len(f.Data), shownOctets)])
			if len(f.Data) > shownOctets {
				row += "…"
			}
		default:
			row += f.Type.String() + " " + f.Numeral()
		}
		p.line(conn, markNone, []byte(row))
	}
	return false
}

// grpc appends what a message of HTTP is to gRPC.
func (j *object) grpc(m *proto.Message) {
	c := callOf(m, j.decoded)
	if c == nil {
		return
	}
	j.open("grpc")
	j.array("messages")
	for i := range c.Messages {
		msg := &c.Messages[i]
		j.open("")
		j.bool("compressed", msg.Compressed)
		j.int("size", msg.Length)
		j.bool("complete", msg.Complete)
		if msg.Trailers {
			j.array("trailers")
			for _, l := range msg.Fields() {
				j.array("")
				j.string("", l[0])
				j.string("", l[1])
				j.end()
			}
			j.end()
		} else if fields, ok := c.tree(msg); ok {
			j.protobuf("fields", fields)
		}
		j.shut()
	}
	j.end()
	if c.Fault != "" {
		j.string("fault", c.Fault)
	}
	if c.ended {
		j.int("status", int64(c.status.Code))
		j.string("status_name", c.status.Name())
		j.string("status_message", c.status.Message)
	}
	j.shut()
}

// protobuf appends fields of a message.
func (j *object) protobuf(name string, fields []grpc.Field) {
	j.array(name)
	for i := range fields {
		f := &fields[i]
		j.open("")
		j.int("number", int64(f.Number))
		j.string("type", f.Type.String())
		switch f.Type {
		case grpc.Nested, grpc.Group:
			j.protobuf("fields", f.Fields)
		case grpc.Text:
			j.bytes("value", f.Data)
		case grpc.Octets:
			j.base64("value", f.Data)
		default:
			// As text: not every reader of JSON has 64 bits.
			j.string("value", strings.Fields(f.Numeral())[0])
		}
		j.shut()
	}
	j.end()
}
