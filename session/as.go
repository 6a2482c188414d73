package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wiretape/session/view"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// asCommand is the row of .as.
func asCommand() command {
	return command{group: "Look", name: "as", args: "[PROTO|auto]", connected: true,
		summary: "says what the connection is read as, or reads all of it anew as PROTO",
		detail: "PROTO is one of " + strings.Join(detect.Protos(), ", ") + ".\n" +
			"auto finds out again. Nothing is sent. --as PROTO chooses before connecting.",
		example: ".as raw", on: (*dialogue).as, complete: append(detect.Protos(), "auto")}
}

// as is .as.
func (d *dialogue) as(_ context.Context, args string) error {
	name := strings.ToLower(strings.TrimSpace(args))
	if name == "" {
		d.s.mu.Lock()
		proto, why := d.s.stream.Proto(d.peer.conn), d.s.stream.Reason(d.peer.conn)
		d.s.mu.Unlock()
		if proto == "" {
			d.s.view.Info("not known yet what the peer speaks; .as PROTO chooses")
			return nil
		}
		d.s.view.Info("read as " + proto + ": " + view.EscapeString(why))
		return nil
	}
	canonical := detect.Canonical(name)
	if canonical == "" && name != "auto" {
		return failure(StatusUsage, ".as %s: want one of %s, or auto", name, strings.Join(detect.Protos(), ", "))
	}
	msgs, err := d.reread(canonical)
	if err != nil {
		return err
	}
	style := d.s.opts.Style
	style.Live, style.Start = false, d.s.tap.Start()
	p := view.New(d.s.opts.Out, style)
	for i := range msgs {
		p.Message(&msgs[i])
	}
	d.s.mu.Lock()
	proto, why := d.s.stream.Proto(d.peer.conn), d.s.stream.Reason(d.peer.conn)
	d.s.mu.Unlock()
	d.s.view.Info(fmt.Sprintf("read as %s: %s", proto, view.EscapeString(why)))
	return p.Err()
}

// reread reads the current connection anew, all of it so far and what follows,
// and returns its Messages.
func (d *dialogue) reread(name string) ([]proto.Message, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	conn := d.peer.conn
	events := d.turns.whole(&d.s.history)
	if events == nil {
		return nil, failure(StatusUsage, "the connection's first octets are not held any more; the tape has them: wiretape show --as %s", name)
	}
	msgs := slices.Clone(d.s.stream.Reread(conn, name, events))
	d.s.record.mask.Expect(d.s.record.number(0, conn), name)
	d.s.history.replace(conn, msgs)
	d.s.view.Reread(conn)
	return msgs, nil
}
