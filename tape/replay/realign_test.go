package replay

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// One reply too many, one too few or another is one mismatch: those that follow are
// compared with what they are.
func TestOneDifferenceIsOneMismatch(t *testing.T) {
	data := []string{"* 3 EXISTS", "* 1 RECENT", "* OK [UNSEEN 1] first", "* FLAGS (\\Seen)"}
	tp := load(t, `= open tcp a:143
< * OK ready\r\n
> a1 SELECT inbox\r\n
< * 3 EXISTS\r\n
< * 1 RECENT\r\n
< * OK [UNSEEN 1] first\r\n
< * FLAGS (\\Seen)\r\n
< a1 OK done\r\n
> a2 NOOP\r\n
< a2 OK nothing\r\n
> a3 LOGOUT\r\n
< * BYE\r\n
< a3 OK bye\r\n
= close
`)
	for _, tt := range []struct {
		name string
		data []string
		done string
		want string
	}{
		{"as recorded", data, "a1 OK done", ""},
		{"one more", append([]string{"* 1 EXPUNGE"}, data...), "a1 OK done", "not on the tape; got * 1 EXPUNGE"},
		{"one more at the end", append(data[:4:4], "* 1 EXPUNGE"), "a1 OK done", "not on the tape; got * 1 EXPUNGE"},
		{"one is gone", data[1:], "a1 OK done", "missing; want * 3 EXISTS"},
		{"the last is gone", data[:3], "a1 OK done", "missing; want * FLAGS"},
		{"one is another", []string{data[0], "* 2 RECENT", data[2], data[3]}, "a1 OK done", `want "* 1 RECENT\r\n", got "* 2 RECENT\r\n"`},
		{"the end is another", data, "a1 NO no such mailbox", `want "a1 OK done\r\n", got "a1 NO no such mailbox\r\n"`},
	} {
		for _, apart := range []bool{false, true} {
			r, err := against(t, Client{Silence: 5 * time.Second}, tp, func(c net.Conn) {
				buf := make([]byte, 1024)
				write := func(s ...string) {
					if !apart {
						fmt.Fprint(c, strings.Join(s, "\r\n")+"\r\n")
						return
					}
					for _, l := range s {
						fmt.Fprint(c, l+"\r\n")
					}
				}
				write("* OK ready")
				c.Read(buf)
				write(append(tt.data[:len(tt.data):len(tt.data)], tt.done)...)
				c.Read(buf)
				write("a2 OK nothing")
				c.Read(buf)
				write("* BYE", "a3 OK bye")
				c.Read(buf)
			})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(r.Mismatches); tt.want == "" && n > 0 || tt.want != "" && (n != 1 || !strings.Contains(r.Mismatches[0].String(), tt.want)) {
				t.Errorf("%s, apart %t: want %q, got\n%s", tt.name, apart, tt.want, lines(r.Mismatches))
			}
		}
	}
}
