package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"slices"
	"strings"
	"time"

	"wiretape/wire"
	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// The credentials of all the practice servers.
const (
	user     = "admin"
	password = "password"
)

// A turn says what follows a reply of a line protocol.
type turn uint8

const (
	goOn   turn = iota
	quit        // the connection ends
	secure      // TLS begins
)

// A speaker is the server's side of one connection of a line protocol.
type speaker interface {
	// answer replies to a command, or to the content that a reply asked for.
	answer(m *proto.Message) (reply string, next turn)
	// secured says that TLS stands: what the client said before is forgotten
	// (RFC 3207, section 4.2; RFC 2595, section 4).
	secured()
}

// handshakeTime is how long TLS may take to begin in the middle.
const handshakeTime = 10 * time.Second

// serveLines greets the client of c and has sp answer what it says, which p reads.
func serveLines(ctx context.Context, c *wire.Conn, p proto.Parser, cert tls.Certificate, greeting string, sp speaker) {
	say := func(reply string) ([]proto.Message, error) {
		_, err := c.Write([]byte(reply))
		// The parser has to know the reply to tell text from commands.
		return p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte(reply)}), err
	}
	if _, err := say(greeting); err != nil {
		return
	}
	buf := make([]byte, 16<<10)
	for {
		c.SetReadDeadline(time.Now().Add(idle))
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		// What was said outlives the call that fills this slice's place.
		said := slices.Clone(p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: buf[:n]}))
		for len(said) > 0 {
			m := said[0]
			said = said[1:]
			if m.Dir != wire.ClientToServer {
				continue
			}
			reply, next := sp.answer(&m)
			more, err := say(reply)
			switch {
			case err != nil, next == quit:
				return
			case next == secure:
				// Commands that were sent ahead of TLS are not obeyed inside it.
				said = nil
				shake, cancel := context.WithTimeout(ctx, handshakeTime)
				_, err := c.StartTLS(shake, &wire.TLSOptions{Certificates: []tls.Certificate{cert}})
				cancel()
				if err != nil {
					return
				}
				p.Feed(wire.Event{Kind: wire.KindSecure})
				sp.secured()
			default:
				said = append(said, more...)
			}
		}
	}
}

// commandOf returns the verb and the arguments of a command, "" for what is none.
func commandOf(m *proto.Message) (verb, args string) {
	c, ok := m.Value.(*line.Command)
	if !ok {
		return "", ""
	}
	return c.Verb, strings.TrimSpace(string(c.Args))
}

// lengthMeant returns how many lines of text and octets a content stands for
// whose dots are as they were sent (RFC 5321, section 4.5.2).
func lengthMeant(b *proto.Body) (lines int, octets int64) {
	octets = b.Size
	for l := range bytes.Lines(b.Data) {
		lines++
		if l[0] == '.' {
			octets--
		}
	}
	return lines, octets
}
