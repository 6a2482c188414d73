package tape

import (
	"bytes"
	"fmt"
	"io"

	"wiretape/wire"
)

// FormatOptions say how [Format] writes. The zero value keeps the profile.
type FormatOptions struct {
	Name string // of the source, for errors
	// Commit writes the commit profile whatever the source is: without
	// boundaries, times, addresses and what else differs between two recordings
	// of the same thing, and with spans over volatile values of HTTP heads.
	Commit bool
}

// A FormatResult says what [Format] read and wrote.
type FormatResult struct {
	Lines   int      // written
	Secrets []string // names of the secrets on the written tape, in order
	Cut     *Cut     // how the source was cut off; nil if it was not
}

// Format writes the tape that it reads from src in canonical form. Comments,
// rules, marks and spans stay. It needs constant memory, and formatting twice
// changes nothing. It writes what it could read of a tape that is cut off.
func Format(dst io.Writer, src io.Reader, opt FormatOptions) (FormatResult, error) {
	f := formatter{dst: dst, in: NewReader(src, opt.Name), commit: opt.Commit}
	f.buf = fmt.Appendf(f.buf, "%s%d\n", magic, formatVersion)
	err := f.records()
	if cut, ok := f.in.Cut(); ok {
		f.res.Cut = &cut
	}
	return f.res, err
}

// A formatter writes records one run at a time.
type formatter struct {
	dst    io.Writer
	in     *Reader
	commit bool
	res    FormatResult
	buf    []byte
	named  bool // the profile is written

	run
	datagram map[int]bool // connections whose boundaries matter
	volatile volatile
}

func (f *formatter) records() error {
	for {
		data, err := f.in.next(f.data)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := f.record(&f.in.rec, data); err != nil {
			return err
		}
	}
	f.endRun()
	f.profile()
	return f.flush(0)
}

// record takes a record; data is f.data with the bytes of a data line after it.
func (f *formatter) record(r *Record, data []byte) error {
	switch r.Kind {
	case Data:
		return f.dataLine(r, data)
	case Blank, Comment, Meta:
		line, err := appendPlain(nil, *r)
		if err != nil {
			return err
		}
		if r.Kind == Meta && f.commit {
			switch r.Key {
			case "profile":
				f.profile()
				return nil
			case "tool":
				return nil
			}
		}
		if r.Kind == Meta && r.Key == endKey {
			f.endRun()
			f.profile()
		}
		return f.aside(line)
	case Time:
		if f.commit && !r.Wait.Free && r.Wait.Min == r.Wait.Max {
			f.apart = f.on && f.datagram[f.conn]
			return nil
		}
	}
	f.endRun()
	f.profile()
	if r.Kind == Socket {
		return f.socket(r)
	}
	line, err := appendPlain(f.buf, *r)
	if err != nil {
		return err
	}
	f.buf = line
	return f.flush(writeSize)
}

// profile names the commit profile where the source does not, once.
func (f *formatter) profile() {
	if f.commit && !f.named {
		f.named = true
		f.buf = fmt.Appendf(f.buf, "; profile %s\n", commit)
	}
}

// target is the profile to write.
func (f *formatter) target() profile {
	if f.commit {
		return commit
	}
	return f.in.p.profile
}

func (f *formatter) socket(r *Record) error {
	if r.Key == certVerb {
		if !f.commit {
			f.buf = appendCert(f.buf, r.Event.Conn, r.Event.TLS.Certificates[0])
		}
		return f.flush(writeSize)
	}
	e := r.Event
	switch {
	case e.Kind == wire.KindOpen && e.Facts.Network == "udp":
		if f.datagram == nil {
			f.datagram = make(map[int]bool)
		}
		f.datagram[e.Conn] = true
	case e.Kind == wire.KindOpen, e.Kind == wire.KindClose:
		delete(f.datagram, e.Conn)
	}
	v := verbOf(e.Kind)
	var l facts
	v.put(&l, e)
	if e.Kind == wire.KindSecure {
		l.set("leaf", f.in.p.leaf) // of a certificate that need not follow
		l.sort(v.keys)
	}
	if f.commit {
		l.drop(v.local)
	}
	f.buf = l.append(append(append(appendConn(f.buf, e.Conn), "= "...), v.name...))
	f.buf = append(f.buf, '\n')
	f.volatile.event(e)
	return f.flush(writeSize)
}

// writeSize is how much is collected before it is written, in bytes.
const writeSize = 64 << 10

// flush writes the buffer if it has at least so many bytes.
func (f *formatter) flush(least int) error {
	if len(f.buf) < least || len(f.buf) == 0 {
		return nil
	}
	f.res.Lines += bytes.Count(f.buf, []byte{'\n'})
	if _, err := f.dst.Write(f.buf); err != nil {
		return fmt.Errorf("write tape: %w", err)
	}
	f.buf = f.buf[:0]
	return nil
}
