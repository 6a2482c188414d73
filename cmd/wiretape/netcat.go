package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"wiretape/wire"
)

// ncFlags are those of nc's flags, with nc's meaning, that the plain command has
// alone.
type ncFlags struct {
	udp      bool
	unix     bool
	listen   bool
	scan     bool
	verbose  bool
	noDNS    bool
	halfShut bool
	crlf     bool
	quit     lingering
	interval seconds
	source   string
	port     string
	proxy    string
	proxyVia string
	proxyAs  string
}

func (n *ncFlags) register(fs *pflag.FlagSet) {
	fs.BoolVarP(&n.listen, "listen", "l", false, "wait for a connection at [ADDR] PORT, on this machine alone unless ADDR says more; -k goes on with the next")
	fs.BoolVarP(&n.udp, "udp", "u", false, "UDP")
	fs.BoolVarP(&n.unix, "unixsock", "U", false, "the target is the path of a Unix socket")
	fs.BoolVarP(&n.scan, "scan", "z", false, "only see whether a port, or a range of ports as 20-25, is open; -v says which")
	fs.BoolVarP(&n.verbose, "verbose", "v", false, "in a pipe: say on stderr what the connection does")
	fs.BoolVarP(&n.noDNS, "numeric", "n", false, "ask no name service")
	fs.BoolVarP(&n.halfShut, "half-close", "N", false, "in a pipe: half-close at the end of stdin")
	fs.BoolVarP(&n.crlf, "crlf", "C", false, "in a pipe: LF becomes CRLF")
	fs.VarP(&n.quit, "quit", "q", "in a pipe: half-close at the end of stdin, and stop after `SECONDS`")
	fs.VarP(&n.interval, "interval", "i", "pause `SECONDS` between the lines of stdin, and between ports")
	fs.StringVarP(&n.source, "source", "s", "", "connect from `ADDR`")
	fs.StringVarP(&n.port, "source-port", "p", "", "connect from `PORT`; with -l, listen there")
	fs.StringVarP(&n.proxy, "proxy-address", "x", "", "connect through the proxy at `ADDR[:PORT]`, as -X says")
	fs.StringVarP(&n.proxyVia, "proxy-protocol", "X", "", "what the proxy of -x speaks: `PROTO` is 5 (unless given), 4 or connect")
	fs.StringVarP(&n.proxyAs, "proxy-user", "P", "", "the `USER` for the proxy of -x; the password is asked for")
}

// dialer adds to d what the flags ask for.
func (n *ncFlags) dialer(d *wire.Dialer) error {
	if n.noDNS {
		d.Resolve = func(context.Context, string) ([]netip.Addr, error) {
			return nil, errors.New("not an address, and -n asks no name service")
		}
	}
	if !n.listen && (n.source != "" || n.port != "") {
		var addr netip.Addr
		var err error
		if n.source != "" {
			if addr, err = netip.ParseAddr(n.source); err != nil {
				return usagef("-s %q: want an address of this machine", n.source)
			}
		}
		port := uint16(0)
		if n.port != "" {
			t, err := wire.ParseTarget("tcp://h:" + n.port)
			if err != nil || t.Port == 0 {
				return usagef("-p %q: want a port", n.port)
			}
			port = t.Port
		}
		d.Local = netip.AddrPortFrom(addr, port)
	}
	return n.via(d)
}

// proxySchemes are what -X calls them.
var proxySchemes = map[string]string{"": "socks5h", "5": "socks5h", "4": "socks4", "connect": "http"}

// via reads -x, -X and -P.
func (n *ncFlags) via(d *wire.Dialer) error {
	if n.proxy == "" {
		if n.proxyVia != "" || n.proxyAs != "" {
			return usagef("-X and -P want -x")
		}
		return nil
	}
	scheme, ok := proxySchemes[n.proxyVia]
	switch {
	case !ok:
		return usagef("-X %q: want 4, 5 or connect", n.proxyVia)
	case n.listen || n.udp || n.unix:
		return usagef("-x goes with none of -l, -u and -U")
	case d.Proxy != nil:
		return usagef("-x and --proxy exclude each other")
	case strings.Contains(n.proxy, "@"):
		return usagef("-x takes no user; -P does, or --proxy")
	}
	p, err := wire.ParseProxy(scheme + "://" + n.proxy)
	if err != nil {
		return usagef("-x: %w", err)
	}
	if p.User = n.proxyAs; p.User != "" && scheme != "socks4" {
		if p.Password, err = askPassword("password of " + p.User + " at the proxy: "); err != nil {
			return err
		}
	}
	d.Proxy = p
	return nil
}

// askPassword asks a person at the terminal.
func askPassword(prompt string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", &hinted{usagef("-P: no terminal to ask for the password on"), "--proxy takes user:password@ in its URL"}
	}
	defer tty.Close()
	fmt.Fprint(tty, escape(prompt))
	password, err := term.ReadPassword(int(tty.Fd()))
	fmt.Fprintln(tty)
	if err != nil {
		return "", usagef("-P: read the password: %w", err)
	}
	return string(password), nil
}

// lingering is the value of -q: seconds, or a negative number for never.
type lingering struct {
	set   bool
	after time.Duration
}

func (l *lingering) Set(text string) error {
	var s seconds
	switch n, err := strconv.ParseFloat(text, 64); {
	case err == nil && n < 0:
		*l = lingering{}
		return nil
	case s.Set(text) != nil:
		return fmt.Errorf("%q is no number of seconds", text)
	}
	*l = lingering{true, time.Duration(s)}
	return nil
}

func (l *lingering) String() string {
	if !l.set {
		return ""
	}
	return l.after.String()
}

func (l *lingering) Type() string { return "seconds" }

// linger returns -q as a pipe takes it.
func (l *lingering) linger() time.Duration {
	if l.set && l.after == 0 {
		return -1
	}
	return l.after
}
