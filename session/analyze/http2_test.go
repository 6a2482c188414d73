package analyze

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/http2"
)

// Frames that the servers of the tests send.
var (
	settings    = string(http2.AppendSettings(nil))
	settingsAck = string(http2.AppendSettingsAck(nil))
)

func goAwayWith(code http2.ErrCode) string { return string(http2.AppendGoAway(nil, 0, code, "")) }

// probings are what a TLS server speaks, and the verdict on its HTTP/2.
var probings = []struct {
	name      string
	protocols []string
	config    func(*tls.Config)
	site      site
	verdict   Verdict
	evidence  string
}{
	{"h2", []string{"h2", "http/1.1"}, nil, site{}, Yes, "A selected h2 and sent SETTINGS"},
	{"http/1.1 alone", []string{"http/1.1"}, nil, site{}, No, "A selected http/1.1 of h2, http/1.1, and refuses h2 alone: alert no_application_protocol"},
	{"prefers http/1.1", nil, preferHTTP1, site{}, Yes, "A prefers http/1.1, selected h2 where it was offered alone and sent SETTINGS"},
	{"no ALPN", nil, nil, site{}, No, "A selected no protocol of h2, http/1.1"},
	{"another protocol alone", []string{"spdy/3"}, nil, site{}, No, "A takes neither h2 nor http/1.1: alert no_application_protocol"},
	{"GOAWAY first", []string{"h2", "http/1.1"}, nil, site{h2: goAwayWith(13)}, Broken, "A selected h2, then sent GOAWAY HTTP_1_1_REQUIRED"},
	{"GOAWAY after SETTINGS", []string{"h2", "http/1.1"}, nil, site{h2: settings + goAwayWith(13)}, Broken, "A selected h2, then sent GOAWAY HTTP_1_1_REQUIRED"},
	{"HTTP/1.1 octets", []string{"h2", "http/1.1"}, nil, site{h2: "HTTP/1.1 400 x\r\n\r\n"}, Broken, `A selected h2, then sent "HTTP/1.1 400 x\r\n"`},
	{"acknowledgement first", []string{"h2", "http/1.1"}, nil, site{h2: settingsAck}, Broken, `A selected h2, then sent "\x00\x00\x00\x04\x01\x00\x00\x00\x00"`},
	{"close", []string{"h2", "http/1.1"}, nil, site{h2: "close"}, Broken, "A selected h2, but no SETTINGS came: the server closed the connection"},
	{"SETTINGS and no more", []string{"h2", "http/1.1"}, nil, site{h2: settings}, Yes, "A selected h2 and sent SETTINGS"},
}

// preferHTTP1 makes a server select http/1.1 wherever it is offered.
func preferHTTP1(c *tls.Config) {
	certificates := c.Certificates
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		next := []string{"h2"}
		for _, p := range hello.SupportedProtos {
			if p == "http/1.1" {
				next = []string{"http/1.1"}
			}
		}
		return &tls.Config{Certificates: certificates, NextProtos: next}, nil
	}
}

func TestHTTP2(t *testing.T) {
	for _, row := range probings {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			cfg, o := secure(t, row.protocols...)
			if row.config != nil {
				row.config(cfg)
			}
			row.site.tls, row.site.http = cfg, always(page("Set-Cookie: a=1; Secure"))
			s := serve(t, row.site)
			r, err := analyze(t, "https://"+s+"/", o)
			if got := strings.ReplaceAll(r.HTTP2.Evidence, s, "A"); r.HTTP2.Verdict != row.verdict || got != row.evidence {
				t.Errorf("verdict %s, %s\nwant %s, %s", r.HTTP2.Verdict, got, row.verdict, row.evidence)
			}
			if row.name == "another protocol alone" {
				return // there the page is refused too
			}
			want := "200 https://A/\ncookie a=1 hop 1 store\npassword no no\n"
			if got := summary(r, s); got != want || err != nil {
				t.Errorf("got\n%swant\n%s%v", got, want, err)
			}
			if r.HTTPS != "available" || r.TLS == nil || r.TLS.Verify != "ok" {
				t.Errorf("https %q, TLS %+v", r.HTTPS, r.TLS)
			}
		})
	}
}

