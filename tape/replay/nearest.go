package replay

import (
	"fmt"

	"wiretape/tape/match"
)

// nearest describes the exchange that comes closest to a request that nothing
// answers: in order the next, looked up the one that differs in least.
func (p *pool) nearest(got *match.Message) (*exchange, string) {
	p.mu.Lock()
	var of []*exchange
	for _, list := range p.convs {
		if !p.match {
			of = append(of, list[:nextable(list)]...)
		}
	}
	p.mu.Unlock()
	if p.match {
		of = p.all
	}
	var best *exchange
	var first match.Mismatch
	least := -1
	for _, x := range of {
		ms := match.Compare(x.request.Message, got, &p.rules, nil).Mismatches
		n := len(ms)
		if len(ms) > 0 {
			n += keyWeight * keys(ms)
		}
		if least < 0 || n < least {
			best, least = x, n
			first = match.Mismatch{}
			if len(ms) > 0 {
				first = ms[0]
			}
		}
	}
	if best == nil {
		return nil, ""
	}
	s := fmt.Sprintf("%s:%d %s", best.tape, best.request.Line, match.Describe(best.request.Message))
	switch {
	case first.Path != "":
		s += fmt.Sprintf(", whose %s is %s", first.Path, first.Want)
	default:
		s += ", which was played already"
	}
	return best, s
}

// keyWeight is how many fields that differ make a request as distant as one part
// of its key.
const keyWeight = 100

// keys counts the mismatches in method, target and body.
func keys(ms []match.Mismatch) int {
	n := 0
	for _, m := range ms {
		if isKey(m) {
			n++
		}
	}
	return n
}
