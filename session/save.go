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

	"wiretape/session/view"
	"wiretape/tape"
	"wiretape/tape/har"
	"wiretape/tape/pcapng"
	"wiretape/tape/script"
	"wiretape/wire"
	"wiretape/wire/detect"
)

func saveCommands() []command {
	var names, files []string
	for _, f := range saveForms {
		names = append(names, f.name)
		files = append(files, "FILE."+f.name+" "+f.what)
	}
	return []command{
		{group: "Keep", name: "save", args: "[--force] FILE[.script|.txt|…]", summary: "saves a tape, ready to be committed, or what FILE's ending says",
			detail: "Secrets are replaced unless the session was started with --no-redact. An existing file is\nrefused without --force. " +
				strings.Join(files, ", ") + "; any other name is a tape.",
			example: ".save login.tape", run: (*Session).save, files: true},
		{group: "Keep", name: "export", args: strings.Join(names, "|") + " [--force] FILE", summary: "saves the session in that form, whatever the file is called",
			detail:  "As .save has it, which tells the form by the end of the name. .export curl FILE has a command line\nof curl for each request.",
			example: ".export har session.har", run: (*Session).export, complete: names, files: true},
	}
}

// A saveForm is a form in which a session is saved: by the end of a file's name, or
// by the first word of .export.
type saveForm struct {
	name  string
	what  string // for people
	write func(s *Session, dst io.Writer, src io.Reader, name string) (saved, error)
}

// A saved says what was written.
type saved struct {
	what    string   // "41 lines"
	secrets []string // names of secrets that it has marked
	lost    []string // what of the session is not in it
}

// saveForms has the one that any other name stands for first.
var saveForms = []saveForm{
	{"tape", "is a tape", (*Session).saveTape},
	{"script", "a script that sends the same and expects the same", (*Session).saveScript},
	{"txt", "the conversation as the screen has it", (*Session).saveText},
	{"har", "HAR 1.2", (*Session).saveHAR},
	{"pcapng", "a capture for Wireshark", (*Session).saveCapture},
	{"curl", "command lines of curl", (*Session).saveCurl},
}

// save is .save.
func (s *Session) save(_ context.Context, args string) error {
	return s.saveAs("save", args, func(file string) *saveForm {
		ext := strings.TrimPrefix(filepath.Ext(file), ".")
		if i := slices.IndexFunc(saveForms, func(f saveForm) bool { return strings.EqualFold(f.name, ext) }); i >= 0 {
			return &saveForms[i]
		}
		return &saveForms[0]
	})
}

// export is .export.
func (s *Session) export(_ context.Context, args string) error {
	word, rest := cutWord(args)
	i := slices.IndexFunc(saveForms, func(f saveForm) bool { return f.name == word })
	if i < 0 {
		return usage("export", args)
	}
	return s.saveAs("export", rest, func(string) *saveForm { return &saveForms[i] })
}

// saveAs saves the session in the form that is chosen by the file's name.
func (s *Session) saveAs(word, args string, choose func(file string) *saveForm) error {
	if rest, ok := strings.CutPrefix(args+" ", "--no-redact "); ok && !s.opts.Record.NoRedact {
		return failure(StatusUsage, ".%s %s: secrets were replaced as they came, and are held nowhere: wiretape --no-redact at the start keeps them", word, strings.TrimSpace("--no-redact "+rest))
	} else if ok {
		args = strings.TrimSpace(rest)
	}
	file, force := strings.CutPrefix(args, "--force ")
	file = strings.TrimSpace(file)
	if file == "" || strings.HasPrefix(file, "--") {
		return usage(word, args)
	}
	switch info, err := os.Stat(file); {
	case err == nil && !info.Mode().IsRegular() && !info.IsDir():
		// A file would take its place: of /dev/null, to the harm of everybody.
		return failure(StatusUsage, ".%s: %s is no regular file, and is not replaced", word, file)
	case err == nil && info.Size() > 0 && !force:
		return failure(StatusUsage, ".%s: %s exists (%d B): --force before its name replaces it", word, file, info.Size())
	}
	form := choose(file)
	var out bytes.Buffer
	var res saved
	// What happens from here on is not in it, and need not wait for it.
	s.mu.Lock()
	n := s.history.last() - s.forgotten
	src, err := s.record.saved()
	lost := s.record.lost()
	// A cookie's secret leaves no name on the tape, its value is invented.
	secrets := slices.Clone(s.record.mask.Replaced())
	s.mu.Unlock()
	if err == nil {
		res, err = form.write(s, &out, src, file)
		src.Close()
	}
	for _, name := range res.secrets {
		if !slices.Contains(secrets, name) {
			secrets = append(secrets, name)
		}
	}
	if err == nil {
		err = replaceFile(file, out.Bytes())
	}
	if err != nil {
		return failure(StatusUsage, ".%s %s: %w", word, file, err)
	}
	s.view.Info(fmt.Sprintf("saved %s: %s, %s; %s", file, count(max(n, 0), "exchange"), res.what, s.secrets(secrets)))
	for _, l := range res.lost {
		s.view.Info(view.EscapeString(l))
	}
	if lost > 0 {
		s.view.Warn(fmt.Sprintf("%d B of it are a gap, beyond what a session holds; --tape FILE records all", lost))
	}
	return nil
}

