package console

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Keys by the control character that they send.
const (
	ctrlC     = 0x03
	ctrlD     = 0x04
	ctrlG     = 0x07
	ctrlH     = 0x08
	tab       = 0x09
	ctrlL     = 0x0c
	enter     = 0x0d
	ctrlN     = 0x0e
	ctrlP     = 0x10
	ctrlR     = 0x12
	ctrlS     = 0x13
	ctrlT     = 0x14
	ctrlW     = 0x17
	ctrlZ     = 0x1a
	backspace = 0x7f

	// nothing is the rune that makes the library do nothing.
	nothing = ctrlG
)

// libraryKeys are the control characters that the library handles well.
const libraryKeys = "\x01\x02\x05\x06\x08\x0b\x15\x19\x7f" // ^A ^B ^E ^F ^H ^K ^U ^Y DEL

type mode uint8

const (
	typing   mode = iota
	command       // a one-shot line behind the escape key; the draft waits
	search        // ^R
	askPaste      // a large paste: send, edit or drop
)

const commandPrompt = "command> "

// An editor decides what each key does. The library inserts characters and
// moves the cursor; whatever it does badly or not at all happens here, as a
// change of the draft after it was told that nothing was pressed.
//
// Its methods run in the library's goroutine, but for begin and end, which run
// in ReadLine's, before and after a line.
type editor struct {
	screen   *screen
	complete func(line string, pos int) []string
	hidden   func() bool            // nil is never
	fleeting func(line string) bool // nil is never
	pastes   func() []paste
	suspend  func()

	mu      sync.Mutex // guards what follows
	escape  rune       // 0 for none
	mode    mode
	now     draft             // as the library last showed it
	pending func(draft) draft // to be done to the draft when the key is through
	draft   *draft            // the line under a command line, or to start with
	recall  int               // index in history that Up and Down stand at
	typed   draft             // what was typed before Up
	history history

	query  string // search
	found  int    // index in history, -1 before the first match
	failed bool

	secret   bool // the draft is a password
	paste    paste
	override []rune // what Enter submits in place of the draft
	ended    bool   // the keyboard is gone
}

// An action is what the library is to do with a key.
type action struct {
	pass rune
	set  []rune // if not nil, becomes the draft first
	kick bool   // the library stopped reading after this key and should not have
}

var swallow = action{pass: nothing}

// key handles one key. It returns what is left to do for the library.
func (e *editor) key(r rune) action {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r == 0 { // end of input: the terminal is gone, or the console closed
		e.ended = true
		return action{set: []rune{}}
	}
	a := e.dispatch(r)
	if a.pass != enter && e.pending == nil { // the draft as it was means nothing any more
		e.screen.show(e.view())
	}
	a.kick = (r == enter || r == ctrlC || r == ctrlD) && a.pass != r
	return a
}

func (e *editor) dispatch(r rune) action {
	switch e.mode {
	case search:
		return e.searchKey(r)
	case askPaste:
		return e.pasteKey(r)
	}
	if e.mode == command {
		empty := len(e.now.text) == 0
		switch {
		case r == ctrlC, r == ctrlG, r == keyEscape, r == e.escape, empty && (r == enter || r == ctrlD):
			e.mode = typing
			back := *e.draft
			e.draft = nil
			return e.change(func(draft) draft { return back })
		}
	}
	return e.typingKey(r)
}

// change has f done to the draft once the library has seen that nothing was
// pressed.
func (e *editor) change(f func(draft) draft) action {
	e.pending = f
	return swallow
}

func (e *editor) typingKey(r rune) action {
	switch {
	case r == keyPaste:
		return e.pasted()
	case r == e.escape && r != 0:
		d := e.now
		e.mode, e.draft = command, &d
		return e.change(func(draft) draft { return draft{} })
	}
	switch r {
	case enter, ctrlC, ctrlD:
		return action{pass: r}
	case tab:
		return e.tab()
	case ctrlL:
		e.screen.clear()
		return swallow
	case ctrlP:
		return e.up()
	case ctrlN:
		return e.down()
	case ctrlR:
		e.mode, e.query, e.found, e.failed = search, "", -1, false
		return swallow
	case ctrlT:
		return e.change(draft.transpose)
	case ctrlW:
		return e.change(draft.rubWord)
	case keyDelete:
		return e.change(draft.deleteRight)
	case ctrlZ:
		e.suspend()
		return swallow
	case ctrlG, ctrlS, keyEscape:
		return swallow
	}
	if r > 0 && r < 0x20 && !strings.ContainsRune(libraryKeys, r) {
		e.screen.bell()
		return swallow
	}
	return action{pass: r}
}

