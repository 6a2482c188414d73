package pcapng

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"wiretape/wire"
)

const (
	maxSegment = 1460 // octets of a segment
	ackEvery   = 16   // segments: within a window of 65535
	window     = 65535
	rawIP      = 101 // the link type: packets begin with IP
)

// A Writer writes a capture of packets that would have carried what events say: a
// connection's handshake, its bytes with their acknowledgements, its end. There is
// one interface, with times in ns. Each connection's first packet has a comment.
type Writer struct {
	w     *bufio.Writer
	start time.Time
	conns map[int]*written
	used  map[[2]netip.AddrPort]netip.AddrPort // with the client to try next
	said  []string
	n     int
	buf   []byte
	err   error
}

// written is a connection as it is written.
type written struct {
	ends    [2]netip.AddrPort // the client's, the server's
	udp     bool
	comment string
	up      bool
	seq     [2]uint32
	fin     [2]bool
	reset   bool
}

// NewWriter returns a Writer to dst; start is the wall clock of the first event.
func NewWriter(dst io.Writer, tool string, start time.Time) *Writer {
	if start.IsZero() || start.Year() > 2200 || start.Year() < 1970 {
		start = time.Unix(0, 0)
	}
	w := &Writer{w: bufio.NewWriter(dst), start: start, conns: map[int]*written{}, used: map[[2]netip.AddrPort]netip.AddrPort{}}
	le := binary.LittleEndian
	section := le.AppendUint32(nil, 0x1a2b3c4d)
	section = append(section, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	w.block(sectionHeader, appendOption(section, 4, tool)) // shb_userappl
	w.block(1, appendOption([]byte{rawIP, 0, 0, 0, 0, 0, 0, 0}, 9, "\x09"))
	return w
}

// appendOption appends an option and the end of the options.
func appendOption(b []byte, code uint16, value string) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(le.AppendUint16(b, code), uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return append(b, 0, 0, 0, 0)
}

func (w *Writer) block(kind uint32, body []byte) {
	le := binary.LittleEndian
	size := uint32(len(body) + 12)
	head := le.AppendUint32(le.AppendUint32(nil, kind), size)
	for _, b := range [][]byte{head, body, le.AppendUint32(nil, size)} {
		if w.err == nil {
			_, w.err = w.w.Write(b)
		}
	}
}

func (w *Writer) say(text string) {
	if !slices.Contains(w.said, text) {
		w.said = append(w.said, text)
	}
}

// Close ends the capture, and returns the number of its packets and what of the
// events it does not have, or has otherwise.
func (w *Writer) Close() (packets int, lost []string, err error) {
	if err := w.w.Flush(); w.err == nil {
		w.err = err
	}
	if w.n > 0 {
		w.said = append([]string{"the packets are invented: a tape has streams, and no packets of its own"}, w.said...)
	}
	return w.n, w.said, w.err
}

// Event takes the next event. It is a wire.Sink.
func (w *Writer) Event(e wire.Event) {
	c := w.conns[e.Conn]
	if c == nil {
		switch e.Kind {
		case wire.KindTry, wire.KindError, wire.KindClose, wire.KindTimeout, wire.KindAlert:
			w.say("what came before a connection stood, or in place of it, is left out")
			return
		}
		c = w.conn(e.Conn, e.Facts)
		w.conns[e.Conn] = c
	}
	side := 0
	if e.Dir == wire.ServerToClient {
		side = 1
	}
	switch e.Kind {
	case wire.KindSecure:
		w.secure(c)
	case wire.KindData:
		w.data(e.At, c, side, e.Data)
	case wire.KindGap:
		w.handshake(e.At, c)
		c.seq[side] += uint32(e.Size)
		w.say("a gap of the tape is one of the capture")
	case wire.KindEOF:
		if !c.udp {
			w.handshake(e.At, c)
			w.finish(e.At, c, side)
		}
	case wire.KindReset:
		if !c.udp {
			w.handshake(e.At, c)
			w.segment(e.At, c, side, flagRST|flagACK, nil)
			c.reset = true
		}
	case wire.KindClose:
		if !c.udp && !c.reset {
			w.handshake(e.At, c)
			w.finish(e.At, c, 0)
			w.finish(e.At, c, 1)
		}
		delete(w.conns, e.Conn)
	case wire.KindOpen:
	default:
		w.say("alerts, errors and timeouts are left out")
	}
}

// plainPorts are the ports on which a protocol is spoken without TLS.
var plainPorts = map[uint16]uint16{443: 80, 8443: 8080, 465: 25, 993: 143, 995: 110, 990: 21, 6380: 6379}

// secure notes that what follows went through TLS.
func (w *Writer) secure(c *written) {
	w.say("what went through TLS is written plain, without its records")
	if port, ok := plainPorts[c.ends[1].Port()]; ok && !c.up {
		w.say(fmt.Sprintf("the port %d is written as %d, where the same is spoken plain", c.ends[1].Port(), port))
		c.comment += fmt.Sprintf("; TLS on port %d, written plain", c.ends[1].Port())
		c.ends[1] = netip.AddrPortFrom(c.ends[1].Addr(), port)
		w.free(c)
	}
}

// conn returns a connection with addresses: its own, as far as it has any.
func (w *Writer) conn(n int, f *wire.Facts) *written {
	if f == nil {
		f = &wire.Facts{}
	}
	c := &written{udp: f.Network == "udp", comment: fmt.Sprintf("connection %d of the tape", n)}
	if f.Target != "" {
		c.comment += ", to " + f.Target
	}
	local, remote := f.Local, f.Remote
	if remote == "" {
		remote = f.Target
	}
	if f.Role == wire.Accepted {
		local, remote = remote, local
	}
	client, cerr := netip.ParseAddrPort(local)
	server, serr := netip.ParseAddrPort(remote)
	if serr != nil || !server.IsValid() {
		w.say("an address that is not known, or no IP, is invented: 192.0.2.2")
		port := uint16(7777)
		if _, p, ok := cutPort(f.Target); ok {
			port = p
		}
		server = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 2}), port)
	}
	server = netip.AddrPortFrom(server.Addr().Unmap().WithZone(""), server.Port())
	client = netip.AddrPortFrom(client.Addr().Unmap().WithZone(""), client.Port())
	if cerr != nil || client.Addr().Is4() != server.Addr().Is4() {
		a := inventedClient(server.Addr().Is6())
		w.say("a client whose address is not known is " + a.String())
		client = netip.AddrPortFrom(a, uint16(40000+n%20000))
	}
	c.ends = [2]netip.AddrPort{client, server}
	w.free(c)
	return c
}

