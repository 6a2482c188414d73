package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"
)

// Phase is the part of making a connection that an [OpError] happened in.
type Phase uint8

const (
	PhaseTarget  Phase = iota + 1 // the target itself: no port
	PhaseName                     // looking the name up
	PhaseConnect                  // connecting
	PhaseListen                   // listening, accepting
	PhaseTLS                      // the TLS handshake
	PhaseProxy                    // the proxy: connecting to it, and what it said
)

var phaseNames = [...]string{PhaseTarget: "target", PhaseName: "name", PhaseConnect: "connect", PhaseListen: "listen", PhaseTLS: "tls", PhaseProxy: "proxy"}

// String returns "name", "connect", "listen", "tls", "proxy" or "target".
func (p Phase) String() string {
	if int(p) < len(phaseNames) && p != 0 {
		return phaseNames[p]
	}
	return fmt.Sprintf("Phase(%d)", uint8(p))
}

// An OpError says why a connection did not come to be. Err may be a
// [*VerifyError], an [*AlertError], a [*PlaintextError], or the system's error.
type OpError struct {
	Phase   Phase
	Network string // "tcp", "udp", "unix"
	Target  string // as asked for: host:port, or a path
	Via     string // PhaseProxy: the proxy
	Role    Role   // PhaseTLS: Accepted when we are the server
	Err     error
}

// Error returns what was being done, to what, and what was found.
func (e *OpError) Error() string {
	what := "dial " + e.Network
	switch {
	case e.Phase == PhaseTarget:
		what = "target"
	case e.Phase == PhaseName:
		what = "look up"
	case e.Phase == PhaseListen:
		what = "listen " + e.Network
	case e.Phase == PhaseTLS && e.Role == Accepted:
		what = "accept tls"
	case e.Phase == PhaseTLS:
		what = "dial tls"
	}
	target := e.Target
	if e.Via != "" {
		target += " via " + e.Via
	}
	return what + " " + target + ": " + reason(e.Err)
}

// Reason returns what was found, without what was being done.
func (e *OpError) Reason() string { return reason(e.Err) }

// Unwrap returns Err.
func (e *OpError) Unwrap() error { return e.Err }

// Timeout reports whether time ran out.
func (e *OpError) Timeout() bool { return IsTimeout(e.Err) }

// A VerifyError says that the peer's certificate did not verify and that nobody
// took it all the same. TLS is the handshake as far as it went; its Verify says
// what was found and its Certificates can be shown.
type VerifyError struct {
	TLS *TLS
	Err error // what Confirm returned; nil when it was not asked
}

// Error returns the finding as a sentence about the certificate.
func (e *VerifyError) Error() string {
	s := verifySentence(e.TLS.Verify)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *VerifyError) Unwrap() error { return e.Err }

// An AlertError says that a fatal TLS alert ended the conversation.
type AlertError struct {
	Alert Alert
	Sent  bool  // by us
	Err   error // what we found, when we sent it; or nil
}

// Error names the alert and its number.
func (e *AlertError) Error() string {
	if !e.Sent {
		return fmt.Sprintf("the peer sent alert %s (%d)", e.Alert, uint8(e.Alert))
	}
	if e.Err == nil {
		return fmt.Sprintf("alert %s (%d) sent", e.Alert, uint8(e.Alert))
	}
	return fmt.Sprintf("%s; alert %s (%d) sent", reason(e.Err), e.Alert, uint8(e.Alert))
}

// Unwrap returns Err.
func (e *AlertError) Unwrap() error { return e.Err }

// A PlaintextError says that a peer asked for TLS answered with something else.
type PlaintextError struct {
	First []byte // its first bytes, at most 64
}

// Error shows the bytes, escaped.
func (e *PlaintextError) Error() string {
	return fmt.Sprintf("the peer's first bytes are not TLS: %q", e.First)
}

// IsTimeout reports whether a deadline, ours or the system's, ended something.
func IsTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &t) && t.Timeout()
}

// isRefused reports whether nobody listens at an address.
func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// reason returns the innermost text of err: "connection refused" of "dial tcp
// 127.0.0.1:1: connect: connection refused".
func reason(err error) string {
	for {
		switch e := err.(type) {
		case *net.OpError:
			if e.Err == nil {
				return e.Error()
			}
			err = e.Err
		case *os.SyscallError:
			err = e.Err
		case *net.DNSError:
			return e.Err
		case nil:
			return "unknown error"
		default:
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
				return "timed out"
			}
			return strings.TrimPrefix(err.Error(), "tls: ")
		}
	}
}

// alertOf finds the TLS alert that err stands for. crypto/tls has two types for
// it, one of which it keeps to itself: both are a uint8 within a [net.OpError].
func alertOf(err error) (a Alert, sent, ok bool) {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Err == nil {
		return 0, false, false
	}
	if op.Op != "remote error" && op.Op != "local error" {
		return 0, false, false
	}
	if ae, ok := errors.AsType[tls.AlertError](op.Err); ok {
		return Alert(ae), op.Op == "local error", true
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return Alert(v.Uint()), op.Op == "local error", true
	}
	return 0, false, false
}
