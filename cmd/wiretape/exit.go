package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"wiretape/session"
	"wiretape/tape"
	"wiretape/wire"
)

// hinted is an error with what to do about it. The library says what was found;
// the command line adds the hint.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// usageError is a command line that cannot be carried out as it stands.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// statusError ends the program with a status and without a word: what there is
// to say has been said.
type statusError session.Status

func (s statusError) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// exit says what err is, with a hint where there is one, and returns the exit
// status.
func (a *app) exit(ctx context.Context, err error) int {
	if err == nil {
		return int(session.StatusOK)
	}
	if s, ok := errors.AsType[statusError](err); ok {
		return int(s)
	}
	// Who ended it with a signal knows why.
	if ctx.Err() != nil || a.interrupted != nil && context.Cause(a.interrupted) != a.interrupted.Err() {
		return int(session.StatusInterrupted)
	}
	a.say(err)
	return int(session.StatusOf(err))
}

// maxSaid is how much of an error is said, in octets: some quote what they were
// given.
const maxSaid = 2 << 10

// say writes err and its hint to stderr. What a peer put into it is escaped.
func (a *app) say(err error) {
	text := escape(err.Error())
	if len(text) > maxSaid {
		text = text[:maxSaid] + "…"
	}
	fmt.Fprintf(a.stderr, "wiretape: %s\n", text)
	if h := hintFor(err); h != "" {
		fmt.Fprintf(a.stderr, "hint: %s\n", escape(h))
	}
}

// hintFor returns what a person may try next, "" where nothing is certain
// enough.
func hintFor(err error) string {
	if h, ok := errors.AsType[*hinted](err); ok {
		return h.hint
	}
	if _, ok := errors.AsType[*wire.VerifyError](err); ok {
		return "--cacert FILE trusts its issuer, -k goes on without trust"
	}
	if al, ok := errors.AsType[*wire.AlertError](err); ok && al.Alert == 120 {
		return "the server shares no protocol of your ALPN list: --alpn LIST offers others"
	}
	if _, ok := errors.AsType[*wire.PlaintextError](err); ok {
		return "the port does not speak TLS: leave tls out, or use STARTTLS where the protocol has it"
	}
	if op, ok := errors.AsType[*wire.OpError](err); ok {
		switch {
		case op.Phase == wire.PhaseProxy && errors.Is(err, syscall.ECONNREFUSED):
			return "nothing listens at the proxy " + op.Via + ": is it up, and its port right?"
		case op.Phase == wire.PhaseProxy && op.Timeout():
			return "the proxy " + op.Via + " does not answer; -w SECONDS waits longer"
		case op.Phase == wire.PhaseName:
			return "an address works without the name service"
		case errors.Is(err, syscall.ECONNREFUSED):
			return "nothing listens there: is the server up, and the port right?"
		case op.Timeout():
			return "-w SECONDS waits longer"
		}
	}
	if s, ok := errors.AsType[*tape.SyntaxError](err); ok && strings.Contains(s.Error(), "wiretape 1") {
		return "a tape is made by --tape FILE or .save FILE"
	}
	if errors.Is(err, tape.ErrExists) {
		return "--force writes over it"
	}
	return ""
}
