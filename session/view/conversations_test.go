package view

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
)

// conversations returns one talk of each kind by name.
func conversations(tb testing.TB) map[string]*talk {
	lines := func(n int) string {
		return strings.Repeat("a line of a body that goes on\n", n)
	}
	return map[string]*talk{
		"http-1.0-close": dial("www.google.ca:80").wait(4*time.Second).
			client("GET /index.html HTTP/1.0", "", "").wait(30*time.Millisecond).
			server("HTTP/1.0 200 OK", "Content-Type: text/html", "", "").wait(10 * time.Millisecond).
			server(lines(20)).server(lines(30)).eof().close(),

		"https-cookies": dial("localhost:8443").secure(tb, "ok", "http/1.1", "h2", "http/1.1").
			client("GET /login HTTP/1.1", "Host: localhost:8443", "", "").wait(5*time.Millisecond).
			server("HTTP/1.1 200 OK", "Set-Cookie: __Host-sid=7f3ac9; Path=/api; HttpOnly",
				"Set-Cookie: a=1; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600",
				"Set-Cookie: long="+strings.Repeat("v", 50)+"; Domain=example.org",
				"Set-Cookie: gone=x; Max-Age=0",
				"Content-Length: 11", "", `{"ok":true}`),

		"http-cookies": dial("www.example.com:80").
			client("GET /dir/7 HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Set-Cookie: a=1; Domain=.example.com; Expires=Thu, 15-Jan-26 13:00:00 GMT",
				"set-cookie: s=1; Secure", "Set-Cookie: esc=\x1b]0;x\a", "Set-Cookie: octets=\xff\xfe", "Content-Length: 0", "", ""),

		"http-chunked": dial("www.example.com:80").
			client("GET / HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum", "", "").wait(time.Second).
			server("5;ext=1", "hello", "").wait(time.Second).
			server("a", "\tworld\nbye", "", "0", "X-Sum: 14", "", ""),

		"http-304": dial("www.example.com:80").
			client("GET / HTTP/1.1", "Host: www.example.com", `If-None-Match: "x"`, "", "").
			server("HTTP/1.1 304 Not Modified", `ETag: "x"`, "", ""),

		"http-head": dial("www.example.com:80").
			client("HEAD / HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Content-Length: 5000", "", ""),

		"http-pipelined": dial("www.example.com:80").
			client("GET /1 HTTP/1.1", "Host: www.example.com", "", "GET /2 HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Content-Length: 3", "", "oneHTTP/1.1 404 Not Found", "Content-Length: 3", "Connection: close", "", "two").eof().close(),

		"http-post": dial("www.example.com:80").
			client("POST /x HTTP/1.1", "Host: www.example.com", "Content-Length: 7", "Expect: 100-continue", "", "").
			server("HTTP/1.1 100 Continue", "", "").
			client("a=1&b=2").
			server("HTTP/1.1 201 Created", "Content-Length: 0", "", ""),

		"http-cut": dial("www.example.com:80").
			client("GET / HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Content-Length: 240", "", "only this").wait(3 * time.Second).
			add(wire.Event{Kind: wire.KindReset, Dir: wire.ServerToClient}).close(),

		"http-cut-head": dial("www.example.com:80").
			client("GET / HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Content-Ty").eof().close(),

		"http-0.9": dial("www.example.com:80").
			client("GET /", "").server("<html>", "hello", "").eof().close(),

		"http-gzip": dial("www.example.com:80").
			client("GET / HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Content-Encoding: gzip", "Content-Length: 4", "", "\x1f\x8b\x08\x00"),

		"http-gzip-text": dial("www.example.com:80").
			client("GET / HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Content-Type: text/plain; charset=koi8-r", "Content-Encoding: gzip", "Connection: close", "",
				gzipped("\xf0\xd2\xc9\xd7\xc5\xd4\r\n"+strings.Repeat("a line\n", 20)+"\x1b[31m")+"junk").eof().close(),

		"http-charset": dial("www.example.com:80").
			client("GET / HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Content-Type: text/html", "Content-Length: 68", "", "<p>one</p>\n<p>two ca").
			server("f\xe9</p>\n<p>three ä</p>\n<p>four</p>\n<p>five</p>\n\xff"),

		"http-events": dial("www.example.com:80").
			client("GET /events HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked", "", chunk("retry: 1500\ndata: first one\n\n\n")).
			wait(time.Second).server(chunk(": ping\n\n")).
			wait(time.Second).server(chunk("event: add\nid: 7\ndata: {\"a\"")).
			wait(time.Second).server(chunk(":\x1b[1m1}\ndata: \n\nevent: x\n\nd")).
			wait(time.Second).server(chunk("ata: z")+"0", "", ""),

		"http-binary": dial("www.example.com:80").
			client("GET /x.png HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "Content-Type: image/png", "Content-Length: 600", "",
				"\x89PNG\r\n\x1a\n"+strings.Repeat("\x00\x01\x02\x03\xff\xfe\xfd\xfc", 74)),

		"http-long-line": dial("www.example.com:80").
			client("GET / HTTP/1.1", "Host: www.example.com", "", "").
			server("HTTP/1.1 200 OK", "X-Long: "+strings.Repeat("h", 2000), "Content-Length: 5000", "", strings.Repeat("日", 1666)+"xy"),

		"http-notes": dial("www.example.com:80").
			client("GET / HTTP/1.1\nHost : x\n\n").
			server("HTTP/1.1 200 OK", "Content-Length: 2", "Transfer-Encoding: chunked", "", "2\nok", "0", "", ""),

		"http-unasked": dial("www.example.com:80").
			server("HTTP/1.1 408 Request Timeout", "Content-Length: 0", "Connection: close", "", "").eof().close(),

		"http-upgrade": dial("www.example.com:80").
			client("GET /chat HTTP/1.1", "Host: www.example.com", "Connection: Upgrade", "Upgrade: websocket", "", "").
			server("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket", "", "").
			server("\x81\x05hello"),

		// Sent as RFC 6455, section 5.7, and RFC 7692, section 7.2.3, have it.
		"websocket": dial("www.example.com:80").
			client("GET /chat HTTP/1.1", "Host: www.example.com", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Extensions: permessage-deflate", "", "").
			server("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket",
				"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Extensions: permessage-deflate", "", "").
			client("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").
			server("\x01\x03Hel\x89\x06ping\x1b[\x80\x02lo\x82\x03\x00\x01\x02").
			client("\x8a\x86\x00\x00\x00\x00ping\x1b[").
			server("\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x81\x0etwo\nlines \x1b[2J\x83\x01?").
			client("\x01\x01a\x88\x80\x00\x00\x00\x00").
			server("\x88\x0d\x03\xe9see\x1b[1m you\x81\x05late").eof().close(),

		"smtp": dial("mail.test:25").wait(20*time.Millisecond).
			server("220 mail.test ESMTP Exim 4.96", "").
			client("EHLO me", "").server("250-mail.test Hello me", "250-STARTTLS", "250 HELP", "").
			client("MAIL FROM:<a@b>", "").server("250 OK", "").
			client("RCPT TO:<nobody@b>", "").server("550-no such", "550 user", "").
			client("RCPT TO:<c@b>", "").server("250 OK", "").
			client("DATA", "").server("354 go ahead", "").
			client("Subject: x", "", "body", "..dot", ".", "").server("250 OK id=1tX", "").
			client("STARTTLS", "").server("220 TLS go ahead", "").
			secure(tb, "x509: certificate signed by unknown authority", "").
			client("EHLO me", "").server("250 mail.test", "").
			client("QUIT", "").server("221 bye", "").
			add(wire.Event{Kind: wire.KindEOF, Dir: wire.ServerToClient, Notify: wire.NotifyNo}).close(),

		"pop3": dial("mail.test:110").
			server("+OK Dovecot ready <1.2@mail.test>", "").
			client("CAPA", "").server("+OK", "UIDL", "SASL PLAIN", ".", "").
			client("USER u", "PASS p", "").server("+OK", "-ERR [AUTH] no", "").
			client("RETR 1", "").server("+OK 99 octets", "Subject: x", "", "..dot \x1b[31m").wait(time.Second).server("", ".", "").
			client("AUTH PLAIN", "").server("+ ", "").client("AHUAcA==", "").server("+OK", "").
			client("STLS", "").server("+OK begin", "").
			secure(tb, "ok", "").client("QUIT", "").server("+OK bye", "").eof().close(),

		"imap": dial("mail.test:143").
			server("* OK [CAPABILITY IMAP4rev1 IDLE] ready", "").
			client("a1 LOGIN u {1}", "").server("+ OK", "").client("p", "").server("a1 OK in", "").
			client("a2 SELECT INBOX", "").server("* 1 EXISTS", "a2 OK [READ-WRITE] done", "").
			client("a3 FETCH 1 (BODY[] BODY[1] FLAGS)", "").
			server("* 1 FETCH (BODY[] {29}", "Subject: x", "", "hello\x1b[0m ").wait(time.Second).server("you", " BODY[1] {2}", "ab FLAGS (\\Seen))", "a3 OK done", "").
			client("a4 COPY 1 Nowhere", "").server("a4 NO [TRYCREATE] no such mailbox", "").
			client("a5 IDLE", "").server("+ idling", "").wait(time.Second).server("* 2 EXISTS", "").
			client("DONE", "").server("a5 OK done", "").
			client("a6 LOGOUT", "").server("* BYE bye", "a6 OK done", "").eof().close(),

		"ftp": dial("files.test:21").
			server("220-welcome", " 220 to", "220 files.test FTP", "").
			client("PASV", "").server("227 Entering Passive Mode (192,0,2,1,110,8).", "").
			client("EPSV", "").server("229 Extended (|||6446|)", "").
			client("LIST", "").server("150 here it comes", "").wait(time.Second).server("226 done", "").
			client("RETR x", "").server("550 no such file", "").eof().close(),

		"nntp": dial("news.test:119").
			server("200 InterNetNews ready", "").
			client("CAPABILITIES", "").server("101 list", "VERSION 2", "READER", ".", "").
			client("ARTICLE 9", "").server("423 none", "").eof().close(),

		"h2": dial("localhost:8443").secure(tb, "ok", "h2", "h2", "http/1.1").
			client("PRI * HTTP/2.0", "", "SM", "", "").
			client(frame(4, 0, 0, "\x00\x03\x00\x00\x00\x64")).
			server(frame(4, 0, 0, "\x00\x04\x00\x10\x00\x00") + frame(4, 1, 0, "")).
			client(frame(1, 5, 1, "\x82\x84\x87\x41\x09localhost")).
			server(frame(1, 4, 1, "\x88") + frame(0, 1, 1, "hello\x1b[2J")).
			client(frame(6, 0, 0, "\x01\x02\x03\x04\x05\x06\x07\x08")).
			server(frame(8, 0, 0, "\x00\x00\x10\x00") + frame(3, 0, 3, "\x00\x00\x00\x07") + frame(0x99, 0xff, 5, "\x1b]0;") +
				frame(7, 0, 0, "\x00\x00\x00\x01\x00\x00\x00\x0bcalm\x1b[1m")).eof().close(),

		"h2-blocks": dial("localhost:8080").
			client("PRI * HTTP/2.0", "", "SM", "", frame(4, 0, 0, "\x00\x01\x00\x00\x20\x00")+frame(1, 5, 1, "\x82\x84\x86\x01\x01h")+
				frame(1, 5, 3, "\x82\x84\x86\x01\x01h")+frame(1, 5, 5, "\x82\x84\x86\x01\x01h")+frame(1, 5, 7, "\x82\x84\x86\x01\x01h")+frame(1, 5, 9, "\x82\x84\x86\x01\x01h")).
			// A field that goes into the dynamic table, in two frames; it is then
			// referred to. The frame that is cut ends the decoding.
			server(frame(4, 0, 0, "") + frame(1, 0, 1, "\x88\x40\x03x-a") + frame(9, 4, 1, "\x04\x1b[2J") + frame(1, 5, 3, "\x88\xbe")).
			server(frame(1, 5, 5, "\xff\xff\xff\xff\xff\xff") + frame(1, 5, 7, "\x88\xbe") + frame(1, 4, 9, "\x88")[:9]).close(),

		"grpc": dial("localhost:50051").
			client("PRI * HTTP/2.0", "", "SM", "", frame(4, 0, 0, "")).
			server(frame(4, 0, 0, "") + frame(4, 1, 0, "")).
			client(frame(4, 1, 0, "") + frame(1, 4, 1, "\x83\x86\x04\x0c/greet.G/Say\x00\x0ccontent-type\x10application/grpc") +
				frame(0, 1, 1, "\x00\x00\x00\x00\x10\x0a\x05\x1b[31m\x12\x07\x0a\x05hello")).
			wait(time.Millisecond).
			server(frame(1, 4, 1, "\x88\x00\x0ccontent-type\x10application/grpc") + frame(0, 0, 1, "\x00\x00\x00\x00\x05\x08\x96\x01\x12\x00\x00\x00\x00\x00\x09ab") +
				frame(1, 5, 1, "\x00\x0bgrpc-status\x015\x00\x0cgrpc-message\x0cno%20such%0A")),

		"grpc-web": dial("localhost:8080").
			client("POST /greet.G/Say HTTP/1.1", "Host: localhost", "Content-Type: application/grpc-web+proto", "Content-Length: 7", "", "\x00\x00\x00\x00\x02\x08\x01").
			server("HTTP/1.1 200 OK", "Content-Type: application/grpc-web+proto", "Content-Length: 27", "", "\x00\x00\x00\x00\x02\x08\x02\x80\x00\x00\x00\x0fgrpc-status: 0\r"),

		"raw-text": dial("mud.test:4000").
			server("Welcome to \x1b[1mthe\x1b[0m cave.", "login: ").wait(time.Second).
			client("me", "").server("password: ").client("x", "").server("caf\xe9", "").eof().close(),

		"telnet": dial("host.test:23").
			server("\xff\xfd\x18\xff\xfb\x01").client("\xff\xfb\x18\xff\xfd\x01").
			server("\xff\xfa\x18\x01\xff\xf0").client("\xff\xfa\x18\x00DUMB\x1b[m\xff\xf0\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0").
			server("Debian\x1b[1m", "login: ").wait(time.Second).client("me", "").server("me\r\x00pass\xff\xf1\xff\xff: ", "").
			client("\xff\xf6").server("\xff\xfa\x18\x01\xff\xfd\x01").eof().close(),

		"ssh": dial("host.test:22").
			server("welcome", "SSH-2.0-OpenSSH_9.2p1 Debian\x1b[m", "").client("SSH-2.0-x\n").
			client(sshPacket("\x14" + strings.Repeat("c", 16) + sshLists("curve25519-sha256,ext-info-c", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "zlib", "", "") + "\x00\x00\x00\x00\x00")).
			server(sshPacket("\x14"+strings.Repeat("c", 16)+sshLists("curve25519-sha256", "ssh-ed25519", "aes256-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", "")+"\x01\x00\x00\x00\x00") +
				sshPacket("\x01\x00\x00\x00\x03\x00\x00\x00\x09bad\nrow\x1b[\x00\x00\x00\x00")).
			client(sshPacket("\x1e\x00\x01") + sshPacket("\x15") + strings.Repeat("\xaa", 100)).eof().close(),

		"tls-records": dial("host.test:443").
			client("\x16\x03\x01\x00\x51\x01\x00\x00\x4d\x03\x03" + strings.Repeat("r", 32) + "\x00\x00\x04\x13\x01\x0a\x0a\x01\x00\x00\x20" +
				"\x00\x00\x00\x0c\x00\x0a\x00\x00\x07h\x1b\ntest" + "\x00\x10\x00\x05\x00\x03\x02h2" + "\x00\x2b\x00\x03\x02\x03\x04").
			server("\x15\x03\x01\x00\x02\x02\x28").eof().close(),
		"tls-alert-to-text": dial("host.test:80").
			client("GET / HTTP/1.0", "", "").server("\x15\x03\x01\x00\x02\x02\x46").eof().close(),

		"raw-binary": dial("db.test:4000").
			client("\x00\x01\x02").server("\x00\x00\x00\x05hello" + strings.Repeat("\xaa\x55", 200)).close(),

		"trouble": (&talk{conn: 1}).
			add(wire.Event{Kind: wire.KindTry, Addr: "[2001:db8::1]:443", Text: "connection refused"}).
			add(wire.Event{Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: "h.test:443", Local: "127.0.0.1:4", Remote: "192.0.2.1:443"}}).
			add(wire.Event{Kind: wire.KindAlert, Dir: wire.ServerToClient, Alert: 120}).
			add(wire.Event{Kind: wire.KindAlert, Dir: wire.ClientToServer, Alert: 48}).
			add(wire.Event{Kind: wire.KindTimeout, Text: "no reply within 10 s"}).
			add(wire.Event{Kind: wire.KindGap, Dir: wire.ServerToClient, Size: 70000}).
			add(wire.Event{Kind: wire.KindError, Dir: wire.ClientToServer, Size: 5, Text: "broken pipe"}).close().
			add(wire.Event{Conn: 2, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "udp", Role: wire.Dialed, Target: "h.test:53", Local: "127.0.0.1:4", Remote: "192.0.2.1:53"}}).
			add(wire.Event{Conn: 2, Kind: wire.KindData, Dir: wire.ServerToClient}).
			add(wire.Event{Conn: 3, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Role: wire.Accepted, Local: "127.0.0.1:8080", Remote: "127.0.0.1:5000"}}).
			add(wire.Event{Conn: 3, Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte("hi there\n")}).
			add(wire.Event{Conn: 3, Kind: wire.KindEOF, Dir: wire.ServerToClient}).
			add(wire.Event{Conn: 3, Kind: wire.KindEOF, Dir: wire.ClientToServer}).
			add(wire.Event{Conn: 3, Kind: wire.KindClose}).
			add(wire.Event{Conn: 2, Kind: wire.KindClose}).
			// Two that never stood.
			add(wire.Event{Conn: 4, Kind: wire.KindTry, Addr: "192.0.2.1:443", Text: "connection refused"}).
			add(wire.Event{Conn: 4, Kind: wire.KindClose}).
			add(wire.Event{Conn: 5, Kind: wire.KindError, Text: "look up h.test: no such host"}).
			add(wire.Event{Conn: 5, Kind: wire.KindClose}),
	}
}

// frame returns an HTTP/2 frame (RFC 9113, section 4.1).
func frame(kind, flags byte, stream uint32, payload string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))[1:]
	b = append(b, kind, flags)
	return string(binary.BigEndian.AppendUint32(b, stream)) + payload
}

// sshPacket returns a packet of SSH (RFC 4253, section 6).
func sshPacket(payload string) string {
	pad := 8 - (len(payload)+5)%8
	if pad < 4 {
		pad += 8
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)+1+pad))
	return string(append(b, byte(pad))) + payload + strings.Repeat("p", pad)
}

// sshLists returns the lists of a KEXINIT.
func sshLists(lists ...string) string {
	var b []byte
	for _, l := range lists {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(l))), l...)
	}
	return string(b)
}
