package lint

import (
	"bytes"
	"crypto/sha256"
	"math"
	"regexp"
	"slices"
	"sort"
	"strings"

	"wiretape/tape"
	"wiretape/wire"
)

// knownKeys are the forms of the keys of well-known services.
var knownKeys = []struct {
	name string
	re   *regexp.Regexp
}{
	{"GITHUB_TOKEN", regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})`)},
	{"GITLAB_TOKEN", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"AWS_KEY", regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`)},
	{"SLACK_TOKEN", regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`)},
	{"STRIPE_KEY", regexp.MustCompile(`\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}`)},
	{"GOOGLE_KEY", regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}`)},
	{"NPM_TOKEN", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}`)},
	{"SENDGRID_KEY", regexp.MustCompile(`\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`)},
}

// telling finds a value under a name that tells of a secret: a field of a head, a
// parameter, a member of JSON.
var telling = regexp.MustCompile(`(?i)([A-Za-z0-9_-]*(?:secret|token|passw|passphrase|credential|api-?_?key|auth|session|signature|private)[A-Za-z0-9_-]*)"?\s*[:=]\s*"?([A-Za-z0-9+/_.~=-]{16,})`)

// values finds what may be a random value.
var values = regexp.MustCompile(`[A-Za-z0-9+/_~-]{16,}={0,2}`)

// harmless are fields whose values are random, or are sent back, and open nothing.
var harmless = []string{
	"etag", "if-none-match", "if-match", "sec-websocket-key", "sec-websocket-accept", "traceparent", "tracestate",
	"x-request-id", "x-correlation-id", "x-amzn-trace-id", "x-amz-cf-id", "cf-ray", "user-agent", "server", "location", "host",
	"content-security-policy", "integrity", "digest", "content-md5", "repr-digest", "content-digest", "report-to", "nel", "link",
}

// look looks at the text of a data line, but for what is masked.
func (c *checker) look(rec *tape.Record, masked []bool) {
	data := rec.Event.Data
	isMasked := func(from, to int) bool {
		return len(masked) > 0 && slices.Contains(masked[from:to], true)
	}
	// A byte that every known key and telling name needs keeps long binary cheap.
	if rec.Form == tape.Raw && !isText(data[:min(len(data), 512)]) {
		return
	}
	for _, k := range knownKeys {
		for _, at := range k.re.FindAllIndex(data, 100) {
			if !isMasked(at[0], at[1]) {
				c.add(Finding{Line: rec.Line, Kind: Known, Name: k.name, Size: at[1] - at[0], Why: "it has the form of such a key"})
			}
		}
	}
	if isHarmless(data) {
		return
	}
	for _, at := range telling.FindAllSubmatchIndex(data, 100) {
		v := data[at[4]:at[5]]
		if !isMasked(at[4], at[5]) && isRandom(v) && !c.streams.invented(v, string(data[at[2]:at[3]])) {
			c.add(Finding{Line: rec.Line, Kind: Random, Name: nameOf(data[at[2]:at[3]]), Size: len(v), Why: "a random value under a telling name"})
		}
	}
	for _, at := range values.FindAllIndex(data, 1000) {
		v := data[at[0]:at[1]]
		if isMasked(at[0], at[1]) || !isRandom(v) || isCompound(v) {
			continue
		}
		if line := c.echo.sent(rec.Event.Conn, rec.Event.Dir, v, rec.Line); line > 0 {
			c.add(Finding{Line: rec.Line, Kind: Echoed, Name: "VALUE", Size: len(v), Why: "a random value that the server sent (line " + itoa(line) + ") and the client sends back (wiretape fmt --commit)"})
		}
	}
}

func itoa(n int) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append(b, byte('0'+n%10))
	}
	slices.Reverse(b)
	return string(b)
}

// nameOf makes a name of a secret of what it is called.
func nameOf(b []byte) string {
	s := strings.ToUpper(strings.ReplaceAll(string(b), "-", "_"))
	return strings.Trim(s, "_")
}

// isHarmless reports whether a line is a field of those.
func isHarmless(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	return ok && slices.Contains(harmless, strings.ToLower(string(name)))
}

// isRandom reports whether a value looks as if it were made by chance: letters and
// digits mixed, no word, no date, no path.
func isRandom(v []byte) bool {
	v = bytes.TrimRight(v, "=")
	if len(v) < 16 || bytes.Count(v, []byte("/")) > 1 && len(v) < 64 {
		return false
	}
	var count [256]int
	digits, changes, last := 0, 0, byte(0)
	for _, c := range v {
		count[c]++
		kind := byte('l')
		switch {
		case c >= '0' && c <= '9':
			kind = 'd'
			digits++
		case c >= 'A' && c <= 'Z':
			kind = 'u'
		}
		if kind != last {
			changes++
		}
		last = kind
	}
	entropy := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(v))
			entropy -= p * math.Log2(p)
		}
	}
	return digits >= 2 && digits < len(v) && changes >= len(v)/5 && entropy >= 3.2
}

// isCompound reports whether v is words with numbers, as the names of algorithms
// are that two sides offer each other: curve25519-sha256.
func isCompound(v []byte) bool {
	for _, word := range bytes.FieldsFunc(v, func(r rune) bool { return r == '-' || r == '_' || r == '/' }) {
		if len(word) >= 12 && bytes.ContainsAny(word, "0123456789") {
			return false
		}
	}
	return true
}

// maxEchoed bounds the values of servers that are remembered.
const maxEchoed = 64 << 10

// echo remembers what servers sent: sums of it.
type echo struct {
	lines map[[sha256.Size]byte]int
}

// sent takes a random value, and returns the line on which the server sent it that
// a client sends back, 0 for none.
func (e *echo) sent(_ int, dir wire.Dir, v []byte, line int) int {
	sum := sha256.Sum256(v)
	if dir == wire.ClientToServer {
		return e.lines[sum]
	}
	if e.lines == nil {
		e.lines = make(map[[sha256.Size]byte]int)
	}
	if _, known := e.lines[sum]; !known && len(e.lines) < maxEchoed {
		e.lines[sum] = line
	}
	return 0
}

// maxLines bounds the places of lines that are remembered of one stream.
const maxLines = 1 << 20

// A lineIndex knows on which lines the octets of streams stand.
type lineIndex struct {
	sides map[side]*lineSide
}

type lineSide struct {
	size  int64
	lines []lineAt
}

func (x *lineIndex) add(rec *tape.Record) {
	if x.sides == nil {
		x.sides = make(map[side]*lineSide)
	}
	k := side{rec.Event.Conn, rec.Event.Dir}
	s := x.sides[k]
	if s == nil {
		s = new(lineSide)
		x.sides[k] = s
	}
	if n := len(s.lines); n < maxLines && (n == 0 || s.lines[n-1].line != rec.Line) {
		s.lines = append(s.lines, lineAt{s.size, rec.Line})
	}
	s.size += int64(len(rec.Event.Data))
}

// at returns the line of an octet, 0 where it is not known.
func (x *lineIndex) at(conn int, dir wire.Dir, off int64) int {
	s := x.sides[side{conn, dir}]
	if s == nil {
		return 0
	}
	i := sort.Search(len(s.lines), func(i int) bool { return s.lines[i].off > off })
	if i == 0 {
		return 0
	}
	return s.lines[i-1].line
}
