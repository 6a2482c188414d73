package http1_test

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

func Example() {
	p := http1.New(proto.Limits{})
	p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")})
	fmt.Println("replies due:", p.State().Due)

	reply := "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello"
	for _, m := range p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte(reply)}) {
		r := m.Value.(*http1.Response)
		fmt.Printf("%v: %q, for %v; %s\n", r, m.Body.Data, r.Request, m.EndedBy)
		for _, n := range m.Notes {
			fmt.Printf("octet %d: %s (%s)\n", n.Offset, n.Text, n.Rule)
		}
	}
	// Output:
	// replies due: 1
	// HTTP/1.1 200 OK: "hello", for GET /a HTTP/1.1; Content-Length 5 reached
	// octet 15: start line ends in bare LF (RFC 9112 2.2)
}
