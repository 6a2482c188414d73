package redact

import (
	"bytes"
	"crypto/sha256"
	"strconv"
	"strings"

	"wiretape/wire/token"
)

// maxNames bounds how many secrets are known again. A secret after that gets a
// name of its own each time.
const maxNames = 64 << 10

// names gives secrets their names on the tape. It keeps no secret, only sums.
type names struct {
	seen  []string
	once  map[string]bool // what is in seen
	known map[[sha256.Size]byte]string
	taken map[string]bool
	last  map[string]int // by base: the last number tried
}

// reserve keeps a name for a value that is given.
func (n *names) reserve(id string, value []byte) {
	n.init()
	n.known[sum("", value)] = id
	n.taken[id] = true
}

func (n *names) init() {
	if n.known == nil {
		n.known = make(map[[sha256.Size]byte]string)
		n.last = make(map[string]int)
		n.once, n.taken = make(map[string]bool), make(map[string]bool)
	}
}

// name returns the name and the encoding of the span for a secret.
func (n *names) name(m mark, value []byte) (id, enc string) {
	n.init()
	enc = m.enc
	if enc == "" && !token.Is(value) {
		enc = "raw"
	}
	if id = m.base; !m.given {
		id = n.nameOf(m, value)
	}
	n.count(id)
	return id, enc
}

// count notes that a secret of a name was masked.
func (n *names) count(id string) {
	n.init()
	if len(n.seen) < maxNames && !n.once[id] {
		n.once[id] = true
		n.seen = append(n.seen, id)
	}
}

func (n *names) nameOf(m mark, value []byte) string {
	key := sum(m.enc, value)
	if id, ok := n.known[key]; ok {
		return id
	}
	id := m.base
	// The next free one: a name may also be the base of another with a number.
	for n.last[m.base]++; ; n.last[m.base]++ {
		if k := n.last[m.base]; k > 1 {
			id = m.base + "_" + strconv.Itoa(k)
		}
		if !n.taken[id] {
			break
		}
	}
	if len(n.known) < maxNames {
		n.known[key] = id
		n.taken[id] = true
	}
	return id
}

func sum(enc string, value []byte) [sha256.Size]byte {
	return sha256.Sum256(append(append([]byte(enc), 0), value...))
}

// maxBase bounds a name, in bytes, before a number is added.
const maxBase = 40

// cookiePrefixes say what a cookie must be, not what it is (RFC 6265bis,
// section 4.1.3).
var cookiePrefixes = []string{"__HOST-HTTP-", "__HOST-", "__SECURE-", "__HTTP-"}

// baseOf makes a name of what a peer calls a secret.
func baseOf(name []byte, otherwise string) string {
	up := bytes.Clone(name[:min(len(name), 2*maxBase)])
	for i, c := range up {
		if c >= 'a' && c <= 'z' {
			up[i] = c - 'a' + 'A'
		}
	}
	s := string(up)
	for _, p := range cookiePrefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			s = rest
			break
		}
	}
	b := []byte(s[:min(len(s), maxBase)])
	for i, c := range b {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			b[i] = '_'
		}
	}
	switch {
	case len(b) == 0:
		return otherwise
	case b[0] >= '0' && b[0] <= '9':
		return "_" + string(b)
	}
	return string(b)
}
