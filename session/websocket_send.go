package session

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"wiretape/session/word"
	"wiretape/wire/websocket"
)

// wsSendDetail is what .help send says of the frames of WebSocket.
const wsSendDetail = "\nOver WebSocket:\n" +
	"  .send ws text hello   .send ws text \"a\\r\\n\"   .send ws binary hex 00ff   .send ws binary file F\n" +
	"  .send ws ping [BYTES]   .send ws pong [BYTES]   .send ws close [CODE [REASON]]\n" +
	"  .send ws frame opcode=text fin=0 rsv1=1 mask=off key=00000000 length=5 bits=64 \"BYTES\"   anything at all"

// sendWS is .send ws.
func (d *dialogue) sendWS(ctx context.Context, args string) error {
	d.s.mu.Lock()
	w := d.ws
	d.s.mu.Unlock()
	if w == nil {
		return failure(StatusUsage, ".send ws: this connection does not speak WebSocket: .ws asks for it")
	}
	var b []byte
	err := d.s.unlessStopped(ctx, func() (err error) {
		b, err = w.form(args)
		return err
	})
	if err != nil {
		return sendFailure(".send ws", err)
	}
	return d.send(ctx, b, false)
}

// form reads the arguments of .send ws and gives the frame.
func (w *wsLink) form(args string) ([]byte, error) {
	word, rest := cutWord(args)
	switch word {
	case "frame":
		return w.anyFrame(rest)
	case "close":
		return w.closeFrame(rest)
	}
	o, ok := websocket.ParseOpcode(word)
	if !ok {
		return nil, fmt.Errorf("%q: want text, binary, ping, pong, close or frame", word)
	}
	payload, err := wsPayload(rest, o == websocket.Text || o.Control())
	if err != nil {
		return nil, err
	}
	return w.frame(o, payload), nil
}

// wsPayload reads a payload: as .send has bytes, or with bare the words as they
// are.
func wsPayload(text string, bare bool) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	kind, _ := cutWord(text)
	if bare && text[0] != '"' && kind != "hex" && kind != "file" {
		return []byte(text), nil
	}
	return sendBytes(text)
}

// closeFrame reads a code and a reason.
func (w *wsLink) closeFrame(text string) ([]byte, error) {
	if text == "" {
		return w.frame(websocket.Close, nil), nil
	}
	number, reason, _ := strings.Cut(text, " ")
	code, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("close %q: want a code such as 1000", number)
	}
	r, err := wsPayload(strings.TrimLeft(reason, " "), true)
	if err != nil {
		return nil, err
	}
	payload := append([]byte{byte(code >> 8), byte(code)}, r...)
	return w.frame(websocket.Close, payload), nil
}

// anyFrame reads NAME=VALUE words and the payload behind them. What is not given
// is as it should be.
func (w *wsLink) anyFrame(text string) ([]byte, error) {
	h := websocket.Frame{Fin: true, Opcode: websocket.Text, Masked: w.client, Key: w.key(), Length: -1}
	for {
		word, rest, _ := strings.Cut(text, " ")
		name, value, ok := strings.Cut(word, "=")
		if !ok || word[0] == '"' {
			break
		}
		if err := wsAttribute(&h, name, value); err != nil {
			return nil, err
		}
		text = strings.TrimLeft(rest, " ")
	}
	payload, err := wsPayload(text, false)
	if err != nil {
		return nil, err
	}
	if h.Length < 0 {
		h.Length = int64(len(payload))
	}
	return websocket.AppendFrame(nil, h, payload), nil
}

// wsAttribute sets one attribute of a frame.
func wsAttribute(h *websocket.Frame, name, value string) error {
	name, value = strings.ToLower(name), strings.ToLower(value)
	on, flag := word.Switch(value)
	number, nerr := strconv.ParseInt(value, 0, 64)
	bad := func(want string) error { return fmt.Errorf("%s=%s: want %s", name, value, want) }
	switch name {
	case "fin", "mask", "rsv1", "rsv2", "rsv3":
		if !flag {
			return bad("1 or 0, on or off")
		}
	}
	switch name {
	case "fin":
		h.Fin = on
	case "mask":
		h.Masked = on
	case "rsv1", "rsv2", "rsv3":
		bit := uint8(8) >> (name[3] - '0')
		h.RSV &^= bit
		if on {
			h.RSV |= bit
		}
	case "opcode":
		o, ok := websocket.ParseOpcode(value)
		if !ok && (nerr != nil || number < 0 || number > 15) {
			return bad("0 to 15, or a name such as text")
		}
		if h.Opcode = o; !ok {
			h.Opcode = websocket.Opcode(number)
		}
	case "key":
		b, err := word.Hex(value)
		if err != nil || len(b) != len(h.Key) {
			return bad("8 hex digits")
		}
		h.Key = [4]byte(b)
	case "length":
		if nerr != nil || number < 0 {
			return bad("a number of octets")
		}
		h.Length = number
	case "bits":
		if number != 7 && number != 16 && number != 64 {
			return bad("7, 16 or 64")
		}
		h.Bits = int(number)
	default:
		return fmt.Errorf("frame has no %s: want fin, opcode, mask, rsv1, rsv2, rsv3, key, length or bits", name)
	}
	return nil
}