func TestSilenceAfterH2IsBroken(t *testing.T) {
	t.Parallel()
	cfg, o := secure(t, "h2", "http/1.1")
	s := serve(t, site{tls: cfg, h2: "mute", http: always(page())})
	r, _ := analyze(t, "https://"+s+"/", o)
	if want := s + " selected h2, but no SETTINGS came: timed out"; r.HTTP2.Verdict != Broken || r.HTTP2.Evidence != want {
		t.Errorf("verdict %s, %s; want %s", r.HTTP2.Verdict, r.HTTP2.Evidence, want)
	}
}

func TestServerOfHTTP2AloneIsNotDown(t *testing.T) {
	refuse := func(c *tls.Config) {
		certificates := c.Certificates
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			next := "h2"
			if !slices.Contains(hello.SupportedProtos, next) {
				next = "none of those"
			}
			return &tls.Config{Certificates: certificates, NextProtos: []string{next}}, nil
		}
	}
	for _, row := range []struct {
		name   string
		config func(*tls.Config)
		fault  string
	}{
		{"alert", refuse, "the server sent alert no_application_protocol"},
		{"end of stream", func(*tls.Config) {}, "no response: the server closed the connection"},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg, o := secure(t, "h2")
			row.config(cfg)
			s := serve(t, site{tls: cfg})
			r, err := analyze(t, "https://"+s+"/", o)
			want := "password unknown unknown\nerror https://A/: " + row.fault + "\n" +
				"warning the server takes h2 and gave no response over http/1.1: its cookies and whether it wants a password are not known\n"
			if got := summary(r, s); got != want || err != nil || r.HTTP2.Verdict != Yes {
				t.Errorf("http2 %s, got\n%swant\n%s%v", r.HTTP2.Verdict, got, want, err)
			}
		})
	}
}

func TestHTTP2OfTheFirstAndTheFinalHost(t *testing.T) {
	cfg, o := secure(t, "http/1.1")
	b := serve(t, site{tls: cfg, http: always(page())})
	h2 := cfg.Clone()
	h2.NextProtos = []string{"h2", "http/1.1"}
	a := serve(t, site{tls: h2, http: always(redirect(301, "https://"+b+"/"))})
	r, err := analyze(t, "https://"+a+"/", o)
	if err != nil || r.HTTP2.Verdict != No || !strings.HasSuffix(r.HTTP2.Evidence, "; 127.0.0.1 of the first URL: yes: "+a+" selected h2 and sent SETTINGS") {
		t.Errorf("verdict %s, %s, %v", r.HTTP2.Verdict, r.HTTP2.Evidence, err)
	}
}

func TestPlainPortHasNoHTTP2(t *testing.T) {
	s := serve(t, site{http: always(page())})
	r, err := analyze(t, "http://"+s+"/", Options{})
	if err != nil || r.HTTP2.Verdict != No || !strings.Contains(r.HTTP2.Evidence, "was asked in the clear") || r.HTTP2.H2C != "" || r.TLS != nil {
		t.Errorf("http2 %+v, TLS %+v, %v", r.HTTP2, r.TLS, err)
	}
}

