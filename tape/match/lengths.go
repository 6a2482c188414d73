package match

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"wiretape/tape"
	"wiretape/wire/imap"
	"wiretape/wire/resp"
)

// A Length is a count in a message of the octets that follow it: of a bulk string
// of RESP, of a literal of IMAP. All index Raw.
type Length struct {
	From, To         int // its digits
	DataFrom, DataTo int // what it counts
}

var literal = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{([0-9]+)\+?\}\r\n`) })

// Lengths returns the counts in m, in order.
func Lengths(m *Message) []Length {
	var out []Length
	add := func(from, to, data int) {
		if n, err := strconv.Atoi(string(m.Raw[from:to])); err == nil && n >= 0 && n <= len(m.Raw)-data {
			out = append(out, Length{from, to, data, data + n})
		}
	}
	switch m.Value.(type) {
	case *resp.Command, *resp.Reply:
		for at := 0; at < len(m.Raw); {
			end := bytes.Index(m.Raw[at:], []byte("\r\n"))
			if end < 0 {
				break
			}
			n := len(out)
			if bytes.IndexByte([]byte("$=!"), m.Raw[at]) >= 0 {
				add(at+1, at+end, at+end+2)
			}
			if at += end + 2; len(out) > n {
				at = min(len(m.Raw), out[n].DataTo+2)
			}
		}
	case *imap.Response:
		for at := 0; ; {
			i := literal().FindSubmatchIndex(m.Raw[at:])
			if i == nil {
				break
			}
			n := len(out)
			add(at+i[2], at+i[3], at+i[1])
			if at += i[1]; len(out) > n {
				at = out[n].DataTo
			}
		}
	}
	return out
}

// counted returns the octets of a message whose counts are any that fit what they
// enclose, where spans are within that.
func (m *Message) counted() text {
	t := m.text(m.Span)
	if t.literal() {
		return t
	}
	spans := slices.Clone(t.spans)
	for _, l := range Lengths(m) {
		if slices.ContainsFunc(t.spans, func(s tape.Span) bool { return s.From >= l.DataFrom && s.To <= l.DataTo }) {
			spans = append(spans, tape.Span{From: l.From, To: l.To, Kind: tape.SpanInt, ID: ""})
		}
	}
	slices.SortFunc(spans, func(a, b tape.Span) int { return a.From - b.From })
	t.spans = spans
	return t
}
