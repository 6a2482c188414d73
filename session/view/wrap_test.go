package view

import (
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/telnet"
)

func TestInformationIsBrokenBetweenWords(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "* \n"},
		{"twelve cells", "* twelve\n  cells\n"},
		{"ten cells.", "* ten cells.\n"},
		{"one two three four five", "* one two\n  three four\n  five\n"},
		{"a word-longer-than-it is", "* a\n  word-longer-than-it\n  is\n"},
		{"word-longer-than-it is", "* word-longer-than-it\n  is\n"},
		{"  open   connects", "*   open\n  connects\n"},
		{"ends here   ", "* ends here\n"},
		{"né né né né", "* né né né\n  né\n"},
	}
	for _, tt := range tests {
		for _, color := range []bool{false, true} {
			var b strings.Builder
			New(&b, Style{Width: 12, Color: color}).Info(tt.text)
			got := strings.NewReplacer("\x1b[38;5;244m", "", "\x1b[0;22;0;0;0m", "", "\x1b[0m", "").Replace(b.String())
			if got != tt.want {
				t.Errorf("Info(%q) = %q, want %q", tt.text, got, tt.want)
			}
		}
	}
	var b strings.Builder
	p := New(&b, Style{Width: 12})
	p.Message(&proto.Message{Conn: 1, Dir: wire.ServerToClient, Kind: proto.KindReply, Head: []byte("250 a line that is long\r\n"), Complete: true})
	p.Warn("a warning is broken")
	p.Message(&proto.Message{Conn: 1, Dir: wire.ServerToClient, Kind: proto.KindFrame, Value: &telnet.Command{Code: telnet.WILL, Option: telnet.Option(39)}, Head: []byte{255, 251, 39}, Complete: true})
	if want := "< 250 a line that is long\n! a warning\n  is broken\n« WILL\n  NEW-ENVIRON\n"; b.String() != want {
		t.Errorf("rows %q, want %q", b.String(), want)
	}
}

// A deviation of every line is told once.
func TestNotesOfOneKindAreOneRow(t *testing.T) {
	m := proto.Message{Conn: 1, Dir: wire.ClientToServer, Kind: proto.KindRequest, N: 1, Complete: true}
	for i := range int64(3) {
		m.Notes = append(m.Notes, proto.Note{Offset: 10 * i, Text: "bare LF", Rule: "RFC 9112 2.2"}, proto.Note{Offset: 10*i + 1, Text: "odd" + strings.Repeat("!", int(i))})
	}
	var b strings.Builder
	New(&b, Style{Live: true}).Message(&m)
	want := "! #1 request, offset 0: bare LF (RFC 9112 2.2), and 2 more\n! #1 request, offset 1: odd\n" +
		"! #1 request, offset 11: odd!\n! #1 request, offset 21: odd!!\n"
	if b.String() != want {
		t.Errorf("rows\n%swant\n%s", b.String(), want)
	}
}

// A window may change its size while a conversation goes on.
func TestSizeIsAskedForEachTime(t *testing.T) {
	var b strings.Builder
	width := 80
	p := New(&b, Style{Size: func() (int, int) { return width, 24 }})
	p.Info("one two three")
	width = 9
	p.Info("one two three")
	if want := "* one two three\n* one two\n  three\n"; b.String() != want {
		t.Errorf("rows %q, want %q", b.String(), want)
	}
}

// The alert with which we refuse a certificate says less than the error that
// follows; one that nothing follows is told.
func TestOurRefusalOfACertificateIsOneRow(t *testing.T) {
	alert := wire.Event{Conn: 1, Kind: wire.KindAlert, Dir: wire.ClientToServer, Alert: badCertificate}
	for _, tt := range []struct {
		then wire.Event
		want string
	}{
		{wire.Event{Conn: 1, Kind: wire.KindError, Text: "TLS handshake: certificate is for h"}, "! TLS handshake: certificate is for h\n"},
		{wire.Event{Conn: 1, Kind: wire.KindClose}, "! tls alert 42 bad_certificate from the client: client does not accept the server's certificate\n"},
	} {
		var b strings.Builder
		p := New(&b, Style{})
		p.Event(alert)
		p.Event(tt.then)
		if b.String() != tt.want {
			t.Errorf("rows %q, want %q", b.String(), tt.want)
		}
	}
}

// A cookie that would overlay a Secure one is refused by what the recording has
// set before (RFC 6265bis, section 5.7, step 16), and accepted by itself.
func TestCookieRowsKnowWhatWasSetBefore(t *testing.T) {
	request := &http1.Request{Method: "GET", Target: "/", Fields: http1.FieldsOf(http1.Field{Name: []byte("Host"), Value: []byte("h.example")})}
	response := func(secure bool, set string) *proto.Message {
		return &proto.Message{
			Conn: 1, Exchange: 1, Dir: wire.ServerToClient, Kind: proto.KindResponse, Complete: true, Secure: secure,
			Value: &http1.Response{Status: 200, Request: request, Fields: http1.FieldsOf(http1.Field{Name: []byte("Set-Cookie"), Value: []byte(set)})},
		}
	}
	var b strings.Builder
	p := New(&b, Style{Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	p.Message(response(true, "a=1; Secure"))
	b.Reset()
	p.Message(response(false, "a=2"))
	if !strings.Contains(b.String(), "! cookie a rejected") || !strings.Contains(b.String(), "step 16") {
		t.Errorf("rows:\n%s", b.String())
	}
	if got := JSON(nil, response(false, "a=2"), JSONOptions{}); !strings.Contains(string(got), `"verdict":"store"`) {
		t.Errorf("JSON of it by itself: %s", got)
	}
}
