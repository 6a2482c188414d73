package main

import (
	"bufio"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// A part says what of a conversation is asked for; all of it unless something is
// set.
type part struct {
	from, to int // exchanges; 0 for all
	grep     string
	only     string // "cookies", "requests"

	re   *regexp.Regexp
	seen bool // something was in the range
	last int  // exchange on the tape
}

func (p *part) register(fs *pflag.FlagSet) {
	fs.StringVar(&p.grep, "grep", "", "only exchanges in which something matches `RE`: what is shown, or the text of a body")
	fs.StringVar(&p.only, "only", "", "`cookies`: a table of those that are set; requests: what the client says")
}

// exchanges reads the words behind the tape: "3", "#3", "3..5".
func (p *part) exchanges(args []string) error {
	if p.only != "" && p.only != "cookies" && p.only != "requests" {
		return usagef("--only %q: want cookies or requests", p.only)
	}
	if p.grep != "" {
		re, err := regexp.Compile(p.grep)
		if err != nil {
			return usagef("--grep: %v", err)
		}
		p.re = re
	}
	if len(args) == 0 {
		return nil
	}
	from, to, several := strings.Cut(args[0], "..")
	if !several {
		to = from
	}
	var err error
	if p.from, err = strconv.Atoi(strings.TrimPrefix(from, "#")); err == nil {
		p.to, err = strconv.Atoi(strings.TrimPrefix(to, "#"))
	}
	if err != nil || p.from < 1 || p.to < p.from {
		return usagef("show: exchange %q: want a number from 1, as 3, or a range, as 3..5", args[0])
	}
	return nil
}

func (p *part) ranged() bool { return p.from > 0 }

func (p *part) set() bool { return p.ranged() || p.re != nil || p.only != "" }

// String returns the range as it is typed.
func (p *part) String() string {
	if p.from == p.to {
		return strconv.Itoa(p.from)
	}
	return fmt.Sprintf("%d..%d", p.from, p.to)
}

// has reports whether a Message is asked for, as far as it tells without its text.
func (p *part) has(m *proto.Message) bool {
	p.last = max(p.last, m.N)
	if p.ranged() && (m.N < p.from || m.N > p.to) {
		return false
	}
	p.seen = true
	switch p.only {
	case "cookies":
		r, ok := m.Value.(*http1.Response)
		return ok && len(r.Fields.Values("Set-Cookie")) > 0
	case "requests":
		return m.Dir == wire.ClientToServer && (m.N > 0 || m.Kind != proto.KindFrame)
	}
	return true
}

// matches reports whether one of the texts has what is looked for.
func (p *part) matches(texts ...[]byte) bool {
	return p.re == nil || slices.ContainsFunc(texts, p.re.Match)
}

// missing is the error of a range that the tape does not have.
func (p *part) missing() error {
	if !p.ranged() || p.seen {
		return nil
	}
	if p.last == 0 {
		return usagef("show: exchange %s: the tape has none", p.String())
	}
	return usagef("show: exchange %s: the tape's are numbered from 1 to %d", p.String(), p.last)
}

// sgr are the colours of rows, which nobody looks for.
var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// A sieve lets through what is written about the Messages that are asked for. Of an
// exchange it holds what was written until something in it matches.
type sieve struct {
	part *part
	out  *bufio.Writer
	held map[int]*heldRows // by Message.N
}

// heldRows is what was written about an exchange that may yet match, or has.
type heldRows struct {
	rows    []byte
	dropped bool // it became too long to hold
	matched bool
}

const (
	maxHeldRows      = 1 << 20 // octets of an exchange, 1 MiB
	maxHeldExchanges = 1024
)

func (p *part) sieve(out *bufio.Writer) *sieve {
	return &sieve{part: p, out: out, held: make(map[int]*heldRows)}
}

// message takes what was written about m, and text in which to look too.
func (s *sieve) message(m *proto.Message, rows, text []byte) {
	if !s.part.has(m) {
		return
	}
	if s.part.re == nil {
		s.out.Write(rows)
		return
	}
	matches := s.part.matches(sgr.ReplaceAll(rows, nil), text)
	if m.N == 0 {
		if matches {
			s.out.Write(rows)
		}
		return
	}
	h := s.held[m.N]
	if h == nil {
		h = new(heldRows)
		if len(s.held) < maxHeldExchanges {
			s.held[m.N] = h
		}
	}
	if matches && !h.matched {
		h.matched = true
		if h.dropped {
			s.out.WriteString("…\n")
		}
		s.out.Write(h.rows)
		h.rows = nil
	}
	switch {
	case h.matched:
		s.out.Write(rows)
	case len(h.rows)+len(rows) > maxHeldRows:
		h.rows, h.dropped = nil, true
	default:
		h.rows = append(h.rows, rows...)
	}
	if m.Dir == wire.ServerToClient && view.Ends(m) {
		delete(s.held, m.N)
	}
}

// end is called behind the last Message. What did not match is dropped.
func (s *sieve) end() { clear(s.held) }
