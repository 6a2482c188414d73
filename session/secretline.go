package session

import (
	"regexp"
	"strings"
	"sync"
)

// secretLine matches lines that are to stay out of a history on disk. A secret
// may stand anywhere in a line: in the quotes of .send, behind an escape such as
// \n, in the argument of a word. A line too many kept off the disk costs little.
//
// It is compiled when first needed: only a session on a terminal remembers.
var secretLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)` + strings.Join([]string{
		`authorization["'\\]*\s*:`,
		`cookie2?["'\\]*\s*:`,
		// Words of line protocols and of ours, with something behind them.
		`(?:^|[\s"'.]|\\[rnt])(?:auth|pass|user|login|apop|authenticate|bearer|basic)(?:\s+\S|\\)`,
		// Keys of forms, of JSON and of header fields.
		`(?:pass(?:word|wd|phrase|code)?|pwd|token|secret|api[_-]?key|session(?:_?id)?|sid|credentials?)["'\\]*\s*[=:]`,
		// Userinfo, with a password or without: it may be a token.
		`//[^/\s"]*@`,
		`^[\s.]*(?:open|tls|h2|udp|auto)\s+[^\s/]*@`,
		`//[^/\s@]*:[^0-9/\s@][^\s@]*@`, // a password with a slash in it
	}, "|"))
})

// SecretLine reports whether a typed line looks as if it held a secret, so that
// it must not be remembered between runs.
func SecretLine(line string) bool { return secretLine().MatchString(line) }
