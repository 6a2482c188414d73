package http2

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// frame writes a frame as a string, for a conversation.
func frame(t FrameType, flags Flags, stream uint32, payload string) string {
	return string(AppendFrame(nil, t, flags, stream, []byte(payload)))
}

// describe gives a Message as "exchange what; notes", with "(cut)" for one that
// is not complete.
func describe(m proto.Message) string {
	var s strings.Builder
	s.WriteString(fmt.Sprintf("%d ", m.Exchange))
	switch v := m.Value.(type) {
	case *Frame:
		s.WriteString(v.String())
		switch {
		case v.Type == FrameData:
			s.WriteString(fmt.Sprintf(" %q", m.Body.Data))
		case v.Fragment != nil:
			s.WriteString(fmt.Sprintf(" %q", v.Fragment))
		case v.Settings != nil:
			s.WriteString(fmt.Sprintf(" %v", v.Settings))
		case v.Type == FrameGoAway:
			s.WriteString(fmt.Sprintf(" %d %s %q", v.Last, v.Code, v.Debug))
		case v.Type == FrameRSTStream:
			s.WriteString(" " + v.Code.String())
		}
	case ClientPreface:
		s.WriteString(v.String())
	case *http1.Request:
		s.WriteString(fmt.Sprintf("%s %s://%s %s%s", v, v.Scheme, v.Authority, text(v.Fields), ends(m, v.Trailers)))
	case *http1.Response:
		s.WriteString(fmt.Sprintf("%s %s%s", v, text(v.Fields), ends(m, v.Trailers)))
	default:
		s.WriteString(fmt.Sprintf("%s %.40q", m.Kind, m.Body.Data))
	}
	if !m.Complete {
		s.WriteString(" (cut)")
	}
	for _, n := range m.Notes {
		s.WriteString("; " + n.Text)
	}
	return s.String()
}

