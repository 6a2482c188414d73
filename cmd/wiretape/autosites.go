package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"wiretape/session"
)

// maxSiteLine bounds a line of a list of sites, in octets.
const maxSiteLine = 64 << 10

// sites gives what to analyse: the arguments and then the lines of a list, which
// is read as it is needed.
type sites struct {
	args  []string
	list  *bufio.Reader // nil for none, and when it is over
	name  string        // of the list
	line  int
	total int // 0 where it is not known
	file  *os.File
}

// openSites reads the arguments of auto: "-" and input are lists.
func (a *app) openSites(ctx context.Context, urls []string, input string) (*sites, error) {
	s := &sites{total: len(urls)}
	for _, u := range urls {
		if u != "-" {
			s.args = append(s.args, u)
			continue
		}
		if input != "" {
			return nil, usagef("auto: one list at a time")
		}
		input = "-"
	}
	switch input {
	case "":
		return s, nil
	case "-":
		s.list, s.name, s.total = bufio.NewReader(a.stdin), "stdin", 0
		return s, nil
	}
	f, err := openList(ctx, input)
	if err != nil {
		return nil, err
	}
	s.file, s.name = f, input
	// A pipe cannot be read twice, and its length is not known.
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		n, err := countSites(f)
		if err != nil {
			f.Close()
			return nil, usagef("auto --input: %w", err)
		}
		s.total = len(s.args) + n
	} else {
		s.total = 0
	}
	s.list = bufio.NewReader(f)
	return s, nil
}

// openList opens a file of sites. A FIFO is waited for until somebody writes to it,
// or ctx ends: then the opening is left behind.
func openList(ctx context.Context, name string) (*os.File, error) {
	type opened struct {
		f   *os.File
		err error
	}
	got := make(chan opened, 1)
	go func() {
		f, err := os.Open(name)
		got <- opened{f, err}
	}()
	select {
	case o := <-got:
		if o.err != nil {
			return nil, usagef("auto --input: %w", o.err)
		}
		return o.f, nil
	case <-ctx.Done():
		return nil, &session.Failure{Status: session.StatusInterrupted, Err: fmt.Errorf("interrupted while nobody writes to %s", name)}
	}
}

// countSites counts the sites of a list and goes back to its beginning.
func countSites(f *os.File) (n int, err error) {
	for s := (&sites{list: bufio.NewReader(f), name: f.Name()}); ; n++ {
		if _, err := s.next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return 0, err
		}
	}
	_, err = f.Seek(0, io.SeekStart)
	return n, err
}

// several reports whether there may be more than one.
func (s *sites) several() bool { return s.list != nil || len(s.args) > 1 }

// await is next, but that it ends with ctx too. No end of time wakes a read of a
// terminal or a pipe: it is left behind then, and s is not to be read any more.
func (s *sites) await(ctx context.Context) (string, error) {
	if len(s.args) > 0 || s.list == nil {
		return s.next()
	}
	type line struct {
		url string
		err error
	}
	got := make(chan line, 1)
	go func() {
		url, err := s.next()
		got <- line{url, err}
	}()
	select {
	case l := <-got:
		return l.url, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// next returns the next URL as it was written, and io.EOF behind the last.
func (s *sites) next() (string, error) {
	if len(s.args) > 0 {
		u := s.args[0]
		s.args = s.args[1:]
		return u, nil
	}
	for s.list != nil {
		line, err := s.readLine()
		if err == io.EOF {
			s.list = nil
		} else if err != nil {
			return "", fmt.Errorf("%s:%d: %w", s.name, s.line, err)
		}
		// RFC 3986, section 3.5: a # within a URL is not a comment.
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line, nil
		}
	}
	return "", io.EOF
}

// readLine reads a line of the list; of one that is too long its beginning, which
// is no URL either.
func (s *sites) readLine() (string, error) {
	var b []byte
	s.line++
	for {
		piece, err := s.list.ReadSlice('\n')
		if room := maxSiteLine - len(b); room > 0 {
			b = append(b, piece[:min(room, len(piece))]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return string(bytes.TrimPrefix(b, []byte("\ufeff"))), err
		}
	}
}

func (s *sites) close() {
	if s.file != nil {
		s.file.Close()
	}
}
