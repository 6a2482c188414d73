package replay

import (
	"io"
	"slices"
	"time"

	"wiretape/tape/match"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// A checked is a body of the peer that is compared while it comes, so that nobody
// holds it.
type checked struct {
	*match.Check
	stream uint32 // of HTTP/2
	from   int64  // of its first octet, as the parser counts; -1 before that
}

func (c *checked) Body(out []proto.Message, like proto.Message, at time.Duration, offset int64, data []byte) []proto.Message {
	if c.from < 0 {
		c.from = offset
	}
	return c.Check.Body(out, like, at, offset, data)
}

// exceeded reports whether far more came than is on the tape.
func (c *checked) exceeded() bool {
	n, of := c.Came()
	return n > of+maxBeyond
}

// of reports whether it is the body of a message, whose span is as the parser counts
// less skip.
func (c *checked) of(m *proto.Message, skip int64) bool {
	return c.stream == m.Stream && c.from >= 0 && c.from+skip >= m.Span.From && c.from+skip < m.Span.To
}

// A nobody has a parser keep nothing of a body.
type nobody struct{}

func (nobody) Body(out []proto.Message, _ proto.Message, _ time.Duration, _ int64, _ []byte) []proto.Message {
	return out
}
func (nobody) End(out []proto.Message, _ string) []proto.Message { return out }
func (nobody) Answered() bool                                    { return false }
func (nobody) Drain()                                            {}

// open is asked by the parser what is to be done with a body.
func (l *live) open(like *proto.Message) http1.Tap {
	if like.Dir != l.peer {
		return nobody{} // ours: we know it
	}
	if l.wants == nil {
		return nil
	}
	want := l.wants(like)
	if want == nil {
		return nil
	}
	c := &checked{Check: match.NewCheck(want), from: -1}
	l.checks = append(l.checks, c)
	return c
}

// checkOf returns, once, what the body of a message of the peer was compared with.
func (l *live) checkOf(m *proto.Message) *checked {
	skip := l.skipped[proto.Side(l.peer)]
	i := slices.IndexFunc(l.checks, func(c *checked) bool { return c.of(m, skip) })
	if i < 0 {
		return nil
	}
	c := l.checks[i]
	l.checks = slices.Delete(l.checks, i, i+1)
	return c
}

// exceeded reports whether a body in progress is far longer than the tape's.
func (l *live) exceeded() bool { return slices.ContainsFunc(l.checks, (*checked).exceeded) }

// pass forgets what was compared of the body in progress, but for its last octet.
func (l *live) pass() {
	if len(l.checks) == 0 || len(l.queue) > 0 || l.parser == nil {
		return
	}
	part := l.parser.State(1).Partial[proto.Side(l.peer)]
	if part == nil {
		return
	}
	m, skip := *part, l.skipped[proto.Side(l.peer)]
	m.Span.From, m.Span.To = m.Span.From+skip, m.Span.To+skip
	if l.checks[0].of(&m, skip) {
		l.drop(m.Span.To - 1)
	}
}

// wanted returns the recorded message that the next of the peer is compared with
// while it comes, nil where it is not.
func (p *player) wanted(*proto.Message) *match.Message {
	if p.looked || p.rules.OrderAny {
		return nil
	}
	ahead := len(p.queue) // those that came before it
	for _, it := range p.peers[p.j:] {
		switch {
		case it.Message == nil:
		case ahead > 0:
			ahead--
		case it.Message.Streams(p.rules):
			return it.Message
		default:
			return nil
		}
	}
	return nil
}

// octets awaits a long message that no protocol frames.
func (p *player) octets(it *match.Item) error {
	check := match.NewCheck(it.Message)
	var got proto.Message
	got.Conn, got.Proto, got.Kind, got.Dir = it.Message.Conn, it.Message.Proto, it.Message.Kind, it.Message.Dir
	got.Span.From = p.taken
	left := it.Message.Size()
	for {
		n := min(left, int64(len(p.in)))
		check.Write(p.in[:n])
		p.drop(p.taken + n)
		if left -= n; left == 0 || p.end != nil && n == 0 {
			break
		}
		if _, err := p.fill(); err != nil {
			return p.silent(err)
		}
	}
	got.Span.To, got.Complete = p.taken, left == 0
	if left > 0 && it.Message.Complete {
		return p.early(it)
	}
	return p.compare(it, check.Live(got, nil))
}

// copySize is how much of a long message is read and written at once, in bytes.
const copySize = 256 << 10

// copyRest writes what of a long message follows its head.
func (l *live) copyRest(m *match.Message) error {
	defer func() {
		if !l.ending.Load() {
			l.c.SetWriteDeadline(time.Time{})
		}
	}()
	src, buf := m.Rest(), make([]byte, copySize)
	for {
		n, err := io.ReadFull(src, buf)
		if n > 0 {
			now := time.Now()
			if l.silence > 0 {
				l.c.SetWriteDeadline(now.Add(l.silence))
			}
			l.wrote.Store(now.UnixNano())
			if _, err := l.c.Write(buf[:n]); err != nil {
				return err
			}
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}

// writesRest says that what follows the head of a long message is about to leave.
func (l *live) writesRest(m *match.Message) error {
	if l.parser == nil {
		return nil
	}
	l.parse()
	src, buf := m.Rest(), make([]byte, copySize)
	for {
		n, err := io.ReadFull(src, buf)
		l.writes(buf[:n])
		l.parse()
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}
