package expr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd     tokenKind = iota
	tokName              // a plain word
	tokText              // in quotes; value is the string
	tokNumber            // value is a float64: seconds, octets or what it is
	tokCompare           // == != < <= > >= =~ !~
	tokMark              // ! && || ( ) . [ ]
)

// A token is a word of an expression.
type token struct {
	kind  tokenKind
	at    int
	text  string // as written
	value any
}

func (t token) is(mark string) bool { return t.kind == tokMark && t.text == mark }

func (t token) shown() string {
	if t.kind == tokEnd {
		return "the end"
	}
	return strconv.Quote(t.text)
}

// raw returns what stands in the quotes as it is.
func (t token) raw() string { return t.text[1 : len(t.text)-1] }

// marks are all tokens but names and literals, longer ones first.
var marks = []struct {
	text string
	kind tokenKind
}{
	{"==", tokCompare}, {"!=", tokCompare}, {"<=", tokCompare}, {">=", tokCompare}, {"=~", tokCompare}, {"!~", tokCompare},
	{"&&", tokMark}, {"||", tokMark},
	{"<", tokCompare}, {">", tokCompare}, {"!", tokMark}, {"(", tokMark}, {")", tokMark}, {".", tokMark}, {"[", tokMark}, {"]", tokMark},
}

// next reads the next token.
func (p *parser) next() error {
	p.end = p.at
	p.at += len(p.text[p.at:]) - len(strings.TrimLeft(p.text[p.at:], " \t\r\n"))
	rest := p.text[p.at:]
	p.tok = token{at: p.at}
	if rest == "" {
		return nil
	}
	switch c := rest[0]; {
	case c == '"' || c == '\'':
		return p.quoted(rest)
	case isDigit(c) || c == '-' && len(rest) > 1 && isDigit(rest[1]):
		return p.number(rest)
	case isNameStart(c):
		p.take(tokName, nameAt(rest), nil)
		return nil
	}
	for _, m := range marks {
		if strings.HasPrefix(rest, m.text) {
			p.take(m.kind, m.text, nil)
			return nil
		}
	}
	switch rest[0] {
	case '=':
		return p.fail("= alone: == compares")
	case '&', '|':
		return p.fail("%c alone: %[1]c%[1]c joins", rest[0])
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return p.fail("%q has no meaning here", r)
}

func (p *parser) take(k tokenKind, text string, v any) {
	p.tok.kind, p.tok.text, p.tok.value = k, text, v
	p.at += len(text)
}

func isDigit(c byte) bool     { return c >= '0' && c <= '9' }
func isNameStart(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// isNameByte reports whether c stands within a plain word: field names and most
// names of cookies are such.
func isNameByte(c byte) bool { return isNameStart(c) || isDigit(c) || c == '-' }

func nameAt(s string) string {
	i := 0
	for i < len(s) && isNameByte(s[i]) {
		i++
	}
	return s[:i]
}

// escapes are what a backslash and a letter stand for. With any other letter it
// stands for itself.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '"': '"', '\'': '\''}

// quoted reads a text up to the quote that it begins with.
func (p *parser) quoted(s string) error {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			p.take(tokText, s[:i+1], b.String())
			return nil
		case s[i] != '\\' || i+1 == len(s):
			b.WriteByte(s[i])
		case s[i+1] == 'x' && i+3 < len(s):
			v, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
			if err != nil {
				b.WriteByte('\\')
				continue
			}
			b.WriteByte(byte(v))
			i += 3
		default:
			c, ok := escapes[s[i+1]]
			if !ok {
				b.WriteByte('\\')
				c = s[i+1]
			}
			b.WriteByte(c)
			i++
		}
	}
	return p.fail("no closing %c", s[0])
}

// units are what may follow a number: seconds or octets.
var units = map[string]float64{
	"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800,
	"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
}

// number reads a number, or several with units: 1h30m.
func (p *parser) number(s string) error {
	sum, i := 0.0, 0
	negative := s[0] == '-'
	if negative {
		i++
	}
	for first := true; i < len(s) && isDigit(s[i]); first = false {
		from := i
		for i < len(s) && (isDigit(s[i]) || s[i] == '.' && i+1 < len(s) && isDigit(s[i+1])) {
			i++
		}
		n, err := strconv.ParseFloat(s[from:i], 64)
		if err != nil {
			return p.fail("%s is no number", s[from:i])
		}
		unit := i
		for i < len(s) && (isNameStart(s[i]) || s[i] >= utf8.RuneSelf) {
			i++
		}
		if unit == i && first {
			sum = n
			break
		}
		factor, ok := units[s[unit:i]]
		if !ok {
			return p.fail("%s: the unit %q is not known: %s", s[:i], s[unit:i], knownUnits)
		}
		sum += n * factor
	}
	if negative {
		sum = -sum
	}
	p.take(tokNumber, s[:i], sum)
	return nil
}

const knownUnits = "ns us ms s m h d w, B kB MB GB KiB MiB GiB"

// shownNumber writes a number as people do.
func shownNumber(f float64) string {
	if f == float64(int64(f)) {
		return strconv.FormatInt(int64(f), 10)
	}
	return fmt.Sprint(f)
}
