package view

import (
	"wiretape/wire/http2"
	"wiretape/wire/proto"
	"wiretape/wire/websocket"
)

// reading appends the rows of a whole Message of a protocol whose units are not
// lines, and reports whether it is of one. What such a Message has so far is not
// shown before it is complete.
func (p *Printer) reading(m *proto.Message, mk mark) bool {
	switch m.Value.(type) {
	case *http2.Frame, http2.ClientPreface:
		p.frame(m, mk)
	case *websocket.Frame:
		p.websocketFrame(m, mk)
	case *websocket.Message:
		p.websocketMessage(m, mk)
	default:
		return false
	}
	return true
}

// reading appends what a Message of such a protocol has in JSON, and reports
// whether it is of one.
func (j *object) reading(m *proto.Message) bool {
	switch v := m.Value.(type) {
	case *http2.Frame:
		j.frame(m, v)
	case http2.ClientPreface:
		j.string("type", "PREFACE")
		j.complete(m)
	case *websocket.Frame:
		j.websocketFrame(m, v)
	case *websocket.Message:
		j.websocketMessage(m, v)
	default:
		return false
	}
	return true
}

// frameByFrame reports whether m is a unit of a protocol whose Messages are given
// besides, so that who does not ask for frames does without it.
func frameByFrame(m *proto.Message) bool { return m.Kind == proto.KindFrame && m.Proto == "h2" }
