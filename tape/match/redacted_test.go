package match

import (
	"testing"

	"wiretape/tape/redact"
)

// A value that was overwritten agrees with any; what was not has to be the same.
func TestOverwrittenFields(t *testing.T) {
	c := comparison{want: &Message{}, rules: &Rules{}, vars: &Vars{}}
	c.want.Derived = true
	for _, test := range []struct {
		name, want, got string
		ok              bool
	}{
		{"set-cookie", "sid=baa; Path=/; HttpOnly", "sid=abc; Path=/; HttpOnly", true},
		{"set-cookie", "sid=sidsid; Path=/", "sid=xyz123; Path=/", true},
		{"set-cookie", "sid=baa; Path=/; HttpOnly", "sid=abc; Path=/", false},
		{"set-cookie", "sid=baa; Path=/aa", "sid=baa; Path=/bb", false},
		{"set-cookie", "lang=en; Path=/", "lang=de; Path=/", false},
		{"cookie", "sid=jja; lang=en", "sid=123; lang=en", true},
		{"authorization", "Bearer XXXXjja", "Bearer abcdefg", true},
		{"authorization", "Basic XXXXjja", "Bearer abcdefg", false},
		{"x-name", "baa", "abc", false},
	} {
		if got := c.overwritten(test.name, []byte(test.want), []byte(test.got)); got != test.ok {
			t.Errorf("%s: %q and %q: %v", test.name, test.want, test.got, got)
		}
	}
	if got := string(redact.Text([]byte(`{"user":"ann","password":"hunter2"}`))); got == `{"user":"ann","password":"hunter2"}` || len(got) != 35 {
		t.Errorf("a body: %s", got)
	}
}
