package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// From typing to prompt, at a terminal, with real servers: each line is typed when its
// prompt stands, and the rows behind it come in that order before the program ends.
func TestPromptsOfRealServers(t *testing.T) {
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	hostname, _, _ = strings.Cut(hostname, ".")
	servers := []struct {
		names, args string
		rows        []string // prompts with what is typed there, and parts of rows that come
		// start is for a server on a port of its own, whose address ADDR stands for;
		// names is a title then.
		start func(t *testing.T) string
	}{
		{"nginx", "http://localhost:28080", []string{"localhost:28080 http> GET / HTTP/1.0", "                    |", "< HTTP/1.1 200 OK", "the server closed the connection", "localhost:28080 closed> .quit"}, nil},
		{"nginx", "--cacert CA h2://localhost:28443", []string{"localhost:28443 h2> GET /", "                  | host: localhost", "                  |", "« HEADERS stream 1", "* #1 200", "localhost:28443 h2> .quit"}, nil},
		{"exim", "--cacert CA --servername localhost smtp://127.0.0.1:28025", []string{"127.0.0.1:28025 smtp> EHLO me", "< 250-STARTTLS", "127.0.0.1:28025 smtp> STARTTLS", "< 220 TLS go ahead", "127.0.0.1:28025 smtp> .starttls", "* tls 1.3",
			"127.0.0.1:28025 smtp+tls> EHLO me", "<~ 250 HELP", "127.0.0.1:28025 smtp+tls> AUTH PLAIN AHUAcA==", "<~ 235 ",
			"127.0.0.1:28025 smtp+tls> MAIL FROM:<a@example.org>", "127.0.0.1:28025 smtp+tls> RCPT TO:<b@example.org>", "127.0.0.1:28025 smtp+tls> DATA", "<~ 354 ",
			"127.0.0.1:28025 DATA (^] commands)> Subject: dots", "127.0.0.1:28025 DATA (^] commands)> ", "127.0.0.1:28025 DATA (^] commands)> ..two", "127.0.0.1:28025 DATA (^] commands)> .", "<~ 250 OK id=", "127.0.0.1:28025 smtp+tls> .quit"}, nil},
		{"dovecot", "pop3://127.0.0.1:28110", []string{"127.0.0.1:28110 pop3> USER u", "< +OK", "127.0.0.1:28110 pop3> PASS p", "< +OK Logged in.", "127.0.0.1:28110 pop3> RETR 1", "Subject: one", "127.0.0.1:28110 pop3> QUIT", "< +OK Logging out.", "127.0.0.1:28110 closed> .quit"}, nil},
		{"dovecot", "imap://127.0.0.1:28143", []string{"127.0.0.1:28143 imap> a1 LOGIN u p", "< a1 OK ", "127.0.0.1:28143 imap> a2 SELECT INBOX", "< * 1 EXISTS", "< a2 OK ", "127.0.0.1:28143 imap> a3 NONSENSE", "<! a3 BAD", "127.0.0.1:28143 imap> .why", "* IMAP BAD", "127.0.0.1:28143 imap> .quit"}, nil},
		{"vsftpd", "ftp://127.0.0.1:28021", []string{"127.0.0.1:28021 ftp> USER anonymous", "< 331 ", "127.0.0.1:28021 ftp> PASS me@", "< 230 ", "127.0.0.1:28021 ftp> EPSV", "< 229 ", "127.0.0.1:28021 ftp> .quit"}, nil},
		{"redis", "redis://127.0.0.1:28379", []string{"127.0.0.1:28379 redis> SET k v", "< OK", "127.0.0.1:28379 redis> LPUSH k v", "WRONGTYPE", "127.0.0.1:28379 redis> .why", "* WRONGTYPE: the key holds another type of value", "127.0.0.1:28379 redis> .quit"}, nil},
		{"sshd", "ssh://127.0.0.1:28022", []string{"< SSH-2.0-OpenSSH", "127.0.0.1:28022 ssh> SSH-2.0-me", "« KEXINIT", "127.0.0.1:28022 ssh> .quit"}, nil},
		{"apache", "http://127.0.0.1:28081", []string{"127.0.0.1:28081 http> .get /private/", "< HTTP/1.1 401 Unauthorized", "< WWW-Authenticate: Digest ", "127.0.0.1:28081 http> .auth digest u:p",
			"127.0.0.1:28081 http> .again", "> Authorization: Digest ", "< HTTP/1.1 200 OK", "secret", "* #3 200", "127.0.0.1:28081 http> .status", "* connected to 127.0.0.1:28081", "127.0.0.1:28081 http> .quit"}, nil},
		{"dnsmasq", nameServer, []string{"127.0.0.1:28053 dns> .dns h.itest.example AAAA", "< dns NOERROR", "h.itest.example.", "fd00::1", "127.0.0.1:28053 dns> .dns nosuch.example", "< dns REFUSED", "127.0.0.1:28053 dns> .why", "127.0.0.1:28053 dns> .quit"}, nil},
		{"telnetd", "telnet://127.0.0.1:28023", []string{"* telnet negotiated: server WILL", hostname + " login: nobody", "Password:", "Login incorrect", hostname + " login: .quit"}, nil},
		{"nghttpd", "h2c://ADDR", []string{"ADDR h2c> POST /up", "                   | host: ADDR", "                   | content-length: 3", "                   |", "       body 3 left | abc", "« HEADERS stream 1", "abc", "x-end: here", "* #1 200", "ADDR h2c> .frames", "ADDR h2c> .quit"},
			func(t *testing.T) string { return "127.0.0.1:" + nghttpd(t, "", "") }},
		{"websockets of Python", "ws://ADDR/chat", []string{"ADDR ws> GET /chat HTTP/1.1⏎", "Host: ADDR⏎", strings.Repeat(" ", len("127.0.0.1:99999 ws> ")) + "Sec-WebSocket-Version: 13⏎", "< HTTP/1.1 101 ", "ADDR ws> hello", "hello", "ADDR ws> .send ws ping x", "ADDR ws> close me", "4001 private use: as you wish", "ADDR closed> .quit"}, startWebSocketServer},
	}
	for _, tt := range servers {
		t.Run(tt.names, func(t *testing.T) {
			b := ""
			if tt.start == nil {
				b = realServers(t, strings.Fields(tt.names)...)
			} else {
				addr := tt.start(t)
				tt.args = strings.ReplaceAll(tt.args, "ADDR", addr)
				for i, row := range tt.rows {
					tt.rows[i] = strings.ReplaceAll(row, "ADDR", addr)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, "wiretape", strings.Fields(strings.ReplaceAll(tt.args, "CA", filepath.Join(b, "ca.pem")))...)
			cmd.WaitDelay = time.Second
			home := t.TempDir()
			cmd.Dir, cmd.Env = home, terminalEnv(home)
			got := onTerminal(t, cmd, consoleStep{command: tt.args, want: tt.rows})
			at := 0
			for _, want := range tt.rows {
				want = strings.TrimRight(want, " ")
				if i := strings.Index(want, " login: "); i > 0 {
					want = want[:i+len(" login:")] // the server's row, on which it echoes what it likes
				}
				for at < len(got) && !strings.Contains(got[at], want) {
					at++
				}
				if at == len(got) {
					t.Fatalf("no %q in its place:\n%s", want, strings.Join(got, "\n"))
				}
				at++
			}
		})
	}
}
