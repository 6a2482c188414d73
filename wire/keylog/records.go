package keylog

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"slices"

	"wiretape/wire"
	"wiretape/wire/tlsrec"
)

const (
	headerLen  = 5
	maxPayload = 1<<14 + 2048 // RFC 5246, section 6.2.3
	maxMessage = 256 << 10    // octets of a handshake message: of a chain of certificates
)

// The handshake messages that change keys (RFC 8446, section 4; RFC 5246, section
// 7.4).
const (
	endOfEarlyData    tlsrec.HandshakeType = 5
	serverKeyExchange tlsrec.HandshakeType = 12
	serverHelloDone   tlsrec.HandshakeType = 14
	finished          tlsrec.HandshakeType = 20
	keyUpdate         tlsrec.HandshakeType = 24
)

// The extensions that are looked for.
const (
	encryptThenMAC = 22
	preSharedKey   = 41
)

// feed takes bytes of a side.
func (c *conn) feed(i int, data []byte) {
	s := &c.sides[i]
	if s.lost {
		s.gap += int64(len(data))
		return
	}
	c.gaps()
	s.buf = append(s.buf, data...)
	if !c.secured && c.held > maxHandshake {
		c.fail(fmt.Sprintf("its handshake has more than %d KiB", maxHandshake>>10))
		return
	}
	c.records(i)
}

// records takes the whole records of a side.
func (c *conn) records(i int) {
	s := &c.sides[i]
	all := s.buf
	b := all
	for len(b) >= headerLen && c.begun && !s.lost {
		if i == 0 && c.early && b[0] == byte(tlsrec.ApplicationData) {
			break
		}
		n := headerLen + int(binary.BigEndian.Uint16(b[3:]))
		if b[0] < byte(tlsrec.ChangeCipherSpec) || b[0] > byte(tlsrec.Heartbeat) || b[1] != 3 || n > headerLen+maxPayload {
			s.buf = b
			c.broken(s, "no record where one should begin")
			return
		}
		if len(b) < n {
			break
		}
		s.buf = b[n:] // what is behind it, for those who give up
		why := c.record(i, [5]byte(b), b[headerLen:n])
		if b = b[n:]; why != "" {
			if c.broken(s, why); s.lost {
				s.gap += int64(n)
			}
			return
		}
	}
	if c.begun && !s.lost && len(b) < len(all) {
		s.buf = all[:copy(all, b)]
	}
}

// broken gives up, the side or the connection, by how far it came.
func (c *conn) broken(s *side, why string) {
	if c.secured {
		c.lose(s, why)
	} else {
		c.fail(why)
	}
}

const refused = "early data that was refused, or whose secret is not in the log, is left out"

// record takes a record; why says that it could not be read.
func (c *conn) record(i int, header [5]byte, payload []byte) (why string) {
	s := &c.sides[i]
	t := tlsrec.Type(header[0])
	switch {
	case c.version == 0x0304 && t == tlsrec.ChangeCipherSpec:
		return "" // for appearances: RFC 8446, appendix D.4
	case c.version == 0x0304 && t != tlsrec.ApplicationData:
		// In the clear, whatever the keys: an alert of an end that could not read.
	case s.seal != nil || s.early != nil:
		var ok bool
		if t, payload, ok = c.open(s, header, payload); !ok {
			if c.version == 0x0304 && i == 0 && c.client.Early && !s.done {
				c.o.say(refused)
				return ""
			}
			return "a record does not open with the secrets of the log"
		}
	}
	switch t {
	case tlsrec.ChangeCipherSpec:
		return c.change(i)
	case tlsrec.TypeAlert:
		return c.alert(i, payload)
	case tlsrec.TypeHandshake:
		return c.messages(i, payload)
	case tlsrec.ApplicationData:
		if s.seal == nil && s.early == nil {
			if i == 0 && c.client != nil && c.client.Early && !c.secured {
				c.o.say(refused) // a HelloRetryRequest came
				return ""
			}
			return "data before its keys"
		}
		c.secure()
		if len(payload) > 0 {
			c.give(wire.Event{Kind: wire.KindData, Dir: dirOf(i), Data: payload})
		}
	}
	return ""
}

// open opens a record with the seal of early data, while there is one, or of the side.
func (c *conn) open(s *side, header [5]byte, payload []byte) (tlsrec.Type, []byte, bool) {
	if s.early != nil {
		if t, b, ok := s.early.open(header, payload); ok {
			return t, b, true
		}
	}
	if s.seal == nil {
		return 0, nil, false
	}
	t, b, ok := s.seal.open(header, payload)
	if ok {
		s.early = nil
	}
	return t, b, ok
}

// change takes a ChangeCipherSpec up to TLS 1.2.
func (c *conn) change(i int) string {
	if c.server == nil {
		return "" // before early data, or another ClientHello: RFC 8446, appendix D.4
	}
	if c.macs[i] == nil {
		master := c.secrets[masterSecret]
		if master == nil {
			return "the log lacks its " + labelNames[masterSecret]
		}
		h := handshake12{
			version: c.version, suite: c.suite, master: master, client: c.client.Random, server: c.server.Random,
			macFirst: c.suite.aead == nil && slices.Contains(c.server.Extensions, encryptThenMAC),
		}
		var err error
		if c.macs, err = h.seals(); err != nil {
			return err.Error()
		}
	}
	c.sides[i].seal, c.macs[i] = c.macs[i], nil
	return ""
}

