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
func (s *Session) sayPlainPart(ctx context.Context, p *plainPart) (behind int, err error) {
	s.mu.Lock()
	// Before our first octet what came is the greeting, and is looked at however
	// early it came.
	begun := s.peer.octets[0] > 0 && s.peer.spoke
	s.mu.Unlock()
	return p.say(plainTalk{
		write: func(text string) error {
			if s.opts.Style.Live {
				s.view.Echo(s.link.conn.ID(), []byte(text), false)
			}
			return s.write(ctx, []byte(text), false)
		},
		reply: func(done func([]byte) int) ([]byte, error) {
			w := waiting{met: func() bool { return done(s.peer.got) > 0 || s.peer.gotN >= awaitWindow }, notice: s.opts.Interactive}
			if !s.opts.Interactive {
				w.limit, w.silence = s.timeout, true
			}
			end := s.wait(ctx, w)
			s.mu.Lock()
			got := bytes.Clone(s.peer.got)
			s.mu.Unlock()
			switch {
			case end == waitTimeout:
				return nil, failure(StatusTimeout, "starttls %s: no complete reply after %s (.timeout sets how long)", p.proto, s.ranOut)
			case end == waitClosed:
				return nil, failure(StatusProtocol, "starttls %s: the connection ended before the handshake was agreed on", p.proto)
			case end == waitInterrupted:
				return nil, failure(StatusInterrupted, "interrupted")
			case done(got) == 0:
				return nil, failure(StatusProtocol, "starttls %s: the reply is longer than %d KiB", p.proto, awaitWindow>>10)
			}
			return got, nil
		},
		local: s.link.conn.LocalAddr(), host: s.target.Host, begun: begun,
	})
}

// startTLS is .starttls: it begins TLS on the connection that stands, at once or
// after the plain part of a protocol.
func (s *Session) startTLS(ctx context.Context, proto string) error {
	if err := s.mustBeOpen("starttls"); err != nil {
		return err
	}
	if hint := s.unasked(proto); hint != "" {
		return failure(StatusUsage, ".starttls: %s", hint)
	}
	if proto == "" || proto == "now" {
		behind, again := s.plainTyped()
		return s.secureNow(ctx, behind, again)
	}
	p, err := plainPartOf(proto)
	if err != nil {
		return err
	}
	if s.secure() != nil {
		return failure(StatusUsage, ".starttls %s: TLS stands already", proto)
	}
	behind, err := s.sayPlainPart(ctx, p)
	if err != nil {
		return err
	}
	return s.secureNow(ctx, behind, p.again)
}

// unasked says what to do first where a person begins TLS by a word alone and the
// server, of a protocol in which it is asked, has not agreed to it; "" for nothing.
func (s *Session) unasked(word string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if word != "" || !s.opts.Interactive || s.peer.agreed > 0 || s.peer.tls != nil {
		return ""
	}
	name, ask, _ := s.asking()
	if ask == "" {
		return ""
	}
	return fmt.Sprintf("the server was not asked: .starttls %s says %s; .starttls now = hello at once", name, ask)
}

// asking returns the protocol that is spoken, what asks for TLS in it, and what a reply
// that agrees begins with; "" where it has no such thing. s.mu is held.
func (s *Session) asking() (name, ask, good string) {
	name = s.stream.Proto(s.peer.conn)
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
func (s *Session) askFirst() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, ask, good := s.asking()
	if ask == "" || s.peer.agreed > 0 {
		return ""
	}
	return fmt.Sprintf("type %s and wait for its %s first; .starttls %s does both", ask, good, name)
}

// plainTyped returns how many octets came in the clear behind the reply that agreed to
// TLS: they were shown, and are not to be believed. It returns what has to be said
// again too.
func (s *Session) plainTyped() (behind int, again string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, err := plainPartOf(s.stream.Proto(s.peer.conn)); err == nil {
		again = p.again
	}
	if s.peer.agreed > 0 {
		behind = int(s.peer.octets[proto.Side(wire.ServerToClient)] - s.peer.agreed)
	}
	return behind, again
}

// secureNow shakes hands on the connection that stands.
func (s *Session) secureNow(ctx context.Context, behind int, again string) error {
	hctx, stop := s.interruptible(ctx)
	s.mu.Lock()
	s.dialling, s.dialTold = true, false
	s.mu.Unlock()
	waiting, err := s.link.conn.StartTLS(hctx, s.tlsOptions())
	stop()
	s.mu.Lock()
	s.dialling = false
	s.mu.Unlock()
	if ask := s.askFirst(); err != nil && ask != "" {
		if _, plain := errors.AsType[*wire.PlaintextError](err); plain {
			// The advice that belongs to that error is for a port, not for a connection.
			return failure(StatusTLS, "starttls: the server answered in plain text; %s", ask)
		}
	}
	if err != nil {
		return s.dialFailed(err)
	}
	switch text, wrong := tellWaiting(waiting + behind); {
	case wrong:
		s.view.Warn(text)
	case again != "":
		again = text + "; " + again
	default:
		again = text
	}
	s.mu.Lock()
	if s.g.proto == "http" {
		s.g.proto = "https"
	} else {
		s.g.proto += "+tls"
	}
	s.enter(s.target)
	s.mu.Unlock()
	if again != "" {
		s.view.Info(again)
	}
	return s.startH2(ctx)
}
