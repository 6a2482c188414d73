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
	"strings"
)

// minValue is the length of the shortest value that is searched for, and of the
// shortest beginning of one that is masked when nothing follows it, in bytes.
const minValue = 4

// A needle is one way that a given value may stand in a stream.
type needle struct {
	b   []byte
	id  string
	enc string
	own bool // it is what a replay makes of the value in that encoding
}

// variants returns the ways to write a value that no replay writes.
func variants(v []byte, id string) []needle {
	percent := url.QueryEscape(string(v))
	lower := []byte(percent)
	for i := 0; i+2 < len(lower); i++ {
		if lower[i] == '%' {
			copy(lower[i:], bytes.ToLower(lower[i:i+3]))
		}
	}
	ways := [][]byte{
		[]byte(url.PathEscape(string(v))), lower, []byte(strings.ReplaceAll(percent, "+", "%20")),
		quote(v, false), bytes.ToUpper(hex.AppendEncode(nil, v)),
	}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			// Behind shift octets of something else, without the letters that
			// have bits of what is around it.
			b := enc.AppendEncode(nil, append(make([]byte, shift), v...))
			from, to := (8*shift+5)/6, 8*(shift+len(v))/6
			ways = append(ways, b[from:to])
		}
	}
	var all []needle
	for _, b := range ways {
		all = append(all, needle{b: b, id: id})
	}
	return all
}

// quote returns a value as it stands in a string of JSON.
func quote(v []byte, html bool) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if e.Encode(string(v)) != nil {
		return nil
	}
	return b.Bytes()[1 : b.Len()-2]
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
		for _, n := range append([]needle{
			{v, id, "", true},
			{[]byte(url.QueryEscape(string(v))), id, "pct", true},
			{quote(v, true), id, "json", true},
			{hex.AppendEncode(nil, v), id, "hex", true},
			{base64.StdEncoding.AppendEncode(nil, v), id, "b64", true},
		}, variants(v, id)...) {
			if len(n.b) >= minValue && !slices.ContainsFunc(all, func(o needle) bool { return bytes.Equal(o.b, n.b) }) {
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
