package wire

import (
	"io"
	"net"
)

// maxFirst is how many of a peer's first bytes are kept for a [PlaintextError].
const maxFirst = 64

// A rawConn is the socket as crypto/tls sees it. It remembers what crypto/tls
// does not tell: whether the peer's FIN came, the first bytes, and the alert
// that we sent in the clear. Its fields belong to whoever reads and writes
// through TLS: first the handshake, then the one reader.
type rawConn struct {
	net.Conn
	eof         bool   // a read saw the FIN
	handshaking bool   // first and alert are being taken
	first       []byte // of the peer, at most maxFirst
	alert       Alert  // we sent in the clear
	alerted     bool   // alert is set
}

// Read reads and takes note.
func (r *rawConn) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if err == io.EOF {
		if n > 0 {
			// The FIN is seen when it is all that is left, so that TLS reads its
			// close_notify first.
			err = nil
		} else {
			r.eof = true
		}
	}
	if r.handshaking && len(r.first) < maxFirst {
		r.first = append(r.first, p[:min(n, maxFirst-len(r.first))]...)
	}
	return n, err
}

// Write takes note and writes.
func (r *rawConn) Write(p []byte) (int, error) {
	// RFC 8446, section 5.1 and 6: an alert in the clear is a record of type 21
	// whose fragment is two octets, a level and a description.
	if r.handshaking && len(p) == 7 && p[0] == 21 && p[3] == 0 && p[4] == 2 {
		r.alert, r.alerted = Alert(p[6]), true
	}
	return r.Conn.Write(p)
}
