package session

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/session/answer"
	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/websocket"
)

// counted fills keys with octets that count up, the same in each run.
func counted() func([]byte) {
	n := byte(0)
	return func(b []byte) {
		for i := range b {
			n++
			b[i] = n
		}
	}
}

// chat speaks WebSocket with a client that sends short frames: it echoes text, and
// does what some words ask for.
func chat(c net.Conn) {
	r := bufio.NewReader(c)
	head, err := readHead(r)
	if err != nil {
		return
	}
	_, key, ok := strings.Cut(head, "Sec-WebSocket-Key: ")
	if !ok || strings.Contains(head, "/refused") {
		io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
		io.Copy(io.Discard, c)
		return
	}
	key, _, _ = strings.Cut(key, "\r\n")
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", websocket.Accept(key))
	send := func(fin bool, o websocket.Opcode, payload string) {
		c.Write(websocket.AppendFrame(nil, websocket.Frame{Fin: fin, Opcode: o, Length: int64(len(payload))}, []byte(payload)))
	}
	for {
		b := make([]byte, 6)
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		payload := make([]byte, b[1]&0x7f)
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		for i := range payload {
			payload[i] ^= b[2+i&3]
		}
		switch o := websocket.Opcode(b[0] & 15); {
		case o == websocket.Ping:
			send(true, websocket.Pong, string(payload))
		case o == websocket.Pong:
			send(true, websocket.Text, "pong "+string(payload))
		case o == websocket.Close:
			send(true, websocket.Close, string(payload))
			return
		case string(payload) == "ping me":
			send(true, websocket.Ping, "1")
		case string(payload) == "in parts":
			send(false, websocket.Text, "in ")
			time.Sleep(time.Second)
			send(true, websocket.Ping, "2")
			send(true, websocket.Continuation, "parts")
		case string(payload) == "leave":
			send(true, websocket.Close, "\x03\xe9so long")
		case string(payload) == "hang up":
			return
		case string(payload) != "silence":
			send(true, websocket.Text, string(payload))
		}
	}
}

// playWS is play with keys that are the same in each run.
func playWS(t *testing.T, target string, lines ...string) string {
	t.Helper()
	term := &terminal{lines: lines}
	s, err := New(Options{Lines: term, Out: term, Interactive: true, Style: view.Style{EscapeKey: "^]"}})
	if err != nil {
		t.Fatal(err)
	}
	s.dial, s.random = world{"ws:80": chat}.dial, counted()
	to, err := wire.ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err != nil && StatusOf(err) != StatusInterrupted {
		t.Errorf("Run = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	return term.screen.String()
}

func TestWebSocketTranscripts(t *testing.T) {
	for _, tt := range []struct {
		name, target string
		lines        []string
	}{
		{"ws", "ws://ws/chat", []string{"^C", ".ws", "hello", "", ".send ws ping p", "ping me", ".ws pong off", "ping me", ".again", ".send ws close 1000 bye", "late", ".quit"}},
		{"ws-word", "http://ws", []string{".ws /refused", ".reconnect", ".send ws ping", `.ws /chat "Origin: http://h"`, ".ws", "in parts", ".await done", `.send ws frame opcode=text fin=0 rsv1=1 "a"`, "leave", ".quit"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				golden(t, tt.name+".golden", playWS(t, tt.target, tt.lines...))
			})
		})
	}
}

