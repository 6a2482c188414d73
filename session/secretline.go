package session

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
)

// secretPatterns matches lines that are to stay out of a history on disk. A secret
// may stand anywhere in a line: in the quotes of .send, behind an escape such as
// \n, in the argument of a word. A line too many kept off the disk costs little.
//
// It is compiled when first needed: only a session on a terminal remembers.
var secretPatterns = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)` + strings.Join([]string{
		`authorization["'\\]*\s*:`,
		`cookie2?["'\\]*\s*:`,
		`(?:x-auth-key|sec-websocket-protocol)["'\\]*\s*:`,
		// Options of curl: credentials and cookies.
		`(?:^|\s)(?:-[a-z]*[ub]\s+|-[ub]|--(?:proxy-)?user\s+|--oauth2-bearer\s+|--cookie\s+)\S`,
		// Words of line protocols and of ours, with something behind them.
		`(?:^|[\s"'.]|\\[rnt])(?:auth|pass|acct|user|login|apop|authenticate|bearer|basic)(?:\s+\S|\\)`,
		// Redis: ACL SETUSER, AUTH behind other words, CONFIG SET of a password.
		`(?:acl["'\s]+setuser|\bauth2?|requirepass|masterauth|auth-pass|sentinel-pass)["']?\s+\S`,
		// Keys of forms, of JSON and of header fields.
		`(?:pass(?:word|wd|phrase|code)?|pwd|token|secret|api[_-]?key|session(?:_?id)?|sid|credentials?)["'\\]*\s*[=:]`,
		// Userinfo, with a password or without: it may be a token.
		`//[^/\s"]*@`,
		`^[\s.]*(?:open|tls|h2|udp|auto)\s+[^\s/]*@`,
		`//[^/\s@]*:[^0-9/\s@][^\s@]*@`, // a password with a slash in it
	}, "|"))
})

// looksSecret reports whether a typed line looks as if it held a secret, so that
// it must not be remembered between runs.
func looksSecret(line string) bool { return secretPatterns().MatchString(line) }

// Secret reports whether a line typed now is one that must not be remembered
// between runs: it looks like a secret, or answers a server that asks for one. It
// may be called while a line is being read, from any goroutine.
func (s *Session) Secret(line string) bool { return s.challenged.Load() || looksSecret(line) }

// Echoes say what becomes on the screen of what is typed. They are read while a
// line is edited, when no lock can be taken.
type echoes struct {
	hidden atomic.Bool // the server waits for a password
	asked  atomic.Bool // the session itself does
	theirs atomic.Bool // the server echoes what is sent
}

// followEcho takes what the latest event has changed. s.mu is held.
func (d *dialogue) followEcho() {
	p := &d.peer
	d.s.echo.theirs.Store(!p.ended && d.telnet != nil && d.telnet.echoed())
	d.s.echo.hidden.Store(!p.ended && isPasswordPrompt(p.got))
}

// Hidden reports whether what is typed now is a password, which is neither shown
// nor remembered: the server has asked for one, or a word has. It may be called while a line is
// being read, from any goroutine.
func (s *Session) Hidden() bool { return s.echo.hidden.Load() || s.echo.asked.Load() }

// Fleeting reports whether a line that was typed comes back by itself, because the
// server echoes it, and need not stay on the screen. It may be called while a line
// is being read, from any goroutine.
func (s *Session) Fleeting(line string) bool {
	return s.echo.theirs.Load() && line != "" && line[0] != escapeMark && !isDotWord(line)
}

// isPasswordPrompt reports whether what a server has sent since our last write
// ends by asking for a password, on a line that it has not ended.
func isPasswordPrompt(got []byte) bool {
	for _, end := range []string{"\xff\xf9", "\xff\xef"} { // Telnet's GA and EOR
		got = bytes.TrimSuffix(got, []byte(end))
	}
	last := bytes.ToLower(bytes.TrimRight(got[bytes.LastIndexByte(got, '\n')+1:], " "))
	return bytes.HasSuffix(last, []byte("password:")) || bytes.HasSuffix(last, []byte("passphrase:")) ||
		bytes.HasPrefix(last, []byte("password for ")) && bytes.HasSuffix(last, []byte(":"))
}

// isChallenge reports whether what a server has sent since our last write asks for
// credentials: SMTP's 334 (RFC 4954, section 4), FTP's 331 and 332 (RFC 959), the
// "+ " of POP3 and IMAP (RFC 5034, section 4), or a prompt for a password.
func isChallenge(got []byte) bool {
	// RFC 854: a negotiation of Telnet, such as WILL ECHO, may stand behind a prompt.
	for n := len(got) - 3; n >= 0 && got[n] == 0xff && got[n+1] >= 0xfb && got[n+1] < 0xff; n = len(got) - 3 {
		got = got[:n]
	}
	i := bytes.LastIndexByte(bytes.TrimRight(got, "\r\n"), '\n') + 1
	last := bytes.ToLower(bytes.TrimSpace(got[i:]))
	for _, start := range []string{"334", "331", "332"} {
		if bytes.HasPrefix(last, []byte(start)) {
			return true
		}
	}
	return bytes.HasPrefix(last, []byte("+")) && !bytes.HasPrefix(last, []byte("+ok")) ||
		bytes.HasSuffix(last, []byte("password:")) || bytes.HasSuffix(last, []byte("passphrase:"))
}
