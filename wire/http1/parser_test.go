package http1

import (
	"fmt"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

func newParser() proto.Parser { return New(proto.Limits{}) }

// messages checks the laws over a conversation and returns what it reads as,
// with the parser as it stood before Close.
func messages(t *testing.T, lines ...string) ([]proto.Message, proto.State, *Parser) {
	t.Helper()
	events := prototest.Talk(lines...)
	prototest.Check(t, newParser, events)
	p := New(proto.Limits{})
	var all []proto.Message
	for _, e := range events {
		all = append(all, p.Feed(e)...)
	}
	st := p.State()
	st.Partial = [2]*proto.Message{}
	return append(all, p.Close()...), st, p
}

// brief says of a Message, in one line, what most tests want to know.
func brief(m proto.Message) string {
	s := fmt.Sprintf("%s %d %s", m.Dir, m.Exchange, m.Kind)
	switch v := m.Value.(type) {
	case *Request:
		s += fmt.Sprintf(" %q %s", v, v.Framing)
	case *Response:
		s += fmt.Sprintf(" %q %s", v, v.Framing)
	}
	if m.Kind == proto.KindGap {
		s += fmt.Sprintf(" of %d octets", m.Body.Size)
	} else if m.Body.Size > 0 {
		s += fmt.Sprintf(" %q", m.Body.Data)
	}
	if m.EndedBy != "" {
		s += "; " + m.EndedBy
	}
	if !m.Complete {
		s += "; incomplete"
	}
	return s
}

const get = "> GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func TestFraming(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  string // brief of the server's Messages
	}{
		{"content-length", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
			`server 1 response "HTTP/1.1 200 OK" content-length "hello"; Content-Length 5 reached`},
		{"zero", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
			`server 1 response "HTTP/1.1 200 OK" content-length; Content-Length 0 reached`},
		{"chunked", []string{get, "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n"},
			`server 1 response "HTTP/1.1 200 OK" chunked "abcd"; 0-chunk`},
		{"close", []string{get, "< HTTP/1.1 200 OK\r\n\r\nabc", "= eof server"},
			`server 1 response "HTTP/1.1 200 OK" close "abc"; connection closed`},
		{"close by reset", []string{get, "< HTTP/1.1 200 OK\r\n\r\nabc", "= rst server"},
			`server 1 response "HTTP/1.1 200 OK" close "abc"; connection reset before the body's end was known; incomplete`},
		{"close by us", []string{get, "< HTTP/1.1 200 OK\r\n\r\nabc", "= close"},
			`server 1 response "HTTP/1.1 200 OK" close "abc"; connection closed by us before the body's end was known; incomplete`},
		{"recording ends", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"},
			`server 1 response "HTTP/1.1 200 OK" content-length "abc"; recording ended after 3 of 5 octets; incomplete`},
		{"short", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "= eof server"},
			`server 1 response "HTTP/1.1 200 OK" content-length "abc"; connection closed after 3 of 5 octets; incomplete`},
		{"no last chunk", []string{get, "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "= eof server"},
			`server 1 response "HTTP/1.1 200 OK" chunked "abc"; connection closed before the last chunk; incomplete`},
		{"head only", []string{get, "< HTTP/1.1 200 OK\r\nA: b", "= eof server"},
			`server 1 response "HTTP/1.1 200 OK" ; connection closed in the head; incomplete`},
		{"204", []string{get, "< HTTP/1.1 204 No Content\r\n\r\n"},
			`server 1 response "HTTP/1.1 204 No Content" none; no body for 204`},
		{"304", []string{get, "< HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"},
			`server 1 response "HTTP/1.1 304 Not Modified" none; no body for 304`},
		{"HEAD", []string{"> HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"},
			`server 1 response "HTTP/1.1 200 OK" none; no body: reply to HEAD`},
		{"interim", []string{get, "< HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 N\r\n\r\n"},
			"server 1 response \"HTTP/1.1 100 Continue\" none; no body for 100\n" +
				"server 1 response \"HTTP/1.1 103 Early Hints\" none; no body for 103\n" +
				"server 1 response \"HTTP/1.1 204 N\" none; no body for 204"},
		{"pipelined", []string{get + get[2:], "< HTTP/1.1 204 A\r\n\r\nHTTP/1.1 204 B\r\n\r\n"},
			"server 1 response \"HTTP/1.1 204 A\" none; no body for 204\n" +
				"server 2 response \"HTTP/1.1 204 B\" none; no body for 204"},
		{"left over", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", get, "< HTTP/1.1 204 B\r\n\r\n"},
			"server 1 response \"HTTP/1.1 200 OK\" content-length \"abc\"; Content-Length 3 reached\n" +
				"server 0 raw \"def\"; the other side spoke\nserver 2 response \"HTTP/1.1 204 B\" none; no body for 204"},
		{"unsolicited", []string{get, "< HTTP/1.1 204 A\r\n\r\nHTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n"},
			"server 1 response \"HTTP/1.1 204 A\" none; no body for 204\n" +
				"server 0 response \"HTTP/1.1 408 Late\" content-length; Content-Length 0 reached"},
		{"HTTP/0.9", []string{"> GET /\r\n", "< <html>", "= eof server"},
			`server 1 response "HTTP/0.9" close "<html>"; connection closed`},
		{"not chunked after all", []string{get, "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<html>", "= eof server"},
			`server 1 response "HTTP/1.1 200 OK" close "<html>"; connection closed`},
		{"broken chunk", []string{get, "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX", get, "< HTTP/1.1 204 B\r\n\r\n"},
			"server 1 response \"HTTP/1.1 200 OK\" chunked \"abc\"; no CRLF behind the chunk data; incomplete\n" +
				"server 1 raw \"X\"; the other side spoke\nserver 2 response \"HTTP/1.1 204 B\" none; no body for 204"},
		{"gzip transfer coding, its checksum wrong", []string{get, "< HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n17\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03KLJ\x06\x00\xc2A$6\x03\x00\x00\x00\r\n0\r\n\r\n"},
			`server 1 response "HTTP/1.1 200 OK" chunked "abc"; 0-chunk`},
		{"gzip transfer coding", []string{get, "< HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n17\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03KLJ\x06\x00\xc2A$5\x03\x00\x00\x00\r\n0\r\n\r\n"},
			`server 1 response "HTTP/1.1 200 OK" chunked "abc"; 0-chunk`},
		{"gap in a body", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "= gap server 5", "< cd"},
			`server 1 response "HTTP/1.1 200 OK" content-length "ab"; Content-Length 9 reached`},
		{"gap beyond a body", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "= gap server 5", "< HTTP/1.1 204 B\r\n\r\n"},
			"server 1 response \"HTTP/1.1 200 OK\" content-length \"ab\"; Content-Length 3 reached\n" +
				"server 0 gap of 4 octets\nserver 0 response \"HTTP/1.1 204 B\" none; no body for 204"},
		{"no HTTP", []string{"> x\r\n", "< SSH-2.0-x\r\n"}, `server 0 raw "SSH-2.0-x\r\n"; recording ended`},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, _, _ := messages(t, c.lines...)
			var got []string
			for _, m := range all {
				if m.Dir == wire.ServerToClient {
					got = append(got, brief(m))
				}
			}
			if g := strings.Join(got, "\n"); g != c.want {
				t.Errorf("got\n%s\nwant\n%s", g, c.want)
			}
		})
	}
}

