package tapetest_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"testing"

	"wiretape/tape/tapetest"
)

// What is tested in these examples: a client that asks for a greeting, and a
// handler that answers one.
func greeting(base string) (string, error) {
	res, err := http.Get(base + "/hello")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	return bufio.NewReader(res.Body).ReadString('\n')
}

// A client is tested against the server of a tape.
func ExampleServe() {
	_ = func(t *testing.T) { // func TestGreeting(t *testing.T) {
		addr := tapetest.Serve(t, "testdata/hello.tape")
		got, err := greeting("http://" + addr)
		if err != nil || got != "hello\n" {
			t.Errorf("greeting: %q, %v", got, err)
		}
		// When the test ends, a request of the tape that never came fails it.
	}
}

// A server is tested with the client of a tape.
func ExampleReplay() {
	_ = func(t *testing.T) { // func TestHello(t *testing.T) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") }))
		tapetest.Replay(t, "testdata/hello.tape", ln.Addr().String())
		// A response that differs is an error such as
		//	testdata/hello.tape:11: #1 response body line 1: want hello, got bye
	}
}

// A conversation of any protocol is compared with the one that was recorded when
// the test was run with -wiretape.update.
func ExampleRecord() {
	_ = func(t *testing.T) { // func TestTime(t *testing.T) {
		c, err := net.Dial("tcp", "127.0.0.1:6379")
		if err != nil {
			t.Fatal(err)
		}
		c = tapetest.Record(t, c) // testdata/TestTime.tape
		fmt.Fprint(c, "PING\r\n")
		bufio.NewReader(c).ReadString('\n')
	}
}
