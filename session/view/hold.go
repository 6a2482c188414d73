package view

import (
	"bytes"
	"fmt"
)

// maxHeld bounds the rows that Hold holds back, octets.
const maxHeld = 1 << 20 // 1 MiB

// A held is what Hold has kept off the screen.
type held struct {
	on   bool
	rows []byte
	n    int // rows of it
	lost int // rows that were too many
}

// Hold keeps what a peer's doing writes, [Printer.Message], [Printer.Partial],
// [Printer.InfoOf] and the like, off the screen until Release: 1 MiB of it at most.
func (p *Printer) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held.on = true
}

// Held reports whether rows are held back, and how many.
func (p *Printer) Held() (on bool, rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held.on, p.held.n + p.held.lost
}

// Release writes the rows that Hold has held back, and says how many were too many.
func (p *Printer) Release() {
	p.begin()
	defer p.mu.Unlock()
	p.buf = append(p.buf, p.held.rows...)
	if n := p.held.lost; n > 0 {
		p.rows(0, markWarn, fmt.Sprintf("%s more came than are held back, %d KiB: .show and the tape have them", plural(int64(n), "row"), maxHeld>>10))
	}
	p.held = held{}
	p.flush()
}

// arrived is flush for what a peer's doing has gathered.
func (p *Printer) arrived() {
	h := &p.held
	if !h.on {
		p.flush()
		return
	}
	n := bytes.Count(p.buf, []byte("\n"))
	if h.lost == 0 && len(h.rows)+len(p.buf) <= maxHeld {
		h.rows = append(h.rows, p.buf...)
		h.n += n
	} else {
		h.lost += n // all that follows, so that no row is missing in between
	}
	p.buf = p.buf[:0]
}
