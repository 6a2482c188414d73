package match

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// A Check compares octets with those of a long message while they come, and holds
// none but those around the first that differs. It is a [http1.Drain].
type Check struct {
	want  *Message
	src   io.Reader
	size  int64 // octets on the tape
	n     int64 // that came
	at    int64 // the first that differs; -1 for none so far
	near  int64 // offset of w and g
	w, g  []byte
	buf   []byte
	err   error
	ended bool
}

// NewCheck compares with the body of a message, or with all of one that no protocol
// frames.
func NewCheck(want *Message) *Check {
	return &Check{want: want, src: want.Payload(), size: want.payloadSize(), at: -1}
}

func (m *Message) payloadSize() int64 {
	if m.Kind == proto.KindRaw {
		return m.Span.Len()
	}
	return m.Body.Size
}

// checkAround is how many octets are held from the first that differs on.
const checkAround = 64

// Write takes the next octets. It does not fail: what could not be read of the tape
// is a difference.
func (c *Check) Write(p []byte) (int, error) {
	whole := len(p)
	for len(p) > 0 && c.at < 0 && c.n < c.size {
		if c.buf == nil {
			c.buf = make([]byte, 64<<10)
		}
		b := c.buf[:min(int64(len(p)), int64(len(c.buf)), c.size-c.n)]
		if _, err := io.ReadFull(c.src, b); err != nil {
			c.err, c.at = err, c.n
			break
		}
		same := firstDifference(b, p[:len(b)])
		c.pass(p[:same])
		if same < len(b) {
			c.at = c.n
			c.w = append(c.w, b[same:min(len(b), same+checkAround)]...)
		}
		p = p[same:]
	}
	if c.at < 0 && len(p) > 0 {
		c.at = c.n // beyond the end
	}
	if c.at >= 0 {
		c.g = append(c.g, p[:max(0, min(len(p), int(c.at-c.near)+checkAround-len(c.g)))]...)
	}
	c.n += int64(len(p))
	return whole, nil
}

// pass keeps the last of octets that are equal, from the line of hex before them on.
func (c *Check) pass(p []byte) {
	c.n += int64(len(p))
	from := max(0, c.n/hexRow*hexRow-hexRow)
	c.g = append(c.g, p[max(0, len(p)-2*hexRow):]...)
	if drop := from - (c.n - int64(len(c.g))); drop > 0 {
		c.g = c.g[:copy(c.g, c.g[drop:])]
	}
	c.near = c.n - int64(len(c.g))
	c.w = append(c.w[:0], c.g...)
}

// Body is Write, for a parser.
func (c *Check) Body(out []proto.Message, _ proto.Message, _ time.Duration, _ int64, data []byte) []proto.Message {
	c.Write(data)
	return out
}

// End has nothing to do.
func (c *Check) End(out []proto.Message, _ string) []proto.Message { return out }

// Answered reports that no reply stands in a body.
func (c *Check) Answered() bool { return false }

// Drain has a message keep nothing of the body.
func (c *Check) Drain() {}

// Came returns how many octets came, and how many are on the tape.
func (c *Check) Came() (n, of int64) { return c.n, c.size }

// Live makes a Message of one that came, whose body c has seen.
func (c *Check) Live(m proto.Message, raw []byte) *Message {
	return &Message{Message: m, Raw: raw, live: c}
}

// Streams reports whether the body of m, or all of it, is compared octet by octet
// while it comes: it is long, and nothing but octets.
func (m *Message) Streams(r *Rules) bool {
	if !m.long {
		return false
	}
	var fs http1.Fields
	switch v := m.Value.(type) {
	case *http1.Request:
		fs = v.Fields
	case *http1.Response:
		fs = v.Fields
	}
	coded := fs.Has("Content-Encoding") && r.Body != BodyBytes
	octets := r.Body == BodyBytes || r.Body == BodyByType && formOf(fs.Get("Content-Type")) == BodyBytes
	return m.Kind == proto.KindRaw || octets && !coded || m.Body.Size > maxBody
}

// streamed compares a long message octet by octet: with what was compared as it came,
// or with what is there of got.
func (c *comparison) streamed(path string) bool {
	check := c.got.live
	switch {
	case check != nil && (check.want == c.want || c.sameAs(check.want)):
	case check != nil:
		c.out.Key = false
		c.add(Mismatch{Kind: Different, Path: path, Want: octets(c.want.payloadSize()), Got: octets(check.n), Why: "compared with another message, as it came"}, c.want.at(0))
		return false
	default:
		check = NewCheck(c.want)
		src := c.got.Payload()
		if c.got.Kind == proto.KindRaw && !c.got.long {
			src = bytes.NewReader(c.got.Raw)
		}
		if _, err := io.Copy(check, src); err != nil {
			check.err, check.at = err, check.n
		}
		if n := c.got.payloadSize(); check.at < 0 && n > check.n { // more came than is held
			check.n, check.at = n, check.n
		}
	}
	n, of := check.Came()
	if check.at < 0 && (n == of || c.want.Complete && !c.got.Complete || !c.want.Complete) {
		return true // and cut off, which is told elsewhere
	}
	if !c.want.Complete && check.at == of {
		return true // the tape has no more of it
	}
	c.out.Key = false
	if check.at < 0 {
		check.at = n
	}
	if more := checkAround - (len(check.w) - int(check.at-check.near)); more > 0 && !check.ended {
		check.ended = true
		b := make([]byte, more)
		k, _ := io.ReadFull(check.src, b)
		check.w = append(check.w, b[:k]...)
	}
	at := int(check.at - check.near)
	m := Mismatch{Kind: Different, Path: path, Want: around(check.w, at), Got: around(check.g, at)}
	m.Why = fmt.Sprintf("at byte %d of %d", check.at, of)
	if n != of {
		m.Why += fmt.Sprintf("; %d bytes came", n)
	}
	if check.err != nil {
		m.Why = check.err.Error()
	}
	m.Detail = hexDetail(check.w, check.g, at, check.near)
	c.add(m, c.want.at(min(check.at, of-1)))
	return false
}

// sameAs reports whether the wanted octets are those of another message of a tape.
func (c *comparison) sameAs(m *Message) bool {
	check := NewCheck(c.want)
	_, err := io.Copy(check, m.Payload())
	return err == nil && check.at < 0 && check.n == check.size
}

// whole reads what is long of a message where it is not compared as a stream.
func (c *comparison) whole() bool {
	if c.want.Streams(c.rules) {
		return true
	}
	for _, m := range []**Message{&c.want, &c.got} {
		w, err := (*m).Whole()
		if err != nil {
			c.out.Key = false
			c.add(Mismatch{Kind: Different, Path: c.what(), Want: octets(c.want.Span.Len()), Got: octets(c.got.Span.Len()), Why: err.Error()}, c.want.Span.From)
			return false
		}
		*m = w
	}
	return true
}
