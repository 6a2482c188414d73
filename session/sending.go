package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"wiretape/session/curl"
	"wiretape/session/h2"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

func sendCommands() []command {
	return slices.Concat([]command{
		{group: "Send", name: "send", args: `"BYTES" | hex HH… | file F | !CMD | <<EOF | FRAME … | ws FRAME …`, connected: true,
			summary: "sends bytes, exactly, or a frame of HTTP/2 or WebSocket",
			detail: "In the quotes \\r \\n \\t \\0 \\e \\\\ \\\" and \\xhh stand for octets and ${NAME} for a variable of the\n" +
				"environment. No line end is added. <<EOF takes lines up to EOF, with line ends.\n" +
				shellDetail + telnetSendDetail() + h2.SendHelp + wsSendDetail,
			writes:  "what it says",
			example: `.send "GET / HTTP/1.0\r\n\r\n"`, on: (*dialogue).sendCommand,
			complete: slices.Concat([]string{`"`, "hex ", "file ", "<<EOF", "ws "}, h2.FormWords()), more: h2.CompleteForm, files: true},
		wsCommand(),
	}, requestCommands(), []command{
		{group: "Send", name: "again", args: "[N] [-H 'N: V']… [-d BODY] | COUNT every TIME [until EXPR]",
			summary: "sends the request of exchange N again (the last one unless given)",
			detail: "The same octets, shown first. A connection that the peer has closed is opened again.\n" +
				"-H 'N: V' sets a field, in place of those of its name, -H 'N:' takes them out, and -d BODY is another\n" +
				"body, whose length is kept true. Credentials of .auth go along." + repeatDetail,
			writes:  "the request once more",
			example: ".again 1 -H 'Accept: text/html'", on: (*dialogue).again, more: completeOption},
		editCommand(),
		followCommand(),
		authCommand(),
		dnsCommand(),
	})
}

// send writes b, and waits for the reply that it makes due.
func (d *dialogue) send(ctx context.Context, b []byte, request bool) error {
	if err := d.write(ctx, b, request); err != nil {
		return err
	}
	if err := d.afterSend(ctx); err != nil {
		return err
	}
	return d.afterData(ctx)
}

// write writes b: as it is, or over HTTP/2 a composed request as frames.
func (d *dialogue) write(ctx context.Context, b []byte, request bool) error {
	d.s.mu.Lock()
	h := d.h2
	d.s.mu.Unlock()
	if h != nil && request {
		return d.writeH2(ctx, h, b)
	}
	d.lint(b, request)
	d.sending()
	return sendError(d.s.writeAll(ctx, d.link.conn, b), len(b))
}

// sending notes that something goes to the peer now.
func (d *dialogue) sending() {
	d.owed = true
	d.s.mu.Lock()
	d.peer.got, d.peer.gotN, d.peer.broken = d.peer.got[:0], 0, ""
	d.peer.frames = nil
	d.s.mu.Unlock()
}

// sendError says what became of sending n octets.
func sendError(err error, n int) error {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	if w, ok := errors.AsType[*h2.WriteError](err); ok {
		err = w.Err
	}
	_, interrupted := errors.AsType[*h2.Interrupted](err)
	switch {
	case interrupted:
		return failure(StatusInterrupted, "%w", err)
	case errors.Is(err, net.ErrClosed):
		return failure(StatusProtocol, connectionClosed)
	case err != nil:
		// The event of the failed write has said why.
		return failure(StatusProtocol, "send %d bytes: %w", n, err)
	}
	return nil
}

// sendFailure says what is wrong with the arguments of a word that sends.
func sendFailure(word string, err error) error {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return failure(StatusUsage, "%s: %w", word, err)
}

