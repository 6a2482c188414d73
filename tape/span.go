package tape

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// patternKinds are the kinds of span that are written "kind|sample".
var patternKinds = []SpanKind{
	SpanAny, SpanDate, SpanUUID, SpanToken, SpanInt, SpanHex, SpanB64, SpanIP,
	SpanJWT, SpanBoundary,
}

// encodings are the forms that a secret's value may take on the wire.
var encodings = []string{"raw", "pct", "json", "hex", "b64"}

// inSpan are the bytes that \xhh must stand for within a span.
const inSpan = "|}"

// maxSecret bounds the length that a secret span may claim, in bytes.
const maxSecret = 1 << 20

// fits reports what is wrong with the sample of a span that has a pattern.
func (s Span) fits(sample []byte) error {
	if s.Kind != SpanPattern {
		if !s.Kind.Fits(sample) {
			return bad("sample %s is no %s", shown(sample), s.Kind)
		}
		return nil
	}
	re, err := regexp.Compile(`^(?s:` + s.Pattern + `)$`)
	if err == nil && !re.Match(sample) {
		err = bad("sample %s does not match re:%s", shown(sample), s.Pattern)
	}
	return err
}

// check reports what is wrong with a span over data that is to be written.
func (s Span) check(data []byte) error {
	n := len(data)
	switch {
	case s.From < 0 || s.To < s.From || s.To > n:
		return bad("span %d..%d is not within %d bytes", s.From, s.To, n)
	case s.Kind == SpanSecret:
		if !isSecretID(s.ID) || s.To-s.From > maxSecret || s.Enc != "" && !slices.Contains(encodings, s.Enc) {
			return bad("secret span %q of %d bytes, encoding %q", s.ID, s.To-s.From, s.Enc)
		}
	case s.Kind == SpanRef || s.Kind == SpanWSAccept || s.Kind == SpanEncB64:
		if !isID(s.ID) {
			return bad("%s span: name %q", s.Kind, s.ID)
		}
	case s.Kind == SpanPattern || slices.Contains(patternKinds, s.Kind):
		if s.ID != "" && !isID(s.ID) {
			return bad("%s span: name %q", s.Kind, s.ID)
		}
		return s.fits(data[s.From:s.To])
	default:
		return bad("span of unknown kind %q", s.Kind)
	}
	return nil
}

// appendSpan appends the span with its sample.
func appendSpan(dst []byte, s Span, sample []byte) []byte {
	dst = append(dst, '\\', '{')
	switch s.Kind {
	case SpanSecret:
		dst = fmt.Appendf(dst, "secret %s %d", s.ID, len(sample))
		if s.Enc != "" {
			dst = append(append(dst, ' '), s.Enc...)
		}
	case SpanRef:
		dst = append(append(dst, '$'), s.ID...)
	case SpanWSAccept, SpanEncB64:
		dst = append(append(append(dst, s.Kind...), ' '), s.ID...)
	default:
		if s.ID != "" {
			dst = append(append(dst, s.ID...), '=')
		}
		dst = append(dst, s.Kind...)
		if s.Kind == SpanPattern {
			dst = append(dst, ':')
			dst = appendEscaped(dst, []byte(s.Pattern), inSpan)
		}
		dst = append(dst, '|')
		dst = appendEscaped(dst, sample, inSpan)
	}
	return append(dst, '}')
}

// maxCaptured bounds what a reader remembers of captured samples, in bytes.
const maxCaptured = 4 << 20

// captures are the samples of the spans with a name, for those that refer to
// them.
type captures struct {
	sample map[string][]byte
	size   int
}

func (c *captures) set(id string, sample []byte) error {
	old, known := c.sample[id]
	if known && bytes.Equal(old, sample) {
		return nil
	}
	if c.size += len(sample) + len(id) - len(old); c.size > maxCaptured {
		return bad("captured samples of more than %d bytes", maxCaptured)
	}
	if c.sample == nil {
		c.sample = make(map[string][]byte)
	}
	c.sample[id] = bytes.Clone(sample)
	return nil
}

// parse reads the span at the start of s, appends its sample to dst, and returns
// the length of the span in s.
func (c *captures) parse(dst, s []byte) ([]byte, Span, int, error) {
	end := bytes.IndexByte(s, '}')
	if end < 0 {
		return dst, Span{}, 0, bad("span %s has no end: want }", shown(s))
	}
	from := len(dst)
	dst, span, err := c.body(dst, s[len(`\{`):end])
	if err != nil {
		return dst, span, 0, bad("span %s: %w", shown(s[:end+1]), err)
	}
	span.From, span.To = from, len(dst)
	return dst, span, end + 1, nil
}

func (c *captures) body(dst, s []byte) ([]byte, Span, error) {
	if id, ok := bytes.CutPrefix(s, []byte("$")); ok {
		return c.refer(dst, SpanRef, string(id))
	}
	if head, sample, ok := bytes.Cut(s, []byte("|")); ok {
		return c.pattern(dst, head, sample)
	}
	words := strings.Split(string(s), " ")
	switch kind := SpanKind(words[0]); kind {
	case SpanSecret:
		return secret(dst, words[1:])
	case SpanWSAccept, SpanEncB64:
		if len(words) != 2 {
			return dst, Span{}, bad("want %s NAME", kind)
		}
		return c.refer(dst, kind, words[1])
	}
	return dst, Span{}, bad("want $NAME, secret NAME LENGTH, or [NAME=]KIND|SAMPLE")
}

