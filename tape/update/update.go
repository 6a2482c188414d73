// Package update changes tapes and leaves alone what need not change. It serves
// `test --update`, which accepts what a server says now, and whoever edits tapes by
// program.
//
// [Accept] takes a tape and a new recording of the same conversation. Where they
// agree, as package match compares, the tape stays as it is to the byte: its spans
// with their samples, its comments, rules, marks, and the form of its lines. Where
// they do not, the lines that differ are replaced.
package update

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/http1"
)

// ErrStructure is the error of a recording that is another conversation: it has
// other connections, or ends in another way.
var ErrStructure = errors.New("it is not the same conversation: record it anew")

// Accept returns the old tape with what the server says in the recording. What the
// client says stays. The names stand in errors. The recording is in the commit
// profile where the old tape is, so that its spans are those of a new tape.
func Accept(old []byte, name string, recording []byte) ([]byte, error) {
	a, err := match.Load(bytes.NewReader(old), name)
	if err != nil {
		return nil, err
	}
	b, err := match.Load(bytes.NewReader(recording), "recording")
	if err != nil {
		return nil, err
	}
	if len(a.Convs) != len(b.Convs) {
		return nil, fmt.Errorf("%s: %d connections, the recording has %d: %w", name, len(a.Convs), len(b.Convs), ErrStructure)
	}
	was, err := read(bytes.NewReader(old), name, nil)
	if err != nil {
		return nil, err
	}
	is, err := read(bytes.NewReader(recording), "recording", nil)
	if err != nil {
		return nil, err
	}
	frames, err := framesOf(old, name, &a.Rules)
	if err != nil {
		return nil, err
	}
	framesNow, err := framesOf(recording, "recording", &b.Rules)
	if err != nil {
		return nil, err
	}
	var vars match.Vars
	for i := range a.Convs {
		if v, w := a.Convs[i], b.Convs[i]; v.HTTP2() && w.HTTP2() {
			s, o := was.stream(v.Conn, wire.ServerToClient), is.stream(w.Conn, wire.ServerToClient)
			if err := acceptHTTP2(s, v, frames[v.Conn], o, w, framesNow[w.Conn], &a.Rules, &vars); err != nil {
				return nil, err
			}
			continue
		}
		x, y := said(a.Convs[i], wire.ServerToClient), said(b.Convs[i], wire.ServerToClient)
		from, to := was.stream(a.Convs[i].Conn, wire.ServerToClient), is.stream(b.Convs[i].Conn, wire.ServerToClient)
		for k := range max(len(x), len(y)) {
			switch {
			case k >= len(x):
				data, spans := to.cut(y[k].Span.From, y[k].Span.To)
				from.edits = append(from.edits, edit{from: from.size, to: from.size, data: data, spans: spans})
			case k >= len(y):
				from.edits = append(from.edits, edit{from: x[k].Span.From, to: x[k].Span.To})
			default:
				out := match.Compare(x[k], y[k], &a.Rules, &vars)
				if len(out.Mismatches) > 0 {
					from.replace(x[k], to, y[k], out.Mismatches)
				}
			}
		}
	}
	var out bytes.Buffer
	if err := was.write(&out); err != nil {
		return nil, err
	}
	text := out.Bytes()
	if bare := StripReadings(text); len(bare) < len(text) && !bytes.Equal(text, old) {
		if text, err = Readings(bare, name); err != nil {
			return nil, err
		}
	}
	return text, verify(text, name, b)
}

// verify reports what still differs from the recording.
func verify(text []byte, name string, recording *match.Tape) error {
	t, err := match.Load(bytes.NewReader(text), name)
	if err != nil {
		return err
	}
	for _, m := range match.Diff(t, recording).Mismatches {
		if !strings.HasPrefix(m.Path, "request") && !strings.HasPrefix(m.Path, "command") {
			return fmt.Errorf("%s: %w", m, ErrStructure)
		}
	}
	return nil
}

