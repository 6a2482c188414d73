package session

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"wiretape/wire"
)

// editCommand is the row of .edit.
func editCommand() command {
	return command{group: "Send", name: "edit", args: "[N]", summary: "opens a request in $VISUAL or $EDITOR; what comes of it is the draft",
		detail: "That of exchange N, or what is being composed, or else the last one. Nothing is sent. Line ends are\n" +
			"those of .eol, as of all that is typed; an empty file is no draft. What arrives meanwhile is shown after.",
		example: ".edit 1", on: (*dialogue).edit}
}

// edit is .edit.
func (d *dialogue) edit(ctx context.Context, args string) error {
	l, ok := d.s.lines.(lender)
	if !ok || !d.s.opts.Interactive {
		return failure(StatusUsage, ".edit: an editor wants a terminal")
	}
	text, err := d.editable(args)
	if err != nil {
		return err
	}
	edited, err := d.s.inEditor(ctx, l, text)
	if err != nil {
		return failure(StatusUsage, ".edit: %w", err)
	}
	d.s.mu.Lock()
	d.g.ask, d.g.draft = askNothing, draft{}
	block := d.g.block
	d.s.mu.Unlock()
	if strings.TrimSpace(edited) == "" {
		d.s.view.Info("the file is empty: there is no draft")
		return nil
	}
	d.s.view.Info("Enter sends it, ^C drops it")
	d.s.prefill(typedAgain(edited, block))
	return nil
}

// editable returns the request that is to be edited, as it is typed.
func (d *dialogue) editable(args string) (string, error) {
	d.s.mu.Lock()
	composed := d.g.draft.text()
	d.s.mu.Unlock()
	if args == "" && composed != "" {
		return composed + "\n", nil
	}
	n, rest, err := d.s.number("edit", strings.Fields(args))
	if err != nil {
		return "", err
	}
	if len(rest) > 0 {
		return "", usage("edit", args)
	}
	msgs, err := d.s.exchange("edit", n)
	if err != nil {
		return "", err
	}
	b, isH2 := d.s.typedFor(msgs)
	d.s.mu.Lock()
	for i := range msgs {
		if m := &msgs[i]; !isH2 && m.Dir == wire.ClientToServer {
			b = append(b, d.s.history.octets(m)...)
		}
	}
	d.s.mu.Unlock()
	if len(b) == 0 {
		return "", failure(StatusUsage, ".edit: what was sent in #%d is not held any more as it was typed", n)
	}
	text, ok := draftOf(b)
	if !ok {
		d.s.view.Warn("it has octets that no typed line gives: line ends become those of .eol")
		text = strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	return text, nil
}

// inEditor has a person edit a text, in a file that nobody else may read.
func (s *Session) inEditor(ctx context.Context, l lender, text string) (string, error) {
	f, err := os.CreateTemp("", "wiretape-*.http") // mode 0600
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", err
	}
	editor := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	// It may have arguments of its own.
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", editor+` "$1"`, "sh", f.Name())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if held, _ := s.view.Held(); !held {
		s.view.Hold()
		defer s.view.Release()
	}
	if err := l.Lend(cmd.Run); err != nil {
		return "", fmt.Errorf("%s: %w; nothing has changed", editor, err)
	}
	b, err := readFile(f.Name())
	if err == nil && len(b) > maxDraft {
		err = fmt.Errorf("the file has more than %d MiB", maxDraft>>20)
	}
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return string(b), err
}

// typedAgain returns a file that an editor wrote as the text of a draft. An editor
// ends the last line. In block mode a head gets the empty line that sends it, and
// the last line of a body its end where octets are due still.
func typedAgain(file string, block bool) string {
	head, body, _ := strings.Cut(strings.TrimSuffix(file, "\n"), "\n\n")
	switch body = strings.TrimSuffix(body, "\n"); {
	case !block:
		return strings.TrimSuffix(file, "\n")
	case body == "":
		return strings.TrimSuffix(head, "\n") + "\n"
	}
	return head + "\n\n" + body
}
