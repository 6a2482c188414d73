package update

import (
	"bytes"
	"cmp"
	"slices"

	"wiretape/tape"
	"wiretape/tape/lint"
)

// Redact returns a tape with the secrets masked that redaction would have masked
// while it was recorded, and their names in order. Each becomes a span, or is
// overwritten where none can stand. Secrets in coded bodies and in comments stay:
// package lint finds them. The whole tape is held.
func Redact(old []byte, name string, opt lint.Options) (text []byte, ids []string, err error) {
	t, err := read(old, name)
	if err != nil {
		return nil, nil, err
	}
	streams := lint.NewStreams(opt, func(s lint.Secret) {
		if !slices.Contains(ids, s.Name) {
			ids = append(ids, s.Name)
		}
		t.stream(s.Conn, s.Dir).redact(s)
	})
	for rec, err := range tape.NewReader(bytes.NewReader(old), name).Records() {
		if err != nil {
			return nil, nil, err
		}
		streams.Record(&rec)
	}
	streams.Flush()
	if len(ids) == 0 {
		return old, nil, nil
	}
	text, err = t.write()
	return text, ids, err
}

// redact adds the edit that masks a secret, line by line of the tape.
func (s *stream) redact(secret lint.Secret) {
	for _, p := range s.pieces(secret.From, secret.To) {
		n := int(p.to - p.from)
		e := edit{from: p.from, to: p.to, data: secret.With}
		if secret.With != nil {
			e.data = secret.With[p.from-secret.From : p.to-secret.From]
		} else {
			span := tape.Span{To: n, Kind: tape.SpanSecret, ID: secret.Name, Enc: secret.Enc}
			e.data = tape.SecretSample(secret.Name, n, secret.Enc)
			if len(p.spans) == 1 && p.spans[0].To-p.spans[0].From == n && p.spans[0].Kind.Fits(e.data) {
				span = p.spans[0] // what is captured stays so
			}
			e.spans = []tape.Span{span}
		}
		s.edits = append(s.edits, e)
	}
	slices.SortStableFunc(s.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
}
