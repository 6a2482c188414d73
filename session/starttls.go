package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// tellWaiting says what stood in the clear before a handshake.
func tellWaiting(n int) (text string, wrong bool) {
	if n == 0 {
		return "0 plaintext bytes were waiting (good)", false
	}
	return fmt.Sprintf("%d plaintext bytes were waiting before the handshake: dropped, as who sent them is not verified", n), true
}

// sayPlainPart goes through the plain part of a protocol on the current
// connection.
func (d *dialogue) sayPlainPart(ctx context.Context, p *plainPart) (behind int, err error) {
	d.s.mu.Lock()
	// Before our first octet what came is the greeting, and is looked at however
	// early it came.
	begun := d.peer.octets[0] > 0 && d.peer.spoke
	d.s.mu.Unlock()
	return p.say(plainTalk{
		write: func(text string) error {
			if d.s.opts.Style.Live {
				d.s.view.Echo(d.link.conn.ID(), []byte(text), false)
			}
			return d.write(ctx, []byte(text), false)
		},
		reply: func(done func([]byte) int) ([]byte, error) {
			w := waiting{met: func() bool { return done(d.peer.got) > 0 || d.peer.gotN >= awaitWindow }, notice: d.s.opts.Interactive}
			if !d.s.opts.Interactive {
				w.limit, w.silence = d.s.timeout, true
			}
			end := d.wait(ctx, w)
			d.s.mu.Lock()
			got := bytes.Clone(d.peer.got)
			d.s.mu.Unlock()
			switch {
			case end == waitTimeout:
				return nil, failure(StatusTimeout, "starttls %s: no complete reply after %s (.timeout sets how long)", p.proto, d.s.ranOut)
			case end == waitClosed:
				return nil, failure(StatusProtocol, "starttls %s: the connection ended before the handshake was agreed on", p.proto)
			case end == waitInterrupted:
				return nil, failure(StatusInterrupted, "interrupted")
			case done(got) == 0:
				return nil, failure(StatusProtocol, "starttls %s: the reply is longer than %d KiB", p.proto, awaitWindow>>10)
			}
			return got, nil
		},
		local: d.link.conn.LocalAddr(), host: d.target.Host, begun: begun,
	})
}

// startTLS is .starttls: it begins TLS on the connection that stands, at once or
// after the plain part of a protocol.
func (d *dialogue) startTLS(ctx context.Context, proto string) error {
	if err := d.mustBeOpen("starttls"); err != nil {
		return err
	}
	if hint := d.unasked(proto); hint != "" {
		return failure(StatusUsage, ".starttls: %s", hint)
	}
	if proto == "" || proto == "now" {
		behind, again := d.plainTyped()
		return d.secureNow(ctx, behind, again)
	}
	p, err := plainPartOf(proto)
	if err != nil {
		return err
	}
	if d.secure() != nil {
		return failure(StatusUsage, ".starttls %s: TLS stands already", proto)
	}
	behind, err := d.sayPlainPart(ctx, p)
	if err != nil {
		return err
	}
	return d.secureNow(ctx, behind, p.again)
}

// unasked says what to do first where a person begins TLS by a word alone and the
// server, of a protocol in which it is asked, has not agreed to it; "" for nothing.
func (d *dialogue) unasked(word string) string {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if word != "" || !d.s.opts.Interactive || d.peer.agreed > 0 || d.peer.tls != nil {
		return ""
	}
	name, ask, _ := d.asking()
	if ask == "" {
		return ""
	}
	return fmt.Sprintf("the server was not asked: .starttls %s says %s; .starttls now = hello at once", name, ask)
}

// asking returns the protocol that is spoken, what asks for TLS in it, and what a reply
// that agrees begins with; "" where it has no such thing. s.mu is held.
func (d *dialogue) asking() (name, ask, good string) {
	name = d.s.stream.Proto(d.peer.conn)
	p, err := plainPartOf(name)
	if err != nil {
		return name, "", ""
	}
	last := p.steps[len(p.steps)-1]
	asks, goods := strings.Fields(last.send), strings.Fields(last.good)
	if len(asks) > 1 && name == detect.IMAP {
		asks, goods = asks[1:], goods[min(1, len(goods)):] // behind the tag
	}
	return name, strings.Join(asks, " "), strings.Join(goods, " ")
}

// askFirst says what has to be typed before a handshake that the server has not agreed
// to; "" for nothing.
func (d *dialogue) askFirst() string {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	name, ask, good := d.asking()
	if ask == "" || d.peer.agreed > 0 {
		return ""
	}
	return fmt.Sprintf("type %s and wait for its %s first; .starttls %s does both", ask, good, name)
}

// plainTyped returns how many octets came in the clear behind the reply that agreed to
// TLS: they were shown, and are not to be believed. It returns what has to be said
// again too.
func (d *dialogue) plainTyped() (behind int, again string) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if p, err := plainPartOf(d.s.stream.Proto(d.peer.conn)); err == nil {
		again = p.again
	}
	if d.peer.agreed > 0 {
		behind = int(d.peer.octets[proto.Side(wire.ServerToClient)] - d.peer.agreed)
	}
	return behind, again
}

// secureNow shakes hands on the connection that stands.
func (d *dialogue) secureNow(ctx context.Context, behind int, again string) error {
	hctx, stop := d.s.interruptible(ctx)
	d.s.mu.Lock()
	d.dialling, d.dialTold = true, false
	d.s.mu.Unlock()
	waiting, err := d.link.conn.StartTLS(hctx, d.s.tlsOptions())
	stop()
	d.s.mu.Lock()
	d.dialling = false
	d.s.mu.Unlock()
	if ask := d.askFirst(); err != nil && ask != "" {
		if _, plain := errors.AsType[*wire.PlaintextError](err); plain {
			// The advice that belongs to that error is for a port, not for a connection.
			return failure(StatusTLS, "starttls: the server answered in plain text; %s", ask)
		}
	}
	if err != nil {
		return d.dialFailed(err)
	}
	switch text, wrong := tellWaiting(waiting + behind); {
	case wrong:
		d.s.view.Warn(text)
	case again != "":
		again = text + "; " + again
	default:
		again = text
	}
	d.s.mu.Lock()
	if d.g.proto == "http" {
		d.g.proto = "https"
	} else {
		d.g.proto += "+tls"
	}
	d.enter(d.target)
	d.s.mu.Unlock()
	if again != "" {
		d.s.view.Info(again)
	}
	return d.startH2(ctx)
}
