package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// A Pin gives a host and port their addresses, as curl's --resolve does.
type Pin struct {
	Host  string // in lower case; "*" is every host
	Port  uint16
	Addrs []netip.Addr
}

// ParsePin reads HOST:PORT:ADDR[,ADDR]…. An IPv6 address may stand in brackets,
// as a host it does. A "+" at the front means nothing here, as nothing is kept
// beyond the program's end.
func ParsePin(s string) (Pin, error) {
	parts, err := splitColons(strings.TrimPrefix(s, "+"), 3)
	if err != nil {
		return Pin{}, fmt.Errorf("%q: %w; want HOST:PORT:ADDR[,ADDR]", s, err)
	}
	p := Pin{Host: parts[0]}
	if p.Host != "*" {
		if p.Host, err = parseHost(parts[0]); err != nil {
			return Pin{}, fmt.Errorf("%q: %w", s, err)
		}
	}
	if p.Port, err = parsePort("tcp", parts[1]); err != nil {
		return Pin{}, fmt.Errorf("%q: %w", s, err)
	}
	for text := range strings.SplitSeq(parts[2], ",") {
		inner, opened := strings.CutPrefix(text, "[")
		inner, closed := strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		if err != nil || opened != closed {
			return Pin{}, fmt.Errorf("%q: %q is no address", s, text)
		}
		p.Addrs = append(p.Addrs, a)
	}
	return p, nil
}

// A Route leads a host and port elsewhere, as curl's --connect-to does.
type Route struct {
	Host   string // in lower case; "" is every host
	Port   uint16 // 0 is every port
	ToHost string // "" is the same
	ToPort uint16 // 0 is the same
}

// ParseRoute reads HOST1:PORT1:HOST2:PORT2, of which each may be empty. An IPv6
// address stands in brackets.
func ParseRoute(s string) (Route, error) {
	parts, err := splitColons(s, 4)
	if err != nil {
		return Route{}, fmt.Errorf("%q: %w; want HOST1:PORT1:HOST2:PORT2", s, err)
	}
	if strings.Contains(parts[3], ":") {
		return Route{}, fmt.Errorf("%q: more than four parts; want HOST1:PORT1:HOST2:PORT2", s)
	}
	var r Route
	for i, host := range []*string{&r.Host, &r.ToHost} {
		if text := parts[2*i]; text != "" {
			if *host, err = parseHost(text); err != nil {
				return Route{}, fmt.Errorf("%q: %w", s, err)
			}
		}
	}
	for i, port := range []*uint16{&r.Port, &r.ToPort} {
		if text := parts[2*i+1]; text != "" {
			if *port, err = parsePort("tcp", text); err != nil {
				return Route{}, fmt.Errorf("%q: %w", s, err)
			}
		}
	}
	return r, nil
}

// splitColons cuts s at colons into n parts, of which the last takes all that is
// left. Brackets around a part hold its colons together, and are taken off.
func splitColons(s string, n int) ([]string, error) {
	parts := make([]string, 0, n)
	for len(parts) < n-1 {
		part, rest, ok := "", "", false
		if inner, bracketed := strings.CutPrefix(s, "["); bracketed {
			part, rest, ok = strings.Cut(inner, "]")
			if !ok {
				return nil, errors.New(`no "]" after "["`)
			}
			rest, ok = strings.CutPrefix(rest, ":")
		} else {
			part, rest, ok = strings.Cut(s, ":")
		}
		if !ok {
			return nil, fmt.Errorf("%d of %d parts", len(parts)+1, n)
		}
		parts, s = append(parts, part), rest
	}
	return append(parts, s), nil
}

// route returns where a connection to host and port goes.
func (d Dialer) route(host string, port uint16) (string, uint16) {
	for _, r := range d.Routes {
		if r.Host != "" && r.Host != host || r.Port != 0 && r.Port != port {
			continue
		}
		if r.ToHost != "" {
			host = r.ToHost
		}
		if r.ToPort != 0 {
			port = r.ToPort
		}
		break
	}
	return host, port
}

// pinned returns the addresses that host and port have by the Dialer's Pins; nil
// for none.
func (d Dialer) pinned(host string, port uint16) []netip.Addr {
	var anyHost []netip.Addr
	for i := len(d.Pins) - 1; i >= 0; i-- {
		switch p := d.Pins[i]; {
		case p.Port != port:
		case p.Host == host:
			return p.Addrs
		case p.Host == "*" && anyHost == nil:
			anyHost = p.Addrs
		}
	}
	return anyHost
}
