package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

func sendCommands() []command {
	return []command{
		{group: "Send", name: "send", args: `"BYTES" | hex HH… | file F | <<EOF`, connected: true,
			summary: "sends bytes, exactly",
			detail: "In the quotes \\r \\n \\t \\0 \\e \\\\ \\\" and \\xhh stand for octets and ${NAME} for a variable of the\n" +
				"environment. No line end is added. <<EOF takes lines up to EOF, with line ends.\n" +
				"On telnet: send ayt, brk, ip, ao, ec, el, ga, nop.",
			example: `.send "GET / HTTP/1.0\r\n\r\n"`, run: (*Session).sendCommand,
			complete: []string{`"`, "hex ", "file ", "<<EOF"}, files: true},
		{group: "Send", name: "again", args: "[N]",
			summary: "sends the request of exchange N again (the last one unless given)",
			detail:  "The same octets, shown first. A connection that the peer has closed is opened again.",
			example: ".again 1", run: (*Session).again},
	}
}

// send writes b, and waits for the reply that it makes due.
func (s *Session) send(ctx context.Context, b []byte, request bool) error {
	if request {
		found := lint(b)
		for _, f := range found {
			s.view.Warn(f.String())
		}
		s.mu.Lock()
		s.linted = found
		s.mu.Unlock()
	}
	if err := s.write(ctx, b, request); err != nil {
		return err
	}
	return s.afterSend(ctx)
}

// write writes b: as it is, or over HTTP/2 a composed request as frames.
func (s *Session) write(ctx context.Context, b []byte, request bool) error {
	s.mu.Lock()
	s.peer.got, s.peer.gotN = s.peer.got[:0], 0
	s.mu.Unlock()
	var err error
	if h := s.h2; h != nil && request {
		if len(s.typed) >= heldTyped {
			clear(s.typed)
		}
		s.typed[[2]int{s.link.conn.ID(), int(h.next)}] = bytes.Clone(b)
		rctx, stop := s.interruptible(ctx)
		err = h.request(rctx, b)
		stop()
	} else {
		_, err = s.link.conn.Write(b)
	}
	s.owed = true
	switch {
	case errors.Is(err, net.ErrClosed):
		return failure(StatusProtocol, "the connection is closed: .reconnect first")
	case err != nil:
		// The event of the failed write has said why.
		return failure(StatusProtocol, "send %d bytes: %w", len(b), err)
	}
	return nil
}

func (s *Session) sendCommand(ctx context.Context, args string) error {
	b, err := sendBytes(args)
	if err != nil {
		return failure(StatusUsage, ".send: %w", err)
	}
	if s.drained() {
		return failure(StatusUsage, ".send: the connection is closed: .reconnect first")
	}
	return s.send(ctx, b, false)
}

// again is .again.
func (s *Session) again(ctx context.Context, args string) error {
	n, rest, err := s.number("again", strings.Fields(args))
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage("again")
	}
	msgs, err := s.exchange("again", n)
	if err != nil {
		return err
	}
	if text := s.typedFor(msgs); text != nil {
		return s.resend(ctx, text, true)
	}
	var b []byte
	s.mu.Lock()
	for i := range msgs {
		if m := &msgs[i]; m.Dir == wire.ClientToServer && (n > 0 || i == lastClient(msgs)) {
			b = append(b, s.history.octets(m)...)
		}
	}
	b = bytes.Clone(b)
	s.mu.Unlock()
	if len(b) == 0 {
		return failure(StatusUsage, ".again: the octets of #%d are not held any more; the tape has them", n)
	}
	return s.resend(ctx, b, false)
}

// typedFor returns the text of which the frames among msgs were made, nil where
// there are none: frames belong to their stream and cannot go twice.
func (s *Session) typedFor(msgs []proto.Message) []byte {
	for _, m := range msgs {
		if f, ok := m.Value.(*http2.Frame); ok && f.Type == http2.FrameHeaders && m.Dir == wire.ClientToServer {
			return s.typed[[2]int{m.Conn, int(f.Stream)}]
		}
	}
	return nil
}

// resend shows b and sends it, over a new connection where the peer has closed
// the old one.
func (s *Session) resend(ctx context.Context, b []byte, request bool) error {
	if s.drained() {
		s.view.Info(fmt.Sprintf("connecting to %s again", s.target.Address()))
		if err := s.reconnect(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	conn, secure := s.peer.conn, s.peer.tls != nil
	s.mu.Unlock()
	if s.opts.Style.Live {
		s.view.Echo(conn, b, secure)
	}
	return s.send(ctx, b, request)
}

// lastClient returns the index of the client's last Message.
func lastClient(msgs []proto.Message) int {
	for i := len(msgs) - 1; i >= 0; i-- {
		if msgs[i].Dir == wire.ClientToServer {
			return i
		}
	}
	return -1
}
