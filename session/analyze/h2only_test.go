package analyze

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// h2Only is a server over TLS that answers HTTP/2 alone: block by path, with what
// was sent as Cookie.
func h2Only(t testing.TB, cfg *tls.Config, answer func(path, cookie string) string) string {
	return handler(t, func(c net.Conn) {
		s := tls.Server(c, cfg)
		if s.Handshake() != nil || s.ConnectionState().NegotiatedProtocol != "h2" {
			return // HTTP/1.1 gets the end of the stream
		}
		p := http2.New(proto.Limits{})
		buf := make([]byte, 4<<10)
		s.Write(http2.AppendSettings(nil))
		for {
			n, err := s.Read(buf)
			if err != nil {
				return
			}
			for _, m := range p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: buf[:n]}) {
				if f, ok := m.Value.(*http2.Frame); ok {
					if a := f.Answer(); a != nil {
						s.Write(a)
					}
					if f.Type == http2.FrameHeaders {
						var path, cookie string
						for _, field := range f.Block.Fields {
							switch string(field.Name) {
							case ":path":
								path = string(field.Value)
							case "cookie":
								cookie = string(field.Value)
							}
						}
						if b := answer(path, cookie); b != "" {
							s.Write(http2.AppendHeaders(nil, f.Stream, true, []byte(b), 0))
						} else {
							s.Write(http2.AppendRSTStream(nil, f.Stream, http2.ErrCodeHTTP11Required))
						}
					}
				}
			}
		}
	})
}

// A server of HTTP/2 alone is analysed over it: redirects, cookies, password.
func TestHTTP2AloneIsAnalysedOverIt(t *testing.T) {
	refuse := func(c *tls.Config) {
		certificates := c.Certificates
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if !strings.Contains(strings.Join(hello.SupportedProtos, " "), "h2") {
				return &tls.Config{Certificates: certificates, NextProtos: []string{"none of those"}}, nil
			}
			return nil, nil
		}
	}
	for _, c := range []struct {
		name   string
		config func(*tls.Config)
	}{{"alert", refuse}, {"end of stream", func(*tls.Config) {}}} {
		for _, full := range []bool{false, true} {
			cfg, o := secure(t, "h2")
			c.config(cfg)
			s := h2Only(t, cfg, func(path, cookie string) string {
				if path != "/gate" || cookie != "a=1" {
					return block([2]string{":status", "302"}, [2]string{"location", "/gate"}, [2]string{"set-cookie", "a=1; Secure"})
				}
				return block([2]string{":status", "401"}, [2]string{"www-authenticate", `Basic realm="x"`})
			})
			o.Full, o.Auth = full, "u:p"
			r, err := analyze(t, "https://"+s+"/", o)
			want := "302 https://A/\n401 https://A/gate\ncookie a=1 hop 1 store\npassword yes http-auth Basic(x)\n" +
				"warning hop 2: the server answers over HTTP/2 alone\n"
			if got := summary(r, s); got != want || err != nil || r.HTTP2.Verdict != Yes {
				t.Errorf("%s, full %t: http2 %+v, got\n%swant\n%s%v", c.name, full, r.HTTP2, got, want, err)
			}
			if r.Auth == nil || r.Auth.Verdict != No || r.Auth.Scheme != "Basic" {
				t.Errorf("%s: auth %+v", c.name, r.Auth)
			}
			if got := row(r, "http/1.1"); full && got != "no: the server answers over HTTP/2 alone" {
				t.Errorf("%s: http/1.1 %s", c.name, got)
			}
		}
	}
}

// A server may take h2 and refuse each request over it.
func TestHTTP11RequiredIsBroken(t *testing.T) {
	cfg, o := secure(t, "h2", "http/1.1")
	h2 := h2Only(t, cfg, func(string, string) string { return "" })
	o.Full = true
	r, _ := analyze(t, "https://"+h2+"/", o)
	if want := h2 + " selected h2, and refuses a request over it: HTTP_1_1_REQUIRED"; r.HTTP2.Verdict != Broken || r.HTTP2.Evidence != want {
		t.Errorf("http2 %+v, want %s", r.HTTP2, want)
	}
}
