package http2

import (
	"strings"
	"testing"

	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

const (
	ack  = "\x00\x00\x00\x04\x01\x00\x00\x00\x00"
	post = "\x83\x84\x86"
)

// u32 writes a number of 32 bits.
func u32(v uint32) string { return string([]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}) }

// violations are what a peer may do wrong, by the section that forbids it: those of
// h2spec's cases that a reader can see, and those of a server. Said with want "" is
// what h2spec wants to be taken.
var violations = []struct {
	name, talk, rule, want string
}{
	// "C" stands for the client's preface and SETTINGS, with the server's SETTINGS
	// and both acknowledgements behind them; ">" and "<" are who speaks.
	{"an unknown type", "C>" + frame(0x16, 0, 0, "x"), "", ""},
	{"an undefined flag", "C>" + frame(FramePing, 0xfe, 0, "01234567"), "", ""},
	{"the reserved bit", "C>" + frame(FramePing, 0, 1<<31, "01234567"), "4.1", "the reserved bit is set"},
	{"DATA of 2^14 octets", "C>" + frame(FrameHeaders, 4, 1, post) + frame(FrameData, 1, 1, strings.Repeat("x", 1<<14)), "", ""},
	{"DATA of more", "C>" + frame(FrameHeaders, 4, 1, post) + frame(FrameData, 1, 1, strings.Repeat("x", 1<<14+1)), "4.2", "payload of 16385 octets"},
	{"HEADERS of more", "C>" + frame(FrameHeaders, 5, 1, get+strings.Repeat(lit("a", strings.Repeat("b", 100)), 160)), "4.2", "MAX_FRAME_SIZE"},
	{"a broken header block", "C>" + frame(FrameHeaders, 5, 1, "\x40"), "4.3", "ends within a field"},
	{"PRIORITY in a header block", "C>" + frame(FrameHeaders, 1, 1, get) + frame(FramePriority, 0, 1, "\x00\x00\x00\x00\x10"), "6.10", "within the header block"},
	{"HEADERS of another stream in a header block", "C>" + frame(FrameHeaders, 1, 1, get) + frame(FrameHeaders, 5, 3, get), "6.10", "within the header block"},
	{"HEADERS within a field", "C>" + frame(FrameHeaders, 1, 1, get+"\x40\x01") + frame(FrameHeaders, 5, 3, get), "4.3", "a header block before ends within a field"},
	{"an unknown type in a header block", "C>" + frame(FrameHeaders, 1, 1, get) + frame(0x16, 0, 0, ""), "6.10", "within the header block"},
	{"an even stream", "C>" + frame(FrameHeaders, 5, 2, get), "5.1.1", "a client opens stream 2, which is even"},
	{"a lower stream", "C>" + frame(FrameHeaders, 5, 5, get) + frame(FrameHeaders, 5, 3, get), "5.1.1", "where stream 5 was opened before"},
	{"too many streams", "1>" + frame(FrameHeaders, 5, 1, get) + frame(FrameHeaders, 5, 3, get), "5.1.2", "as many as MAX_CONCURRENT_STREAMS"},
	{"DATA, idle", "C>" + frame(FrameData, 1, 1, "x"), "5.1", "DATA on stream 1, which is idle"},
	{"RST_STREAM, idle", "C>" + frame(FrameRSTStream, 0, 1, u32(8)), "5.1", "RST_STREAM on stream 1, which is idle"},
	{"WINDOW_UPDATE, idle", "C>" + frame(FrameWindowUpdate, 0, 1, u32(100)), "5.1", "WINDOW_UPDATE on stream 1, which is idle"},
	{"CONTINUATION, idle", "C>" + frame(FrameContinuation, 4, 1, get), "6.10", "CONTINUATION without"},
	{"PRIORITY, idle", "C>" + frame(FramePriority, 0, 1, "\x00\x00\x00\x00\x10"), "", ""},
	{"PRIORITY for a higher stream first", "C>" + frame(FramePriority, 0, 5, "\x00\x00\x00\x00\x10") + frame(FrameHeaders, 5, 3, get), "", ""},
	{"DATA, half-closed", "C>" + frame(FrameHeaders, 5, 1, get) + frame(FrameData, 1, 1, "x"), "5.1", "which the client has ended"},
	{"HEADERS, half-closed", "C>" + frame(FrameHeaders, 5, 1, get) + frame(FrameHeaders, 5, 1, get), "5.1", "which the client has ended"},
	{"WINDOW_UPDATE, PRIORITY and RST_STREAM, half-closed", "C>" + frame(FrameHeaders, 5, 1, get) + frame(FrameWindowUpdate, 0, 1, u32(9)) + frame(FramePriority, 0, 1, "\x00\x00\x00\x00\x10") + frame(FrameRSTStream, 0, 1, u32(8)), "", ""},
	{"DATA behind RST_STREAM", "C>" + frame(FrameHeaders, 4, 1, post) + frame(FrameRSTStream, 0, 1, u32(8)) + frame(FrameData, 1, 1, "x"), "5.1", "which the client has reset"},
	{"HEADERS behind RST_STREAM", "C>" + frame(FrameHeaders, 4, 1, post) + frame(FrameRSTStream, 0, 1, u32(8)) + frame(FrameHeaders, 5, 1, post), "5.1", "which the client has reset"},
	{"DATA, closed", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FrameHeaders, 5, 1, "\x88") + "|>" + frame(FrameData, 1, 1, "x"), "5.1", "DATA on stream 1, which is closed"},
	{"HEADERS, closed", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FrameHeaders, 5, 1, "\x88") + "|>" + frame(FrameHeaders, 5, 1, get), "5.1", "HEADERS on stream 1, which is closed"},
	{"PRIORITY and WINDOW_UPDATE, closed", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FrameHeaders, 5, 1, "\x88") + "|>" + frame(FramePriority, 0, 1, "\x00\x00\x00\x00\x10") + frame(FrameWindowUpdate, 0, 1, u32(1)), "", ""},
	{"DATA that crosses RST_STREAM", "C>" + frame(FrameHeaders, 4, 1, post) + "|<" + frame(FrameRSTStream, 0, 1, u32(0)) + "|>" + frame(FrameData, 1, 1, "x"), "", ""},
	{"HEADERS that depends on itself", "C>" + frame(FrameHeaders, 0x25, 1, "\x00\x00\x00\x01\x10"+get), "6.2", "depends on itself"},
	{"PRIORITY that depends on itself", "C>" + frame(FramePriority, 0, 1, "\x00\x00\x00\x01\x10"), "6.3", "depends on itself"},
	{"PING of 6 octets", "C>" + frame(FramePing, 0, 0, "012345"), "6.7", "PING of 6 octets"},
	{"PING on a stream", "C>" + frame(FramePing, 0, 1, "01234567"), "6.7", "PING on stream 1"},
	{"PING with what was not asked", "C<" + frame(FramePing, 0, 0, "01234567") + "|>" + frame(FramePing, 1, 0, "0123456x"), "6.7", `acknowledges "0123456x"`},
	{"CONTINUATION on stream 0", "C>" + frame(FrameHeaders, 1, 1, get) + frame(FrameContinuation, 4, 0, ""), "6.10", "CONTINUATION on stream 0"},
	{"several CONTINUATION frames", "C>" + frame(FrameHeaders, 1, 1, get) + frame(FrameContinuation, 0, 1, "") + frame(FrameContinuation, 4, 1, ""), "", ""},
	{"CONTINUATION behind END_HEADERS", "C>" + frame(FrameHeaders, 5, 1, get) + frame(FrameContinuation, 4, 1, ""), "6.10", "CONTINUATION without"},
	{"DATA on stream 0", "C>" + frame(FrameData, 0, 0, ""), "6.1", "DATA on stream 0"},
	{"DATA with too much padding", "C>" + frame(FrameHeaders, 4, 1, post) + frame(FrameData, 9, 1, "\x09abc"), "6.1", "padding of 9 octets"},
	{"HEADERS on stream 0", "C>" + frame(FrameHeaders, 5, 0, get), "6.2", "HEADERS on stream 0"},
	{"HEADERS with too much padding", "C>" + frame(FrameHeaders, 13, 1, "\xff"+get), "6.2", "padding of 255 octets"},
	{"PRIORITY on stream 0", "C>" + frame(FramePriority, 0, 0, "\x00\x00\x00\x00\x10"), "6.3", "PRIORITY on stream 0"},
	{"PRIORITY of 4 octets", "C>" + frame(FramePriority, 0, 1, "\x00\x00\x00\x00"), "6.3", "PRIORITY of 4 octets"},
	{"RST_STREAM on stream 0", "C>" + frame(FrameRSTStream, 0, 0, u32(8)), "6.4", "RST_STREAM on stream 0"},
	{"RST_STREAM of 3 octets", "C>" + frame(FrameHeaders, 5, 1, get) + frame(FrameRSTStream, 0, 1, "abc"), "6.4", "RST_STREAM of 3 octets"},
	{"ENABLE_PUSH=2", "C>" + string(AppendSettings(nil, Setting{SettingEnablePush, 2})), "6.5.2", "ENABLE_PUSH=2"},
	{"INITIAL_WINDOW_SIZE of 2^31", "C>" + string(AppendSettings(nil, Setting{SettingInitialWindowSize, 1 << 31})), "6.5.2", "INITIAL_WINDOW_SIZE"},
	{"MAX_FRAME_SIZE too small", "C>" + string(AppendSettings(nil, Setting{SettingMaxFrameSize, 1<<14 - 1})), "6.5.2", "MAX_FRAME_SIZE"},
	{"MAX_FRAME_SIZE too large", "C>" + string(AppendSettings(nil, Setting{SettingMaxFrameSize, 1 << 24})), "6.5.2", "MAX_FRAME_SIZE"},
	{"an unknown setting", "C>" + string(AppendSettings(nil, Setting{0xff, 1})), "", ""},
	{"SETTINGS ACK with octets", "C>" + frame(FrameSettings, 1, 0, "abcdef"), "6.5", "acknowledgement of SETTINGS with"},
	{"SETTINGS on a stream", "C>" + frame(FrameSettings, 0, 1, "abcdef"), "6.5", "SETTINGS on stream 1"},
	{"SETTINGS of 3 octets", "C>" + frame(FrameSettings, 0, 0, "abc"), "6.5", "which 6 does not divide"},
	{"SETTINGS ACK that nobody waits for", "C>" + ack, "6.5.3", "acknowledges SETTINGS that were not sent"},
	{"GOAWAY on a stream", "C>" + frame(FrameGoAway, 0, 1, "01234567"), "6.8", "GOAWAY on stream 1"},
	{"GOAWAY that takes streams back", "C<" + string(AppendGoAway(nil, 1, 0, "")) + string(AppendGoAway(nil, 3, 0, "")), "6.8", "after one with 1"},
	{"a stream behind GOAWAY", "C<" + string(AppendGoAway(nil, 1, 0, "")) + "|>" + frame(FrameHeaders, 5, 3, get), "6.8", "opened after a GOAWAY"},
	{"unknown error codes", "C>" + frame(FrameHeaders, 5, 1, get) + frame(FrameRSTStream, 0, 1, u32(0xff)) + string(AppendGoAway(nil, 0, 0xff, "")), "", ""},
	{"DATA beyond the window of a stream", "C<" + string(AppendSettings(nil, Setting{SettingInitialWindowSize, 1})) + "|>" + ack + frame(FrameHeaders, 4, 1, post) + frame(FrameData, 1, 1, "xx"), "6.9.1", "the window of stream 1 is 1"},
	{"DATA beyond the window of the connection", "C>" + frame(FrameHeaders, 4, 1, post) + strings.Repeat(frame(FrameData, 0, 1, strings.Repeat("x", 1<<14)), 4), "6.9.1", "where the window of the connection is 16383"},
	{"DATA within a window that became smaller", "C>" + frame(FrameHeaders, 4, 1, post) + "|<" + string(AppendSettings(nil, Setting{SettingInitialWindowSize, 1})) + "|>" + frame(FrameData, 0, 1, "xx") + ack, "", ""},
	{"a window of the connection beyond 2^31-1", "C>" + string(AppendWindowUpdate(nil, 0, 1<<31-1)), "6.9.1", "the window of the connection becomes"},
	{"a window of a stream beyond 2^31-1", "C>" + frame(FrameHeaders, 5, 1, get) + string(AppendWindowUpdate(nil, 1, 1<<31-1)), "6.9.1", "the window of stream 1 becomes"},
	{"INITIAL_WINDOW_SIZE that makes one so", "C>" + frame(FrameHeaders, 5, 1, get) + string(AppendWindowUpdate(nil, 1, 100)) + string(AppendSettings(nil, Setting{SettingInitialWindowSize, 1<<31 - 1})), "6.9.2", "makes the window of a stream larger"},
	{"an increment of 0", "C>" + string(AppendWindowUpdate(nil, 0, 0)), "6.9", "increment of 0"},
	{"an increment of 0 on a stream", "C>" + frame(FrameHeaders, 5, 1, get) + string(AppendWindowUpdate(nil, 1, 0)), "6.9", "increment of 0"},
	{"WINDOW_UPDATE of 3 octets", "C>" + frame(FrameWindowUpdate, 0, 0, "abc"), "6.9", "WINDOW_UPDATE of 3 octets"},
	{"PUSH_PROMISE of a client", "C>" + frame(FrameHeaders, 5, 1, get) + frame(FramePushPromise, 4, 1, u32(2)+get), "8.4", "PUSH_PROMISE from a client"},
	{"PUSH_PROMISE that is switched off", "N<" + frame(FramePushPromise, 4, 1, u32(2)+get), "8.4", "which the client has switched off"},
	{"a stream that is promised twice", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FramePushPromise, 4, 1, u32(2)+get) + frame(FramePushPromise, 4, 1, u32(2)+get), "5.1.1", "stream 2 is promised, where stream 2 was before"},
	{"DATA of a client on a promised stream", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FramePushPromise, 4, 1, u32(2)+get) + "|>" + frame(FrameData, 0, 2, "x"), "5.1", "which the server promised"},
	{"a server opens a stream", "C<" + frame(FrameHeaders, 5, 2, "\x88"), "5.1.1", "the server opens none this way"},

	{"an unknown pseudo-header field", "C>" + frame(FrameHeaders, 5, 1, get+lit(":test", "x")), "8.3", `":test" is not one of a request`},
	{"one of a response", "C>" + frame(FrameHeaders, 5, 1, get+"\x88"), "8.3", `":status" is not one of a request`},
	{"one in trailers", "C>" + frame(FrameHeaders, 4, 1, post) + frame(FrameHeaders, 5, 1, "\x82"), "8.3", `":method" is not one of a trailer section`},
	{"one behind a field", "C>" + frame(FrameHeaders, 5, 1, "\x82\x87"+lit("a", "b")+"\x84"), "8.3", ":path stands behind"},
	{"a field about the connection", "C>" + frame(FrameHeaders, 5, 1, get+lit("connection", "keep-alive")), "8.2.2", "connection is about"},
	{"te", "C>" + frame(FrameHeaders, 5, 1, get+lit("te", "gzip")), "8.2.2", `te is "gzip"`},
	{"te: trailers", "C>" + frame(FrameHeaders, 5, 1, get+lit("te", "trailers")), "", ""},
	{"an empty :path", "C>" + frame(FrameHeaders, 5, 1, "\x82\x87"+lit(":path", "")), "8.3.1", ":path is empty"},
	{"no :method", "C>" + frame(FrameHeaders, 5, 1, "\x84\x87"), "8.3.1", ":method is missing"},
	{"no :scheme", "C>" + frame(FrameHeaders, 5, 1, "\x82\x84"), "8.3.1", ":scheme is missing"},
	{"no :path", "C>" + frame(FrameHeaders, 5, 1, "\x82\x87"), "8.3.1", ":path is missing"},
	{":method twice", "C>" + frame(FrameHeaders, 5, 1, get+"\x82"), "8.3", ":method is given twice"},
	{":scheme twice", "C>" + frame(FrameHeaders, 5, 1, get+"\x87"), "8.3", ":scheme is given twice"},
	{":path twice", "C>" + frame(FrameHeaders, 5, 1, get+"\x84"), "8.3", ":path is given twice"},
	{"CONNECT with :path", "C>" + frame(FrameHeaders, 5, 1, lit(":method", "CONNECT")+lit(":authority", "h:1")+"\x84"), "8.5", "CONNECT with :path"},
	{"CONNECT", "C>" + frame(FrameHeaders, 4, 1, lit(":method", "CONNECT")+lit(":authority", "h:1")), "", ""},
	{"Host that differs", "C>" + frame(FrameHeaders, 5, 1, get+lit("host", "b")), "8.3.1", `:authority is "h", Host is "b"`},
	{"a user in :authority", "C>" + frame(FrameHeaders, 5, 1, "\x82\x84\x87"+lit(":authority", "u:p@h")), "8.3.1", "with a user in it"},
	{"Content-Length and DATA", "C>" + frame(FrameHeaders, 4, 1, post+lit("content-length", "1")) + frame(FrameData, 1, 1, "test"), "8.1.1", "Content-Length is 1, the body has 4 octets"},
	{"Content-Length and several DATA", "C>" + frame(FrameHeaders, 4, 1, post+lit("content-length", "1")) + frame(FrameData, 0, 1, "test") + frame(FrameData, 1, 1, "test"), "8.1.1", "the body has 8 octets"},
	{"a name in upper case", "C>" + frame(FrameHeaders, 5, 1, get+lit("X-Test", "ok")), "8.2.1", `"X-Test" is not in lower case`},
	{"a name with a blank", "C>" + frame(FrameHeaders, 5, 1, get+lit("x y", "ok")), "8.2.1", `"x y" has an octet`},
	{"a value with LF", "C>" + frame(FrameHeaders, 5, 1, get+lit("x", "a\nb")), "8.2.1", "NUL, CR or LF"},
	{"a value with white space", "C>" + frame(FrameHeaders, 5, 1, get+lit("x", " a")), "8.2.1", "white space around it"},
	{"a second HEADERS without END_STREAM", "C>" + frame(FrameHeaders, 4, 1, post) + frame(FrameHeaders, 4, 1, lit("a", "b")) + frame(FrameData, 1, 1, ""), "8.1", "a second header block without END_STREAM"},
	{"no :status", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FrameHeaders, 5, 1, lit("a", "b")), "8.3.2", ":status is missing"},
	{":status of two digits", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FrameHeaders, 5, 1, lit(":status", "20")), "8.3.2", "not three digits"},
	{"101", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FrameHeaders, 5, 1, lit(":status", "101")), "8.6", "which HTTP/2 does not have"},
	{"DATA before HEADERS", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FrameData, 1, 1, "x"), "8.1", "DATA before the fields"},
	{"100 that ends the stream", "C>" + frame(FrameHeaders, 5, 1, get) + "|<" + frame(FrameHeaders, 5, 1, lit(":status", "100")), "8.1", "END_STREAM on an interim response"},
	{"HEAD with Content-Length", "C>" + frame(FrameHeaders, 5, 1, lit(":method", "HEAD")+"\x84\x86") + "|<" + frame(FrameHeaders, 5, 1, "\x88"+lit("content-length", "5")), "", ""},
}

