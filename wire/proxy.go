package wire

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Proxy is what stands between us and a target. Only TCP goes through it.
type Proxy struct {
	// Scheme is "socks5" or "socks4", for which we look names up, "socks5h" or
	// "socks4a", for which the proxy does, or "http", whose CONNECT takes names
	// too.
	Scheme string
	Host   string
	Port   uint16
	// User and Password are for proxies that ask; SOCKS 4 has a user alone, and it
	// is not checked.
	User, Password string
}

// proxyPort returns the usual port of a scheme of proxies, 0 for no such scheme.
func proxyPort(scheme string) uint16 {
	switch scheme {
	case "socks5", "socks5h", "socks4", "socks4a":
		return 1080
	case "http":
		return 3128
	}
	return 0
}

// ParseProxy reads scheme://[user:password@]host[:port]. A user and a password
// may be percent-encoded. Errors quote neither.
func ParseProxy(s string) (*Proxy, error) {
	p, err := parseProxy(s)
	if err != nil {
		return nil, fmt.Errorf("proxy %q: %w", hideUser(s), err)
	}
	return p, nil
}

func parseProxy(s string) (*Proxy, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	p := &Proxy{Scheme: scheme, Port: proxyPort(scheme)}
	if !ok || p.Port == 0 {
		return nil, errors.New("want socks5://, socks5h://, socks4://, socks4a:// or http:// and host:port")
	}
	authority, path := cutAuthority(rest)
	if path != "" && path != "/" {
		return nil, errors.New("a proxy has no path")
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, password, _ := strings.Cut(authority[:at], ":")
		authority = authority[at+1:]
		var err, perr error
		p.User, err = url.PathUnescape(user)
		p.Password, perr = url.PathUnescape(password)
		if err != nil || perr != nil {
			return nil, errors.New("the user or the password has a % that encodes nothing")
		}
	}
	host, port, err := splitAuthority(authority)
	if err != nil {
		return nil, err
	}
	if p.Host, err = parseHost(host); err != nil {
		return nil, err
	}
	if port != "" {
		if p.Port, err = parsePort("tcp", port); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// String names the proxy without its credentials: "socks5 127.0.0.1:1080".
func (p *Proxy) String() string {
	return p.Scheme + " " + net.JoinHostPort(p.Host, strconv.Itoa(int(p.Port)))
}

// connectVia makes a connection through d.Proxy. Its error is an *OpError.
func (d Dialer) connectVia(ctx context.Context, t Target, host string, port uint16, c *Conn, facts *Facts) (net.Conn, error) {
	p := d.Proxy
	fail := func(err error) (net.Conn, error) {
		return nil, &OpError{Phase: PhaseProxy, Network: t.Network, Target: t.Address(), Via: p.String(), Role: Dialed, Err: err}
	}
	to := hop{host: host, port: port}
	if a, err := netip.ParseAddr(host); err == nil {
		to.addr = a.Unmap()
	} else if p.Scheme == "socks5" || p.Scheme == "socks4" {
		look := d
		if p.Scheme == "socks4" {
			look.Family = IPv4Only
		}
		addrs, err := look.lookUp(ctx, host, port, facts)
		if err != nil {
			return nil, &OpError{Phase: PhaseName, Network: t.Network, Target: host, Role: Dialed, Err: err}
		}
		to.addr = addrs[0]
	}
	nc, phase, err := d.connectTo(ctx, "tcp", p.Host, p.Port, c, facts)
	if phase == PhaseName {
		return nil, &OpError{Phase: phase, Network: t.Network, Target: p.Host, Role: Dialed, Err: err}
	}
	if err != nil {
		return fail(err)
	}
	began := time.Now()
	lctx, cancel := d.limit(ctx)
	defer cancel()
	// A deadline in the past breaks off what the proxy leaves unanswered.
	stop := context.AfterFunc(lctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	err = p.ask(nc, to)
	if !stop() {
		err = lctx.Err()
	}
	if err == nil {
		err = nc.SetDeadline(time.Time{})
	}
	if err != nil {
		nc.Close()
		return fail(err)
	}
	facts.Via, facts.Phases.Proxy = p.String(), time.Since(began)
	return nc, nil
}

// A hop is where a proxy is to connect to.
type hop struct {
	host string
	addr netip.Addr // of host, where we know it
	port uint16
}

// ask has the proxy connect nc to a hop.
func (p *Proxy) ask(nc net.Conn, to hop) error {
	var err error
	switch p.Scheme {
	case "socks5", "socks5h":
		err = p.socks5(nc, to)
	case "socks4", "socks4a":
		err = p.socks4(nc, to)
	default:
		err = p.httpConnect(nc, to)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the proxy closed the connection in the middle of its answer: does it speak " + p.Scheme + "?")
	}
	return err
}

// maxProxyHead bounds what a proxy may answer to CONNECT: 64 KiB.
const maxProxyHead = 64 << 10

// httpConnect is RFC 9110, section 9.3.6.
func (p *Proxy) httpConnect(nc net.Conn, to hop) error {
	authority := net.JoinHostPort(to.host, strconv.Itoa(int(to.port)))
	request := "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n"
	if p.User != "" || p.Password != "" {
		// RFC 7617, section 2.
		request += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(p.User+":"+p.Password)) + "\r\n"
	}
	if _, err := io.WriteString(nc, request+"\r\n"); err != nil {
		return err
	}
	for {
		status, reason, err := readProxyHead(nc)
		switch {
		case err != nil:
			return err
		case status >= 100 && status < 200: // RFC 9110, section 15.2
			continue
		case status >= 200 && status < 300:
			return nil
		}
		return fmt.Errorf("the proxy answered %s", reason)
	}
}

// readProxyHead reads the head of a response, octet by octet: what follows it is
// the peer's. It returns the status with its words.
func readProxyHead(nc net.Conn) (status int, words string, err error) {
	var head []byte
	one := make([]byte, 1)
	for {
		if len(head) == maxProxyHead {
			return 0, "", fmt.Errorf("the proxy's answer is longer than %d KiB", maxProxyHead>>10)
		}
		if _, err := io.ReadFull(nc, one); err != nil {
			return 0, "", err
		}
		head = append(head, one[0])
		if len(head) == 5 && string(head) != "HTTP/" {
			return 0, "", fmt.Errorf("the proxy's first bytes are not HTTP: %q", head)
		}
		if strings.HasSuffix(string(head[max(0, len(head)-4):]), "\n\r\n") || strings.HasSuffix(string(head[max(0, len(head)-2):]), "\n\n") {
			break
		}
	}
	line, _, _ := strings.Cut(string(head), "\n")
	_, words, _ = strings.Cut(strings.TrimRight(line, "\r"), " ")
	digits, _, _ := strings.Cut(words, " ")
	status, err = strconv.Atoi(digits)
	if err != nil || len(digits) != 3 {
		return 0, "", fmt.Errorf("the proxy's status line has no status: %q", line)
	}
	return status, printable(words), nil
}
