package redact

import "slices"

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
	seekElement                   // in the text of an element of XML
)

// A seeker finds what is secret within text: parameters of queries and forms,
// members of JSON, parts of forms and elements and attributes of XML by their names,
// the userinfo of URLs, JSON web tokens, private keys in PEM, and fields of malformed
// heads. It looks at "=", ":", "J", "Y" and, in XML, ">", with which each begins, and
// back from there.
type seeker struct {
	pos   int            // index of the octet that comes next
	holds bool           // a value
	start int            // where what is held of it begins
	back  [lookBack]byte // the octets before that, or before pos
	known int            // how many of them are
	mode  seekMode
	base  string
	xml   bool // the text has XML

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

// run goes over b up to to and notes the secrets in r. A value that is not over
// is held from its beginning on.
func (k *seeker) run(r *results, b []byte, to int) {
	low, i := k.low(), k.pos
	if i >= to {
		return
	}
	next := triggers{b: b[:to], low: low, at: [len(anchors)]int{-1, -1, -1, -1, -1}, xml: k.xml}
	for i < to {
		switch k.mode {
		case seekTrigger:
			if i = next.after(i); i < to {
				k.trigger(k.before(b, low, i), b[i])
				next.xml = k.xml
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
			if k.first && k.mode == seekForm && !k.holds && (b[i] == '"' || b[i] == '\'' && k.xml) {
				k.quote, k.first = b[i], false
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
func (k *seeker) reset(i int) { *k = seeker{pos: i, xml: k.xml} }

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
