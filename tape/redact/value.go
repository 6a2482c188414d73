package redact

import (
	"bytes"
	"strings"
)

// A userinfo is what an authority has so far that may be one.
type userinfo struct {
	bracket  bool // it begins with one: an address of IPv6
	colon    bool
	password bool // behind the colon stands more than a port
	at       bool
}

// mayBe reports whether what stands before a "/" is no host with a port.
func (u *userinfo) mayBe() bool { return u.password && !u.bracket }

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
			if c < ' ' || c == 0x7f || c == '"' && k.quote != '\'' || c == '\'' && k.quote == c || k.quote == 0 && (c == ' ' || c == '&' || c == '<' || c == '>') {
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
		case seekElement:
			switch {
			case k.nested && c == '>' && bytes.HasSuffix(b[:i], []byte("]]")), !k.nested && c == '<' && (i > 0 || !k.first):
				return i, true
			case i == 1 && k.first && b[0] == '<':
				if k.nested = c == '!'; !k.nested {
					return 0, true // another element
				}
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
	case seekElement:
		n := len(v)
		if v = bytes.TrimLeft(v, " \t\r\n"); k.nested {
			v = bytes.TrimPrefix(v, []byte("<![CDATA["))
		}
		from += n - len(v)
		if v = bytes.TrimRight(v, " \t\r\n"); k.nested && ends {
			v = bytes.TrimSuffix(v, []byte("]]"))
		}
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
