package lint

import (
	"bytes"
	"encoding/base64"
	"iter"
	"strings"

	"wiretape/tape"
	"wiretape/tape/redact"
	"wiretape/wire"
	"wiretape/wire/content"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/websocket"
)

// message looks into a body that does not stand in the stream as it is read.
func (c *checker) message(m *proto.Message) {
	if len(m.Body.Data) == 0 {
		return
	}
	line := c.lines.at(m.Conn, m.Dir, m.Span.From)
	switch v := m.Value.(type) {
	case *http1.Request:
		c.coded(v.Fields, m, line)
	case *http1.Response:
		c.coded(v.Fields, m, line)
	case *websocket.Message:
		if v.Compressed || m.Dir == wire.ClientToServer {
			c.inside(m.Body.Data, line, Encoded, "in a message of WebSocket", 0)
		}
	case *websocket.Frame:
		if m.Dir == wire.ClientToServer {
			c.inside(m.Body.Data, line, Encoded, "in a masked frame of WebSocket", 0)
		}
	default:
		c.base64(m.Body.Data, line, 0)
	}
}

// coded looks into the body of a message of HTTP.
func (c *checker) coded(f http1.Fields, m *proto.Message, line int) {
	b := content.Read(f, m.Body.Data, !m.Body.Cut, content.Limits{Size: maxBody})
	if coding := string(f.Get("Content-Encoding")); coding != "" && !bytes.Equal(b.Data, m.Body.Data) {
		c.inside(b.Data, line, Encoded, "in a body coded "+strings.ToLower(coding), 0)
		return
	}
	c.base64(b.Data, line, 0)
}

// inside looks at text that was written in another way on the tape.
func (c *checker) inside(text []byte, line int, kind Kind, why string, depth int) {
	var data []byte
	r := redact.New(func(e wire.Event, spans []tape.Span) {
		from := 0
		if e.Kind != wire.KindData {
			return
		}
		was := text[len(data) : len(data)+len(e.Data)]
		for _, s := range spans {
			c.streams.words[word(s.ID)] = true
			if !c.streams.invented(was[s.From:s.To], s.ID) {
				c.add(Finding{Line: line, Kind: kind, Name: s.ID, Size: s.To - s.From, Why: why})
			}
			from = s.To
		}
		if from < len(was) && len(spans) == 0 && !bytes.Equal(was, e.Data) {
			c.add(Finding{Line: line, Kind: kind, Name: "PRIVATE_KEY", Size: len(was), Why: why})
		}
		data = append(data, e.Data...)
	}, redact.Options{Values: c.opt.Values})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: text})
	r.Flush()
	c.base64(text, line, depth)
}

// minEncoded and minLine are the lengths of the shortest base64 that is looked into,
// and of a line on which it goes on.
const minEncoded, minLine = 20, 4

// inBase64 gives what may be base64 of either alphabet.
func inBase64(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		end := 0
		for from, to := range base64Class.runs(text, minEncoded) {
			if from < end {
				continue // a line of the one before
			}
			for end = to; ; {
				line := bytes.TrimPrefix(text[end:], []byte{'\r'})
				if len(line) == 0 || line[0] != '\n' {
					break
				}
				line = line[1:]
				n := base64Class.end(line, 0)
				if n < minLine {
					break
				}
				end = len(text) - len(line) + n
			}
			if end = padded(text, end); !yield(text[from:end]) {
				return
			}
		}
	}
}

// maxDepth bounds base64 within base64.
const maxDepth = 2

// base64 looks into what text has in base64.
func (c *checker) base64(text []byte, line, depth int) {
	if depth >= maxDepth {
		return
	}
	for whole := range inBase64(text) {
		parts := [][]byte{whole}
		if bytes.IndexByte(whole, '/') >= 0 {
			parts = append(parts, bytes.Split(whole, []byte("/"))...) // of a path
		}
		for _, part := range parts {
			if b := fromBase64(part); len(b) >= minDecoded && isText(b) {
				c.inside(b, line, Encoded, "in base64", depth+1)
			}
		}
	}
}

// minDecoded is the length of the shortest text in base64 that is looked into.
const minDecoded = 15

// plainBase64 makes one line of the standard alphabet of either.
var plainBase64 = strings.NewReplacer("\r", "", "\n", "", "-", "+", "_", "/", "=", "")

// fromBase64 returns what s says in either alphabet, nil for nothing.
func fromBase64(s []byte) []byte {
	text := plainBase64.Replace(string(s))
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// isText reports whether b is text for the most part.
func isText(b []byte) bool {
	odd := 0
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c >= 0x7f {
			odd++
		}
	}
	return odd*8 < len(b)
}
