package main

import (
	"fmt"
	"os"
	"time"
)

// progress is a line on a terminal that says how far many sites are.
type progress struct {
	tty    *os.File // nil for no line
	shared bool     // what is asked for goes to a terminal too
	total  int      // 0 where it is not known
	began  time.Time
	last   time.Time
	live   bool // it stands there
}

func (p *progress) begin(total int) {
	p.total, p.began = total, time.Now()
}

// show writes the line, ten times a second at most.
func (p *progress) show(o *autoOutput) {
	now := time.Now()
	if p.tty == nil || now.Sub(p.last) < 100*time.Millisecond {
		return
	}
	p.last, p.live = now, true
	fmt.Fprintf(p.tty, "\r%s\x1b[K", p.text(o.written+len(o.waiting), o.silent, now.Sub(p.began)))
}

// text says how many are done, how fast, and when the rest will be.
func (p *progress) text(done, silent int, took time.Duration) string {
	rate := float64(done) / max(took.Seconds(), 1e-3)
	s := fmt.Sprint(done)
	if p.total > 0 {
		s += fmt.Sprintf(" of %d", p.total)
	}
	if silent > 0 {
		s += fmt.Sprintf(", %d without an answer", silent)
	}
	s += fmt.Sprintf("; %.0f/s", rate)
	if left := p.total - done; left > 0 && done > 0 {
		s += ", " + time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second).String() + " left"
	}
	return s
}

// clear takes the line away.
func (p *progress) clear() {
	if p.live {
		fmt.Fprint(p.tty, "\r\x1b[K")
		p.live = false
	}
}
