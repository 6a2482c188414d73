package lint

import (
	"bytes"
	"testing"

	"wiretape/tape"
	"wiretape/tape/redact"
	"wiretape/wire"
	"wiretape/wire/proto/prototest"
)

// What redaction has written is clean, and what it has not is found: it changes
// octets of a conversation if and only if lint says so.
func TestLintAgreesWithRedaction(t *testing.T) {
	secrets, tapes := 0, 0
	for _, c := range prototest.Captures(t) {
		if c.Size > 64<<10 {
			continue
		}
		tapes++
		write := func(masked bool) (string, []string) {
			var b bytes.Buffer
			w := tape.NewWriter(&b, tape.Options{})
			r := redact.New(w.Spanned, redact.Options{})
			sink := wire.Sink(w.Event)
			if masked {
				sink = r.Event
			}
			for _, e := range c.Events {
				sink(e)
			}
			r.Flush()
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return b.String(), r.Replaced()
		}
		clear, _ := write(false)
		masked, ids := write(true)
		named := 0
		found := check(t, clear)
		for _, f := range found {
			if f.Kind == Named {
				named++
			}
		}
		if named > 0 && len(ids) == 0 || len(found) == 0 && len(ids) > 0 {
			t.Errorf("%s: redaction masks %v, lint finds %v", c, ids, found)
		}
		secrets += len(ids)
		for _, f := range check(t, masked) {
			if f.Kind == Named {
				t.Errorf("%s: redacted, and lint finds %s", c, f)
			}
		}
	}
	t.Logf("%d secrets on %d tapes", secrets, tapes)
}