// free gives a connection ports that no other has: the next of its client, and after
// the last the first of the next address.
func (w *Writer) free(c *written) {
	var passed [][2]netip.AddrPort
	for next, taken := w.used[c.ends]; taken; next, taken = w.used[c.ends] {
		w.say("two connections with the same addresses: the later gets another port")
		passed = append(passed, c.ends)
		c.ends[0] = next
	}
	a := c.ends[0]
	next := netip.AddrPortFrom(a.Addr(), a.Port()+1)
	if a.Port() == 1<<16-1 {
		next = netip.AddrPortFrom(a.Addr().Next(), 1025)
	}
	if !next.Addr().IsValid() { // there is no address behind the last
		next = netip.AddrPortFrom(inventedClient(a.Addr().Is6()), 1025)
	}
	for _, ends := range append(passed, c.ends) {
		w.used[ends] = next // nobody goes this way again
	}
}

// inventedClient is the address of a client that has none (RFC 5737, RFC 3849).
func inventedClient(six bool) netip.Addr {
	if six {
		return netip.MustParseAddr("2001:db8::1")
	}
	return netip.AddrFrom4([4]byte{192, 0, 2, 1})
}

func cutPort(target string) (host string, port uint16, ok bool) {
	i := strings.LastIndexByte(target, ':')
	if i < 0 {
		return target, 0, false
	}
	_, err := fmt.Sscanf(target[i+1:], "%d", &port)
	return target[:i], port, err == nil && port > 0
}

// handshake writes how a connection came to be, before its first bytes.
func (w *Writer) handshake(at time.Duration, c *written) {
	if c.up || c.udp {
		return
	}
	c.up = true
	c.seq = [2]uint32{1000, 5000}
	w.segment(at, c, 0, flagSYN, nil)
	c.seq[0]++
	w.segment(at, c, 1, flagSYN|flagACK, nil)
	c.seq[1]++
	w.segment(at, c, 0, flagACK, nil)
}

// finish ends one direction.
func (w *Writer) finish(at time.Duration, c *written, side int) {
	if c.fin[side] || c.reset {
		return
	}
	c.fin[side] = true
	w.segment(at, c, side, flagFIN|flagACK, nil)
	c.seq[side]++
	w.segment(at, c, 1-side, flagACK, nil)
}

