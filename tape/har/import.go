package har

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"wiretape/wire"
	"wiretape/wire/token"
	"wiretape/wire/websocket"
)

// An Imported says what an archive was.
type Imported struct {
	Created time.Time // when the first entry began; zero when there is none
	Entries int
	Notes   []string // what was invented, and what was left out
}

// archive is the document as far as it is read.
type archive struct {
	Log *struct {
		Entries []json.RawMessage `json:"entries"`
	} `json:"log"`
}

// readEntry is an entry with members of browsers beside HAR's own.
type readEntry struct {
	entry
	Connection any             `json:"connection"` // some write a number
	Cache      json.RawMessage `json:"cache"`
	Security   struct {
		Protocol string `json:"protocol"`
	} `json:"_securityDetails"`
}

// Open reads an archive and gives what it was, before any event, and a function
// that gives the events in order. An error says what is no archive.
func Open(src io.Reader) (Imported, func(wire.Sink), error) {
	text, err := io.ReadAll(io.LimitReader(src, maxArchive+1))
	if err != nil {
		return Imported{}, nil, err
	}
	if len(text) > maxArchive {
		return Imported{}, nil, fmt.Errorf("longer than %d MiB", maxArchive>>20)
	}
	var doc archive
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &doc); err != nil {
		return Imported{}, nil, fmt.Errorf("no archive: %w", err)
	}
	if doc.Log == nil {
		return Imported{}, nil, fmt.Errorf(`no archive: no member "log"`)
	}
	im := importer{}
	for i, raw := range doc.Log.Entries {
		var e *readEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			return Imported{}, nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if e == nil {
			return Imported{}, nil, fmt.Errorf("entry %d: null, want an object", i+1)
		}
		if err := im.take(e); err != nil {
			return Imported{}, nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	if im.entries > 0 {
		im.said.order = append([]string{"HAR keeps no bytes: heads, framing, connections' ends and the times between are rebuilt, as HTTP/1.1"}, im.said.order...)
	}
	return Imported{Created: im.start(), Entries: im.entries, Notes: im.said.notes()}, im.give, nil
}

// An importer rebuilds connections.
type importer struct {
	conns   []*conn
	byKey   map[string]*conn
	entries int
	said    tally
}

// A conn is a connection with its events. Their At is since 1970.
type conn struct {
	facts  wire.Facts
	events []wire.Event
	taken  bool // by another protocol
}

// add adds an event, not before the one that is last.
func (c *conn) add(at time.Duration, e wire.Event) time.Duration {
	if n := len(c.events); n > 0 {
		at = max(at, c.events[n-1].At)
	}
	e.At = at
	c.events = append(c.events, e)
	return at
}

// start returns the time of the first event.
func (im *importer) start() (t time.Time) {
	for _, c := range im.conns {
		if at := time.Unix(0, int64(c.events[0].At)).UTC(); t.IsZero() || at.Before(t) {
			t = at
		}
	}
	return t
}

// give gives the events of all connections in the order of their times.
func (im *importer) give(sink wire.Sink) {
	type numbered struct {
		wire.Event
		of *conn
	}
	var all []numbered
	for _, c := range im.conns {
		for _, e := range c.events {
			all = append(all, numbered{e, c})
		}
		last := c.events[len(c.events)-1].At
		all = append(all, numbered{wire.Event{At: last, Kind: wire.KindClose}, c})
	}
	slices.SortStableFunc(all, func(a, b numbered) int { return cmp.Compare(a.At, b.At) })
	number := map[*conn]int{}
	for _, e := range all {
		if number[e.of] == 0 {
			number[e.of] = len(number) + 1
		}
		e.Conn = number[e.of]
		e.At -= all[0].At
		sink(e.Event)
	}
}

// take rebuilds an entry.
func (im *importer) take(e *readEntry) error {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return fmt.Errorf("url: %w", err)
	}
	if s := strings.ToLower(u.Scheme); s != "http" && s != "https" && s != "ws" && s != "wss" {
		im.said.add(fmt.Sprintf("an entry of the scheme %q, which is no HTTP, is left out", s))
		return nil
	}
	started, err := time.Parse(time.RFC3339Nano, e.Started)
	if err != nil {
		if started, err = time.Parse("2006-01-02T15:04:05.999999999Z0700", e.Started); err != nil {
			return fmt.Errorf("startedDateTime: %w", err)
		}
	}
	if y := started.Year(); y < 1970 || y > 2200 {
		return fmt.Errorf("startedDateTime %q: want a year from 1970 to 2200", e.Started)
	}
	im.entries++
	at := time.Duration(started.UnixNano())
	t := &e.Timings
	at += millis(t.Blocked)
	c, fresh, err := im.conn(e, u, at)
	if err != nil {
		return err
	}
	if fresh {
		at += millis(t.DNS) + millis(t.Connect)
	}
	body := im.requestBody(&e.Request)
	head := im.requestHead(&e.Request, u, len(body))
	at = c.add(at, wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: append(head, body...)})
	if e.Response.Status <= 0 {
		im.said.add("an entry has no response")
		return nil
	}
	at += millis(t.Send) + millis(t.Wait)
	head, body = im.response(&e.Request, &e.Response)
	at = c.add(at, wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: head})
	if len(body) > 0 {
		c.add(at+millis(t.Receive), wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: body})
	}
	if e.Response.Status == 101 {
		c.taken = true
		im.messages(c, e.Messages)
	}
	return nil
}

