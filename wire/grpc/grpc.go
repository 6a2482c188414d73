// Package grpc reads what a body of gRPC holds. It serves whatever shows HTTP
// messages: gRPC is no protocol of its own on the wire, but a way to write bodies
// and trailers, over HTTP/2 and, as gRPC-Web, over any version.
//
//	body    = *( flags length message )
//	flags   = 1 octet: 0x01 compressed; 0x80 (gRPC-Web) the trailers, as text
//	length  = 4 octets, big-endian
//
// [Read] finds the messages, [Tree] reads one as protobuf without its schema, and
// [StatusOf] the fields that end a call. The protocol is described in the files
// PROTOCOL-HTTP2.md and PROTOCOL-WEB.md of the project grpc.
package grpc

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
)

// prefixLen is what stands before each message.
const prefixLen = 5

// maxMessages bounds the messages that [Read] lists.
const maxMessages = 1024

// A Kind says how a body is written.
type Kind uint8

// The kinds, by media type.
const (
	None    Kind = iota
	GRPC         // application/grpc, +proto, +json…
	Web          // application/grpc-web
	WebText      // application/grpc-web-text: that in base64
)

// KindOf returns the kind of a Content-Type.
func KindOf(contentType string) Kind {
	t, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(contentType)), ";")
	t, _, _ = strings.Cut(strings.TrimSpace(t), "+")
	switch t {
	case "application/grpc":
		return GRPC
	case "application/grpc-web":
		return Web
	case "application/grpc-web-text":
		return WebText
	}
	return None
}

// A Message is one of a body.
type Message struct {
	Compressed bool
	Trailers   bool  // of gRPC-Web: not a message, but the trailers as field lines
	Offset     int64 // of its prefix in the body, in octets
	Length     int64 // of its data, as the prefix says
	Data       []byte
	Complete   bool // all of Data is there
}

// A Body is what a body holds.
type Body struct {
	Messages []Message
	More     bool   // there are more than 1024
	Rest     []byte // octets behind the last message, fewer than a prefix has
	Fault    string // why Rest, or all of it, is not read; "" for nothing
}

// Read finds the messages of a body. Their Data are parts of it, or for [WebText] of
// what it decodes to.
func Read(kind Kind, body []byte) Body {
	var b Body
	if kind == WebText {
		body, b.Fault = undoBase64(body)
	}
	at := int64(0)
	for len(body) >= prefixLen {
		if len(b.Messages) == maxMessages {
			b.More = true
			return b
		}
		flags := body[0]
		m := Message{
			Compressed: flags&1 != 0, Trailers: kind != GRPC && flags&0x80 != 0,
			Offset: at, Length: int64(binary.BigEndian.Uint32(body[1:])),
		}
		if flags&^0x81 != 0 || kind == GRPC && flags > 1 {
			b.Fault = "flags 0x" + strconv.FormatUint(uint64(flags), 16) + " at offset " + strconv.FormatInt(at, 10) + ", where only 0x01 is defined"
			b.Rest = body
			return b
		}
		body, at = body[prefixLen:], at+prefixLen
		n := min(m.Length, int64(len(body)))
		m.Data, m.Complete = body[:n:n], n == m.Length
		body, at = body[n:], at+n
		b.Messages = append(b.Messages, m)
	}
	b.Rest = body
	return b
}

// undoBase64 decodes base64 that may be padded within, as it is sent in pieces.
func undoBase64(body []byte) (out []byte, fault string) {
	for len(body) > 0 {
		n := len(body)
		if i := bytes.IndexByte(body, '='); i >= 0 {
			for n = i; n < len(body) && body[n] == '='; n++ {
			}
		}
		piece := bytes.TrimRight(body[:n], "=\r\n")
		was := len(out)
		var err error
		if out, err = base64.RawStdEncoding.AppendDecode(out, piece); err != nil {
			return out[:max(was, len(out))], "the base64 is broken"
		}
		body = body[n:]
	}
	return out, ""
}

// A Status is how a call ended.
type Status struct {
	Code    int // -1 where it is no number
	Text    string
	Message string // percent-decoded
}

var codes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED",
}

// Name returns the name of the code, "" where it has none.
func (s Status) Name() string {
	if s.Code >= 0 && s.Code < len(codes) {
		return codes[s.Code]
	}
	return ""
}

// StatusOf reads grpc-status and grpc-message, which get returns by their names, nil
// for none. It is not ok where there is no grpc-status.
func StatusOf(get func(name string) []byte) (s Status, ok bool) {
	v := get("grpc-status")
	if v == nil {
		return s, false
	}
	s = Status{Code: -1, Text: string(v), Message: unescape(get("grpc-message"))}
	if n, err := strconv.ParseUint(s.Text, 10, 31); err == nil {
		s.Code = int(n)
	}
	return s, true
}

// unescape undoes percent-encoding. What is not well formed stands as it came.
func unescape(v []byte) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '%' && i+2 < len(v) {
			if n, err := strconv.ParseUint(string(v[i+1:i+3]), 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// Fields returns the field lines of a Message that is Trailers, as name and value.
func (m *Message) Fields() [][2]string {
	var out [][2]string
	for line := range bytes.SplitSeq(m.Data, []byte("\n")) {
		name, value, ok := bytes.Cut(bytes.TrimRight(line, "\r"), []byte(":"))
		if ok {
			out = append(out, [2]string{strings.ToLower(string(bytes.TrimSpace(name))), string(bytes.TrimSpace(value))})
		}
	}
	return out
}
