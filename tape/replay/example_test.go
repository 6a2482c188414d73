package replay_test

import (
	"context"
	"fmt"
	"strings"

	"wiretape/tape/match"
	"wiretape/tape/replay"
	"wiretape/wire"
)

// A tape that is served replays against that server; another tape tells what
// differs.
func Example() {
	const head = "wiretape 1\n= open tcp example.com:80\n> GET / HTTP/1.1\\r\\n\n> Host: example.com\\r\\n\n> \\r\\n\n< HTTP/1.1 200 OK\\r\\n\n< Content-Type: text/"
	const tail = "\\r\\n\n< Content-Length: 2\\r\\n\n< \\r\\n\n< hi\n= close\n"
	plain, _ := match.Load(strings.NewReader(head+"plain"+tail), "plain.tape")
	html, _ := match.Load(strings.NewReader(head+"html"+tail), "html.tape")

	ctx := context.Background()
	ln, err := wire.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		replay.Server{}.Serve(ctx, ln, html)
	}()
	target, _ := wire.ParseTarget(ln.Addr().String())
	report, err := replay.Client{}.Run(ctx, plain, replay.To(wire.Dialer{}, target))
	<-done
	fmt.Println(report.Received, "replies compared,", err)
	for _, m := range report.Mismatches {
		fmt.Println(m)
	}
	// Output:
	// 1 of 1 replies compared, <nil>
	// plain.tape:7: #1 response Content-Type: want text/plain, got text/html
}