// conn returns the connection of an entry, and whether it is opened for it.
func (im *importer) conn(e *readEntry, u *url.URL, at time.Duration) (c *conn, fresh bool, err error) {
	scheme := strings.ToLower(u.Scheme)
	target, err := wire.ParseTarget(scheme + "://" + u.Host)
	if err != nil {
		return nil, false, err
	}
	id := ""
	switch v := e.Connection.(type) {
	case string:
		id = v
	case float64:
		id = strconv.FormatFloat(v, 'f', -1, 64)
	}
	key := id + " " + target.Address() + " " + scheme
	// Zero is what some write for "not known".
	shared := id != "" && id != "0"
	if c := im.byKey[key]; shared && c != nil && !c.taken {
		if c.events[len(c.events)-1].At > at {
			im.said.add("requests that overlapped on a connection stand one behind the other")
		}
		return c, false, nil
	}
	if !shared {
		im.said.add("an entry does not name its connection, and has one of its own")
	}
	facts := target.Facts()
	facts.Start = time.Unix(0, int64(at)).UTC()
	facts.Phases = wire.Phases{DNS: millis(e.Timings.DNS), Connect: max(0, millis(e.Timings.Connect)-millis(e.Timings.SSL))}
	if ip := net.ParseIP(strings.Trim(e.ServerIP, "[]")); ip != nil {
		facts.Remote = net.JoinHostPort(ip.String(), strconv.Itoa(int(target.Port)))
	}
	c = &conn{facts: facts}
	at += millis(e.Timings.DNS) + facts.Phases.Connect
	c.add(at, wire.Event{Kind: wire.KindOpen, Facts: &c.facts})
	if target.TLS {
		c.add(at+millis(e.Timings.SSL), wire.Event{Kind: wire.KindSecure, TLS: &wire.TLS{
			Version: im.version(e.Security.Protocol), ALPN: "http/1.1", Offered: []string{"http/1.1"},
			ServerName: target.Host, Took: millis(e.Timings.SSL),
		}})
	}
	im.conns = append(im.conns, c)
	if shared {
		if im.byKey == nil {
			im.byKey = map[string]*conn{}
		}
		im.byKey[key] = c
	}
	return c, true, nil
}

