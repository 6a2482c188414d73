package view

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"wiretape/wire"
	"wiretape/wire/detect"
)

// hostile are strings that a terminal would obey, or not show.
func hostile() []string {
	var controls, c1 strings.Builder
	for c := range 0x20 {
		if c != '\n' && c != '\r' {
			controls.WriteByte(byte(c))
		}
	}
	controls.WriteByte(0x7f)
	for c := rune(0x80); c <= 0x9f; c++ {
		c1.WriteRune(c)
	}
	return []string{
		controls.String(),
		c1.String(),
		"\x80\x85\x90\x9b31m\x9d0;t\x9c\x9f",
		"\x1b]0;title\a", "\x1b]52;c;ZXZpbA==\x1b\\", "\x1b]8;;http://evil/\x1b\\link\x1b]8;;\x1b\\",
		"\x1b[2J\x1b[H\x1b[31m", "\x1bP+q544e\x1b\\", "\x1b[6n", "\x1bc", "\x1b[38;5;33m",
		"a\rb", "a\bb", "a\vb\fc",
		"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
		"\u200b\u200c\u200d\u2060\ufeff\u00ad\u2028\u2029\u0085",
		"\xff\xfe\xc0\xaf\xed\xa0\x80\xf5\x80\x80\x80",
		"\u0301\u0301x\u0301\u0301\u0301\u0301\u0301\u0301",
	}
}

// hostileTalks puts h wherever a peer's text can stand.
func hostileTalks(tb testing.TB, h string) []*talk {
	facts := &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: h + ":80", Local: h, Remote: h, Start: start}
	inFacts := &talk{conn: 1}
	inFacts.add(wire.Event{Kind: wire.KindTry, Addr: h, Text: h}).
		add(wire.Event{Kind: wire.KindOpen, Facts: facts}).
		add(wire.Event{Kind: wire.KindSecure, TLS: &wire.TLS{
			ALPN: h, Offered: []string{h}, ServerName: h, Verify: h, Certificates: [][]byte{[]byte(h), certificate(tb)},
		}}).
		add(wire.Event{Kind: wire.KindTimeout, Text: h}).
		add(wire.Event{Kind: wire.KindError, Dir: wire.ClientToServer, Text: h}).
		add(wire.Event{Conn: 2, Kind: wire.KindOpen, Facts: &wire.Facts{Role: wire.Accepted, Local: h, Remote: h}})
	return []*talk{
		inFacts,
		dial("h.test:80").
			client("GET /"+h+" HTTP/1.1", "Host: "+h, h+": "+h, "", "").
			server("HTTP/1.1 200 "+h, h+": "+h, "X: "+h, "Set-Cookie: "+h+"="+h+"; Path=/"+h, "Set-Cookie: a=1; Domain="+h+"; "+h,
				"Connection: "+h, "Upgrade: "+h, "Transfer-Encoding: chunked", "", "").
			server("5;"+h, "hello", "0", "T: "+h, "", "").close(),
		dial("h.test:80").
			client("GET / HTTP/1.1", "Host: x", "", "").
			server("HTTP/1.1 200 OK", "Content-Encoding: "+h, "", "").server(h + "\n" + h).eof().close(),
		dial("h.test:80").
			client("GET / HTTP/1.1", "Host: x", "", "").
			server("HTTP/1.1 200 OK", "Content-Type: text/html; charset="+h+"; x=\""+h, "Content-Encoding: gzip", "", gzipped(h+"\n<meta charset="+h)+h).eof().close(),
		served("application/json", `{"`+h+`":"`+h+`"}`),
		served("application/json", string(appendJSONString(nil, []byte(h)))),
		served("text/html", "<p "+h+"='"+h+"'>"+h+"</"+h+"><!--"+h+"--><pre>"+h+"\n"+h+"</pre><x>"+strings.Repeat("some text ", 20*len(h))+h+"</x>"),
		served("application/xml", "<?"+h+"?><a><"+h+"/><![CDATA["+h+"]]></a>"+strings.Repeat("some text ", 20*len(h))),
		served("application/x-www-form-urlencoded", url.QueryEscape(h)+"="+url.QueryEscape(h)+"&"+h+"="+h),
		dial("h.test:80").
			client("GET / HTTP/1.1", "Host: x", "", "").
			server("HTTP/1.1 200 OK", "Content-Type: text/plain; charset=koi8-r", "", "").server(h + "\n" + h).eof().close(),
		dial("h.test:80").
			client("GET / HTTP/1.1", "Host: x", "", "").
			server("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "", "").
			server("event: " + h + "\nid: " + h + "\nretry: " + h + "\n:" + h + "\n" + h + "\ndata: " + h + "\n\ndata: " + h).eof().close(),
		dial("h.test:80").
			client("GET / HTTP/1.1", "Host: x", "", "").
			server("HTTP/1.1 101 OK", "Upgrade: "+h, "Connection: Upgrade", "", h+"\n").close(),
		dial("h.test:80").
			client("GET / HTTP/1.1", "Host: x", "Upgrade: websocket", "Sec-WebSocket-Protocol: "+h, "", "").
			server("HTTP/1.1 101 OK", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: "+h,
				"Sec-WebSocket-Extensions: "+h+", permessage-deflate; "+h+"="+h, "Sec-WebSocket-Protocol: "+h, "",
				"\x89"+string(rune(len(h)))+h+"\x01"+string(rune(len(h)))+h+"\x80\x00\x82"+string(rune(len(h)))+h+"\x88"+string(rune(len(h)+2))+"\x03\xe8"+h).close(),
		dial("h.test:80").
			client("GET / HTTP/1.0", "", "").
			server("HTTP/1.0 200 OK", "", strings.Repeat("some text ", 20)+h+"\n").eof().close(),
		dial("h.test:25").server("220 "+h, "").client("EHLO "+h, "").server("250-"+h, "250 "+h, "").
			client("DATA", "").server("354 "+h, "").client(strings.Repeat("some text ", 20)+h, ".", "").server("550 "+h, "").close(),
		dial("h.test:4000").server(strings.Repeat("some text ", 20)+h).client(h).server(h, "", h).close(),
		dial("h.test:80").
			client("PRI * HTTP/2.0", "", "SM", "", frame(4, 0, 0, "")).
			server(frame(4, 0, 0, "") + frame(0, 0, 1, h) + frame(7, 0, 0, "\x00\x00\x00\x00\x00\x00\x00\x00"+h) +
				frame(0x99, 0, 1, h) + frame(1, 4, 1, "\x00\x01a"+string(rune(len(h)))+h)).close(),
	}
}

