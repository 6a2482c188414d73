package session

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"wiretape/session/view"
)

// oneReply answers every request with the same bytes and closes where asked to.
func oneReply(reply string, end bool) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			if _, err := readHead(r); err != nil {
				return
			}
			time.Sleep(41 * time.Millisecond)
			io.WriteString(c, reply)
			if end {
				return
			}
		}
	}
}

// mail speaks enough of SMTP for one message.
func mail(c net.Conn) {
	fmt.Fprint(c, "220 mail.test ESMTP\r\n")
	text := false
	for line, err := range lines(c) {
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); {
		case text && line == ".":
			text = false
			fmt.Fprint(c, "250 OK id=1tX\r\n")
		case text:
		case verb == "EHLO":
			fmt.Fprint(c, "250-mail.test Hello me\r\n250-PIPELINING\r\n250 HELP\r\n")
		case verb == "MAIL", verb == "RCPT":
			fmt.Fprint(c, "250 OK\r\n")
		case verb == "DATA":
			text = true
			fmt.Fprint(c, "354 go ahead\r\n")
		case verb == "QUIT":
			fmt.Fprint(c, "221 bye\r\n")
			return
		default:
			fmt.Fprint(c, "500 what?\r\n")
		}
	}
}

// lines gives the lines that come over c.
func lines(c net.Conn) func(func(string, error) bool) {
	return func(yield func(string, error) bool) {
		r := bufio.NewReader(c)
		for {
			line, err := r.ReadString('\n')
			if !yield(strings.TrimRight(line, "\r\n"), err) || err != nil {
				return
			}
		}
	}
}

// pause waits, and reports whether the client is still there.
func pause(c net.Conn, d time.Duration) bool {
	c.SetReadDeadline(time.Now().Add(d))
	defer c.SetReadDeadline(time.Time{})
	_, err := c.Read(make([]byte, 1))
	return err != io.EOF
}

// once serves one connection, and closes all later ones when they ask.
func once(serve func(net.Conn)) func(net.Conn) {
	served := false
	return func(c net.Conn) {
		if served {
			c.Read(make([]byte, 1))
			return
		}
		served = true
		serve(c)
	}
}

func echo(c net.Conn) { io.Copy(c, c) }

// frames speaks HTTP/2, one thing after the other: it answers each request with
// its path, and asks for an answer to a PING before it does.
func frames(c net.Conn) {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	fr := http2.NewFramer(c, c)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	path := ""
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return
		}
		switch f := f.(type) {
		case *http2.WindowUpdateFrame: // the last of what opens the connection
			fr.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 9})
		case *http2.SettingsFrame:
			if f.IsAck() {
				fr.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			path = f.PseudoValue("path")
		case *http2.DataFrame:
			fr.WritePing(false, [8]byte{'p'})
		case *http2.PingFrame:
			block.Reset()
			enc.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
			id := uint32(1)
			if path == "/y" {
				id = 3
			}
			fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true})
			fr.WriteData(id, true, []byte("hello "+path))
		}
	}
}

// greeter speaks the plain part of gRPC: it answers each call with one message and a
// status.
func greeter(c net.Conn) {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	fr := http2.NewFramer(c, c)
	fr.WriteSettings()
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	headers := func(id uint32, end bool, fields ...string) {
		block.Reset()
		for i := 0; i < len(fields); i += 2 {
			enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
		}
		fr.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: end})
	}
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				fr.WriteSettingsAck()
			}
		case *http2.DataFrame:
			headers(f.StreamID, false, ":status", "200", "content-type", "application/grpc")
			fr.WriteData(f.StreamID, false, []byte("\x00\x00\x00\x00\x07\x0a\x05hello"))
			headers(f.StreamID, true, "grpc-status", "5", "grpc-message", "no%20such%20thing")
		}
	}
}

// shell says what a server of SSH says unasked: a line before its name, its name, and
// with which algorithms it begins.
func shell(c net.Conn) {
	io.WriteString(c, "welcome\r\nSSH-2.0-OpenSSH_9.9 test\r\n")
	if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
		return
	}
	kex := append([]byte{20}, make([]byte, 16)...)
	for _, list := range []string{"curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", ""} {
		kex = append(binary.BigEndian.AppendUint32(kex, uint32(len(list))), list...)
	}
	kex = append(kex, 0, 0, 0, 0, 0)
	padding := 8 - (5+len(kex))%8 + 8
	packet := append(binary.BigEndian.AppendUint32(nil, uint32(1+len(kex)+padding)), byte(padding))
	c.Write(append(append(packet, kex...), make([]byte, padding)...))
	io.Copy(io.Discard, c)
}

