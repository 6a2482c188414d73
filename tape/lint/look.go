package lint

import (
	"bytes"
	"crypto/sha256"
	"iter"
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
	name  string
	words []string // of which each has one
	re    *regexp.Regexp
}{
	{"GITHUB_TOKEN", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"}, regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})`)},
	{"GITLAB_TOKEN", []string{"glpat-"}, regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"AWS_KEY", []string{"AKIA", "ASIA"}, regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`)},
	{"SLACK_TOKEN", []string{"xox"}, regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`)},
	{"STRIPE_KEY", []string{"k_live_", "k_test_"}, regexp.MustCompile(`\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}`)},
	{"GOOGLE_KEY", []string{"AIza"}, regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}`)},
	{"NPM_TOKEN", []string{"npm_"}, regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}`)},
	{"SENDGRID_KEY", []string{"SG."}, regexp.MustCompile(`\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`)},
}

// tellingWords are those in a name that tell of a secret, in lower case.
var tellingWords = []string{"secret", "token", "passw", "passphrase", "credential", "apikey", "api_key", "api-key", "api-_key", "auth", "session", "signature", "private"}

var (
	nameClass  = classOf("_-")
	valueClass = classOf("+/_.~=-")
	plainClass = classOf("+/_~-") // of what may be a random value wherever it stands
)

const (
	maxName  = 256 // of a name that tells of a secret, octets that are looked at
	minValue = 16
)

// telling gives what stands in b under a name that tells of a secret, as a field of a
// head, a parameter or a member of JSON.
func telling(b []byte) iter.Seq2[[]byte, [2]int] {
	return func(yield func(name []byte, value [2]int) bool) {
		last := 0 // where the value before ends
		for i := 0; i < len(b); i++ {
			n := bytes.IndexAny(b[i:], ":=")
			if n < 0 {
				return
			}
			i += n
			from := skip(b, i+1)
			if from < len(b) && b[from] == '"' {
				from++
			}
			to := valueClass.end(b[:min(len(b), from+minValue)], from)
			if to-from < minValue {
				continue
			}
			name := bytes.TrimRight(b[min(i, max(last, i-maxName)):i], " \t\r\n\f")
			name = bytes.TrimSuffix(name, []byte{'"'})
			k := len(name)
			for k > 0 && nameClass[name[k-1]] {
				k--
			}
			name = name[k:]
			low := bytes.ToLower(name)
			if !slices.ContainsFunc(tellingWords, func(w string) bool { return bytes.Contains(low, []byte(w)) }) {
				continue
			}
			to = valueClass.end(b, to)
			if !yield(name, [2]int{from, to}) {
				return
			}
			i, last = to-1, to
		}
	}
}

// skip returns where the blanks end that stand at b[i].
func skip(b []byte, i int) int {
	for i < len(b) && strings.IndexByte(" \t\r\n\f", b[i]) >= 0 {
		i++
	}
	return i
}

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
		for _, at := range findAll(k.re, k.words, data) {
			if !isMasked(at[0], at[1]) {
				c.add(Finding{Line: rec.Line, Kind: Known, Name: k.name, Size: at[1] - at[0], Why: "it has the form of such a key"})
			}
		}
	}
	if isHarmless(data) {
		return
	}
	for name, at := range telling(data) {
		v := data[at[0]:at[1]]
		if !isMasked(at[0], at[1]) && isRandom(v) && !c.streams.invented(v, string(name)) {
			c.add(Finding{Line: rec.Line, Kind: Random, Name: nameOf(name), Size: len(v), Why: "a random value under a telling name"})
		}
	}
	for from, to := range plainClass.runs(data, minValue) {
		to = padded(data, to)
		v := data[from:to]
		if isMasked(from, to) || !isRandom(v) || isCompound(v) {
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
