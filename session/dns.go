package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/dns"
	"wiretape/wire/proto"
)

// dnsCommand is the word .dns.
func dnsCommand() command {
	return command{group: "Send", name: "dns", args: "NAME|ADDRESS [TYPE] [@SERVER] [+tcp] [+norec] [+dnssec] [+noedns] [+edns=SIZE] [+id=N]",
		summary: "asks a name server, and waits for the answer",
		detail: "TYPE is A unless given, PTR for an address. It goes over the connection that stands, or to\n" +
			"SERVER, HOST or HOST:PORT. A datagram without an answer is sent again after 1 s and after 2 s\n" +
			"more, and 4 s later given up; a truncated answer is asked for again over TCP.\n" +
			"+cd and +ad set these flags, +ch asks in class CH, +nsid for the server's name.",
		writes:  "a query, over this connection unless @SERVER is given",
		example: ".dns example.com HTTPS @9.9.9.9", on: (*dialogue).dns, more: dnsWords}
}

// dnsWords completes what may stand behind a name.
func dnsWords(string) []string {
	return append(dns.TypeNames(), "@", "+tcp", "+norec", "+cd", "+ad", "+ch", "+dnssec", "+nsid", "+noedns", "+edns=", "+id=")
}

// A dnsAsk is what .dns was told.
type dnsAsk struct {
	dns.Query
	server string
	tcp    bool
}

// dnsSize is how many octets of a datagram we take: what fits into one packet
// (RFC 9715, section 3.1).
const dnsSize = 1232

// parseDNS reads the arguments of .dns.
func parseDNS(args string) (ask dnsAsk, err error) {
	ask.Flags, ask.Type = dns.RD, dns.TypeA
	ask.EDNS = &dns.EDNS{Size: dnsSize}
	ask.ID = randomID()
	typed := false
	for w := range strings.FieldsSeq(args) {
		option, value, hasValue := strings.Cut(w, "=")
		number, nerr := strconv.ParseUint(value, 0, 16)
		if strings.HasPrefix(w, "+") && hasValue && nerr != nil {
			return ask, fmt.Errorf("%s: want a number up to 65535 behind =", w)
		}
		switch {
		case strings.HasPrefix(w, "@") && len(w) > 1:
			ask.server = w[1:]
		case w == "+tcp":
			ask.tcp = true
		case w == "+norec":
			ask.Flags &^= dns.RD
		case w == "+cd":
			ask.Flags |= dns.CD
		case w == "+ad":
			ask.Flags |= dns.AD
		case w == "+ch":
			ask.Class = dns.ClassCH
		case w == "+noedns":
			ask.EDNS = nil
		case w == "+dnssec", w == "+do":
			ask.edns().DO = true
		case w == "+nsid":
			e := ask.edns()
			e.Options = append(e.Options, dns.Option{Code: 3})
		case option == "+edns" && hasValue:
			ask.edns().Size = int(number)
		case option == "+id" && hasValue:
			ask.ID = uint16(number)
		case w == "-p":
			return ask, fmt.Errorf("-p: the port stands behind the server: @HOST:PORT")
		case strings.HasPrefix(w, "+"):
			return ask, fmt.Errorf("%s: want +tcp, +norec, +cd, +ad, +ch, +dnssec, +nsid, +noedns, +edns=SIZE or +id=N", w)
		case ask.Name == "" && w != "-x":
			ask.Name = w
			if ip, err := netip.ParseAddr(w); err == nil {
				ask.Name, ask.Type = dns.Reverse(ip), dns.TypePTR
			}
		case w == "-x":
		case typed:
			return ask, fmt.Errorf("%q is more than a name and a type", w)
		default:
			t, ok := dns.ParseType(w)
			if !ok {
				return ask, fmt.Errorf("type %q: want one such as A, AAAA, MX, TXT, HTTPS, or TYPE and a number", w)
			}
			ask.Type, typed = t, true
		}
	}
	if ask.Name == "" {
		return ask, fmt.Errorf("which name? .dns example.com A")
	}
	return ask, nil
}

// edns returns the OPT record to be, which an option may have taken off.
func (a *dnsAsk) edns() *dns.EDNS {
	if a.EDNS == nil {
		a.EDNS = &dns.EDNS{Size: dnsSize}
	}
	return a.EDNS
}

// randomID returns an identifier that nobody guesses (RFC 5452, section 9.2).
func randomID() uint16 {
	var b [2]byte
	rand.Read(b[:]) // it never fails
	return binary.BigEndian.Uint16(b[:])
}

// dns is .dns.
func (d *dialogue) dns(ctx context.Context, args string) error {
	ask, err := parseDNS(args)
	if err != nil {
		return failure(StatusUsage, ".dns: %w", err)
	}
	message, err := ask.Append(nil)
	if err != nil {
		return failure(StatusUsage, ".dns: %w", err)
	}
	if err := d.dnsServer(ctx, ask); err != nil {
		return err
	}
	t := d.target
	if ask.tcp && t.Network == "udp" {
		if err := d.dnsOver(ctx, t, "tcp"); err != nil {
			return err
		}
	}
	truncated, err := d.dnsAsk(ctx, ask, message)
	if err != nil || !truncated || d.target.Network != "udp" {
		return err
	}
	d.s.view.Info("the answer is truncated: asking again over TCP")
	if err := d.dnsOver(ctx, t, "tcp"); err != nil {
		return err
	}
	_, err = d.dnsAsk(ctx, ask, message)
	return err
}

