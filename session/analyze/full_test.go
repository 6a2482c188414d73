package analyze

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"wiretape/wire"
	"wiretape/wire/dns"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// www is a site at www.example.com, of which the servers at ports 80 and 443 stand on
// loopback. A port without a server is that of an address where nobody listens.
func www(t testing.TB, plain, secured string, o Options) Options {
	t.Helper()
	for port, server := range map[uint16]string{80: plain, 443: secured} {
		if server == "" {
			continue
		}
		host, p, err := net.SplitHostPort(server)
		if err != nil {
			t.Fatal(err)
		}
		var n uint16
		fmt.Sscan(p, &n)
		for _, name := range []string{"www.example.com", "example.com"} {
			o.Dialer.Routes = append(o.Dialer.Routes, wire.Route{Host: name, Port: port, ToHost: host, ToPort: n})
		}
	}
	o.Dialer.Resolve = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.45.67.89")}, nil
	}
	o.Full = true
	return o
}

// row writes the verdict on a protocol, without its connection.
func row(r Report, name string) string {
	i := slices.IndexFunc(r.Protocols, func(p Protocol) bool { return p.Name == name })
	if i < 0 {
		return "no row"
	}
	return string(r.Protocols[i].Verdict) + ": " + r.Protocols[i].Evidence
}

// handler runs a server whose connections a function has for itself.
func handler(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { c.Close() })()
				handle(c)
			})
		}
	})
	t.Cleanup(func() { cancel(); l.Close(); wg.Wait() })
	return l.Addr().String()
}

// keeping answers requests on one connection, as long as they come.
func keeping(answer func(head string) string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			var head strings.Builder
			for !strings.HasSuffix(head.String(), "\r\n\r\n") {
				b, err := r.ReadByte()
				if err != nil {
					return
				}
				head.WriteByte(b)
			}
			if _, err := io.WriteString(c, answer(head.String())); err != nil || strings.Contains(head.String(), "\r\nConnection: close\r\n") {
				return
			}
		}
	}
}

// speakH2Pages is a server of HTTP/2 that answers the request on stream 1 with a
// header block and a body.
func speakH2Pages(c net.Conn, block, body string) {
	io.WriteString(c, settings)
	p := http2.New(proto.Limits{})
	buf := make([]byte, 4<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		for _, m := range p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: buf[:n]}) {
			f, ok := m.Value.(*http2.Frame)
			if !ok {
				continue
			}
			if a := f.Answer(); a != nil {
				c.Write(a)
			}
			if f.Type == http2.FrameHeaders {
				b := http2.AppendHeaders(nil, f.Stream, body == "", []byte(block), 0)
				if body != "" {
					b = http2.AppendData(b, f.Stream, true, -1, []byte(body))
				}
				c.Write(b)
			}
		}
	}
}

// block codes fields as a server's header block.
func block(fields ...[2]string) string { return string(headerBlock(fields)) }

// A zone answers questions: records by name and type in presentation order, as
// octets of RDATA; "SERVFAIL" and "SILENT" are answers of their own.
type zone map[string]string

// nameserver runs a zone over UDP until the test ends.
func (z zone) serve(t testing.TB) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			q, _ := dns.Decode(buf[:n])
			if q == nil || len(q.Question) == 0 {
				continue
			}
			key := strings.ToLower(q.Question[0].Name) + " " + q.Question[0].Type.String()
			data, known := z[key]
			if data == "SILENT" {
				continue
			}
			out, err := dns.Query{ID: q.ID, Name: q.Question[0].Name, Type: q.Question[0].Type}.Append(nil)
			if err != nil {
				continue
			}
			out[2], out[3] = 0x81, 0x80
			switch {
			case data == "SERVFAIL":
				out[3] |= 2
			case known:
				out[7] = 1
				out = append(out, 0xc0, 12)
				out = binary.BigEndian.AppendUint16(out, uint16(q.Question[0].Type))
				out = append(out, 0, 1, 0, 0, 1, 44)
				out = append(out, vector([]byte(data))...)
			}
			c.WriteTo(out, from)
		}
	}()
	t.Cleanup(func() { c.Close(); <-done })
	return c.LocalAddr().String()
}

