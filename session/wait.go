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
	met     func() bool   // called with s.mu held
	limit   time.Duration // 0 is none
	silence bool          // limit counts from the last event, not from the start
	notice  bool          // tell a person after a second how far the reply is
	text    string        // tell this after a second, once, in place of it
}

// wait waits until w is met or cannot be any more.
func (s *Session) wait(ctx context.Context, w waiting) waitEnd {
	begun := time.Now()
	next := time.Second // when the next notice is due
	for {
		s.mu.Lock()
		met, ended, last := w.met(), s.peer.ended, s.peer.lastAt
		s.mu.Unlock()
		switch {
		case met:
			return waitMet
		case ended && s.drained():
			return waitClosed
		}
		sleep := time.Duration(1<<63 - 1)
		if w.limit > 0 {
			from := begun
			if w.silence && last.After(from) {
				from = last
			}
			sleep, s.ranOut = time.Until(from.Add(w.limit)), w.limit.String()
			if w.silence {
				s.ranOut += " of silence"
			}
			if all := time.Until(begun.Add(s.total)); w.silence && s.total > 0 && all < sleep {
				sleep, s.ranOut = all, s.total.String()+" altogether"
			}
			if sleep <= 0 {
				return waitTimeout
			}
		}
		if w.notice || w.text != "" {
			until := time.Until(begun.Add(next))
			if until <= 0 {
				if w.text != "" {
					s.view.Info(w.text)
					w.text = ""
					continue
				}
				s.view.Info(s.waitNotice(time.Since(begun)))
				next *= 3
				continue
			}
			sleep = min(sleep, until)
		}
		timer := time.NewTimer(sleep)
		select {
		case <-s.changed:
		case <-s.linkDone():
		case <-timer.C:
		case <-s.opts.Interrupts:
			timer.Stop()
			return waitInterrupted
		case <-s.escaped:
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
func (s *Session) waitNotice(since time.Duration) string {
	s.mu.Lock()
	st, h := s.stream.State(s.peer.conn), s.h2
	s.mu.Unlock()
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
func (s *Session) replied() bool {
	return complete(s.stream.State(s.peer.conn)) && (s.h2 == nil || !s.h2.Owes())
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
func (s *Session) afterSend(ctx context.Context) error {
	s.mu.Lock()
	st, h, unread := s.stream.State(s.peer.conn), s.h2, s.peer.noRequest
	s.mu.Unlock()
	switch {
	case h != nil && h.Options().NoWait:
		return nil
	case unread && s.opts.Interactive:
		s.settle(ctx)
		return nil
	case !st.Framed || s.accepted():
		if s.opts.Interactive {
			s.settle(ctx)
		} else if !s.accepted() {
			return s.awaitPrompt(ctx)
		}
		return nil
	}
	return s.awaitReply(ctx)
}

// promptPatience is how long a script on Telnet waits in silence for a prompt before
// its next line goes all the same. It decides nothing else.
const promptPatience = time.Second

// awaitPrompt has a script on Telnet wait until the server asks: for a line that it
// does not end, such as "Password: ". Elsewhere nothing is waited for.
func (s *Session) awaitPrompt(ctx context.Context) error {
	if s.target.Proto != detect.Telnet {
		return nil
	}
	end := s.wait(ctx, waiting{limit: promptPatience, silence: true, met: func() bool {
		return s.peer.ended || s.view.Unfinished(s.peer.conn, s.stream.State(s.peer.conn)) != ""
	}})
	if end == waitInterrupted {
		return s.stopped(ctx)
	}
	return nil
}

// errTold marks a failure whose row stands already.
var errTold = errors.New("told")

// awaitReply waits until nothing is due.
func (s *Session) awaitReply(ctx context.Context) error {
	if err := s.awaitDue(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	fault := s.peer.fault
	s.peer.fault = ""
	s.mu.Unlock()
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
func (s *Session) awaitDue(ctx context.Context) error {
	// Nothing is due to what is no request, but a script has sent it for an answer.
	unanswered := func() bool { return !s.opts.Interactive && s.peer.noRequest && s.peer.gotN == 0 }
	w := waiting{met: func() bool { return s.peer.broken != "" || s.replied() && !unanswered() }, notice: s.opts.Interactive}
	if !s.opts.Interactive {
		w.limit, w.silence = s.timeout, true
	}
	end := s.wait(ctx, w)
	s.mu.Lock()
	broken, fault, unread := s.peer.broken, s.peer.fault, unanswered()
	s.mu.Unlock()
	switch {
	case end == waitClosed && unread:
		return failure(StatusProtocol, "the connection ended without a reply: what was sent is no request of HTTP/1")
	case end == waitTimeout && unread:
		return failure(StatusTimeout, "no reply after %s (.timeout sets how long): what was sent is no request of HTTP/1", s.ranOut)
	case broken != "" && fault != "":
		return nil // what the peer gave up explains why nothing more came
	case broken != "":
		return brokenFailure(broken)
	case end == waitTimeout:
		return failure(StatusTimeout, "no complete reply after %s (.timeout sets how long)", s.ranOut)
	case end == waitInterrupted:
		return s.stopped(ctx)
	}
	return nil
}

// stopped is ^C or ^] during a wait: a person goes on, a script ends.
func (s *Session) stopped(ctx context.Context) error {
	s.stops++
	if !s.opts.Interactive || ctx.Err() != nil {
		return failure(StatusInterrupted, "interrupted")
	}
	s.mu.Lock()
	h := s.h2
	s.mu.Unlock()
	hint := ""
	if h != nil {
		if streams, _ := h.Received(); streams > 0 {
			hint = fmt.Sprintf("; .send rst %d CANCEL ends the stream", h.Latest())
		}
	}
	s.view.Info("stopped waiting; still connected" + hint)
	return nil
}

// settle gives what comes at once the time to stand before the prompt.
func (s *Session) settle(ctx context.Context) {
	before := s.received()
	if s.wait(ctx, waiting{limit: promptSilence, met: func() bool {
		return s.peer.ended || s.peer.gotN != before
	}}) != waitMet {
		return
	}
	s.wait(ctx, waiting{limit: promptAfter, silence: true, met: func() bool { return s.peer.ended }})
}

func (s *Session) received() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peer.gotN
}

// banner waits for the first words of a server that speaks first.
func (s *Session) banner(ctx context.Context) error {
	w := waiting{met: func() bool { return s.peer.spoke || s.view.Unfinished(s.peer.conn, s.stream.State(s.peer.conn)) != "" }}
	if s.opts.Interactive {
		w.limit = promptSilence
	} else {
		w.limit, w.silence = s.timeout, true
		w.met = func() bool { return s.peer.spoke || !s.stream.State(s.peer.conn).Framed && s.peer.gotN > 0 }
	}
	switch s.wait(ctx, w) {
	case waitTimeout:
		if !s.opts.Interactive {
			return failure(StatusTimeout, "no greeting after %s (.timeout sets how long)", s.ranOut)
		}
	case waitClosed:
		if !s.opts.Interactive {
			return failure(StatusProtocol, "the connection ended before the greeting")
		}
	case waitInterrupted:
		return s.stopped(ctx)
	}
	if s.opts.Interactive {
		return nil
	}
	return s.awaitPrompt(ctx)
}

// lastReply waits, at the end of a script, for what is due: where no protocol
// tells, for the peer to close.
func (s *Session) lastReply(ctx context.Context) error {
	s.mu.Lock()
	framed, torn := s.stream.State(s.peer.conn).Framed, s.peer.torn
	s.mu.Unlock()
	const tornText = "the connection ended in the middle of the request"
	switch {
	case s.link == nil, s.accepted():
		return nil
	case torn:
		return failure(StatusProtocol, tornText)
	case framed:
		return s.awaitReply(ctx)
	case !s.owed:
		return nil
	}
	w := waiting{limit: s.timeout, silence: true, met: func() bool {
		st := s.stream.State(s.peer.conn)
		return st.Framed && complete(st)
	}}
	w.text = fmt.Sprintf("waiting for the peer to end, up to %v of silence (.timeout)", s.timeout)
	end := s.wait(ctx, w)
	switch end {
	case waitTimeout:
		return failure(StatusTimeout, "stopped after %s, reply may be incomplete: .await or .close ends it", s.ranOut)
	case waitInterrupted:
		return s.stopped(ctx)
	}
	// What came may be no reply to a request, whichever of the two was first.
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.peer.broken != "":
		return brokenFailure(s.peer.broken)
	case s.peer.torn:
		return failure(StatusProtocol, tornText)
	}
	return nil
}
