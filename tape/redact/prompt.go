package redact

import "bytes"

// maxPrompt is how much of what a server said last is looked at, octets.
const maxPrompt = 32

// asks takes what the server has said. A person may be asked for a password in
// plain text, over Telnet or a protocol that nobody knows.
func (c *conn) asks(b []byte) {
	c.prompt = append(c.prompt, b[max(0, len(b)-maxPrompt):]...)
	c.prompt = append(c.prompt[:0], c.prompt[max(0, len(c.prompt)-maxPrompt):]...)
}

// askedPassword reports whether the server's last words ask for a password, and
// nothing has answered them.
func (c *conn) askedPassword() bool {
	last := c.prompt
	for n := len(last) - 3; n >= 0 && last[n] == 0xff && last[n+1] >= 0xfb && last[n+1] < 0xff; n = len(last) - 3 {
		last = last[:n] // a negotiation of Telnet
	}
	last = bytes.ToLower(bytes.TrimRight(last, " "))
	for _, word := range []string{"password:", "passphrase:", "passcode:"} {
		if bytes.HasSuffix(last, []byte(word)) {
			return true
		}
	}
	return false
}

// An iac is where a command of Telnet stands that is in progress (RFC 854).
type iac uint8

const (
	noCommand iac = iota
	behindIAC
	beforeOption
	inSub
	inSubBehindIAC
)

// follow takes an octet where a line may begin, and reports whether it is of a
// command.
func (t *iac) follow(c byte) bool {
	const (
		codeSE, codeSB, codeWill, codeIAC = 0xf0, 0xfa, 0xfb, 0xff
	)
	before := *t
	switch {
	case before == noCommand && c == codeIAC:
		*t = behindIAC
	case before == behindIAC && c == codeSB:
		*t = inSub
	case before == behindIAC && c >= codeWill && c < codeIAC:
		*t = beforeOption
	case before == inSub && c == codeIAC:
		*t = inSubBehindIAC
	case before == inSubBehindIAC && c != codeSE:
		*t = inSub
	case before == inSub:
	default:
		*t = noCommand
	}
	return before != noCommand || c == codeIAC
}
