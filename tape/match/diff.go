package match

import (
	"cmp"
	"fmt"
	"slices"

	"wiretape/wire"
)

// Diff compares two tapes conversation by conversation, the second with the
// first, by the rules of the first. Connections and the messages of each
// direction are paired in order.
func Diff(a, b *Tape) Outcome {
	d := differ{a: a}
	d.out.Key = true
	var vars Vars
	for i := range max(len(a.Convs), len(b.Convs)) {
		switch {
		case i >= len(b.Convs):
			d.add(Mismatch{Kind: Missing, Path: "connection", TapeLine: a.Convs[i].Line, Conn: a.Convs[i].Conn, Want: d.summary(a.Convs[i])})
		case i >= len(a.Convs):
			d.add(Mismatch{Kind: Extra, Path: "connection", Got: fmt.Sprintf("%s (%s:%d)", d.summary(b.Convs[i]), b.Name, b.Convs[i].Line)})
		default:
			for _, dir := range []wire.Dir{wire.ClientToServer, wire.ServerToClient} {
				d.direction(a.Convs[i], b.Convs[i], dir, &vars)
			}
			d.secure(a.Convs[i], b.Convs[i])
		}
	}
	SortByLine(d.out.Mismatches)
	return d.out
}

// A differ is one run of Diff.
type differ struct {
	a   *Tape
	out Outcome
}

func (d *differ) add(m Mismatch) {
	if m.Tape = d.a.Name; m.Offset == 0 {
		m.Offset = -1
	}
	d.out.Mismatches = append(d.out.Mismatches, m)
	d.out.Key = false
}

func (d *differ) summary(c *Conv) string {
	n := c.messages(wire.ClientToServer)
	s := fmt.Sprintf("%d %s of the client, %d of the server", n, map[bool]string{true: "message", false: "messages"}[n == 1], c.messages(wire.ServerToClient))
	if c.Proto != "" {
		s = c.Proto + ", " + s
	}
	return s
}

// messages returns how many messages of a direction a connection has.
func (c *Conv) messages(dir wire.Dir) int {
	n := 0
	for i := range c.Items {
		if c.Items[i].Message != nil && c.Items[i].Dir == dir {
			n++
		}
	}
	return n
}

// direction compares what one side of a connection sent, and how it ended.
func (d *differ) direction(a, b *Conv, dir wire.Dir, vars *Vars) {
	as, aEnd := said(a, dir)
	bs, bEnd := said(b, dir)
	last := a.Line // behind which stands what the tape does not have
	if len(a.Items) > 0 {
		last = a.Items[len(a.Items)-1].Line
	}
	for i := range max(len(as), len(bs)) {
		switch {
		case i >= len(bs):
			m := as[i].Message
			d.add(Mismatch{Kind: Missing, Path: string(m.Kind), TapeLine: as[i].Line, Conn: a.Conn, N: m.N, Offset: m.Span.From, Want: Describe(m)})
		case i >= len(as):
			m := bs[i].Message
			d.add(Mismatch{Kind: Extra, Path: string(m.Kind), TapeLine: last, Conn: a.Conn, Got: Describe(m)})
		default:
			out := Compare(as[i].Message, bs[i].Message, &d.a.Rules, vars)
			for _, m := range out.Mismatches {
				m.Tape = d.a.Name
				d.out.Mismatches = append(d.out.Mismatches, m)
			}
			d.out.Key = d.out.Key && out.Key
			c := comparison{out: d.out}
			c.byKind(out.ByKind...)
			for _, n := range out.Ignored {
				c.ignored(n)
			}
			d.out = c.out
		}
	}
	// Who closed first is chance where both did: only a reset is another end.
	if aReset, bReset := aEnd == wire.KindReset, bEnd == wire.KindReset; aReset != bReset {
		name := map[bool]string{true: "rst", false: "eof"}
		d.add(Mismatch{Kind: Different, Path: "end of the " + dir.String() + "'s stream", TapeLine: last, Conn: a.Conn, Want: name[aReset], Got: name[bReset]})
	}
}

// said returns the messages of a direction and how it ended, 0 where the tape
// does not tell.
func said(c *Conv, dir wire.Dir) (items []*Item, end wire.Kind) {
	for i := range c.Items {
		it := &c.Items[i]
		if it.Dir != dir {
			continue
		}
		if it.Message != nil {
			items = append(items, it)
		} else {
			end = it.Event.Kind
		}
	}
	if c.HTTP2() {
		// In which order streams are answered is chance.
		slices.SortStableFunc(items, func(a, b *Item) int { return cmp.Compare(a.Message.Exchange, b.Message.Exchange) })
	}
	return items, end
}

// secure compares what is known of TLS.
func (d *differ) secure(a, b *Conv) {
	x, y := handshake(a), handshake(b)
	switch {
	case x == nil && y == nil:
	case y == nil:
		d.add(Mismatch{Kind: Missing, Path: "tls", TapeLine: x.Line, Conn: a.Conn, Want: x.Event.TLS.VersionName()})
	case x == nil:
		d.add(Mismatch{Kind: Extra, Path: "tls", TapeLine: a.Line, Conn: a.Conn, Got: y.Event.TLS.VersionName()})
	default:
		for _, f := range []struct{ path, want, got string }{
			{"tls version", x.Event.TLS.VersionName(), y.Event.TLS.VersionName()},
			{"alpn", x.Event.TLS.ALPN, y.Event.TLS.ALPN},
		} {
			if f.want != f.got {
				d.add(Mismatch{Kind: Fact, Path: f.path, TapeLine: x.Line, Conn: a.Conn, Want: f.want, Got: f.got})
			}
		}
	}
}

func handshake(c *Conv) *Item {
	for i := range c.Items {
		if c.Items[i].Event.Kind == wire.KindSecure {
			return &c.Items[i]
		}
	}
	return nil
}
