package session

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"wiretape/session/answer"
	"wiretape/session/word"
	"wiretape/wire"
	"wiretape/wire/websocket"
)

// A wsLink answers for us on a connection that speaks WebSocket.
type wsLink struct {
	client  bool // we are: our frames are masked
	random  func([]byte)
	over    bool // the peer sends no more; guarded by Session.mu
	answers *answer.Writer

	mu     sync.Mutex // guards what follows, which the sink shares
	opts   wsOptions
	closed bool // we have sent Close
}

// wsOptions say what is not answered by itself.
type wsOptions struct{ noPong, noClose bool }

// startWS makes the connection, which has just switched its protocol, one of
// WebSocket. It is called from the sink.
func (d *dialogue) startWS() {
	if d.link == nil || d.ws != nil {
		return
	}
	w := &wsLink{
		client: d.peer.facts == nil || d.peer.facts.Role != wire.Accepted,
		random: d.s.random, opts: d.s.wsopts, answers: answer.New(),
	}
	w.answers.Start(d.link.conn)
	d.ws = w
	d.g.block, d.g.encode, d.g.proto = false, w.line, "ws"
	if d.peer.tls != nil {
		d.g.proto = "wss"
	}
	if d.s.opts.Interactive {
		d.info("each line goes out at Enter as one text message, masked; Ping and Close are answered (.ws pong off); .send ws sends any frame")
	}
}

// stopWS ends the answering goroutine. The connection is closed already.
func (d *dialogue) stopWS() {
	d.s.mu.Lock()
	w := d.ws
	d.ws = nil
	d.s.mu.Unlock()
	if w != nil {
		w.answers.Stop()
		w.answers.Wait()
	}
}

// take looks at a frame of the peer, whose payload is whole. It is called from the
// sink.
func (w *wsLink) take(f *websocket.Frame, payload []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	off := f.Opcode == websocket.Ping && w.opts.noPong || f.Opcode == websocket.Close && w.opts.noClose
	if w.closed || off || int64(len(payload)) != f.Length {
		return
	}
	if b := f.Answer(payload, w.client, w.key()); b != nil {
		// RFC 6455, section 5.5.3: the latest Ping alone may be answered, so that a
		// peer that asks without end and reads nothing costs no memory.
		w.answers.Replace(b)
		w.closed = f.Opcode == websocket.Close
	}
}

// gave looks at a frame that we send. It is called from the sink.
func (w *wsLink) gave(f *websocket.Frame) {
	w.mu.Lock()
	w.closed = w.closed || f.Opcode == websocket.Close
	w.mu.Unlock()
}

// key returns a fresh masking key (RFC 6455, section 5.3).
func (w *wsLink) key() (key [4]byte) {
	w.random(key[:])
	return key
}

// line gives a typed line as a text message. Session.mu is held.
func (w *wsLink) line(line string) ([]byte, error) {
	switch {
	case line == "":
		return nil, nil
	case w.over:
		return nil, errors.New("the WebSocket is closed: .reconnect and .ws first")
	}
	return w.frame(websocket.Text, []byte(line)), nil
}

// frame gives a payload as a frame as it should be.
func (w *wsLink) frame(o websocket.Opcode, payload []byte) []byte {
	h := websocket.Frame{Fin: true, Opcode: o, Masked: w.client, Key: w.key(), Length: int64(len(payload))}
	return websocket.AppendFrame(nil, h, payload)
}

// wsHandshake returns the lines of a request that asks for WebSocket, with a fresh
// key (RFC 6455, section 4.1).
func (s *Session) wsHandshake(t wire.Target, path string, fields ...string) []string {
	var key [16]byte
	s.random(key[:])
	if path == "" {
		path = "/"
	}
	lines := []string{
		"GET " + path + " HTTP/1.1", "Host: " + HostField(t), "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: " + base64.StdEncoding.EncodeToString(key[:]), "Sec-WebSocket-Version: 13",
	}
	return append(lines, fields...)
}

// isWS reports whether a target asks for WebSocket by its scheme.
func isWS(t wire.Target) bool { return t.Scheme == "ws" || t.Scheme == "wss" }

func wsCommand() command {
	return command{group: "Send", name: "ws", args: "[PATH] [deflate] [FIELD: VALUE…] | pong|close on|off", connected: true,
		summary: "asks the server for WebSocket, on this connection",
		detail: "PATH is that of the target unless given. deflate offers permessage-deflate. A field with blanks\n" +
			"stands in quotes: .ws /chat \"Origin: http://h\". Afterwards each line goes out as a text message,\n" +
			"and Ping and Close are answered unless pong off or close off.",
		writes:  "the request, and by itself the answers to Ping and Close",
		example: ".ws /chat deflate", on: (*dialogue).wsWord, complete: []string{"/", "deflate", "pong off", "close off"}}
}

// wsWord is .ws.
func (d *dialogue) wsWord(ctx context.Context, args string) error {
	words, err := splitArgs(args)
	if err != nil {
		return failure(StatusUsage, ".ws: %w", err)
	}
	if len(words) > 0 && (strings.EqualFold(words[0], "pong") || strings.EqualFold(words[0], "close")) {
		return d.wsSwitch(words)
	}
	path, fields := d.target.Path, []string(nil)
	for i, w := range words {
		switch name, _, ok := strings.Cut(w, ":"); {
		case i == 0 && strings.HasPrefix(w, "/"):
			path = w
		case strings.EqualFold(w, "deflate"):
			fields = append(fields, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
		case ok && name != "" && !strings.ContainsAny(w, "\r\n"):
			fields = append(fields, w)
		default:
			return usage("ws", args)
		}
	}
	if err := d.mustBeOpen("ws"); err != nil {
		return err
	}
	d.s.mu.Lock()
	ws, h2, conn, secure := d.ws, d.h2, d.peer.conn, d.peer.tls != nil
	d.s.mu.Unlock()
	switch {
	case ws != nil:
		return failure(StatusUsage, ".ws: this connection speaks WebSocket already")
	case h2 != nil:
		return failure(StatusUsage, ".ws: over HTTP/2 there is no Upgrade; open it with http/1.1 (--alpn http/1.1)")
	}
	b := []byte(strings.Join(d.s.wsHandshake(d.target, path, fields...), "\r\n") + "\r\n\r\n")
	if d.s.opts.Style.Live {
		d.s.view.Echo(conn, b, secure)
	}
	if err := d.send(ctx, b, true); err != nil {
		return err
	}
	d.s.mu.Lock()
	ws = d.ws
	d.s.mu.Unlock()
	if ws == nil {
		return failure(StatusProtocol, ".ws: the server has not switched to WebSocket")
	}
	return nil
}

// wsSwitch is .ws pong and .ws close.
func (d *dialogue) wsSwitch(words []string) error {
	on, ok := word.Switch(words[len(words)-1])
	if len(words) != 2 || !ok {
		return usage("ws", strings.Join(words, " "))
	}
	off, name := !on, strings.ToLower(words[0])
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if name == "pong" {
		d.s.wsopts.noPong = off
	} else {
		d.s.wsopts.noClose = off
	}
	if d.ws != nil {
		d.ws.mu.Lock()
		d.ws.opts = d.s.wsopts
		d.ws.mu.Unlock()
	}
	what := map[string]string{"pong": "Ping", "close": "Close"}[name]
	if off {
		d.s.view.Info(fmt.Sprintf("%s is not answered", what))
	} else {
		d.s.view.Info(fmt.Sprintf("%s is answered", what))
	}
	return nil
}
