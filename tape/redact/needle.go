package redact

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
)

// minValue is the length of the shortest value that is searched for, and of the
// shortest beginning of one that is masked when nothing follows it, in bytes.
const minValue = 4

// A needle is one way that a given value may stand in a stream.
type needle struct {
	b   []byte
	id  string
	enc string
}

// needles returns all ways that the values may stand, the longest first.
func needles(values map[string]string, ids *names) []needle {
	var all []needle
	for _, id := range slices.Sorted(maps.Keys(values)) {
		v := []byte(values[id])
		if len(v) < minValue {
			continue
		}
		ids.reserve(id, v)
		quoted, _ := json.Marshal(string(v))
		for _, n := range []needle{
			{v, id, ""},
			{[]byte(url.QueryEscape(string(v))), id, "pct"},
			{quoted[1 : len(quoted)-1], id, "json"},
			{hex.AppendEncode(nil, v), id, "hex"},
			{base64.StdEncoding.AppendEncode(nil, v), id, "b64"},
		} {
			if !slices.ContainsFunc(all, func(o needle) bool { return bytes.Equal(o.b, n.b) }) {
				all = append(all, n)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b needle) int { return cmp.Compare(len(b.b), len(a.b)) })
	return all
}

// begins returns the length of the longest end of b that begins the needle and
// is not all of it.
func (n needle) begins(b []byte) int {
	for i := max(0, len(b)-len(n.b)+1); i < len(b); i++ {
		j := bytes.IndexByte(b[i:], n.b[0])
		if j < 0 {
			return 0
		}
		i += j
		if bytes.HasPrefix(n.b, b[i:]) {
			return len(b) - i
		}
	}
	return 0
}
