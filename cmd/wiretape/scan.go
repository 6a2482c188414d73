package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"wiretape/session"
	"wiretape/wire"
)

// A scanned port takes as many datagrams as nc sends, so long apart, to bring out
// an ICMP that says nobody is there.
const (
	udpProbes = 4
	udpApart  = 250 * time.Millisecond
)

// scanPorts reads a port, a service's name or a range of ports, "20-25".
func scanPorts(s string) (from, to uint16, err error) {
	low, high, isRange := strings.Cut(s, "-")
	if !isRange || strings.Trim(s, "0123456789-") != "" {
		return 0, 0, nil // a port by itself is the target's business
	}
	a, aerr := strconv.ParseUint(low, 10, 16)
	b, berr := strconv.ParseUint(high, 10, 16)
	if aerr != nil || berr != nil || a == 0 || a > b {
		return 0, 0, usagef("ports %q: want two of 1 to 65535, the lower one first", s)
	}
	return uint16(a), uint16(b), nil
}

// runScan sees which ports answer. Its status is 0 where one does, as nc's is.
func (a *app) runScan(ctx context.Context, args []string, d wire.Dialer, f *plainFlags) error {
	if len(f.lines) > 0 || f.file != "" {
		return usagef("-z sends nothing: -c and -f have no place")
	}
	var from, to uint16
	if len(args) == 2 {
		var err error
		if from, to, err = scanPorts(args[1]); err != nil {
			return err
		}
		if from > 0 {
			args = []string{args[0], strconv.Itoa(int(from))}
		}
	}
	t, _, err := plainTarget(args, f)
	if err != nil {
		return err
	}
	if t.Network == "" {
		return usagef("-z wants a host and a port: wiretape -z localhost 20-25")
	}
	if from == 0 {
		from, to = t.Port, t.Port
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	if d.Timeout == 0 {
		d.Timeout = unattendedDial
	}
	t.TLS = false // a port is open before anybody shakes hands
	var last error
	open := false
	for port := int(from); port <= int(to); port++ { // int: 65535 has a next
		if port > int(from) && f.nc.interval > 0 {
			select {
			case <-time.After(time.Duration(f.nc.interval)):
			case <-ctx.Done():
			}
		}
		t.Port = uint16(port)
		remote, err := scanOne(ctx, d, t)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch op, _ := errors.AsType[*wire.OpError](err); {
		case err == nil:
			open = true
			if f.nc.verbose {
				fmt.Fprintln(a.stderr, scanSaid(t, remote))
			}
		case op != nil && op.Phase != wire.PhaseConnect && op.Phase != wire.PhaseProxy:
			return err // the same for every port
		default:
			last = err
			if f.nc.verbose {
				fmt.Fprintf(a.stderr, "wiretape: connect to %s port %d (%s) failed: %s\n", t.Host, port, t.Network, escape(op.Reason()))
			}
		}
	}
	if open {
		return nil
	}
	return statusError(session.StatusOf(last)) // in words with -v alone, as with nc
}

// scanSaid is nc's sentence, on which people's scripts stand.
func scanSaid(t wire.Target, remote string) string {
	host := t.Host
	if t.Network == "unix" {
		return "Connection to " + host + " succeeded!"
	}
	if ip := strings.TrimSuffix(remote, ":"+strconv.Itoa(int(t.Port))); strings.Trim(ip, "[]") != host && remote != "" {
		host += " (" + strings.Trim(ip, "[]") + ")"
	}
	name := wire.ServiceAt(t.Network, strconv.Itoa(int(t.Port))).Name
	if name == "" {
		name = "*"
	}
	return fmt.Sprintf("Connection to %s %d port [%s/%s] succeeded!", host, t.Port, t.Network, name)
}

// scanOne connects to t and hangs up; of UDP it knocks, and nil means that
// nothing said that nobody is there.
func scanOne(ctx context.Context, d wire.Dialer, t wire.Target) (remote string, err error) {
	c, err := d.Dial(ctx, t, nil)
	if err != nil {
		return "", err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	remote = c.Facts().Remote
	if t.Network != "udp" {
		return remote, nil
	}
	buf := make([]byte, 1)
	for range udpProbes {
		_, err := io.WriteString(c, "X")
		if err == nil {
			c.SetReadDeadline(time.Now().Add(udpApart))
			if _, err = c.Read(buf); err == nil || wire.IsTimeout(err) {
				if err == nil {
					break
				}
				continue
			}
		}
		return "", &wire.OpError{Phase: wire.PhaseConnect, Network: "udp", Target: t.Address(), Role: wire.Dialed, Err: err}
	}
	return remote, nil
}
