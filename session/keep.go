package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wiretape/tape"
	"wiretape/wire"
)

func keepCommands() []command {
	return []command{
		{group: "Keep", name: "save", args: "[--force] FILE", summary: "saves the session as a tape, ready to be committed",
			detail:  "Secrets are replaced unless the session was started with --no-redact. An existing file is\nrefused without --force.",
			example: ".save login.tape", run: (*Session).save, files: true},
		{group: "Keep", name: "tape", args: "rec FILE | mark TEXT | note TEXT",
			summary: "records from now on to a file; marks a place; adds a note",
			example: ".tape rec session.tape", run: (*Session).tape, complete: []string{"rec ", "mark ", "note "}, files: true},
	}
}

// save is .save.
func (s *Session) save(_ context.Context, args string) error {
	if rest, ok := strings.CutPrefix(args+" ", "--no-redact "); ok && !s.opts.Record.NoRedact {
		return failure(StatusUsage, ".save %s: secrets were replaced as they came, and are held nowhere: wiretape --no-redact at the start keeps them", strings.TrimSpace("--no-redact "+rest))
	} else if ok {
		args = strings.TrimSpace(rest)
	}
	name, force := strings.CutPrefix(args, "--force ")
	name = strings.TrimSpace(name)
	if name == "" || strings.HasPrefix(name, "--") {
		return usage("save", args)
	}
	if info, err := os.Stat(name); err == nil && info.Size() > 0 && !force {
		return failure(StatusUsage, ".save: %s exists (%d B): .save --force %[1]s replaces it", name, info.Size())
	}
	var out bytes.Buffer
	var res tape.FormatResult
	// What happens meanwhile waits: it is not on this tape.
	s.mu.Lock()
	n := s.history.last()
	err := s.record.saved(func(src io.Reader) (err error) {
		res, err = tape.Format(&out, src, tape.FormatOptions{Name: name, Commit: true})
		return err
	})
	lost := s.record.lost()
	// A cookie's secret leaves no name on the tape, its value is invented.
	secrets := slices.Clone(s.record.mask.Replaced())
	s.mu.Unlock()
	for _, name := range res.Secrets {
		if !slices.Contains(secrets, name) {
			secrets = append(secrets, name)
		}
	}
	if err != nil {
		return failure(StatusUsage, ".save %s: %w", name, err)
	}
	if err := replaceFile(name, out.Bytes()); err != nil {
		return failure(StatusUsage, ".save %s: %w", name, err)
	}
	s.view.Info(fmt.Sprintf("saved %s: %s, %s; %s", name, count(n, "exchange"), count(res.Lines, "line"), s.secrets(secrets)))
	if lost > 0 {
		s.view.Warn(fmt.Sprintf("%d B of it are a gap, beyond what a session holds; --tape FILE records all", lost))
	}
	return nil
}

// secrets says what was replaced in a tape.
func (s *Session) secrets(names []string) string {
	switch {
	case s.opts.Record.NoRedact:
		return "secrets are in it as they are (--no-redact)"
	case len(names) == 0:
		return "no secret was found in it"
	case len(names) == 1:
		return "1 secret replaced (" + names[0] + "); --no-redact at the start keeps it"
	}
	return fmt.Sprintf("%d secrets replaced (%s); --no-redact at the start keeps them", len(names), strings.Join(names, ", "))
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// replaceFile puts a file in its place as a whole or not at all.
func replaceFile(name string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// tape is .tape.
func (s *Session) tape(_ context.Context, args string) error {
	what, rest, _ := strings.Cut(args, " ")
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return usage("tape", args)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	switch what {
	case "rec":
		err = s.record.begin(rest, s.all)
		if errors.Is(err, fs.ErrExist) || errors.Is(err, tape.ErrExists) {
			err = fmt.Errorf("%w; choose another name", err)
		}
	case "mark":
		err = s.record.record(tape.Record{Kind: tape.Mark, Value: rest})
	case "note":
		err = s.record.record(tape.Record{Kind: tape.Meta, Key: "note", Value: rest})
	default:
		return usage("tape", args)
	}
	if err != nil {
		return failure(StatusUsage, ".tape: %w", err)
	}
	if what == "rec" {
		s.view.Info("recording to " + rest)
	}
	return nil
}

// begin records to a file from now on. What was said on the open connections
// before is a gap there.
func (r *recorder) begin(path string, all []*dialogue) error {
	r.mask.Flush()
	if err := r.add(path, false); err != nil {
		return err
	}
	w := r.dests[len(r.dests)-1].w
	for _, d := range all {
		r.stands(w, &d.peer)
	}
	return w.Err()
}

// stands writes that a connection stands, to a tape that begins.
func (r *recorder) stands(w *tape.Writer, p *peer) {
	if p.facts == nil || p.closed {
		return
	}
	conn := r.number(0, p.conn)
	w.Event(wire.Event{Conn: conn, At: r.at, Kind: wire.KindOpen, Facts: p.facts})
	if p.tls != nil {
		w.Event(wire.Event{Conn: conn, At: r.at, Kind: wire.KindSecure, TLS: p.tls})
	}
	for side, dir := range []wire.Dir{wire.ClientToServer, wire.ServerToClient} {
		if n := p.octets[side]; n > 0 {
			w.Event(wire.Event{Conn: conn, At: r.at, Kind: wire.KindGap, Dir: dir, Size: n})
		}
	}
}
