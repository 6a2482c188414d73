package session

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A phase says what a session has at its other end.
type phase uint8

const (
	unconnected phase = iota // never opened, or closed by us
	connected
	peerClosed // the peer ended the connection; the grammar stays the same
)

// The first octets that make a line something else than it looks like. A line
// editor puts them there.
const (
	escapeMark  = 0x1d // ^]: the rest is a command, with or without its dot
	literalMark = 0x16 // ^V: the rest is data, dot or not
)

// A grammar decides what a line means. It holds everything that decision needs
// and touches nothing else: no connection, no clock, no terminal.
type grammar struct {
	command func(word string) (known, bare bool) // the command table

	phase  phase
	host   string // for the prompt
	proto  string // for the prompt: "http", "smtp+tls"
	mode   string // for the prompt: what the connection is in the middle of, "(TX)"
	block  bool   // a request is composed and sent at its end
	eol    EOL
	lock   string // the verb whose free text is due, such as DATA; "" for none
	left   int64  // octets of that text that are due, where they are counted; 0 where a line of one dot ends it
	script bool   // nobody can be asked

	// encode gives a typed line in the protocol's own form, nil where there is
	// nothing to send. It is nil where lines go as they are.
	encode func(line string) ([]byte, error)

	draft    draft
	heredoc  string // the word that ends a .send <<WORD; "" for none
	text     []string
	textSize int // octets of text, with line ends
	ask      question
	together bool   // the text asked about was pasted, as several lines
	meant    string // the command that the text asked about reads as; "" for none
	leaving  bool   // ^D was pressed once
}

// A question is what the next line answers.
type question uint8

const (
	askNothing   question = iota
	askReconnect          // Enter reconnects and sends, c runs what was meant
	askOdd                // s sends as typed, e edits
)

// An action is what a session does for a line.
type action uint8

const (
	doNothing    action = iota
	doSend              // write data
	doReconnect         // reconnect, then write data
	doRun               // run the command word with args
	doLeave             // end the session
	doInterrupts        // end the session: interrupted
)

// A step is the meaning of a line.
type step struct {
	do      action
	data    []byte // doSend, doReconnect: what is sent, as one write
	request bool   // data is a composed request
	word    string // doRun
	args    string
	say     string // a remark
	offer   string // what the line may have meant; a script ends there
	err     string // why the line means nothing; a script ends there
	gone    bool   // err is that the peer has ended the connection
	prefill string // what the next line starts as, for editing
	leaves  bool   // the same key once more leaves
	typed   string // the composed request as it was typed, to be recalled as one
}

// line gives the meaning of a line and moves on. The line has no line end.
func (g *grammar) line(line string) step {
	g.leaving = false
	switch {
	case g.ask != askNothing:
		return g.answer(line)
	case g.heredoc != "":
		return g.heredocLine(line)
	}
	g.meant = ""
	first := byte(0)
	if line != "" {
		first = line[0]
	}
	switch {
	case first == escapeMark:
		rest := strings.TrimSpace(line[1:])
		if rest == "" {
			return step{say: "a command without its dot: quit, status, close, send …, help"}
		}
		return g.run(strings.TrimPrefix(rest, "."))
	case first == literalMark && g.phase != unconnected:
		return g.dataLine(line[1:])
	case g.lock != "" || g.draft.inBody():
		return g.dataLine(line)
	case strings.HasPrefix(line, ".#"):
		return step{}
	case isDotWord(line):
		return g.run(line[1:])
	case g.phase == unconnected:
		return g.bareLine(line)
	}
	return g.likeCommand(line)
}

// likeCommand is a data line that may have been meant for a command: without a
// connection its first word is one. It is sent, which is said, or asked about.
func (g *grammar) likeCommand(line string) step {
	if !g.readsAsCommand(line) {
		return g.dataLine(line)
	}
	if g.phase == peerClosed {
		g.meant = line
		st := g.dataLine(line)
		if g.block && g.ask == askNothing {
			st = g.dataLine("") // the question comes at once, not in a draft
		}
		return st
	}
	st := g.dataLine(line)
	switch {
	case st.say != "" || st.err != "":
	case g.block:
		st.say = fmt.Sprintf("taken as the first line of a request (^C drops it); as a command: .%s", line)
	case st.do == doSend:
		st.say = fmt.Sprintf("sent as text; as a command: .%s", line)
	}
	return st
}

// readsAsCommand reports whether a line that begins something is what a command
// looks like where nothing is connected. To a script nobody has to be told.
func (g *grammar) readsAsCommand(line string) bool {
	fields := strings.Fields(line)
	if g.script || !g.draft.empty() || len(fields) == 0 || len(fields) > 3 && fields[0] != "curl" {
		return false
	}
	_, bare := g.command(fields[0])
	return bare && line[0] == fields[0][0]
}

// isDotWord reports whether a line is a command by its shape: a dot, then a
// small letter, "?" or "!".
func isDotWord(line string) bool {
	if len(line) < 2 || line[0] != '.' {
		return false
	}
	c := line[1]
	return 'a' <= c && c <= 'z' || c == '?' || c == '!'
}

