package main

import (
	"bufio"
	"io"
	"os"
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
	if st, err := os.Stat(f.html); err == nil && (!f.force || !st.Mode().IsRegular()) {
		return &hinted{usagef("--html %s: it is there already", f.html), "--force writes over it"}
	}
	tmp, err := os.CreateTemp(filepath.Dir(f.html), ".html-*")
	if err != nil {
		return usagef("--html %s: no file can be made in %s", f.html, filepath.Dir(f.html))
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	out := bufio.NewWriterSize(tmp, 64<<10)
	err = a.writePage(f, arg, now, created, events, out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = tmp.Close()
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), f.html)
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