// alert takes an alert (RFC 8446, section 6).
func (c *conn) alert(i int, b []byte) string {
	const userCanceled = 90
	switch {
	case len(b) != 2:
		return "an alert that is none"
	case b[1] == 0:
		c.sides[i].notify = true
	case !c.secured:
		return "its handshake ends in the alert " + wire.Alert(b[1]).String()
	case b[0] == 2 || c.version == 0x0304 && b[1] != userCanceled:
		c.give(wire.Event{Kind: wire.KindAlert, Dir: dirOf(i), Alert: wire.Alert(b[1])})
	}
	return ""
}

// messages takes octets of handshake messages.
func (c *conn) messages(i int, b []byte) string {
	s := &c.sides[i]
	s.hs = append(s.hs, b...)
	for len(s.hs) >= 4 {
		n := 4 + int(binary.BigEndian.Uint32(s.hs)&0xffffff)
		if n > maxMessage {
			return fmt.Sprintf("%s of %d octets", tlsrec.HandshakeType(s.hs[0]), n-4)
		}
		if len(s.hs) < n {
			return ""
		}
		why := c.message(i, tlsrec.HandshakeType(s.hs[0]), s.hs[4:n])
		if why != "" || !c.begun {
			return why
		}
		s.hs = s.hs[n:]
	}
	if len(s.hs) == 0 {
		s.hs = nil
	}
	return ""
}

// message takes a handshake message.
func (c *conn) message(i int, t tlsrec.HandshakeType, b []byte) string {
	s, server := &c.sides[i], i == 1
	h, ok := tlsrec.ReadHandshake(c.version, t, b)
	if !ok {
		return t.String() + " is cut off"
	}
	switch {
	case t == tlsrec.ClientHello && !server:
		return c.clientHello(h.Hello)
	case c.client == nil:
		return "a handshake without a ClientHello"
	case t == tlsrec.ServerHello && server && !h.Hello.Retry:
		return c.serverHello(h.Hello)
	case t == tlsrec.ServerHello && server:
		c.resume()
	case t == tlsrec.EncryptedExtensions && server:
		c.protocol(h.Hello)
		c.resume()
	case t == tlsrec.Certificate && server:
		c.facts.Certificates = h.Certificates
	case t == serverKeyExchange && server:
		// RFC 8422, section 5.4: a named curve; the exchange may be another.
		if len(b) > 3 && b[0] == 3 {
			c.facts.Group = tls.CurveID(binary.BigEndian.Uint16(b[1:]))
		}
	case t == serverHelloDone && server:
		c.full = true
	case t == endOfEarlyData && !server:
		s.early = nil
	case t == finished:
		s.done = true
		if c.version == 0x0304 {
			if why := c.seal(i, clientTraffic, serverTraffic); why != "" {
				return why
			}
		}
		if c.sides[0].done && c.sides[1].done {
			c.secure()
		}
	case t == keyUpdate && c.version == 0x0304:
		a, ok := s.seal.(*aead13)
		if !ok {
			return "a KeyUpdate in the clear"
		}
		next, err := a.updated()
		if err != nil {
			return err.Error()
		}
		s.seal = next
	}
	return ""
}

// clientHello begins a handshake, the first or, up to TLS 1.2, another.
func (c *conn) clientHello(h *tlsrec.Hello) string {
	c.client, c.server, c.version, c.full = h, nil, 0, false
	secrets := c.o.keys.by[h.Random]
	switch {
	case c.o.keys.Len() == 0:
		return NoKeys
	case secrets == nil:
		return "the log has no secrets of it"
	}
	c.secrets = secrets
	c.sides[0].done, c.sides[1].done = false, false
	c.early = h.Early && !c.secured
	c.facts = wire.TLS{ServerName: h.ServerName, Offered: h.ALPN}
	return ""
}

// resume reads the early data that waited for the server's word on it.
func (c *conn) resume() {
	if c.early {
		c.early = false
		c.records(0)
	}
}

// serverHello sets up the keys of TLS 1.3, and says of which suite those of others
// will be.
func (c *conn) serverHello(h *tlsrec.Hello) string {
	var err error
	v := h.Chosen()
	if v < 0x0301 || v > 0x0304 {
		return v.String() + " is not read"
	}
	if c.suite, err = suiteOf(h.Suites[0]); err != nil {
		return err.Error()
	}
	if h.Compression {
		return "its records are compressed"
	}
	c.server, c.version = h, v
	c.facts.Version, c.facts.CipherSuite = uint16(v), uint16(h.Suites[0])
	c.protocol(h)
	if v < 0x0304 {
		c.resume()
		return ""
	}
	if len(h.KeyShares) > 0 {
		c.facts.Group = tls.CurveID(h.KeyShares[0])
	}
	c.facts.Resumed = slices.Contains(h.Extensions, preSharedKey)
	if secret := c.secrets[clientEarly]; secret != nil && c.client.Early {
		if c.sides[0].early, err = newAEAD13(c.suite, secret); err != nil {
			return err.Error()
		}
	}
	for i := range c.sides {
		if why := c.seal(i, clientHandshake, serverHandshake); why != "" {
			return why
		}
	}
	return ""
}

// protocol notes the protocol that was chosen.
func (c *conn) protocol(h *tlsrec.Hello) {
	if len(h.ALPN) > 0 {
		c.facts.ALPN = h.ALPN[0]
	}
}

// seal sets up the key of a side, by the secret of TLS 1.3 that is its own.
func (c *conn) seal(i int, client, server label) string {
	l := client
	if i == 1 {
		l = server
	}
	secret := c.secrets[l]
	if secret == nil {
		return "the log lacks its " + labelNames[l]
	}
	a, err := newAEAD13(c.suite, secret)
	if err != nil {
		return err.Error()
	}
	c.sides[i].seal = a
	return ""
}
