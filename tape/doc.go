// Package tape reads, writes and formats recorded conversations. It serves
// everything that records (the session, the proxy, the analysis) and everything
// that looks at a recording afterwards as if it were live.
//
// A tape is a text file: the line "wiretape 1", then one record a line. It is
// only ever appended to, one write for each event, so that a tape whose recorder
// was killed is a tape that ends early and nothing else: any prefix is readable.
// It holds bytes, times and facts of connections, and no parsed results.
//
//	wiretape 1
//	; created 2026-11-23T10:00:00Z
//	= open tcp example.com:80
//	~ 310µs
//	> GET / HTTP/1.0\r\n
//	> \r\n
//	~ 41ms
//	< HTTP/1.0 204 No Content\r\n
//	< \r\n
//	= eof <
//	= close
//	; end
//
// # Records
//
// "#" begins a comment and ";" metadata; "!" a rule for replaying; "%" a mark;
// "~" time that passes; "=" what happened to a socket; ">" and "<" bytes from the
// client and from the server. A number before "=", ">", "<" or "!" is that of the
// connection, left out for the first. A connection opens once; before that come
// only tries and errors of dialing, and nothing comes after its close.
//
// Adjacent data lines of one connection and direction are a run: one write, one
// event. Comments, metadata and blank lines do not end a run; everything else
// does.
//
// # Bytes
//
// After "> " stands text: printable characters as they are, all else as \r \n \t
// \0 \\ or \xhh, and a space at the end of a line as \x20. ">x" begins hex, ">b"
// base64, and ">@ 4096" a block of so many bytes exactly as they were, with a
// line end after it. A brace after a backslash begins a [Span]: a value that
// differs from run to run, with the pattern that it matches and a sample of it.
//
// # Strictness
//
// What does not fit the format is a [SyntaxError] with its file and line, never
// a guess. Unknown rules and socket verbs are refused, since ignoring them would
// change what a replay means; unknown metadata and comments are kept.
//
// # Profiles
//
// The capture profile keeps every event apart, with its time. The commit profile
// is for people and version control: boundaries, times, addresses and whatever
// else differs between two recordings of the same thing is gone or a visible
// span. [Format] turns the one into the other.
package tape
