package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"wiretape/tape"
	"wiretape/tape/lint"
	keep "wiretape/tape/update"
)

// formatFlags say how fmt writes.
type formatFlags struct {
	commit, write, partial, redact, lengths bool
	record                                  recordFlags // --secret
}

func (a *app) format() *cobra.Command {
	var f formatFlags
	cmd := &cobra.Command{
		Use:   "fmt TAPE…",
		Short: "write tapes in canonical form",
		Long: `Fmt writes a tape in canonical form to stdout, or with -w in its place. With
--commit it writes the profile for people and version control: plain text
without boundaries, times and addresses, and a visible span wherever a value
differs from run to run. --redact masks the secrets of a tape that was recorded
without, and --fix-lengths makes Content-Length and the sizes of chunks what an
edited body has. Beside bytes of HTTP/2 and bodies in a coding it writes what they
say, as comments "#| …".`,
		Args: takes(1, -1),
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			if len(args) > 1 && !f.write {
				return &hinted{usagef("fmt: several tapes"), "-w writes each in its place"}
			}
			for _, arg := range args {
				var err error
				if f.write {
					err = a.formatInPlace(ctx, arg, &f)
				} else {
					err = a.formatTo(ctx, a.stdout, arg, &f)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}),
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.commit, "commit", false, "write the commit profile")
	fs.BoolVarP(&f.write, "write", "w", false, "write in place")
	fs.BoolVar(&f.partial, "partial", false, "take a tape that is cut off")
	fs.BoolVar(&f.redact, "redact", false, "mask secrets")
	fs.StringArrayVar(&f.record.secrets, "secret", nil, "with --redact: the value of $WIRETAPE_SECRET_`ID` is a secret too")
	fs.BoolVar(&f.lengths, "fix-lengths", false, "make lengths of HTTP/1 what the bodies have")
	return cmd
}

// maxRead is the size of the longest tape that is read whole, so that readings
// stand beside what says nothing by itself: 64 MiB.
const maxRead = 64 << 20

// formatTo writes nothing of a tape that cannot be read to its end.
func (a *app) formatTo(ctx context.Context, dst io.Writer, arg string, f *formatFlags) error {
	src, name, err := a.openFile(ctx, arg)
	if err != nil {
		return err
	}
	defer src.Close()
	file, err := seekable(ctx, src)
	if err != nil {
		return usagef("fmt %s: %w", name, err)
	}
	defer file.Close()
	out := bufio.NewWriterSize(dst, 64<<10)
	if terminalOf(dst) != nil {
		// A raw block would have the terminal obey the peer's bytes.
		out = bufio.NewWriterSize(&escaper{w: dst}, 64<<10)
	}
	opt := tape.FormatOptions{Name: name, Commit: f.commit}
	edited, err := a.edited(ctx, file, name, f)
	if err != nil {
		return err
	}
	if edited != file {
		defer edited.Close()
		file = edited
	}
	if st, serr := file.Stat(); serr == nil && st.Size() <= maxRead {
		err = formatWhole(out, file, opt, f)
	} else {
		err = formatLong(out, file, opt, f)
	}
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	return err
}

// formatWhole formats a tape in memory, with its readings.
func formatWhole(dst io.Writer, src io.Reader, opt tape.FormatOptions, f *formatFlags) error {
	text, err := io.ReadAll(src)
	if err != nil {
		return usagef("fmt %s: %w", opt.Name, err)
	}
	var out bytes.Buffer
	res, err := tape.Format(&out, bytes.NewReader(keep.StripReadings(text)), opt)
	if err == nil {
		err = refuseCut(opt.Name, res.Cut, f.partial)
	}
	if err == nil {
		text, err = keep.Readings(out.Bytes(), opt.Name)
	}
	if err == nil {
		_, err = dst.Write(text)
	}
	return err
}

// formatLong formats a tape in constant memory, reading it twice.
func formatLong(dst io.Writer, src io.ReadSeeker, opt tape.FormatOptions, f *formatFlags) error {
	res, err := tape.Format(io.Discard, src, opt)
	if err == nil {
		err = refuseCut(opt.Name, res.Cut, f.partial)
	}
	if err != nil {
		return err
	}
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return usagef("fmt %s: %w", opt.Name, err)
	}
	_, err = tape.Format(dst, src, opt)
	return err
}

// edited returns a tape with its lengths right and its secrets masked, as far as
// that is asked for, and says what was done. It is file itself where nothing is.
func (a *app) edited(ctx context.Context, file *fileSource, name string, f *formatFlags) (*fileSource, error) {
	var values map[string]string // asked for first: there is no copy to close yet
	if f.redact {
		o, err := f.record.redaction()
		if err != nil {
			return nil, err
		}
		values = o.Values
	}
	was := file
	step := func(write func(dst io.Writer, src keep.Source) error) error {
		st, err := file.Stat()
		if err != nil {
			return err
		}
		next, err := scratch(ctx, func(dst io.Writer) error { return write(dst, io.NewSectionReader(file, 0, st.Size())) })
		if file != was {
			file.Close()
		}
		file = next
		return err
	}
	if f.lengths {
		err := step(func(dst io.Writer, src keep.Source) error {
			notes, err := keep.FixLengths(dst, src, name)
			for _, n := range notes {
				fmt.Fprintf(a.stderr, "* %s\n", escape(n))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if f.redact {
		err := step(func(dst io.Writer, src keep.Source) error {
			ids, err := keep.Redact(dst, src, name, lint.Options{Values: values})
			if len(ids) > 0 && err == nil {
				fmt.Fprintf(a.stderr, "* %s: %s replaced (%s)\n", escape(name), count(len(ids), "secret"), joinComma(ids))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return file, nil
}

// seekable returns src, or a copy of it, to be read twice.
func seekable(ctx context.Context, src io.Reader) (*fileSource, error) {
	if f, ok := src.(*fileSource); ok {
		return f, nil
	}
	return scratch(ctx, func(dst io.Writer) error {
		_, err := io.Copy(dst, src)
		return err
	})
}

// scratch returns a file without a name, at the beginning of what write has written
// to it.
func scratch(ctx context.Context, write func(dst io.Writer) error) (*fileSource, error) {
	tmp, err := os.CreateTemp("", "wiretape-*")
	if err != nil {
		return nil, err
	}
	os.Remove(tmp.Name())
	out := bufio.NewWriterSize(tmp, 64<<10)
	if err = write(out); err == nil {
		err = out.Flush()
	}
	if err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	if err != nil {
		tmp.Close()
		return nil, err
	}
	return &fileSource{tmp, ctx}, nil
}

// formatInPlace replaces a tape by its canonical form, all of it or nothing.
// A symbolic link stays one.
func (a *app) formatInPlace(ctx context.Context, path string, f *formatFlags) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return usagef("fmt -w: %w", err)
	}
	tmp, err := replaceWhenDone(path, 0o600)
	if err != nil {
		return usagef("fmt -w: %w", err)
	}
	defer tmp.drop()
	if err := a.formatTo(ctx, tmp, path, f); err != nil {
		return err
	}
	if err := tmp.done(); err != nil {
		return usagef("fmt -w: %w", err)
	}
	return nil
}

// refuseCut is the error of a tape that is cut off, for the commands in which it
// would be taken for the whole.
func refuseCut(name string, cut *tape.Cut, partial bool) error {
	if cut == nil || partial {
		return nil
	}
	return &hinted{usagef("%s is cut off: %v", name, *cut), "--partial takes what is there"}
}
