package analyze

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
)

// The suites and groups that a ClientHello of our own offers: what servers of its
// time take. TLS_FALLBACK_SCSV is not among them: a server that knows better would
// refuse an old version because of it.
var (
	suites13  = []uint16{0x1301, 0x1302, 0x1303}
	suites12  = []uint16{0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009e, 0x009f, 0xc023, 0xc027, 0x009c, 0x009d, 0x003c}
	suitesOld = []uint16{0xc00a, 0xc014, 0xc009, 0xc013, 0x0039, 0x0033, 0x0035, 0x002f, 0xc008, 0xc012, 0x0016, 0x000a, 0x0005, 0x0004}
	groups    = []uint16{0x001d, 0x0017, 0x0018, 0x0019, 0x0100, 0x0101}
	schemes   = []uint16{0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0809, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201}
)

// clientHello returns a record with a ClientHello that offers one version alone,
// 0x0301 to 0x0304: RFC 8446, section 4.1.2, and RFC 5246, section 7.4.1.2. Such a
// hello shows on a tape what was asked, which the outcome of a handshake does not.
// It leads to no connection: nobody holds the keys to it.
func clientHello(version uint16, host string) []byte {
	random := make([]byte, 32+32+32)
	rand.Read(random)
	legacy := min(version, 0x0303)
	body := binary.BigEndian.AppendUint16(nil, legacy)
	body = append(body, random[:32]...)
	body = append(append(body, 32), random[32:64]...) // a session's name, as TLS 1.3 has it for middle boxes
	suites := suitesOld
	switch version {
	case 0x0304:
		suites = suites13
	case 0x0303:
		suites = slices.Concat(suites12, suitesOld)
	}
	body = append(body, vector(numbers(suites))...)
	body = append(body, 1, 0) // no compression

	var ext []byte
	add := func(id uint16, data []byte) {
		ext = binary.BigEndian.AppendUint16(ext, id)
		ext = append(ext, vector(data)...)
	}
	// RFC 6066, section 3: a name, never an address, without its final dot.
	if _, err := netip.ParseAddr(host); err != nil {
		name := vector([]byte(strings.TrimSuffix(host, ".")))
		add(0, vector(append([]byte{0}, name...)))
	}
	add(10, vector(numbers(groups)))
	add(11, []byte{1, 0}) // points are not compressed
	add(5, []byte{1, 0, 0, 0, 0})
	if version >= 0x0303 {
		add(13, vector(numbers(schemes)))
	}
	add(16, vector(append([]byte{8}, "http/1.1"...)))
	if version == 0x0304 {
		add(43, append([]byte{2}, numbers([]uint16{version})...))
		add(45, []byte{1, 1})
		// Any 32 octets are a public key of X25519 (RFC 7748, section 5).
		share := append([]byte{0x00, 0x1d}, vector(random[64:])...)
		add(51, vector(share))
	} else {
		add(23, nil)              // extended_master_secret: RFC 7627
		add(0xff01, []byte{0x00}) // renegotiation_info: RFC 5746
	}
	body = append(body, vector(ext)...)

	message := append([]byte{1, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	return append([]byte{0x16, 3, 1}, vector(message)...)
}

// vector returns b behind its length in two octets.
func vector(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

func numbers(list []uint16) []byte {
	var b []byte
	for _, n := range list {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	return b
}
