package script

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// maxCurlBody bounds the body that stands on a command line, where a system takes
// some 128 KiB in one argument: 96 KiB.
const maxCurlBody = 96 << 10

// Curl writes a command line of curl for each request of HTTP on a tape. It quotes
// for a POSIX shell.
func Curl(dst io.Writer, r *tape.Reader) (Result, error) {
	w := curl{out: bufio.NewWriter(dst), facts: map[int]*wire.Facts{}, verify: map[int]string{}, said: map[string]bool{}}
	stream := detect.New(detect.Options{})
	take := func(all []proto.Message) {
		for i := range all {
			w.message(&all[i])
		}
	}
	for e, err := range r.Events() {
		if err != nil {
			return w.res, err
		}
		switch e.Kind {
		case wire.KindOpen:
			w.facts[e.Conn] = e.Facts
		case wire.KindSecure:
			w.verify[e.Conn] = e.TLS.Verify
		}
		take(stream.Feed(e))
		if e.Kind == wire.KindClose {
			delete(w.facts, e.Conn)
			delete(w.verify, e.Conn)
		}
	}
	take(stream.Close())
	return w.res, w.out.Flush()
}

// Command returns the command line of curl that makes one request of HTTP, on a
// connection with these facts, which may be nil. It is "" for a Message that no
// command line makes; lost is what of it is not in the line, or why there is none.
func Command(m *proto.Message, f *wire.Facts) (line string, lost []string) {
	var b strings.Builder
	w := curl{out: bufio.NewWriter(&b), facts: map[int]*wire.Facts{}, said: map[string]bool{}}
	if f != nil {
		w.facts[m.Conn] = f
	}
	w.message(m)
	w.out.Flush() // to a Builder: no error
	return strings.TrimSuffix(b.String(), "\n"), w.res.Lost
}

type curl struct {
	out    *bufio.Writer
	facts  map[int]*wire.Facts
	verify map[int]string // as TLS.Verify
	said   map[string]bool
	res    Result
}

func (w *curl) lose(text string) {
	if !w.said[text] {
		w.said[text] = true
		w.res.Lost = append(w.res.Lost, text)
	}
}

func (w *curl) message(m *proto.Message) {
	r, ok := m.Value.(*http1.Request)
	switch {
	case ok && r.Method == "CONNECT":
		w.lose("CONNECT, which is curl's --proxy, is left out")
		return
	case !ok:
		if m.Dir == wire.ClientToServer && m.Proto != detect.HTTP2 && !m.Derived {
			w.lose(fmt.Sprintf("what is said in %s, which is no HTTP, is left out", m.Proto))
		}
		return
	case r.Target == "" || strings.ContainsAny(r.Method+r.Target, "\x00\r\n"):
		w.lose("a request without a method or a target is left out")
		return
	}
	args := []string{"curl", "--globoff", "--path-as-is"}
	switch {
	case m.Proto == detect.HTTP2 && m.Secure:
		args = append(args, "--http2")
	case m.Proto == detect.HTTP2:
		args = append(args, "--http2-prior-knowledge")
	case r.Version == "HTTP/1.0":
		args = append(args, "--http1.0")
	default:
		args = append(args, "--http1.1")
	}
	if v := w.verify[m.Conn]; m.Secure && v != "" && v != "ok" {
		args = append(args, "--insecure")
		w.lose("a certificate that did not verify is not asked for: --insecure")
	}
	body := m.Body.Size > 0
	switch {
	case r.Method == "HEAD":
		args = append(args, "--head")
	case r.Method == "GET" && !body, r.Method == "POST" && body:
	default:
		args = append(args, "-X", r.Method)
	}
	args = append(args, w.url(m, r)...)
	args = w.fields(args, r, body)
	if body {
		switch data := m.Body.Data; {
		case m.Body.Cut || len(data) > maxCurlBody:
			w.lose(fmt.Sprintf("a body of %d octets, which no command line takes, is left out", m.Body.Size))
		case bytes.IndexByte(data, 0) >= 0:
			// An argument ends at NUL; printf makes what the shell cannot hold.
			args = append(args, "--data-binary", "@-")
			w.line(`printf '` + octal(data) + `' | ` + command(args))
			return
		default:
			// "@" at its start would name a file.
			args = append(args, "--data-raw", string(data))
		}
	}
	w.line(command(args))
}

