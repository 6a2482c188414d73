package session

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wiretape/session/expr"
	"wiretape/wire"
)

// repeatDetail is what .help again says of repeating.
const repeatDetail = "\n.again COUNT every TIME sends the last request that often, and until EXPR ends it when EXPR holds\n" +
	"of a reply, as .expect has it; COUNT may then be left out. A request that fails counts, its error is\n" +
	"the name error. Where EXPR never holds a script ends with status 1. ^C stops it."

// A repetition is the arguments of .again COUNT every TIME until EXPR.
type repetition struct {
	exchange string // "#3"; "" for the last
	count    int    // 0 for no bound
	every    time.Duration
	until    *expr.Expr // nil to go on
}

// parseRepetition reads what stands behind .again. It is nil where that is a
// request to be sent once.
func parseRepetition(args string) (*repetition, error) {
	before, after, ok := strings.Cut(" "+args+" ", " every ")
	if !ok {
		return nil, nil
	}
	r := &repetition{}
	for word := range strings.FieldsSeq(before) {
		n, err := strconv.Atoi(word)
		switch {
		case strings.HasPrefix(word, "#") && r.exchange == "" && r.count == 0:
			r.exchange = word
		case err == nil && n > 0 && r.count == 0:
			r.count = n
		default:
			return nil, failure(StatusUsage, ".again %s: %q: want .again [#N] [COUNT] every TIME [until EXPR]", strings.TrimSpace(args), word)
		}
	}
	every, text, has := strings.Cut(strings.TrimSpace(after)+" ", " ")
	var err error
	if r.every, err = time.ParseDuration(every); err != nil || r.every < 0 {
		return nil, failure(StatusUsage, ".again every %q: want a time such as 1s or 200ms", every)
	}
	text = strings.TrimSpace(text)
	if text != "" && has {
		until, ok := strings.CutPrefix(text, "until ")
		if !ok {
			return nil, failure(StatusUsage, ".again every %s %s: want until EXPR there", every, text)
		}
		if r.until, err = parseExpr("again", until); err != nil {
			return nil, err
		}
	}
	if r.count == 0 && r.until == nil {
		return nil, failure(StatusUsage, ".again every %s: want a COUNT before it, or until EXPR behind it", every)
	}
	return r, nil
}

// repeat sends a request again and again.
func (d *dialogue) repeat(ctx context.Context, r *repetition) error {
	began := time.Now()
	var last string
	for n := 1; r.count == 0 || n <= r.count; n++ {
		if n > 1 {
			// Each turn has its time; one that took longer is followed at once.
			if err := d.s.pause(ctx, time.Until(began.Add(time.Duration(n-1)*r.every))); err != nil {
				return err
			}
		}
		stops := d.s.stops
		err := d.again(ctx, r.exchange)
		if d.s.stops != stops {
			return failure(StatusInterrupted, "stopped repeating")
		}
		d.s.mu.Lock()
		exchange := d.s.last()
		v := d.lastExchange()
		d.s.mu.Unlock()
		if err != nil {
			_, refused := errors.AsType[*wire.VerifyError](err)
			if st := StatusOf(err); refused || st == StatusInterrupted || st == StatusUsage {
				return err
			}
			d.s.view.Warn(err.Error())
			v = map[string]any{"error": err.Error()}
		}
		if r.until == nil {
			continue
		}
		result := r.until.Eval(v)
		if result.OK {
			d.s.view.Info(fmt.Sprintf("#%d is as expected after %s in %.1f s: %v", exchange, count(n, "time"), time.Since(began).Seconds(), r.until))
			return nil
		}
		last = result.String()
	}
	if r.until != nil {
		return failure(StatusDiffers, ".again: not once in %d times: %s", r.count, last)
	}
	d.s.view.Info(fmt.Sprintf("sent %s in %.1f s", count(r.count, "time"), time.Since(began).Seconds()))
	return nil
}

// pause waits, whatever comes meanwhile. ^C ends it with an error.
func (s *Session) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		d = 0 // ^C is taken all the same
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-s.opts.Interrupts:
	case <-s.escaped:
	case <-ctx.Done():
	}
	return failure(StatusInterrupted, "stopped repeating")
}
