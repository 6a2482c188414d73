package session_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"wiretape/session"
)

// A script against a server that says everything back.
func Example() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			defer c.Close()
			io.Copy(c, c)
		}
	}()

	var rows strings.Builder
	s, err := session.New(session.Options{
		Lines: session.NewLines("open "+l.Addr().String(), "hello", ".await re hello", ".close"),
		Out:   &rows,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = s.Run(context.Background())
	fmt.Println(session.StatusOf(err), strings.Contains(rows.String(), "< hello"), s.Close())
	// Output: 0 true <nil>
}
