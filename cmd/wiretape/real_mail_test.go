package main

import (
	"path/filepath"
	"testing"
)

func TestDovecotPOP3(t *testing.T) {
	b := realServers(t, "dovecot")
	ca := filepath.Join(b, "ca.pem")
	dir := t.TempDir()
	const target = "pop3://127.0.0.1:28110"

	wants(t, dir, 0, []string{
		"< +OK", "* CAPA:\n", "STLS", "> USER u\n", "> PASS p\n", "< +OK Logged in.\n",
		"> RETR 1\n", "< Subject: one\n", "< ..dot line\n", "< .\n", "< +OK Logging out.\n",
	}, "--no-redact", "--tape", "pop3.tape", "-c", "CAPA", "-c", ".caps", "-c", "USER u", "-c", "PASS p", "-c", "STAT", "-c", "LIST", "-c", "UIDL 1", "-c", "RETR 1", "-c", "QUIT", target)
	wants(t, dir, 0, []string{`"proto":"pop3","kind":"reply"`, `"status":"+OK"`, `"ended_by":"line of one dot","body":`, `.dot line\r\n"`}, "show", "--json", "pop3.tape")
	wants(t, dir, 0, []string{"> PASS ", "< Subject: one\n"}, "show", "pop3.tape")
	t.Run("commands that do not wait", func(t *testing.T) {
		stdout, stderr, status := wiretape(t, dir, "CAPA\r\nUSER u\r\nPASS p\r\nLIST\r\nQUIT\r\n", "127.0.0.1", "28110")
		if want := "+OK Logging out.\r\n"; status != 0 || stdout[max(0, len(stdout)-len(want)):] != want {
			t.Errorf("pipe: status %d, %q, %s", status, stdout, stderr)
		}
	})
	t.Run("STLS by hand", func(t *testing.T) {
		wants(t, dir, 0, []string{"< +OK Begin TLS negotiation now.\n", "* the server now waits for a handshake: .starttls\n", "* tls 1.3", "<~ +OK Logged in.\n"},
			"--cacert", ca, "--servername", "localhost", "-c", "STLS", "-c", ".starttls", "-c", "USER u", "-c", "PASS p", "-c", "QUIT", target)
	})
	t.Run("AUTH in two steps, and refused", func(t *testing.T) {
		wants(t, dir, 0, []string{"< + \n", "> AHUAcA==\n", "< +OK Logged in.\n"}, "-c", "AUTH PLAIN", "-c", "AHUAcA==", "-c", "QUIT", target)
		wants(t, dir, 0, []string{"<! -ERR [AUTH]"}, "-c", "AUTH PLAIN AHUAeA==", "-c", "QUIT", target)
	})
	t.Run("the tape replays against the server it came from", func(t *testing.T) {
		addr, end := serving(t, dir, "pop3.tape")
		stdout, stderr, status := wiretape(t, dir, "", "replay", "pop3.tape", "--to", addr)
		if status != 0 {
			t.Errorf("replay of the served tape: status %d\n%s%s", status, stdout, stderr)
		}
		if status, out := end(); status != 0 {
			t.Errorf("serve ended with %d:\n%s", status, out)
		}
	})
}

