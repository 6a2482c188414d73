package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// The plain part of each protocol against a server that means it: in a session it
// is shown, and a pipe gives what came over TLS alone.
func TestStartTLSOfRealServers(t *testing.T) {
	for _, tt := range []struct {
		server, proto, port string
		plain               string // a row of the plain part
		command, reply      string // over TLS
	}{
		{"exim", "smtp", "28025", "> STARTTLS", "EHLO me", "250-"},
		{"dovecot", "pop3", "28110", "> STLS", "CAPA", "+OK"},
		{"dovecot", "imap", "28143", "> S1 STARTTLS", "a1 CAPABILITY", "* CAPABILITY"},
	} {
		t.Run(tt.proto, func(t *testing.T) {
			dir := realServers(t, tt.server)
			ca := filepath.Join(dir, "ca.pem")
			wants(t, t.TempDir(), 0, []string{tt.plain, "* tls 1.3", "* 0 plaintext bytes were waiting (good)", "<~ " + tt.reply},
				"--cacert", ca, "--servername", "localhost", "--starttls", tt.proto, "-c", tt.command, "127.0.0.1", tt.port)
			stdout, stderr, status := wiretape(t, t.TempDir(), tt.command+"\r\n", // in s_client's words
				"-CAfile", ca, "-servername", "localhost", "-starttls", tt.proto, "-connect", "127.0.0.1:"+tt.port)
			if status != 0 || !strings.HasPrefix(stdout, tt.reply) {
				t.Errorf("a pipe: status %d, %q, %s", status, stdout, stderr)
			}
		})
	}
}

// Python's clients of mail and files, which begin TLS in mid-conversation and check
// the certificate.
const pythonStartTLS = `
import ftplib, imaplib, poplib, smtplib, ssl, sys
proto, (host, port), tls = sys.argv[1], sys.argv[2].split(":"), ssl.create_default_context(cafile=sys.argv[3])
if proto == "smtp":
    s = smtplib.SMTP("localhost", int(port), local_hostname="me.example", timeout=10)
    print(s.ehlo()[0], s.starttls(context=tls)[0], s.login("u", "p")[0], s.sendmail("a@b.example", ["c@d.example"], "Subject: x\r\n\r\nhi\r\n"), s.quit()[0])
elif proto == "imap":
    s = imaplib.IMAP4("localhost", int(port), timeout=10)
    print(s.starttls(tls)[0], s.login("u", "p")[0], s.select(), s.fetch("1", "(UID)")[0], s.logout()[0])
elif proto == "pop3":
    s = poplib.POP3("localhost", int(port), timeout=10)
    print(s.stls(tls)[:3], s.user("u")[:3], s.pass_("p")[:3], len(s.list()[1]), s.quit()[:3])
else:
    s = ftplib.FTP_TLS(context=tls, timeout=10)
    print(s.connect("localhost", int(port))[:3], s.auth()[:3], s.login("anonymous", "x@y")[:3], s.pwd(), s.quit()[:3])
`

// A tape on which TLS begins in mid-conversation passes against its server, and
// satisfies clients that check the certificate of the run.
func TestTapesSatisfyClientsThatBeginTLS(t *testing.T) {
	b := realServers(t, "exim", "dovecot", "vsftpd")
	python := needTool(t, "python3", "python3")
	for _, tt := range []struct{ proto, port, ca string }{
		{"smtp", "28025", "ca.pem"},
		{"imap", "28143", "ca.pem"},
		{"pop3", "28110", "ca.pem"},
		{"ftp", "28021", "ftp/cert.pem"},
	} {
		ca, to := filepath.Join(b, tt.ca), tt.proto+"://localhost:"+tt.port
		t.Run(tt.proto, (&replayed{real: "localhost:" + tt.port, ca: ca, plain: true, to: []string{to, "--cacert", ca},
			record: []string{"--no-redact", "--to", to, "--cacert", ca},
			visit: func(t *testing.T, addr, ca string) string {
				return output(t, "", python, "-c", pythonStartTLS, tt.proto, addr, ca)
			}}).run)
	}
}
