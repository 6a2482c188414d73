package redact

import (
	"testing"

	"wiretape/tape"
	"wiretape/wire"
)

// A URL beside the events has the samples of the requests.
func TestURLHasTheSamplesOfRequests(t *testing.T) {
	for url, want := range map[string]string{
		"http://h/":                       "http://h/",
		"http://h/a?q=1&token=geheim":     "http://h/a?q=1&token=tokent",
		"https://user:secret@h/?q":        "",
		"http://h/?x=given-value":         "",
		"https://h/a?password=&token=abc": "",
	} {
		var data []byte
		r := New(func(e wire.Event, _ []tape.Span) { data = append(data, e.Data...) }, Options{Values: map[string]string{"V": "given-value"}})
		got := r.URL(url)
		if len(data) > 0 {
			t.Errorf("%s: %q is given as an event", url, data)
		}
		r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte("GET " + url + " HTTP/1.1\r\n\r\n")})
		r.Flush()
		if asked := "GET " + got + " HTTP/1.1\r\n\r\n"; string(data) != asked || want != "" && got != want {
			t.Errorf("%s: %q (want %q), where the request has %q", url, got, want, data)
		}
	}
}
