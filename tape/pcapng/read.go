// Package pcapng reads captures of packets, pcap and pcapng, as events, and writes
// events as a capture. It serves import and export.
//
// It puts the streams of TCP together again: what came twice is given once, what
// came out of order in order, and what the capture does not have is a gap. UDP is
// given datagram by datagram. What a conversation needs is taken from Ethernet
// (with VLAN tags), Linux's cooked captures, loopback and raw IP, of both versions;
// the notes say what else there was. TLS is taken off where its secrets are given, or
// stand in the capture.
package pcapng

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"wiretape/wire/keylog"
)

// maxBlock bounds a block or a packet: 16 MiB.
const maxBlock = 16 << 20

// A packet is what an interface saw. Data is valid until the next is read.
type packet struct {
	link  uint32
	at    time.Duration // since 1970
	timed bool
	data  []byte
}

// source reads packets off a file of either format.
type source struct {
	r     *bufio.Reader
	order binary.ByteOrder
	buf   []byte
	ng    bool
	nano  bool   // pcap: times are in ns
	link  uint32 // pcap
	ifs   []iface
	keys  *keylog.Keys
	said  func(string)
}

// iface is an interface of a section of pcapng.
type iface struct {
	link   uint32
	snap   uint32
	tick   func(uint64) time.Duration
	offset time.Duration
}

const sectionHeader = 0x0a0d0d0a

// open reads what the file begins with.
func open(r io.Reader) (*source, error) {
	s := &source{r: bufio.NewReaderSize(r, 64<<10)}
	head, err := s.r.Peek(4)
	if err != nil {
		return nil, errors.New("no capture: shorter than its first word")
	}
	switch binary.LittleEndian.Uint32(head) {
	case sectionHeader:
		s.ng = true
		return s, nil
	case 0xa1b2c3d4, 0xa1b23c4d:
		s.order = binary.LittleEndian
	default:
		s.order = binary.BigEndian
	}
	var h [24]byte
	if _, err := io.ReadFull(s.r, h[:]); err != nil {
		return nil, fmt.Errorf("no capture: it begins with %x", head)
	}
	switch s.order.Uint32(h[:]) {
	case 0xa1b2c3d4:
	case 0xa1b23c4d:
		s.nano = true
	default:
		return nil, fmt.Errorf("no capture: it begins with %x", head)
	}
	s.link = s.order.Uint32(h[20:]) & 0xffff // above: the length of a checksum
	return s, nil
}

// errCut is the end of a file in the middle of a packet.
var errCut = errors.New("the file ends in the middle of a packet")

// ended returns the error of a read that met err behind n octets of a packet: a file
// ends between packets, is cut off, or cannot be read.
func ended(n int, err error) error {
	switch {
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case n == 0:
		return io.EOF
	}
	return errCut
}

// next returns the next packet, io.EOF at the end.
func (s *source) next() (packet, error) {
	if !s.ng {
		return s.record()
	}
	for {
		p, ok, err := s.block()
		if ok || err != nil {
			return p, err
		}
	}
}

// fill reads n octets.
func (s *source) fill(n int) ([]byte, error) {
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	s.buf = s.buf[:n]
	if _, err := io.ReadFull(s.r, s.buf); err != nil {
		return nil, ended(1, err)
	}
	return s.buf, nil
}

// record reads a packet of pcap.
func (s *source) record() (packet, error) {
	var h [16]byte
	if n, err := io.ReadFull(s.r, h[:]); err != nil {
		return packet{}, ended(n, err)
	}
	n := s.order.Uint32(h[8:])
	if n > maxBlock {
		return packet{}, fmt.Errorf("a packet of %d octets", n)
	}
	data, err := s.fill(int(n))
	part := time.Duration(s.order.Uint32(h[4:]))
	if !s.nano {
		part *= time.Microsecond
	}
	return packet{s.link, time.Duration(s.order.Uint32(h[:]))*time.Second + part, true, data}, err
}

