package demo

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// trusting returns TLS options of a client that trusts the authority.
func trusting(t *testing.T, s *Servers) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CA()) {
		t.Fatal("the authority is no PEM")
	}
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// The standard library's client mails over STARTTLS, logged in.
func TestMailOverTLS(t *testing.T) {
	s := servers(t)
	for i, want := range []string{"accepted as mail 1", "accepted as mail 2"} {
		c, err := smtp.Dial(s.SMTP)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.StartTLS(trusting(t, s)); err != nil {
			t.Fatal(err)
		}
		if ok, _ := c.Extension("STARTTLS"); ok {
			t.Error("STARTTLS is offered over TLS")
		}
		if err := c.Auth(smtp.PlainAuth("", user, password, "localhost")); err != nil {
			t.Fatal(err)
		}
		for _, step := range []error{c.Mail("a@example.org"), c.Rcpt("b@example.org"), c.Rcpt("c@example.org")} {
			if step != nil {
				t.Fatal(step)
			}
		}
		id, err := c.Text.Cmd("DATA")
		if err != nil {
			t.Fatal(err)
		}
		c.Text.StartResponse(id)
		if _, _, err := c.Text.ReadResponse(354); err != nil {
			t.Fatal(err)
		}
		w := c.Text.DotWriter()
		w.Write([]byte("Subject: hi\n\n.\n..\nend\n"))
		w.Close()
		_, text, err := c.Text.ReadResponse(250)
		c.Text.EndResponse(id)
		// Five lines, of which two are dots that were doubled on the way.
		if err != nil || !strings.Contains(text, want) || !strings.HasSuffix(text, "lines 5, octets 27") {
			t.Errorf("mail %d: %q, %v", i, text, err)
		}
		if err := c.Quit(); err != nil {
			t.Error(err)
		}
	}
}

// talk says each step to the server at addr, whose reply has lines that begin so.
func talk(t *testing.T, addr string, script [][2]string) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(5 * time.Second))
	r := textproto.NewReader(bufio.NewReader(nc))
	for _, step := range script {
		if step[0] != "" {
			if _, err := nc.Write([]byte(step[0] + "\r\n")); err != nil {
				t.Fatal(err)
			}
		}
		for want := range strings.SplitSeq(step[1], "\n") {
			got, err := r.ReadLine()
			if err != nil || !strings.HasPrefix(got, want) {
				t.Fatalf("%q: got %q, %v, want %q", step[0], got, err, want)
			}
		}
	}
}

func TestSMTPReplies(t *testing.T) {
	s := servers(t)
	talk(t, s.SMTP, [][2]string{
		{"", "220 "},
		{"MAIL FROM:<a@b>", "503 5.5.1 EHLO first"},
		{"AUTH PLAIN", "503 5.5.1 EHLO first"},
		{"HELO", "501 "},
		{"HELO me", "250 "},
		{"EHLO me", "250-\n250-SIZE 1048576\n250-8BITMIME\n250-PIPELINING\n250-ENHANCEDSTATUSCODES\n250-STARTTLS\n250 AUTH PLAIN LOGIN"},
		{"AUTH CRAM-MD5", "504 "},
		{"AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\n334 UGFzc3dvcmQ6"}, // an empty user name
		{"eA==", "535 "},
		{"AUTH LOGIN YWRtaW4=", "334 UGFzc3dvcmQ6"},
		{"*", "501 "},
		{"AUTH PLAIN", "334 "},
		{"no base64", "501 "},
		{"AUTH PLAIN =", "535 "},
		{"AUTH PLAIN AGFkbWluAHBhc3N3b3Jk", "235 "},
		{"AUTH PLAIN", "503 "},
		{"RCPT TO:<a@b>", "503 5.5.1 MAIL FROM first"},
		{"MAIL FROM:a@b", "501 "},
		{"MAIL FROM:<a@b> SIZE=10", "250 "},
		{"DATA", "503 5.5.1 RCPT TO first"},
		{"RCPT TO:<>", "501 "},
		// A group of commands, and the mail right behind it.
		{"RCPT TO:<c@d>\r\nDATA\r\nhello\r\n.\r\nNOOP", "250 2.1.5\n354 \n250 2.0.0 accepted as mail 1: lines 1, octets 7\n250 "},
		{"BREW", "500 "},
		{"VRFY root", "252 "},
		{"QUIT", "221 "},
	})
}

// What was sent in the clear behind STARTTLS is not obeyed inside TLS.
func TestNothingIsInjectedIntoTLS(t *testing.T) {
	s := servers(t)
	for _, tt := range []struct{ addr, word, after, want string }{
		{s.SMTP, "STARTTLS", "EHLO injected", "503 "},
		{s.POP3, "STLS", "USER admin", "-ERR"},
	} {
		nc, err := net.Dial("tcp", tt.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(5 * time.Second))
		r := textproto.NewReader(bufio.NewReader(nc))
		r.ReadLine()
		nc.Write([]byte(tt.word + "\r\n" + tt.after + "\r\n"))
		r.ReadLine()
		tc := tls.Client(nc, trusting(t, s))
		if err := tc.Handshake(); err != nil {
			t.Fatal(err)
		}
		tc.Write([]byte(map[string]string{"STARTTLS": "MAIL FROM:<a@b>", "STLS": "PASS password"}[tt.word] + "\r\n"))
		got, err := textproto.NewReader(bufio.NewReader(tc)).ReadLine()
		if err != nil || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, %v, want %q", tt.word, got, err, tt.want)
		}
	}
}

func TestPOP3Replies(t *testing.T) {
	s := servers(t)
	talk(t, s.POP3, [][2]string{
		{"", "+OK "},
		{"STAT", "-ERR USER and PASS first"},
		{"CAPA", "+OK\nTOP\nUIDL\nUSER\nPIPELINING\nSTLS\n."},
		{"USER admin\r\nPASS wrong", "+OK\n-ERR [AUTH]"},
		{"PASS password", "-ERR"},
		{"USER admin\r\nPASS password", "+OK\n+OK 3 messages, "},
		{"STLS", "-ERR not now"},
		{"UIDL", "+OK\n1 practice-1\n2 practice-2\n3 practice-3\n."},
		{"LIST 2", "+OK 2 "},
		{"TOP 1 0", "+OK\nFrom: alice\nTo: \nSubject: welcome\n\n."},
		{"TOP 1 1", "+OK\nFrom: alice\nTo: \nSubject: welcome\n\nThis is\n."},
		{"TOP 1", "-ERR want TOP"},
		{"RETR 2", "+OK\nFrom: bob\nTo: \nSubject: dots\n\nThe next\n..\n...\nThey\n."},
		{"DELE 2", "+OK"},
		{"RETR 2", "-ERR no such message"},
		{"LIST", "+OK\n1 \n3 \n."},
		{"STAT", "+OK 2 "},
		{"RSET", "+OK"},
		{"STAT", "+OK 3 "},
		{"RETR 4", "-ERR"},
		{"NOOP", "+OK"},
		{"XYZ", "-ERR"},
		{"QUIT", "+OK"},
	})
}
