package session

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Complete returns what may stand in place of the word that ends at octet pos of
// a line: commands, their arguments, files, HTTP methods and field names. It may
// be called while a line is being read, from any goroutine.
func (s *Session) Complete(line string, pos int) []string {
	line = line[:max(0, min(pos, len(line)))]
	s.mu.Lock()
	phase, block, locked := s.current.g.phase, s.current.g.block, s.current.g.lock != "" || s.current.g.draft.inBody() || s.current.g.heredoc != ""
	inHead := !s.current.g.draft.empty()
	cookies := ""
	if strings.EqualFold(line, "cookie: ") {
		cookies = s.completeCookie()
	}
	s.mu.Unlock()

	rest, escaped := strings.CutPrefix(line, string(rune(escapeMark)))
	command := escaped || !locked && (phase == unconnected || strings.HasPrefix(line, "."))
	if command {
		return s.completeCommand(rest, phase == unconnected, escaped)
	}
	switch {
	case locked || !block:
		return nil
	case cookies != "":
		return []string{cookies}
	case inHead && !strings.Contains(line, ":"):
		return withPrefix(fieldNames, line, true)
	case !inHead && !strings.Contains(line, " "):
		return withPrefix(methods, line, false)
	}
	return nil
}

// completeCommand completes a command or its argument. The dot may be left out
// of bare words where nothing is connected, and of all words after ^].
func (s *Session) completeCommand(line string, unconnected, escaped bool) []string {
	word, arg, hasArg := strings.Cut(line, " ")
	name := strings.TrimPrefix(word, ".")
	var found []string
	for _, c := range s.table {
		switch {
		case !hasArg && strings.HasPrefix(word, "."):
			found = append(found, "."+c.name)
		case !hasArg && (escaped || unconnected && c.bare):
			found = append(found, c.name)
		case hasArg && c.name == name:
			return c.completeArg(strings.TrimLeft(arg, " "))
		}
	}
	return withPrefix(found, word, false)
}

func (c *command) completeArg(arg string) []string {
	last := arg[strings.LastIndexByte(arg, ' ')+1:]
	if c.more != nil && last != arg {
		if found := withPrefix(c.more(arg[:len(arg)-len(last)]), last, true); len(found) > 0 {
			return found
		}
	}
	if c.files && (len(c.complete) == 0 || last != arg) {
		return files(last)
	}
	if last != arg {
		return nil
	}
	return withPrefix(c.complete, last, false)
}

// files returns the names of files that begin with prefix.
func files(prefix string) []string {
	dir, base := filepath.Split(prefix)
	at := dir
	if at == "" {
		at = "."
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || base == "" && strings.HasPrefix(name, ".") {
			continue
		}
		if e.IsDir() {
			name += string(filepath.Separator)
		}
		found = append(found, dir+name)
	}
	return found
}

// withPrefix returns the words that begin with prefix.
func withPrefix(words []string, prefix string, fold bool) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		if len(w) < len(prefix) {
			return true
		}
		if fold {
			return !strings.EqualFold(w[:len(prefix)], prefix)
		}
		return w[:len(prefix)] != prefix
	})
}

// What is typed most often at HTTP: RFC 9110 and its registries.
var (
	methods    = []string{"GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "TRACE ", "CONNECT "}
	fieldNames = []string{
		"Accept: ", "Accept-Encoding: ", "Accept-Language: ", "Authorization: ", "Cache-Control: ", "Connection: ",
		"Content-Encoding: ", "Content-Length: ", "Content-Type: ", "Cookie: ", "Expect: ", "Host: ",
		"If-Match: ", "If-Modified-Since: ", "If-None-Match: ", "Origin: ", "Range: ", "Referer: ", "TE: ",
		"Trailer: ", "Transfer-Encoding: ", "Upgrade: ", "User-Agent: ",
	}
)
