package analyze

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wiretape/tape"
	"wiretape/tape/redact"
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
)

// A site is a server of which a test scripts the octets.
type site struct {
	// http answers a request, given its head; the connection is closed then. Nil
	// answers nothing.
	http func(head string) string
	// h2 answers a client's preface; "" where HTTP/2 is spoken as it should be,
	// "close" and "mute" for no answer.
	h2 string
	// greet is said before anything is asked, and the connection held.
	greet string
	mute  bool // say nothing at all, and hold the connection
	slow  bool // hold the connection after the answer
	tls   *tls.Config
}

// always answers every request alike.
func always(response string) func(string) string { return func(string) string { return response } }

// pages answers by request target; what is not there is 404.
func pages(byTarget map[string]string) func(string) string {
	return func(head string) string {
		_, rest, _ := strings.Cut(head, " ")
		target, _, _ := strings.Cut(rest, " ")
		if r, ok := byTarget[target]; ok {
			return r
		}
		return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
	}
}

// redirect is a response with a Location and other fields.
func redirect(status int, location string, fields ...string) string {
	return fmt.Sprintf("HTTP/1.1 %d x\r\nLocation: %s\r\n%sContent-Length: 0\r\n\r\n", status, location, lines(fields))
}

// page is a 200 with fields.
func page(fields ...string) string {
	return "HTTP/1.1 200 OK\r\n" + lines(fields) + "Content-Length: 2\r\n\r\nok"
}

func lines(fields []string) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	return b.String()
}

// serve runs a site on 127.0.0.1 until the test ends and returns host:port.
func serve(t testing.TB, s site) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { c.Close() })()
				s.handle(ctx, c)
			})
		}
	})
	t.Cleanup(func() { cancel(); l.Close(); wg.Wait() })
	return l.Addr().String()
}

func (s *site) handle(ctx context.Context, c net.Conn) {
	if s.tls != nil {
		secure := tls.Server(c, s.tls)
		if secure.Handshake() != nil {
			return
		}
		c = secure
		if secure.ConnectionState().NegotiatedProtocol == "h2" {
			s.speakH2(ctx, c)
			return
		}
	}
	if io.WriteString(c, s.greet); s.mute || s.greet != "" {
		<-ctx.Done()
		return
	}
	var head strings.Builder
	for r := bufio.NewReader(c); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
		b, err := r.ReadByte()
		if err != nil {
			return
		}
		head.WriteByte(b)
		if b < ' ' && head.Len() == 1 {
			break // no text: TLS
		}
	}
	if s.http == nil {
		return
	}
	io.WriteString(c, s.http(head.String()))
	if s.slow {
		<-ctx.Done()
	}
}

// speakH2 answers a client that selected h2.
func (s *site) speakH2(ctx context.Context, c net.Conn) {
	hello := http2.Preface + settings
	buf := make([]byte, len(hello))
	if _, err := io.ReadFull(c, buf); err != nil || string(buf) != hello {
		return
	}
	switch {
	case s.h2 == "mute":
		<-ctx.Done()
	case s.h2 == "close":
	case s.h2 != "":
		io.WriteString(c, s.h2)
	default:
		io.WriteString(c, settings+settingsAck)
		io.Copy(io.Discard, c)
	}
}

// secure returns a server's TLS for a choice of protocols, and options that trust
// it; good for 127.0.0.1 and names of example.com.
func secure(t testing.TB, protocols ...string) (*tls.Config, Options) {
	t.Helper()
	ca, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Issue("127.0.0.1", "www.example.com", "example.com")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Dialer: wire.Dialer{TLS: &wire.TLSOptions{Roots: ca.Pool()}, Resolve: loopback}}
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: protocols}, o
}

// loopback is where all names lead to.
func loopback(_ context.Context, host string) ([]netip.Addr, error) {
	if !strings.HasSuffix(host, "example.com") {
		return nil, fmt.Errorf("no such host")
	}
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

// analyze runs an analysis and holds its report against that of its events, as
// they were seen and as a tape gives them back; but not where nothing was
// connected to, since then the recording does not tell the URL.
func analyze(t *testing.T, url string, o Options) (Report, error) {
	t.Helper()
	return analyzeAt(t, url, o, time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC))
}