func (im *importer) version(name string) uint16 {
	switch name {
	case "TLS 1.0":
		return tls.VersionTLS10
	case "TLS 1.1":
		return tls.VersionTLS11
	case "TLS 1.2":
		return tls.VersionTLS12
	case "TLS 1.3", "QUIC":
		return tls.VersionTLS13
	}
	im.said.add("the version of TLS is not known: 1.3 stands for it")
	return tls.VersionTLS13
}

// requestBody returns the body of a request.
func (im *importer) requestBody(r *request) []byte {
	switch p := r.Post; {
	case p == nil:
		return nil
	case p.Encoding == "base64":
		if b, err := base64.StdEncoding.DecodeString(p.Text); err == nil {
			return b
		}
		im.said.add("a body in base64 that is none is taken as text")
		return []byte(p.Text)
	case p.Text == "" && len(p.Params) > 0:
		form := url.Values{}
		for _, f := range p.Params {
			form.Add(f.Name, f.Value)
		}
		im.said.add("a body is made of its parameters")
		return []byte(form.Encode())
	default:
		return []byte(p.Text)
	}
}

// requestHead rebuilds the head of a request.
func (im *importer) requestHead(r *request, u *url.URL, size int) []byte {
	method := r.Method
	if !token.Is(method) {
		im.said.add(fmt.Sprintf("a method that is none, %q: GET stands for it", method))
		method = "GET"
	}
	target := u.RequestURI()
	if method == "CONNECT" {
		target = u.Host
	}
	b := []byte(method + " " + clean(target) + " " + im.http(r.Version) + "\r\n")
	if _, ok := valueOf(r.Headers, "Host"); !ok {
		host, ok := valueOf(r.Headers, ":authority")
		if !ok {
			host = u.Host
			im.said.add("a Host field is taken from the URL")
		}
		b = appendField(b, "Host", host)
	}
	length := size > 0
	if v, ok := valueOf(r.Headers, "Content-Length"); ok && v == "0" {
		length = true
	}
	b = im.fields(b, r.Headers, func(name string) bool { return name == "sec-websocket-extensions" })
	if _, ok := valueOf(r.Headers, "Cookie"); !ok && len(r.Cookies) > 0 {
		var all []string
		for _, c := range r.Cookies {
			all = append(all, c.Name+"="+c.Value)
		}
		im.said.add("a Cookie field is made of the list of cookies")
		b = appendField(b, "Cookie", strings.Join(all, "; "))
	}
	if length {
		if _, ok := valueOf(r.Headers, "Content-Type"); !ok && r.Post != nil && r.Post.MimeType != "" {
			b = appendField(b, "Content-Type", r.Post.MimeType)
		}
		b = appendField(b, "Content-Length", strconv.Itoa(size))
	}
	return append(b, "\r\n"...)
}

// response rebuilds a response: its head and its body.
func (im *importer) response(q *request, r *response) (head, body []byte) {
	status := r.Status
	if status < 100 || status > 999 {
		im.said.add(fmt.Sprintf("a status that is none, %d: 502 stands for it", status))
		status = 502
	}
	// RFC 9112, section 6.3, items 1 and 2.
	bare := q.Method == "HEAD" || status < 200 || status == 204 || status == 304 || q.Method == "CONNECT" && status < 300
	c := &r.Content
	switch {
	case bare && c.Text != "":
		im.said.add("the body of a response that cannot have one (HEAD, 204, 304: it is that of a cache) is left out")
	case bare:
	case c.Encoding == "base64":
		var err error
		if body, err = base64.StdEncoding.DecodeString(c.Text); err != nil {
			im.said.add("a body in base64 that is none is taken as text")
			body = []byte(c.Text)
		}
	default:
		body = []byte(c.Text)
		if c.Text == "" && c.Size > 0 {
			im.said.add("a body is not in the archive: the response is empty")
		}
	}
	b := fmt.Appendf(nil, "%s %d %s\r\n", im.http(r.Version), status, clean(r.StatusText))
	b = im.fields(b, r.Headers, func(name string) bool {
		switch name {
		case "content-encoding":
			if len(body) > 0 {
				im.said.add("bodies are decoded: Content-Encoding is left out")
				return true
			}
		case "sec-websocket-extensions":
			im.said.add("messages of WebSocket are decoded: Sec-WebSocket-Extensions is left out")
			return true
		}
		return false
	})
	if _, ok := valueOf(r.Headers, "Set-Cookie"); !ok {
		for _, k := range r.Cookies {
			im.said.add("a Set-Cookie field is made of the list of cookies")
			b = appendField(b, "Set-Cookie", k.field())
		}
	}
	if !bare {
		b = appendField(b, "Content-Length", strconv.Itoa(len(body)))
	} else if v, ok := valueOf(r.Headers, "Content-Length"); ok && status >= 200 && status != 204 {
		b = appendField(b, "Content-Length", v)
	}
	return append(b, "\r\n"...), body
}

