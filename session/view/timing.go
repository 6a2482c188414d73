package view

import (
	"fmt"
	"strings"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A Timing says what an exchange took its time with.
type Timing struct {
	N      int    // of the exchange, 0 for none
	Asked  string // "GET /index.html"; not escaped
	Phases []Phase
}

// A Phase is a part of an exchange. One follows the other; the time that somebody
// thought in between belongs to none.
type Phase struct {
	Name string // "dns", "tcp", "proxy", "tls", "send", "wait", "receive"
	Took time.Duration
}

// Total returns the time of all phases.
func (t *Timing) Total() time.Duration {
	var sum time.Duration
	for _, p := range t.Phases {
		sum += p.Took
	}
	return sum
}

// TimingOf times the exchange that msgs are the Messages of, in order. Facts and
// t are those of its connection, nil for unknown; they count for its first
// exchange alone. Without a request there is no phase of ours, and without a
// reply none of the server's.
func TimingOf(msgs []proto.Message, facts *wire.Facts, t *wire.TLS) Timing {
	var out Timing
	var asked, answered *proto.Message // first of each side
	var askedEnd, answeredEnd time.Duration
	for i := range msgs {
		m := &msgs[i]
		out.N = m.N
		if m.Dir == wire.ClientToServer {
			if asked == nil {
				asked = m
			}
			askedEnd = max(askedEnd, m.Last)
			if text := askedText(m); out.Asked == "" {
				out.Asked = text
			}
			continue
		}
		if answered == nil {
			answered = m
		}
		answeredEnd = max(answeredEnd, m.Last)
	}
	add := func(name string, took time.Duration) {
		out.Phases = append(out.Phases, Phase{name, max(took, 0)})
	}
	if len(msgs) > 0 && msgs[0].Exchange == 1 {
		if facts != nil {
			for _, p := range []Phase{{"dns", facts.Phases.DNS}, {"tcp", facts.Phases.Connect}, {"proxy", facts.Phases.Proxy}} {
				if p.Took > 0 {
					add(p.Name, p.Took)
				}
			}
		}
		if t != nil && t.Took > 0 && msgs[0].Secure {
			add("tls", t.Took)
		}
	}
	if asked != nil {
		add("send", askedEnd-asked.First)
	}
	if answered != nil {
		if asked != nil {
			add("wait", answered.First-askedEnd)
		}
		add("receive", answeredEnd-max(answered.First, min(askedEnd, answeredEnd)))
	}
	return out
}

// Timing writes when an exchange took its time, a row and a bar for each phase.
func (p *Printer) Timing(t Timing) {
	p.begin()
	defer p.mu.Unlock()
	total := t.Total()
	head := "#" + fmt.Sprint(t.N)
	if t.N == 0 {
		head = "no exchange"
	}
	if t.Asked != "" {
		head += " " + t.Asked
	}
	if len(t.Phases) == 0 {
		p.rows(0, markInfo, head+": nothing to time")
		p.flush()
		return
	}
	if total == 0 {
		p.rows(0, markInfo, head+": the recording has no times")
		p.flush()
		return
	}
	p.rows(0, markInfo, head+": "+span(total))
	// "* receive  59.9 min  " is what stands before a bar.
	const before = 2 + 8 + 1 + 9 + 2
	room := 40
	if p.s.Width > 0 {
		room = max(0, min(room, p.s.Width-before))
	}
	var past time.Duration
	for _, ph := range t.Phases {
		row := fmt.Sprintf("%-8s %9s", ph.Name, span(ph.Took))
		if room >= minBar {
			row += "  " + bar(past, ph.Took, total, room)
		}
		past += ph.Took
		p.row(0, markInfo, p.signs(row))
	}
	p.flush()
}

// minBar is the narrowest bar that tells anything, in cells.
const minBar = 8

// bar draws a phase as the part of room cells that it takes of all the time, where
// it comes in it. One too short for a cell is a thin stroke.
func bar(past, took, total time.Duration, room int) string {
	cell := func(d time.Duration) int { return int(float64(d) / float64(total) * float64(room)) }
	from, to := min(cell(past), room-1), min(cell(past+took), room)
	sign := "█"
	if cell(took) == 0 {
		to, sign = from+1, "▏"
	}
	to = max(to, from+1)
	return strings.Repeat("·", from) + strings.Repeat(sign, to-from) + strings.Repeat("·", room-to)
}

// signs returns text in the signs that the screen has.
func (p *Printer) signs(text string) []byte {
	if p.s.ASCII {
		text = asciiSigns.Replace(text)
	}
	return []byte(text)
}
