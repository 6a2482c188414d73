package session

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/line"
)

// dataCommands are the words for FTP's data connection.
func dataCommands() []command {
	return []command{
		{group: "Send", name: "data", args: "[save FILE | send FILE | close]", connected: true,
			summary: "opens FTP's data connection, where 227 or 229 said that it is",
			detail: "Type PASV or EPSV, then .data, then LIST, RETR or STOR. What comes is shown, or with save written\n" +
				"to FILE; send sends FILE once the server asks for it. An address that is not the server's own is\n" +
				"not connected to: the server's is. After PROT P the connection is secured like this one.",
			writes:  "with send the file, over the data connection",
			example: ".data save list.txt", on: (*dialogue).dataCommand, complete: []string{"save ", "send ", "close"}, files: true},
	}
}

// An ftp is what is known of FTP's data connection, beside the control connection
// that a session is about. It is guarded by Session.mu.
type ftp struct {
	addr    netip.AddrPort // announced by 227 or 229; of 229 the port alone
	private bool           // PROT P was accepted (RFC 4217, section 9)
	prot    bool           // PROT P was sent
	dialing bool           // the next connection is a data connection
	data    *dataLink      // nil for none
}

// A dataLink is a data connection.
type dataLink struct {
	link    *link
	conn    int      // wire.Event.Conn; 0 before it stands
	quiet   bool     // its octets are not shown
	save    *os.File // gets what comes; nil for none
	send    *os.File // goes out once the server asks; nil for none
	err     error    // of save or send
	octets  int64    // that came or went
	started bool     // a preliminary reply came
	over    bool     // a final one did
	sent    chan struct{}
}

// isData reports whether an event is of the data connection, and takes note of one
// that opens it. S.mu is held.
func (d *dialogue) isData(e wire.Event) bool {
	data := d.ftp.data
	if data == nil {
		return false
	}
	if d.ftp.dialing && e.Kind == wire.KindOpen {
		d.ftp.dialing, data.conn = false, e.Conn
	}
	if e.Conn != data.conn || data.conn == 0 {
		return false
	}
	if e.Kind == wire.KindData {
		data.octets += int64(len(e.Data))
		if data.save != nil && e.Dir == wire.ServerToClient && data.err == nil {
			_, data.err = data.save.Write(e.Data)
		}
	}
	return true
}

// isOfData reports whether a connection is the data connection. S.mu is held.
func (d *dialogue) isOfData(conn int) bool {
	data := d.ftp.data
	return data != nil && data.conn != 0 && data.conn == conn
}

// trackFTP follows what the reply to a command means for the data connection. S.mu
// is held.
func (d *dialogue) trackFTP(r *line.Reply) {
	if addr, port, ok := r.Passive(); ok {
		d.ftp.addr = netip.AddrPortFrom(addr, port)
		if d.s.opts.Interactive {
			d.info(fmt.Sprintf("a data connection waits at port %d: .data opens it, then LIST, RETR or STOR", port))
		}
		return
	}
	if d.peer.verb == "PROT" && r.Code == 200 {
		d.ftp.private = d.ftp.prot
	}
	data := d.ftp.data
	switch {
	case data == nil:
	case r.Code < 200 && !data.started && data.link != nil:
		data.started = true
		go d.transfer(data, d.ftp.private)
	case r.Code >= 200 && data.started:
		data.over = true
	}
}

// trackPROT notes what a command asks for. S.mu is held.
func (d *dialogue) trackPROT(c *line.Command) {
	if c.Verb == "PROT" {
		d.ftp.prot = strings.EqualFold(strings.TrimSpace(string(c.Args)), "P")
	}
}

// transfer does what the server is ready for: the handshake, and what is to be
// sent. It ends with d.link, which its owner closes.
func (d *dialogue) transfer(data *dataLink, private bool) {
	defer close(data.sent)
	if private {
		opts := *d.dataTLS()
		if _, err := data.link.conn.StartTLS(context.Background(), &opts); err != nil {
			data.link.conn.Close()
			return // its event says why
		}
	}
	if data.send == nil {
		return
	}
	_, err := io.Copy(data.link.conn, data.send)
	data.link.conn.Close() // in stream mode the end of the file (RFC 959, section 3.4.1)
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if data.err == nil {
		data.err = err
	}
}

