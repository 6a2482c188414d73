package view

import (
	"wiretape/wire/detect"
	"wiretape/wire/dns"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
	"wiretape/wire/resp"
	"wiretape/wire/sse"
	"wiretape/wire/ssh"
	"wiretape/wire/telnet"
	"wiretape/wire/tlsrec"
	"wiretape/wire/websocket"
)

// reading appends the rows of a whole Message of a protocol whose units are not
// lines, and reports whether it is of one. What such a Message has so far is not
// shown before it is complete.
func (p *Printer) reading(m *proto.Message, mk mark) bool {
	switch v := m.Value.(type) {
	case *http2.Frame, http2.ClientPreface:
		p.frame(m, mk)
	case *dns.Message:
		p.dnsMessage(m, v, mk)
	case *resp.Command:
		p.respCommand(m, v, mk)
	case *resp.Reply:
		p.respReply(m, v, mk)
	case *telnet.Text:
		p.telnetText(m, v, mk)
	case *telnet.Command:
		p.telnetCommand(m, v)
	case *ssh.Ident, ssh.Banner:
		p.line(m.Conn, mk, m.Head)
	case *ssh.Packet:
		p.sshPacket(m, v)
	case ssh.Encrypted:
		p.rows(m.Conn, unitMark(m), "encrypted, "+octets(m.Body.Size))
	case *tlsrec.Record:
		p.tlsRecord(m, v)
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
	case *dns.Message:
		j.dnsMessage(m, v)
	case *resp.Command:
		j.respCommand(m, v)
	case *resp.Reply:
		j.respReply(m, v)
	case *telnet.Text:
		j.telnetText(m, v)
	case *telnet.Command:
		j.telnetCommand(m, v)
	case *ssh.Ident:
		j.sshIdent(m, v)
	case ssh.Banner:
		j.string("type", "banner")
		j.array("lines")
		j.bytes("", trimEnd(m.Head))
		j.end()
		j.complete(m)
	case *ssh.Packet:
		j.sshPacket(m, v)
	case ssh.Encrypted:
		j.string("type", "encrypted")
		j.complete(m)
		j.body(m)
	case *tlsrec.Record:
		j.tlsRecord(m, v)
	case *sse.Event:
		j.event(m, v)
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
func frameByFrame(m *proto.Message) bool { return m.Kind == proto.KindFrame && m.Proto == detect.HTTP2 }

// typed reports whether m is of what a person types, if anything on its side is:
// the answers to negotiations go by themselves.
func typed(m *proto.Message) bool {
	_, negotiation := m.Value.(*telnet.Command)
	return m.Kind != proto.KindFrame && m.Kind != proto.KindQuery && !negotiation
}