func TestWebSocketScript(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		status       Status
		err, want    string
		took         time.Duration
	}{
		{"waits for the message that answers", ".ws\nhello\n", 0, "", "« #2 text, 5 octets, FIN\nhello\n", 0},
		{"waits for all of it", ".ws\nin parts\n", 0, "", "< #2 message: text, 8 B, 2 frames\nin parts\n", time.Second},
		{"each of several is answered", ".ws\none\ntwo\n", 0, "", "« #3 text, 3 octets, FIN\ntwo\n", 0},
		{"a message is shown again", ".ws\none\n.await re one\ntwo\n.await re two\n.show 2\n", 0, "", "one\n« #2 text, 3 octets, FIN\none\n* connection closed", 0},
		{"its body is", ".ws\none\n.await re one\ntwo\n.await re two\n.body 2\n", 0, "", "two\none\n* connection closed", 0},
		{"no frame goes where no handshake was", ".ws\none\n.await re one\n.reconnect\n.again\n", 2, "x.script:5: .again: #2 was a message of WebSocket", "", 0},
		{"nothing is owed", ".ws\nsilence\n", 6, "x.script:2: stopped after 10s of silence", "", 10 * time.Second},
		{"nothing is owed, and it goes on", ".ws\nsilence\nsilence\n.close\n", 0, "", "", 0},
		{"await done", ".ws\nin parts\n.await done\n.close\n", 0, "", "in parts\n", time.Second},
		{"a Ping is waited for", ".ws\n.send ws ping x\n.close\n", 0, "", "« pong, 1 octet, FIN; \"x\"\n", 0},
		{"a Close is waited for", ".ws\n.send ws close 1000\n", 0, "", "« close, 2 octets, FIN; 1000 Normal Closure\n", 0},
		{"a Close is answered", ".ws\nleave\n.await close\n", 0, "", "» close, 2 octets, FIN, mask ", 0},
		{"a Close is not answered", ".ws close off\n.ws\nleave\n.await close 1s\n", 6, "x.script:4: .await close 1s: it did not come in time", "", time.Second},
		{"the connection ends", ".ws\nhang up\n", 0, "", "! the server sent no Close frame: 1006 Abnormal Closure (RFC 6455 7.1.5)\n", 0},
		{"a Pong does not come", ".ws\n.ws pong off\nping me\n.await re pong 1s\n", 6, "x.script:4", "", time.Second},
		{"a Pong goes by itself", ".ws\nping me\n.await re pong 1s\n", 0, "", "pong 1\n", 0},
		{"refused", ".ws /refused\n", 5, "x.script:1: .ws: the server has not switched to WebSocket", "", 0},
		{"typed by hand", "GET / HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\nhello\n", 0, "", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 0},
		{"no WebSocket", ".send ws ping\n", 2, "x.script:1: .send ws: this connection does not speak WebSocket", "", 0},
		{"a bad form", ".ws\n.send ws shout\n", 2, `x.script:2: .send ws: "shout": want text`, "", 0},
		{"a bad word", ".ws pong maybe\n", 2, "x.script:1: .ws pong maybe: want .ws", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				out, err := run(t, world{"ws:80": chat}, Options{}, "ws://ws/chat", tt.script)
				text := ""
				if err != nil {
					text = err.Error()
				}
				if StatusOf(err) != tt.status || !strings.HasPrefix(text, tt.err) || tt.err == "" && text != "" || !strings.Contains(out, tt.want) {
					t.Errorf("status %d, error %q; want %d, %q; output wants %q:\n%s", StatusOf(err), text, tt.status, tt.err, tt.want, out)
				}
				if took := time.Since(begun); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// Frames that a pipe sends right behind the handshake are messages, whose answer is
// waited for.
func TestPipeThroughAHandshake(t *testing.T) {
	const ask = "GET /chat HTTP/1.1\r\nHost: ws\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	frame := func(o websocket.Opcode, text string) string {
		return string(websocket.AppendFrame(nil, websocket.Frame{Fin: true, Opcode: o, Masked: true, Length: int64(len(text))}, []byte(text)))
	}
	for _, tt := range []struct {
		name, in, tail string
		status         Status
		took           time.Duration
	}{
		{"the handshake alone", ask, "\r\n\r\n", 0, 0},
		{"a message", ask + frame(websocket.Text, "hello"), "\r\n\r\n\x81\x05hello", 0, 0},
		{"one that takes its time", ask + frame(websocket.Text, "in parts"), "\x80\x05parts", 0, time.Second},
		{"two", ask + frame(websocket.Text, "a") + frame(websocket.Text, "b"), "\x81\x01a\x81\x01b", 0, 0},
		{"no answer", ask + frame(websocket.Text, "silence"), "\r\n\r\n", StatusTimeout, 3 * time.Second},
		{"a Close", ask + frame(websocket.Close, ""), "\x88\x00", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				out, err := pipeTo(t, "ws:80", chat, strings.NewReader(tt.in), PipeOptions{Idle: 3 * time.Second})
				if StatusOf(err) != tt.status || !strings.HasSuffix(out, tt.tail) || time.Since(begun) != tt.took {
					t.Errorf("%q, %v after %v; want %q at the end, status %d after %v", out, err, time.Since(begun), tt.tail, tt.status, tt.took)
				}
			})
		})
	}
}

