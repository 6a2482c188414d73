package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// showPage writes a tape as a page of HTML: to a file, all of it or nothing, or to
// stdout.
func (a *app) showPage(f *showFlags, arg string, now time.Time, created func() time.Time, events func(wire.Sink) error, stdout *bufio.Writer) error {
	if f.html == "-" {
		return a.writePage(f, arg, now, created, events, stdout)
	}
	page, err := a.newOutput(f.html, f.force)
	if errors.Is(err, fs.ErrExist) {
		return &hinted{usagef("--html %s: it is there already", f.html), "--force writes over it"}
	} else if err != nil {
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			err = cause.Err
		}
		return usagef("--html %s: no file can be made in %s: %w", f.html, filepath.Dir(f.html), err)
	}
	defer page.drop()
	out := bufio.NewWriterSize(page, 64<<10)
	err = a.writePage(f, arg, now, created, events, out)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return err
	}
	return page.done()
}

func (a *app) writePage(f *showFlags, arg string, now time.Time, created func() time.Time, events func(wire.Sink) error, out io.Writer) error {
	stream := detect.New(detect.Options{Proto: f.as, Limits: f.limits.Parse})
	var page *view.TapePage
	begin := func() {
		if page == nil { // at the first event: the tape's own clock stands before it
			page = view.NewTapePage(out, view.PageOptions{
				Title: strings.TrimSuffix(filepath.Base(arg), ".tape"),
				Style: view.Style{Start: created(), Now: now, Frames: f.frames, Decoded: f.limits.Decoded},
			})
		}
	}
	err := events(func(e wire.Event) {
		begin()
		page.Event(e, stream.Feed(e))
	})
	begin()
	var rest []proto.Message
	if err == nil {
		rest = stream.Close()
	}
	if cerr := page.Close(rest); err == nil {
		err = cerr
	}
	return err
}