// field returns a cookie as Set-Cookie has it.
func (k *cookieOf) field() string {
	s := k.Name + "=" + k.Value
	if k.Path != "" {
		s += "; Path=" + k.Path
	}
	if k.Domain != "" {
		s += "; Domain=" + k.Domain
	}
	if t, err := time.Parse(time.RFC3339Nano, k.Expires); err == nil {
		s += "; Expires=" + t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	}
	if k.Secure {
		s += "; Secure"
	}
	if k.HTTPOnly {
		s += "; HttpOnly"
	}
	return s
}

// http returns the version in which a message of that version is rebuilt.
func (im *importer) http(version string) string {
	switch v := strings.ToUpper(version); v {
	case "HTTP/1.0", "HTTP/1.1":
		return v
	}
	if version == "" {
		version = "no version"
	}
	im.said.add(fmt.Sprintf("messages of %s are written as HTTP/1.1", version))
	return "HTTP/1.1"
}

// fields appends the fields that a rebuilt message may have: not those that say
// how the bytes were framed, nor those of left.
func (im *importer) fields(b []byte, fields []pair, left func(name string) bool) []byte {
	for _, f := range fields {
		name := strings.ToLower(f.Name)
		switch {
		case strings.HasPrefix(name, ":"), name == "content-length", left(name):
			continue
		case name == "transfer-encoding":
			im.said.add("Transfer-Encoding is left out: a length frames the body")
			continue
		case !token.Is(f.Name):
			im.said.add(fmt.Sprintf("a field whose name is none, %q, is left out", f.Name))
			continue
		}
		// Browsers join the fields of one name by line ends.
		for value := range strings.SplitSeq(f.Value, "\n") {
			b = appendField(b, f.Name, value)
		}
	}
	return b
}

func appendField(b []byte, name, value string) []byte {
	return append(b, name+": "+clean(value)+"\r\n"...)
}

// clean takes out of a value what would end its line.
func clean(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", " ", "\x00", "").Replace(s))
}

// messages rebuilds the frames of a WebSocket.
func (im *importer) messages(c *conn, all []message) {
	for _, m := range all {
		h := websocket.Frame{Fin: true, Opcode: websocket.Opcode(m.Opcode)}
		payload := []byte(m.Data)
		if m.Opcode != 1 {
			if b, err := base64.StdEncoding.DecodeString(m.Data); err == nil {
				payload = b
			}
		}
		if m.Opcode < 0 || m.Opcode > 15 {
			im.said.add("a message of WebSocket whose opcode is none is left out")
			continue
		}
		dir := wire.ServerToClient
		if m.Type == "send" {
			dir, h.Masked = wire.ClientToServer, true
			im.said.add("frames of WebSocket are rebuilt, those of the client with the mask 0")
		}
		h.Length = int64(len(payload))
		at := time.Duration(0)
		if m.Time > 0 && m.Time < 7e9 {
			at = time.Duration(m.Time * float64(time.Second))
		}
		c.add(at, wire.Event{Kind: wire.KindData, Dir: dir, Data: websocket.AppendFrame(nil, h, payload)})
	}
}
