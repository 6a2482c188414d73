package lint

import (
	"bytes"
	"strings"

	"wiretape/tape"
	"wiretape/tape/redact"
	"wiretape/wire"
)

// A Secret is a range of a stream that redaction would change.
type Secret struct {
	Conn     int
	Dir      wire.Dir
	From, To int64  // octets of the direction's stream on the tape
	Line     int    // of the tape
	Name     string // what redaction calls it
	Enc      string // as a span has it
	// With is what redaction has written in its place, where that is no span's
	// sample; else nil.
	With []byte
}

// Streams finds what redaction would change on a tape, by its records. It holds
// but what redaction holds.
type Streams struct {
	mask  *redact.Redactor
	found func(Secret)
	sides map[side]*pending
	words map[string]bool // in lower case: of these redaction makes samples
}

type side struct {
	conn int
	dir  wire.Dir
}

// A pending is what redaction was given of a stream and has not given back.
type pending struct {
	off   int64 // of data in the stream
	data  []byte
	lines []lineAt
	spans []tape.Span // From and To count from the stream's beginning
}

type lineAt struct {
	off  int64
	line int
}

// NewStreams returns Streams that give what they find to found, in the order of
// each stream.
func NewStreams(opt Options, found func(Secret)) *Streams {
	s := &Streams{found: found, sides: make(map[side]*pending), words: make(map[string]bool)}
	s.mask = redact.New(s.masked, redact.Options{Values: opt.Values})
	return s
}

// Record takes the next record of the tape.
func (s *Streams) Record(rec *tape.Record) {
	switch rec.Kind {
	case tape.Socket:
		if !rec.Continues {
			s.mask.Event(rec.Event)
		}
	case tape.Data:
		if len(rec.Event.Data) == 0 {
			return
		}
		p := s.side(rec.Event)
		end := p.off + int64(len(p.data))
		p.lines = append(p.lines, lineAt{end, rec.Line})
		for _, span := range rec.Spans {
			span.From, span.To = span.From+int(end), span.To+int(end)
			p.spans = append(p.spans, span)
			s.words[word(span.ID)] = true
		}
		p.data = append(p.data, rec.Event.Data...)
		s.mask.Event(rec.Event)
	}
}

// Flush says that no record follows.
func (s *Streams) Flush() { s.mask.Flush() }

func (s *Streams) side(e wire.Event) *pending {
	k := side{e.Conn, e.Dir}
	p := s.sides[k]
	if p == nil {
		p = new(pending)
		s.sides[k] = p
	}
	return p
}

// masked takes what redaction made of the next octets of a stream.
func (s *Streams) masked(e wire.Event, spans []tape.Span) {
	if e.Kind != wire.KindData || len(e.Data) == 0 {
		return
	}
	p := s.side(e)
	was := p.data[:len(e.Data)]
	from := 0
	for _, span := range spans {
		s.words[word(span.ID)] = true
		s.patched(p, e, was, from, span.From)
		s.secret(p, e, was, span.From, span.To, span.ID, span.Enc, nil)
		from = span.To
	}
	s.patched(p, e, was, from, len(was))
	p.off += int64(len(was))
	p.data = p.data[:copy(p.data, p.data[len(was):])]
	for len(p.lines) > 1 && p.lines[1].off <= p.off {
		p.lines = p.lines[1:]
	}
	for len(p.spans) > 0 && int64(p.spans[0].To) <= p.off {
		p.spans = p.spans[1:]
	}
}

// patched finds what was overwritten in was[from:to].
func (s *Streams) patched(p *pending, e wire.Event, was []byte, from, to int) {
	if bytes.Equal(was[from:to], e.Data[from:to]) {
		return
	}
	for i := from; i < to; i++ {
		if was[i] == e.Data[i] {
			continue
		}
		// Of a word that was overwritten some octets may be as they were.
		end, same := i+1, 0
		for j := i + 1; j < to && same < 4; j++ {
			if was[j] == e.Data[j] {
				same++
				continue
			}
			end, same = j+1, 0
		}
		s.secret(p, e, was, i, end, "FIELD", "", e.Data[i:end])
		i = end
	}
}

// secret takes a range that redaction changed, or would have.
func (s *Streams) secret(p *pending, e wire.Event, was []byte, from, to int, name, enc string, with []byte) {
	value := was[from:to]
	if with == nil && bytes.Equal(value, e.Data[from:to]) || s.invented(value, name) {
		return
	}
	at := p.off + int64(from)
	for _, span := range p.spans {
		if int64(span.From) >= p.off+int64(to) || int64(span.To) <= at {
			continue
		}
		switch span.Kind {
		case tape.SpanSecret, tape.SpanRef, tape.SpanEncB64, tape.SpanWSAccept:
			return
		}
		// Of what the tape has as volatile, a long random sample may be a secret yet.
		a, b := max(0, span.From-int(p.off)), min(len(was), span.To-int(p.off))
		if a >= b || !isRandom(was[a:b]) {
			return
		}
	}
	out := Secret{Conn: e.Conn, Dir: e.Dir, From: at, To: p.off + int64(to), Name: name, Enc: enc, With: bytes.Clone(with)}
	for _, l := range p.lines {
		if l.off > at {
			break
		}
		out.Line = l.line
	}
	s.found(out)
}

// word returns what samples of a secret are made of.
func word(id string) string { return strings.ToLower(id) }

// invented reports whether redaction has put a value in a secret's place: a word
// over and over, of those that name secrets here.
func (s *Streams) invented(value []byte, name string) bool {
	if name != "" && repeats(value, word(name)) {
		return true
	}
	if i := strings.LastIndexByte(name, '_'); i > 0 && repeats(value, word(name[:i])) {
		return true
	}
	for w := range s.words {
		if w != "" && (repeats(value, w) || len(value) >= len(w) && bytes.Equal(value, tape.SecretSample(w, len(value), "b64"))) {
			return true
		}
	}
	// The same word with another number behind it.
	i := bytes.IndexByte(value, '_')
	for i > 0 && i+1 < len(value) {
		end := i + 1
		for end < len(value) && value[end] >= '0' && value[end] <= '9' {
			end++
		}
		if end > i+1 && (s.words[string(value[:i])] || strings.HasPrefix(word(name), string(value[:i]))) && repeats(value, string(value[:end])) {
			return true
		}
		next := bytes.IndexByte(value[i+1:], '_')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return false
}

// repeats reports whether value is word again and again, cut off where it ends.
func repeats(value []byte, word string) bool {
	if word == "" {
		return false
	}
	for i, c := range value {
		if c != word[i%len(word)] {
			return false
		}
	}
	return true
}
