package session

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
)

// An echoReader notes before each line what becomes of it on the screen.
type echoReader struct {
	*terminal
	s    *Session
	seen []string
}

func (r *echoReader) ReadLine() (string, error) {
	synctest.Wait()
	next := ""
	if len(r.lines) > 0 {
		next = r.lines[0]
	}
	r.seen = append(r.seen, fmt.Sprintf("%q hidden %t fleeting %t", next, r.s.Hidden(), r.s.Fleeting(next)))
	return r.terminal.ReadLine()
}

// Where the server of Telnet echoes, a line comes back by itself; an answer to its
// prompt for a password is not shown at all.
func TestWhatTheServerEchoesIsNotShownTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got bytes.Buffer
		term := &terminal{lines: []string{"open telnet://host", "me\xff", "pas", "more", ".quit"}}
		r := &echoReader{terminal: term}
		s, err := New(Options{Lines: r, Out: term, Interactive: true})
		if err != nil {
			t.Fatal(err)
		}
		s.dial = world{"host:23": loginServer(&got)}.dial
		r.s = s
		if err := s.Run(t.Context()); err != nil {
			t.Error(err)
		}
		s.Close()
		want := []string{
			`"open telnet://host" hidden false fleeting false`,
			`"me\xff" hidden false fleeting true`,
			`"pas" hidden true fleeting true`,
			`"more" hidden false fleeting false`, // the host has closed
			`".quit" hidden false fleeting false`,
		}
		if fmt.Sprint(r.seen) != fmt.Sprint(want) {
			t.Errorf("seen\n%q, want\n%q", r.seen, want)
		}
	})
}

func TestPasswordPrompts(t *testing.T) {
	for got, want := range map[string]bool{
		"":                            false,
		"Password: ":                  true,
		"hi\r\npassword:":             true,
		"Enter passphrase:  ":         true,
		"Password for me@host: ":      true,
		"Password: \xff\xf9":          true,
		"Password: \r\n":              false, // the line is over: it only tells
		"331 Please give a password.": false,
		"wrong password":              false,
	} {
		if isPasswordPrompt([]byte(got)) != want {
			t.Errorf("isPasswordPrompt(%q) = %t", got, !want)
		}
	}
}