func (g *grammar) run(line string) step {
	word, args, _ := strings.Cut(line, " ")
	args = strings.TrimSpace(args)
	if known, _ := g.command(word); !known {
		hint := "(.help lists the commands)"
		if g.phase == connected {
			hint = fmt.Sprintf("(.help lists them); to send it: .send %q, or ^V first", "."+line)
		}
		return step{err: fmt.Sprintf("no command .%s %s", word, hint)}
	}
	if word == "send" && strings.HasPrefix(args, "<<") {
		mark := strings.TrimSpace(args[2:])
		if mark == "" || strings.ContainsAny(mark, " \t") {
			return step{err: ".send <<WORD: want one word that ends the text"}
		}
		if g.phase == unconnected {
			return step{err: "not connected: open HOST PORT first"}
		}
		g.heredoc, g.text, g.textSize = mark, nil, 0
		return step{}
	}
	return step{do: doRun, word: word, args: args}
}

func (g *grammar) heredocLine(line string) step {
	if line != g.heredoc {
		if g.textSize += len(line) + len(g.eol.Bytes()); g.textSize > maxDraft {
			g.heredoc, g.text, g.textSize = "", nil, 0
			return step{err: fmt.Sprintf("the text is longer than %d MiB: a pipe sends more", maxDraft>>20)}
		}
		g.text = append(g.text, line)
		return step{}
	}
	var b []byte
	for _, l := range g.text {
		b = append(append(b, l...), g.eol.Bytes()...)
	}
	g.heredoc, g.text, g.textSize = "", nil, 0
	return g.send(b, false)
}

// bareLine is a line without a connection: words are commands there.
func (g *grammar) bareLine(line string) step {
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return step{}
	}
	if _, bare := g.command(fields[0]); bare {
		return g.run(strings.TrimSpace(line))
	}
	if offer := offerOpen(fields); offer != "" {
		return step{offer: offer}
	}
	if known, _ := g.command(fields[0]); known && len(fields) == 1 {
		return step{err: fmt.Sprintf("as a command: .%s", fields[0])}
	}
	if len(fields) == 1 && slices.Contains([]string{"exit", "bye", "logout", "q"}, fields[0]) {
		return step{err: "to leave: .quit or ^D"}
	}
	return step{err: "not connected: open HOST PORT first (your line is kept, Up brings it back)"}
}

// dataLine is a line for the peer, byte for byte.
func (g *grammar) dataLine(line string) step {
	end := g.eol.Bytes()
	if line == "" && g.script && g.phase == peerClosed && g.draft.empty() {
		return step{} // what a script left over behind its last request
	}
	if g.encode != nil && !g.block && g.lock == "" {
		return g.encoded(line)
	}
	if !g.block || g.lock != "" {
		st := g.send([]byte(line+end), false)
		if g.lock == "" || g.left > 0 {
			return st // of what is counted, the octets alone tell the end
		}
		if line == "." {
			g.lock = ""
		} else if isDotWord(line) && st.err == "" {
			st.say = fmt.Sprintf("sent as text (^] gives commands here); the server takes one dot off: ..%s keeps it", line[1:])
		}
		return st
	}
	if line == "" && g.draft.empty() {
		return step{} // a blank line ends a request, and there is none
	}
	switch g.draft.add(line, end) {
	case draftDone:
		return g.sendDraft()
	case draftFull:
		return step{err: fmt.Sprintf("the draft is longer than %d MiB: .send file F sends a file", maxDraft>>20)}
	case draftOdd:
		return g.odd()
	}
	return step{}
}

func (g *grammar) odd() step {
	why := g.draft.odd()
	if g.script {
		return step{err: why + "; .send sends anything"}
	}
	g.ask = askOdd
	return step{say: why + ": s = send as typed, e = edit"}
}

func (g *grammar) sendDraft() step {
	st := g.send(g.draft.buf, true)
	if g.ask == askNothing {
		st.typed = g.draft.text()
		g.draft = draft{}
	}
	return st
}

// send gives the step that writes b, or asks first where the peer is gone.
func (g *grammar) send(b []byte, request bool) step {
	if g.phase == connected {
		return step{do: doSend, data: b, request: request}
	}
	if g.script || !request && g.block {
		return step{err: connectionClosed, gone: g.script}
	}
	g.ask, g.together = askReconnect, false
	if !request {
		g.draft = draft{lines: []string{strings.TrimSuffix(string(b), g.eol.Bytes())}, buf: b}
	}
	return g.askAgain()
}

// askAgain is the question whether a draft goes over a new connection.
func (g *grammar) askAgain() step {
	meant, drop := "", "keep the draft"
	if g.meant != "" {
		meant = fmt.Sprintf(", c = run the command %q", g.meant)
	}
	if g.together {
		drop = "drop them (Up brings them back)"
	}
	return step{say: fmt.Sprintf("connection is closed. Enter = reconnect and send these %d bytes%s, ^C = %s", len(g.draft.buf), meant, drop)}
}

