package wire

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestParsePin(t *testing.T) {
	addr := netip.MustParseAddr
	for in, want := range map[string]Pin{
		"Example.com:443:127.0.0.1":        {"example.com", 443, []netip.Addr{addr("127.0.0.1")}},
		"*:http:127.0.0.1,::1":             {"*", 80, []netip.Addr{addr("127.0.0.1"), addr("::1")}},
		"+a.test:25:[2001:db8::1]":         {"a.test", 25, []netip.Addr{addr("2001:db8::1")}},
		"[2001:db8::1]:25:2001:db8::2,::3": {"2001:db8::1", 25, []netip.Addr{addr("2001:db8::2"), addr("::3")}},
	} {
		if got, err := ParsePin(in); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParsePin(%q) = %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "h", "h:80", "h:80:", "h:80:name", "h:0:127.0.0.1", "h:x y:127.0.0.1", ":80:127.0.0.1", "[::1:80:127.0.0.1", "-h:80:127.0.0.1,", "h:80:[::1", "h:80:::1]", "h:80:[[::1]]"} {
		if got, err := ParsePin(in); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", in)) {
			t.Errorf("ParsePin(%q) = %+v, %v", in, got, err)
		}
	}
}

func TestParseRoute(t *testing.T) {
	for in, want := range map[string]Route{
		"a.test:443:b.test:8443": {"a.test", 443, "b.test", 8443},
		"::b.test:":              {"", 0, "b.test", 0},
		":80::8080":              {"", 80, "", 8080},
		"[::1]:80:[::2]:81":      {"::1", 80, "::2", 81},
		":::":                    {},
	} {
		if got, err := ParseRoute(in); err != nil || got != want {
			t.Errorf("ParseRoute(%q) = %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "a:1", "a:1:b", "a:1:b:c d", "a:1:b:2:3", "a b:1:c:2", "[::1:80:b:2"} {
		if got, err := ParseRoute(in); err == nil {
			t.Errorf("ParseRoute(%q) = %+v", in, got)
		}
	}
}

// The name stays that of the target, whatever a connection is made to.
func TestRoutesAndPins(t *testing.T) {
	to := serve(t, func(nc *net.TCPConn) { io.WriteString(nc, "here") })
	loop := netip.MustParseAddr("127.0.0.1")
	for name, d := range map[string]Dialer{
		"a pin": {Pins: []Pin{{"a.example", to.Port, []netip.Addr{loop}}}},
		"the last pin": {Pins: []Pin{
			{"a.example", to.Port, []netip.Addr{netip.MustParseAddr("192.0.2.1")}}, {"a.example", to.Port, []netip.Addr{loop}},
			{"a.example", to.Port + 1, nil}}},
		"a pin of the host before one of every host": {Pins: []Pin{
			{"a.example", to.Port, []netip.Addr{loop}}, {"*", to.Port, []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}},
		"a route":                {Routes: []Route{{"a.example", to.Port, "127.0.0.1", 0}}},
		"a route, then a pin":    {Routes: []Route{{"", 0, "b.example", 0}}, Pins: []Pin{{"b.example", to.Port, []netip.Addr{loop}}}},
		"the first route counts": {Routes: []Route{{"x.example", 0, "192.0.2.1", 0}, {"", to.Port, "127.0.0.1", 0}, {"", 0, "192.0.2.1", 0}}},
	} {
		d.Resolve = resolveTo() // knows nothing
		at := to
		at.Host = "a.example"
		c := dial(t, d, at, nil)
		if f := c.Facts(); f.Target != at.Address() || f.Remote != to.Address() || f.Phases.DNS != 0 {
			t.Errorf("%s: facts %+v", name, f)
		}
	}
}

func TestLocalAddress(t *testing.T) {
	to := serve(t, func(nc *net.TCPConn) { io.WriteString(nc, nc.RemoteAddr().String()) })
	free, err := net.Listen("tcp", "127.0.0.5:0")
	if err != nil {
		t.Skipf("127.0.0.5 is no address of this machine: %v", err)
	}
	local := free.Addr().(*net.TCPAddr).AddrPort()
	free.Close()
	to.Host = "localhost"
	c := dial(t, Dialer{Local: local, Resolve: resolveTo("::1", "127.0.0.1")}, to, nil)
	got, err := io.ReadAll(c)
	if err != nil || string(got) != local.String() {
		t.Errorf("the peer saw %q, %v; want %s", got, err, local)
	}
}
