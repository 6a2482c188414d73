//go:build linux || darwin

package console

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// The tests of the terminal run the console in a process of its own, with a
// pty as its controlling terminal. The process is this test binary again.
const helperEnv = "CONSOLE_TEST_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(helperEnv) {
	case "":
		os.Exit(m.Run())
	case "shell":
		helperShell()
	default:
		helperConsole()
	}
}

// helperConsole reads lines and says what it got. On file descriptor 3 it
// takes orders, a verb and a quoted string each.
func helperConsole() {
	var hidden atomic.Bool
	c, err := Open(Config{
		In: os.Stdin, Out: os.Stdout,
		Escape:   0x1d,
		History:  os.Getenv("CONSOLE_TEST_HISTORY"),
		Secret:   func(line string) bool { return strings.HasPrefix(line, "PASS ") },
		Hidden:   func() bool { return hidden.Load() },
		Fleeting: func(line string) bool { return strings.HasPrefix(line, "fleeting") },
		Complete: func(line string, pos int) []string {
			var out []string
			if line == "boom" {
				panic(line)
			}
			words := strings.Fields("EHLO HELP HELO .quit .close")
			word := line[strings.LastIndexByte(line[:pos], ' ')+1 : pos]
			for _, w := range words {
				if strings.HasPrefix(w, word) {
					out = append(out, w)
				}
			}
			return out
		},
	})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	defer c.Close()
	c.SetPrompt("host> ")
	gate := make(chan struct{}, 1)
	go func() {
		orders := bufio.NewScanner(os.NewFile(3, "orders"))
		for orders.Scan() {
			verb, arg, _ := strings.Cut(orders.Text(), " ")
			text, _ := strconv.Unquote(arg)
			switch verb {
			case "write":
				io.WriteString(c, text)
			case "hide":
				hidden.Store(true)
				c.SetPrompt("Password: ")
			case "unhide":
				hidden.Store(false)
				c.SetPrompt(text)
			case "prompt":
				c.SetPrompt(text)
			case "prefill":
				c.Prefill(text)
			case "remember":
				c.Remember(text)
			case "go":
				gate <- struct{}{}
			case "close":
				c.Close()
			case "panic":
				func() {
					defer c.Close()
					panic(text)
				}()
			}
		}
	}()
	for {
		line, err := c.ReadLine()
		if interrupt, ok := errors.AsType[interface {
			error
			Interrupted() string
		}](err); ok {
			fmt.Fprintf(c, "interrupt %q\n", interrupt.Interrupted())
			continue
		}
		if err != nil {
			fmt.Fprintf(c, "error: %v\n", err)
			return
		}
		fmt.Fprintf(c, "got %s\n", strconv.QuoteToASCII(line))
		switch line {
		case "wait":
			select {
			case <-gate:
			case <-c.Escaped():
				fmt.Fprintln(c, "escaped")
			}
		case "lend":
			c.Lend(func() error {
				fmt.Print("lent: ")
				line, err := bufio.NewReader(os.Stdin).ReadString('\n')
				fmt.Printf("read %q, %v\n", line, err)
				return nil
			})
		case "crash":
			c.Close()
			panic("crashed")
		}
	}
}

// helperShell is a shell with job control for one command, which is what ^Z
// needs: it continues the console when told to on file descriptor 3.
func helperShell() {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"=console")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	runJob(cmd)
}
