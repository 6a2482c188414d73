package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"wiretape/tape"
)

func (a *app) format() *cobra.Command {
	var commit, write, partial bool
	cmd := &cobra.Command{
		Use:   "fmt TAPE…",
		Short: "write tapes in canonical form",
		Long: `Fmt writes a tape in canonical form to stdout, or with -w in its place. With
--commit it writes the profile for people and version control: plain text
without boundaries, times and addresses, and a visible span wherever a value
differs from run to run.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 && !write {
				return &hinted{usagef("fmt: several tapes"), "-w writes each in its place"}
			}
			for _, arg := range args {
				var err error
				if write {
					err = a.formatInPlace(arg, commit, partial)
				} else {
					err = a.formatTo(a.stdout, arg, commit, partial)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&commit, "commit", false, "write the commit profile")
	fs.BoolVarP(&write, "write", "w", false, "write in place")
	fs.BoolVar(&partial, "partial", false, "take a tape that is cut off")
	return cmd
}

// formatTo writes nothing of a tape that cannot be read to its end.
func (a *app) formatTo(dst io.Writer, arg string, commit, partial bool) error {
	src, name, err := a.openFile(arg)
	if err != nil {
		return err
	}
	defer src.Close()
	file, err := seekable(src)
	if err != nil {
		return usagef("fmt %s: %w", name, err)
	}
	defer file.Close()
	opt := tape.FormatOptions{Name: name, Commit: commit}
	res, err := tape.Format(io.Discard, file, opt)
	if err == nil {
		err = refuseCut(name, res.Cut, partial)
	}
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return usagef("fmt %s: %w", name, err)
	}
	out := bufio.NewWriterSize(dst, 64<<10)
	if terminalOf(dst) != nil {
		// A raw block would have the terminal obey the peer's bytes.
		out = bufio.NewWriterSize(&escaper{w: dst}, 64<<10)
	}
	_, err = tape.Format(out, file, opt)
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	return err
}

// seekable returns src, or a copy of it in a file without a name, to be read
// twice.
func seekable(src io.ReadCloser) (*os.File, error) {
	if f, ok := src.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
			return f, nil
		}
	}
	tmp, err := os.CreateTemp("", "wiretape-*")
	if err != nil {
		return nil, err
	}
	os.Remove(tmp.Name())
	if _, err = io.Copy(tmp, src); err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	if err != nil {
		tmp.Close()
		return nil, err
	}
	return tmp, nil
}

// formatInPlace replaces a tape by its canonical form, all of it or nothing.
// A symbolic link stays one.
func (a *app) formatInPlace(path string, commit, partial bool) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return usagef("fmt -w: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".fmt-*")
	if err != nil {
		return usagef("fmt -w: %w", err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if err := a.formatTo(tmp, path, commit, partial); err != nil {
		return err
	}
	if st, err := os.Stat(path); err == nil {
		if err := tmp.Chmod(st.Mode().Perm()); err != nil {
			return usagef("fmt -w: %w", err)
		}
	}
	if err := tmp.Close(); err != nil {
		return usagef("fmt -w: %w", err)
	}
	return os.Rename(tmp.Name(), path)
}

// refuseCut is the error of a tape that is cut off, for the commands in which it
// would be taken for the whole.
func refuseCut(name string, cut *tape.Cut, partial bool) error {
	if cut == nil || partial {
		return nil
	}
	return &hinted{usagef("%s is cut off: %v", name, *cut), "--partial takes what is there"}
}
