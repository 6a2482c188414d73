package telnet

// A Negotiator holds which options are in force on a connection, for one side of
// it, and decides what to send by the Q method (RFC 1143, section 7): no
// negotiation loops, whatever the peer does, and no request is forgotten. The zero
// value refuses everything that the peer asks for.
type Negotiator struct {
	// Ours reports whether we agree to use an option, Theirs whether we agree that
	// the peer does. Nil agrees to none.
	Ours, Theirs func(Option) bool

	us, him [256]q
}

// A q is the state of an option on one side, with its queue of one.
type q uint8

const (
	qNo q = iota
	qYes
	qWantNo
	qWantNoOpposite // and yes as soon as that is answered
	qWantYes
	qWantYesOpposite
)

// Change says what a command of the peer did.
type Change uint8

const (
	Unchanged Change = iota
	Enabled
	Disabled
)

// Receive takes WILL, WONT, DO or DONT of the peer. It returns the octets to
// answer with, nil for none, and what changed: of WILL and WONT the peer's use of
// the option, of DO and DONT ours.
func (n *Negotiator) Receive(c Code, o Option) (reply []byte, change Change) {
	switch c {
	case WILL:
		return receive(&n.him[o], true, o, DO, DONT, n.Theirs)
	case WONT:
		return receive(&n.him[o], false, o, DO, DONT, n.Theirs)
	case DO:
		return receive(&n.us[o], true, o, WILL, WONT, n.Ours)
	case DONT:
		return receive(&n.us[o], false, o, WILL, WONT, n.Ours)
	}
	return nil, Unchanged
}

// receive is the table of RFC 1143, section 7; on and off are the words with
// which we ask and agree, refuse and end.
func receive(state *q, enable bool, o Option, on, off Code, agree func(Option) bool) ([]byte, Change) {
	command := func(c Code) []byte { return []byte{byte(IAC), byte(c), byte(o)} }
	before := *state
	if enable {
		switch before {
		case qNo:
			if agree == nil || !agree(o) {
				return command(off), Unchanged
			}
			*state = qYes
			return command(on), Enabled
		case qWantNo, qWantNoOpposite:
			// DONT was answered by WILL. It should have been WONT.
			*state = qNo
			if before == qWantNoOpposite {
				*state = qYes
				return nil, Enabled
			}
		case qWantYes:
			*state = qYes
			return nil, Enabled
		case qWantYesOpposite:
			*state = qWantNo
			return command(off), Unchanged
		}
		return nil, Unchanged
	}
	switch before {
	case qYes:
		*state = qNo
		return command(off), Disabled
	case qWantNo:
		*state = qNo
		return nil, Disabled
	case qWantNoOpposite:
		*state = qWantYes
		return command(on), Disabled
	case qWantYes, qWantYesOpposite:
		*state = qNo
	}
	return nil, Unchanged
}

// Ask returns the octets that ask for an option, ours or the peer's, to be used or
// to be used no more; nil where that is so already, or was asked for.
func (n *Negotiator) Ask(o Option, ours, enable bool) []byte {
	state, on, off := &n.him[o], DO, DONT
	if ours {
		state, on, off = &n.us[o], WILL, WONT
	}
	command := func(c Code) []byte { return []byte{byte(IAC), byte(c), byte(o)} }
	switch {
	case enable && *state == qNo:
		*state = qWantYes
		return command(on)
	case enable && *state == qWantNo:
		*state = qWantNoOpposite
	case enable && *state == qWantYesOpposite:
		*state = qWantYes
	case !enable && *state == qYes:
		*state = qWantNo
		return command(off)
	case !enable && *state == qWantNoOpposite:
		*state = qWantNo
	case !enable && *state == qWantYes:
		*state = qWantYesOpposite
	}
	return nil
}

// UsesOurs reports whether we use an option, Uses whether the peer does. While an
// end of it is under way it is still in use.
func (n *Negotiator) UsesOurs(o Option) bool { return n.us[o].uses() }

// Uses reports whether the peer uses an option.
func (n *Negotiator) Uses(o Option) bool { return n.him[o].uses() }

func (s q) uses() bool { return s == qYes || s == qWantNo || s == qWantNoOpposite }

// AppendEscaped appends data as text of a client: IAC is doubled, and a CR that no
// LF follows has NUL behind it (RFC 854, pages 11 and 12), unless eightBit, where
// only IAC means anything (RFC 856).
func AppendEscaped(dst, data []byte, eightBit bool) []byte {
	for i, c := range data {
		dst = append(dst, c)
		switch {
		case c == byte(IAC):
			dst = append(dst, byte(IAC))
		case c == '\r' && !eightBit && (i+1 == len(data) || data[i+1] != '\n' && data[i+1] != 0):
			dst = append(dst, 0)
		}
	}
	return dst
}

// AppendSubnegotiation appends IAC SB, the option, data with IAC doubled, IAC SE.
func AppendSubnegotiation(dst []byte, o Option, data []byte) []byte {
	dst = append(dst, byte(IAC), byte(SB), byte(o))
	for _, c := range data {
		if dst = append(dst, c); c == byte(IAC) {
			dst = append(dst, c)
		}
	}
	return append(dst, byte(IAC), byte(SE))
}