// checkShown fails if out has what a terminal would do more with than show it.
func checkShown(t *testing.T, what, out string, s Style) {
	t.Helper()
	colours := newPalette(s.Color)
	for _, c := range append(colours.tokens[:], colours.client, colours.server, colours.info, colours.warn) {
		if c.on != "" {
			out = strings.ReplaceAll(strings.ReplaceAll(out, c.on, ""), c.off, "")
		}
	}
	if !utf8.ValidString(out) {
		t.Errorf("%s: not UTF-8: %q", what, out)
	}
	for i, r := range out {
		if r == '\n' || r >= ' ' && r < 0x7f {
			continue
		}
		if invisible(r) || s.ASCII {
			t.Errorf("%s: has %U in %q", what, r, out[max(0, i-40):min(len(out), i+40)])
			return
		}
	}
}

func TestNothingOfAPeersReachesTheTerminalUnescaped(t *testing.T) {
	for _, style := range []Style{
		{}, {Color: true, Width: 20, Height: 9}, {ASCII: true, Width: 80, Height: 24}, {Color: true, Live: true},
		{Color: true, Pretty: true, Width: 80}, {ASCII: true, Pretty: true, Width: 30, Height: 30},
	} {
		for _, h := range hostile() {
			for _, talk := range hostileTalks(t, h) {
				var b bytes.Buffer
				p := New(&b, style)
				everything(p, talk.events, h)
				checkShown(t, strings.ToValidUTF8(EscapeString(h), ""), b.String(), style)
			}
		}
	}
}

// checkJSON fails unless each line of out is a JSON object without a raw
// control character or anything that is not shown.
func checkJSON(t *testing.T, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if !utf8.ValidString(line) || !json.Valid([]byte(line)) || line[0] != '{' {
			t.Errorf("not a JSON object: %q", line)
		}
		for _, r := range strings.TrimSuffix(line, "\n") {
			if r < ' ' || r > unicode.MaxASCII && invisible(r) || r == 0x7f {
				t.Errorf("JSON has %U raw: %q", r, line)
				break
			}
		}
	}
}

func TestJSONEscapesWhatATerminalWouldObey(t *testing.T) {
	for _, h := range hostile() {
		for _, talk := range hostileTalks(t, h) {
			checkJSON(t, asJSON(talk.events))
		}
	}
}

func TestJSONStringsReadBackAsTheyWere(t *testing.T) {
	for _, s := range append(hostile(), "\U0001f600\U000e0041\"\\/<>&", "\ufffd") {
		b := appendJSONString(nil, []byte(s))
		if !utf8.ValidString(s) {
			var v struct{ Base64 []byte }
			if err := json.Unmarshal(b, &v); err != nil || string(v.Base64) != s {
				t.Errorf("%q: JSON %s reads as %q, %v", s, b, v.Base64, err)
			}
			continue
		}
		var v string
		if err := json.Unmarshal(b, &v); err != nil || v != s {
			t.Errorf("%q: JSON %s reads as %q, %v", s, b, v, err)
		}
	}
}

