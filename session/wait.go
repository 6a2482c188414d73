package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// A waitEnd says how a wait ended.
type waitEnd uint8

const (
	waitMet         waitEnd = iota // what was waited for is there
	waitClosed                     // the peer will send no more
	waitTimeout                    // too long
	waitInterrupted                // by ^C, or ^]
)

// A waiting says what to wait for.
type waiting struct {
	met     func() bool   // called with Session.mu held
	limit   time.Duration // 0 is none
	silence bool          // limit counts from the last event, not from the start
	notice  bool          // tell a person after a second how far the reply is
	text    string        // tell this after a second, once, in place of it
}

// wait waits until w is met or cannot be any more.
func (d *dialogue) wait(ctx context.Context, w waiting) waitEnd {
	begun := time.Now()
	next := time.Second // when the next notice is due
	for {
		d.s.mu.Lock()
		met, ended, last := w.met(), d.peer.ended, d.peer.lastAt
		d.s.mu.Unlock()
		switch {
		case met:
			return waitMet
		case ended && d.drained():
			return waitClosed
		}
		sleep := time.Duration(1<<63 - 1)
		if w.limit > 0 {
			from := begun
			if w.silence && last.After(from) {
				from = last
			}
			sleep, d.s.ranOut = time.Until(from.Add(w.limit)), w.limit.String()
			if w.silence {
				d.s.ranOut += " of silence"
			}
			if all := time.Until(begun.Add(d.s.total)); w.silence && d.s.total > 0 && all < sleep {
				sleep, d.s.ranOut = all, d.s.total.String()+" altogether"
			}
			if sleep <= 0 {
				return waitTimeout
			}
		}
		if w.notice || w.text != "" {
			until := time.Until(begun.Add(next))
			if until <= 0 {
				if w.text != "" {
					d.s.view.Info(w.text)
					w.text = ""
					continue
				}
				d.s.view.Info(d.waitNotice(time.Since(begun)))
				next *= 3
				continue
			}
			sleep = min(sleep, until)
		}
		timer := time.NewTimer(sleep)
		select {
		case <-d.s.changed:
		case <-d.linkDone():
		case <-timer.C:
		case <-d.s.opts.Interrupts:
			timer.Stop()
			return waitInterrupted
		case <-d.s.escaped:
			timer.Stop()
			return waitInterrupted
		case <-ctx.Done():
			timer.Stop()
			return waitInterrupted
		}
		timer.Stop()
	}
}

// waitNotice says how far a reply is.
func (d *dialogue) waitNotice(since time.Duration) string {
	d.s.mu.Lock()
	st, h := d.s.stream.State(d.peer.conn), d.h2
	d.s.mu.Unlock()
	text := "waiting for the reply: "
	switch {
	case h != nil:
		streams, octets := h.Received()
		text += fmt.Sprintf("streams open: %d, %d B came on them, ", streams, octets)
	case st.Want >= 0 && st.Partial[1] != nil:
		text += fmt.Sprintf("%d of %d B, ", st.Got, st.Want)
	case st.Got > 0:
		text += fmt.Sprintf("%d B, ", st.Got)
	}
	return text + fmt.Sprintf("%.1f s (^C stops waiting)", since.Seconds())
}

// replied reports whether nothing is due from the server. s.mu is held.
func (d *dialogue) replied() bool {
	return complete(d.s.stream.State(d.peer.conn)) && (d.h2 == nil || !d.h2.Owes())
}

func complete(st proto.State) bool {
	p := st.Partial[1]
	// Octets that are no reply of the protocol have no end to wait for.
	return st.Answered || st.Due == 0 && (p == nil || p.Kind == proto.KindRaw && st.Framed)
}

// How long a person's prompt stays away where nothing tells when a reply is
// complete. It delays the prompt and decides nothing.
const (
	promptSilence = 300 * time.Millisecond
	promptAfter   = 30 * time.Millisecond // after something came
)

// afterSend waits for the reply to what was just sent.
func (d *dialogue) afterSend(ctx context.Context) error {
	d.s.mu.Lock()
	st, h, unread := d.s.stream.State(d.peer.conn), d.h2, d.peer.noRequest
	d.s.mu.Unlock()
	switch {
	case h != nil && h.Options().NoWait:
		return nil
	case unread && d.s.opts.Interactive:
		d.settle(ctx)
		return nil
	case !st.Framed || d.accepted():
		if d.s.opts.Interactive {
			d.settle(ctx)
		} else if !d.accepted() {
			return d.awaitPrompt(ctx)
		}
		return nil
	}
	return d.awaitReply(ctx)
}

// promptPatience is how long a script on Telnet waits in silence for a prompt before
// its next line goes all the same. It decides nothing else.
const promptPatience = time.Second

// awaitPrompt has a script on Telnet wait until the server asks: for a line that it
// does not end, such as "Password: ". Elsewhere nothing is waited for.
func (d *dialogue) awaitPrompt(ctx context.Context) error {
	if d.target.Proto != detect.Telnet {
		return nil
	}
	end := d.wait(ctx, waiting{limit: promptPatience, silence: true, met: func() bool {
		return d.peer.ended || d.s.view.Unfinished(d.peer.conn, d.s.stream.State(d.peer.conn)) != ""
	}})
	if end == waitInterrupted {
		return d.stopped(ctx)
	}
	return nil
}

// errTold marks a failure whose row stands already.
var errTold = errors.New("told")