func TestFullAnalysis(t *testing.T) {
	cfg, o := secure(t, "h2", "http/1.1")
	answer := func(head string) string {
		return page("Set-Cookie: PHPSESSID=1; Secure; HttpOnly", "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload",
			`Alt-Svc: h3=":443"; ma=86400, h3-29=":443"`, "Server: x/1", "X-Frame-Options: ALLOW")
	}
	secured := handler(t, func(c net.Conn) {
		s := tls.Server(c, cfg)
		if s.Handshake() != nil {
			return
		}
		if s.ConnectionState().NegotiatedProtocol == "h2" {
			speakH2Pages(s, block([2]string{":status", "200"}), "ok")
			return
		}
		keeping(answer)(s)
	})
	plain := handler(t, keeping(func(head string) string {
		if strings.HasPrefix(head, "PRI ") {
			return "HTTP/1.1 505 x\r\nContent-Length: 0\r\n\r\n"
		}
		return redirect(301, "https://www.example.com/x")
	}))
	o = www(t, plain, secured, o)
	o.Nameserver = zone{
		"www.example.com. A":     "\x7f\x00\x00\x01",
		"www.example.com. AAAA":  "SERVFAIL",
		"www.example.com. HTTPS": "\x00\x01\x00\x00\x01\x00\x06\x02h3\x02h2\x00\x03\x00\x02\x20\xfb",
	}.serve(t)
	r, err := analyze(t, "https://www.example.com/x", o)
	if err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"h3":         `yes: Alt-Svc names h3 at :443; an HTTPS record names h3; advertised, not spoken here`,
		"h2":         "yes: www.example.com:443 selected h2 and sent SETTINGS; status 200 over it",
		"http/1.1":   "yes: status 200 in it",
		"keep-alive": "yes: two responses on one connection",
		"http/1.0":   "yes: without a Host: status 200 in HTTP/1.1",
		"h2c":        `no: the preface is answered with "HTTP/1.1 505 x\r\n"`,
		"port 80":    "yes: status 301, to https of the same host",
	} {
		if got := row(r, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := row(r, "h2c upgrade"); got != "no: status 301" {
		t.Errorf("h2c upgrade: %s", got)
	}
	if r.HTTP2.H2C != "no" || r.HTTP2.HTTP3 != "advertised-header, advertised-dns" || r.HTTP2.Conn == 0 {
		t.Errorf("http2 %+v", r.HTTP2)
	}
	var versions []string
	for _, v := range r.TLS.Versions {
		versions = append(versions, v.Version+" "+string(v.Verdict)+" "+v.Evidence)
	}
	if got, want := strings.Join(versions, "\n"), "1.0 no alert protocol_version\n1.1 no alert protocol_version\n1.2 yes ServerHello\n1.3 yes chosen by the handshake"; got != want {
		t.Errorf("versions\n%s\nwant\n%s", got, want)
	}
	if v := r.TLS; v.Key != "ECDSA P-256" || v.Signature != "ECDSA-SHA256" || v.Chain != "complete" || v.DaysLeft == nil || v.Group == "" || v.SelfSigned || v.MustStaple {
		t.Errorf("TLS %+v", v)
	}
	if d := r.DNS; d == nil || d.Name != "www.example.com" || len(d.Records) != 2 || !slices.Equal(d.Faults, []string{"AAAA: SERVFAIL"}) {
		t.Errorf("DNS %+v", r.DNS)
	} else if d.Records[0].Data != "127.0.0.1" || d.Records[0].TTL != 300 {
		t.Errorf("records %+v", d.Records)
	}
	if len(r.Server) != 1 || !slices.Equal(r.Hints, []string{"PHPSESSID: PHP"}) {
		t.Errorf("server %v, hints %v", r.Server, r.Hints)
	}
	want := "fit for the preload list; not sent; not sent; only DENY and SAMEORIGIN have a meaning; not sent"
	var notes []string
	for _, f := range r.Security {
		notes = append(notes, f.Note)
	}
	if got := strings.Join(notes, "; "); got != want {
		t.Errorf("security %s, want %s", got, want)
	}
	if got := "an HTTPS record names port 8443, which was not asked"; !slices.Contains(r.Warnings, got) {
		t.Errorf("warnings %q", r.Warnings)
	}
	if len(r.Addresses) != 1 || r.Addresses[0].Result != "connected" || r.Addresses[0].Family != "IPv4" {
		t.Errorf("addresses %+v", r.Addresses)
	}
	if n := len(r.Probes) - len(r.Hops); n > maxProbes {
		t.Errorf("%d connections beside the chain", n)
	}
}

// The number of connections has a limit, whatever a site wants.
func TestConnectionsAreCounted(t *testing.T) {
	cfg, o := secure(t)
	preferHTTP1(cfg)
	var n atomic.Int64
	count := func(s func(net.Conn)) func(net.Conn) { return func(c net.Conn) { n.Add(1); s(c) } }
	secured := handler(t, count(func(c net.Conn) {
		s := tls.Server(c, cfg)
		if s.Handshake() == nil && s.ConnectionState().NegotiatedProtocol != "h2" {
			keeping(always("HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n"))(s)
		}
	}))
	plain := handler(t, count(keeping(always(redirect(301, "https://www.example.com/")))))
	o = www(t, plain, secured, o)
	o.Nameserver = zone{}.serve(t)
	r, err := analyze(t, "http://example.com/", o)
	if err != nil || len(r.Hops) != 2 {
		t.Fatalf("%d hops, %v", len(r.Hops), err)
	}
	if got := int(n.Load()) - len(r.Hops); got > maxProbes || got < 8 {
		t.Errorf("%d connections beside the chain, want 8 to %d", got, maxProbes)
	}
}

func TestPassiveAsksNothingMore(t *testing.T) {
	var n atomic.Int64
	plain := handler(t, func(c net.Conn) { n.Add(1); keeping(always(page()))(c) })
	o := www(t, plain, "", Options{})
	o.Passive = true
	o.Nameserver = zone{}.serve(t)
	if r, err := analyze(t, "http://www.example.com/", o); err != nil || n.Load() != 1 || r.DNS == nil {
		t.Errorf("%d connections, DNS %+v, %v", n.Load(), r.DNS, err)
	}
}

// inTheClear are servers at port 80 and what they say to HTTP/2.
var inTheClear = []struct {
	name    string
	handle  func(net.Conn)
	prior   string
	upgrade string
	h2c     string
}{
	{"ignored", keeping(always(page())), "no: the preface is answered with \"HTTP/1.1 200 OK\\r\\n\"", "no: status 200", "no"},
	{"advertised", keeping(always(page("Upgrade: h2,h2c"))), "no: the preface is answered with \"HTTP/1.1 200 OK\\r\\n\"", "no: status 200, which advertises h2c and does not take it", "no"},
	{"400", keeping(func(head string) string {
		if strings.Contains(head, "h2c") || strings.HasPrefix(head, "PRI") {
			return "HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n"
		}
		return page()
	}), "no: the preface is answered with \"HTTP/1.1 400 x\\r\\n\"", "no: status 400", "no"},
	{"closes", func(c net.Conn) {
		keeping(func(head string) string {
			if strings.HasPrefix(head, "PRI") {
				c.Close()
			}
			return page()
		})(c)
	}, "no: after the preface: the server closed the connection", "no: status 200", "no"},
	{"resets", func(c net.Conn) {
		keeping(func(head string) string {
			if strings.HasPrefix(head, "PRI") {
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
			}
			return page()
		})(c)
	}, "no: after the preface: connection reset by the server", "no: status 200", "no"},
	{"405", keeping(func(head string) string {
		if strings.HasPrefix(head, "PRI") {
			return "HTTP/1.1 405 x\r\nContent-Length: 0\r\n\r\n"
		}
		return page()
	}), "no: the preface is answered with \"HTTP/1.1 405 x\\r\\n\"", "no: status 200", "no"},
	{"silence", func(c net.Conn) {
		b := bufio.NewReader(c)
		if first, _ := b.Peek(3); string(first) == "PRI" {
			io.Copy(io.Discard, b)
			return
		}
		keeping(always(page()))(peeked{c, b})
	}, "no: the preface is not answered", "no: status 200", "no"},
	{"HTTP/0.9: a page without a status line", keeping(func(head string) string {
		if strings.HasPrefix(head, "PRI") {
			return "<html>Bad Request</html>\n"
		}
		return page()
	}), "no: the preface is answered with \"<html>Bad Request</html>\\n\"", "no: status 200", "no"},
	{"prior knowledge", func(c net.Conn) {
		b := bufio.NewReader(c)
		if first, _ := b.Peek(3); string(first) == "PRI" {
			io.WriteString(c, settings+settingsAck)
			io.Copy(io.Discard, b)
			return
		}
		keeping(always(page()))(peeked{c, b})
	}, "yes: the preface is answered with SETTINGS", "no: status 200", "yes"},
	{"upgrade", keeping(func(head string) string {
		if strings.Contains(head, "\r\nUpgrade: h2c\r\n") {
			return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + settings
		}
		return page()
	}), "no: the preface is answered with \"HTTP/1.1 200 OK\\r\\n\"", "yes: 101 and SETTINGS (obsolete: RFC 9113 3.1)", "yes"},
	{"upgrade that is none", once(func(head string) string {
		if strings.Contains(head, "\r\nUpgrade: h2c\r\n") {
			return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
		}
		return page()
	}), "no: the preface is answered with \"HTTP/1.1 200 OK\\r\\n\"", "broken: 101, and no SETTINGS", "no"},
}

// once answers one request and closes the connection.
func once(answer func(head string) string) func(net.Conn) {
	return func(c net.Conn) {
		keeping(func(head string) string {
			io.WriteString(c, answer(head))
			c.(*net.TCPConn).CloseWrite()
			return ""
		})(c)
	}
}

// peeked is a connection of which the first octets were looked at.
type peeked struct {
	net.Conn
	r io.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

func TestHTTP2InTheClear(t *testing.T) {
	for _, c := range inTheClear {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := handler(t, c.handle)
			o := Options{Full: true}
			r, err := analyze(t, "http://"+s+"/", o)
			if err != nil || r.HTTP2.Verdict != No {
				t.Errorf("http2 %+v, %v", r.HTTP2, err)
			}
			if got := row(r, "h2c"); got != c.prior {
				t.Errorf("prior knowledge: %s, want %s", got, c.prior)
			}
			if got := row(r, "h2c upgrade"); got != c.upgrade {
				t.Errorf("upgrade: %s, want %s", got, c.upgrade)
			}
			if r.HTTP2.H2C != c.h2c {
				t.Errorf("h2c %q, want %q", r.HTTP2.H2C, c.h2c)
			}
		})
	}
}

