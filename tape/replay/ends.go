package replay

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"wiretape/tape/match"
	"wiretape/wire"
)

// awaitEnd waits for an end of the peer's direction and compares it.
func (p *player) awaitEnd(it *match.Item) error {
	staying := p.linger > 0 && p.i == len(p.s.own)
	if staying {
		p.silence, p.until = p.linger, time.Time{}
	}
	for p.end == nil {
		if _, err := p.fill(); err != nil {
			if staying && errors.Is(err, errSilence) {
				if p.queued != nil { // what is written is the peer's, however slowly it reads
					p.c.SetWriteDeadline(time.Now().Add(p.linger))
					p.drain()
				}
				return errPlayed // it may stay, and we need not
			}
			return p.silent(err)
		}
		if p.rules.TailAny {
			p.in, p.queue, p.taken = p.in[:0], nil, p.read
		}
		if len(p.in) > maxTail {
			break
		}
	}
	if err := p.tail(); err != nil {
		return err
	}
	if p.end == nil {
		return errPlayed
	}
	want := "eof"
	switch it.Event.Kind {
	case wire.KindReset:
		want = "rst"
	case wire.KindAlert:
		want = "alert " + it.Event.Alert.String()
	}
	got := endName(p.end)
	// A peer that is closed with bytes unread resets: to a server, as good.
	if got == want || p.s.ours == wire.ServerToClient && !p.strict {
		return nil
	}
	kind := match.Different
	switch got {
	case "rst":
		kind = match.Reset
	case "eof":
		kind = match.EarlyEnd
	default:
		kind = match.Alert
	}
	p.tally.mismatch(match.Mismatch{Kind: kind, Path: "end of the connection", TapeLine: it.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1, Want: want, Got: "the peer's was " + got})
	return nil
}

// maxTail is how much is read of what nobody expects.
const maxTail = 64 << 10

// tail tells of bytes after the last that was expected. Those of a client that
// goes on are its affair.
func (p *player) tail() error {
	n := p.read - p.taken
	if n == 0 || p.rules.TailAny || p.j < len(p.peers) && p.peers[p.j].Message != nil {
		return nil
	}
	line := p.s.conv.Line
	if k := len(p.peers); k > 0 {
		last := p.peers[min(p.j, k-1)]
		line = last.Line
	}
	p.tally.mismatch(match.Mismatch{Kind: match.Tail, Path: "tail", TapeLine: line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1,
		Got: fmt.Sprintf("%d bytes after the last that was expected: %s", n, match.Show(p.in))})
	p.taken, p.in, p.queue = p.read, nil, nil
	return nil
}

// silent tells how far a replay came when nothing more did.
func (p *player) silent(err error) error {
	if errors.Is(err, errBeyond) {
		p.beyond()
		return errPlayed
	}
	if !errors.Is(err, errSilence) {
		return err
	}
	m := match.Mismatch{Kind: match.Silence, TapeLine: p.s.conv.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1}
	got, want := p.read-min(p.start, p.taken), int64(0)
	if p.j < len(p.peers) {
		m.TapeLine = p.peers[p.j].Line
	}
	if w := p.awaited(); w != nil {
		m.N, m.Path, want = w.N, string(w.Kind), w.Size()
	}
	m.Got = fmt.Sprintf("sent %d of %d; got %d of %d expected bytes, then silence for %v", p.sent, p.s.sends, got, want, p.silence)
	p.tally.mismatch(m)
	return errPlayed
}

// beyond tells of a message that is longer than the tape's by more than is kept,
// and what of it differs besides.
func (p *player) beyond() {
	m := match.Mismatch{Kind: match.Tail, Path: "tail", TapeLine: p.s.conv.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1}
	if p.j < len(p.peers) {
		m.TapeLine = p.peers[p.j].Line
	}
	m.Got = fmt.Sprintf("%d bytes after the last that was expected: %s", len(p.in), match.Show(p.in))
	if w := p.awaited(); w != nil {
		m.Kind, m.Path, m.N = match.Extra, string(w.Kind), w.N
		m.Got = fmt.Sprintf("%d bytes, and no end", p.read-p.start)
		m.Why = fmt.Sprintf("the tape's has %d", w.Size())
		if part, _ := p.progress(); part != nil && part.Value != nil {
			got := match.Live(*part, p.in)
			got.Complete = true // that it is not is told below
			for _, d := range match.Compare(w, got, p.rules, p.vars).Mismatches {
				if !strings.HasPrefix(d.Path, m.Path+" body") {
					p.found(d, true)
				}
			}
		}
	}
	p.tally.mismatch(m)
	p.taken, p.in, p.queue = p.read, nil, nil
}

// early tells that the peer ended before its time. A nil item says that we had
// something to say.
func (p *player) early(it *match.Item) error {
	if p.s.ours == wire.ServerToClient && !p.strict && p.awaited() == nil {
		return errPlayed
	}
	name := endName(p.end)
	m := match.Mismatch{Kind: match.EarlyEnd, TapeLine: p.s.conv.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1, Got: "the peer ended the connection"}
	switch {
	case name == "rst":
		m.Kind, m.Got = match.Reset, "the peer reset the connection"
	case name != "eof":
		m.Kind, m.Got = match.Alert, name
		if _, ok := errors.AsType[*wire.AlertError](p.end); !ok {
			m.Kind = match.EarlyEnd
		}
	}
	if it != nil {
		m.TapeLine, m.N, m.Path = it.Line, it.Message.N, string(it.Message.Kind)
		m.Want = match.Describe(it.Message)
	}
	m.Got += fmt.Sprintf(": sent %d of %d, got %d of %d", p.sent, p.s.sends, p.gotMessages(), p.s.awaits)
	p.tally.mismatch(m)
	return errPlayed
}

func (p *player) gotMessages() int {
	n := 0
	for _, it := range p.peers[:p.j] {
		if it.Message != nil {
			n++
		}
	}
	return n
}
