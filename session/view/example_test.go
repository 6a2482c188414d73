package view_test

import (
	"os"
	"time"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/detect"
)

// A conversation is shown by what a recording gives, in order, whether a socket
// or a tape gives it.
func ExamplePrinter() {
	p := view.New(os.Stdout, view.Style{})
	stream := detect.New(detect.Options{})
	for _, e := range []wire.Event{
		{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: "h.test:80", Remote: "192.0.2.1:80"}},
		{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte("GET / HTTP/1.0\r\n\r\n")},
		{Conn: 1, At: 41 * time.Millisecond, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("HTTP/1.0 200 OK\r\n\r\nhello\n")},
		{Conn: 1, At: 41 * time.Millisecond, Kind: wire.KindEOF, Dir: wire.ServerToClient},
	} {
		for _, m := range stream.Feed(e) {
			p.Message(&m)
		}
		p.Event(e)
		p.Partial(e.Conn, stream.State(e.Conn))
	}
	// Output:
	// Trying 192.0.2.1...
	// Connected to h.test.
	// > GET / HTTP/1.0
	// < HTTP/1.0 200 OK
	// hello
	// * #1 200 in 41 ms; body 6 B; ended because the server closed (HTTP/1.0, no Content-Length)
}
