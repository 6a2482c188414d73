package tape_test

import (
	"bytes"
	"fmt"
	"time"

	"wiretape/tape"
	"wiretape/wire"
)

// A conversation is written as it happens, and read as if it happened again.
func Example() {
	var file bytes.Buffer
	w := tape.NewWriter(&file, tape.Options{})
	w.Event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "localhost:6379"}})
	w.Event(wire.Event{Conn: 1, At: time.Millisecond, Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte("PING\r\n")})
	w.Event(wire.Event{Conn: 1, At: 3 * time.Millisecond, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("+PONG\r\n")})
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	fmt.Print(file.String())

	for e, err := range tape.NewReader(&file, "ping.tape").Events() {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(e.At, e.Kind, e.Dir, len(e.Data))
	}
	// Output:
	// wiretape 1
	// ; profile capture
	// ~ 0s
	// = open tcp localhost:6379
	// ~ 1ms
	// > PING\r\n
	// ~ 2ms
	// < +PONG\r\n
	// ; end
	// 0s open none 0
	// 1ms data client 6
	// 3ms data server 7
}
