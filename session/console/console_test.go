//go:build linux || darwin

package console

import "testing"

func TestSmoke(t *testing.T) {
	tm := start(t, 80, 24)
	tm.await("host> █")
	tm.typed("abc")
	tm.await("host> abc█")
	tm.order("write", "line one\nline two\n")
	tm.await("line two\nhost> abc█")
	tm.typed("\x1b[Dx\r")
	tm.await("got \"abxc\"\nhost> █")
	tm.typed("\x04")
	tm.await("error: EOF")
	tm.ended()
}
