// Package session is one debugging session: a person, or a script, at one end
// and a peer at the other.
//
// A [Session] reads lines from any [LineReader]: a line editor, a file, the
// arguments of -c. What a line means is decided by a small state machine that
// knows no socket and no clock; what a command does stands in one table, which
// also gives the help, the completion and the manual. [Pipe] is the session
// without lines: bytes in, bytes out.
//
// # What writes to the peer
//
// A line typed while connected, .send, .ws and .again. Every other word that begins
// with a dot looks, waits, changes a setting, or works on the connection itself.
// An HTTP/2 connection also gives the answers that its protocol demands of every
// peer: acknowledgements of SETTINGS and PING, and flow control, each of which .h2
// switches off. One of WebSocket answers Ping and Close.
//
// # Ends
//
// [Session.Run] and [Pipe] return nil or an error that [StatusOf] turns into the
// exit status of the program.
package session