func TestTranscripts(t *testing.T) {
	servers := world{
		"www.google.ca:80": oneReply("HTTP/1.0 200 OK\r\nServer: gws\r\n\r\n<html>\r\n", true),
		"h:8080":           oneReply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: __Host-sid=7; Path=/api\r\n\r\nhello", false),
		"slow:80": func(c net.Conn) {
			readHead(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 240\r\n\r\n"+strings.Repeat("x", 118))
			if pause(c, 3200*time.Millisecond) {
				io.WriteString(c, strings.Repeat("y", 122))
				io.Copy(io.Discard, c)
			}
		},
		"mail.test:25": mail,
		"echo:9000":    echo,
		"once:80":      once(oneReply("HTTP/1.0 204 No Content\r\n\r\n", true)),
		"h2:80":        frames,
		"grpc:80":      greeter,
		"ssh.test:22":  shell,
		"login:9001": func(c net.Conn) {
			io.WriteString(c, "welcome\r\nlogin: ")
			bufio.NewReader(c).ReadString('\n')
			io.WriteString(c, "no\r\n")
		},
	}
	tests := []struct {
		name  string
		lines []string
	}{
		{"unconnected", []string{"www.google.ca", "GET / HTTP/1.0", "exit", "bogus h 1", "open nowhere 80", ".status", "help open", "^D"}},
		{"http10", []string{"open www.google.ca 80", "GET /index.html HTTP/1.0", "", "GET / HTTP/1.0", "", "", "GET /3 HTTP/1.0", "", "^C", ".again 1", ".quit"}},
		{"http11", []string{"open http://h:8080", "GET / HTTP/1.1", "", "POST / HTTP/1.1", "Host: h", "Content-Length: 5", "", "1234567", "s",
			".show 1", ".show 1 raw", ".hex 1", ".body", ".cookies", ".alpn", ".qiut", ".eol lf", "GET / HTTP/1.0", "", "^D", "^D"}},
		{"waiting", []string{"open slow 80", "GET / HTTP/1.1", "Host: slow", "", ".close", ".quit"}},
		{"smtp", []string{"open mail.test smtp", "EHLO me", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "hello", ".quit", "\x1dstatus", ".", "QUIT", ".quit"}},
		{"line", []string{"open echo 9000", "hello", `.send "a\x00b\n"`, ".send <<EOF", "one", ".two", "EOF", ".await re two", ".await bytes 99 10ms", ".eof", ".abort", ".quit"}},
		{"draft", []string{"open http://h:8080/a?b=c", "^C", ".again", ".mode line", "GET / HTTP/1.1", "X: y", "", ".again", ".await close 1s", ".help send", ".quit"}},
		{"h2", []string{"open h2c://h2:80", "POST /x", "host: h", "content-length: 2", "", "ab", "POST /y", "content-length: 1", "", "c", ".show 1", ".status", ".quit"}},
		{"h2look", []string{".frames", "open h2c://h2:80", "POST /x", "host: h", "content-length: 2", "", "ab", ".frames", ".show 1 frames", ".frames all", ".hpack", ".hpack 1", ".body", ".hex 1", ".cookies", ".frames 7", ".quit"}},
		{"grpc", []string{"open h2c://grpc:80", `.send headers ":method: POST" ":scheme: http" ":path: /greet.Greeter/Hello" "content-type: application/grpc" "te: trailers"`,
			".send data 1 hex 00 00000003 0a0161 end", ".show 1", ".why", ".quit"}},
		{"ssh", []string{"open ssh.test ssh", "SSH-2.0-me", ".show 1", ".quit"}},
		{"gone", []string{".again", ".reconnect", "open once 80", "GET / HTTP/1.0", "", "GET /2 HTTP/1.0", "", "", "^C", ".reconnect", ".again", ".quit"}},
		{"moved", []string{"open www.google.ca 80", "GET / HTTP/1.0", "", "open h 8080", ".cookies", "c", "open h 8080", ".close", "open h 8080", "GET /a HTTP/1.1", ".reconnect",
			"GET /b HTTP/1.1", "X: y", "", ".quit"}},
		{"prompting", []string{"open login 9001", "root", "^D"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				golden(t, tt.name+".golden", play(t, servers, Options{Style: view.Style{EscapeKey: "^]"}}, tt.lines...))
			})
		})
	}
}
