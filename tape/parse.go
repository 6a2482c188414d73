package tape

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wiretape/wire"
)

// endKey is the metadata that says that a recording ended in order.
const endKey = "end"

// maxConn is the largest number of a connection.
const maxConn = 999_999_999

// A parser reads lines, and knows of those before what a line may depend on.
type parser struct {
	clock    time.Duration
	created  time.Time // metadata; zero when not there
	profile  profile
	started  bool // a socket record was read
	ended    bool // "; end" was read
	captures captures
	order    order
	within   bool   // reading began within the tape
	raw      int64  // the length of the raw block that the last line announced
	leaf     string // what the last "= tls" said of the certificate to come; "" for nothing
	tls      int    // the connection of the "= tls" that a certificate may follow; 0 for none
}

// line reads a line that is no data, without its line end.
func (p *parser) line(r *Record, s []byte) error {
	r.Kind, r.Key, r.Value, r.Args, r.Conn, r.Wait = 0, "", "", nil, 0, Wait{}
	if len(s) == 0 {
		r.Kind = Blank
		return nil
	}
	if !utf8.Valid(s) {
		return bad("line is not UTF-8: %s", shown(s))
	}
	if s[0] == '#' {
		r.Kind, r.Value = Comment, string(s[1:])
		return nil
	}
	if p.ended && s[0] != ';' {
		return bad("%s after the end of the recording", shown(s))
	}
	conn, rest, err := cutConn(s)
	if err != nil {
		return err
	}
	numbered := len(rest) < len(s)
	if len(rest) < 2 || rest[1] != ' ' {
		return bad("%s: want a blank after %q, or one of the records # ; ! %% ~ = > <", shown(s), rest[:min(1, len(rest))])
	}
	mark, rest := rest[0], rest[2:]
	if numbered && mark != '=' && mark != '!' {
		return bad("%s: a number stands before = ! > and < only", shown(s))
	}
	if mark != ';' && mark != '=' {
		p.tls = 0
	}
	switch mark {
	case ';':
		r.Kind = Meta
		return p.meta(r, rest)
	case '%':
		r.Kind, r.Value = Mark, string(rest)
		return nil
	case '~':
		r.Kind = Time
		if r.Wait, err = parseWait(string(rest)); err != nil {
			return err
		}
		if p.clock += r.Wait.Min; p.clock > maxDuration {
			return bad("clock at %s: want less than %s", p.clock, maxDuration)
		}
		return nil
	case '!':
		r.Kind = Rule
		if numbered {
			r.Conn = conn
		}
		return p.rule(r, rest)
	case '=':
		r.Kind = Socket
		p.started = true
		return p.socket(r, conn, rest)
	}
	return bad("%s: no record begins with %q", shown(s), mark)
}

// cutConn cuts the number of a connection off a line; without one it is 1.
func cutConn(s []byte) (int, []byte, error) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 0 {
		return 1, s, nil
	}
	conn, err := strconv.Atoi(string(s[:n]))
	if err != nil || conn > maxConn || s[0] == '0' {
		return 0, s, bad("connection %s: want 1 to %d", shown(s[:n]), maxConn)
	}
	return conn, s[n:], nil
}

func (p *parser) meta(r *Record, s []byte) error {
	key, value, _ := bytes.Cut(s, []byte(" "))
	r.Key, r.Value = string(key), string(value)
	switch r.Key {
	case "":
		return bad("metadata without a key")
	case endKey:
		p.ended = true
		if r.Value != "" {
			return bad("%q after ; end", r.Value)
		}
	case "profile":
		if p.started {
			// What is written of a run would hang on where within it this stands.
			return bad("profile after the first socket record: it stands before it")
		}
		switch r.Value {
		case capture.String():
			p.profile = capture
		case commit.String():
			p.profile = commit
		default:
			return bad("profile %q: want capture or commit", r.Value)
		}
	case "created":
		t, err := time.Parse(time.RFC3339Nano, r.Value)
		if err != nil {
			return bad("created %q: want a time like 2026-11-23T10:00:00Z", r.Value)
		}
		p.created = t
	}
	return nil
}

func (p *parser) rule(r *Record, s []byte) (err error) {
	if r.Key, r.Args, err = parseRule(s); err != nil {
		return err
	}
	switch {
	case r.Conn > 0 && r.Key != perConnection:
		return bad("rule %s is for the whole tape: no number before it", r.Key)
	case r.Conn == 0 && p.started:
		return bad("rule %s after the first socket record: rules stand before it", r.Key)
	}
	return nil
}