func (w *curl) line(s string) {
	fmt.Fprintln(w.out, s)
	w.res.Commands++
}

// url returns the arguments that say where a request goes: the URL, and the peer
// where the Host field names another.
func (w *curl) url(m *proto.Message, r *http1.Request) []string {
	scheme := "http"
	if m.Secure {
		scheme = "https"
	}
	var args []string
	host := r.Host()
	f := w.facts[m.Conn]
	if f != nil && f.Network == "unix" {
		args = append(args, "--unix-socket", f.Target)
	}
	if host == "" && f != nil {
		host = f.Target
	}
	if host == "" || strings.ContainsAny(host, "/?#@ \t") {
		host = "localhost"
		w.lose("a request that names no host goes to localhost")
	}
	absolute := strings.HasPrefix(r.Target, "http://")
	switch {
	case f == nil || f.Network != "tcp" || f.Via != "":
	case absolute:
		// The form of a request to a proxy (RFC 9112, section 3.2.2).
		args = append(args, "--proxy", scheme+"://"+f.Target)
		if !r.Fields.Has("Proxy-Connection") {
			args = append(args, "-H", "Proxy-Connection:")
		}
	case !sameHost(host, f.Target, m.Secure):
		args = append(args, "--connect-to", "::"+f.Target)
	}
	switch {
	case absolute:
		args = append(args, r.Target)
	case strings.HasPrefix(r.Target, "/") && !strings.ContainsFunc(r.Target, rewritten):
		args = append(args, scheme+"://"+host+r.Target)
	default:
		args = append(args, "--request-target", r.Target, scheme+"://"+host+"/")
	}
	return args
}

// rewritten reports whether curl sends a character of a URL otherwise than it stands:
// it takes off what follows #, and codes what is not ASCII.
func rewritten(c rune) bool { return c == '#' || c <= ' ' || c >= 0x7f }

// sameHost reports whether a Host field leads to the target of the connection.
func sameHost(host, target string, secure bool) bool {
	port := ":80"
	if secure {
		port = ":443"
	}
	return strings.EqualFold(host, target) || strings.EqualFold(host+port, target)
}

// fields appends the fields: those that curl sends by itself are taken away where
// the request has none.
func (w *curl) fields(args []string, r *http1.Request, body bool) []string {
	for _, name := range []string{"User-Agent", "Accept"} {
		if !r.Fields.Has(name) {
			args = append(args, "-H", name+":")
		}
	}
	if body && !r.Fields.Has("Content-Type") {
		args = append(args, "-H", "Content-Type:")
	}
	for _, f := range r.Fields.List() {
		name, value := string(f.Name), string(f.Value)
		switch strings.ToLower(name) {
		case "content-length":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && (body || n == 0) {
				if n == 0 {
					args = append(args, "-H", "Content-Length: 0")
				}
				continue // curl counts
			}
		case "host":
			if name != "Host" && name != "host" {
				w.lose("curl writes the name of the Host field its own way")
			}
			if value == r.Host() {
				continue
			}
		}
		if strings.ContainsAny(name+value, "\x00\r\n") {
			w.lose("a field that no command line can have is left out")
			continue
		}
		if value == "" {
			args = append(args, "-H", name+";")
		} else {
			args = append(args, "-H", name+": "+value)
		}
	}
	return args
}

// command returns a command line.
func command(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = Quote(a)
	}
	return strings.Join(quoted, " ")
}

// Quote returns s as a POSIX shell reads it; a control octet, which a terminal
// would obey, stands as an escape within $'…', as POSIX.1-2024 has it.
func Quote(s string) string {
	plain := s != ""
	control := false
	for i := range len(s) {
		c := s[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_./:@%+,=", c) >= 0)
		control = control || c < ' ' || c >= 0x7f
	}
	switch {
	case plain:
		return s
	case !control:
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	b := []byte("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c >= 0x7f:
			b = fmt.Appendf(b, `\%03o`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '\''))
}

// octal returns b as the format of printf.
func octal(b []byte) string {
	out := make([]byte, 0, 4*len(b))
	for _, c := range b {
		out = fmt.Appendf(out, `\%03o`, c)
	}
	return string(out)
}