// FuzzView makes a conversation of data: its octets are dealt out to both sides
// in runs, each of which comes in one piece, and again octet by octet.
func FuzzView(f *testing.F) {
	for _, talk := range conversations(f) {
		var seed []byte
		for _, e := range talk.events {
			if e.Kind == wire.KindData {
				seed = append(append(seed, e.Data...), 0xfe)
			}
		}
		f.Add(seed, uint8(24))
	}
	f.Fuzz(func(t *testing.T, data []byte, height uint8) {
		if len(data) > 4<<10 {
			return
		}
		whole, cut := dial("h.test:80"), dial("h.test:80")
		d := wire.ClientToServer
		for run := range bytes.SplitSeq(data, []byte{0xfe}) {
			at := whole.at
			if len(run) > 0 {
				whole.add(wire.Event{Kind: wire.KindData, Dir: d, Data: run})
			}
			for i := range run {
				cut.at = at
				cut.add(wire.Event{Kind: wire.KindData, Dir: d, Data: run[i : i+1]})
			}
			cut.at = whole.at
			d = d.Reverse()
		}
		whole.eof().close()
		cut.eof().close()
		style := Style{Width: 40, Height: int(height), Start: start}
		one, many := view(style, whole.events), view(style, cut.events)
		checkShown(t, "whole", one, style)
		checkJSON(t, asJSON(whole.events))
		// While both sides are in the middle of something, their rows stand in
		// the order in which they became readable.
		if !slices.Equal(sortedRows(one), sortedRows(many)) {
			t.Errorf("in one piece:\n%s\noctet by octet:\n%s", one, many)
		}
	})
}

// TestLiveEqualsTape: what a live view leaves out is what was typed, and nothing
// else.
func TestLiveEqualsTape(t *testing.T) {
	for name, talk := range conversations(t) {
		style := Style{Width: 80, Height: 24, Start: start}
		live := style
		live.Live = true
		tape, now := strings.Split(view(style, talk.events), "\n"), strings.Split(view(live, talk.events), "\n")
		for _, row := range tape {
			if len(now) > 0 && now[0] == row {
				now = now[1:]
			}
		}
		if len(now) > 0 {
			t.Errorf("%s: live has %q, which the tape has not, or elsewhere", name, now[0])
		}
	}
}

// step is what the server sends, and what is written then.
type step struct{ data, want string }

// TestSlowReplyIsSeenAsItComes: a line is written as soon as it is whole.
func TestSlowReplyIsSeenAsItComes(t *testing.T) {
	slowly(t, []step{
		{"HTTP/1.1 200 OK\r\nContent-", "< HTTP/1.1 200 OK\n"},
		{"Type: text/plain\r\n", "< Content-Type: text/plain\n"},
		{"\r\ndata: 1", ""},
		{"\n\ndata: ", "data: 1\n\n"},
		{"ä\n", "data: ä\n"},
	})
}

// TestEventIsSeenAtItsBlankLine: of an event stream, whole events are written.
func TestEventIsSeenAtItsBlankLine(t *testing.T) {
	slowly(t, []step{
		{"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\ndata: ", "< HTTP/1.1 200 OK\n< Content-Type: text/event-stream\n< event message\n< 1\n"},
		{"2\n", ""},
		{"\n", "< event message\n< 2\n"},
		{"event: a\r\n\r", "< event a, no data\n"},
		{"\n", ""},
	})
}

// slowly compares what is written after each step.
func slowly(t *testing.T, steps []step) {
	t.Helper()
	var b bytes.Buffer
	p := New(&b, Style{Live: true})
	stream := detect.New(detect.Options{})
	talk := dial("h.test:80").client("GET / HTTP/1.1", "Host: x", "", "")
	feed := func(e wire.Event) {
		for _, m := range stream.Feed(e) {
			p.Message(&m)
		}
		p.Event(e)
		p.Partial(e.Conn, stream.State(e.Conn))
	}
	for _, e := range talk.events {
		feed(e)
	}
	for i, s := range steps {
		b.Reset()
		feed(wire.Event{Conn: 1, At: time.Duration(i+1) * time.Second, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte(s.data)})
		if got := b.String(); got != s.want {
			t.Errorf("after %q: wrote %q, want %q", s.data, got, s.want)
		}
	}
}

// sortedRows returns the rows of a view, those that go on a row above with it,
// in alphabetical order.
func sortedRows(text string) []string {
	rows := strings.Split(strings.ReplaceAll(text, "\n  ", " "), "\n")
	slices.Sort(rows)
	return rows
}
