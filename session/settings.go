package session

import (
	"context"
)

// What .eol and .mode take.
var (
	eolCommandValues  = []string{"crlf", "lf", "cr", "none", "nul"}
	modeCommandValues = []string{"line", "block", "resp"}
)

func mannerCommands() []command {
	return []command{
		{group: "Manners", name: "eol", args: "[crlf|lf|cr|none|nul]", summary: "sets the line end that is added to typed lines",
			detail:  "crlf unless set. none sends a line as it is, nul ends it with an octet of zero.",
			example: ".eol lf", on: (*dialogue).setEOL, complete: eolCommandValues},
		{group: "Manners", name: "mode", args: "[line|block|resp]", summary: "sends each line, or composes a request up to its blank line",
			detail: "The connection chooses: block for HTTP, by port, scheme or ALPN; line for all else.\nIn block mode a blank line alone sends nothing.\n" +
				"resp sends each line as a command of Redis, an array of bulk strings; redis:// chooses it,\n" +
				"and so does an answer that is read as Redis, which is said then.",
			example: ".mode line", on: (*dialogue).setMode, complete: modeCommandValues},
		telnetCommand(),
		{group: "Manners", name: "hold", summary: "holds back what comes, and counts its rows in the prompt, until .release",
			detail:  "It is recorded all the same, and words such as .await and .show know of it.",
			example: ".hold", run: func(s *Session, _ context.Context, _ string) error {
				s.view.Info("what comes is held back until .release")
				s.view.Hold()
				return nil
			}},
		{group: "Manners", name: "release", summary: "shows what .hold has held back, and goes on showing",
			example: ".release", run: func(s *Session, _ context.Context, _ string) error { s.view.Release(); return nil }},
		clockCommand(),
		setCommand(),
		sourceCommand(),
		{group: "Manners", name: "help", args: "[WORD]", bare: true, summary: "lists the commands, or says more about one",
			example: "help open", run: (*Session).help},
		{group: "Manners", name: "quit", summary: "leaves", example: ".quit",
			run: func(s *Session, _ context.Context, _ string) error { return s.leave() }},
	}
}

func (d *dialogue) setEOL(_ context.Context, args string) error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if args != "" {
		e, err := ParseEOL(args)
		if err != nil {
			return failure(StatusUsage, ".eol: %w", err)
		}
		d.g.eol = e
	}
	d.s.view.Info("line ends: " + d.g.eol.String())
	return nil
}

func (d *dialogue) setMode(_ context.Context, args string) error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	switch args {
	case "":
	case "line", "block", "resp":
		if !d.g.draft.empty() {
			return failure(StatusUsage, ".mode: a draft is begun: end it, or ^C drops it")
		}
		d.g.block, d.g.encode, d.peer.asTyped = args == "block", nil, args != "resp"
		if args == "resp" {
			d.g.encode = redisCommand
		}
	default:
		return usage("mode", args)
	}
	if d.g.block {
		d.s.view.Info("block mode: a request goes out at its blank line")
	} else if d.g.encode != nil {
		d.s.view.Info("resp mode: each line goes out at Enter as a command in RESP")
	} else {
		d.s.view.Info("line mode: each line goes out at Enter")
	}
	return nil
}
