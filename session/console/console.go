// Package console reads lines that a person types and writes what a peer says,
// on one terminal, without the two getting in each other's way. It serves the
// interactive session: line editing, history, completion, pastes of whole
// requests, and a prompt that stays intact while output arrives.
//
// # Who owns what
//
// Bytes from the terminal go through a shim, a pure state machine that knows
// keys and pastes; what it passes on goes to the readline library, which edits
// one line; the editor does all that the library does badly or not at all; the
// screen is the one writer of the terminal. The library's own drawing is
// thrown away: it loses output, miscounts wide characters and rows, and is not
// safe for use from two goroutines.
//
// # Leaving
//
// [Console.Close] puts the terminal back. It has to run before the process
// ends: deferred in main, so that a panic passes through it, and from the
// handler of SIGTERM, SIGHUP and, while no line is being read, SIGINT. Between
// two lines ^C is that signal; while a line is edited it is an [Interrupt].
package console

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/chzyer/readline"
)

// First bytes by which ReadLine marks a line. A line has none of them unless
// ReadLine says so.
const (
	Command = 0x1d // ^]: the rest was typed at the one-shot command prompt
	Quoted  = 0x16 // ^V: the rest begins with a byte quoted on purpose, so that it is no mark and no dot-word
)

// A Config says how to open a Console.
type Config struct {
	In, Out *os.File // a terminal

	// Escape is the key that opens the one-shot command prompt, as a control
	// byte (0x1d for ^]); 0 is none.
	Escape byte

	// History is the file that remembers lines between sessions, "" for none.
	// It is created with mode 0600. A line that starts with a space is not
	// remembered.
	History string

	// Secret reports whether a line may be recalled in this session but must
	// not reach the disk. nil is never.
	Secret func(line string) bool

	// Hidden reports whether what is typed now is a password: it is not shown
	// while it is edited, not completed and not remembered at all. Once it has
	// been true, it holds for the rest of the line. nil is never.
	Hidden func() bool

	// Fleeting reports whether a line is taken off the screen when it is
	// submitted, prompt and all, since it comes back as output. nil is never.
	Fleeting func(line string) bool

	// Complete returns the words that could replace the one before byte pos
	// of line. It is called from another goroutine than ReadLine's. A single
	// candidate that ends in a letter or digit gets a space. nil is none.
	Complete func(line string, pos int) []string
}

// A Console is an open terminal. One goroutine calls ReadLine; the other
// methods may be called from any.
type Console struct {
	tty        *tty
	screen     *screen
	editor     *editor
	lib        *readline.Instance
	goroutines sync.WaitGroup
	done       chan struct{} // closed by Close
	closing    sync.Once
	closeErr   error
	escaped    chan struct{} // one token: see Escaped

	// owned by ReadLine's goroutine:
	queue         []string // lines submitted together, still to be returned
	stopListening func()   // ends what listen began; nil for nothing

	mu      sync.Mutex // guards prefill
	prefill string
}

// An Interrupt is the error of a line that ^C dropped.
type Interrupt struct {
	Line string // what had been typed
}

func (*Interrupt) Error() string { return "interrupted" }

// Interrupted returns what had been typed, for a caller that knows the method
// and not this package.
func (e *Interrupt) Interrupted() string { return e.Line }

// Open takes the terminal over until Close. A history file that cannot be read
// is no error; a line on the screen says so.
func Open(cfg Config) (*Console, error) {
	t, err := openTTY(cfg.In, cfg.Out)
	if err != nil {
		return nil, fmt.Errorf("open console: %w", err)
	}
	c := &Console{tty: t, done: make(chan struct{}), escaped: make(chan struct{}, 1)}
	c.screen = &screen{out: cfg.Out, size: t.size}
	c.editor = &editor{
		screen:   c.screen,
		escape:   rune(cfg.Escape),
		complete: cfg.Complete,
		hidden:   cfg.Hidden,
		fleeting: cfg.Fleeting,
		pastes:   t.takePastes,
		suspend:  c.suspend,
		history:  history{path: cfg.History, secret: cfg.Secret},
	}
	c.warnHistory(c.editor.history.load())
	if err := t.wait(); err != nil {
		return nil, fmt.Errorf("open console: %w", err)
	}
	c.lib, err = readline.NewEx(&readline.Config{
		Stdin:                  t,
		Stdout:                 bellOnly{c.screen},
		Stderr:                 io.Discard,
		HistoryLimit:           -1,
		DisableAutoSaveHistory: true,
		UniqueEditLine:         true,
		ForceUseInteractive:    true,
		Painter:                guarded{c},
		Listener:               guarded{c},
		FuncFilterInputRune:    c.filter,
		FuncMakeRaw:            t.edit,
		FuncExitRaw:            t.wait,
		FuncOnWidthChanged:     func(func()) {},
		// The library's idea of rows does not matter, but it works hard on
		// it: a row without end saves that.
		FuncGetWidth: func() int { return 1 << 20 },
	})
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("open console: %w", err)
	}
	c.watchSignals()
	return c, nil
}

func (c *Console) warnHistory(err error) {
	if err != nil {
		fmt.Fprintf(c.screen, "! history: %v\n", err)
	}
}

// bellOnly is the library's screen: its bells ring, its drawing is dropped.
type bellOnly struct{ screen *screen }

func (b bellOnly) Write(p []byte) (int, error) {
	if string(p) == "\a" {
		b.screen.bell()
	}
	return len(p), nil
}

// guard is deferred by all that runs in the library's goroutine, where a panic
// passes no deferred function of main's and would leave the terminal unusable.
func (c *Console) guard() {
	if p := recover(); p != nil {
		c.leave()
		panic(p)
	}
}

