package redact

import (
	"bytes"
	"strings"
)

// secretNames are the parameters of queries and forms, and the members of JSON
// objects, whose values are secret: in lower case, without "-" and "_".
var secretNames = [...]struct {
	name string
	base string
	end  bool // also at the end of a longer name
}{
	{"password", "PASSWORD", true},
	{"passwd", "PASSWD", true},
	{"accesstoken", "ACCESS_TOKEN", true},
	{"refreshtoken", "REFRESH_TOKEN", true},
	{"clientsecret", "CLIENT_SECRET", true},
	{"apikey", "API_KEY", true},
	{"token", "TOKEN", false},
}

// seekMode is where a seeker stands.
type seekMode uint8

const (
	seekTrigger   seekMode = iota // nowhere
	seekColon                     // behind a colon: slashes of a URL, or a value of JSON
	seekForm                      // in the value of a parameter
	seekString                    // in a string of JSON
	seekNumber                    // in a number of JSON
	seekAuthority                 // behind the slashes of a URL
	seekJWT                       // behind "eyJ"
	seekLabel                     // in what is left of a private key's first line
	seekKey                       // in a private key
	seekLine                      // in a field's value, which the reader of lines did not know
)

// lookBack is how far before a trigger a name is looked for, in octets.
const lookBack = 64

// A seeker finds what is secret within text: parameters of queries and forms and
// members of JSON by their names, the userinfo of URLs, JSON web tokens, private
// keys in PEM, and fields of malformed heads. It looks at "=", ":", "J" and "Y",
// with which each begins, and back from there.
type seeker struct {
	back  [lookBack]byte // the octets before what comes next
	known int            // how many of them are
	mode  seekMode
	base  string

	named   bool // seekColon: a value of this name may follow
	quoted  bool // the name was in quotes
	slashes int  // seekColon: of the URL; seekString: backslashes before what comes next; seekLabel, seekKey: dashes
	escaped int  // seekColon: a backslash is before what comes next; seekKey: octets of an escape to come
	quote   byte // that ends the value; 0 for none
	nested  bool // the JSON stands in a string of JSON
	inside  bool // a part of the value was masked
	first   bool // the value has not begun
}

// run goes over b[from:to], notes the secrets in r, and returns how much is
// decided. A value that is not over is held from its beginning on, but not before
// least; when final, it is masked as far as it is there.
func (k *seeker) run(r *Redactor, b []byte, from, to, least int, final bool) int {
	i := from
	next := triggers{b: b[:to]}
	for i < to {
		switch k.mode {
		case seekTrigger:
			if i = next.after(i); i < to {
				k.trigger(k.before(b, from, i), b[i])
				i++
			}
		case seekColon, seekLabel:
			if k.step(b[i]) {
				i++
			}
		case seekNumber, seekKey:
			i = k.overwrite(r, b[:to], i)
		default:
			if k.first && (k.mode == seekForm) && b[i] == '"' {
				k.quote, k.first = '"', false
				i++
				continue
			}
			n, ends := k.value(b[i:to])
			switch {
			case ends:
			case n >= maxHeld:
				n = maxHeld
			case !final && i >= least:
				k.keep(b, from, i)
				return i
			}
			k.mask(r, b, i, i+n, ends)
			i += n
		}
	}
	k.keep(b, from, to)
	return to
}

// within returns what is secret in a value that stands alone. It is valid until the
// next call.
func (r *Redactor) within(k *seeker, text []byte) []mark {
	inline, patches := r.inline, r.patches
	r.inline, r.patches = r.alone[:0], nil
	k.run(r, text, 0, len(text), len(text), true)
	r.alone, r.inline, r.patches = r.inline, inline, patches
	return r.alone
}

// reset forgets all: what follows is text of its own.
func (k *seeker) reset() { *k = seeker{} }

// keep remembers the octets before b[to].
func (k *seeker) keep(b []byte, from, to int) {
	p := k.before(b, from, to)
	k.known = copy(k.back[:], p)
}

// before returns up to lookBack octets before b[i], of which b has those from
// from on.
func (k *seeker) before(b []byte, from, i int) []byte {
	if i-from >= lookBack || k.known == 0 {
		return b[max(from, i-lookBack):i]
	}
	var room [2 * lookBack]byte
	p := append(append(room[:0], k.back[:k.known]...), b[from:i]...)
	return p[max(0, len(p)-lookBack):]
}

// triggers finds the octets at which a seeker looks.
type triggers struct {
	b  []byte
	at [4]int // where each stands next, and 1 more; 0 for not looked for
}

