package view

import (
	"crypto/x509"
	"fmt"

	"wiretape/wire/proto"
	"wiretape/wire/tlsrec"
)

// tlsRecord appends the row of a record, and rows of what is in the clear of it.
func (p *Printer) tlsRecord(m *proto.Message, r *tlsrec.Record) {
	mk := unitMark(m)
	text := r.Type.String()
	switch {
	case r.Alert != nil && r.Alert.Fatal:
		text += ", fatal: " + r.Alert.Code.String()
	case r.Alert != nil:
		text += ", warning: " + r.Alert.Code.String()
	case r.Encrypted && r.Type != tlsrec.ApplicationData:
		text += ", encrypted, " + octets(int64(r.Length))
	default:
		text += ", " + octets(int64(r.Length))
	}
	if r.Type == tlsrec.TypeHandshake && !r.Encrypted && len(r.Handshakes) == 0 {
		text += ": part of a message"
	}
	p.rows(m.Conn, mk, text)
	for i := range r.Handshakes {
		p.handshake(m.Conn, &r.Handshakes[i], mk)
	}
}

// handshake appends the rows of a handshake message.
func (p *Printer) handshake(conn int, h *tlsrec.Handshake, mk mark) {
	row := func(name, value string) {
		if value != "" {
			p.rows(conn, mk, "    "+name+": "+value)
		}
	}
	if h.Hello == nil {
		p.rows(conn, mk, "  "+h.Type.String()+", "+octets(int64(h.Length)))
	}
	for _, der := range h.Certificates {
		row("certificate", subject(der))
	}
	hello := h.Hello
	switch {
	case hello == nil:
	case h.Type == tlsrec.ServerHello && hello.Retry:
		p.rows(conn, mk, "  HelloRetryRequest: "+hello.Chosen().String()+", "+listText(names(hello.KeyShares)))
	case h.Type == tlsrec.ServerHello:
		p.rows(conn, mk, "  ServerHello: "+hello.Chosen().String()+", "+listText(names(hello.Suites)))
		row("group", listText(names(hello.KeyShares)))
		row("alpn", listText(hello.ALPN))
	default:
		p.rows(conn, mk, "  ClientHello: up to "+hello.Chosen().String())
		row("server name", some(hello.ServerName))
		row("alpn", listText(hello.ALPN))
		row("versions", listText(names(hello.Versions)))
		row("suites", listText(names(hello.Suites)))
		row("groups", listText(names(hello.Groups)))
	}
}

// subject says whose a certificate is, who issued it and until when it holds.
func subject(der []byte) string {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return "unreadable, " + octets(int64(len(der)))
	}
	return some(holder(cert)) + ", issued by " + some(cert.Issuer.String()) + ", valid to " + cert.NotAfter.UTC().Format("2006-01-02")
}

// names writes numbers that have names.
func names[T fmt.Stringer](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.String()
	}
	return out
}

// tlsRecord appends what a record has in JSON.
func (j *object) tlsRecord(m *proto.Message, r *tlsrec.Record) {
	j.string("type", r.Type.String())
	j.string("version", r.Version.String())
	j.int("length", int64(r.Length))
	j.bool("encrypted", r.Encrypted)
	if r.Alert != nil {
		j.open("alert")
		j.bool("fatal", r.Alert.Fatal)
		j.code(int64(r.Alert.Code), r.Alert.Code.String())
		j.shut()
	}
	if len(r.Handshakes) > 0 {
		j.array("handshakes")
		for i := range r.Handshakes {
			j.handshake(&r.Handshakes[i])
		}
		j.end()
	}
	j.complete(m)
}

func (j *object) handshake(h *tlsrec.Handshake) {
	strs := func(name string, list []string) {
		j.array(name)
		for _, s := range list {
			j.string("", s)
		}
		j.end()
	}
	j.open("")
	j.string("type", h.Type.String())
	j.int("length", int64(h.Length))
	if hello := h.Hello; hello != nil {
		j.string("version", hello.Chosen().String())
		if h.Type == tlsrec.ClientHello {
			j.string("server_name", hello.ServerName)
			strs("versions", names(hello.Versions))
			strs("groups", names(hello.Groups))
		} else {
			j.bool("retry", hello.Retry)
		}
		strs("alpn", hello.ALPN)
		strs("suites", names(hello.Suites))
		strs("key_shares", names(hello.KeyShares))
	}
	if h.Certificates != nil {
		j.array("certificates")
		for _, der := range h.Certificates {
			j.open("")
			j.string("subject", subject(der))
			j.base64("der", der)
			j.shut()
		}
		j.end()
	}
	j.shut()
}
