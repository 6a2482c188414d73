package redact

import (
	"bytes"
	"slices"
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
	seekPartName                  // in the name of a part of a form
	seekPartHead                  // in what is left of that part's head
	seekPart                      // in that part's first line
)

// lookBack is how far before a trigger a name is looked for, in octets.
const lookBack = 64

// A seeker finds what is secret within text: parameters of queries and forms and
// members of JSON and parts of forms by their names, the userinfo of URLs, JSON web tokens, private
// keys in PEM, and fields of malformed heads. It looks at "=", ":", "J" and "Y",
// with which each begins, and back from there.
type seeker struct {
	pos   int            // index of the octet that comes next
	holds bool           // a value
	start int            // where what is held of it begins
	back  [lookBack]byte // the octets before that, or before pos
	known int            // how many of them are
	mode  seekMode
	base  string

	named   bool   // seekColon: a value of this name may follow
	quoted  bool   // the name was in quotes
	slashes int    // seekColon: of the URL; seekString: backslashes before what comes next; seekLabel, seekKey: dashes
	escaped int    // seekColon: a backslash is before what comes next; seekKey: octets of an escape to come
	quote   byte   // that ends the value; 0 for none
	nested  bool   // the JSON stands in a string of JSON
	list    bool   // the value stands in an array of JSON
	closing bool   // seekColon: the quote that ends a string of the array comes next
	inside  bool   // a part of the value was masked
	first   bool   // the value has not begun
	part    []byte // seekPartName: the name so far
	user    userinfo
}

// A userinfo is what an authority has so far that may be one.
type userinfo struct {
	bracket  bool // it begins with one: an address of IPv6
	colon    bool
	password bool // behind the colon stands more than a port
	at       bool
}

// run goes over b up to to and notes the secrets in r. A value that is not over
// is held from its beginning on.
func (k *seeker) run(r *results, b []byte, to int) {
	low, i := k.low(), k.pos
	if i >= to {
		return
	}
	next := triggers{b: b[:to], low: low, at: [...]int{-1, -1, -1, -1}}
	for i < to {
		switch k.mode {
		case seekTrigger:
			if i = next.after(i); i < to {
				k.trigger(k.before(b, low, i), b[i])
				i++
			}
		case seekColon, seekLabel:
			if k.step(b[i]) {
				i++
			}
		case seekPartName, seekPartHead:
			k.partHead(b[i])
			i++
		case seekNumber, seekKey:
			i = k.overwrite(r, b[:to], i)
		default:
			if k.first && k.mode == seekForm && !k.holds && b[i] == '"' {
				k.quote, k.first = '"', false
				i++
				continue
			}
			if !k.holds {
				k.holds, k.start, k.user = true, i, userinfo{}
			}
			n, ends := k.value(b[k.start:min(to, k.start+maxHeld)], i-k.start)
			if i = k.start + n; ends || n == maxHeld {
				k.mask(r, b, k.start, i, ends)
				k.holds = false
			}
		}
	}
	k.pos = to
	k.keep(b, low)
}

// finish masks what is held of a value.
func (k *seeker) finish(r *results, b []byte) {
	if k.holds {
		low := k.start
		k.mask(r, b, k.start, k.pos, false)
		k.holds = false
		k.keep(b, low)
	}
}

// within returns what is secret in a value that stands alone, or in the next piece
// of it. It is valid until the next call.
func (r *results) within(k *seeker, text []byte) []mark {
	inline, patches := r.inline, r.patches
	r.inline, r.patches = r.alone[:0], nil
	k.pos = 0
	k.run(r, text, len(text))
	k.finish(r, text)
	for _, p := range r.patches {
		r.inline = append(r.inline, mark{from: p.from, to: p.to, base: p.base})
	}
	slices.SortFunc(r.inline, func(a, b mark) int { return a.from - b.from })
	r.alone, r.inline, r.patches = r.inline, inline, patches
	return r.alone
}

// reset forgets all: what follows, from i on, is text of its own.
func (k *seeker) reset(i int) { *k = seeker{pos: i} }

// drop takes n octets for gone that were decided.
func (k *seeker) drop(n int) {
	k.pos, k.start = max(0, k.pos-n), max(0, k.start-n)
}

// low returns up to where all is decided: back has the octets before that.
func (k *seeker) low() int {
	if k.holds {
		return k.start
	}
	return k.pos
}

