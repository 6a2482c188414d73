package console_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"wiretape/session/console"
)

// Lines are read and output arrives at the same time; the line being typed
// stays whole.
func Example() {
	if !console.IsTerminal(os.Stdin) {
		return // a pipe is bytes, not keys
	}
	c, err := console.Open(console.Config{In: os.Stdin, Out: os.Stdout, Escape: console.Command})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer c.Close()
	go func() {
		for now := range time.Tick(time.Second) {
			fmt.Fprintln(c, "it is", now)
		}
	}()
	c.SetPrompt("clock> ")
	for {
		line, err := c.ReadLine()
		if interrupt, ok := errors.AsType[*console.Interrupt](err); ok {
			fmt.Fprintf(c, "dropped %q\n", interrupt.Line)
			continue
		}
		if err == io.EOF {
			return
		}
		fmt.Fprintf(c, "typed %q\n", line)
	}
}
