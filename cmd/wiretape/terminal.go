package main

import (
	"bytes"
	"io"
	"os"

	"golang.org/x/term"

	"wiretape/session/console"
	"wiretape/session/view"
)

// escape makes s safe for a terminal.
func escape(s string) string { return view.EscapeString(s) }

// terminalOf returns w as the terminal that it is, or nil.
func terminalOf(w any) *os.File {
	if o, ok := w.(*sticky); ok {
		w = o.w
	}
	f, ok := w.(*os.File)
	if !ok || !console.IsTerminal(f) {
		return nil
	}
	return f
}

// style returns how stdout is to be written: on a terminal with its colours and
// size.
func (a *app) style(plain bool) view.Style {
	s := view.Style{ASCII: plain}
	f, _ := a.stdout.w.(*os.File)
	s.Color = !plain && view.ColorWanted(a.color, f, os.Getenv)
	if t := terminalOf(a.stdout); t != nil {
		if w, h, err := term.GetSize(int(t.Fd())); err == nil {
			s.Width, s.Height = w, h
		}
	}
	return s
}

// freshLine writes to w once what out shows has ended its line.
type freshLine struct {
	w   io.Writer
	out *escaper
}

func (f freshLine) Write(p []byte) (int, error) {
	f.out.endLine()
	return f.w.Write(p)
}

// escaper shows bytes on a terminal so that it obeys none of them.
type escaper struct {
	w    io.Writer
	open bool // the last line has no end
}

// endLine ends a line that the bytes left open.
func (e *escaper) endLine() {
	if e.open {
		io.WriteString(e.w, "\n") // where it fails, so does what follows
		e.open = false
	}
}

func (e *escaper) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		text, nl := bytes.CutSuffix(line, []byte("\n"))
		text, _ = bytes.CutSuffix(text, []byte("\r"))
		out := view.Escape(nil, text)
		if nl {
			out = append(out, '\n')
		}
		e.open = !nl
		if _, err := e.w.Write(out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