// A server of QUIC answers a version that does not exist with those that it has,
// and that is all that is asked of it.
func TestQUIC(t *testing.T) {
	cfg, o := secure(t)
	var udp net.PacketConn
	var secured string
	for udp == nil { // the same port for both
		secured = handler(t, func(c net.Conn) {
			if s := tls.Server(c, cfg); s.Handshake() == nil {
				keeping(always(page()))(s)
			}
		})
		udp, _ = net.ListenPacket("udp", secured)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		for {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			if n != 1200 || buf[0]&0x80 == 0 || buf[5] != 8 || buf[14] != 8 {
				continue // RFC 9000, section 14.1
			}
			reply := []byte{0x80, 0, 0, 0, 0, 8}
			reply = append(append(append(reply, buf[15:23]...), 8), buf[6:14]...)
			udp.WriteTo(append(reply, 0, 0, 0, 1), from)
		}
	}()
	defer func() { udp.Close(); <-done }()
	o.Full = true
	r, err := analyze(t, "https://"+secured+"/", o)
	want := "yes: " + secured + " answers a version that does not exist with those that it speaks"
	if got := row(r, "h3"); got != want || r.HTTP2.HTTP3 != "udp-answers" || err != nil {
		t.Errorf("%s, want %s (%q, %v)", got, want, r.HTTP2.HTTP3, err)
	}
}

