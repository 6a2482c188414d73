package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
)

// socks5 asks a proxy by RFC 1928, with the user and password of RFC 1929 where
// there are any.
func (p *Proxy) socks5(nc net.Conn, to hop) error {
	methods := []byte{0}
	if p.User != "" {
		methods = []byte{0, 2}
	}
	if _, err := nc.Write(append([]byte{5, byte(len(methods))}, methods...)); err != nil {
		return err
	}
	var chosen [2]byte
	if _, err := io.ReadFull(nc, chosen[:]); err != nil {
		return err
	}
	switch {
	case chosen[0] != 5:
		return fmt.Errorf("the proxy's first bytes are not SOCKS 5: %q", chosen[:])
	case chosen[1] == 2 && p.User != "":
		if err := p.socks5Login(nc); err != nil {
			return err
		}
	case chosen[1] == 0xff && p.User == "":
		return errors.New("the proxy wants a user and a password, or an authentication that is not known here")
	case chosen[1] == 0xff:
		return errors.New("the proxy accepts neither no authentication nor a user and a password")
	case chosen[1] != 0:
		return fmt.Errorf("the proxy chose authentication %d, which was not offered", chosen[1])
	}

	request := []byte{5, 1, 0}
	switch {
	case to.addr.Is4():
		request = append(append(request, 1), to.addr.AsSlice()...)
	case to.addr.IsValid():
		request = append(append(request, 4), to.addr.AsSlice()...)
	default:
		// At most 253 octets: parseHost.
		request = append(append(request, 3, byte(len(to.host))), to.host...)
	}
	if _, err := nc.Write(binary.BigEndian.AppendUint16(request, to.port)); err != nil {
		return err
	}
	var reply [5]byte // up to the first octet of the address
	if _, err := io.ReadFull(nc, reply[:]); err != nil {
		return err
	}
	rest := 0
	switch reply[3] {
	case 1:
		rest = 4 + 2 - 1
	case 3:
		rest = int(reply[4]) + 2
	case 4:
		rest = 16 + 2 - 1
	}
	if reply[0] != 5 || reply[1] == 0 && rest == 0 {
		return fmt.Errorf("the proxy's reply is not SOCKS 5: %q", reply[:])
	}
	if reply[1] != 0 {
		return fmt.Errorf("the proxy answered: %s (%d)", socks5Reply(reply[1]), reply[1])
	}
	_, err := io.CopyN(io.Discard, nc, int64(rest))
	return err
}

// socks5Login is RFC 1929.
func (p *Proxy) socks5Login(nc net.Conn) error {
	if len(p.User) > 255 || len(p.Password) > 255 {
		return errors.New("the user or the password is longer than 255 octets")
	}
	login := append([]byte{1, byte(len(p.User))}, p.User...)
	login = append(append(login, byte(len(p.Password))), p.Password...)
	if _, err := nc.Write(login); err != nil {
		return err
	}
	var reply [2]byte
	if _, err := io.ReadFull(nc, reply[:]); err != nil {
		return err
	}
	if reply[1] != 0 {
		return fmt.Errorf("the proxy refused the user and password (%d)", reply[1])
	}
	return nil
}

// socks5Reply gives a reply of RFC 1928, section 6, in words.
func socks5Reply(code byte) string {
	words := []string{
		1: "general failure", 2: "not allowed by its rules", 3: "network unreachable", 4: "host unreachable",
		5: "connection refused", 6: "TTL expired", 7: "it does not know CONNECT", 8: "it does not take this type of address",
	}
	if int(code) < len(words) && words[code] != "" {
		return words[code]
	}
	return "a reply that is not known"
}

// socks4 asks a proxy by the SOCKS 4 of NEC, and for a name by its extension 4A.
func (p *Proxy) socks4(nc net.Conn, to hop) error {
	addr := to.addr
	name := ""
	switch {
	case addr.IsValid() && !addr.Is4():
		return fmt.Errorf("SOCKS 4 takes no IPv6 address, and %s is one", addr)
	case !addr.IsValid():
		// 0.0.0.x with x not 0 says that a name follows.
		addr, name = netip.AddrFrom4([4]byte{0, 0, 0, 1}), to.host
	}
	request := append(binary.BigEndian.AppendUint16([]byte{4, 1}, to.port), addr.AsSlice()...)
	request = append(append(request, p.User...), 0)
	if name != "" {
		request = append(append(request, name...), 0)
	}
	if _, err := nc.Write(request); err != nil {
		return err
	}
	var reply [8]byte
	if _, err := io.ReadFull(nc, reply[:]); err != nil {
		return err
	}
	switch {
	case reply[0] != 0:
		return fmt.Errorf("the proxy's reply is not SOCKS 4: %q", reply[:])
	case reply[1] == 90:
		return nil
	case reply[1] == 91:
		return errors.New("the proxy answered: rejected or failed (91)")
	case reply[1] == 92 || reply[1] == 93:
		return fmt.Errorf("the proxy answered: it wants an identd here that knows the user (%d)", reply[1])
	}
	return fmt.Errorf("the proxy answered: a reply that is not known (%d)", reply[1])
}
