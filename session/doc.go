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
// A line typed while connected, and these words, as the table of commands has them:
//
//   - .h2: requests as frames, and by itself the preface, SETTINGS, the acknowledgements
//     of SETTINGS and PING, and WINDOW_UPDATE, each of which it switches off
//   - .starttls: with PROTO what is said before the handshake
//   - .send: what it says
//   - .ws: the request, and by itself the answers to Ping and Close
//   - .get: the request
//   - .post: the request
//   - .curl: in a script the request
//   - .again: the request once more
//   - .follow: the next request
//   - .dns: a query, over this connection unless @SERVER is given
//   - .data: with send the file, over the data connection
//   - .telnet: by itself the answers to negotiations, while it is on
//   - .source: what the script's lines say
//
// Every other word that begins with a dot looks, waits, changes a setting, or works
// on the connection itself.
//
// # Ends
//
// [Session.Run] and [Pipe] return nil or an error that [StatusOf] turns into the
// exit status of the program.
package session