// block reads a block of pcapng; ok tells that it is a packet.
func (s *source) block() (p packet, ok bool, err error) {
	var h [12]byte
	if n, err := io.ReadFull(s.r, h[:8]); err != nil {
		return p, false, ended(n, err)
	}
	section := binary.LittleEndian.Uint32(h[:]) == sectionHeader
	if section {
		magic, err := s.r.Peek(4)
		if err != nil {
			return p, false, ended(1, err)
		}
		switch {
		case binary.LittleEndian.Uint32(magic) == 0x1a2b3c4d:
			s.order = binary.LittleEndian
		case binary.BigEndian.Uint32(magic) == 0x1a2b3c4d:
			s.order = binary.BigEndian
		default:
			return p, false, fmt.Errorf("a section whose byte order is %x", magic)
		}
		s.ifs = s.ifs[:0]
	}
	kind, size := s.order.Uint32(h[:]), s.order.Uint32(h[4:])
	if size < 12 || size%4 != 0 || size > maxBlock {
		return p, false, fmt.Errorf("a block of %d octets", size)
	}
	b, err := s.fill(int(size) - 8)
	if err != nil {
		return p, false, err
	}
	b = b[:len(b)-4] // the size once more
	switch kind {
	case 1: // interface description
		if len(b) < 8 {
			return p, false, errors.New("an interface without a link type")
		}
		if len(s.ifs) >= 1<<16 {
			return p, false, errors.New("more than 65536 interfaces")
		}
		s.ifs = append(s.ifs, s.iface(b))
	case 2, 6: // packet, enhanced packet
		if len(b) < 20 {
			return p, false, errors.New("a packet without its lengths")
		}
		n := s.order.Uint32(b)
		if kind == 2 {
			n = uint32(s.order.Uint16(b))
		}
		if int64(n) >= int64(len(s.ifs)) {
			return p, false, fmt.Errorf("a packet of interface %d of %d", n, len(s.ifs))
		}
		f := &s.ifs[n]
		size := s.order.Uint32(b[12:])
		if int64(size) > int64(len(b)-20) {
			return p, false, fmt.Errorf("a packet of %d octets in a block of %d", size, len(b))
		}
		ticks := uint64(s.order.Uint32(b[4:]))<<32 | uint64(s.order.Uint32(b[8:]))
		return packet{f.link, f.tick(ticks) + f.offset, true, b[20 : 20+size]}, true, nil
	case 3: // simple packet
		if len(b) < 4 || len(s.ifs) == 0 {
			return p, false, errors.New("a packet without an interface or its length")
		}
		n := min(int64(s.order.Uint32(b)), int64(len(b)-4))
		if snap := s.ifs[0].snap; snap > 0 {
			n = min(n, int64(snap))
		}
		return packet{link: s.ifs[0].link, data: b[4 : 4+n]}, true, nil
	case 10:
		s.secrets(b)
	}
	return p, false, nil
}

// secrets reads a Decryption Secrets Block.
func (s *source) secrets(b []byte) {
	const keyLog = 0x544c534b // "TLSK"
	if len(b) < 8 || int64(s.order.Uint32(b[4:])) > int64(len(b)-8) {
		s.said("secrets in the capture are cut off")
		return
	}
	if kind := s.order.Uint32(b); kind != keyLog {
		s.said(fmt.Sprintf("secrets of the kind 0x%08x in the capture are not used: only those of TLS", kind))
		return
	}
	if err := s.keys.Add(bytes.NewReader(b[8 : 8+s.order.Uint32(b[4:])])); err != nil {
		s.said("secrets in the capture: " + err.Error())
	}
}

// iface reads the description of an interface.
func (s *source) iface(b []byte) iface {
	f := iface{link: uint32(s.order.Uint16(b)), snap: s.order.Uint32(b[4:]), tick: decimal(6)}
	for b = b[8:]; len(b) >= 4; {
		code, n := s.order.Uint16(b), int(s.order.Uint16(b[2:]))
		if b = b[4:]; code == 0 || n > len(b) {
			break
		}
		switch {
		case code == 9 && n == 1 && b[0] < 0x80: // if_tsresol
			f.tick = decimal(int(b[0]))
		case code == 9 && n == 1:
			f.tick = binaryTick(int(b[0] & 0x7f))
		case code == 14 && n == 8: // if_tsoffset
			// Past 200 years it is none that a duration holds.
			if v := int64(s.order.Uint64(b)); v > -3e9 && v < 3e9 {
				f.offset = time.Duration(v) * time.Second
			}
		}
		b = b[min(len(b), (n+3)&^3):]
	}
	return f
}

// maxTicks bounds a time in ns, so that an offset may be added: 190 years.
const maxTicks = 6e18

// decimal is the unit 10^-n s.
func decimal(n int) func(uint64) time.Duration {
	return func(v uint64) time.Duration {
		for i := n; i < 9; i++ {
			if v > maxTicks/10 {
				return maxTicks
			}
			v *= 10
		}
		for i := n; i > 9 && v > 0; i-- {
			v /= 10
		}
		return time.Duration(min(v, maxTicks))
	}
}

// binaryTick is the unit 2^-n s.
func binaryTick(n int) func(uint64) time.Duration {
	return func(v uint64) time.Duration {
		if n >= 64 {
			return 0
		}
		whole, part := v>>n, v&(1<<n-1)
		if n > 30 {
			return time.Duration(min(whole, 6e9))*time.Second + time.Duration(part>>(n-30)*1e9>>30)
		}
		return time.Duration(min(whole, 6e9))*time.Second + time.Duration(part*1e9>>n)
	}
}