// guarded is the editor as the library calls it.
type guarded struct{ *Console }

func (g guarded) Paint(line []rune, pos int) []rune {
	defer g.guard()
	g.editor.painted(line, pos)
	return nil
}

func (g guarded) OnChange(line []rune, pos int, _ rune) (newLine []rune, newPos int, ok bool) {
	defer g.guard()
	return g.editor.changed(line, pos)
}

// filter stands between the library's reading of keys and its editing.
func (c *Console) filter(r rune) (rune, bool) {
	defer c.guard()
	a := c.editor.key(r)
	if a.set != nil {
		c.lib.Operation.SetBuffer(string(a.set))
	}
	if a.kick {
		c.lib.Terminal.KickRead()
	}
	return a.pass, true
}

// ReadLine returns the next line, without its line end. Lines that were
// pasted or composed together are returned one by one. The error is io.EOF
// for ^D on an empty line and for a terminal that went away, an *[Interrupt]
// for ^C, and wraps os.ErrClosed after Close.
//
// A line typed at the one-shot command prompt begins with [Command]; the line
// that it interrupted comes back for editing in the next call.
func (c *Console) ReadLine() (string, error) {
	if len(c.queue) > 0 {
		line := c.queue[0]
		c.queue = c.queue[1:]
		return line, nil
	}
	c.unlisten()
	defer c.listen()
	start, ended := c.editor.begin()
	if c.closed() {
		return "", fmt.Errorf("read line: %w", os.ErrClosed)
	}
	if ended {
		return "", io.EOF
	}
	c.mu.Lock()
	given := len(start) == 0 && c.prefill != ""
	if len(start) == 0 {
		start = encodeDraft([]byte(c.prefill))
		c.prefill = ""
	}
	c.mu.Unlock()
	c.lib.Operation.SetBuffer(string(start))
	c.screen.begin()
	text, err := c.lib.Operation.Runes()
	switch {
	case c.closed():
		return "", fmt.Errorf("read line: %w", os.ErrClosed)
	case errors.Is(err, readline.ErrInterrupt):
		c.screen.end("^C")
		return "", &Interrupt{Line: decodeDraft(text)}
	case err != nil:
		c.screen.end("")
		return "", err
	}
	lines, tail, fleeting, err := c.editor.submitted(text, given)
	if fleeting {
		c.screen.vanish()
	} else {
		c.screen.end(tail)
	}
	c.warnHistory(err)
	c.queue = lines[1:]
	return lines[0], nil
}

// Rest returns the lines that were submitted together with the last and are still to
// be returned, which ReadLine then returns no more. It is for ReadLine's goroutine.
func (c *Console) Rest() []string {
	rest := c.queue
	c.queue = nil
	return rest
}

// Remember adds text to the history as one entry, line ends and all, in place
// of its lines if these were the last that were typed: so that one Up recalls
// a whole request.
func (c *Console) Remember(text string) {
	e := c.editor
	e.mu.Lock()
	err := e.history.add(string(encodeDraft([]byte(text))))
	e.mu.Unlock()
	c.warnHistory(err)
}

// SetPrompt sets the prompt, at once, even while a line is being typed. It is
// one line; colours (SGR sequences) pass, any other control character is
// shown.
func (c *Console) SetPrompt(p string) { c.screen.setPrompt(p) }

// SetEscape sets the key of Config.Escape anew.
func (c *Console) SetEscape(key byte) {
	c.editor.mu.Lock()
	defer c.editor.mu.Unlock()
	c.editor.escape = rune(key)
}

// Prefill gives the next line its first, editable text. One that ends in a line
// end has an empty line as its last, which Enter submits with the others. A draft
// that comes back from under a command line goes first.
func (c *Console) Prefill(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prefill = text
}

// Withdraw gives back the draft that waits under the command line that ReadLine
// returned last, which then does not come back. It is for ReadLine's goroutine.
func (c *Console) Withdraw() string {
	e := c.editor
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draft == nil {
		return ""
	}
	text := decodeDraft(e.draft.text)
	e.draft = nil
	return text
}

// Write shows p above the line being typed. Whole lines appear at once. An
// unfinished one waits for its rest; after 80 ms of silence it is shown before
// the prompt, or alone. Colours and tabs pass, any other control character is
// shown as \xNN.
func (c *Console) Write(p []byte) (int, error) { return c.screen.Write(p) }

// Width returns the terminal's columns, 80 if it does not say.
func (c *Console) Width() int {
	width, _ := c.tty.size()
	return width
}

// Height returns the terminal's rows, 24 if it does not say.
func (c *Console) Height() int {
	_, height := c.tty.size()
	return height
}

func (c *Console) closed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// leave puts the terminal back, and that is all: it is safe anywhere.
func (c *Console) leave() error {
	c.screen.leave()
	return c.tty.Close()
}

// Close puts the terminal back and ends a ReadLine in flight. What is written
// afterwards goes to the terminal as it comes. It may be called more than
// once, from any goroutine, a signal's handler or a deferred function.
func (c *Console) Close() error {
	c.closing.Do(func() {
		close(c.done)
		c.closeErr = c.leave()
		// The library ends by reading the end of input from the closed tty.
		// Its own Close waits for a key, and for a goroutine that may not
		// have begun to count.
		c.lib.Config.Stdin.Close()
		c.lib.Terminal.KickRead()
		c.goroutines.Wait()
		c.screen.leave() // once more: a suspension may have ended just now
	})
	return c.closeErr
}