func TestH2CServerIsKnownByItsSettings(t *testing.T) {
	s := serve(t, site{http: always(settings + goAwayWith(1))})
	r, err := analyze(t, "http://"+s+"/", Options{})
	if err == nil || r.HTTP2.H2C != "yes" || r.HTTP2.Verdict != No {
		t.Errorf("http2 %+v, %v", r.HTTP2, err)
	}
	if got, want := summary(r, s), "password unknown unknown\nerror http://A/: answered with HTTP/2 SETTINGS: it speaks HTTP/2 alone\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestFramesOfARecording(t *testing.T) {
	long := string(http2.AppendSettings(nil, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Value: 100}))
	for _, c := range []struct {
		name, stream string
		want         frames
	}{
		{"all of them", long + settingsAck + string(http2.AppendWindowUpdate(nil, 0, 1)) + goAwayWith(11), frames{settings: true, acked: true, goAway: true, code: 11}},
		{"GOAWAY alone", goAwayWith(200), frames{goAway: true, code: 200}},
		{"an acknowledgement first", settingsAck + settings, frames{other: true}},
		{"SETTINGS of a stream", "\x00\x00\x00\x04\x00\x00\x00\x00\x01" + settings, frames{other: true}},
		{"SETTINGS cut off", long[:10], frames{}},
		{"no frames", "HTTP/1.1 400 x\r\n\r\n", frames{other: true}},
		{"no frames behind SETTINGS", settings + "\x00", frames{settings: true}},
		{"nothing", "", frames{}},
	} {
		r := newRecording()
		r.feed(wire.Event{Conn: 1, Kind: wire.KindSecure, TLS: &wire.TLS{ALPN: "h2"}})
		r.feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte(c.stream)})
		r.feed(wire.Event{Conn: 1, Kind: wire.KindClose})
		r.close()
		if got := r.byID[1].frames; got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestAnswerInFrames(t *testing.T) {
	for first, want := range map[string]bool{
		settings: true, settings + settingsAck: true, settings[:8]: false, "": false,
		"\x00\x00\x3c" + settings[3:] + "\x00": true, // longer than what is kept
		settingsAck:                            false, "HTTP/1.1 200 OK\r\n": false, goAwayWith(1): false,
	} {
		if got := (&link{first: []byte(first)}).answeredInFrames(); got != want {
			t.Errorf("%q: %t, want %t", first, got, want)
		}
	}
}

func TestCertificateThatDoesNotVerify(t *testing.T) {
	cfg, o := secure(t, "http/1.1")
	var sent []string
	s := serve(t, site{tls: cfg, http: func(head string) string {
		sent = append(sent, head)
		if len(sent) == 1 {
			return redirect(302, "/b", "Set-Cookie: a=1", "Strict-Transport-Security: max-age=100")
		}
		return page()
	}})
	o.Dialer.TLS.Roots = nil
	other, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	o.Dialer.TLS.Roots = other.Pool()
	r, err := analyze(t, "https://"+s+"/", o)
	want := `302 https://A/
200 https://A/b
cookie a=1 hop 1 store
password no no
warning certificate of A does not verify: unknown authority "wiretape authority", whose certificate was not sent
`
	if got := summary(r, s); got != want || err != nil {
		t.Errorf("got\n%swant\n%s%v", got, want, err)
	}
	if len(sent) != 2 || strings.Contains(sent[1], "Cookie:") {
		t.Errorf("requests %q: a cookie went over a connection that did not verify", sent)
	}
	if want := `broken certificate: unknown authority "wiretape authority", whose certificate was not sent`; r.HTTPS != want {
		t.Errorf("https %q, want %q", r.HTTPS, want)
	}
}

func TestTimeBudgets(t *testing.T) {
	t.Parallel()
	cfg, o := secure(t)
	cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		<-t.Context().Done()
		return nil, errors.New("the test is over")
	}
	s := serve(t, site{tls: cfg})
	o.Timeout = 200 * time.Millisecond
	began := time.Now()
	r, err := analyze(t, "https://"+s+"/", o)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if err == nil || r.HTTP2.Verdict != Unknown || r.Error == "" || r.Password.Verdict != Unknown {
		t.Errorf("http2 %+v, error %q, %v", r.HTTP2, r.Error, err)
	}
}

// RFC 7301, section 3.1: a server selects from the client's list. This one does not.
func TestSelectsWhatWasNotOffered(t *testing.T) {
	s := handler(t, func(c net.Conn) {
		if _, err := c.Read(make([]byte, 4<<10)); err != nil {
			return
		}
		ext := append([]byte{0, 16}, vector(vector(append([]byte{6}, "spdy/3"...)))...)
		hello := append([]byte{3, 3}, make([]byte, 32)...)
		hello = append(hello, 0, 0xc0, 0x2f, 0)
		hello = append(hello, vector(ext)...)
		message := append([]byte{2, 0, byte(len(hello) >> 8), byte(len(hello))}, hello...)
		c.Write(append([]byte{0x16, 3, 3}, vector(message)...))
		io.Copy(io.Discard, c)
	})
	r, err := analyze(t, "https://"+s+"/", Options{})
	if want := s + " selected a protocol that was not offered"; r.HTTP2.Verdict != Broken || r.HTTP2.Evidence != want || err == nil {
		t.Errorf("http2 %+v, want %s (%v)", r.HTTP2, want, err)
	}
}
