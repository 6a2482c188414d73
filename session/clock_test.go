package session

import (
	"strings"
	"testing"
	"testing/synctest"
)

// The clock decides what of the jar has expired, and what rows and expressions say of
// a cookie; now undoes it.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := world{"jar:80": oneReply("HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Expires=Wed, 01 Jan 2020 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n", false)}
		script := "GET / HTTP/1.1\nHost: jar\n\n" +
			".clock 2010-06-01T00:00:00Z\n.cookies\n.assert cookie.a.stored\n" +
			".clock 2021-06-01T00:00:00Z\n.cookies\n.clock NOW\n.clock\n"
		out, err := run(t, w, Options{}, "jar:80", script)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{"* judged at 2010-06-01T00:00:00Z\n", "* 1 in the jar\n", "* judged at 2021-06-01T00:00:00Z\n", "* 0 in the jar\n", "* judged at each moment's own time\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is not said:\n%s", want, out)
			}
		}
		if _, err := run(t, w, Options{}, "jar:80", ".clock tomorrow\n"); StatusOf(err) != StatusUsage || !strings.Contains(err.Error(), ".clock tomorrow: want a time as") {
			t.Errorf(".clock tomorrow: %v", err)
		}
	})
}
