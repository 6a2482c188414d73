package http1

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// anomalies says which Note each anomaly that libhtp's conversations are named
// for has here. A conversation that is not in it is one without an anomaly of
// the wire: what it tests is another program's API, or content codings.
var anomalies = map[string][]string{
	"02-header-test-apache2.t":           {"white space before the first field: line ignored", "obsolete line folding", "field name has an octet that no token may have", "field has no name", "NUL in a field line", "white space before the colon"},
	"06-uri-normal.t":                    {"user information in the request target"},
	"100-response-body-data.t":           {"not HTTP/1: no status line"},
	"20-ambiguous-host.t":                {"Host field is not the authority of the request target, which counts", "Host field is not the authority of the request target, which counts"},
	"24-http09-explicit.t":               {"major version is not 1"},
	"32-invalid-hostname.t":              {"authority of the request target is malformed", "Host field is malformed"},
	"36-invalid-request-1-invalid-c-l.t": {"Content-Length is not a number"},
	"46-auth-digest-invalid-username.t":  {"username of Digest credentials is not a quoted string"},
	"48-invalid-response-headers-1.t":    {"field line has no colon", "white space before the colon", "field name has an octet that no token may have"},
	"49-invalid-response-headers-2.t":    {"field has no name"},
	"51-get-ipv6-invalid.t":              {"authority of the request target is malformed"},
	"52-invalid-path.t":                  {"request target has none of the four forms"},
	"65-post-chunked-invalid-3.t":        {"chunk size is not a number"},
	"70-response-invalid-chunk-length.t": {"chunk size is not a number: the body is taken as not chunked"},
	"73-response-te-and-cl.t":            {"Content-Length beside Transfer-Encoding: ignored", "Transfer-Encoding in a message of HTTP/1.0"},
	"75-response-invalid-cl.t":           {"Content-Length is not a number"},
	"77-response-folded-headers.t":       {"obsolete line folding"},
	"79-connect-invalid-hostport.t":      {"authority of the request target is malformed"},
	"81-hostname-invalid-2.t":            {"authority of the request target is malformed"},
	"88-response-multiple-cl-mismatch.t": {"several Content-Length fields", "Content-Length fields differ"},
	"89-get-whitespace.t":                {"white space before the method"},
	"92-http_0_9-method_only.t":          {"request line has no version: HTTP/0.9"},
}

func TestNamedAnomaliesAreNoted(t *testing.T) {
	type row struct {
		ID     string
		Blocks [][2]string
	}
	seen, held := 0, 0
	for _, r := range prototest.Rows[row](t, "libhtp.jsonl.gz") {
		want, ok := anomalies[r.ID]
		if !ok {
			continue
		}
		seen++
		var talk []string
		for _, b := range r.Blocks {
			raw, err := base64.StdEncoding.DecodeString(b[1])
			if err != nil {
				t.Fatal(err)
			}
			talk = append(talk, map[string]string{"c": "> ", "s": "< "}[b[0]]+string(raw))
		}
		var got []string
		take := func(ms []proto.Message) {
			for _, m := range ms {
				for _, n := range m.Notes {
					got = append(got, n.Text)
				}
			}
		}
		p := newParser()
		for _, e := range prototest.Talk(talk...) {
			take(p.Feed(e))
		}
		take(p.Close())
		missing := ""
		rest := slices.Clone(got)
		for _, w := range want {
			i := slices.Index(rest, w)
			if i < 0 {
				missing = w
				break
			}
			rest = slices.Delete(rest, i, i+1)
		}
		if missing != "" {
			t.Errorf("%s: no note %q; there are %q", r.ID, missing, got)
			continue
		}
		held++
	}
	if seen < len(anomalies) {
		t.Errorf("%d of the %d conversations are there", seen, len(anomalies))
	}
	t.Logf("marks: named anomalies: %d of %d", held, len(anomalies))
}

func TestTargetsAndHosts(t *testing.T) {
	for _, c := range []struct {
		head  string
		note  string // "offset text", one that is there; "" for none at all
		fault bool
	}{
		{"GET / HTTP/1.1\r\nHost: a.example", "", false},
		{"GET /a?b=%20c HTTP/1.1\r\nHost: [2001:db8::1]:8080", "", false},
		{"GET / HTTP/1.1\r\nHost:", "", false},
		{"OPTIONS * HTTP/1.1\r\nHost: a", "", false},
		{"GET http://a.example/x HTTP/1.1\r\nHost: A.example:80", "", false},
		{"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example", "", false},
		{"GET * HTTP/1.1\r\nHost: a", "4 asterisk-form with a method that is not OPTIONS", true},
		{"GET x HTTP/1.1\r\nHost: a", "4 request target has none of the four forms", true},
		{"GET /a#b HTTP/1.1\r\nHost: a", "6 fragment in the request target", false},
		{"GET /a\"b HTTP/1.1\r\nHost: a", "6 octet in the request target that a URI may not have", false},
		{"GET /\xe9 HTTP/1.1\r\nHost: a", "5 octet in the request target that a URI may not have", false},
		{"CONNECT a.example HTTP/1.1\r\nHost: a.example", "8 target of CONNECT has no port", true},
		{"CONNECT [::1] HTTP/1.1\r\nHost: [::1]", "8 target of CONNECT has no port", true},
		{"GET http://u:p@a/ HTTP/1.1\r\nHost: a", "4 user information in the request target", false},
		{"GET http:///x HTTP/1.1\r\nHost: a", "4 authority of the request target is malformed", true},
		{"GET http://a/ HTTP/1.1\r\nHost: b", "24 Host field is not the authority of the request target, which counts", false},
		{"GET / HTTP/1.1\r\nHost: a b", "16 Host field is malformed", true},
		{"GET / HTTP/1.1\r\nHost: a:b", "16 Host field is malformed", true},
		{"GET / HTTP/1.1\r\nHost: a@b", "16 Host field is malformed", true},
		{"GET / HTTP/1.1\r\nHost: a, b/", "16 Host field is malformed", true},
	} {
		all, _, _ := messages(t, "> "+c.head+"\r\n\r\n")
		got, fault := notes(all, wire.ClientToServer)
		found := len(got) == 0
		if c.note != "" {
			found = slices.ContainsFunc(got, func(n string) bool { return strings.HasPrefix(n, c.note+" (") })
		}
		if !found || (fault != "") != c.fault {
			t.Errorf("%q: notes %q, fault %q; want %q, fault %v", c.head, got, fault, c.note, c.fault)
		}
	}
}
