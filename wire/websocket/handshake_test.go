package websocket

import (
	"fmt"
	"strings"
	"testing"

	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// shake gives the response that ends a handshake of these heads, without their
// empty lines, and where it begins.
func shake(t *testing.T, request, response string) (*http1.Response, int64) {
	t.Helper()
	p := http1.New(proto.Limits{})
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") + "\r\n\r\n" }
	if request != "" {
		p.Feed(prototest.Talk("> " + crlf(request))[0])
	}
	msgs := p.Feed(prototest.Talk("< " + crlf(response))[0])
	if len(msgs) != 1 {
		t.Fatalf("%q gives %d messages", response, len(msgs))
	}
	return msgs[0].Value.(*http1.Response), msgs[0].Span.From
}

// RFC 6455, section 1.3.
func TestAccept(t *testing.T) {
	if got, want := Accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; got != want {
		t.Errorf("Accept = %s, want %s", got, want)
	}
}

const (
	goodRequest = "GET /chat HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: keep-alive, Upgrade\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\nSec-WebSocket-Protocol: chat, superchat\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-other"
	goodResponse = "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

func TestHandshake(t *testing.T) {
	for _, c := range []struct {
		name, request, response string
		agreed                  string
		notes                   string
	}{
		{"plain", goodRequest, goodResponse, "no extension", ""},
		{"subprotocol", goodRequest, goodResponse + "\nSec-WebSocket-Protocol: superchat", "no extension, subprotocol superchat", ""},
		{"permessage-deflate", goodRequest, goodResponse + "\nSec-WebSocket-Extensions: permessage-deflate", "permessage-deflate", ""},
		{"its parameters", goodRequest, goodResponse + "\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=\"12\"",
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=12", ""},
		{"the request was not seen", "", goodResponse + "\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\nSec-WebSocket-Protocol: x", "permessage-deflate; client_max_window_bits=9, subprotocol x", ""},
		{"wrong accept", goodRequest, strings.Replace(goodResponse, "s3p", "S3p", 1), "no extension", "75 Sec-WebSocket-Accept does not answer the key: want s3pPLMBiTxaQ9kYGzzhZRbK+xOo= RFC 6455 4.1"},
		{"no accept, no Connection", goodRequest, "HTTP/1.1 101 x\nUpgrade: websocket", "no extension", "0 the response has no Connection: Upgrade RFC 6455 4.1; 0 the response has no Sec-WebSocket-Accept RFC 6455 4.1"},
		{"two accepts", goodRequest, goodResponse + "\nSec-WebSocket-Accept: x", "no extension", "75 the response has 2 Sec-WebSocket-Accept fields RFC 6455 11.3.3"},
		{"not asked for", goodRequest, goodResponse + "\nSec-WebSocket-Extensions: x-new\nSec-WebSocket-Protocol: y", "x-new, subprotocol y", "127 the extension x-new was not offered RFC 6455 4.1; 160 the subprotocol y was not asked for RFC 6455 4.1"},
		{"an extension that is not read", goodRequest, goodResponse + "\nSec-WebSocket-Extensions: x-other; a=\"b,c\"", "x-other", "127 the extension x-other is not read here "},
		{"parameters that are wrong", goodRequest, goodResponse + "\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16; server_no_context_takeover=1; x; server_no_context_takeover, permessage-deflate", "permessage-deflate; server_no_context_takeover, permessage-deflate; server_no_context_takeover",
			"127 server_max_window_bits=16: want a number from 8 to 15 RFC 7692 7.1.2; 127 server_no_context_takeover has a value RFC 7692 7.1.1; 127 permessage-deflate has no parameter x RFC 7692 7.1; 127 the parameter server_no_context_takeover stands twice RFC 7692 7.1; 127 the extension permessage-deflate is accepted twice RFC 6455 9.1"},
		{"window bits that were not offered", strings.Replace(goodRequest, "; client_max_window_bits", "", 1), goodResponse + "\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=9", "127 client_max_window_bits was not offered RFC 7692 7.1.2.2"},
		{"a request that should be refused", "POST / HTTP/1.1\nHost: h\nSec-WebSocket-Key: abc\nSec-WebSocket-Version: 8\nContent-Length: 0", strings.Replace(goodResponse, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Accept("abc"), 1), "no extension",
			"0 the handshake's method is POST, not GET RFC 6455 4.1; 0 the request has no Upgrade: websocket RFC 6455 4.1; 0 the request has no Connection: Upgrade RFC 6455 4.1; 0 the request has Sec-WebSocket-Version: 8, not 13 RFC 6455 4.1; 0 the request's Sec-WebSocket-Key is not 16 octets in base64 RFC 6455 4.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, notes := Check(shake(t, c.request, c.response))
			var got []string
			for _, n := range notes {
				got = append(got, fmt.Sprintf("%d %s %s", n.Offset, n.Text, n.Rule))
			}
			if h.String() != c.agreed || strings.Join(got, "; ") != c.notes {
				t.Errorf("agreed %q, notes\n%s\nwant %q\n%s", h.String(), strings.Join(got, "; "), c.agreed, c.notes)
			}
		})
	}
}