func (w *Writer) data(at time.Duration, c *written, side int, data []byte) {
	if c.udp {
		if len(data) > 65000 {
			w.say("a datagram of more than 65000 octets is cut")
			data = data[:65000]
		}
		w.datagram(at, c, side, data)
		return
	}
	if c.fin[side] || c.reset {
		w.say("bytes behind the end of their direction are left out")
		return
	}
	w.handshake(at, c)
	for i := 1; len(data) > 0; i++ {
		n := min(len(data), maxSegment)
		flags := uint8(flagACK)
		if n == len(data) {
			flags |= 8 // PSH
		}
		w.segment(at, c, side, flags, data[:n])
		c.seq[side] += uint32(n)
		if data = data[n:]; i%ackEvery == 0 || len(data) == 0 {
			w.segment(at, c, 1-side, flagACK, nil)
		}
	}
}

// segment writes a segment of TCP (RFC 9293, section 3.1).
func (w *Writer) segment(at time.Duration, c *written, side int, flags uint8, data []byte) {
	be := binary.BigEndian
	b := be.AppendUint16(be.AppendUint16(w.buf[:0], c.ends[side].Port()), c.ends[1-side].Port())
	b = be.AppendUint32(b, c.seq[side])
	ack, head := c.seq[1-side], byte(5)
	if flags&flagACK == 0 {
		ack = 0
	}
	if flags&flagSYN != 0 {
		head++
	}
	b = be.AppendUint32(b, ack)
	b = append(b, head<<4, flags)
	b = append(be.AppendUint16(b, window), 0, 0, 0, 0)
	if flags&flagSYN != 0 {
		b = be.AppendUint16(append(b, 2, 4), maxSegment)
	}
	b = append(b, data...)
	be.PutUint16(b[16:], checksum(w.pseudo(c, side, 6, len(b)), b))
	w.buf = b
	w.packet(at, c, side, 6, b)
}

// datagram writes a datagram of UDP (RFC 768).
func (w *Writer) datagram(at time.Duration, c *written, side int, data []byte) {
	be := binary.BigEndian
	b := be.AppendUint16(be.AppendUint16(w.buf[:0], c.ends[side].Port()), c.ends[1-side].Port())
	b = append(be.AppendUint16(b, uint16(8+len(data))), 0, 0)
	b = append(b, data...)
	sum := checksum(w.pseudo(c, side, 17, len(b)), b)
	if sum == 0 {
		sum = 0xffff
	}
	be.PutUint16(b[6:], sum)
	w.buf = b
	w.packet(at, c, side, 17, b)
}

// pseudo returns the header that checksums cover beside the packet's.
func (w *Writer) pseudo(c *written, side int, kind byte, size int) []byte {
	b := append(c.ends[side].Addr().AsSlice(), c.ends[1-side].Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	return append(b, 0, 0, 0, kind)
}

// checksum is that of RFC 1071 over both.
func checksum(a, b []byte) uint16 {
	sum := uint32(0)
	for _, p := range [][]byte{a, b} {
		for ; len(p) > 1; p = p[2:] {
			sum += uint32(p[0])<<8 | uint32(p[1])
			sum = sum>>16 + sum&0xffff
		}
		if len(p) == 1 {
			sum += uint32(p[0]) << 8
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// packet writes a packet of IP with what it carries.
func (w *Writer) packet(at time.Duration, c *written, side int, kind byte, b []byte) {
	be, le := binary.BigEndian, binary.LittleEndian
	from, to := c.ends[side].Addr(), c.ends[1-side].Addr()
	var ip []byte
	if from.Is4() {
		ip = be.AppendUint16([]byte{0x45, 0}, uint16(20+len(b)))
		ip = append(ip, byte(w.n>>8), byte(w.n), 0x40, 0, 64, kind, 0, 0)
		ip = append(append(ip, from.AsSlice()...), to.AsSlice()...)
		be.PutUint16(ip[10:], checksum(ip, nil))
	} else {
		ip = be.AppendUint16([]byte{0x60, 0, 0, 0}, uint16(len(b)))
		ip = append(append(append(ip, kind, 64), from.AsSlice()...), to.AsSlice()...)
	}
	ns := uint64(max(0, w.start.Add(at).UnixNano()))
	size := uint32(len(ip) + len(b))
	body := le.AppendUint32(le.AppendUint32(make([]byte, 4, size+64), uint32(ns>>32)), uint32(ns))
	body = le.AppendUint32(le.AppendUint32(body, size), size)
	body = append(append(body, ip...), b...)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	if c.comment != "" {
		body = appendOption(body, 1, strings.ToValidUTF8(c.comment[:min(len(c.comment), 4096)], "?"))
		c.comment = ""
	}
	w.n++
	w.block(6, body)
}