// A page that is refused under this program's name is asked for once more under a
// browser's, and the difference is told.
func TestRefusedForItsName(t *testing.T) {
	for status, want := range map[int]bool{403: true, 406: true, 404: false} {
		var asked atomic.Bool
		s := handler(t, keeping(func(head string) string {
			if strings.Contains(head, "\r\nUser-Agent: Mozilla/5.0 ") {
				asked.Store(true)
				return page()
			}
			return fmt.Sprintf("HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n", status)
		}))
		r, err := analyze(t, "http://"+s+"/", Options{Full: true})
		told := slices.Contains(r.Warnings, fmt.Sprintf("status 200 under a browser's name, where it is %d under this program's", status))
		if asked.Load() != want || told != want || err != nil || r.Hops[0].Status != status {
			t.Errorf("%d: asked %t, told %t, want %t (%v)", status, asked.Load(), told, want, err)
		}
	}
}

// A public name that leads into a private network is told of.
func TestNameThatLeadsInside(t *testing.T) {
	s := serve(t, site{http: always(page())})
	_, port, _ := net.SplitHostPort(s)
	for host, want := range map[string]bool{"www.uvic.ca": true, "www.example.com": false, "printer.local": false, "printer": false, "127.0.0.1": false} {
		o := Options{Dialer: wire.Dialer{Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}}}
		r, err := analyze(t, "http://"+host+":"+port+"/", o)
		if got := slices.Contains(r.Warnings, host+" leads to 127.0.0.1, which is no public address"); got != want || err != nil {
			t.Errorf("%s: %q, %v", host, r.Warnings, err)
		}
	}
}

// Who finds hosts in a way of his own has no name server asked for them.
func TestNobodyIsAskedForNames(t *testing.T) {
	for name, o := range map[string]Options{
		"own resolver": {Dialer: wire.Dialer{Resolve: loopback}}, "none": {Nameserver: "none"},
		"pins": {Dialer: wire.Dialer{Pins: []wire.Pin{{Host: "h", Port: 1}}}}, "proxy": {Dialer: wire.Dialer{Proxy: &wire.Proxy{}}},
	} {
		if got := newProber(o, "h").nameserver(); got != "" {
			t.Errorf("%s: %q is asked", name, got)
		}
	}
	if got := newProber(Options{Nameserver: "192.0.2.53:53", Dialer: wire.Dialer{Resolve: loopback}}, "h").nameserver(); got != "192.0.2.53:53" {
		t.Errorf("%q is asked", got)
	}
}
