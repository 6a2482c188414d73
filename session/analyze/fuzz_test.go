package analyze

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/tape"
	"wiretape/wire"
)

// seeds are tapes of analyses, good and bad.
var seeds = []string{
	`wiretape 1
; created 2026-11-23T10:00:00Z
= open tcp h:80 role=dial
> GET /a?b HTTP/1.1\r\n
> Host: h\r\n
> \r\n
< HTTP/1.1 302 x\r\n
< Location: https://h/\r\n
< Set-Cookie: a=1\r\n
< \r\n
= close
2= open tcp h:443 role=dial
2= tls 1.3 offer=http/1.1 verify=ok
2> GET / HTTP/1.1\r\n
2> \r\n
2< HTTP/1.1 401 x\r\n
2< WWW-Authenticate: Basic realm="x"\r\n
2< \r\n
2= eof <
3= open tcp h:443 role=dial
3= alert < no_application_protocol(120)
`,
	`wiretape 1
= open tcp h:80 role=dial
> GET / HTTP/1.1\r\n
> Host: h\r\n
> Connection: close\r\n
> \r\n
< HTTP/1.1 200 OK\r\n
< Content-Type: text/html\r\n
< Refresh: 0;url=/b\r\n
< \r\n
< <form><input type=password></form>
= eof <
= close
2= open tcp h:80 role=dial
2> PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n
2>x 00 00 00 04 00 00 00 00 00
2<x 00 00 00 04 00 00 00 00 00
2= close
3= open tcp h:80 role=dial
3> GET / HTTP/1.1\r\n
3> Host: h\r\n
3> Connection: Upgrade, HTTP2-Settings\r\n
3> Upgrade: h2c\r\n
3> HTTP2-Settings: AAMAAABkAAQAoAAA\r\n
3> \r\n
3< HTTP/1.1 101 x\r\n
3< Upgrade: h2c\r\n
3< \r\n
3= close
4= open tcp h:443 role=dial
4>x 16 03 01 00 04 01 00 00 00
4<x 15 03 01 00 02 02 46
4= close
5= open udp 192.0.2.53:53 role=dial
5>x 00 01 01 00 00 01 00 00 00 00 00 00 01 68 00 00 41 00 01
5<x 00 01 81 82 00 01 00 00 00 00 00 00 01 68 00 00 41 00 01
5= close
6= open tcp h:80 role=dial
6> GET / HTTP/1.0\r\n
6> Authorization: Basic x\r\n
6> \r\n
6= reset <
`,
}

// FuzzAnalyze holds that any tape gives a report, and the same one twice.
func FuzzAnalyze(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var events []wire.Event
		for e, err := range tape.NewReader(bytes.NewReader(b), "fuzz").Events() {
			if err != nil {
				break
			}
			e.Data = bytes.Clone(e.Data)
			events = append(events, e)
		}
		first := Analyze(slices.Values(events), time.Time{})
		j, err := json.Marshal(first)
		if err != nil || first.Schema != Schema {
			t.Fatalf("schema %d, %v", first.Schema, err)
		}
		again, err := json.Marshal(Analyze(slices.Values(events), time.Time{}))
		if err != nil || !bytes.Equal(j, again) {
			t.Fatalf("report\n%s\nand again\n%s\n%v", j, again, err)
		}
	})
}

func TestTapeWrittenByHand(t *testing.T) {
	var events []wire.Event
	for e, err := range tape.NewReader(strings.NewReader(seeds[0]), "seed").Events() {
		if err != nil {
			t.Fatal(err)
		}
		e.Data = bytes.Clone(e.Data)
		events = append(events, e)
	}
	got := summary(Analyze(slices.Values(events), time.Time{}))
	want := "302 http://h/a?b\n401 https://h/\ncookie a=1 hop 1 store\npassword yes http-auth Basic(x)\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// The tape of another program is analysed as well: what it asks looks in another
// way.
func TestTapesOfOthers(t *testing.T) {
	const browser = `wiretape 1
; created 2026-11-23T10:00:00Z
= open tcp h:80 role=dial
> GET / HTTP/1.1\r\n
> Host: h\r\n
> Connection: keep-alive\r\n
> \r\n
< HTTP/1.1 302 x\r\n
< Location: /b\r\n
< Content-Length: 0\r\n
< \r\n
= close
2= open tcp h:80 role=dial
2> GET /b HTTP/1.1\r\n
2> Host: h\r\n
2> Connection: keep-alive\r\n
2> Authorization: Basic dTpw\r\n
2> \r\n
2< HTTP/1.1 200 OK\r\n
2< Content-Length: 2\r\n
2< \r\n
2< ok
2= close
`
	var events []wire.Event
	for e, err := range tape.NewReader(strings.NewReader(browser), "browser").Events() {
		if err != nil {
			t.Fatal(err)
		}
		e.Data = bytes.Clone(e.Data)
		events = append(events, e)
	}
	r := Analyze(slices.Values(events), time.Time{})
	if got, want := summary(r), "302 http://h/\n200 http://h/b\npassword no no\n"; got != want || len(r.Probes) != 0 {
		t.Errorf("got\n%swant\n%s%d probes", got, want, len(r.Probes))
	}
}

// Several requests on one connection are as many hops.
func TestRequestsOfOneConnection(t *testing.T) {
	head := func(target string) string {
		return "> GET " + target + ` HTTP/1.1\r\n` + "\n" + `> Host: h\r\n` + "\n" + `> Connection: keep-alive\r\n` + "\n" + `> \r\n` + "\n"
	}
	const moved, ok = `< HTTP/1.1 302 x\r\nLocation: /b\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n` + "\n", `< HTTP/1.1 200 OK\r\nSet-Cookie: b=1\r\nContent-Length: 0\r\n\r\n` + "\n"
	for name, text := range map[string]string{
		"in turn":    head("/") + moved + head("/x.css") + ok + head("/b") + ok,
		"pipelined":  head("/") + head("/b") + head("/") + moved + ok + moved,
		"made again": head("/") + moved + head("/") + moved + head("/b") + ok,
	} {
		r := readTape(t, "wiretape 1\n= open tcp h:80 role=dial\n"+text+"= eof <\n= close\n")
		want := "302 http://h/\n200 http://h/b\ncookie a=1 hop 1 store\ncookie b=1 hop 2 store\npassword no no\n"
		if got := summary(r); got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

// readTape analyses a tape, with its lines.
func readTape(t *testing.T, text string) Report {
	t.Helper()
	c := NewCollector()
	r := tape.NewReader(strings.NewReader(text), "tape")
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		c.Line(r.Line())
		c.Event(e)
	}
	return c.Report(r.Created())
}

// Findings name lines: of a response its first, of a handshake its outcome.
func TestFindingsNameLines(t *testing.T) {
	r := readTape(t, seeds[0])
	if len(r.Hops) != 2 || r.Hops[0].Line != 7 || r.Hops[1].Line != 16 || r.TLS.Line != 13 || r.HTTP2.Line != 21 {
		t.Errorf("hops %+v, TLS %+v, http2 %+v", r.Hops, r.TLS, r.HTTP2)
	}
}