// dnsServer connects to where the question is to go, unless a connection stands.
func (d *dialogue) dnsServer(ctx context.Context, ask dnsAsk) error {
	// The TCP of an answer that was too long for a datagram is for that answer alone.
	detour := d.link != nil && d.link == d.detour && !ask.tcp
	open := d.link != nil && !d.drained() && !detour
	switch {
	case ask.server == "" && detour:
		return d.dnsOver(ctx, d.target, "udp")
	case ask.server == "" && !open:
		return failure(StatusUsage, ".dns: not connected: .dns %s @SERVER, or open dns://SERVER first", ask.Name)
	case ask.server == "":
		return nil
	}
	server := ask.server
	if ip, err := netip.ParseAddr(server); err == nil && ip.Is6() {
		server = "[" + server + "]"
	}
	t, err := wire.ParseTarget("dns://" + server)
	if err != nil {
		return failure(StatusUsage, ".dns: %w", err)
	}
	if open && t.Address() == d.target.Address() {
		return nil
	}
	if detour {
		d.closeLink()
	}
	return d.connect(ctx, t)
}

// dnsOver connects to the same server over another network.
func (d *dialogue) dnsOver(ctx context.Context, t wire.Target, network string) error {
	t.Network = network
	d.closeLink()
	if err := d.connect(ctx, t); err != nil {
		return err
	}
	if network == "tcp" {
		d.detour = d.link
	}
	return nil
}

// dnsWaits is how long each datagram of a question waits for the answer.
var dnsWaits = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}

// sendDatagram sends a question as a datagram, and again where it is not answered
// (RFC 1035, section 4.2.1).
func (d *dialogue) sendDatagram(ctx context.Context, message []byte, answered func() bool) error {
	left := time.Duration(1<<63 - 1)
	if !d.s.opts.Interactive {
		left = d.s.timeout
	}
	begun, sent := time.Now(), 0
	for _, limit := range dnsWaits {
		if left <= 0 {
			break
		}
		if sent > 0 {
			d.s.view.Info(fmt.Sprintf("no answer in %v: asking again", dnsWaits[sent-1]))
		}
		if err := d.write(ctx, message, false); err != nil {
			return err
		}
		sent++
		limit = min(limit, left)
		left -= limit
		switch d.wait(ctx, waiting{limit: limit, met: func() bool { return d.peer.broken != "" || answered() }}) {
		case waitInterrupted:
			return d.stopped(ctx)
		case waitMet, waitClosed:
			d.s.mu.Lock()
			broken := d.peer.broken
			d.s.mu.Unlock()
			if broken != "" {
				return brokenFailure(broken, d.target)
			}
			return nil
		}
	}
	return failure(StatusTimeout, ".dns: %s says nothing: asked %d times in %v", d.target.Address(), sent, time.Since(begun).Round(time.Millisecond))
}

// tellAnswered says who answered a question, and how soon. The answer m is the
// message held at i. s.mu is held.
func (d *dialogue) tellAnswered(m *proto.Message, i int) {
	took := ""
	for _, q := range slices.Backward(d.s.history.msgs[:i]) {
		if q.Conn == m.Conn && q.N == m.N && q.Dir == wire.ClientToServer {
			took = " in " + view.Duration(m.Last-q.Last)
			break
		}
	}
	d.s.view.Info(fmt.Sprintf("answered%s by %s (%s)", took, d.target.Address(), d.target.Network))
}

// dnsAsk sends a question, and reports whether its answer was truncated.
func (d *dialogue) dnsAsk(ctx context.Context, ask dnsAsk, message []byte) (truncated bool, err error) {
	if d.target.Network != "udp" {
		message = append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)
	}
	d.s.mu.Lock()
	conn, before := d.peer.conn, d.s.history.taken
	d.s.mu.Unlock()
	answer := func() int { return d.s.dnsAnswer(conn, ask.ID, before) }
	if d.target.Network == "udp" {
		err = d.sendDatagram(ctx, message, func() bool {
			name := d.s.stream.Proto(conn)
			return answer() >= 0 || name != "" && name != detect.DNS
		})
	} else {
		err = d.send(ctx, message, false)
	}
	if err != nil {
		return false, err
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if name := d.s.stream.Proto(conn); name != detect.DNS {
		return false, failure(StatusUsage, ".dns: this connection is read as %s, not as DNS", name)
	}
	if i := answer(); i >= 0 {
		m := &d.s.history.msgs[i]
		d.tellAnswered(m, i)
		return m.Value.(*dns.Message).Flags&dns.TC != 0, nil
	}
	return false, nil
}

// dnsAnswer returns where the answer to a question is held, of the Messages behind
// the first before; -1 for none. s.mu is held.
func (s *Session) dnsAnswer(conn int, id uint16, before int) int {
	first := max(0, len(s.history.msgs)-(s.history.taken-before))
	for i := len(s.history.msgs) - 1; i >= first; i-- {
		m := &s.history.msgs[i]
		if v, ok := m.Value.(*dns.Message); ok && m.Conn == conn && v.Response && v.ID == id && m.Exchange > 0 {
			return i
		}
	}
	return -1
}