// text gives fields as "[name: value, …]".
func text(fields http1.Fields) string {
	var all []string
	for _, f := range fields.List() {
		all = append(all, fmt.Sprintf("%s: %s", f.Name, f.Value))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// ends gives a derived Message's body, trailers and end.
func ends(m proto.Message, trailers http1.Fields) string {
	s := fmt.Sprintf(" %q", m.Body.Data)
	if trailers.Len() > 0 {
		s += " " + text(trailers)
	}
	return s + " " + m.EndedBy
}

// lit writes a field of HPACK that leaves the tables alone: octets as they are.
func lit(name, value string) string {
	return "\x00" + string(rune(len(name))) + name + string(rune(len(value))) + value
}

// get is the header block of GET https://h/.
const get = "\x82\x84\x87\x01\x01h"

func newParser() proto.Parser { return New(proto.Limits{}) }

var (
	clientHello = "> " + Preface + string(AppendSettings(nil, Setting{SettingEnablePush, 0}))
	serverHello = "< " + string(AppendSettings(nil)) + string(AppendSettingsAck(nil))
)

var conversations = []struct {
	name string
	talk []string
	want []string
}{
	{"a request and its response",
		[]string{clientHello + frame(FrameHeaders, FlagEndHeaders|FlagEndStream, 1, get), serverHello + frame(FrameHeaders, FlagEndHeaders, 1, "\x88") + frame(FrameData, FlagEndStream|FlagPadded, 1, "\x03hello\x00\x00\x00")},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 6 octets [ENABLE_PUSH=0]`, `1 HEADERS stream 1, 6 octets, END_STREAM|END_HEADERS "\x82\x84\x87\x01\x01h"`, `1 GET / HTTP/2 https://h [] "" END_STREAM`,
			`0 SETTINGS stream 0, 0 octets`, `0 SETTINGS stream 0, 0 octets, ACK`, `1 HEADERS stream 1, 1 octets, END_HEADERS "\x88"`, `1 DATA stream 1, 9 octets, END_STREAM|PADDED "hello"`, `1 HTTP/2 200 [] "hello" END_STREAM`}},
	{"streams out of order",
		[]string{clientHello + frame(FrameHeaders, 5, 1, get) + frame(FrameHeaders, 5, 3, get), serverHello + frame(FrameHeaders, 5, 3, "\x89") + frame(FrameRSTStream, 0, 1, "\x00\x00\x00\x08")},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 6 octets [ENABLE_PUSH=0]`, `1 HEADERS stream 1, 6 octets, END_STREAM|END_HEADERS "\x82\x84\x87\x01\x01h"`, `1 GET / HTTP/2 https://h [] "" END_STREAM`,
			`2 HEADERS stream 3, 6 octets, END_STREAM|END_HEADERS "\x82\x84\x87\x01\x01h"`, `2 GET / HTTP/2 https://h [] "" END_STREAM`,
			`0 SETTINGS stream 0, 0 octets`, `0 SETTINGS stream 0, 0 octets, ACK`, `2 HEADERS stream 3, 1 octets, END_STREAM|END_HEADERS "\x89"`, `2 HTTP/2 204 [] "" END_STREAM`,
			`1 RST_STREAM stream 1, 4 octets CANCEL`, `1 HTTP/2 0 [] "" RST_STREAM CANCEL (cut)`}},
	{"a header block in pieces, cut within its fields",
		[]string{clientHello + frame(FrameHeaders, FlagEndStream, 1, get[:4]) + frame(FrameContinuation, 0, 1, get[4:]+"\x00\x01") + frame(FrameContinuation, FlagEndHeaders, 1, "a\x01b")},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 6 octets [ENABLE_PUSH=0]`, `1 HEADERS stream 1, 4 octets, END_STREAM "\x82\x84\x87\x01"`, `1 CONTINUATION stream 1, 4 octets "\x01h\x00\x01"`, `1 CONTINUATION stream 1, 3 octets, END_HEADERS "a\x01b"`,
			`1 GET / HTTP/2 https://h [a: b] "" END_STREAM`}},
	{"a header block that is broken",
		[]string{clientHello + frame(FrameHeaders, 0, 1, get) + frame(FramePing, 0, 0, "01234567") + frame(FrameContinuation, 4, 1, "\x00\x01a\x01b")},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 6 octets [ENABLE_PUSH=0]`, `1 HEADERS stream 1, 6 octets "\x82\x84\x87\x01\x01h"`,
			`0 PING stream 0, 8 octets; PING of stream 0 within the header block of stream 1`, `1 CONTINUATION stream 1, 5 octets, END_HEADERS "\x00\x01a\x01b"; CONTINUATION without a header block to go on with`,
			`1 GET / HTTP/2 https://h [a: b] "" end of recording (cut)`}},
	{"interim responses and trailers, on both sides",
		[]string{clientHello + frame(FrameHeaders, 4, 1, "\x83\x84\x86"), serverHello + frame(FrameHeaders, 4, 1, "\x08\x03100") + frame(FrameHeaders, 4, 1, "\x08\x03103"+lit("link", "x")),
			"> " + string(AppendSettingsAck(nil)) + frame(FrameData, 0, 1, "ab") + frame(FrameHeaders, 5, 1, lit("sum", "1")), "< " + frame(FrameHeaders, 4, 1, "\x88") + frame(FrameData, 0, 1, "cd") + frame(FrameData, 0, 1, "ef") + frame(FrameHeaders, 5, 1, lit("end", "2"))},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 6 octets [ENABLE_PUSH=0]`, `1 HEADERS stream 1, 3 octets, END_HEADERS "\x83\x84\x86"`,
			`0 SETTINGS stream 0, 0 octets`, `0 SETTINGS stream 0, 0 octets, ACK`, `1 HEADERS stream 1, 5 octets, END_HEADERS "\b\x03100"`, `1 HTTP/2 100 [] "" interim response`,
			`1 HEADERS stream 1, 13 octets, END_HEADERS "\b\x03103\x00\x04link\x01x"`, `1 HTTP/2 103 [link: x] "" interim response`,
			`0 SETTINGS stream 0, 0 octets, ACK`, `1 DATA stream 1, 2 octets "ab"`, `1 HEADERS stream 1, 7 octets, END_STREAM|END_HEADERS "\x00\x03sum\x011"`, `1 POST / HTTP/2 http:// [] "ab" [sum: 1] END_STREAM`,
			`1 HEADERS stream 1, 1 octets, END_HEADERS "\x88"`, `1 DATA stream 1, 2 octets "cd"`, `1 DATA stream 1, 2 octets "ef"`, `1 HEADERS stream 1, 7 octets, END_STREAM|END_HEADERS "\x00\x03end\x012"`, `1 HTTP/2 200 [] "cdef" [end: 2] END_STREAM`}},
	{"a response before the request is complete, which the server then stops",
		[]string{clientHello + frame(FrameHeaders, 4, 1, "\x83\x84\x86") + frame(FrameData, 0, 1, "ab"), serverHello + frame(FrameHeaders, 5, 1, "\x8c") + frame(FrameRSTStream, 0, 1, "\x00\x00\x00\x00"),
			"> " + string(AppendSettingsAck(nil)) + frame(FrameData, 1, 1, "ab")},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 6 octets [ENABLE_PUSH=0]`, `1 HEADERS stream 1, 3 octets, END_HEADERS "\x83\x84\x86"`, `1 DATA stream 1, 2 octets "ab"`,
			`0 SETTINGS stream 0, 0 octets`, `0 SETTINGS stream 0, 0 octets, ACK`, `1 HEADERS stream 1, 1 octets, END_STREAM|END_HEADERS "\x8c"`, `1 HTTP/2 400 [] "" END_STREAM`,
			`1 RST_STREAM stream 1, 4 octets NO_ERROR`, `1 POST / HTTP/2 http:// [] "ab" RST_STREAM NO_ERROR from the server (cut)`,
			`0 SETTINGS stream 0, 0 octets, ACK`, `0 DATA stream 1, 2 octets, END_STREAM "ab"`}},
	{"a push",
		[]string{"> " + Preface + string(AppendSettings(nil)) + frame(FrameHeaders, 5, 1, get), serverHello + frame(FramePushPromise, 4, 1, "\x00\x00\x00\x02"+get) + frame(FrameHeaders, 4, 2, "\x88") + frame(FrameHeaders, 5, 1, "\x89") + frame(FrameData, 1, 2, "x")},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 0 octets`, `1 HEADERS stream 1, 6 octets, END_STREAM|END_HEADERS "\x82\x84\x87\x01\x01h"`, `1 GET / HTTP/2 https://h [] "" END_STREAM`,
			`0 SETTINGS stream 0, 0 octets`, `0 SETTINGS stream 0, 0 octets, ACK`, `2 PUSH_PROMISE stream 1, 10 octets, END_HEADERS "\x82\x84\x87\x01\x01h"`, `2 GET / HTTP/2 https://h [] "" PUSH_PROMISE`,
			`2 HEADERS stream 2, 1 octets, END_HEADERS "\x88"`, `1 HEADERS stream 1, 1 octets, END_STREAM|END_HEADERS "\x89"`, `1 HTTP/2 204 [] "" END_STREAM`, `2 DATA stream 2, 1 octets, END_STREAM "x"`, `2 HTTP/2 200 [] "x" END_STREAM`}},
	{"crumbs of Cookie",
		[]string{"> " + Preface + string(AppendSettings(nil)) + frame(FrameHeaders, 5, 1, get+lit("cookie", "a=1")+lit("x", "y")+lit("cookie", "b=2"))},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 0 octets`, `1 HEADERS stream 1, 35 octets, END_STREAM|END_HEADERS "\x82\x84\x87\x01\x01h\x00\x06cookie\x03a=1\x00\x01x\x01y\x00\x06cookie\x03b=2"`,
			`1 GET / HTTP/2 https://h [cookie: a=1; b=2, x: y] "" END_STREAM`}},
	{"a body that is cut by the end",
		[]string{clientHello + frame(FrameHeaders, 5, 1, get), serverHello + frame(FrameHeaders, 4, 1, "\x88") + frame(FrameData, 0, 1, "half"), "= close"},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 6 octets [ENABLE_PUSH=0]`, `1 HEADERS stream 1, 6 octets, END_STREAM|END_HEADERS "\x82\x84\x87\x01\x01h"`, `1 GET / HTTP/2 https://h [] "" END_STREAM`,
			`0 SETTINGS stream 0, 0 octets`, `0 SETTINGS stream 0, 0 octets, ACK`, `1 HEADERS stream 1, 1 octets, END_HEADERS "\x88"`, `1 DATA stream 1, 4 octets "half"`, `1 HTTP/2 200 [] "half" connection closed (cut)`}},
	{"going away",
		[]string{clientHello + frame(FrameHeaders, 5, 1, get) + frame(FrameHeaders, 4, 3, get), serverHello + frame(FrameGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x0bcalm down") + frame(FrameHeaders, 5, 1, "\x88")},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 6 octets [ENABLE_PUSH=0]`, `1 HEADERS stream 1, 6 octets, END_STREAM|END_HEADERS "\x82\x84\x87\x01\x01h"`, `1 GET / HTTP/2 https://h [] "" END_STREAM`,
			`2 HEADERS stream 3, 6 octets, END_HEADERS "\x82\x84\x87\x01\x01h"`,
			`0 SETTINGS stream 0, 0 octets`, `0 SETTINGS stream 0, 0 octets, ACK`, `0 GOAWAY stream 0, 17 octets 1 ENHANCE_YOUR_CALM "calm down"`,
			`2 GET / HTTP/2 https://h [] "" GOAWAY ENHANCE_YOUR_CALM (cut)`, `2 HTTP/2 0 [] "" GOAWAY ENHANCE_YOUR_CALM (cut)`,
			`1 HEADERS stream 1, 1 octets, END_STREAM|END_HEADERS "\x88"`, `1 HTTP/2 200 [] "" END_STREAM`}},
	{"an unknown type and the reserved bit",
		[]string{serverHello + frame(0x42, 0x81, 1<<31|7, "x")},
		[]string{`0 SETTINGS stream 0, 0 octets`, `0 SETTINGS stream 0, 0 octets, ACK`, `0 UNKNOWN_FRAME_TYPE_0x42 stream 7, 1 octets, 0x01|0x80; the reserved bit is set`}},
	{"no preface",
		[]string{"> " + frame(FrameWindowUpdate, 0, 0, "\x00\x00\x00\x00")},
		[]string{`0 WINDOW_UPDATE stream 0, 4 octets; the connection preface is missing; the first frame is WINDOW_UPDATE, not SETTINGS; increment of 0`}},
	{"a recording that begins in the middle",
		[]string{"> " + frame(FrameHeaders, 5, 7, "\x82\x84\x87\xc1\xbe"), "< " + frame(FrameData, 1, 5, "rest") + frame(FrameHeaders, 4, 7, "\x88\xbe") + frame(FrameData, 1, 7, "x")},
		[]string{`1 HEADERS stream 7, 5 octets, END_STREAM|END_HEADERS "\x82\x84\x87\xc1\xbe"; the connection preface is missing; the first frame is HEADERS, not SETTINGS`, `1 GET / HTTP/2 https:// [] "" END_STREAM; not all of its fields are known: see its frames`,
			`0 DATA stream 5, 4 octets, END_STREAM "rest"; the first frame is DATA, not SETTINGS`,
			`1 HEADERS stream 7, 2 octets, END_HEADERS "\x88\xbe"`, `1 DATA stream 7, 1 octets, END_STREAM "x"`, `1 HTTP/2 200 [] "x" END_STREAM; not all of its fields are known: see its frames`}},
	{"settings that are not allowed",
		[]string{"< " + string(AppendSettings(nil, Setting{SettingEnablePush, 1}, Setting{SettingMaxFrameSize, 1}, Setting{SettingInitialWindowSize, 1 << 31}, Setting{0x99, 3}))},
		[]string{`0 SETTINGS stream 0, 24 octets [ENABLE_PUSH=1 MAX_FRAME_SIZE=1 INITIAL_WINDOW_SIZE=2147483648 UNKNOWN_SETTING_0x99=3]; ENABLE_PUSH=1 from a server; MAX_FRAME_SIZE=1, which is not allowed; INITIAL_WINDOW_SIZE=2147483648, which is not allowed`}},
	{"HTTP/1.x from the server",
		[]string{clientHello, "< HTTP/1.1 400 Bad Request\r\n\r\n"},
		[]string{`0 connection preface`, `0 SETTINGS stream 0, 6 octets [ENABLE_PUSH=0]`, `0 raw "HTTP/1.1 400 Bad Request\r\n\r\n"; looks like an HTTP/1.x response`}},
	{"HTTP/1.x from the client",
		[]string{"> PRI / HTTP/1.1\r\n\r\n", "< " + string(AppendSettings(nil))},
		[]string{`0 raw "PRI / HTTP/1.1\r\n\r\n"; looks like an HTTP/1.x request, not the connection preface`, `0 SETTINGS stream 0, 0 octets`}},
	{"the end within a frame",
		[]string{"< " + string(AppendSettings(nil)) + frame(FrameData, 0, 1, "hello")[:11], "= eof server", "< \x00\x00", "= close"},
		[]string{`0 SETTINGS stream 0, 0 octets`, `0 DATA stream 1, 5 octets "he" (cut)`, `0 raw "\x00\x00"; a beginning that is not complete`}},
	{"octets of a payload are missing",
		[]string{"< " + string(AppendSettings(nil)) + frame(FrameData, 0, 1, "hello")[:11], "= gap server 2", "< o" + frame(FramePing, 1, 0, "01234567")},
		[]string{`0 SETTINGS stream 0, 0 octets`, `0 DATA stream 1, 5 octets "he" (cut)`, `0 PING stream 0, 8 octets, ACK`}},
	{"octets are missing, and with them where frames begin",
		[]string{"< " + string(AppendSettings(nil)) + frame(FrameData, 0, 1, "hello")[:11], "= gap server 20", "< o" + frame(FramePing, 1, 0, "01234567")},
		[]string{`0 SETTINGS stream 0, 0 octets`, `0 DATA stream 1, 5 octets "he" (cut)`, `0 gap ""`, `0 raw "o\x00\x00\b\x06\x01\x00\x00\x00\x0001234567"`}},
}

