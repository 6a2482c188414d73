package redact

import (
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/http2/hpack"
)

// An entry is what is kept of a field in HPACK's tables.
type entry struct {
	kind fieldKind
	name int // octets
	size int // RFC 7541, section 4.1
}

const (
	defaultTable = 4096    // RFC 9113, section 6.5.2
	maxTable     = 1 << 20 // what we follow; nobody offers more than 64 KiB
)

// A table is a dynamic table (RFC 7541, section 2.3.2). The zero value is an
// empty one of the default size.
type table struct {
	entries []entry // oldest first
	size    int
	less    int // than defaultTable its bound is; negative for more
}

// static returns the entries of the static table (RFC 7541, appendix A), the
// first at index 0.
var static = sync.OnceValue(func() []entry {
	var all []byte
	for i := byte(1); i <= 61; i++ {
		all = append(all, 0x80|i)
	}
	fields, _ := hpack.NewDecoder(0, nil).DecodeFull(all)
	var es []entry
	for _, f := range fields {
		es = append(es, entry{kind: kindOf([]byte(strings.ToLower(f.Name))), name: len(f.Name)})
	}
	return es
})

// at returns the entry at an index, of either table.
func (t *table) at(i int) (entry, bool) {
	es := static()
	switch {
	case i < 1:
		return entry{}, false
	case i <= len(es):
		return es[i-1], true
	case i-len(es) <= len(t.entries):
		return t.entries[len(t.entries)-(i-len(es))], true
	}
	return entry{}, false
}

// add adds an entry (RFC 7541, section 4.4).
func (t *table) add(e entry) {
	t.size += e.size
	t.entries = append(t.entries, e)
	t.evict()
}

// resize changes the bound (RFC 7541, section 4.3). It returns false, and does
// nothing, for one that is out of bounds.
func (t *table) resize(n int) bool {
	if n > maxTable {
		return false
	}
	t.less = defaultTable - n
	t.evict()
	return true
}

func (t *table) evict() {
	n := 0
	for ; t.size > defaultTable-t.less; n++ {
		t.size -= t.entries[n].size
	}
	t.entries = slices.Delete(t.entries, 0, n)
}
