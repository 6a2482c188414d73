package replay

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire"
)

// longSize makes a tape one whose bodies are read again while it is played.
const longSize = 9 << 20

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32() >> 11)
	}
	return b
}

// longText returns the tape of what was said, "> …" and "< …", as a recorder cuts it.
func longText(t *testing.T, said ...[]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tape.NewWriter(&buf, tape.Options{})
	w.Event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "a:80", Role: wire.Dialed}})
	for _, s := range said {
		dir := wire.ClientToServer
		if s[0] == '<' {
			dir = wire.ServerToClient
		}
		for rest := s[1:]; len(rest) > 0; {
			n := min(len(rest), 60_000)
			w.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: dir, Data: rest[:n]})
			rest = rest[n:]
		}
	}
	w.Event(wire.Event{Conn: 1, Kind: wire.KindClose})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func loadText(t *testing.T, text []byte) *match.Tape {
	t.Helper()
	tp, err := match.Load(bytes.NewReader(text), "x.tape")
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

// What is too long to be held is played in both roles, and what differs of it told
// with its place.
func TestLongMessages(t *testing.T) {
	body := noise(longSize)
	get := []byte(">GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
	const head, ok = "<HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\n", "Content-Length: 2\r\n\r\nok"
	var chunked bytes.Buffer
	for rest := body; len(rest) > 0; {
		n := min(len(rest), 70_000)
		fmt.Fprintf(&chunked, "%x\r\n%s\r\n", n, rest[:n])
		rest = rest[n:]
	}
	sized := fmt.Sprintf("Content-Length: %d\r\n\r\n", longSize)
	for _, tt := range []struct {
		name, path string
		said       [][]byte
	}{
		{"Content-Length", "response body", [][]byte{get, append([]byte(head+sized), body...), get, []byte(head + ok)}},
		{"chunked", "response body", [][]byte{get, append([]byte(head+"Transfer-Encoding: chunked\r\n\r\n"), chunked.String()+"0\r\n\r\n"...), get, []byte(head + ok)}},
		{"until close", "response body", [][]byte{get, append([]byte(head+"Connection: close\r\n\r\n"), body...)}},
		{"upload", "request body", [][]byte{append([]byte(">PUT /big HTTP/1.1\r\nHost: a\r\n"+sized), body...), []byte(head + ok), get, []byte(head + ok)}},
		{"no protocol", "raw", [][]byte{append([]byte{'>', 0}, body...), append([]byte{'<', 1}, body...), []byte(">\x00\x02")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := longText(t, tt.said...)
			other := bytes.Clone(text)
			other[len(other)/3] ^= 1
			for _, same := range []bool{true, false} {
				live := text
				if !same {
					live = other
				}
				srv := serve(t, Server{}, loadText(t, live))
				r, err := Client{Silence: 10 * time.Second}.Run(t.Context(), loadText(t, text), To(wire.Dialer{}, srv.target))
				if err != nil {
					t.Fatal(err)
				}
				side := srv.wait(t)
				all := append(r.Mismatches, side.Mismatches...)
				if same {
					if len(all) > 0 || r.Received.Done != r.Received.All || side.Received.Done != side.Received.All {
						t.Errorf("received %v and %v\n%s", r.Received, side.Received, lines(all))
					}
					continue
				}
				told := false
				for _, m := range all {
					told = told || (m.Path == tt.path || strings.Contains(m.Nearest, "whose "+tt.path)) && m.TapeLine > 0
				}
				if !told {
					t.Errorf("an octet differs in the %s:\n%s", tt.path, lines(all))
				}
			}
		})
	}
}

// Over HTTP/2 too, in both directions.
func TestLongMessagesOverHTTP2(t *testing.T) {
	body := noise(longSize)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PUT" {
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Write(body)
	})
	tp := h2tapeOf(t, h, func(c *http.Client, base string) {
		fetch(t, c, "GET", base+"/big", "")
		fetch(t, c, "PUT", base+"/up", string(body))
	})
	for i := range tp.Convs[0].Items {
		if m := tp.Convs[0].Items[i].Message; m != nil && len(m.Body.Data)+len(m.Raw) > 64<<10 {
			t.Errorf("item %d holds %d octets", i, len(m.Body.Data)+len(m.Raw))
		}
	}
	t.Run("net/http is satisfied", func(t *testing.T) {
		srv := serve(t, Server{}, tp)
		c, base := prior(), "http://"+srv.target.Address()
		got := fetch(t, c, "GET", base+"/big", "") + " " + fetch(t, c, "PUT", base+"/up", string(body))
		if want := fmt.Sprintf("HTTP/2.0 200 %.20q %d HTTP/2.0 200 %q 7", body, longSize, fmt.Sprint(longSize)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if r := srv.wait(t); !r.OK() {
			t.Errorf("served: %s", lines(r.Mismatches))
		}
	})
	t.Run("the real server", func(t *testing.T) {
		if r := againstSite(t, tp, h); !r.OK() || r.Received.Done != 2 {
			t.Errorf("received %v\n%s", r.Received, lines(r.Mismatches))
		}
	})
	t.Run("another server", func(t *testing.T) {
		other := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "PUT" {
				h.ServeHTTP(w, r)
				return
			}
			b := bytes.Clone(body)
			b[len(b)/2] ^= 1
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Write(b)
		})
		r := againstSite(t, tp, other)
		if len(r.Mismatches) != 1 || r.Mismatches[0].Path != "response body" || !strings.Contains(r.Mismatches[0].Why, fmt.Sprintf("at byte %d of %d", longSize/2, longSize)) {
			t.Errorf("mismatches\n%s", lines(r.Mismatches))
		}
	})
}