func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			events := prototest.Talk(c.talk...)
			prototest.Check(t, newParser, events)
			p := New(proto.Limits{})
			var got []string
			for _, e := range events {
				for _, m := range p.Feed(e) {
					got = append(got, describe(m))
				}
			}
			for _, m := range p.Close() {
				got = append(got, describe(m))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestPayloadsBeyondTheLimitsAreCountedAndCut(t *testing.T) {
	limits := proto.Limits{Head: 10, Body: 10}
	talk := prototest.Talk("< " + string(AppendSettings(nil)) + frame(FrameData, FlagPadded, 1, "\x04"+strings.Repeat("x", 100)) + frame(FrameHeaders, 4, 1, strings.Repeat("y", 100)))
	prototest.Check(t, func() proto.Parser { return New(limits) }, talk)
	p := New(limits)
	msgs := p.Feed(talk[0])
	if b := msgs[1].Body; string(b.Data) != "xxxxxxxxxx" || b.Size != 96 || !b.Cut {
		t.Errorf("body = %+v, want 10 of 96 octets", b)
	}
	if f := msgs[2].Value.(*Frame); string(f.Fragment) != "yyyyyyyyyy" || len(msgs[2].Notes) != 2 {
		t.Errorf("fragment = %q, notes %v", f.Fragment, msgs[2].Notes)
	}
}

func TestState(t *testing.T) {
	p := New(proto.Limits{})
	for i, step := range []struct {
		talk         string
		due, settled int
		ended        string
	}{
		{clientHello, 1, 0, ""},
		{serverHello, 0, 0, ""},
		{"> " + frame(FrameHeaders, FlagEndStream, 1, "a"), 0, 0, ""},
		{"> " + frame(FrameContinuation, FlagEndHeaders, 1, "a"), 1, 0, ""},
		{"> " + frame(FramePing, 0, 0, "01234567"), 2, 0, ""},
		{"< " + frame(FramePing, FlagAck, 0, "01234567"), 1, 0, ""},
		{"< " + frame(FrameHeaders, FlagEndHeaders, 1, "a"), 1, 0, ""},
		{"< " + frame(FrameData, FlagEndStream, 1, "a"), 0, 1, "END_STREAM"},
		{"> " + frame(FrameHeaders, FlagEndStream|FlagEndHeaders, 3, "a"), 1, 1, "END_STREAM"},
		{"< " + frame(FrameGoAway, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x00"), 0, 1, "END_STREAM"},
	} {
		p.Feed(prototest.Talk(step.talk)[0])
		if s := p.State(); s.Due != step.due || s.Settled != step.settled || s.EndedBy != step.ended || !s.Framed {
			t.Errorf("step %d: Due %d, Settled %d, EndedBy %q, Framed %t, want %d, %d, %q, true", i, s.Due, s.Settled, s.EndedBy, s.Framed, step.due, step.settled, step.ended)
		}
	}
}

func TestAnswer(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"SETTINGS", string(AppendSettings(nil, Setting{1, 2})), frame(FrameSettings, FlagAck, 0, "")},
		{"acknowledgement of SETTINGS", string(AppendSettingsAck(nil)), ""},
		{"SETTINGS on a stream", frame(FrameSettings, 0, 1, ""), ""},
		{"SETTINGS of a bad length", frame(FrameSettings, 0, 0, "x"), ""},
		{"PING", frame(FramePing, 0, 0, "01234567"), frame(FramePing, FlagAck, 0, "01234567")},
		{"acknowledgement of PING", string(AppendPingAck(nil, []byte("01234567"))), ""},
		{"PING too short", frame(FramePing, 0, 0, "0"), ""},
		{"DATA", frame(FrameData, 0, 1, "x"), ""},
	} {
		msgs := New(proto.Limits{}).Feed(prototest.Talk("< " + c.got)[0])
		if got := string(msgs[0].Value.(*Frame).Answer()); got != c.want {
			t.Errorf("%s: Answer() = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHeadersAreCutIntoContinuations(t *testing.T) {
	for _, c := range []struct {
		name     string
		end      bool
		block    string
		maxFrame int
		want     string
	}{
		{"one frame", false, "abc", 3, frame(FrameHeaders, FlagEndHeaders, 5, "abc")},
		{"the stream ends", true, "abc", 3, frame(FrameHeaders, FlagEndStream|FlagEndHeaders, 5, "abc")},
		{"two frames", true, "abcd", 3, frame(FrameHeaders, FlagEndStream, 5, "abc") + frame(FrameContinuation, FlagEndHeaders, 5, "d")},
		{"three frames", false, "abcdefg", 3, frame(FrameHeaders, 0, 5, "abc") + frame(FrameContinuation, 0, 5, "def") + frame(FrameContinuation, FlagEndHeaders, 5, "g")},
		{"an empty block", true, "", 3, frame(FrameHeaders, FlagEndStream|FlagEndHeaders, 5, "")},
		{"no limit", false, "abcd", 0, frame(FrameHeaders, FlagEndHeaders, 5, "abcd")},
	} {
		if got := string(AppendHeaders(nil, 5, c.end, []byte(c.block), c.maxFrame)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWrittenFramesReadBack(t *testing.T) {
	talk := serverHello + string(AppendWindowUpdate(nil, 3, 1<<30)) + string(AppendGoAway(nil, 7, ErrCodeFlowControl, "bye"))
	msgs := New(proto.Limits{}).Feed(prototest.Talk(talk)[0])
	if f := msgs[2].Value.(*Frame); f.Stream != 3 || f.Increment != 1<<30 || msgs[2].Notes != nil {
		t.Errorf("WINDOW_UPDATE reads as %s", describe(msgs[2]))
	}
	if got, want := describe(msgs[3]), `0 GOAWAY stream 0, 11 octets 7 FLOW_CONTROL_ERROR "bye"`; got != want {
		t.Errorf("GOAWAY reads as %s, want %s", got, want)
	}
}

func TestUnknownValuesPrintAsNumbers(t *testing.T) {
	for got, want := range map[string]string{
		FrameWindowUpdate.String(): "WINDOW_UPDATE", FrameType(0xab).String(): "UNKNOWN_FRAME_TYPE_0xab",
		ErrCodeProtocol.String(): "PROTOCOL_ERROR", ErrCodeHTTP11Required.String(): "HTTP_1_1_REQUIRED", ErrCode(0xffffffff).String(): "UNKNOWN_ERROR_0xffffffff",
		SettingMaxFrameSize.String(): "MAX_FRAME_SIZE", SettingID(0x7).String(): "UNKNOWN_SETTING_0x7",
	} {
		if got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}

func FuzzLaws(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	for _, c := range violations {
		lines := []string{"> " + Preface + string(AppendSettings(nil)), serverHello}
		for part := range strings.SplitSeq(c.talk[1:], "|") {
			lines = append(lines, part[:1]+" "+part[1:])
		}
		seeds = append(seeds, prototest.Talk(lines...))
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Head: 100, Body: 100}) }, seeds...)
}
