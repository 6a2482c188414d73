// Package lint finds secrets that a tape has in clear. It serves hooks before a
// commit, and whoever redacts a tape that was recorded without.
//
// [Check] reads a tape once and reports what package redact would mask, wherever a
// reader of the tape would see it: in the bytes of its streams, in comments and
// metadata, in bodies whose codings are undone, in what is written in base64. It
// reports beyond that what is a secret by its look: keys of well-known services,
// random values under telling names, and random values that the server sent and the
// client sends back.
//
// What redaction has put in a secret's place is no secret, nor is what a span of
// the tape stands for. A password that is the name of its field cannot be told from
// such a sample.
package lint

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// Kind says why something is taken for a secret.
type Kind string

// The kinds of findings, as they stand in JSON.
const (
	Named   Kind = "named"   // by where it stands, or by its form: what redaction masks
	Encoded Kind = "encoded" // the same in a body's coding or in base64
	Known   Kind = "known"   // the key of a well-known service
	Random  Kind = "random"  // a random value under a telling name
	Echoed  Kind = "echoed"  // a random value that the server sent and the client sends back
)

// A Finding is a secret in clear. It does not have the secret.
type Finding struct {
	Tape string `json:"tape"` // the tape's name
	Line int    `json:"line"` // of the tape, from 1
	Kind Kind   `json:"kind"`
	Name string `json:"name"` // what redaction would call it, or what it is: "PASSWORD"
	Size int    `json:"size"` // bytes
	Why  string `json:"why"`  // "in a body coded gzip"
}

// String returns "x.tape:12: PASSWORD in clear, 8 B: …".
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s in clear, %d B: %s", f.Tape, f.Line, f.Name, f.Size, f.Why)
}

// Options say what else is secret. The zero value works.
type Options struct {
	// Values are secrets by name, as redact.Options has them.
	Values map[string]string
}

// maxFindings bounds what is reported of one tape.
const maxFindings = 1000

// Check reads a tape to its end and returns the secrets on it, in the order of
// their lines; of more than a thousand, the first. A tape that is cut off is
// checked as far as it goes. An error says that it could not be read.
func Check(src io.Reader, name string, opt Options) ([]Finding, error) {
	c := &checker{name: name, opt: opt, seen: make(map[place]bool), words: make(map[string]bool)}
	c.streams = NewStreams(opt, c.clear)
	c.messages = detect.New(detect.Options{Limits: proto.Limits{Body: maxBody}})
	var held wire.Event
	var data []byte
	flush := func() {
		if held.Kind != 0 {
			held.Data = data
			c.take(c.messages.Feed(held))
			held, data = wire.Event{}, data[:0]
		}
	}
	for rec, err := range tape.NewReader(src, name).Records() {
		if err != nil {
			return c.findings, err
		}
		switch rec.Kind {
		case tape.Comment, tape.Meta, tape.Mark:
			if rec.Kind == tape.Comment && strings.HasPrefix(rec.Value, "|") {
				continue // a reading of bytes, which are looked at themselves
			}
			c.plain(rec.Key+" "+rec.Value, rec.Line)
		case tape.Socket:
			flush()
			c.streams.Record(&rec)
			if !rec.Continues {
				c.take(c.messages.Feed(rec.Event))
			}
		case tape.Data:
			c.streams.Record(&rec) // first, whose name for it is better
			c.line(&rec)
			if !rec.Continues {
				flush()
				held = rec.Event
			}
			if data = append(data, rec.Event.Data...); len(data) > maxRun {
				kind := held
				flush()
				held = kind
			}
		}
	}
	flush()
	c.streams.Flush()
	c.take(c.messages.Close())
	slices.SortStableFunc(c.findings, func(a, b Finding) int { return a.Line - b.Line })
	return c.findings, nil
}

const (
	maxBody = 8 << 20   // octets of a body that are looked into
	maxRun  = 128 << 10 // octets that a parser is given at once
)

// A place is what a finding is reported once for.
type place struct {
	line int
	name string
	size int
}

// A checker is one run of Check.
type checker struct {
	name     string
	opt      Options
	streams  *Streams
	messages *detect.Stream
	lines    lineIndex
	echo     echo
	words    map[string]bool // of which samples are made
	seen     map[place]bool
	findings []Finding
}

func (c *checker) add(f Finding) {
	p, any := place{f.Line, f.Name, f.Size}, place{0, f.Name, f.Size}
	if c.seen[p] || f.Kind == Encoded && c.seen[any] || len(c.findings) >= maxFindings {
		return
	}
	c.seen[p], c.seen[any] = true, true
	f.Tape = c.name
	c.findings = append(c.findings, f)
}

// clear takes a secret of a stream.
func (c *checker) clear(s Secret) {
	c.add(Finding{Line: s.Line, Kind: Named, Name: s.Name, Size: int(s.To - s.From), Why: "redaction would mask it (wiretape fmt --redact)"})
}

// plain looks at the text of a line that is no data.
func (c *checker) plain(text string, line int) {
	c.inside([]byte(text), line, Named, "in a line that is kept as it is", 0)
}

// line takes a data line.
func (c *checker) line(rec *tape.Record) {
	c.lines.add(rec)
	masked := make([]bool, 0)
	if len(rec.Spans) > 0 {
		masked = make([]bool, len(rec.Event.Data))
		for _, s := range rec.Spans {
			for i := s.From; i < s.To; i++ {
				masked[i] = true
			}
		}
	}
	c.look(rec, masked)
	if len(rec.Spans) == 0 && rec.Form != tape.Raw {
		c.base64(rec.Event.Data, rec.Line, 0)
	}
}

// take looks into messages.
func (c *checker) take(ms []proto.Message) {
	for i := range ms {
		c.message(&ms[i])
	}
}
