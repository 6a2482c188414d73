package wire_test

import (
	"context"
	"fmt"
	"io"

	"wiretape/wire"
)

// A server that answers what it is sent, and a client whose every event is
// printed.
func ExampleDialer() {
	ctx := context.Background()
	ln, err := wire.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	go ln.Serve(ctx, nil, func(_ context.Context, c *wire.Conn) { io.Copy(c, c) })

	tap := wire.NewTap(func(e wire.Event) {
		switch e.Kind {
		case wire.KindData:
			fmt.Printf("%s: %q\n", e.Dir, e.Data)
		default:
			fmt.Println(e.Kind)
		}
	})
	target, err := wire.ParseTarget("tcp://" + ln.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	var d wire.Dialer
	c, err := d.Dial(ctx, target, tap)
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Write([]byte("hello\r\n"))
	c.CloseWrite()
	c.Pump()
	c.Close()
	// Output:
	// open
	// client: "hello\r\n"
	// eof
	// server: "hello\r\n"
	// eof
	// close
}
