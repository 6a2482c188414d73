package analyze

import (
	"errors"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
)

// foreign are servers of other protocols than HTTP, which hold the connection.
var foreign = []struct{ name, first, speaks, text string }{
	{"mail", "220 mx.example ESMTP\r\n502 what?\r\n", "smtp", `speaks SMTP, not HTTP: it began with "220 mx.example ESMTP\r\n"`},
	{"codes", "220-hello\r\n220 you\r\n", "line", `speaks a protocol of three-digit replies, not HTTP: it began with "220-hello\r\n"`},
	{"a shell", "SSH-2.0-x\r\n", "ssh", `speaks SSH, not HTTP: it began with "SSH-2.0-x\r\n"`},
	{"a cache", "-ERR unknown command 'GET'\r\n", "redis", `speaks Redis, not HTTP: it began with "-ERR unknown command 'GET'\r\n"`},
	{"what is not known", "ERROR\r\n", "", `answered with "ERROR\r\n", which is no HTTP response`},
	{"no text", "\x4a\x00\x00\x00\x0a", "", `answered with "J\x00\x00\x00\n", which is no HTTP response`},
	{"commands of a terminal", "\x1b[2J\x1b]0;x\x07\n", "", `answered with "\x1b[2J\x1b]0;x\a\n", which is no HTTP response`},
	{"a line that does not end", "hello", "", `answered with "hello", which is no HTTP response`},
	{"a long one", strings.Repeat("x", 1000), "", `answered with "` + strings.Repeat("x", showFirst) + `", which is no HTTP response`},
}

func TestWhatIsNoHTTP(t *testing.T) {
	for _, row := range foreign {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, site{greet: row.first})
			var timeouts int
			o := Options{Sink: func(e wire.Event) {
				if e.Kind == wire.KindTimeout {
					timeouts++
				}
			}}
			r, err := analyze(t, "http://"+s+"/", o)
			if e, ok := errors.AsType[*ResponseError](err); !ok || e.Timeout() || r.Password.Verdict != Unknown {
				t.Errorf("report %+v, %v", r, err)
			}
			if want := "http://" + s + "/: " + row.text; string(r.Error) != want || r.Speaks != row.speaks {
				t.Errorf("speaks %q, error %q\nwant %q", r.Speaks, r.Error, want)
			}
			if wait := row.name == "a line that does not end"; (timeouts > 0) != wait {
				t.Errorf("%d timeouts", timeouts)
			}
		})
	}
}

func TestGreetingInPlaceOfTLS(t *testing.T) {
	s := serve(t, site{greet: "220 mx.example ESMTP\r\n"})
	r, err := analyze(t, "https://"+s+"/", Options{})
	op, ok := errors.AsType[*wire.OpError](err)
	if !ok || op.Phase != wire.PhaseTLS {
		t.Errorf("error %v", err)
	}
	want := "https://" + s + `/: TLS handshake: the peer's first bytes are not TLS: "220 mx.example ESMTP\r\n"; it speaks SMTP`
	if string(r.Error) != want || r.Speaks != "smtp" {
		t.Errorf("speaks %q, error %q\nwant %q", r.Speaks, r.Error, want)
	}
}

func TestHeadThatDoesNotEnd(t *testing.T) {
	s := serve(t, site{greet: "HTTP/1.1 200 OK\r\n"})
	_, err := analyze(t, "http://"+s+"/", Options{Timeout: 300 * time.Millisecond})
	if e, ok := errors.AsType[*ResponseError](err); !ok || !e.Timeout() {
		t.Errorf("error %v, which is no timeout", err)
	}
}