func (s *Session) saveTape(dst io.Writer, src io.Reader, name string) (saved, error) {
	res, err := tape.Format(dst, src, tape.FormatOptions{Name: name, Commit: true})
	return saved{what: count(res.Lines, "line"), secrets: res.Secrets}, err
}

func (s *Session) saveScript(dst io.Writer, src io.Reader, name string) (saved, error) {
	res, err := script.Session(dst, tape.NewReader(src, name))
	what := count(res.Commands, "line")
	if res.Target != "" {
		what += ", to be run as wiretape -f " + name + " " + res.Target
	}
	return saved{what: what, lost: res.Lost}, err
}

func (s *Session) saveCurl(dst io.Writer, src io.Reader, name string) (saved, error) {
	res, err := script.Curl(dst, tape.NewReader(src, name))
	return saved{what: count(res.Commands, "command line"), lost: res.Lost}, err
}

// An eventWriter writes a form of other programs.
type eventWriter interface {
	Event(wire.Event)
	Close() (n int, lost []string, err error)
}

func (s *Session) saveHAR(dst io.Writer, src io.Reader, name string) (saved, error) {
	return saveEvents(har.NewWriter(dst, s.opts.Record.Tool, s.tap.Start()), "entry", tape.NewReader(src, name))
}

func (s *Session) saveCapture(dst io.Writer, src io.Reader, name string) (saved, error) {
	return saveEvents(pcapng.NewWriter(dst, s.opts.Record.Tool, s.tap.Start()), "packet", tape.NewReader(src, name))
}

func saveEvents(w eventWriter, unit string, r *tape.Reader) (saved, error) {
	for e, err := range r.Events() {
		if err != nil {
			return saved{}, err
		}
		w.Event(e)
	}
	n, lost, err := w.Close()
	what := count(n, unit)
	if unit == "entry" && n != 1 {
		what = fmt.Sprintf("%d entries", n)
	}
	return saved{what: what, lost: lost}, err
}

// saveText writes the rows of the conversation, with those of the client. It reads
// what was recorded, where secrets are replaced already, and not what stood on the
// screen.
func (s *Session) saveText(dst io.Writer, src io.Reader, name string) (saved, error) {
	lines := &lineCounter{w: dst}
	p := view.New(lines, view.Style{ASCII: s.opts.Style.ASCII, Start: s.tap.Start(), Now: s.opts.Style.Now, Decoded: s.opts.Style.Decoded})
	p.Negotiations(view.NegotiationsFolded)
	stream := detect.New(detect.Options{Proto: s.opts.Proto, Limits: s.opts.Limits})
	for e, err := range tape.NewReader(src, name).Events() {
		if err != nil {
			return saved{}, err
		}
		for _, m := range stream.Feed(e) {
			p.Message(&m)
		}
		p.Event(e)
	}
	for _, m := range stream.Close() {
		p.Message(&m)
	}
	p.Settle()
	return saved{what: count(lines.n, "line")}, p.Err()
}

// A lineCounter counts line ends.
type lineCounter struct {
	w io.Writer
	n int
}

func (c *lineCounter) Write(b []byte) (int, error) {
	c.n += bytes.Count(b, []byte("\n"))
	return c.w.Write(b)
}

// secrets says what was replaced in what is saved.
func (s *Session) secrets(names []string) string {
	switch {
	case s.opts.Record.NoRedact:
		return "secrets are in it as they are (--no-redact)"
	case len(names) == 0:
		return "no secret was found in it"
	case len(names) == 1:
		return "1 secret replaced (" + names[0] + "); --no-redact keeps it"
	}
	return fmt.Sprintf("%d secrets replaced (%s); --no-redact keeps them", len(names), strings.Join(names, ", "))
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
		// The invented name tells nobody anything.
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("create a file in %s: %w", filepath.Dir(name), p.Err)
		}
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		if info, serr := os.Stat(name); serr == nil && info.IsDir() {
			err = errors.New("it is a folder")
		} else {
			err = os.Rename(f.Name(), name)
		}
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
