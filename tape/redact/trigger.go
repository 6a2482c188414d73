package redact

import (
	"bytes"
	"strings"
)

// lookBack is how far before a trigger a name is looked for, in octets.
const lookBack = 160

// anchors are the octets at which a seeker looks, at the last of them in XML only:
// to look for one more takes a fifth of the time more.
const anchors = "=:JY>"

// triggers finds them.
type triggers struct {
	b   []byte
	low int               // from where on b has what stands before them
	at  [len(anchors)]int // where each stands next; negative for not looked for
	xml bool              // the last is looked for
}

// after returns the first place from i on that is worth a look, or the end.
func (t *triggers) after(i int) int {
	best := len(t.b)
	for k := range t.at {
		if k == len(anchors)-1 && !t.xml {
			break
		}
		if t.at[k] < i {
			t.at[k] = t.find(k, i)
		}
		best = min(best, t.at[k])
	}
	return best
}

// find returns the first place from i on where anchor k stands and is worth a look,
// or the end. Most are not: it is told by the octets beside it, if they are here.
func (t *triggers) find(k, i int) int {
	c := anchors[k]
	for ; i < len(t.b); i++ {
		n := bytes.IndexByte(t.b[i:], c)
		if n < 0 {
			break
		}
		i += n
		if i-t.low < 2 {
			return i
		}
		p, q := t.b[i-1], t.b[i-2]
		switch {
		case p == 's' && q == 'n' && c <= '=':
			return i // xmlns
		case worthALook[p]>>k&1 == 0 && (c != ':' || i+1 < len(t.b) && t.b[i+1] != '/' && t.b[i+1] != '\\'):
		case c == 'J' && q != 'e', c == 'Y' && q != 'K', c == '=' && (p|0x20 == 'e' || p == '4' || p == '9') && q|0x20 != 'm' && (q < '4' || q > '7'):
		default:
			return i
		}
	}
	return len(t.b)
}

// worthALook has by octet the anchors that it may stand before, a bit for each.
var worthALook = func() (t [256]uint8) {
	for _, n := range secretNames {
		c := n.name[len(n.name)-1]
		t[c] |= 1 | 2 | 16
		t[c-'a'+'A'] |= 1 | 2 | 16
		t["0123456789abcdef"[c&0xf]] |= 1 // of the last letter, escaped
	}
	for _, f := range secretFields {
		c := f.name[len(f.name)-1]
		t[c] |= 2
		t[c-'a'+'A'] |= 2
	}
	for _, c := range "-_" {
		t[c] |= 1 | 2 | 16
	}
	t[']'] |= 1
	t['e'] |= 1 // of the name of a part
	t['E'] |= 1
	for c := range ' ' + 1 {
		t[c] |= 2 | 16 // also in the name of a malformed head
	}
	for _, c := range "\"'\x7f" {
		t[c] |= 2 | 16 // also of an attribute
	}
	t['y'] |= 4
	t['E'] |= 8
	return t
}()

// trigger looks at what stands before the octet c.
func (k *seeker) trigger(p []byte, c byte) {
	k.mode, k.base, k.named, k.quoted, k.slashes, k.escaped = seekTrigger, "", false, false, 0, 0
	k.quote, k.nested, k.inside, k.first, k.list, k.closing = 0, false, false, false, false, false
	if c <= '=' && beginsXML(p, c) {
		k.xml = true
	}
	if worth := len(p) > 0 && worthALook[p[len(p)-1]]>>strings.IndexByte(anchors, c)&1 != 0; !worth {
		// What is passed over where there is much is nothing where there is little.
		if c == ':' {
			k.mode = seekColon // of a URL
		}
		return
	}
	switch c {
	case '=':
		if namesPart(p) {
			k.mode, k.part, k.first = seekPartName, k.part[:0], true
			return
		}
		if base := baseBefore(trimBracket(p)); base != "" {
			k.mode, k.base, k.first = seekForm, base, true
		}
	case ':':
		k.mode = seekColon
		p = bytes.TrimRight(p, " \t")
		if n := len(p); n > 0 && (p[n-1] == '"' || p[n-1] == '\'') {
			k.quoted = true
			p = bytes.TrimRight(p[:n-1], `\`)
		}
		k.base = baseBefore(p)
		if k.named = k.base != ""; k.named || k.quoted {
			return
		}
		if kind := malformedField(p); kind != plainField {
			k.mode, k.base = seekLine, "AUTH"
			switch kind {
			case cookieField, setCookieField:
				k.base = "COOKIE"
			case keyField, protocolsField:
				k.base = "TOKEN"
			}
		}
	case '>':
		if base := elementBase(p); base != "" {
			k.mode, k.base, k.first = seekElement, base, true
		}
	case 'J':
		if n := len(p); n >= 2 && p[n-2] == 'e' && p[n-1] == 'y' && (n == 2 || !isBase64URL(p[n-3])) {
			k.mode, k.base = seekJWT, "JWT"
		}
	case 'Y':
		if bytes.HasSuffix(p, []byte("KE")) && beginsKey(p) {
			k.mode = seekLabel
		}
	}
}

// maxFieldName is how much of a malformed field's name is looked at, octets.
const maxFieldName = 64

// malformedField returns what the name of a field is to us that p ends with, where
// a line begins at a bare CR or control octets stand in the name: there are
// readers that take it for a field.
func malformedField(p []byte) fieldKind {
	p = p[max(0, len(p)-maxFieldName):]
	n := len(p)
	last := n - 1
	for last >= 0 && (p[last] < ' ' || p[last] == 0x7f) {
		last--
	}
	if last < 0 || worthALook[p[last]]&2 == 0 {
		return plainField
	}
	i := bytes.LastIndexAny(p, "\r\n")
	if i < 0 && n == maxFieldName {
		return plainField
	}
	odd := i >= 0 && p[i] == '\r'
	var room [maxFieldName]byte
	name := room[:0]
	for _, c := range p[i+1:] {
		if c < ' ' && c != '\t' || c == 0x7f {
			odd = true
			continue
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		name = append(name, c)
	}
	if !odd {
		return plainField // whoever reads lines has seen it
	}
	return kindOf(name)
}

// beginsKey reports whether p ends with the first line of a private key up to the
// last letter of KEY (RFC 7468, section 10), its blanks also as forms have them.
func beginsKey(p []byte) bool {
	i := bytes.LastIndex(p, []byte("-----BEGIN"))
	if i < 0 {
		return false
	}
	s := strings.NewReplacer("%20", " ", "+", " ").Replace(string(p[i:]))
	return strings.HasSuffix(s, " PRIVATE KE") && !strings.Contains(s[len("-----BEGIN"):], "-----")
}
