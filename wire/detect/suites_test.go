package detect

import (
	"fmt"
	"slices"
	"testing"

	"wiretape/wire/proto/prototest"
)

// labels are those of the captures: what each is read as, and how many of them
// are: one of smtp begins with TLS, one of tls with CONNECT.
var labels = map[string]struct {
	protos     []string
	right, all int
}{
	"smtp": {[]string{SMTP}, 46, 47}, "ftp": {[]string{FTP}, 21, 21},
	"http1": {[]string{HTTP1}, 132, 132}, "http2": {[]string{HTTP2, HTTP1}, 12, 12},
	"pop3": {[]string{POP3}, 12, 12}, "imap": {[]string{IMAP}, 3, 3},
	"telnet": {[]string{Telnet}, 2, 2}, "tls": {[]string{TLS}, 13, 14},
}

func TestCaptures(t *testing.T) {
	right, all := map[string]int{}, map[string]int{}
	for _, c := range prototest.Captures(t) {
		if !testing.Short() || c.Proto == "smtp" || c.Proto == "ftp" {
			for _, problem := range prototest.Problems(newSingle(Options{}), c.Events) {
				t.Errorf("%s: %s", c, problem)
			}
		}
		want := labels[c.Proto].protos
		if want == nil || c.Size == 0 {
			continue
		}
		all[c.Proto]++
		s := New(Options{})
		became := false // it may become something else later
		for _, e := range c.Events {
			s.Feed(e)
			became = became || slices.Contains(want, s.Proto(1))
		}
		s.Close()
		if became || slices.Contains(want, s.Proto(1)) {
			right[c.Proto]++
		} else {
			t.Logf("%s: %s is read as %q: %s", c, c.Proto, s.Proto(1), s.Reason(1))
		}
	}
	for label, want := range labels {
		if right[label] != want.right || all[label] != want.all {
			t.Errorf("%s: %d of %d captures are read as what they are, want %d of %d", label, right[label], all[label], want.right, want.all)
		}
	}
}

// dissected is what another reader, tshark, says of a capture: fields by packet,
// each a string or a list of them.
type dissected struct {
	Repo, Path string
	Rows       []map[string]any
}

// strs returns a field as a list.
func strs(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, s := range v {
			out = append(out, fmt.Sprint(s))
		}
		return out
	}
	return nil
}
