// Package match compares what happened with what was recorded, and explains
// what differs. It serves both replays, which compare live messages with those
// of a tape, and whoever compares two tapes.
//
// A [Tape] is a recording read for comparing: of each connection the messages
// and socket events, each with the line of the tape that it came from. [Compare]
// takes a wanted message and one that came, and gives a [Mismatch] for each
// thing that differs.
//
// # What is compared
//
// The stream as it is put together, never its chunks, on the rung that the
// protocol gives: of HTTP the start line, the multiset of fields and the body as
// JSON, text or bytes; of line protocols the verb with its arguments, the code
// with its lines; of all else the bytes.
//
// Values that differ from run to run by nature are compared by kind: dates and
// ages, request ids, WebSocket keys, multipart boundaries, and values of high
// entropy such as session cookies. They have to be there, and to be of their
// kind. The [Outcome] names them. What a tape marks as a span is compared with
// the span's pattern, and its [Vars] remember what was captured.
package match