// after returns the first place from i on that is worth a look, or the end.
func (t *triggers) after(i int) int {
	for {
		best := len(t.b)
		for k, c := range [...]byte{'=', ':', 'J', 'Y'} {
			if t.at[k] <= i {
				t.at[k] = len(t.b) + 1
				if j := bytes.IndexByte(t.b[i:], c); j >= 0 {
					t.at[k] = i + j + 1
				}
			}
			best = min(best, t.at[k]-1)
		}
		if best == len(t.b) || best == 0 || worthALook[t.b[best-1]]&lookAt(t.b[best]) != 0 ||
			t.b[best] == ':' && (best+1 == len(t.b) || t.b[best+1] == '/' || t.b[best+1] == '\\') {
			return best
		}
		i = best + 1
	}
}

// lookAt returns the bit of a trigger in worthALook.
func lookAt(c byte) uint8 {
	switch c {
	case '=':
		return 1
	case ':':
		return 2
	case 'J':
		return 4
	}
	return 8
}

// worthALook has by octet the triggers that it may stand before.
var worthALook = func() (t [256]uint8) {
	for _, n := range secretNames {
		c := n.name[len(n.name)-1]
		t[c] |= 1 | 2
		t[c-'a'+'A'] |= 1 | 2
	}
	for _, f := range secretFields {
		c := f.name[len(f.name)-1]
		t[c] |= 2
		t[c-'a'+'A'] |= 2
	}
	for _, c := range "]" {
		t[c] |= 1
	}
	for c := range ' ' + 1 {
		t[c] |= 2 // also in the name of a malformed head
	}
	for _, c := range "\"'\x7f" {
		t[c] |= 2
	}
	t['y'] |= 4
	t['E'] |= 8
	return t
}()

