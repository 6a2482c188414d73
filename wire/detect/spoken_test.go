package detect_test

import (
	"testing"

	"wiretape/wire/detect"
)

func TestSpoken(t *testing.T) {
	for _, tt := range []struct{ first, target, want string }{
		{"220 mx.example ESMTP Postfix\r\n", "mx.example:2525", detect.SMTP},
		{"220 mx.example ESMTP\r\n502 5.5.2 what?\r\n", "mx.example:2525", detect.SMTP},
		{"220 mx.example ready\r\n", "mx.example:25", detect.SMTP},
		{"220 (vsFTPd 3.0.3)\r\n", "ftp.example:8021", detect.FTP},
		{"220 hello\r\n", "example:9999", detect.Line},
		{"SSH-2.0-OpenSSH_9.2\r\n", "example:2222", detect.SSH},
		{"+OK ready\r\n", "example:1100", detect.POP3},
		{"-ERR what?\r\n", "example:1100", detect.POP3},
		{"-ERR wrong number of arguments for 'get' command\r\n", "example:6379", detect.Redis},
		{"* OK IMAP4rev1\r\n", "example:1430", detect.IMAP},
		{"200 news.example InterNetNews ready\r\n", "example:1190", detect.NNTP},
		{"\xff\xfd\x18\xff\xfd\x20", "example:2323", detect.Telnet},
		{"\x00\x00\x00\x04\x00\x00\x00\x00\x00", "example:8080", detect.HTTP2},
		{"\x15\x03\x01\x00\x02\x02\x46", "example:8443", detect.TLS},
		{"HTTP/1.1 200 OK\r\n", "example:80", ""},
		{"<html>", "example:80", ""},
		{"ERROR\r\n", "example:11211", ""},
		{"", "example:25", ""},
	} {
		if got := detect.Spoken([]byte(tt.first), tt.target); got != tt.want {
			t.Errorf("Spoken(%q, %q) = %q, want %q", tt.first, tt.target, got, tt.want)
		}
	}
}