func TestDovecotIMAP(t *testing.T) {
	b := realServers(t, "dovecot")
	ca := filepath.Join(b, "ca.pem")
	dir := t.TempDir()
	const target = "imap://127.0.0.1:28143"

	wants(t, dir, 0, []string{
		"< * OK [CAPABILITY IMAP4rev1 ", "* CAPABILITY:\n", "LITERAL+", "> a1 LOGIN u p\n", "< a1 OK [CAPABILITY ",
		"< * 1 EXISTS\n", "< * 1 FETCH (", "\nSubject: one\n", "\n.dot line\n", "< )\n", "< a3 OK Fetch completed",
		"<! a4 BAD", "< * BYE Logging out\n", "< a5 OK Logout completed",
	}, "--no-redact", "--tape", "imap.tape", "-c", ".caps", "-c", "a1 LOGIN u p", "-c", "a2 SELECT INBOX", "-c", "a3 FETCH 1 BODY[]", "-c", "a4 NONSENSE", "-c", "a5 LOGOUT", target)
	wants(t, dir, 0, []string{`"proto":"imap","kind":"reply"`, `"name":"FETCH","number":1`, `.dot line\r\n"`, `"literals":[`}, "show", "--json", "imap.tape")
	t.Run("a literal to append, with and without waiting, and IDLE", func(t *testing.T) {
		wants(t, dir, 0, []string{
			"> b2 APPEND INBOX {21}\n", "< + OK\n", "> Subject: two\n", "> .quit\n", "< b2 OK [APPENDUID ",
			"< b3 OK [APPENDUID ", "< + idling\n", "> DONE\n", "< b5 OK Idle completed", "* 2 FETCH (", "\n.quit\n",
		}, "-c", "b1 LOGIN u p", "-c", "b2 APPEND INBOX {21}", "-c", "Subject: two", "-c", "", "-c", ".quit",
			"-c", `.send "b3 APPEND INBOX {4+}\r\nX: y\r\n"`, "-c", "b4 SELECT INBOX", "-c", "b5 IDLE", "-c", "DONE", "-c", "b6 FETCH 2 BODY[]", "-c", "b7 LOGOUT", target)
	})
	t.Run("STARTTLS by hand", func(t *testing.T) {
		wants(t, dir, 0, []string{"< a OK Begin TLS negotiation now.\n", "* the server now waits for a handshake: .starttls\n", "* tls 1.3", "<~ c OK [CAPABILITY"},
			"--cacert", ca, "--servername", "localhost", "-c", "a STARTTLS", "-c", ".starttls", "-c", "b CAPABILITY", "-c", "c AUTHENTICATE PLAIN", "-c", "AHUAcA==", "-c", "d LOGOUT", target)
	})
	t.Run("over TLS from the start", func(t *testing.T) {
		wants(t, dir, 0, []string{"<~ * OK [CAPABILITY", "<~ a OK Logout completed"}, "--cacert", ca, "-c", "a LOGOUT", "imaps://localhost:28993")
	})
	t.Run("the tape replays against the server it came from", func(t *testing.T) {
		addr, end := serving(t, dir, "imap.tape")
		stdout, stderr, status := wiretape(t, dir, "", "replay", "imap.tape", "--to", addr)
		if status != 0 {
			t.Errorf("replay of the served tape: status %d\n%s%s", status, stdout, stderr)
		}
		if status, out := end(); status != 0 {
			t.Errorf("serve ended with %d:\n%s", status, out)
		}
	})
}

func TestEximByHand(t *testing.T) {
	b := realServers(t, "exim")
	ca := filepath.Join(b, "ca.pem")
	dir := t.TempDir()
	const target = "smtp://127.0.0.1:28025"

	wants(t, dir, 0, []string{"* EHLO:\n", "PIPELINING", "STARTTLS", "*   SIZE", "<! 500 ", "<! 501 "},
		"-c", "EHLO me", "-c", ".caps", "-c", "NONSENSE", "-c", "MAIL FROM:<", "-c", "QUIT", target)
	wants(t, dir, 0, []string{"<~ 334 \n", "<~ 235 Authentication succeeded\n"}, "--cacert", ca, "--servername", "localhost",
		"-c", "EHLO me", "-c", "STARTTLS", "-c", ".starttls", "-c", "EHLO me", "-c", "AUTH PLAIN", "-c", "AHUAcA==", "-c", "QUIT", target)
	t.Run("chunks are counted", func(t *testing.T) {
		wants(t, dir, 0, []string{"> BDAT 12 LAST\n", "> .help\n", "< 250 OK id=", "< 221 "},
			"-c", "EHLO me", "-c", "MAIL FROM:<a@example.org>", "-c", "RCPT TO:<b@example.org>", "-c", "BDAT 12 LAST", "-c", "a:b", "-c", ".help", "-c", "QUIT", target)
	})
	t.Run("a group of commands, each with its reply", func(t *testing.T) {
		if err := writeFile(dir, "group", "EHLO me\n.send \"MAIL FROM:<a@example.org>\\r\\nRCPT TO:<b@example.org>\\r\\nRSET\\r\\nQUIT\\r\\n\"\n"); err != nil {
			t.Fatal(err)
		}
		wants(t, dir, 0, []string{"< 221 "}, "--tape", "group.tape", "-f", "group", target)
		wants(t, dir, 0, []string{
			`{"n":5,"conn":1,"dir":"client","proto":"smtp","kind":"command"`, `"verb":"QUIT"`, `{"n":5,"conn":1,"dir":"server","proto":"smtp","kind":"reply"`, `"code":221`,
		}, "show", "--json", "group.tape")
	})
}