// keep remembers the octets before those that are held, of which b has those from
// low on.
func (k *seeker) keep(b []byte, low int) {
	if to := k.low(); to > low {
		k.known = copy(k.back[:], k.before(b, low, to))
	}
}

// before returns up to lookBack octets before b[i], of which b has those from low
// on.
func (k *seeker) before(b []byte, low, i int) []byte {
	if i-low >= lookBack || k.known == 0 {
		return b[max(low, i-lookBack):i]
	}
	var room [2 * lookBack]byte
	p := append(append(room[:0], k.back[:k.known]...), b[low:i]...)
	return p[max(0, len(p)-lookBack):]
}

// anchors are the octets at which a seeker looks.
const anchors = "=:JY"

// triggers finds them.
type triggers struct {
	b   []byte
	low int    // from where on b has what stands before them
	at  [4]int // where each stands next; negative for not looked for
}

// after returns the first place from i on that is worth a look, or the end.
func (t *triggers) after(i int) int {
	best := len(t.b)
	for k := range t.at {
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
		p := t.b[i-1]
		switch {
		case worthALook[p]>>k&1 == 0 && (c != ':' || i+1 < len(t.b) && t.b[i+1] != '/' && t.b[i+1] != '\\'):
		case c == 'J' && t.b[i-2] != 'e', c == 'Y' && t.b[i-2] != 'K', c == '=' && p|0x20 == 'e' && t.b[i-2]|0x20 != 'm':
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
		t[c] |= 1 | 2
		t[c-'a'+'A'] |= 1 | 2
	}
	for _, f := range secretFields {
		c := f.name[len(f.name)-1]
		t[c] |= 2
		t[c-'a'+'A'] |= 2
	}
	for _, c := range "-_" {
		t[c] |= 1 | 2
	}
	t[']'] |= 1
	t['e'] |= 1 // of the name of a part
	t['E'] |= 1
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
	k.quote, k.nested, k.inside, k.first, k.list, k.closing = 0, false, false, false, false, false
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
		if n := escapeLen(c, room[at:]); n > 0 {
			at, c = at+n, unhex(room[at+n-2])<<4|unhex(room[at+n-1])
		}
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

// escapeLen returns how many octets of b, in lower case, belong to an escape of one
// octet that begins with c before it, in percent-encoding (RFC 3986, section 2.1) or
// in JSON (RFC 8259, section 7); 0 for none. The last two are its figures.
func escapeLen(c byte, b []byte) int {
	switch {
	case c == '%' && len(b) >= 2 && isHex(b[0]) && isHex(b[1]):
		return 2
	case c == '\\' && len(b) >= 5 && string(b[:3]) == "u00" && isHex(b[3]) && isHex(b[4]):
		return 5
	}
	return 0
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

// unhex returns what a figure in lower case stands for.
func unhex(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

// namesPart reports whether p ends with what the name of a part of a form follows
// (RFC 7578, section 4.2), but for "=".
func namesPart(p []byte) bool {
	line := bytes.ToLower(p[bytes.LastIndexByte(p, '\n')+1:])
	before, ok := bytes.CutSuffix(line, []byte("name"))
	return ok && len(before) > 0 && strings.IndexByte("; \t", before[len(before)-1]) >= 0 && bytes.Contains(before, []byte("form-data"))
}

// partHead takes an octet of the head of a part, from its name on: if that is one of
// a secret, this is the first line behind the head. Readers differ in whether CR has
// to stand before LF.
func (k *seeker) partHead(c byte) {
	switch {
	case k.mode == seekPartHead:
		switch {
		case c == '\n' && k.first:
			k.mode = seekPart
		case c == '\n':
			k.first = true
		case c != '\r':
			k.first = false
		}
	case k.first && c == '"':
		k.first, k.quote = false, c
	case k.quote != 0 && c == k.quote, k.quote == 0 && (c == ';' || c == ' ' || c == '\r' || c == '\n'):
		if k.base = baseBefore(trimBracket(k.part)); k.base == "" || c == '\n' && k.first {
			k.mode = seekTrigger
			return
		}
		k.mode, k.quote, k.first = seekPartHead, 0, c == '\n'
	case c < ' ' || len(k.part) == lookBack:
		k.mode = seekTrigger
	default:
		k.first, k.part = false, append(k.part, c)
	}
}

// malformedField returns what the name of a field is to us that p ends with, where
// a line begins at a bare CR or control octets stand in the name: there are
// readers that take it for a field.
func malformedField(p []byte) fieldKind {
	n := len(p)
	last := n - 1
	for last >= 0 && (p[last] < ' ' || p[last] == 0x7f) {
		last--
	}
	if last < 0 || worthALook[p[last]]&2 == 0 {
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
	case k.closing && (c == k.quote || c == '\\'):
		k.closing = c != k.quote
		return true
	case c == '\\' && k.escaped == 0:
		k.escaped = 1
		return true
	case k.named && k.slashes == 0 && k.escaped == 0 && (c == '[' && !k.list || c == ',' && k.list):
		k.list, k.first = true, true // each of the strings in it
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
// there. It has seen the first i of them.
func (k *seeker) value(b []byte, i int) (n int, ends bool) {
	for ; i < len(b); i++ {
		c := b[i]
		switch k.mode {
		case seekForm:
			if c < ' ' || c == 0x7f || c == '"' || k.quote == 0 && (c == ' ' || c == '&' || c == '<' || c == '>') {
				return i, true
			}
		case seekString:
			switch {
			case c == '\\':
				k.slashes++
				continue
			case c < ' ':
				return i, true
			case c == k.quote && (k.nested && k.slashes <= 1 || !k.nested && k.slashes%2 == 0):
				if k.nested {
					i -= min(i, k.slashes)
				}
				return i, true
			}
			k.slashes = 0
		case seekAuthority:
			u := &k.user
			switch {
			case c <= ' ' || c == 0x7f || strings.IndexByte("\"'<>\\", c) >= 0:
				return i, true
			case c == '@':
				u.at = true
			case (c == '/' || c == '?' || c == '#') && (u.at || !u.mayBe() && !k.inside):
				return i, true
			}
			switch {
			case c == ':' && !u.colon:
				u.colon = true
			case u.colon && (c < '0' || c > '9'):
				u.password = true
			case c == '[' && i == 0:
				u.bracket = true
			}
		case seekJWT:
			if !isBase64URL(c) && c != '.' {
				return i, true
			}
		case seekPart:
			if c == '\n' {
				return i, true
			}
		case seekLine:
			if c == '\n' {
				return i, true
			}
			// A bare CR ends lines too, unless the next one is folded onto it.
			if i > 0 && b[i-1] == '\r' && c != ' ' && c != '\t' {
				return i - 1, true
			}
		}
	}
	return len(b), false
}

// mayBe reports whether what stands before a "/" is no host with a port.
func (u *userinfo) mayBe() bool { return u.password && !u.bracket }

// mask notes what is secret of the value in b[from:to].
func (k *seeker) mask(r *results, b []byte, from, to int, ends bool) {
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
	case seekPart:
		v = bytes.TrimRight(v, "\r")
	case seekLine:
		n := len(v)
		v = bytes.TrimLeft(v, " \t")
		from += n - len(v)
		v = bytes.TrimRight(v, " \t\r")
	}
	addMarks(v, from, k.base, enc, &r.inline)
	k.first = false
	switch {
	case ends && k.mode == seekString && k.list:
		k.mode, k.closing, k.first, k.slashes, k.escaped = seekColon, true, true, 0, 0
	case ends || k.mode == seekJWT && !k.inside:
		k.mode = seekTrigger
	}
}

// minJWTHead is the length of the shortest header of a JSON web token behind its
// "eyJ", in octets.
const minJWTHead = 7

// maskUser notes the userinfo of an authority (RFC 3986, section 3.2), in whose
// password some write what should be coded. Of one that is not over, what may be a
// password.
func (k *seeker) maskUser(r *results, v []byte, at int, ends bool) {
	user := v[:max(0, bytes.LastIndexByte(v, '@'))]
	switch {
	case k.inside && !ends, !ends && len(user) == 0 && k.user.mayBe():
		user, k.inside = v, true
	case k.inside && len(user) == 0:
		k.inside = false // it was none
	}
	name, password, _ := bytes.Cut(user, []byte(":"))
	addMarks(name, at, k.base, "", &r.inline)
	addMarks(password, at+len(name)+1, k.base, "", &r.inline)
}

// overwrite goes over a number or a key from b[i] on, of which no span is made: a
// number stays one, and a key has as many lines as it has. It returns where it
// stopped.
func (k *seeker) overwrite(r *results, b []byte, i int) int {
	for ; i < len(b); i++ {
		c := b[i]
		if k.mode == seekNumber {
			switch {
			case c >= '0' && c <= '9':
				r.overwrite(i, '1', k.base)
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
			r.overwrite(i, 'x', "PRIVATE_KEY")
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
