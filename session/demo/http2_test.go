package demo

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A body as long as the site takes goes there and back, several at once.
func TestLongBodiesOverHTTP2(t *testing.T) {
	s := servers(t)
	c := client(t, s, true)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			body := strings.Repeat("practice", maxBody/8)
			r, err := c.Post("https://"+s.HTTPS+"/echo", "text/plain", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			got, err := io.ReadAll(r.Body)
			if err != nil || string(got) != body || r.ProtoMajor != 2 {
				t.Errorf("%s: %d octets came back, %v", r.Proto, len(got), err)
			}
		})
	}
	all.Wait()
}

// The windows are the client's: what they do not allow waits.
func TestAnswersWaitForTheWindow(t *testing.T) {
	s := servers(t)
	c, err := tls.Dial("tcp", s.HTTPS, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(c, http2.ClientPreface)
	fr := http2.NewFramer(c, c)
	fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 5})
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":path", "/chunked"}, {":authority", "localhost"}} {
		enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
	got, pinged := "", false
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		switch f := f.(type) {
		case *http2.DataFrame:
			got += string(f.Data())
			if !pinged {
				pinged = true
				fr.WritePing(false, [8]byte{})
			}
		case *http2.PingFrame:
			if got != "one\nt" {
				t.Errorf("%q came through a window of 5", got)
			}
			fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 7})
			fr.WriteWindowUpdate(1, 100)
		case *http2.HeadersFrame:
			if f.StreamEnded() {
				if got != "one\ntwo\nthree\n" {
					t.Errorf("%q came", got)
				}
				return
			}
		}
	}
}

// A client that knows it speaks HTTP/2 in the clear, wherever its preface is cut.
func TestHTTP2InTheClear(t *testing.T) {
	s := servers(t)
	var tr http.Transport
	tr.Protocols = new(http.Protocols)
	tr.Protocols.SetUnencryptedHTTP2(true)
	for _, cut := range []int{1, len(http2.ClientPreface), 1 << 10} {
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			return &cutting{Conn: c, at: cut}, err
		}
		c := http.Client{Transport: &tr, Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		r, err := c.Get("http://" + s.HTTP + "/to-https")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		tr.CloseIdleConnections()
		if want := "https://" + s.HTTPS + "/to-https"; r.ProtoMajor != 2 || r.StatusCode != 301 || r.Header.Get("Location") != want {
			t.Errorf("cut at %d: %s %s to %q, want HTTP/2.0 301 to %q", cut, r.Proto, r.Status, r.Header.Get("Location"), want)
		}
	}
}

// A cutting connection sends its first octets by themselves.
type cutting struct {
	net.Conn
	at int
}

func (c *cutting) Write(b []byte) (int, error) {
	n := min(c.at, len(b))
	c.at = 0
	if _, err := c.Conn.Write(b[:n]); err != nil {
		return 0, err
	}
	m, err := c.Conn.Write(b[n:])
	return n + m, err
}