func (e *editor) tab() action {
	if e.complete == nil || e.isSecret() {
		e.screen.bell()
		return swallow
	}
	return e.change(func(d draft) draft {
		line, pos := decodeDraft(d.text), len(decodeDraft(d.text[:d.pos]))
		done, list := d.complete(e.complete(line, pos))
		switch {
		case len(list) > 0:
			width, height := e.screen.size()
			fmt.Fprint(e.screen, columns(list, width, max(height/2, 1)))
		case slices.Equal(done.text, d.text):
			e.screen.bell()
		}
		return done
	})
}

func (e *editor) up() action {
	if moved, ok := e.now.up(); ok {
		return e.change(func(draft) draft { return moved })
	}
	if e.recall == 0 {
		e.screen.bell()
		return swallow
	}
	if e.recall == len(e.history.entries) {
		e.typed = e.now
	}
	e.recall--
	return e.recalled()
}

func (e *editor) down() action {
	if moved, ok := e.now.down(); ok {
		return e.change(func(draft) draft { return moved })
	}
	if e.recall >= len(e.history.entries) {
		e.screen.bell()
		return swallow
	}
	e.recall++
	return e.recalled()
}

func (e *editor) recalled() action {
	d := e.typed
	if e.recall < len(e.history.entries) {
		text := []rune(e.history.entries[e.recall])
		d = draft{text, len(text)}
	}
	return e.change(func(draft) draft { return d })
}

// view returns what is to be seen now.
func (e *editor) view() view {
	v := e.open()
	if e.isSecret() && (e.mode == typing || e.mode == search && e.found < 0) {
		v.text, v.pos = nil, 0
	}
	return v
}

// isSecret reports whether the draft is a password. The one-shot command line in
// front of it is none.
func (e *editor) isSecret() bool {
	e.secret = e.secret || e.hidden != nil && e.hidden()
	return e.secret && e.mode != command
}

// open returns what is to be seen now of a draft that may be seen.
func (e *editor) open() view {
	switch e.mode {
	case search:
		name := "search"
		if e.failed {
			name = "no match"
		}
		v := view{prompt: fmt.Sprintf("%s %q: ", name, decodeDraft([]rune(e.query))), text: e.now.text, pos: e.now.pos}
		if e.found >= 0 {
			text := e.history.entries[e.found]
			v.text = []rune(text)
			v.pos = len([]rune(text[:max(strings.Index(text, e.query), 0)]))
		}
		return v
	case askPaste:
		return view{prompt: e.paste.String() + " Enter=send e=edit ^C=drop "}
	case command:
		return view{prompt: commandPrompt, text: e.now.text, pos: e.now.pos}
	}
	return view{text: e.now.text, pos: e.now.pos}
}

// painted is called whenever the library would draw, and shows the draft.
func (e *editor) painted(line []rune, pos int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = draft{slices.Clone(line), pos}
	if e.pending == nil {
		e.screen.show(e.view())
	}
}

// changed is called after each key, with the draft as the library left it. It
// does what the key was meant to do.
func (e *editor) changed(line []rune, pos int) (newLine []rune, newPos int, ok bool) {
	e.mu.Lock()
	f := e.pending
	e.pending = nil
	e.mu.Unlock()
	if f == nil {
		return nil, 0, false
	}
	d := f(draft{line, pos})
	return d.text, d.pos, true
}

// begin returns the draft that a line starts with.
func (e *editor) begin() (text []rune, ended bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mode, e.recall, e.typed, e.override = typing, len(e.history.entries), draft{}, nil
	e.paste = paste{}
	// A password that waited under a command line is one still.
	e.secret = e.secret && e.draft != nil
	if e.draft != nil {
		text = e.draft.text
		e.draft = nil
	}
	return text, e.ended
}

// submitted returns the lines of a draft that Enter was pressed on, what was left
// to see of a paste that went by, and whether the draft is taken off the screen.
// Of a text that was given, an empty line at its end is one, as it is to be seen.
func (e *editor) submitted(text []rune, given bool) (lines []string, tail string, fleeting bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.override != nil {
		text, tail = e.override, e.paste.String()
	}
	if !e.isSecret() {
		err = e.history.add(string(text))
	}
	if e.mode == command {
		e.mode = typing
		return []string{string(rune(Command)) + decodeDraft(text)}, "", false, err
	}
	for _, line := range splitDraft(text) {
		lines = append(lines, lineText(line))
	}
	if given && e.override == nil && len(text) > 0 && text[len(text)-1] == softNewline {
		lines = append(lines, "")
	}
	fleeting = len(lines) == 1 && e.fleeting != nil && e.fleeting(lines[0])
	return lines, tail, fleeting, err
}
