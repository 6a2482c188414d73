package session

import (
	"context"
	"errors"
	"fmt"

	"wiretape/wire"
)

// Status is the exit status of the program.
type Status int

// What became of a session.
const (
	StatusOK          Status = 0
	StatusDiffers     Status = 1   // differences, or an expectation failed
	StatusUsage       Status = 2   // usage, a bad tape or a bad script
	StatusConnection  Status = 3   // name, connection or listening address
	StatusTLS         Status = 4   // handshake or certificate
	StatusProtocol    Status = 5   // the connection ended before the reply that was due was complete
	StatusTimeout     Status = 6   // a wait ran out
	StatusInterrupted Status = 130 // by ^C or a signal
)

// A Failure ends a script or a pipe.
type Failure struct {
	Status Status
	Pos    string // file:line of a script; "" elsewhere
	Err    error  // what was being done and what was found
}

// Error gives the place and the cause.
func (f *Failure) Error() string {
	if f.Pos == "" {
		return f.Err.Error()
	}
	return f.Pos + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

func failure(s Status, format string, args ...any) *Failure {
	return &Failure{Status: s, Err: fmt.Errorf(format, args...)}
}

// StatusOf returns the exit status that err asks for: 0 for nil, that of a
// *Failure, 130 for what was cancelled, 2, 3, 4 or 6 for a *wire.OpError by its
// phase and cause, and 2 for any other error.
func StatusOf(err error) Status {
	if err == nil {
		return StatusOK
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Status
	}
	if errors.Is(err, context.Canceled) {
		return StatusInterrupted
	}
	op, ok := errors.AsType[*wire.OpError](err)
	switch {
	case !ok:
		return StatusUsage
	case op.Phase == wire.PhaseTarget:
		return StatusUsage
	case op.Timeout():
		return StatusTimeout
	case op.Phase == wire.PhaseTLS:
		return StatusTLS
	}
	return StatusConnection
}
