package console

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A draft is text being edited, one rune per thing that the cursor can stand
// on. Two kinds of things are no characters and are kept as runes of the last
// private-use plane, which no font and no keyboard uses: a line end inside a
// draft, and a byte that is a control character or no UTF-8. The plane below
// U+10FE00 carries the keys that the editor library has no rune for.
const (
	keyFirst    = 0x10FD00
	keyDelete   = keyFirst + 0x01 // Delete; never the end of input
	keyEscape   = keyFirst + 0x02 // Esc pressed alone
	keyPaste    = keyFirst + 0x03 // a paste waits to be taken
	softNewline = keyFirst + 0x0A // a line end that does not submit

	rawFirst = 0x10FE00 // + the byte
	rawLast  = rawFirst + 0xFF
)

func rawRune(b byte) rune { return rawFirst + rune(b) }

func isRaw(r rune) bool { return r >= rawFirst && r <= rawLast }

// isOurs reports whether r is one of the runes above. One that comes from
// outside is taken apart into its bytes, so that nobody can type a key.
func isOurs(r rune) bool { return r >= keyFirst && r <= rawLast }

// appendDraftRune appends r as text of a draft: as itself when it can be
// shown, otherwise as its bytes.
func appendDraftRune(dst []rune, r rune) []rune {
	if isOurs(r) || unicode.IsControl(r) {
		for _, b := range utf8.AppendRune(nil, r) {
			dst = append(dst, rawRune(b))
		}
		return dst
	}
	return append(dst, r)
}

// encodeDraft makes a draft of text. CRLF, CR and LF each become one soft
// newline; control characters and bytes that are no UTF-8 become raw runes.
func encodeDraft(text []byte) []rune {
	out := make([]rune, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == '\r' && len(text) > 1 && text[1] == '\n':
			n = 2
			fallthrough
		case r == '\r', r == '\n':
			out = append(out, softNewline)
		case r == utf8.RuneError && n == 1:
			out = append(out, rawRune(text[0]))
		default:
			out = appendDraftRune(out, r)
		}
		text = text[n:]
	}
	return out
}

// decodeDraft returns the bytes that a draft stands for, soft newlines as LF.
func decodeDraft(draft []rune) string {
	var b strings.Builder
	for _, r := range draft {
		switch {
		case r == softNewline:
			b.WriteByte('\n')
		case isRaw(r):
			b.WriteByte(byte(r - rawFirst))
		case !isOurs(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// splitDraft cuts a submitted draft at its soft newlines. Enter right after
// one adds no line of its own: the line end is already there to be seen.
func splitDraft(draft []rune) [][]rune {
	var lines [][]rune
	start := 0
	for i, r := range draft {
		if r == softNewline {
			lines = append(lines, draft[start:i])
			start = i + 1
		}
	}
	if start < len(draft) || len(lines) == 0 {
		lines = append(lines, draft[start:])
	}
	return lines
}

// lineText returns a line as ReadLine hands it out. A first byte that was
// quoted on purpose, and that a reader of the line would take for a mark, is
// preceded by [Quoted].
func lineText(line []rune) string {
	s := decodeDraft(line)
	if len(line) > 0 && isRaw(line[0]) && (s[0] == '.' || s[0] == Command || s[0] == Quoted) {
		return string(rune(Quoted)) + s
	}
	return s
}
