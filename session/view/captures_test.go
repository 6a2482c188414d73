package view

import (
	"bytes"
	"fmt"
	"testing"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// screens are a file, a screen on which nothing fits, and the usual one.
var screens = []Style{{}, {Width: 20, Height: 6, Live: true}, {Width: 80, Height: 24, ASCII: true}, {Width: 80, Height: 24, Color: true, Frames: true}}

// checkReading shows events, read as proto, on each screen and as JSON.
func checkReading(t *testing.T, what, name string, events []wire.Event) {
	t.Helper()
	for _, style := range screens {
		var b bytes.Buffer
		p := New(&b, style)
		var objects []byte
		stream := detect.New(detect.Options{Proto: name})
		messages := func(msgs []proto.Message) {
			for i := range msgs {
				p.Message(&msgs[i])
				objects = JSON(objects, &msgs[i], JSONOptions{Frames: true})
			}
		}
		for _, e := range events {
			messages(stream.Feed(e))
			p.Event(e)
			st := stream.State(e.Conn)
			p.Partial(e.Conn, st)
			if text := p.Unfinished(e.Conn, st); len(text) > 4*shownUnfinished {
				t.Errorf("%s: an unfinished line of %d octets", what, len(text))
			}
		}
		messages(stream.Close())
		checkShown(t, fmt.Sprintf("%s, width %d", what, style.Width), b.String(), style)
		checkJSON(t, string(objects))
		if t.Failed() {
			return // one is enough to look at
		}
	}
}

// TestCapturesReachTheTerminalEscaped shows every capture of the public data.
func TestCapturesReachTheTerminalEscaped(t *testing.T) {
	for _, c := range append(prototest.Captures(t), prototest.Datagrams(t)...) {
		if testing.Short() && c.Size > 20_000 {
			continue
		}
		checkReading(t, c.String(), "", c.Events)
	}
}

// TestSeedsReachTheTerminalEscaped shows the inputs of public fuzzing corpora, as
// what they are.
func TestSeedsReachTheTerminalEscaped(t *testing.T) {
	for _, suite := range []struct{ file, proto, asked string }{
		{"httpresp.txt.gz", detect.HTTP1, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"}, {"smtp.txt.gz", detect.SMTP, "EHLO me\r\n"},
	} {
		for i, seed := range prototest.Seeds(t, suite.file) {
			if testing.Short() && i%10 > 0 {
				continue
			}
			events := dial("h.test:1").client(suite.asked).server(string(seed)).eof().close().events
			checkReading(t, fmt.Sprintf("%s, seed %d", suite.file, i), suite.proto, events)
		}
	}
}

// beginnings bring a connection to where a peer's text is next, by protocol. What
// is read as each protocol is hostile from the first octet too.
var beginnings = []struct{ client, server string }{
	{"", ""},
	{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: "},
	{"EHLO me\r\n", "220 h ESMTP\r\n250-"},
	{"a CAPABILITY\r\n", "* OK h\r\n* OK [ALERT] "},
	{"a FETCH 1 ALL\r\n", "* OK h\r\n* 1 FETCH (BODY {40}\r\n"},
	{"LIST\r\n", "+OK h\r\n+OK "},
	{"PING\r\n", "-ERR "}, {"PING\r\n", "$40\r\n"}, {"PING\r\n", "*2\r\n+"},
	{"\xff\xfb\x18", "\xff\xfd\x18\xff\xfa\x27\x00\x00"},
	{"SSH-2.0-x\r\n", "SSH-2.0-"},
	{"\x16\x03\x01\x00\x05", "\x16\x03\x03\x00\x40\x02\x00\x00\x3c\x03\x03"},
	{"\x81\x00", "\x81\x40"}, {"\x88\x02\x03\xe8", "\x88\x20\x03\xe8"},
	{"\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04", "\x00\x60\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x20"},
}

// TestEachProtocolEscapesWhatAPeerSays has every protocol read what a terminal
// would obey, in all places.
func TestEachProtocolEscapesWhatAPeerSays(t *testing.T) {
	for _, name := range detect.Protos() {
		for _, h := range hostile() {
			for _, b := range beginnings {
				for _, end := range []string{"", "\r\n", "\r\n.\r\n\xff\xf0\x00"} {
					talk := dial("h.test:1").client(b.client).server(b.server + h + end).client(h + end).server(h).eof().close()
					checkReading(t, fmt.Sprintf("%s, %q", name, h), name, talk.events)
				}
			}
		}
	}
}
