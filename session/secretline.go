package session

import (
	"regexp"
)

// secretLine matches lines that are to stay out of a history on disk.
var secretLine = regexp.MustCompile(`(?i)^\s*(?:proxy-)?authorization\s*:|^\s*(?:set-)?cookie\s*:|` +
	`^\s*(?:auth|pass|user|login|apop)\b|^\S+\s+(?:login|authenticate)\b|` +
	`(?:pass(?:word|wd)?|token|secret|api_?key)["']?\s*[=:]|//[^/\s@]+:[^/\s@]*@`)

// SecretLine reports whether a typed line looks as if it held a secret, so that
// it must not be remembered between runs.
func SecretLine(line string) bool { return secretLine.MatchString(line) }