// secret reads the words of \{secret ID len [enc]}.
func secret(dst []byte, words []string) ([]byte, Span, error) {
	if len(words) < 2 || len(words) > 3 {
		return dst, Span{}, bad("want secret NAME LENGTH [ENCODING]")
	}
	span := Span{Kind: SpanSecret, ID: words[0]}
	if !isSecretID(span.ID) {
		return dst, span, bad("name %q: want letters, digits and _", span.ID)
	}
	n, err := strconv.ParseUint(words[1], 10, 31)
	if err != nil || n > maxSecret {
		return dst, span, bad("length %q: want a number up to %d", words[1], maxSecret)
	}
	if len(words) == 3 {
		if span.Enc = words[2]; !slices.Contains(encodings, span.Enc) {
			return dst, span, bad("encoding %q: want %s", span.Enc, strings.Join(encodings, ", "))
		}
	}
	return append(dst, SecretSample(span.ID, int(n), span.Enc)...), span, nil
}

// refer gives the span that is, or is computed from, what was captured as id.
func (c *captures) refer(dst []byte, kind SpanKind, id string) ([]byte, Span, error) {
	span := Span{Kind: kind, ID: id}
	if !isID(id) {
		return dst, span, bad("name %q: want letters, digits, _ - and .", id)
	}
	sample, ok := c.sample[id]
	if !ok {
		return dst, span, bad("%q is not captured before this line", id)
	}
	switch kind {
	case SpanWSAccept:
		// RFC 6455, section 4.2.2, item 5.4.
		sum := sha1.Sum(append(bytes.Clone(sample), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
		return base64.StdEncoding.AppendEncode(dst, sum[:]), span, nil
	case SpanEncB64:
		return base64.StdEncoding.AppendEncode(dst, sample), span, nil
	}
	return append(dst, sample...), span, nil
}

// pattern reads [NAME=]KIND|SAMPLE.
func (c *captures) pattern(dst, head, sample []byte) ([]byte, Span, error) {
	var span Span
	kind := string(head)
	// A name is before the first "=", and a "re:" may hold more of them.
	if id, rest, ok := strings.Cut(kind, "="); ok && !strings.HasPrefix(kind, "re:") {
		if !isID(id) {
			return dst, span, bad("name %q: want letters, digits, _ - and .", id)
		}
		span.ID, kind = id, rest
	}
	from := len(dst)
	if re, ok := strings.CutPrefix(kind, "re:"); ok {
		p, err := unescapeAll(nil, []byte(re))
		if err != nil {
			return dst, span, err
		}
		if _, err := regexp.Compile(string(p)); err != nil {
			return dst, span, err
		}
		span.Kind, span.Pattern = SpanPattern, string(p)
	} else if span.Kind = SpanKind(kind); !slices.Contains(patternKinds, span.Kind) {
		return dst, span, bad("kind %q is not known", kind)
	}
	dst, err := unescapeAll(dst, sample)
	if err == nil {
		err = span.fits(dst[from:])
	}
	if err == nil && span.ID != "" {
		err = c.set(span.ID, dst[from:])
	}
	return dst, span, err
}

// unescapeAll appends s with its escapes undone; there are no spans in it.
func unescapeAll(dst, s []byte) ([]byte, error) {
	for len(s) > 0 {
		n := literal(s)
		if bytes.IndexByte(s[:n], '|') >= 0 {
			return dst, bad(`"|" within a span: write it as \x7c`)
		}
		dst, s = append(dst, s[:n]...), s[n:]
		if len(s) == 0 {
			break
		}
		var err error
		if s[0] == '\\' {
			if len(s) > 1 && s[1] == '{' {
				return dst, bad("spans do not nest")
			}
			dst, n, err = unescape(dst, s)
		} else if n, err = checkRune(s); err == nil {
			dst = append(dst, s[:n]...)
		}
		if err != nil {
			return dst, err
		}
		s = s[n:]
	}
	return dst, nil
}

func isSecretID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func isID(s string) bool {
	return s != "" && isSecretID(strings.NewReplacer("-", "_", ".", "_").Replace(s))
}

// SecretSample invents the n bytes that stand in a record for a secret, as a
// [Reader] gives them for \{secret ID n enc}. They depend on nothing but the
// arguments, so that what was redacted live reads alike from the tape.
func SecretSample(id string, n int, enc string) []byte {
	word := strings.ToLower(id)
	if word == "" {
		word = "secret"
	}
	b := bytes.Repeat([]byte(word), n/len(word)+1)
	switch enc {
	case "b64":
		// A name and a password, as Basic has them.
		b = bytes.Repeat([]byte(word+":"), n/len(word)+1)
		b = base64.RawStdEncoding.AppendEncode(nil, b)
	case "hex":
		b = fmt.Appendf(nil, "%x", b)
	}
	return b[:n]
}
