package analyze

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"wiretape/wire"
	"wiretape/wire/auth"
	"wiretape/wire/dns"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// more makes the probes of a full analysis, once the chain has come to its end at
// a URL. All go at the same time; those that come too late for the number of
// connections are not made, and the report says so.
func (p *prober) more(ctx context.Context, ch *chain, at address) {
	if at.host != p.first {
		p.askNames(ctx, at.host)
	}
	if p.o.Passive {
		return
	}
	answer := ch.last()
	if ch.fault != "" || ch.next != nil {
		answer = nil
	}
	place, tls := probed(at)
	if tls && !p.unreachable(place) {
		p.askVersions(ctx, place, answer)
	}
	if plain, ok := clearPlace(at); ok && !p.unreachable(plain) {
		p.beside(ctx, plain, p.prior)
		p.beside(ctx, plain, p.upgrade)
		visited := slices.ContainsFunc(ch.hops, func(h hop) bool { return h.at.target() == plain.target() && !h.at.secure })
		if answer != nil && at.secure && !visited {
			p.beside(ctx, plain, p.page)
		}
	}
	if answer == nil || answer.version == "HTTP/2" {
		return
	}
	family := p.otherFamily(answer)
	p.beside(ctx, at, func(ctx context.Context, a address) {
		if !p.keepAlive(ctx, a, family) && family != wire.AnyFamily {
			p.keepAlive(ctx, a, wire.AnyFamily)
		}
	})
	p.beside(ctx, at, p.old)
	if s := answer.response.Status; s == 403 || s == 406 {
		p.beside(ctx, at, p.browser)
	}
	if at.secure {
		p.beside(ctx, at, p.quic)
	}
}

// beside makes a probe of its own at a place.
func (p *prober) beside(ctx context.Context, a address, probe func(context.Context, address)) {
	if !p.spend() {
		return
	}
	p.wg.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		probe(ctx, a)
	})
}

// unreachable reports whether nobody could be connected to at a place.
func (p *prober) unreachable(a address) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	tried := false
	for _, c := range p.rec.convs {
		switch {
		case c.target() == a.target():
			return false
		case c.facts == nil && c.attempted(a) && c.trouble() != "no connection":
			tried = true
		}
	}
	return tried
}

// with connects in the clear or over TLS, as the place wants, sends what is given
// and reads until it is enough.
func (p *prober) with(ctx context.Context, a address, alpn []string, request []byte, enough func(*conversation) bool) {
	c, err := p.dial(ctx, a, alpn, 0)
	if err != nil {
		return
	}
	defer closing(ctx, c)()
	c.Write(request)
	p.until(ctx, c, replyWait, enough)
}

// until reads for a time, as long as it is not enough, and reports whether it is.
func (p *prober) until(ctx context.Context, c *wire.Conn, d time.Duration, enough func(*conversation) bool) bool {
	c.SetReadDeadline(soonest(ctx, d))
	b := readBuffers.Get().(*[]byte)
	defer readBuffers.Put(b)
	buf := *b
	for read := 0; ; {
		n, err := c.Read(buf)
		id := c.ID()
		p.mu.Lock()
		conv := p.rec.conv(id)
		_, told := conv.strange(p.rec.stream.State(id).Partial[1])
		done := enough(conv) || told
		p.mu.Unlock()
		if read += n; done || err != nil || read > maxRead {
			return done
		}
	}
}

func settled(c *conversation) bool { return c.settled }