func (d *dialogue) sendCommand(ctx context.Context, args string) error {
	args = d.s.withLets(args)
	word, rest := cutWord(args)
	form := h2.FindForm(word)
	var b []byte
	if line, ok := strings.CutPrefix(strings.TrimLeft(args, " \t"), "!"); ok {
		return d.sendShell(ctx, strings.TrimSpace(line))
	}
	if form == nil && word != "ws" && word != "upgrade" {
		err := d.s.unlessStopped(ctx, func() (err error) {
			b, err = sendBytes(args)
			return err
		})
		if err != nil { // what is wrong in itself is said first
			return sendFailure(".send", err)
		}
	}
	if err := d.mustBeOpen("send"); err != nil {
		return err
	}
	switch {
	case form != nil:
		return d.sendH2(ctx, form, args)
	case word == "ws":
		return d.sendWS(ctx, rest)
	case word == "upgrade":
		return d.h2Upgrade(ctx, args)
	}
	d.telnetAsked(b)
	return d.send(ctx, b, false)
}

// again is .again.
func (d *dialogue) again(ctx context.Context, args string) error {
	if !optionBehind.MatchString(args) {
		if r, err := parseRepetition(args); r != nil || err != nil {
			if err != nil {
				return err
			}
			return d.repeat(ctx, r)
		}
	}
	args, as, err := parseAmendment(args)
	if err != nil {
		return err
	}
	n, rest, err := d.s.number("again", strings.Fields(args))
	if err != nil {
		return err
	}
	d.s.mu.Lock()
	ws := d.ws
	d.s.mu.Unlock()
	if ws != nil && !d.drained() {
		return failure(StatusUsage, ".again: this connection speaks WebSocket now: .send ws sends a message; .reconnect first for a request")
	}
	if len(rest) > 0 {
		return usage("again", args)
	}
	msgs, err := d.s.exchange("again", n)
	if err != nil {
		return err
	}
	if as != nil && !slices.ContainsFunc(msgs, func(m proto.Message) bool { return m.Proto == detect.HTTP1 || m.Proto == detect.HTTP2 }) {
		return failure(StatusUsage, ".again: #%d is not HTTP, so that no option changes it", n)
	}
	switch text, isH2 := d.s.typedFor(msgs); {
	case text != nil:
		return d.resend(ctx, text, true, as)
	case isH2 && n == 0:
		return failure(StatusUsage, ".again: no request was sent yet")
	case isH2:
		return failure(StatusUsage, ".again: #%d is not held any more as it was typed, or was sent frame by frame; the tape has it", n)
	}
	if slices.ContainsFunc(msgs, func(m proto.Message) bool { return m.Proto == detect.WebSocket }) {
		return failure(StatusUsage, ".again: #%d was a message of WebSocket, which this connection does not speak: .ws asks for it", n)
	}
	var b []byte
	d.s.mu.Lock()
	for i := range msgs {
		if m := &msgs[i]; m.Dir == wire.ClientToServer && (n > 0 || i == lastClient(msgs)) {
			b = append(b, d.s.history.octets(m)...)
		}
	}
	b = bytes.Clone(b)
	d.s.mu.Unlock()
	if len(b) == 0 {
		return failure(StatusUsage, ".again: the octets of #%d are not held any more; the tape has them", n)
	}
	return d.resend(ctx, b, false, as)
}

// typedFor returns the text of which the frames among msgs were made, nil where
// it is not held, and whether there are such frames: they belong to their stream
// and cannot go twice.
func (s *Session) typedFor(msgs []proto.Message) (text []byte, isH2 bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range msgs {
		f, ok := m.Value.(*http2.Frame)
		if !ok || m.Dir != wire.ClientToServer {
			continue
		}
		isH2 = true
		for _, r := range s.history.typed {
			if f.Type == http2.FrameHeaders && r.conn == m.Conn && r.stream == f.Stream {
				return r.text, true
			}
		}
	}
	return nil, isH2
}

// resend shows b and sends it, over a new connection where the peer has closed
// the old one. It goes as the options say, where there are some.
func (d *dialogue) resend(ctx context.Context, b []byte, request bool, as *curl.Request) error {
	if as == nil && d.s.credentials != nil && d.s.credentials.place == d.httpPlace() {
		if _, ok := parseHead(b); ok {
			as = new(curl.Request)
		}
	}
	if as != nil {
		return d.resendAs(ctx, b, as)
	}
	if d.drained() {
		d.s.view.Info(fmt.Sprintf("connecting to %s again", d.target.Address()))
		if err := d.reconnect(ctx); err != nil {
			return err
		}
	}
	return d.sendShown(ctx, b, request, "")
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
