package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"wiretape/session/view"
)

func sourceCommand() command {
	return command{group: "Manners", name: "source", args: "FILE", summary: "runs a script in this session, with its connection",
		detail: "The lines are those of wiretape -f: a reply is waited for, and the first failure ends the script,\n" +
			"with its file and line; the session goes on. Scripts may run others, 8 deep.",
		writes:  "what the script's lines say",
		example: ".source login.script", run: (*Session).source, files: true}
}

// maxSourced bounds how deep scripts run each other.
const maxSourced = 8

// source is .source.
func (s *Session) source(ctx context.Context, args string) error {
	name := strings.TrimSpace(args)
	if name == "" {
		return usage("source", args)
	}
	if s.sourced == maxSourced {
		return failure(StatusUsage, ".source %s: scripts run each other more than %d deep", name, maxSourced)
	}
	s.mu.Lock()
	drafting := !s.current.g.draft.empty()
	s.mu.Unlock()
	if drafting {
		return failure(StatusUsage, ".source %s: a draft is begun: end it, or ^C drops it", name)
	}
	f, err := s.openFile(ctx, name)
	if err != nil {
		if f, ok := errors.AsType[*Failure](err); ok {
			return f
		}
		return failure(StatusUsage, ".source: %w", err)
	}
	defer f.Close()
	if i, err := f.Stat(); err == nil && i.IsDir() {
		return failure(StatusUsage, ".source %s: that is a folder; want a script", name)
	}
	defer s.unattended(NewScript(f, name))()
	return s.script(ctx)
}

// unattended has the session take its lines from a script, where nobody can be
// asked, until the function that it returns is called.
func (s *Session) unattended(lines LineReader) (attended func()) {
	outer, queue := s.lines, s.queue
	s.mu.Lock()
	interactive := s.opts.Interactive
	s.attend(false)
	s.mu.Unlock()
	s.lines, s.queue = lines, nil
	s.sourced++
	return func() {
		s.sourced--
		s.lines, s.queue = outer, queue
		s.mu.Lock()
		s.attend(interactive)
		// What a script leaves unfinished is not what is typed next.
		s.current.g.draft, s.current.g.heredoc, s.current.g.text, s.current.g.textSize = draft{}, "", nil, 0
		s.mu.Unlock()
	}
}

// attend says whether a person types the lines. s.mu is held.
func (s *Session) attend(person bool) {
	s.opts.Interactive = person
	for _, d := range s.all {
		d.g.script = !person
	}
}

// script takes the lines of a script to their end. Where the session shows what a
// person types, it shows them too.
func (s *Session) script(ctx context.Context) error {
	for {
		line, err := s.readLine(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s.place(err)
		}
		if s.opts.Style.Live {
			s.mu.Lock()
			prompt := s.current.promptText()
			s.mu.Unlock()
			fmt.Fprintln(s.opts.Out, prompt+view.EscapeString(line))
		}
		if err := s.take(ctx, line); err != nil {
			return s.place(err) // errLeave too: .quit leaves from here
		}
	}
	s.mu.Lock()
	open := s.current.g.unfinished()
	s.mu.Unlock()
	if open != "" {
		return s.place(failure(StatusUsage, "end of script: %s", open))
	}
	return nil
}