// get is a request of a probe; no cookie goes with it.
func (p *prober) get(a address, version, agent string, fields ...string) []byte {
	b := fmt.Appendf(nil, "GET %s %s\r\n", a.requestTarget(), version)
	if version != "HTTP/1.0" {
		b = fmt.Appendf(b, "Host: %s\r\n", a.authority())
	}
	b = fmt.Appendf(b, "User-Agent: %s\r\nAccept: */*\r\n", agent)
	for _, f := range fields {
		b = append(append(b, f...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// page asks for a page as the chain does.
func (p *prober) page(ctx context.Context, a address) {
	p.with(ctx, a, offerMain, p.get(a, "HTTP/1.1", p.o.UserAgent, "Connection: close"), settled)
}

// browser asks under a browser's name.
func (p *prober) browser(ctx context.Context, a address) {
	p.with(ctx, a, offerMain, p.get(a, "HTTP/1.1", browserAgent, "Connection: close"), settled)
}

// old asks in HTTP/1.0, where a Host need not be: RFC 1945, section 5.
func (p *prober) old(ctx context.Context, a address) {
	p.with(ctx, a, nil, p.get(a, "HTTP/1.0", p.o.UserAgent), settled)
}

// keepAlive asks twice on one connection, the second time when the first answer is
// there and leaves it open. It reports whether anybody was connected to.
func (p *prober) keepAlive(ctx context.Context, a address, family wire.Family) bool {
	c, err := p.dialBy(ctx, p.by(family), a, offerMain, 0)
	if err != nil {
		return false
	}
	defer closing(ctx, c)()
	request := p.get(a, "HTTP/1.1", p.o.UserAgent, "Connection: keep-alive")
	c.Write(request)
	if p.until(ctx, c, replyWait, settled) && p.open(c) {
		c.Write(request)
		p.until(ctx, c, replyWait, func(c *conversation) bool { return c.secondReply })
	}
	return true
}

// open reports whether the first response leaves the connection open.
func (p *prober) open(c *wire.Conn) bool {
	id := c.ID()
	p.mu.Lock()
	defer p.mu.Unlock()
	conv := p.rec.conv(id)
	m := conv.final()
	return m != nil && responseOf(m).KeepAlive && !conv.eof && !conv.reset
}

// prior begins HTTP/2 in the clear.
func (p *prober) prior(ctx context.Context, a address) {
	p.with(ctx, a, nil, http2.AppendSettings([]byte(http2.Preface)),
		func(c *conversation) bool { return c.frames.settings || len(c.first) >= showFirst || c.final() != nil })
}

// upgrade asks for HTTP/2 in the way of RFC 7540, section 3.2, and begins it if the
// server agrees.
func (p *prober) upgrade(ctx context.Context, a address) {
	c, err := p.dial(ctx, a, nil, 0)
	if err != nil {
		return
	}
	defer closing(ctx, c)()
	c.Write(p.get(a, "HTTP/1.1", p.o.UserAgent, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAA"))
	switched := func(c *conversation) bool {
		return slices.ContainsFunc(c.responses, func(m proto.Message) bool { return responseOf(&m).Status == 101 })
	}
	p.until(ctx, c, replyWait, func(c *conversation) bool { return c.settled || switched(c) })
	id := c.ID()
	p.mu.Lock()
	agreed := switched(p.rec.conv(id))
	p.mu.Unlock()
	if agreed {
		c.Write(http2.AppendSettings([]byte(http2.Preface)))
		p.until(ctx, c, settingsWait, func(c *conversation) bool { return c.frames.settings })
	}
}

// askVersions offers each version of TLS alone, but for the one that the handshake
// of the chain chose. Where a host has addresses of both families and nothing else
// is asked over the one that the chain did not take, one of the probes goes there.
func (p *prober) askVersions(ctx context.Context, a address, answer *hop) {
	known := uint16(0)
	other := wire.AnyFamily
	if answer != nil && answer.version == "HTTP/2" {
		other = p.otherFamily(answer)
	}
	if answer != nil && answer.conv.tls != nil && answer.conv.target() == a.target() {
		known = answer.conv.tls.Version
	}
	for v := uint16(0x0304); v >= 0x0301; v-- {
		if v == known {
			continue
		}
		family := other
		other = wire.AnyFamily
		p.beside(ctx, a, func(ctx context.Context, a address) {
			if !p.askVersion(ctx, a, v, family) && family != wire.AnyFamily {
				p.askVersion(ctx, a, v, wire.AnyFamily)
			}
		})
	}
}

// otherFamily returns the family that the final response did not come over, where
// its host has both.
func (p *prober) otherFamily(answer *hop) wire.Family {
	if answer == nil || answer.conv.facts == nil || p.o.Dialer.Family != wire.AnyFamily {
		return wire.AnyFamily
	}
	four, six := p.names.families(answer.at.host)
	ip, err := netip.ParseAddrPort(answer.conv.facts.Remote)
	switch {
	case !four || !six || err != nil:
		return wire.AnyFamily
	case ip.Addr().Unmap().Is4():
		return wire.IPv6Only
	}
	return wire.IPv4Only
}

// askVersion offers one version and reports whether anybody was connected to.
func (p *prober) askVersion(ctx context.Context, a address, version uint16, family wire.Family) bool {
	c, err := p.by(family).Dial(ctx, wire.Target{Network: "tcp", Host: a.host, Port: a.port}, p.tap)
	if err != nil {
		return false
	}
	defer closing(ctx, c)()
	host := a.host
	if o := p.o.Dialer.TLS; o != nil && a.host == p.first {
		if o.ServerName != "" {
			host = o.ServerName
		}
		if o.NoServerName {
			host = "127.0.0.1" // sends none
		}
	}
	c.Write(clientHello(version, host))
	p.until(ctx, c, replyWait, func(c *conversation) bool {
		return c.hello != nil || c.refusal != nil || len(c.first) > 1 && (c.first[0] < 0x14 || c.first[0] > 0x18)
	})
	return true
}

// askNames asks the name server for a host's records. It gets one connection,
// whatever comes of it.
func (p *prober) askNames(ctx context.Context, host string) {
	server := p.nameserver()
	if _, err := netip.ParseAddr(host); err == nil || server == "" || p.o.Nameserver == "" && local(host) || !p.spend() {
		return
	}
	p.wg.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		p.queryNames(ctx, server, host)
	})
}

// nameserver returns host:port of who is asked; "" for nobody.
func (p *prober) nameserver() string {
	d := &p.o.Dialer
	switch {
	case p.o.Nameserver == "none":
		return ""
	case p.o.Nameserver != "":
		return p.o.Nameserver
	case p.names.whole != nil || len(d.Pins) > 0 || d.Proxy != nil:
		return "" // whoever finds hosts in another way may not want them asked for
	}
	text, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return ""
	}
	return parseResolvConf(string(text))
}

// queryNames asks all questions at once, and again what had no answer in time. A
// name that HTTPS records lead to is asked for as well (RFC 9460, section 2.4.2).
func (p *prober) queryNames(ctx context.Context, server, host string) {
	name, port, err := net.SplitHostPort(server)
	if err != nil {
		return
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return
	}
	// The name server is found as it stands: routes are for the site.
	d := wire.Dialer{Timeout: replyWait, Resolve: p.o.Dialer.Resolve}
	c, err := d.Dial(ctx, wire.Target{Network: "udp", Host: name, Port: uint16(number)}, p.tap)
	if err != nil {
		return
	}
	defer closing(ctx, c)()
	var asked []dns.Query
	ask := func(host string, t dns.Type) {
		var id [2]byte
		rand.Read(id[:])
		asked = append(asked, dns.Query{ID: binary.BigEndian.Uint16(id[:]), Name: strings.TrimSuffix(host, ".") + ".", Type: t, Flags: dns.RD, EDNS: &dns.EDNS{Size: 1232}})
	}
	send := func(q dns.Query) {
		if b, err := q.Append(nil); err == nil {
			c.Write(b)
		}
	}
	for _, t := range nameTypes {
		ask(host, t)
		send(asked[len(asked)-1])
	}
	open := func(conv *conversation) []dns.Query {
		var out []dns.Query
		for _, q := range asked {
			if !slices.ContainsFunc(conv.answers, func(m *dns.Message) bool { return m.ID == q.ID }) {
				out = append(out, q)
			}
		}
		return out
	}
	followed := make(map[string]bool)
	id := c.ID()
	for range 3 {
		var missing []dns.Query
		done := p.until(ctx, c, time.Second, func(conv *conversation) bool { missing = open(conv); return len(missing) == 0 })
		if ctx.Err() != nil {
			return
		}
		if !done {
			for _, q := range missing {
				send(q)
			}
			continue
		}
		alias := ""
		p.mu.Lock()
		for _, m := range p.rec.conv(id).answers {
			for _, rec := range m.Answers {
				if a := aliasOf(rec); a != "" && !followed[a] {
					alias = a
				}
			}
		}
		p.mu.Unlock()
		if alias == "" {
			return
		}
		followed[alias] = true
		ask(alias, dns.TypeHTTPS)
		send(asked[len(asked)-1])
	}
}

// quic sends a datagram that only a server of QUIC answers.
func (p *prober) quic(ctx context.Context, a address) {
	if p.o.Dialer.Proxy != nil {
		return
	}
	d := p.o.Dialer
	d.TLS = nil
	c, err := d.Dial(ctx, wire.Target{Network: "udp", Host: a.host, Port: a.port}, p.tap)
	if err != nil {
		return
	}
	defer closing(ctx, c)()
	var id [8]byte
	rand.Read(id[:])
	c.Write(quicPing(id))
	p.until(ctx, c, quicWait, func(c *conversation) bool { return len(c.first) > 0 })
}

// quicWait is how long a server may take to answer a datagram.
const quicWait = 700 * time.Millisecond

// authenticate tries credentials where a final response asks for them: each scheme
// that it offers, the strongest first, until one gets through. Nothing goes where
// [authBar] says so.
func (p *prober) authenticate(ctx context.Context, ch *chain) {
	h := ch.last()
	if h == nil || ch.fault != "" || h.response.Status != 401 || authBar(ch.hops[0].at, h, ch.hops) != "" {
		return
	}
	for _, c := range answerable(h.response, p.o.Auth) {
		if !p.spend() || p.tryAuth(ctx, ch, h.want, c) {
			return
		}
	}
}

// tryAuth reports whether there is nothing more to try. The jar's cookies go along,
// as they did with what was refused.
func (p *prober) tryAuth(ctx context.Context, chain *chain, w want, ch auth.Challenge) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	through := false
	value := authorization(ch, p.o.Auth, w.at.requestTarget())
	offer := offerMain
	if w.version == "HTTP/2" {
		offer = offerAlone
	}
	c, err := p.dial(ctx, w.at, offer, 0)
	if err != nil {
		return true
	}
	defer closing(ctx, c)()
	if w.at.secure && !c.TLS().Verified() {
		return true
	}
	cookies := chain.cookieHeader(w, c.TLS().Verified())
	enough := func(c *conversation) bool {
		if m := c.final(); m != nil {
			through = responseOf(m).Status != 401
		}
		return c.settled
	}
	if w.version != "HTTP/2" {
		fields := []string{"Authorization: " + value, "Connection: close"}
		if len(cookies) > 0 {
			fields = append(fields, "Cookie: "+string(cookies))
		}
		c.Write(p.get(w.at, w.version, p.o.UserAgent, fields...))
		p.until(ctx, c, replyWait, enough)
		return through
	}
	f := newFraming(c)
	f.begin(append(h2Fields(w.at, cookies, p.o.UserAgent), [2]string{"authorization", value}))
	c.SetReadDeadline(soonest(ctx, replyWait))
	buf := make([]byte, 16<<10)
	for {
		n, err := c.Read(buf)
		going := f.take(buf[:n])
		id := c.ID()
		p.mu.Lock()
		done := enough(p.rec.conv(id))
		p.mu.Unlock()
		if done || !going || err != nil {
			return through
		}
	}
}