// analyzeAt is analyze at a time of its own.
func analyzeAt(t *testing.T, url string, o Options, now time.Time) (Report, error) {
	t.Helper()
	if o.Dialer.Resolve == nil {
		o.Dialer.Resolve = loopback
	}
	o.Created = now.UTC().Truncate(time.Second)
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	var events []wire.Event
	var file bytes.Buffer
	w := tape.NewWriter(&file, tape.Options{Created: o.Created})
	seen := o.Sink
	o.Sink = wire.Tee(w.Event, func(e wire.Event) {
		if seen != nil {
			seen(e)
		}
		e.Data = bytes.Clone(e.Data)
		events = append(events, e)
	})
	began := time.Now()
	live, err := Run(t.Context(), url, o)
	// A busy machine may be late, and who never lets go is waited for without end.
	if took := time.Since(began); took > o.Timeout+10*time.Second {
		t.Errorf("took %v, its budget is %v", took, o.Timeout)
	}
	if live.Schema == 0 {
		return live, err
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(events, func(e wire.Event) bool { return e.Kind == wire.KindOpen && e.Facts.Network == "tcp" }) {
		return live, err
	}
	want := asJSON(t, live)
	if got := asJSON(t, Analyze(slices.Values(events), o.Created)); got != want {
		t.Errorf("report of the events:\n%s\nlive:\n%s", got, want)
	}
	var taped []wire.Event
	for e, err := range tape.NewReader(&file, "analysis").Events() {
		if err != nil {
			t.Fatal(err)
		}
		e.Data = bytes.Clone(e.Data)
		taped = append(taped, e)
	}
	if got := asJSON(t, Analyze(slices.Values(taped), o.Created)); got != want {
		t.Errorf("report of the tape:\n%s\nlive:\n%s", got, want)
	}
	redacted := redactedReport(t, events, o.Created)
	// What is redacted is all that differs.
	again := live
	again.Cookies = slices.Clone(live.Cookies)
	for i := range min(len(again.Cookies), len(redacted.Cookies)) {
		if value := string(again.Cookies[i].Value); strings.ContainsFunc(value, func(r rune) bool { return strings.ContainsRune("\",\t", r) || r >= 0x80 }) {
			// What is odd about the octets of a value goes with them.
			again.Cookies[i].Notes = redacted.Cookies[i].Notes
		}
		again.Cookies[i].Value = redacted.Cookies[i].Value
	}
	again.Hops = slices.Clone(live.Hops)
	for i, h := range again.Hops {
		if strings.Contains(string(h.Location), "@") && i < len(redacted.Hops) {
			again.Hops[i].Location = redacted.Hops[i].Location
		}
	}
	if got, want := asJSON(t, redacted), asJSON(t, again); got != want {
		t.Errorf("report of the redacted tape:\n%s\nlive:\n%s", got, want)
	}
	return live, err
}

// redactedReport gives the report of a tape without secrets.
func redactedReport(t *testing.T, events []wire.Event, created time.Time) Report {
	t.Helper()
	var file bytes.Buffer
	w := tape.NewWriter(&file, tape.Options{Created: created})
	r := redact.New(w.Spanned, redact.Options{})
	for _, e := range events {
		r.Event(e)
	}
	r.Flush()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out []wire.Event
	for e, err := range tape.NewReader(&file, "redacted").Events() {
		if err != nil {
			t.Fatal(err)
		}
		e.Data = bytes.Clone(e.Data)
		out = append(out, e)
	}
	return Analyze(slices.Values(out), created)
}

func asJSON(t *testing.T, r Report) string {
	t.Helper()
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// summary writes a report in a few lines, for the tables: hops, cookies, access,
// error, warnings. Addresses of the servers become A, B, ….
func summary(r Report, servers ...string) string {
	var b strings.Builder
	for _, h := range r.Hops {
		fmt.Fprintf(&b, "%d %s\n", h.Status, h.URL)
	}
	for _, c := range r.Cookies {
		fmt.Fprintf(&b, "cookie %s=%s hop %d %s\n", c.Name, c.Value, c.Hop, c.Verdict)
	}
	fmt.Fprintf(&b, "password %s %s", r.Password.Verdict, r.Password.Kind)
	for _, c := range r.Password.Challenges {
		fmt.Fprintf(&b, " %s(%s)", c.Scheme, c.Realm)
	}
	b.WriteByte('\n')
	if r.Error != "" {
		fmt.Fprintf(&b, "error %s\n", r.Error)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning %s\n", w)
	}
	s := b.String()
	for i, a := range servers {
		name := string(rune('A' + i))
		s = strings.ReplaceAll(s, a, name)
		_, port, _ := net.SplitHostPort(a)
		s = strings.ReplaceAll(s, ":"+port, ":port"+name)
	}
	return s
}

// fieldsOf makes fields of one name.
func fieldsOf(name string, values ...string) http1.Fields {
	var fs []http1.Field
	for _, v := range values {
		fs = append(fs, http1.Field{Name: []byte(name), Value: []byte(v)})
	}
	return http1.FieldsOf(fs...)
}
