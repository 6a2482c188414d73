package session

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"wiretape/session/word"
)

// Limits of what is sent by hand in one piece, octets. Larger things go through a
// pipe, and over HTTP/2 by .send data, which holds a part of a file at a time.
const (
	maxSendFile = 64 << 20 // 64 MiB; of .send file and .send ws … file
)

// splitSend cuts the arguments of .send.
func splitSend(s string) ([]word.Word, error) {
	var words []word.Word
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return words, nil
		}
		var w word.Word
		whole := s[0] == '"'
		for s != "" && s[0] != ' ' && s[0] != '\t' {
			if s[0] != '"' {
				if whole {
					return nil, fmt.Errorf("%q stands outside of the quotes", s)
				}
				w.Text += s[:1]
				s = s[1:]
				continue
			}
			b, rest, err := unescape(s)
			if err != nil {
				return nil, err
			}
			w.Text, w.Quoted, s = w.Text+string(b), true, rest
		}
		words = append(words, w)
	}
}

// sendBytes reads the arguments of .send that are octets: "…", hex, file, and the
// commands of Telnet.
func sendBytes(args string) ([]byte, error) {
	kind, rest := cutWord(args)
	if kind == "file" && rest != "" {
		return readFile(rest)
	}
	if b, err := telnetBytes(kind, rest); b != nil || err != nil {
		return b, err
	}
	words, err := splitSend(args)
	if err != nil {
		return nil, err
	}
	b, behind, err := word.Octets(words)
	switch {
	case err != nil:
		return nil, err
	case kind == "hex" && len(b) == 0:
		return nil, fmt.Errorf("hex %q: want pairs of hex digits, such as 0d0a 00ff", rest)
	case len(behind) == len(words):
		return nil, errors.New(`want .send "bytes\r\n", .send hex 0d0a, .send file F or .send <<EOF`)
	case len(behind) > 0:
		return nil, fmt.Errorf("%q stands outside of the quotes", behind[0].Text)
	}
	return b, nil
}

// readFile returns what a file has, up to maxSendFile.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSendFile+1))
	if err == nil && len(b) > maxSendFile {
		return nil, fmt.Errorf("%s has more than %d MiB, the limit: a pipe sends more", name, maxSendFile>>20)
	}
	return b, err
}