// pasted puts the lines of a paste behind the one that brought up a question to the
// draft that it is about.
func (g *grammar) pasted(lines []string) step {
	g.meant, g.together = "", true
	if n := len(lines); lines[n-1] == "" && g.block {
		lines = lines[:n-1] // the blank line that ends a request is there already
	}
	for _, line := range lines {
		g.draft.lines = append(g.draft.lines, line)
		g.draft.put(line, g.eol.Bytes())
	}
	if len(g.draft.buf) > maxDraft {
		g.ask, g.draft = askNothing, draft{}
		return step{err: fmt.Sprintf("the draft is longer than %d MiB: .send file F sends a file", maxDraft>>20)}
	}
	if g.ask == askOdd {
		return g.odd()
	}
	return g.askAgain()
}

func (g *grammar) answer(line string) step {
	word := strings.ToLower(strings.TrimSpace(line))
	switch {
	case g.ask == askReconnect && word == "":
		st := step{do: doSend, data: g.draft.buf, request: g.block, typed: g.draft.text()}
		if g.phase != connected {
			st.do = doReconnect
		}
		g.ask, g.draft = askNothing, draft{}
		return st
	case g.ask == askReconnect && word == "c" && g.meant != "":
		g.ask, g.draft = askNothing, draft{}
		return g.run(g.meant)
	case g.ask == askReconnect && isDotWord(line), g.ask == askReconnect && line[0] == escapeMark:
		// The question stands.
		return g.run(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(line, "\x1d")), "."))
	case g.ask == askReconnect:
		typed := g.draft.text()
		g.ask, g.draft = askNothing, draft{}
		st := g.line(line)
		st.typed = cmp.Or(st.typed, typed)
		st.say = strings.TrimSuffix("nothing was sent; what was kept gives way to this line (Up brings it back)\n"+st.say, "\n")
		return st
	case word == "s":
		g.ask = askNothing
		return g.sendDraft()
	case word == "e":
		return g.edit()
	}
	return step{say: g.draft.odd() + ": s = send as typed, e = edit"}
}

// edit takes the draft back into the line being typed.
func (g *grammar) edit() step {
	st := step{prefill: g.draft.text()}
	g.ask, g.draft = askNothing, draft{}
	return st
}

// keep is edit for who has not said no.
func (g *grammar) keep() step {
	st := g.edit()
	st.say = "nothing was sent; what was typed is kept (^C again drops it)"
	return st
}

// moved is what becomes of what was typed and not sent where a command has
// changed the connection under it: it goes back into the line being typed where
// it fits still.
func (g *grammar) moved(fits bool) step {
	text := g.draft.text()
	if g.draft.empty() {
		return step{}
	}
	g.ask, g.draft = askNothing, draft{}
	if fits && g.phase == connected {
		return step{prefill: text, say: "what was typed is kept (^C drops it)"}
	}
	return step{typed: text, say: "the draft is dropped, nothing of it was sent (Up brings it back)"}
}

// interrupt is ^C on a line that holds typed. again says that the last one, on
// an empty line, was less than a second ago.
func (g *grammar) interrupt(typed string, again bool) step {
	g.leaving = false
	switch {
	case g.ask == askReconnect && g.together:
		text := g.draft.text()
		g.ask, g.draft = askNothing, draft{}
		return step{say: "nothing was sent; the paste is dropped (Up brings it back)", typed: text}
	case g.ask == askReconnect:
		return g.keep()
	case g.ask != askNothing:
		return g.edit()
	case g.heredoc != "":
		g.heredoc, g.text, g.textSize = "", nil, 0
		return step{say: "draft dropped; nothing was sent"}
	case !g.draft.empty():
		text := g.draft.text()
		g.draft = draft{}
		return step{say: "draft dropped; nothing was sent", typed: text}
	case typed != "":
		return step{}
	case again:
		return step{do: doInterrupts}
	}
	return step{say: "^C again (1 s) or .quit leaves", leaves: true}
}

// eof is ^D on an empty line.
func (g *grammar) eof() step {
	switch {
	case g.ask == askReconnect:
		return g.keep()
	case g.ask == askOdd:
		return step{say: g.draft.odd() + ": s = send as typed, e = edit"}
	case g.heredoc != "":
		return step{say: fmt.Sprintf("%s ends the text, ^C drops it", g.heredoc)}
	case !g.draft.empty():
		return g.odd()
	case g.phase == connected && !g.leaving:
		g.leaving = true
		return step{say: "^D again leaves; .eof half-closes"}
	}
	return step{do: doLeave}
}

// unfinished says what a script has begun and not ended, or "".
func (g *grammar) unfinished() string {
	switch {
	case g.heredoc != "":
		return fmt.Sprintf(".send <<%[1]s has no %[1]s", g.heredoc)
	case !g.draft.empty():
		return g.draft.odd()
	}
	return ""
}
