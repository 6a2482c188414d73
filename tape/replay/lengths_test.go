package replay

import (
	"strings"
	"testing"
	"time"

	"wiretape/wire"
)

// A value that is captured from one reply and sent in the next command has another
// length than the tape's: the count around it is made anew.
func TestCountOfRESPFollowsItsValue(t *testing.T) {
	const real = "= open tcp a:6379\n> *2\\r\\n$3\\r\\nGET\\r\\n$5\\r\\ntoken\\r\\n\n< $9\\r\\nlongvalue\\r\\n\n" +
		"> *2\\r\\n$4\\r\\nECHO\\r\\n$9\\r\\nlongvalue\\r\\n\n< $9\\r\\nlongvalue\\r\\n\n= close\n"
	const tape = "= open tcp a:6379\n> *2\\r\\n$3\\r\\nGET\\r\\n$5\\r\\ntoken\\r\\n\n< $4\\r\\n\\{v=token|tiny}\\r\\n\n" +
		"> *2\\r\\n$4\\r\\nECHO\\r\\n$4\\r\\n\\{$v}\\r\\n\n< $4\\r\\n\\{$v}\\r\\n\n= close\n"
	srv := serve(t, Server{Strict: true}, load(t, real))
	r, err := Client{Silence: 5 * time.Second}.Run(t.Context(), load(t, tape), To(wire.Dialer{}, srv.target))
	if err != nil || !r.OK() || !strings.Contains(strings.Join(r.Notes, "\n"), "length recomputed: 4 to 9") {
		t.Errorf("%v\n%s%q", err, lines(r.Mismatches), r.Notes)
	}
	if s := srv.wait(t); !s.OK() {
		t.Errorf("server: %s", lines(s.Mismatches))
	}
}
