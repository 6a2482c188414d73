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