// replace edits the stream where a message differs.
func (s *stream) replace(old *match.Message, other *stream, now *match.Message, why []match.Mismatch) {
	a, b := slices.Collect(s.pieces(old.Span.From, old.Span.To)), slices.Collect(other.pieces(now.Span.From, now.Span.To))
	same := func(x, y piece) bool {
		return x.fits(y.data) || sameField(old, x, now, y, why)
	}
	common := longestCommon(a, b, same)
	i, j := 0, 0
	for _, c := range append(common, [2]int{len(a), len(b)}) {
		s.change(a[i:c[0]], b[j:c[1]], a, i)
		i, j = c[0]+1, c[1]+1
	}
}

// change replaces adjacent pieces; i is where the first of them is, or would be, in
// all.
func (s *stream) change(old, now, all []piece, i int) {
	if len(old) == 0 && len(now) == 0 {
		return
	}
	var e edit
	switch {
	case len(old) > 0:
		e.from, e.to = old[0].from, old[len(old)-1].to
	case i < len(all):
		e.from, e.to = all[i].from, all[i].from
	case len(all) > 0:
		e.from, e.to = all[i-1].to, all[i-1].to
	}
	for k, p := range now {
		if len(old) == len(now) {
			p = old[k].keepSpans(p)
		}
		e.data, e.spans = appendSpanned(e.data, e.spans, p.data, p.spans)
	}
	s.edits = append(s.edits, e)
}

// sameField reports whether two lines of heads are of one field that the
// comparison did not name, so that it agrees by kind or is not compared.
func sameField(old *match.Message, x piece, now *match.Message, y piece, why []match.Mismatch) bool {
	if !inHead(old, x) || !inHead(now, y) {
		return false
	}
	name, _, ok := strings.Cut(string(x.data), ":")
	other, _, ok2 := strings.Cut(string(y.data), ":")
	if !ok || !ok2 || !strings.EqualFold(name, other) || strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Transfer-Encoding") {
		return false
	}
	for _, m := range why {
		if strings.Contains(strings.ToLower(m.Path), strings.ToLower(name)) {
			return false
		}
	}
	return true
}

func inHead(m *match.Message, p piece) bool {
	if _, ok := m.Value.(*http1.Response); !ok {
		return false
	}
	return p.to <= m.Span.From+int64(len(m.Head))
}

// maxPairs bounds the work of comparing the lines of two messages.
const maxPairs = 4 << 20

// longestCommon returns the pairs of the longest common subsequence, in order; of
// very long lists what is common at their ends.
func longestCommon(a, b []piece, same func(x, y piece) bool) (pairs [][2]int) {
	from := 0
	for from < len(a) && from < len(b) && same(a[from], b[from]) {
		pairs = append(pairs, [2]int{from, from})
		from++
	}
	var tail [][2]int
	x, y := len(a), len(b)
	for x > from && y > from && same(a[x-1], b[y-1]) {
		x, y = x-1, y-1
		tail = append([][2]int{{x, y}}, tail...)
	}
	n, m := x-from, y-from
	if n > 0 && m > 0 && n*m <= maxPairs {
		length := make([][]int32, n+1)
		for i := range length {
			length[i] = make([]int32, m+1)
		}
		for i := n - 1; i >= 0; i-- {
			for j := m - 1; j >= 0; j-- {
				length[i][j] = max(length[i+1][j], length[i][j+1])
				if same(a[from+i], b[from+j]) {
					length[i][j] = length[i+1][j+1] + 1
				}
			}
		}
		for i, j := 0, 0; i < n && j < m; {
			switch {
			case same(a[from+i], b[from+j]):
				pairs = append(pairs, [2]int{from + i, from + j})
				i, j = i+1, j+1
			case length[i+1][j] >= length[i][j+1]:
				i++
			default:
				j++
			}
		}
	}
	return append(pairs, tail...)
}
