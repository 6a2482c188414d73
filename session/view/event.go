package view

import (
	"fmt"
	"net"
	"strings"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// Event writes what e says of its connection. Bytes are the business of
// [Printer.Message], which is to be called first for the Messages that e
// completed: a reply that the end of the connection completes says so itself.
func (p *Printer) Event(e wire.Event) {
	p.begin()
	defer p.mu.Unlock()
	v := p.conn(e.Conn)
	if held := v.alert; held != nil {
		v.alert = nil
		if e.Kind != wire.KindError {
			p.alert(v, *held)
		}
	}
	if e.Kind != wire.KindData {
		p.unfold(e.Conn, v)
	}
	switch e.Kind {
	case wire.KindOpen:
		p.opened(v, e)
	case wire.KindTry:
		v.over = true // unless another address answers
		p.rows(e.Conn, markNone, "Trying "+hostOf(e.Addr)+"...")
		p.rows(e.Conn, markWarn, e.Addr+": "+e.Text)
	case wire.KindData:
		if len(e.Data) == 0 {
			p.rows(e.Conn, markInfo, "an empty datagram from the "+e.Dir.String())
		}
	case wire.KindSecure:
		p.secured(v, e)
	case wire.KindAlert:
		if e.Alert == badCertificate && e.Dir != v.peer() {
			v.alert = &e // we refuse: the error that follows says why
			break
		}
		p.alert(v, e)
	case wire.KindEOF:
		p.ended(v, e)
	case wire.KindReset:
		v.over = true
		p.rows(e.Conn, markWarn, "the "+e.Dir.String()+" reset the connection (RST)")
	case wire.KindTimeout:
		p.rows(e.Conn, markWarn, join("timeout", e.Text))
	case wire.KindError:
		p.failed(v, e)
	case wire.KindGap:
		p.rows(e.Conn, markWarn, octets(e.Size)+" of what the "+e.Dir.String()+" sent are missing from the recording")
	case wire.KindClose:
		if !v.over {
			p.rows(e.Conn, markInfo, "connection closed")
		}
		p.forget(e.Conn)
	}
	switch e.Kind {
	case wire.KindOpen, wire.KindTry, wire.KindSecure, wire.KindError, wire.KindClose:
		p.flush() // what comes of a command
	default:
		p.arrived()
	}
}

// Untold takes the place of Event for an error that somebody else tells.
func (p *Printer) Untold(e wire.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.conn(e.Conn)
	v.alert, v.over = nil, true
}

// badCertificate is the alert with which a certificate is refused (RFC 8446,
// section 6.2).
const badCertificate wire.Alert = 42

// opened appends the rows of a connection that stands. The first lines are those
// of telnet, to the letter, since people and their scripts know them.
func (p *Printer) opened(v *connView, e wire.Event) {
	p.live++
	v.over = false
	f := e.Facts
	if f == nil {
		f = new(wire.Facts)
	}
	v.facts = f
	if p.start.IsZero() && !f.Start.IsZero() {
		p.start = f.Start.Add(-e.At)
	}
	switch {
	case f.Role == wire.Accepted:
		p.rows(e.Conn, markInfo, fmt.Sprintf("connection from %s to %s", f.Remote, f.Local))
		return
	case f.Network == "udp" && f.Remote == "":
		p.rows(e.Conn, markInfo, "udp to "+f.Target)
	case f.Network == "udp":
		p.rows(e.Conn, markInfo, fmt.Sprintf("udp to %s from %s; whether anybody listens shows with the first answer", f.Remote, f.Local))
	default:
		if f.Remote != "" { // a tape for version control has no addresses
			p.rows(e.Conn, markNone, "Trying "+hostOf(f.Remote)+"...")
		}
		p.rows(e.Conn, markNone, "Connected to "+hostOf(f.Target)+".")
	}
	if f.Via != "" {
		text := "via " + f.Via
		if f.Phases.Proxy > 0 {
			text += "; tcp " + span(f.Phases.Connect) + ", proxy " + span(f.Phases.Proxy)
		}
		p.rows(e.Conn, markInfo, text)
	}
	if p.s.EscapeKey != "" {
		p.rows(e.Conn, markNone, "Escape character is '"+p.s.EscapeKey+"'.")
	}
}

// ended appends that one side will send no more, unless a summary has just said
// so.
func (p *Printer) ended(v *connView, e wire.Event) {
	server := e.Dir == wire.ServerToClient
	said := v.closed == e.At && server
	peer := server == (v.facts == nil || v.facts.Role != wire.Accepted)
	v.over = v.over || peer
	switch {
	case e.Notify == wire.NotifyNo:
		p.rows(e.Conn, markWarn, "the "+e.Dir.String()+" closed without a TLS close_notify: what it sent may be cut short (RFC 8446 6.1)")
	case said:
	case peer:
		p.rows(e.Conn, markInfo, "the "+e.Dir.String()+" closed the connection")
	default:
		p.rows(e.Conn, markInfo, "the "+e.Dir.String()+" will send no more (half-close)")
	}
	if v.websocket && !v.finished[proto.Side(e.Dir)] {
		p.rows(e.Conn, markWarn, "the "+e.Dir.String()+" sent no Close frame: 1006 Abnormal Closure (RFC 6455 7.1.5)")
	}
}

// failed appends what went wrong.
func (p *Printer) failed(v *connView, e wire.Event) {
	v.over = true
	text := e.Text
	if e.Dir != 0 {
		text = fmt.Sprintf("write by the %s failed after %s: %s", e.Dir, octets(e.Size), e.Text)
	}
	p.rows(e.Conn, markWarn, text)
}

// forget drops what is known of a connection whose last event has come.
func (p *Printer) forget(n int) {
	if v := p.conns[n]; v != nil && v.facts != nil {
		p.live--
	}
	delete(p.conns, n)
}

// hostOf takes the port off an address, as telnet shows it.
func hostOf(addr string) string {
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	return addr
}

// join puts a colon between what is there.
func join(parts ...string) string {
	kept := parts[:0:0]
	for _, s := range parts {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, ": ")
}
