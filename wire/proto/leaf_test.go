package proto

import "testing"

// Each leaf has a name of its own: tapes and goldens tell them apart by it.
func TestLeafNames(t *testing.T) {
	first := map[string]LeafName{}
	for n := LeafRaw; n <= LeafRest; n++ {
		name := ""
		if int(n) < len(leafNames) {
			name = leafNames[n]
		}
		if name == "" {
			t.Errorf("LeafName(%d) has no name", n)
		} else if was, twice := first[name]; twice {
			t.Errorf("LeafName(%d) and LeafName(%d) are both %q", was, n, name)
		}
		first[name] = n
	}
	if len(leafNames) != int(LeafRest)+1 {
		t.Errorf("%d names, the last leaf is LeafName(%d)", len(leafNames), LeafRest)
	}
}
