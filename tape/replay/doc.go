// Package replay plays one half of a recorded conversation and compares the
// other with the tape. It serves regression tests of servers, with [Client], and
// of clients, with [Server].
//
// A tape is, per connection, a list of messages and socket events in the order
// in which they began. Whoever plays sends its own in that order, each when all
// that had come from the peer before it on the tape has come again, and compares
// what comes with the rest. Waiting ends by the protocol: a message that is
// complete, the end of a stream. A timer only ends silence.
//
// What is not as recorded is a [match.Mismatch] in the [Report], also that nothing
// comes at all; an error says that replaying was not possible. A message that goes
// on for more than 1 MiB beyond the tape's ends the connection.
//
// # Several connections
//
// A client opens the recorded connections in the recorded order, and an own
// message waits for what came before it on all of them.
//
// A server whose tape is HTTP throughout does not bind a recorded connection to
// one that it accepts. Clients pool connections as they like: a request on any
// connection takes the first exchange not yet played whose request agrees, of
// those that are the next of a recorded connection. So the order within a
// recorded connection holds, and between them there is none; nor is there between
// the streams of HTTP/2, whose frames are made anew for the streams, windows and
// settings of whoever connects. Where the recorded server ended the connection
// after a response, that is done again. All other protocols are played connection
// by connection, in the order of accepting.
//
// What a client asks for has to agree: method, target and body, or verb and
// arguments. Other differences are told and fail only a strict server; Host,
// which names where the tape is served, is never one.
package replay
