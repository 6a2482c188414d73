package http2_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wiretape/wire/detect"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// several is a value of tshark's JSON: a string, or a list of strings.
type several []string

func (s *several) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*s = several{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(s))
}

// A dissection is what tshark says of a capture: a row a packet.
type dissection struct {
	Repo, Path string
	Rows       []struct {
		Stream string  `json:"tcp.stream"`
		Port   string  `json:"tcp.srcport"`
		Type   several `json:"http2.type"`
		Flags  several `json:"http2.flags"`
		ID     several `json:"http2.streamid"`
		Length several `json:"http2.length"`
		Name   several `json:"http2.header.name"`
		Value  several `json:"http2.header.value"`
	}
}

// A reading is what one direction of a connection comes to: a line a frame, and
// its fields.
type reading struct{ frames, names, fields []string }

func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 1 << 63
	}
	return n
}

// differences is the number of edits between two lists: what one has and the
// other has not, in order.
func differences(a, b []string) (n int, first string) {
	// The usual table of longest common subsequences; captures are short.
	t := make([][]int, len(a)+1)
	for i := range t {
		t[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				t[i][j] = t[i+1][j+1] + 1
			} else {
				t[i][j] = max(t[i+1][j], t[i][j+1])
			}
		}
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			first = fmt.Sprintf("at %d: %s, tshark %s", i, a[i], b[i])
			break
		}
	}
	return max(len(a), len(b)) - t[0][0], first
}

// explained says why the readings of a capture differ, where they do.
var explained = map[string]string{
	"tests/bug-5929-02/http2_multiple_headers.pcap":                     serverFirst,
	"tests/http2-authority-mismatch/authority_and_host_2.pcap":          serverFirst,
	"tests/http2-userinfo-authority/http2_userinfo_in_authority_1.pcap": serverFirst,
}

const serverFirst = "the server's SETTINGS come before the client's preface; tshark takes them for no HTTP/2 yet"

// TestReadingAgreesWithTshark compares the captures of HTTP/2 frame by frame with
// another's reading of them: type, flags, stream and length of each frame, and the
// names and values of all fields in order.
func TestReadingAgreesWithTshark(t *testing.T) {
	captures := prototest.Captures(t)
	frames, fields, differ := 0, 0, 0
	for _, d := range prototest.Rows[dissection](t, "tshark_http2.jsonl") {
		for _, c := range captures {
			if c.Repo != d.Repo || c.Path != d.Path {
				continue
			}
			var ours, theirs [2]reading
			port := strings.TrimPrefix(c.Events[0].Facts.Target, "server:")
			for _, r := range d.Rows {
				if r.Stream != c.Stream {
					continue
				}
				side := 0
				if r.Port == port {
					side = 1
				}
				for i := range r.Type {
					if i < len(r.ID) && i < len(r.Length) && i < len(r.Flags) {
						theirs[side].frames = append(theirs[side].frames, fmt.Sprintf("%s flags 0x%02x stream %s length %s", http2.FrameType(number(r.Type[i])), number(r.Flags[i]), r.ID[i], r.Length[i]))
					}
				}
				theirs[side].names = append(theirs[side].names, r.Name...)
				for i := range min(len(r.Name), len(r.Value)) {
					theirs[side].fields = append(theirs[side].fields, r.Name[i]+": "+r.Value[i])
				}
			}
			if len(theirs[0].frames)+len(theirs[1].frames) == 0 {
				continue
			}
			// Some begin in HTTP/1.1 and change by Upgrade.
			p := detect.New(detect.Options{})
			for _, e := range c.Events {
				for _, m := range p.Feed(e) {
					f, ok := m.Value.(*http2.Frame)
					if !ok || m.Derived {
						continue
					}
					o := &ours[proto.Side(m.Dir)]
					o.frames = append(o.frames, fmt.Sprintf("%s flags 0x%02x stream %d length %d", f.Type, uint8(f.Flags), f.Stream, f.Length))
					if f.Block != nil {
						for _, field := range f.Block.Fields {
							o.names = append(o.names, string(field.Name))
							o.fields = append(o.fields, string(field.Name)+": "+string(field.Value))
						}
					}
				}
			}
			for side := range ours {
				o, w := &ours[side], &theirs[side]
				frames += len(w.frames)
				fields += len(w.names)
				for _, l := range []struct {
					what string
					a, b []string
				}{{"frames", o.frames, w.frames}, {"names", o.names, w.names}, {"fields", o.fields, w.fields}} {
					if slices.Equal(l.a, l.b) {
						continue
					}
					n, first := differences(l.a, l.b)
					why, ok := explained[d.Path]
					if !ok {
						why = "?"
					}
					t.Logf("%s %s, %s, %s: %d of %d differ (%s): %s", d.Path, c.Stream, []string{"client", "server"}[side], l.what, n, len(l.b), first, why)
					if l.what != "fields" {
						differ += n
					}
				}
			}
		}
	}
	t.Logf("marks: tshark_http2: %d frames and %d fields, %d differ", frames, fields, differ)
	if all := frames + fields; all == 0 || differ*100 > 3*all {
		t.Errorf("%d of %d frames and fields differ, more than 3 %%", differ, all)
	}
}
