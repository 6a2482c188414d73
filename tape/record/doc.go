// Package record is the recording proxy: it stands between any client and any
// server, passes on what each says as it is, and records the conversation.
//
// What is recorded is what went over the connection to the server, as if the
// client had made it: its bytes, its facts, its end. A client's half-close goes
// on as a half-close and its reset as a reset, and so do the server's. Where the
// server cannot be reached, the attempt and its error are what is recorded.
//
// TLS may stand on either side or on both. On the client's side the proxy is the
// server, under a certificate of its own. Where a client begins a handshake on a
// connection that has already said something in the clear (STARTTLS, a tunnel of
// CONNECT), the proxy does so on both sides, whatever the protocol calls it.
package record