func TestViolationsHaveTheirSection(t *testing.T) {
	server := func(s ...Setting) string { return string(AppendSettings(nil, s...)) + ack }
	for _, c := range violations {
		t.Run(c.name, func(t *testing.T) {
			lines := []string{"> " + Preface + string(AppendSettings(nil)), "< " + server(), "> " + ack}
			switch c.talk[0] {
			case '1':
				lines[1] = "< " + server(Setting{SettingMaxConcurrentStreams, 1})
			case 'N':
				lines[0] = clientHello + frame(FrameHeaders, 5, 1, get)
			}
			for part := range strings.SplitSeq(c.talk[1:], "|") {
				lines = append(lines, part[:1]+" "+part[1:])
			}
			events := prototest.Talk(lines...)
			prototest.Check(t, newParser, events)
			p := New(proto.Limits{})
			var notes []string
			for _, e := range events {
				for _, m := range p.Feed(e) {
					for _, n := range m.Notes {
						notes = append(notes, n.Text+" ("+n.Rule+")")
					}
				}
			}
			for _, m := range p.Close() {
				for _, n := range m.Notes {
					notes = append(notes, n.Text+" ("+n.Rule+")")
				}
			}
			if c.want == "" {
				if notes != nil {
					t.Errorf("notes %q, want none", notes)
				}
				return
			}
			for _, n := range notes {
				if strings.Contains(n, c.want) && strings.HasSuffix(n, "(RFC 9113 "+c.rule+")") {
					return
				}
			}
			t.Errorf("notes %q, want one with %q (RFC 9113 %s)", notes, c.want, c.rule)
		})
	}
}
