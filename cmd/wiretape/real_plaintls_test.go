package main

import "testing"

// TestPlainTextToTLSServers says what to do where a port turns out to speak TLS.
func TestPlainTextToTLSServers(t *testing.T) {
	realServers(t, "nginx")
	wants(t, t.TempDir(), 0, []string{"< HTTP/1.1 400 Bad Request\n", "! the peer speaks TLS (its 400 says so): .tls localhost 28443 connects with it"},
		"-c", "GET / HTTP/1.1", "-c", "Host: localhost", "-c", "Connection: close", "-c", "", "open", "http://localhost:28443")
}