func TestSendWSForms(t *testing.T) {
	for _, tt := range []struct{ args, want, err string }{
		{"text hello world", "\x81\x8b\x01\x02\x03\x04hello world", ""},
		{`text "a\r\n"`, "\x81\x83\x01\x02\x03\x04a\r\n", ""},
		{`TEXT HEX 0d0A`, "\x81\x82\x01\x02\x03\x04\r\n", ""},
		{`Frame FIN=OFF Mask=off "hi"`, "\x01\x02hi", ""},
		{"text", "\x81\x80\x01\x02\x03\x04", ""},
		{"binary hex 00ff", "\x82\x82\x01\x02\x03\x04\x00\xff", ""},
		{"binary hello", "", `want .send "bytes`},
		{"ping", "\x89\x80\x01\x02\x03\x04", ""},
		{"pong x", "\x8a\x81\x01\x02\x03\x04x", ""},
		{"continuation more", "", `want .send "bytes`},
		{`continuation "more"`, "\x80\x84\x01\x02\x03\x04more", ""},
		{"close", "\x88\x80\x01\x02\x03\x04", ""},
		{"close 1000", "\x88\x82\x01\x02\x03\x04\x03\xe8", ""},
		{"close 1005 never", "\x88\x87\x01\x02\x03\x04\x03\xednever", ""},
		{"close soon", "", `close "soon": want a code`},
		{`frame "hi"`, "\x81\x82\x01\x02\x03\x04hi", ""},
		{`frame fin=0 opcode=0x3 rsv1=1 rsv3=on mask=off "hi"`, "\x53\x02hi", ""},
		{"frame opcode=ping key=0000000f mask=1", "\x89\x80\x00\x00\x00\x0f", ""},
		{`frame mask=off length=9 "hi"`, "\x81\x09hi", ""},
		{`frame mask=off bits=16 "hi"`, "\x81\x7e\x00\x02hi", ""},
		{`frame mask=off bits=64 length=0x7fffffffffffffff`, "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", ""},
		{"frame fin=maybe", "", "fin=maybe: want 1 or 0"},
		{"frame opcode=16", "", "opcode=16: want 0 to 15"},
		{"frame colour=red", "", "frame has no colour"},
		{"frame key=12", "", "key=12: want 8 hex digits"},
		{"frame length=-1", "", "length=-1: want a number"},
		{"frame bits=8", "", "bits=8: want 7, 16 or 64"},
		{"shout", "", `"shout": want text, binary`},
	} {
		w := &wsLink{client: true, random: counted()}
		b, err := w.form(tt.args)
		text := ""
		if err != nil {
			text = err.Error()
		}
		// What is masked is compared without its mask.
		if len(b) > 6 && b[1]&0x80 != 0 {
			for i := range b[6:] {
				b[6+i] ^= b[2+i&3]
			}
		}
		if !bytes.Equal(b, []byte(tt.want)) || !strings.HasPrefix(text, tt.err) || tt.err == "" && text != "" {
			t.Errorf("%s: %q, %v; want %q, %q", tt.args, b, err, tt.want, tt.err)
		}
	}
}

// Who listens is the server: what it sends is not masked.
func TestServerDoesNotMask(t *testing.T) {
	w := &wsLink{random: counted()}
	if b, err := w.line("hi"); string(b) != "\x81\x02hi" || err != nil {
		t.Errorf("line = %q, %v", b, err)
	}
}

// A peer that asks without end and reads nothing makes one answer due at most.
func TestPingsAreAnsweredInBoundedMemory(t *testing.T) {
	w := &wsLink{client: true, random: counted(), answers: answer.New()}
	for i := range 1000 {
		p := fmt.Appendf(nil, "%d", i)
		w.take(&websocket.Frame{Opcode: websocket.Ping, Fin: true, Length: int64(len(p))}, p)
	}
	if w.answers.Waiting() != 2+4+3 {
		t.Errorf("%d octets wait, want one Pong", w.answers.Waiting())
	}
}