// dataTLS returns the options for a data connection: those of the control
// connection, whose certificate it has to show too. Nobody is asked again.
func (d *dialogue) dataTLS() *wire.TLSOptions {
	opts := new(wire.TLSOptions)
	if d.s.opts.Dialer.TLS != nil {
		*opts = *d.s.opts.Dialer.TLS
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if opts.ServerName == "" {
		opts.ServerName = d.target.Host
	}
	if t := d.peer.tls; t != nil && t.Verify != "" {
		opts.Insecure = true // as it was decided for the control connection
	}
	opts.Confirm = nil
	return opts
}

// dataCommand is .data.
func (d *dialogue) dataCommand(ctx context.Context, args string) error {
	word, name, _ := strings.Cut(args, " ")
	name = strings.TrimSpace(name)
	if word == "close" && name == "" {
		d.closeData()
		return nil
	}
	if word != "" && (word != "save" && word != "send" || name == "") {
		return usage("data", args)
	}
	t, err := d.dataTarget()
	if err != nil {
		return err
	}
	d.closeData()
	data := &dataLink{sent: make(chan struct{}), quiet: word != ""}
	switch word {
	case "save":
		data.save, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	case "send":
		data.send, err = d.s.openFile(ctx, name)
	}
	if err != nil {
		return sendFailure(".data "+word, err)
	}
	d.s.mu.Lock()
	d.ftp.data, d.ftp.dialing, d.ftp.addr = data, true, netip.AddrPort{}
	d.s.mu.Unlock()
	dctx, stop := d.s.interruptible(ctx)
	conn, err := d.s.dial(dctx, t, d.s.tap)
	stop()
	d.s.mu.Lock()
	d.ftp.dialing = false
	if err == nil {
		data.link = newLink(conn)
	} else {
		d.ftp.data = nil
	}
	d.s.mu.Unlock()
	if err != nil {
		data.closeFiles()
		return d.dialFailed(err)
	}
	return nil
}

// dataTarget returns where the data connection goes. An address that is not the
// control connection's is not trusted: a server could have us connect to anyone.
func (d *dialogue) dataTarget() (wire.Target, error) {
	d.s.mu.Lock()
	addr, facts := d.ftp.addr, d.peer.facts
	d.s.mu.Unlock()
	if addr.Port() == 0 {
		return wire.Target{}, failure(StatusUsage, ".data: no data connection is announced: PASV or EPSV first")
	}
	host := d.target.Host
	if facts != nil {
		if h, _, err := net.SplitHostPort(facts.Remote); err == nil {
			host = h
		}
	}
	if addr.Addr().IsValid() && addr.Addr().String() != host {
		d.s.view.Warn(fmt.Sprintf("the server announces %s, and is itself %s: connecting to %[2]s", addr.Addr(), view.EscapeString(host)))
	}
	return wire.Target{Network: "tcp", Host: host, Port: addr.Port(), Proto: detect.Raw}, nil
}

// afterData waits for the end of a data connection whose command is answered, and
// says what came of it.
func (d *dialogue) afterData(ctx context.Context) error {
	d.s.mu.Lock()
	data := d.ftp.data
	done := data != nil && data.started && data.over
	d.s.mu.Unlock()
	if !done {
		return nil
	}
	timer := time.NewTimer(d.s.timeout)
	defer timer.Stop()
	late := false
	select {
	case <-data.link.done: // what was on the way is here
	case <-timer.C:
		late = true
	case <-d.s.opts.Interrupts:
		return d.stopped(ctx)
	case <-d.s.escaped:
		return d.stopped(ctx)
	case <-ctx.Done():
		return d.stopped(ctx)
	}
	d.closeData()
	d.s.mu.Lock()
	err, octets := data.err, data.octets
	d.s.mu.Unlock()
	switch {
	case late:
		return failure(StatusProtocol, ".data: the data connection has not ended after %v, %d B went over it", d.s.timeout, octets)
	case err != nil:
		return failure(StatusUsage, ".data: %w", err)
	case data.save != nil:
		d.s.view.Info(fmt.Sprintf("saved %s: %d B", data.save.Name(), octets))
	case data.send != nil:
		d.s.view.Info(fmt.Sprintf("sent %s: %d B", data.send.Name(), octets))
	}
	return nil
}

// closeData ends the data connection, if there is one.
func (d *dialogue) closeData() {
	d.s.mu.Lock()
	data := d.ftp.data
	d.s.mu.Unlock()
	if data == nil {
		return
	}
	data.link.conn.Close() // an error of closing changes nothing for us
	<-data.link.done
	d.s.mu.Lock()
	started := data.started
	d.ftp.data = nil
	d.s.mu.Unlock()
	if started {
		if data.send != nil {
			data.send.Close() // it may be a FIFO, of which nothing comes
		}
		<-data.sent
	}
	data.closeFiles()
}

func (d *dataLink) closeFiles() {
	for _, f := range []*os.File{d.save, d.send} {
		if f != nil {
			f.Close() // what was written is told by Write
		}
	}
}
