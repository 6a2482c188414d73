package view

import "wiretape/wire/proto"

// frame appends the row of a frame.
func (p *Printer) frame(m *proto.Message, mk mark) {
	p.row(m.Conn, mk, []byte(octets(m.Span.Len())))
}
