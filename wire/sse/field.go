package sse

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// take reads the line in progress, and reports whether it is blank and so ends the
// event.
func (d *Decoder) take() (blank bool) {
	line := d.line
	if !d.begun {
		d.begun = true
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		if len(line) == 0 && len(d.line) > 0 {
			d.line = d.line[:0]
			return true
		}
	}
	if d.long {
		d.note(d.lineAt, "a line is longer than the limit of "+strconv.Itoa(d.limits.Line)+" octets: the rest of it is left out")
	}
	blank = len(line) == 0
	if !blank {
		d.field(line)
	}
	d.line, d.long = d.line[:0], false
	return blank
}

// field reads a line that is not blank.
func (d *Decoder) field(line []byte) {
	e := d.event
	name, value, _ := bytes.Cut(line, []byte{':'})
	value = bytes.TrimPrefix(value, []byte{' '})
	switch string(name) {
	case "":
		if len(e.Comments) < maxComments {
			e.Comments = append(e.Comments, bytes.Clone(value))
		} else {
			d.note(d.lineAt, "further comments are not listed")
		}
	case "data":
		if e.HasData {
			d.message.Body.Keep([]byte{'\n'}, d.limits.Body)
		}
		e.HasData = true
		d.message.Body.Keep(value, d.limits.Body)
	case "event":
		e.Name = string(value)
	case "id":
		if bytes.IndexByte(value, 0) >= 0 {
			d.note(d.lineAt, "id with a NUL: passed over")
			return
		}
		e.ID, e.HasID = string(value), true
	case "retry":
		ms, ok := digits(value)
		if !ok {
			d.note(d.lineAt, "retry is no number of milliseconds: passed over")
			return
		}
		e.Retry = ms
	default:
		d.note(d.lineAt, "field that no event has: passed over")
	}
}

// digits reads a number of milliseconds, of ASCII digits alone. What no Duration
// holds is the longest.
func digits(b []byte) (time.Duration, bool) {
	var n time.Duration
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > math.MaxInt64/time.Millisecond/10-1 {
			return math.MaxInt64, true
		}
		n = 10*n + time.Duration(c-'0')
	}
	return n * time.Millisecond, len(b) > 0
}
