package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/cookie"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// shower is one way to show a conversation.
type shower struct {
	before  wire.Sink // ahead of the Messages that an event completes
	message func(*proto.Message)
	event   wire.Sink
	end     func()
}

func (a *app) shower(f *showFlags, now time.Time, created func() time.Time, stream *detect.Stream, out *bufio.Writer) (shower, error) {
	none := func(wire.Event) {}
	s := shower{before: none, message: func(*proto.Message) {}, event: none, end: func() {}}
	switch {
	case f.json:
		return a.showJSON(f, s, now, created, out)
	case f.jar != "":
		return a.showJar(f, s, now, created, out)
	}
	// A printer is made at the first event: the tape's own clock stands before it.
	// Through dst goes what it writes.
	lazy := func(dst io.Writer) func() *view.Printer {
		var p *view.Printer
		return func() *view.Printer {
			if p == nil {
				style := a.style(f.plain)
				style.Start, style.Now, style.Frames, style.Pretty, style.Decoded = created(), now, f.frames, f.pretty, f.limits.Decoded
				style.More = "show --raw server"
				p = view.New(dst, style)
			}
			return p
		}
	}
	if !f.part.set() && !f.hex && !f.timing {
		printer := lazy(out)
		s.message = func(m *proto.Message) { printer().Message(m) }
		s.event = func(e wire.Event) {
			printer().Event(e)
			printer().Partial(e.Conn, stream.State(e.Conn))
		}
		return s, nil
	}
	// What is written about each Message goes through the sieve.
	var rows bytes.Buffer
	printer := lazy(&rows)
	sieve := f.part.sieve(out)
	s.end = sieve.end
	give := func(m *proto.Message, text []byte) {
		sieve.message(m, rows.Bytes(), text)
		rows.Reset()
	}
	switch {
	case f.part.only == "cookies":
		s.message = func(m *proto.Message) {
			if vs := view.Keep(new(cookie.Jar), m, clock(now, created(), m)); len(vs) > 0 {
				printer().CookieTable(fmt.Sprintf("#%d sets %s", m.N, count(len(vs), "cookie")), vs)
			}
			give(m, nil)
		}
	case f.timing:
		var watch view.Stopwatch
		s.event = watch.Event
		s.message = func(m *proto.Message) {
			if done, ok := watch.Message(m); ok {
				printer().Timing(done)
			}
			give(m, nil)
		}
	case f.hex:
		var octets view.Recall
		s.before = octets.Event
		s.message = func(m *proto.Message) {
			if b := octets.Take(m); !m.Derived {
				if m.N > 0 {
					fmt.Fprintf(&rows, "#%d ", m.N)
				}
				rows.Write(view.AppendOctets(nil, m, b, true))
				give(m, b)
			}
		}
	default:
		s.message = func(m *proto.Message) {
			printer().Message(m)
			b := view.Content(m, f.limits.Decoded)
			give(m, b.Text.Data)
		}
		s.event = func(e wire.Event) {
			printer().Event(e)
			rows.Reset() // of no exchange
		}
	}
	return s, nil
}

// clock is the time at which the cookies of m are judged.
func clock(now, created time.Time, m *proto.Message) time.Time {
	if now.IsZero() && !created.IsZero() {
		return created.Add(m.Last)
	}
	return now
}

// showJSON gives an object for each Message.
func (a *app) showJSON(f *showFlags, s shower, now time.Time, created func() time.Time, out *bufio.Writer) (shower, error) {
	left, noted := 0, 0
	s.end = func() {
		of := ""
		if noted > 0 {
			of = fmt.Sprintf(", %d of them with notes", noted)
		}
		if left > 0 {
			fmt.Fprintf(a.stderr, "* %s of HTTP/2 left out%s; --frames gives them\n", count(left, "frame"), of)
		}
	}
	o := view.JSONOptions{Frames: f.frames, Now: now, Decoded: f.limits.Decoded}
	if f.cookiesAs != "" {
		origin, err := cookie.ParseOrigin(f.cookiesAs)
		if err != nil {
			return s, usagef("--cookies-as: %v", err)
		}
		o.CookiesAs = &origin
	}
	var line []byte
	s.message = func(m *proto.Message) {
		if !f.part.has(m) {
			return
		}
		o.Start = created()
		line = view.JSON(line[:0], m, o)
		if m.Kind == proto.KindFrame && m.Proto == detect.HTTP2 && !f.frames {
			left++
			if len(m.Notes) > 0 {
				noted++
			}
		}
		if f.part.matches(line) {
			out.Write(line)
		}
	}
	return s, nil
}

// showJar gives the Cookie header of a jar that the tape filled.
func (a *app) showJar(f *showFlags, s shower, now time.Time, created func() time.Time, out *bufio.Writer) (shower, error) {
	origin, err := cookie.ParseOrigin(f.jar)
	if err != nil {
		return s, usagef("--jar: %v", err)
	}
	var jar cookie.Jar
	var last time.Time
	s.message = func(m *proto.Message) {
		last = created().Add(m.Last)
		view.Keep(&jar, m, last)
	}
	s.end = func() {
		if !now.IsZero() {
			last = now
		}
		fmt.Fprintf(out, "%s\n", jar.Header(origin, last))
	}
	return s, nil
}

// following reads a file that is being written.
type following struct {
	ctx  context.Context
	src  io.Reader
	idle *bufio.Writer // flushed before there is a wait
}

// pollTape is how often a tape that is followed is looked at.
const pollTape = 100 * time.Millisecond

// Read waits for more at the end of the file, until the context ends.
func (f *following) Read(p []byte) (int, error) {
	for {
		n, err := f.src.Read(p)
		if n > 0 || err != io.EOF {
			return n, err
		}
		if err := f.idle.Flush(); err != nil {
			return 0, err
		}
		select {
		case <-f.ctx.Done():
			return 0, io.EOF
		case <-time.After(pollTape):
		}
	}
}