func (p *parser) socket(r *Record, conn int, s []byte) error {
	n := bytes.IndexByte(s, ' ')
	if n < 0 {
		n = len(s)
	}
	r.Key, r.Value = string(s[:n]), string(bytes.TrimPrefix(s[n:], []byte(" ")))
	r.Event = wire.Event{Conn: conn, At: p.clock}
	if r.Key == certVerb {
		if p.tls != conn {
			return bad("cert without a tls record of its connection before it")
		}
		der, err := parseCert(s[n:])
		if err != nil {
			return err
		}
		if p.leaf != "" && leaf(der) != p.leaf {
			return bad("cert is %s, leaf= says %s", leaf(der), p.leaf)
		}
		p.leaf = ""
		r.Continues = true
		r.Event.Kind, r.Event.TLS = wire.KindSecure, &wire.TLS{Certificates: [][]byte{der}}
		return nil
	}
	p.tls, p.leaf = 0, ""
	words, err := parseSocket(r.Key, s[n:], &r.Event)
	if err == nil {
		if err = p.order.event(conn, r.Event.Kind); p.within {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	switch r.Event.Kind {
	case wire.KindSecure:
		p.tls, p.leaf = conn, strings.ToLower(words.key("leaf"))
	case wire.KindOpen:
		if f := r.Event.Facts; !p.created.IsZero() {
			f.Start = p.created.Add(p.clock - f.Phases.DNS - f.Phases.Connect)
		}
	}
	return nil
}

// data reads a data line without its line end, whose connection is cut off, and
// appends its bytes to dst. Of a raw block only the announcement is a line: then
// p.raw is its length.
func (p *parser) data(dst, s []byte) ([]byte, Form, []Span, error) {
	p.raw, p.tls = 0, 0
	if p.ended {
		return dst, Text, nil, bad("%s after the end of the recording", shown(s))
	}
	if len(s) == 1 {
		return dst, Text, nil, nil
	}
	rest := s[2:]
	switch s[1] {
	case ' ':
		dst, spans, err := p.text(dst, rest)
		return dst, Text, spans, err
	case 'x':
		dst, err := parseHex(dst, rest)
		return dst, Hex, nil, err
	case 'b':
		b64, ok := bytes.CutPrefix(rest, []byte(" "))
		if !ok || len(b64) == 0 || bytes.IndexByte(b64, '\r') >= 0 {
			return dst, Base64, nil, bad("%s: want a blank and base64", shown(s))
		}
		out, err := base64.StdEncoding.Strict().AppendDecode(dst, b64)
		if err != nil {
			return dst, Base64, nil, bad("%s: %w", shown(s), err)
		}
		return out, Base64, nil, nil
	case '@':
		digits, ok := bytes.CutPrefix(rest, []byte(" "))
		n, err := strconv.ParseUint(string(digits), 10, 62)
		if !ok || err != nil || n == 0 || digits[0] == '0' {
			return dst, Raw, nil, bad("raw block %s: want @, a blank and its length in bytes", shown(s))
		}
		p.raw = int64(n)
		return dst, Raw, nil, nil
	case s[0]:
		return dst, Text, nil, bad("%s: is this a conflict marker of git? want a blank, x, b or @ after %q", shown(s), s[:1])
	}
	return dst, Text, nil, bad("%s: want a blank, x, b or @ after %q", shown(s), s[:1])
}

// text reads what follows the blank of a line of text.
func (p *parser) text(dst, s []byte) ([]byte, []Span, error) {
	if len(s) > 0 && s[len(s)-1] == ' ' {
		return dst, nil, bad(`line ends in a space: write the last one as \x20`)
	}
	var spans []Span
	start := len(dst)
	for {
		n := literal(s)
		dst = append(dst, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			break
		}
		var err error
		switch {
		case s[0] != '\\':
			if n, err = checkRune(s); err == nil {
				dst = append(dst, s[:n]...)
			}
		case len(s) == 4 && string(s) == `\r\n`:
			dst = append(dst, '\r', '\n')
			n = 4
		case len(s) > 1 && s[1] == '{':
			var span Span
			dst, span, n, err = p.captures.parse(dst, s)
			span.From, span.To = span.From-start, span.To-start
			spans = append(spans, span)
		default:
			dst, n, err = unescape(dst, s)
		}
		if err == nil && len(dst)-start > maxLine {
			err = bad("line stands for more than %d bytes", maxLine)
		}
		if err != nil {
			return dst, nil, err
		}
		s = s[n:]
	}
	return dst, spans, nil
}

// parseHex reads pairs of hex digits, each with a blank before it or none.
func parseHex(dst, s []byte) ([]byte, error) {
	for i := 0; i < len(s); {
		if s[i] == ' ' {
			i++
		}
		if i+2 > len(s) || unhex[s[i]]|unhex[s[i+1]] >= 16 {
			return dst, bad("hex %s: want pairs of hex digits", shown(s[i:]))
		}
		dst = append(dst, unhex[s[i]]<<4|unhex[s[i+1]])
		i += 2
	}
	return dst, nil
}
