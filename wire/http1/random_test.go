package http1

import (
	"math/rand/v2"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// words are what random conversations are made of: pieces of HTTP, whole and
// broken, that bytes alone would seldom hit.
var words = []string{
	"> GET / HTTP/1.1\r\n", "> GET /\r\n", "> HEAD / HTTP/1.0\r\n", "> CONNECT h:1 HTTP/1.1\r\n", "> POST / HTTP/1.1\n",
	"> Host: x\r\n", "> Content-Length: 3\r\n", "> Transfer-Encoding: chunked\r\n", "> Upgrade: x\r\n", "> \r\n", "> \n", "> abc",
	"> 3\r\nabc\r\n", "> 0\r\n\r\n", "> \x00", "> PRI", "> G",
	"< HTTP/1.1 200 OK\r\n", "< HTTP/1.0 200 OK\n", "< HTTP/1.1 100 C\r\n\r\n", "< HTTP/1.1 101 S\r\n", "< HTTP/1.1 204 N\r\n", "< HTTP/1.1 304 N\r\n",
	"< Content-Length: 3\r\n", "< Content-Length: 4\r\n", "< Content-Length: x\r\n", "< Transfer-Encoding: chunked\r\n", "< Transfer-Encoding: gzip\r\n", "< fold\r\n", "<  fold\r\n", "< :\r\n",
	"< \r\n", "< \n", "< abc", "< 3\r\nabc\r\n", "< 3;x\nabc\n", "< 0\r\n\r\n", "< 0\r\nT: 1\r\n\r\n", "< ffffffffffffffffff\r\n", "< zz\r\n", "< \r", "< HT", "< TP/1.1 2", "< ICY 200 OK\r\n",
	"< a line that is longer than the small limit for lines", "> a line that is longer than the small limit for lines",
	"< 3;an extension that is longer than the small limit for lines", "< \x00\x01",
	"= eof client", "= eof server", "= eof server no-notify", "= rst server", "= close", "= tls", "= gap client 2", "= gap server 2", "= gap server 5000", "= timeout",
}

func TestLawsHoldOverRandomWords(t *testing.T) {
	rounds := 1500
	if testing.Short() {
		rounds = 300
	}
	for seed := range rounds {
		rng := rand.New(rand.NewPCG(uint64(seed), 7))
		var events []wire.Event
		for range 1 + rng.IntN(14) {
			events = append(events, prototest.Talk(words[rng.IntN(len(words))])...)
		}
		prototest.Check(t, smallParser, events)
		if whole, bytes := stateAfter(events, 1<<20), stateAfter(events, 1); whole != bytes {
			t.Errorf("State() = %+v, one byte at a time %+v", whole, bytes)
		}
		if t.Failed() {
			for _, e := range events {
				t.Logf("%s %s %q %d", e.Kind, e.Dir, e.Data, e.Size)
			}
			t.Fatalf("seed %d", seed)
		}
	}
}

// stateAfter feeds events in pieces of n octets and returns the State, the
// Messages in progress apart.
func stateAfter(events []wire.Event, n int) proto.State {
	p := smallParser()
	for _, e := range events {
		data := e.Data
		for len(data) > n {
			e.Data, data = data[:n], data[n:]
			p.Feed(e)
		}
		e.Data = data
		p.Feed(e)
	}
	st := p.State()
	st.Partial = [2]*proto.Message{}
	return st
}