// trigger looks at what stands before the octet c.
func (k *seeker) trigger(p []byte, c byte) {
	k.mode, k.base, k.named, k.quoted, k.slashes, k.escaped = seekTrigger, "", false, false, 0, 0
	k.quote, k.nested, k.inside, k.first = 0, false, false, false
	switch c {
	case '=':
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

// trimBracket takes off the bracket of user[password].
func trimBracket(p []byte) []byte {
	for _, s := range []string{"]", "%5D", "%5d"} {
		if bytes.HasSuffix(p, []byte(s)) {
			return p[:len(p)-len(s)]
		}
	}
	return p
}

// baseBefore returns what a secret is named after whose name p ends with, "" for
// none.
func baseBefore(p []byte) string {
	var room [lookBack]byte
	at := len(room)
	for i := len(p) - 1; i >= 0 && at > 0; i-- {
		c := p[i]
		switch {
		case c == '-' || c == '_':
			continue
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			i = 0
			continue
		}
		at--
		room[at] = c
	}
	name := room[at:]
	if len(name) < len("token") {
		return ""
	}
	for _, n := range secretNames {
		if string(name) == n.name || n.end && strings.HasSuffix(string(name), n.name) {
			return n.base
		}
	}
	return ""
}

// malformedField returns what the name of a field is to us that p ends with, where
// a line begins at a bare CR or control octets stand in the name: there are
// readers that take it for a field.
func malformedField(p []byte) fieldKind {
	n := len(p)
	if n == 0 || p[n-1] > ' ' && worthALook[p[n-1]]&2 == 0 {
		return plainField
	}
	i := bytes.LastIndexAny(p, "\r\n")
	if i < 0 && n == lookBack {
		return plainField
	}
	odd := i >= 0 && p[i] == '\r'
	var room [lookBack]byte
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
	return strings.HasSuffix(s, " PRIVATE KE")
}

// step takes an octet behind a colon, or of the first line of a key, and reports
// whether it is a part of that.
func (k *seeker) step(c byte) bool {
	if k.mode == seekLabel {
		switch {
		case c == '-':
			k.slashes++
		case k.slashes >= 5:
			k.mode, k.slashes = seekKey, 0
			return false
		case k.slashes > 0 || c != ' ' && c != '+' && c != '%' && (c < '0' || c > '9') && (c < 'A' || c > 'Z'):
			k.mode = seekTrigger
			return false
		}
		return true
	}
	switch {
	case c == '\\' && k.escaped == 0:
		k.escaped = 1
		return true
	case c == '/' && !k.first:
		k.escaped = 0
		if k.slashes++; k.slashes == 2 {
			k.mode, k.base, k.first = seekAuthority, "USERINFO", true
		}
		return true
	case k.named && k.slashes == 0 && k.escaped == 0 && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
		k.first = true // no URL
		return true
	case k.named && k.slashes == 0 && (c == '"' || c == '\''):
		k.mode, k.quote, k.nested = seekString, c, k.escaped > 0
		return true
	case k.named && k.quoted && k.slashes == 0 && (c == '-' || c >= '0' && c <= '9'):
		k.mode = seekNumber
		return false
	}
	k.mode = seekTrigger
	return false
}

// value returns how many octets of b belong to the value, and whether its end is
// there.
func (k *seeker) value(b []byte) (n int, ends bool) {
	b = b[:min(len(b), maxHeld)]
	slashes := k.slashes
	for i, c := range b {
		switch k.mode {
		case seekForm:
			if c < ' ' || c == 0x7f || c == '"' || k.quote == 0 && (c == ' ' || c == '&' || c == '<' || c == '>') {
				return i, true
			}
		case seekString:
			switch {
			case c == '\\':
				slashes++
				continue
			case c < ' ':
				return i, true
			case c == k.quote && (k.nested && slashes <= 1 || !k.nested && slashes%2 == 0):
				if k.nested {
					i -= min(i, slashes)
				}
				return i, true
			}
			slashes = 0
		case seekAuthority:
			switch {
			case c <= ' ' || c == 0x7f || strings.IndexByte(`"'<>\`, c) >= 0:
				return i, true
			case (c == '/' || c == '?' || c == '#') && (bytes.IndexByte(b[:i], '@') >= 0 || !mayBeUser(b[:i])):
				return i, true
			}
		case seekJWT:
			if !isBase64URL(c) && c != '.' {
				return i, true
			}
		case seekLine:
			if c == '\n' {
				return i, true
			}
			if c == '\r' && i+1 < len(b) && b[i+1] != ' ' && b[i+1] != '\t' {
				return i, true
			}
		}
	}
	return len(b), false
}

// mask notes what is secret of the value in b[from:to].
func (k *seeker) mask(r *Redactor, b []byte, from, to int, ends bool) {
	v := b[from:to]
	enc := ""
	switch k.mode {
	case seekForm:
		if bytes.IndexByte(v, '%') >= 0 {
			enc = "pct"
		}
	case seekString:
		if bytes.IndexByte(v, '\\') >= 0 {
			enc = "json"
		}
		k.slashes = len(v) - len(bytes.TrimRight(v, `\`))
	case seekAuthority:
		k.maskUser(r, v, from, ends)
		v = nil
	case seekJWT:
		dot := bytes.IndexByte(v, '.')
		switch {
		case k.inside:
		case ends && bytes.Count(v, []byte(".")) >= 2 && dot >= minJWTHead:
		case !ends && (dot >= minJWTHead || dot < 0 && len(v) >= minJWTHead && len(v) < maxHeld):
			k.inside = true
		default:
			v = nil
		}
		if ends && k.inside && len(v) > 0 && v[len(v)-1] == '.' {
			v = v[:len(v)-1]
		}
	case seekLine:
		n := len(v)
		v = bytes.TrimLeft(v, " \t")
		from += n - len(v)
		v = bytes.TrimRight(v, " \t\r")
	}
	addMarks(v, from, k.base, enc, &r.inline)
	k.first = false
	if ends || k.mode == seekJWT && !k.inside {
		k.mode = seekTrigger
	}
}

// minJWTHead is the length of the shortest header of a JSON web token behind its
// "eyJ", in octets.
const minJWTHead = 7

// maskUser notes the userinfo of an authority (RFC 3986, section 3.2), in whose
// password some write what should be coded. Of one that is not over, what may be a
// password.
func (k *seeker) maskUser(r *Redactor, v []byte, at int, ends bool) {
	user := v[:max(0, bytes.LastIndexByte(v, '@'))]
	if !ends && len(user) == 0 {
		if !mayBeUser(v) {
			return
		}
		user = v
	}
	name, password, _ := bytes.Cut(user, []byte(":"))
	addMarks(name, at, k.base, "", &r.inline)
	addMarks(password, at+len(name)+1, k.base, "", &r.inline)
}

// mayBeUser reports whether what stands before a "/" is no host with a port.
func mayBeUser(v []byte) bool {
	_, port, ok := bytes.Cut(v, []byte(":"))
	return ok && v[0] != '[' && len(bytes.Trim(port, "0123456789")) > 0
}

// overwrite goes over a number or a key from b[i] on, of which no span is made: a
// number stays one, and a key has as many lines as it has. It returns where it
// stopped.
func (k *seeker) overwrite(r *Redactor, b []byte, i int) int {
	for ; i < len(b); i++ {
		c := b[i]
		if k.mode == seekNumber {
			switch {
			case c >= '0' && c <= '9':
				r.overwrite(i, '1')
				r.ids.count(k.base)
			case strings.IndexByte("+-.eE", c) < 0:
				k.mode = seekTrigger
				return i
			}
			continue
		}
		dashes := k.slashes
		k.slashes = 0
		switch {
		case k.escaped > 0:
			k.escaped--
		case c == '\\':
			k.escaped = 1
		case c == '%':
			k.escaped = 2
		case c == '-':
			if k.slashes = dashes + 1; k.slashes == 5 {
				k.mode, k.slashes = seekTrigger, 0
				return i + 1
			}
		case isBase64URL(c) || c == '+' || c == '/' || c == '=':
			r.overwrite(i, 'x')
			r.ids.count("PRIVATE_KEY")
		case c != '\r' && c != '\n' && c != ' ' && c != '\t' && c != ':' && c != ',':
			k.mode = seekTrigger
			return i
		}
	}
	return i
}

func isBase64URL(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
