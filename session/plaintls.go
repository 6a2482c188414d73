package session

import (
	"bytes"
	"fmt"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/tlsrec"
)

// httpsWanted are texts with which servers answer a plain request on a port of
// HTTPS: nginx; Apache; Go.
var httpsWanted = [][]byte{
	[]byte("plain HTTP request was sent to HTTPS port"),
	[]byte("speaking plain HTTP to an SSL-enabled server port"),
	[]byte("Client sent an HTTP request to an HTTPS server"),
}

// tellTLS says what to do where what the server sent in the clear shows that it
// waits for TLS. s.mu is held.
func (d *dialogue) tellTLS(m *proto.Message) {
	if d.peer.toldTLS || d.peer.tls != nil {
		return
	}
	what := ""
	switch v := m.Value.(type) {
	case *tlsrec.Record:
		if v.Alert != nil {
			what = "a TLS alert, " + v.Alert.Code.String()
		}
	case *http1.Response:
		for _, text := range httpsWanted {
			if v.Status == 400 && bytes.Contains(m.Body.Data, text) {
				what = "its 400 says so"
			}
		}
	default:
		if m.Kind == proto.KindRaw && m.Span.From == 0 {
			what = tlsrec.Begins(m.Body.Data)
		}
	}
	if what == "" {
		return
	}
	d.peer.toldTLS = true
	d.warn(fmt.Sprintf("the peer speaks TLS (%s): .tls %s %d connects with it, .starttls begins it here", what, d.target.Host, d.target.Port))
}

// tellSilence says what may be wrong where a server that was spoken to in the clear
// ended without a word. s.mu is held.
func (d *dialogue) tellSilence() {
	p, t := &d.peer, d.target
	plain := t.Proto != "" && !t.UsuallyTLS() // by its port or by what was asked for
	if plain || p.toldTLS || !d.s.opts.Interactive || p.tls != nil || p.octets[0] == 0 || p.octets[1] > 0 || t.Network != "tcp" || p.dir() == wire.ClientToServer {
		return
	}
	p.toldTLS = true
	d.info(fmt.Sprintf("not a word came back: the port may speak TLS: .tls %s %d", t.Host, t.Port))
}

// plaintextHint says what to do where a peer answered a TLS handshake in plain
// text, by what its first octets look like.
func plaintextHint(first []byte, t wire.Target) string {
	stream := detect.New(detect.Options{})
	stream.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: first})
	stream.Close()
	address := fmt.Sprintf("open %s %d", t.Host, t.Port)
	switch name := stream.Proto(1); name {
	case detect.SMTP, detect.FTP, detect.POP3, detect.IMAP, detect.NNTP, detect.Line:
		return "the port speaks plain text, so it seems " + name + ": " + address + ", and .starttls where the server has agreed to it"
	case detect.Raw:
		return "the port does not speak TLS: " + address + " speaks to it without"
	default:
		return "the port speaks plain text, so it seems " + name + ": " + address
	}
}
