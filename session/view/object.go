package view

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"wiretape/wire/content"
)

// An object writes JSON, field by field, in the order of the calls. A name of ""
// is for what stands in an array.
type object struct {
	b       []byte
	content *content.Body // of the Message, once it was asked for
	decoded content.Limits
}

// key appends what stands before a value: a comma unless it is the first, and
// its name.
func (j *object) key(name string) {
	if c := j.b[len(j.b)-1]; c != '{' && c != '[' {
		j.b = append(j.b, ',')
	}
	if name != "" {
		j.b = append(j.b, '"')
		j.b = append(j.b, name...)
		j.b = append(j.b, '"', ':')
	}
}

func (j *object) int(name string, n int64) {
	j.key(name)
	j.b = strconv.AppendInt(j.b, n, 10)
}

// code appends a number that its protocol has a word for, and the word: "code" is a
// number wherever it stands.
func (j *object) code(n int64, name string) {
	j.int("code", n)
	j.string("code_name", name)
}

func (j *object) bool(name string, is bool) {
	j.key(name)
	j.b = strconv.AppendBool(j.b, is)
}

func (j *object) string(name, s string) { j.bytes(name, []byte(s)) }

func (j *object) bytes(name string, s []byte) {
	j.key(name)
	j.b = appendJSONString(j.b, s)
}

func (j *object) base64(name string, s []byte) {
	j.key(name)
	j.b = append(j.b, '"')
	j.b = base64.StdEncoding.AppendEncode(j.b, s)
	j.b = append(j.b, '"')
}

func (j *object) array(name string) {
	j.key(name)
	j.b = append(j.b, '[')
}

func (j *object) end() { j.b = append(j.b, ']') }

func (j *object) open(name string) {
	j.key(name)
	j.b = append(j.b, '{')
}

func (j *object) shut() { j.b = append(j.b, '}') }

// appendJSONString appends s as a JSON string, or {"base64":"…"} where it is not
// UTF-8. RFC 8259, section 7, wants less escaped than this does: whatever a
// terminal would obey or not show stands as \uXXXX, since people look at JSON
// too.
func appendJSONString(dst, s []byte) []byte {
	if !utf8.Valid(s) {
		dst = append(dst, `{"base64":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, s)
		return append(dst, `"}`...)
	}
	dst = append(dst, '"')
	for len(s) > 0 {
		c := s[0]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRune(s)
			if invisible(r) {
				dst = appendJSONRune(dst, r)
			} else {
				dst = append(dst, s[:n]...)
			}
			s = s[n:]
			continue
		}
		s = s[1:]
	}
	return append(dst, '"')
}

// appendJSONRune appends \uXXXX, or two of them as surrogates.
func appendJSONRune(dst []byte, r rune) []byte {
	if r >= 0x10000 {
		r -= 0x10000
		dst = appendJSONRune(dst, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
