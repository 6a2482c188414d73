package session

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/session/view"
	"wiretape/tape"
	"wiretape/wire/detect"
)

// postOffice speaks enough of POP3 for one message.
func postOffice(c net.Conn) {
	fmt.Fprint(c, "+OK ready <1.2@mail.test>\r\n")
	for line, err := range lines(c) {
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(line, " "); verb {
		case "CAPA":
			fmt.Fprint(c, "+OK\r\nUIDL\r\nSASL PLAIN LOGIN\r\nEXPIRE 60\r\n.\r\n")
		case "RETR":
			fmt.Fprint(c, "+OK 22 octets\r\nSubject: x\r\n\r\n..dot\r\n.\r\n")
		case "STLS":
			fmt.Fprint(c, "-ERR no\r\n")
		case "QUIT":
			fmt.Fprint(c, "+OK bye\r\n")
			return
		default:
			fmt.Fprint(c, "+OK\r\n")
		}
	}
}

// mailbox speaks enough of IMAP for one message in and out.
func mailbox(c net.Conn) {
	fmt.Fprint(c, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE] ready\r\n")
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		tag, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		switch verb, _, _ := strings.Cut(rest, " "); verb {
		case "APPEND":
			fmt.Fprint(c, "+ go on\r\n")
			io.ReadFull(r, make([]byte, 12))
			r.ReadString('\n')
			fmt.Fprint(c, "* 1 EXISTS\r\n", tag, " OK kept\r\n")
		case "FETCH":
			fmt.Fprint(c, "* 1 FETCH (BODY[] {12}\r\nhello\r\n.quit FLAGS ())\r\n", tag, " OK done\r\n")
		case "IDLE":
			fmt.Fprint(c, "+ idling\r\n* 2 EXISTS\r\n")
			r.ReadString('\n')
			fmt.Fprint(c, tag, " OK done\r\n")
		case "LOGOUT":
			fmt.Fprint(c, "* BYE\r\n", tag, " OK bye\r\n")
			return
		default:
			fmt.Fprint(c, tag, " BAD what\r\n")
		}
	}
}

// newsroom speaks enough of NNTP to read an article and to post one.
func newsroom(c net.Conn) {
	fmt.Fprint(c, "200 news.test ready, posting allowed\r\n")
	text := false
	for line, err := range lines(c) {
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(line, " "); {
		case text && line == ".":
			text = false
			fmt.Fprint(c, "240 taken\r\n")
		case text:
		case verb == "CAPABILITIES":
			fmt.Fprint(c, "101 list:\r\nVERSION 2\r\nREADER\r\nPOST\r\n.\r\n")
		case verb == "GROUP":
			fmt.Fprint(c, "211 1 1 1 misc.test\r\n")
		case verb == "ARTICLE":
			fmt.Fprint(c, "220 1 <a@b>\r\nSubject: x\r\n\r\n..dot\r\n.\r\n")
		case verb == "POST":
			text = true
			fmt.Fprint(c, "340 send it\r\n")
		case verb == "QUIT":
			fmt.Fprint(c, "205 bye\r\n")
			return
		default:
			fmt.Fprint(c, "500 what?\r\n")
		}
	}
}

func TestMailTranscripts(t *testing.T) {
	servers := world{"mail.test:110": postOffice, "mail.test:143": mailbox, "news.test:119": newsroom, "chunks.test:25": func(c net.Conn) {
		fmt.Fprint(c, "220 chunks.test ESMTP\r\n")
		r := bufio.NewReader(c)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if strings.HasPrefix(line, "BDAT") {
				io.ReadFull(r, make([]byte, 10))
			}
			fmt.Fprint(c, "250 2.0.0 OK\r\n")
		}
	}}
	for name, typed := range map[string][]string{
		"pop3": {"open mail.test pop3", ".caps", "CAPA", ".caps", "RETR 1", ".show 2", ".body 2", "STLS", "QUIT", ".quit"},
		"imap": {"open mail.test imap", ".caps", "a APPEND x {12}", "hello", ".quit", "b FETCH 1 BODY[]", "c IDLE", "DONE", "d NOPE", "e LOGOUT", ".quit"},
		"nntp": {"open news.test nntp", "CAPABILITIES", ".caps", "GROUP misc.test", "ARTICLE 1", ".body 3", "POST", "Subject: y", "", "..quit", ".quit", "\x1dstatus", ".", "HLEP", ".why", "QUIT", ".quit"},
		"bdat": {"open chunks.test smtp", "BDAT 10 LAST", "a", ".help", "NOOP", ".quit"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				golden(t, "mail-"+name+".golden", play(t, servers, Options{Style: view.Style{EscapeKey: "^]"}}, typed...))
			})
		})
	}
}