func TestRequests(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", `client 1 request "GET / HTTP/1.1" none; no body`},
		{"POST /a?b HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", `client 1 request "POST /a?b HTTP/1.0" content-length "abc"; Content-Length 3 reached`},
		{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n", `client 1 request "POST / HTTP/1.1" chunked "abc"; 0-chunk`},
		{"GET /index.html\r\n", `client 1 request "GET /index.html" none; simple request`},
		{"GET / HTTP/1.1\r\nHost", `client 1 request "GET / HTTP/1.1" ; recording ended in the head; incomplete`},
		{"EHLO example.org\r\n", `client 0 raw "EHLO example.org\r\n"; recording ended`},
		{"\x16\x03\x01\x00\xff", `client 0 raw "\x16\x03\x01\x00\xff"; recording ended`},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
			"client 1 request \"GET / HTTP/1.1\" none; no body\nclient 2 request \"GET /b HTTP/1.1\" none; no body"},
	} {
		all, _, _ := messages(t, "> "+c.in)
		var got []string
		for _, m := range all {
			got = append(got, brief(m))
		}
		if g := strings.Join(got, "\n"); g != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.in, g, c.want)
		}
	}
}

func TestResponseKnowsItsRequest(t *testing.T) {
	all, _, _ := messages(t, get, "> POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na", "< HTTP/1.1 204 A\r\n\r\nHTTP/1.1 413 B\r\nContent-Length: 0\r\n\r\n", "> bc")
	var got []string
	for _, m := range all {
		if r, ok := m.Value.(*Response); ok {
			got = append(got, fmt.Sprintf("%d %s %s", m.Exchange, r.Reason, r.Request))
		}
	}
	want := "[1 A GET / HTTP/1.1 2 B POST /b HTTP/1.1]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestState(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  proto.State
	}{
		{"nothing", nil, proto.State{Framed: true}},
		{"half a request", []string{"> GET / HTTP/1.1\r\n"}, proto.State{Framed: true}},
		{"a request", []string{get}, proto.State{Due: 1, Framed: true}},
		{"two", []string{get, get}, proto.State{Due: 2, Framed: true}},
		{"an upload", []string{"> PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab"}, proto.State{Framed: true}},
		{"answered in mid-upload", []string{"> PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab", "< HTTP/1.1 413 N\r\nContent-Length: 0\r\n\r\n", "> c"},
			proto.State{Settled: 1, Framed: true, EndedBy: "Content-Length 0 reached"}},
		{"answered in mid-head", []string{"> GET / HTTP/1.1\r\n", "< HTTP/1.1 400 N\r\nContent-Length: 0\r\n\r\n", "> Host: x\r\n\r\n"},
			proto.State{Settled: 1, Framed: true, EndedBy: "Content-Length 0 reached"}},
		{"interim", []string{get, "< HTTP/1.1 100 C\r\n\r\n"}, proto.State{Due: 1, Framed: true}},
		{"body", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}, proto.State{Due: 1, Framed: true, Got: 3, Want: 5}},
		{"chunk", []string{get, "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"}, proto.State{Due: 1, Framed: true, Got: 3, Want: -1}},
		{"to the end", []string{get, "< HTTP/1.1 200 OK\r\n\r\nabc"}, proto.State{Due: 1, Framed: true, Got: 3, Want: -1, UntilClose: true}},
		{"done", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"}, proto.State{Settled: 1, Framed: true, EndedBy: "Content-Length 3 reached"}},
		{"raw", []string{get, "< what?\n"}, proto.State{Due: 1}},
		{"raw, then asked again", []string{get, "< what?\n", get}, proto.State{Due: 1, Framed: true}},
		{"octets behind the reply", []string{get, "< HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef"}, proto.State{Settled: 1, Framed: true, EndedBy: "Content-Length 3 reached"}},
		{"upgraded", []string{"> GET / HTTP/1.1\r\nHost: x\r\nUpgrade: foo\r\n\r\n", "< HTTP/1.1 101 S\r\nUpgrade: foo\r\n\r\n"},
			proto.State{Settled: 1, EndedBy: "101 switches protocols"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got, _ := messages(t, c.lines...); got != c.want {
				t.Errorf("State() = %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestPartial(t *testing.T) {
	p := New(proto.Limits{})
	for _, e := range prototest.Talk(get, "< HTTP/1.1 200 OK\r\nContent-Le") {
		p.Feed(e)
	}
	st := p.State()
	if st.Partial[0] != nil || st.Partial[1] == nil || string(st.Partial[1].Head) != "HTTP/1.1 200 OK\r\nContent-Le" || st.Partial[1].Value != nil {
		t.Errorf("in the head: Partial = %+v", st.Partial)
	}
	p.Feed(prototest.Talk("< ngth: 5\r\n\r\nab")[0])
	m := p.State().Partial[1]
	if r, ok := m.Value.(*Response); !ok || r.Status != 200 || string(m.Body.Data) != "ab" || m.Span.To != 40 {
		t.Errorf("in the body: Partial[1] = %+v", m)
	}
}

func TestUpgradeHandsOver(t *testing.T) {
	p := New(proto.Limits{})
	for _, e := range prototest.Talk("> GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", "< HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n\x81\x02hi") {
		if ms := p.Feed(e); len(ms) != 1 {
			t.Errorf("%d Messages, want the head alone", len(ms))
		}
	}
	token, ok := p.Upgraded()
	if token != "websocket" || !ok {
		t.Errorf("Upgraded() = %q, %t", token, ok)
	}
	if at, data := p.Rest(wire.ServerToClient); at != 38 || string(data) != "\x81\x02hi" {
		t.Errorf("Rest(server) = %d, %q", at, data)
	}
	if at, data := p.Rest(wire.ClientToServer); at != 49 || len(data) != 0 {
		t.Errorf("Rest(client) = %d, %q", at, data)
	}
	// Who does not take them over gets them as raw Messages.
	if ms := p.Close(); len(ms) != 1 || ms[0].Kind != proto.KindRaw || string(ms[0].Body.Data) != "\x81\x02hi" {
		t.Errorf("Close() = %+v", ms)
	}
}

// Frames right behind the request for WebSocket are no requests: the 101 makes
// them the other protocol's, and any other answer raw octets.
func TestOctetsBehindARequestToLeaveHTTP(t *testing.T) {
	const ask = "> GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"
	const frame = "\x81\x82\x00\x00\x00\x00hi"
	for name, lines := range map[string][]string{
		"one write": {ask + frame, "< HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n"},
		"two":       {ask, "> " + frame, "< HTTP/1.1 100 C\r\n\r\nHTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n"},
		"CONNECT":   {"> CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n" + frame, "< HTTP/1.1 200 OK\r\n\r\n"},
		"behind another": {get, ask + frame, "< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "> " + frame,
			"< HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n"},
	} {
		p := New(proto.Limits{})
		for _, e := range prototest.Talk(lines...) {
			for _, m := range p.Feed(e) {
				if m.Kind == proto.KindRaw {
					t.Errorf("%s: raw Message %q", name, m.Body.Data)
				}
			}
		}
		want := frame
		if name == "behind another" {
			want += frame
		}
		if _, got := p.Rest(wire.ClientToServer); string(got) != want {
			t.Errorf("%s: Rest(client) = %q, want %q", name, got, want)
		}
	}
	all, st, _ := messages(t, ask+frame, "< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", get)
	if len(all) != 4 || all[2].Kind != proto.KindRaw || string(all[2].Body.Data) != frame || all[3].Kind != proto.KindRequest || st.Due != 1 {
		t.Errorf("refused: %+v, %+v, want the response, then a raw Message, then a request that waits", all, st)
	}
	// What is too much to be held waits no longer.
	p := New(proto.Limits{Head: 100})
	p.Feed(prototest.Talk(ask)[0])
	p.Feed(prototest.Talk("> \x81" + strings.Repeat("x", 100))[0])
	if ms := p.Feed(prototest.Talk("< H")[0]); len(ms) != 1 || ms[0].Kind != proto.KindRaw || ms[0].Body.Size != 101 {
		t.Errorf("more than is held: %+v", ms)
	}
}

func TestFieldsKeepTheirOctets(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nX-Mixed:  a \xff b\t\r\nx-mixed : two\r\nFold: one\r\n two\r\n\t three \r\nEmpty:\r\n\r\n"
	all, _, _ := messages(t, get, "< "+head)
	m := all[1]
	r := m.Value.(*Response)
	if string(m.Head) != head {
		t.Errorf("Head = %q", m.Head)
	}
	var got []string
	for _, f := range r.Fields.List() {
		got = append(got, fmt.Sprintf("%s=%q from %q", f.Name, f.Value, head[f.From:f.To]))
	}
	want := []string{
		`X-Mixed="a \xff b" from "X-Mixed:  a \xff b\t\r\n"`,
		`x-mixed="two" from "x-mixed : two\r\n"`,
		`Fold="one two three" from "Fold: one\r\n two\r\n\t three \r\n"`,
		`Empty="" from "Empty:\r\n"`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if v := r.Fields.Get("X-MIXED"); string(v) != "a \xff b" {
		t.Errorf("Get = %q", v)
	}
	if v := r.Fields.Values("x-mixed"); len(v) != 2 || r.Fields.Has("y") || r.Fields.Get("y") != nil {
		t.Errorf("Values = %q", v)
	}
}

func TestLeaves(t *testing.T) {
	all, _, _ := messages(t, get, "< \r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n")
	var got []string
	for _, l := range all[1].Leaves {
		got = append(got, fmt.Sprintf("%s %d", l.Name, l.Len()))
	}
	want := "empty-line 2, status-line 17, field-line 28, head-end 2, chunk-size 5, chunk-data 3, chunk-end 2, chunk-size 3, trailer-line 6, trailer-end 2"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("got  %s\nwant %s", g, want)
	}
	if r := all[1].Value.(*Response); string(r.Trailers.Get("t")) != "1" || r.Chunks != 1 {
		t.Errorf("Trailers %v, Chunks %d", r.Trailers, r.Chunks)
	}
}

func TestKeepAlive(t *testing.T) {
	for _, c := range []struct {
		request, response, want string
	}{
		{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 204 N\r\n\r\n", "true HTTP/1.1"},
		{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 204 N\r\nConnection: x, Close\r\n\r\n", "false Connection: close"},
		{"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 204 N\r\n\r\n", "false request: Connection: close"},
		{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.0 204 N\r\n\r\n", "false HTTP/1.0"},
		{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.0 204 N\r\nConnection: Keep-Alive\r\n\r\n", "true Connection: keep-alive"},
		{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 N\r\n\r\n", "false the body ends with the connection"},
	} {
		all, _, _ := messages(t, "> "+c.request, "< "+c.response)
		r := all[1].Value.(*Response)
		if got := fmt.Sprint(r.KeepAlive, " ", r.KeepAliveWhy); got != c.want {
			t.Errorf("%q, %q: %s, want %s", c.request, c.response, got, c.want)
		}
	}
}

func TestTLSEndWithoutCloseNotify(t *testing.T) {
	for _, c := range []struct {
		end  string
		want int
	}{{"= eof server no-notify", 1}, {"= eof server notify", 0}, {"= eof server", 0}} {
		all, _, _ := messages(t, "= tls", get, "< HTTP/1.1 200 OK\r\n\r\nabc", c.end)
		if m := all[1]; len(m.Notes) != c.want || !m.Complete || !m.Secure {
			t.Errorf("%s: %s, notes %v, secure %t", c.end, brief(m), m.Notes, m.Secure)
		}
	}
}
