package replay

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/line"
)

// FTP says in a reply where a data connection is to go (RFC 959, section 4.1.2;
// RFC 2428, section 3). It goes elsewhere than on the tape: a server listens anew
// and names that place, a client goes where the live reply says.

// passivePort returns the port that a reply names, 0 for a message that names
// none.
func passivePort(m *match.Message) uint16 {
	r, ok := m.Value.(*line.Reply)
	if !ok {
		return 0
	}
	_, port, ok := r.Passive()
	if !ok {
		return 0
	}
	return port
}

// dataConvs returns, for each message that names a place, the index of the
// connection that was opened to it.
func dataConvs(t *match.Tape) map[*match.Message]int {
	out := map[*match.Message]int{}
	taken := map[int]bool{}
	for _, c := range t.Convs {
		for i := range c.Items {
			m := c.Items[i].Message
			if m == nil || m.Dir != wire.ServerToClient {
				continue
			}
			port := passivePort(m)
			if port == 0 {
				continue
			}
			for k, d := range t.Convs {
				if !taken[k] && d != c && d.Facts != nil && d.Begin > c.Items[i].Begin && strings.HasSuffix(d.Facts.Target, ":"+strconv.Itoa(int(port))) {
					out[m], taken[k] = k, true
					break
				}
			}
		}
	}
	return out
}

// passiveEdit returns the edit that has a reply name another place. Octets of
// address are those of IPv4.
func passiveEdit(m *match.Message, to *net.TCPAddr) (edit, bool) {
	r, ok := m.Value.(*line.Reply)
	if !ok {
		return edit{}, false
	}
	addr, port, _ := r.Passive()
	was, is := strconv.Itoa(int(port)), strconv.Itoa(to.Port)
	if r.Code == 227 {
		ip := to.IP.To4()
		if ip == nil {
			return edit{}, false
		}
		numbers := func(ip []byte, port int) string {
			return fmt.Sprintf("%d,%d,%d,%d,%d,%d", ip[0], ip[1], ip[2], ip[3], port>>8, port&0xff)
		}
		was, is = numbers(addr.AsSlice(), int(port)), numbers(ip, to.Port)
	}
	i := bytes.LastIndex(m.Raw, []byte(was))
	return edit{i, i + len(was), []byte(is)}, i >= 0
}

// listen listens for the data connection that a reply announces, plays the recorded
// one to who comes, and returns the edit that names the place.
func (v *serving) listen(ctx context.Context, control *wire.Conn, m *match.Message) (edit, bool) {
	k, ok := v.data[m]
	if !ok {
		return edit{}, false
	}
	host, _, err := net.SplitHostPort(control.LocalAddr().String())
	if err != nil {
		return edit{}, false
	}
	ln, err := wire.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		v.tally.note("connection %d: %v", v.scripts[k].conv.Conn, err)
		return edit{}, false
	}
	e, ok := passiveEdit(m, ln.Addr().(*net.TCPAddr))
	if !ok {
		ln.Close()
		return edit{}, false
	}
	if v.scripts[k].conv.Secure() != nil {
		ln.TLS = v.TLS
	}
	v.handlers.Go(func() {
		defer ln.Close()
		c, err := ln.Accept(ctx, v.tapped)
		if err != nil {
			return
		}
		v.mu.Lock()
		v.refused = append(v.refused, c.ID()) // none of those that are counted
		v.entered[c.ID()] = true
		v.conns[c] = true
		v.mu.Unlock()
		defer v.forget(c)
		v.tally.conns.Add(1)
		v.playTo(ctx, c, k)
	})
	return e, true
}

// goneTo notes where a live reply says that a data connection is to go.
func (r *run) goneTo(conn *wire.Conn, want, got *match.Message) {
	was, is := passivePort(want), passivePort(got)
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if was == 0 || is == 0 || err != nil {
		return
	}
	k, ok := r.data[want]
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.places[k] = net.JoinHostPort(host, strconv.Itoa(int(is)))
}

// place returns where a recorded connection goes instead of where the replay goes;
// "" for nowhere else.
func (r *run) place(k int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.places[k]
}

// placeKey is the key of a context's value: the address of a data connection.
type placeKey struct{}
