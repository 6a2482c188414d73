package tape

import (
	"fmt"
	"strings"
	"testing"
)

// Each event tells its line, and the mark right before it.
func TestEventsTellTheirPlace(t *testing.T) {
	const text = `wiretape 1
; note x
% one
% two
~ 1s
= open tcp h:80
> GET / HTTP/1.1\r\n
> \r\n
# comment
> more
~ 1s
<@ 3
a
b
2= open tcp h:443
% three
2= tls 1.3
2= cert MA==
< c
`
	r := NewReader(strings.NewReader(text), "x")
	var got []string
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %d %s %q", r.Line(), e.Conn, e.Kind, r.Marked()))
	}
	want := []string{
		`6 1 open "two"`, `7 1 data ""`, `12 1 data ""`, `15 2 open ""`, `17 2 tls "three"`, `19 1 data ""`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