// fileServer speaks enough of FTP for a list, and to take a file. The data connection
// comes by the returned handler; what it says of its address is given.
func fileServer(announce string) (control, data func(net.Conn), got *strings.Builder) {
	opened, replied := make(chan net.Conn, 1), make(chan bool, 1)
	got = new(strings.Builder)
	data = func(c net.Conn) { opened <- c; <-replied }
	control = func(c net.Conn) {
		defer close(replied)
		fmt.Fprint(c, "220 files ready\r\n")
		for line, err := range lines(c) {
			if err != nil {
				return
			}
			switch verb, _, _ := strings.Cut(line, " "); verb {
			case "PASV", "EPSV":
				fmt.Fprint(c, announce)
			case "LIST", "RETR":
				d := <-opened
				fmt.Fprint(c, "150 here it comes\r\n")
				time.Sleep(time.Millisecond)
				fmt.Fprint(d, "-rw-r--r-- 1 a.txt\r\n-rw-r--r-- 1 b\x1b[31m.txt\r\n")
				replied <- true
				time.Sleep(time.Millisecond)
				fmt.Fprint(c, "226 done\r\n")
			case "STOR":
				d := <-opened
				fmt.Fprint(c, "150 send it\r\n")
				io.Copy(got, d)
				replied <- true
				time.Sleep(time.Millisecond)
				fmt.Fprint(c, "226 kept\r\n")
			case "QUIT":
				fmt.Fprint(c, "221 bye\r\n")
				return
			default:
				fmt.Fprint(c, "500 what?\r\n")
			}
		}
	}
	return control, data, got
}

// A data connection has octets of no protocol, whatever they look like and whatever
// all connections are read as; its tape reads as it was seen.
func TestDataConnectionIsReadAsOctets(t *testing.T) {
	for _, opts := range []Options{{}, {Proto: detect.FTP}} {
		synctest.Test(t, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "x.tape")
			opts.Record.Tape = name
			control, _, _ := fileServer("229 (|||2525|)\r\n")
			data := func(c net.Conn) { io.WriteString(c, "220 this is a file of mail\r\nHTTP/1.1 200 OK\r\n\r\n") }
			w := world{"files.test:12121": control, "192.0.2.2:2525": data}
			out, err := run(t, w, opts, "ftp://files.test:12121", "EPSV\n.data\n.await close 1s\n")
			if StatusOf(err) != StatusTimeout {
				t.Fatalf("%v\n%s", err, out)
			}
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			r := tape.NewReader(f, name)
			stream := detect.New(detect.Options{Proto: opts.Proto})
			protos := map[int]string{}
			for e, err := range r.Events() {
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range stream.Feed(e) {
					protos[m.Conn] = m.Proto
				}
			}
			for _, m := range stream.Close() {
				protos[m.Conn] = m.Proto
			}
			if protos[1] != detect.FTP || protos[2] != detect.Raw {
				t.Errorf("the tape is read as %v; want ftp and raw\n%s", protos, out)
			}
			if strings.Count(out, "! ") > 0 || !strings.Contains(out, "220 this is a file of mail") {
				t.Errorf("shown:\n%s", out)
			}
		})
	}
}

func TestFTPTranscripts(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "up.txt"), []byte("going up\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, announce string
		typed          []string
	}{
		{"pasv", "227 Entering Passive Mode (192,0,2,2,0,80)\r\n", []string{"open files.test ftp", ".data", "PASV", ".data", "LIST", ".show", "QUIT", ".quit"}},
		{"epsv", "229 Extended (|||80|)\r\n", []string{"open files.test ftp", "EPSV", ".data save DIR/down.txt", "RETR a", "EPSV", ".data send DIR/up.txt", "STOR up.txt", "EPSV", ".data save DIR/down.txt", ".data nonsense", ".quit"}},
		{"elsewhere", "227 (10,0,0,1,0,80)\r\n", []string{"open files.test ftp", "PASV", ".data", "LIST", "PASV", ".data", ".data close", ".quit"}},
		{"unasked", "229 (|||80|)\r\n150 at once\r\n227 (192,0,2,2,0,80)\r\n", []string{"open files.test ftp", "EPSV", ".data", "NOOP", ".quit"}},
		{"nobody", "229 (|||9999|)\r\n", []string{"open files.test ftp", "EPSV", ".data", "NOOP", ".quit"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				control, data, got := fileServer(tt.announce)
				for i := range tt.typed {
					tt.typed[i] = strings.ReplaceAll(tt.typed[i], "DIR", dir)
				}
				screen := play(t, world{"files.test:21": control, "192.0.2.2:80": data}, Options{Style: view.Style{EscapeKey: "^]"}}, tt.typed...)
				golden(t, "ftp-"+tt.name+".golden", strings.ReplaceAll(screen, dir, "DIR"))
				if tt.name != "epsv" {
					return
				}
				down, err := os.ReadFile(filepath.Join(dir, "down.txt"))
				if err != nil || string(down) != "-rw-r--r-- 1 a.txt\r\n-rw-r--r-- 1 b\x1b[31m.txt\r\n" {
					t.Errorf("down.txt = %q, %v", down, err)
				}
				if got.String() != "going up\n" {
					t.Errorf("the server got %q", got)
				}
			})
		})
	}
}
