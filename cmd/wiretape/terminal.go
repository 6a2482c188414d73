package main

import (
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