// awaitReply waits until nothing is due.
func (d *dialogue) awaitReply(ctx context.Context) error {
	if err := d.awaitDue(ctx); err != nil {
		return err
	}
	d.s.mu.Lock()
	fault := d.peer.fault
	d.peer.fault = ""
	d.s.mu.Unlock()
	if fault != "" {
		return &Failure{Status: StatusProtocol, Err: toldError(fault)}
	}
	return nil
}

// A toldError is an error whose row stands already.
type toldError string

func (e toldError) Error() string        { return string(e) }
func (e toldError) Is(target error) bool { return target == errTold }

// awaitDue is awaitReply, which takes no notice of what the peer has reset.
func (d *dialogue) awaitDue(ctx context.Context) error {
	// Nothing is due to what is no request, but a script has sent it for an answer.
	unanswered := func() bool { return !d.s.opts.Interactive && d.peer.noRequest && d.peer.gotN == 0 }
	w := waiting{met: func() bool { return d.peer.broken != "" || d.replied() && !unanswered() }, notice: d.s.opts.Interactive}
	if !d.s.opts.Interactive {
		w.limit, w.silence = d.s.timeout, true
	}
	end := d.wait(ctx, w)
	d.s.mu.Lock()
	broken, fault, unread := d.peer.broken, d.peer.fault, unanswered()
	d.s.mu.Unlock()
	switch {
	case end == waitClosed && unread:
		return failure(StatusProtocol, "the connection ended without a reply: what was sent is no request of HTTP/1")
	case end == waitTimeout && unread:
		return failure(StatusTimeout, "no reply after %s (.timeout sets how long): what was sent is no request of HTTP/1", d.s.ranOut)
	case broken != "" && fault != "":
		return nil // what the peer gave up explains why nothing more came
	case broken != "":
		return brokenFailure(broken, d.target)
	case end == waitTimeout:
		return failure(StatusTimeout, "no complete reply after %s (.timeout sets how long)", d.s.ranOut)
	case end == waitInterrupted:
		return d.stopped(ctx)
	}
	return nil
}

// stopped is ^C or ^] during a wait: a person goes on, a script ends.
func (d *dialogue) stopped(ctx context.Context) error {
	d.s.stops++
	if !d.s.opts.Interactive || ctx.Err() != nil {
		return failure(StatusInterrupted, "interrupted")
	}
	d.s.mu.Lock()
	h := d.h2
	d.s.mu.Unlock()
	hint := ""
	if h != nil {
		if streams, _ := h.Received(); streams > 0 {
			hint = fmt.Sprintf("; .send rst %d CANCEL ends the stream", h.Latest())
		}
	}
	d.s.view.Info("stopped waiting; still connected" + hint)
	return nil
}

// settle gives what comes at once the time to stand before the prompt.
func (d *dialogue) settle(ctx context.Context) {
	before := d.received()
	if d.wait(ctx, waiting{limit: promptSilence, met: func() bool {
		return d.peer.ended || d.peer.gotN != before
	}}) != waitMet {
		return
	}
	d.wait(ctx, waiting{limit: promptAfter, silence: true, met: func() bool { return d.peer.ended }})
}

func (d *dialogue) received() int64 {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.peer.gotN
}

// banner waits for the first words of a server that speaks first.
func (d *dialogue) banner(ctx context.Context) error {
	w := waiting{met: func() bool {
		return d.peer.spoke || d.s.view.Unfinished(d.peer.conn, d.s.stream.State(d.peer.conn)) != ""
	}}
	if d.s.opts.Interactive {
		w.limit = promptSilence
	} else {
		w.limit, w.silence = d.s.timeout, true
		w.met = func() bool { return d.peer.spoke || !d.s.stream.State(d.peer.conn).Framed && d.peer.gotN > 0 }
	}
	switch d.wait(ctx, w) {
	case waitTimeout:
		if !d.s.opts.Interactive {
			return failure(StatusTimeout, "no greeting after %s (.timeout sets how long)", d.s.ranOut)
		}
	case waitClosed:
		if !d.s.opts.Interactive {
			return failure(StatusProtocol, "the connection ended before the greeting")
		}
	case waitInterrupted:
		return d.stopped(ctx)
	}
	if d.s.opts.Interactive {
		return nil
	}
	return d.awaitPrompt(ctx)
}

// lastReply waits, at the end of a script, for what is due: where no protocol
// tells, for the peer to close.
func (d *dialogue) lastReply(ctx context.Context) error {
	d.s.mu.Lock()
	framed, torn := d.s.stream.State(d.peer.conn).Framed, d.peer.torn
	d.s.mu.Unlock()
	const tornText = "the connection ended in the middle of the request"
	switch {
	case d.link == nil, d.accepted():
		return nil
	case torn:
		return failure(StatusProtocol, tornText)
	case framed:
		return d.awaitReply(ctx)
	case !d.owed:
		return nil
	}
	w := waiting{limit: d.s.timeout, silence: true, met: func() bool {
		st := d.s.stream.State(d.peer.conn)
		return st.Framed && complete(st)
	}}
	w.text = fmt.Sprintf("waiting for the peer to end, up to %v of silence (.timeout)", d.s.timeout)
	end := d.wait(ctx, w)
	switch end {
	case waitTimeout:
		return failure(StatusTimeout, "stopped after %s, reply may be incomplete: .await or .close ends it", d.s.ranOut)
	case waitInterrupted:
		return d.stopped(ctx)
	}
	// What came may be no reply to a request, whichever of the two was first.
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	switch {
	case d.peer.broken != "":
		return brokenFailure(d.peer.broken, d.target)
	case d.peer.torn:
		return failure(StatusProtocol, tornText)
	}
	return nil
}
