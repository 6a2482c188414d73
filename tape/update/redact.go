package update

import (
	"io"
	"slices"

	"wiretape/tape"
	"wiretape/tape/lint"
)

// Redact writes a tape to dst with the secrets masked that redaction would have masked
// while it was recorded, and returns their names in order. Each becomes a span, or is
// overwritten where none can stand. Secrets in coded bodies and in comments stay:
// package lint finds them. Of the tape it holds where the secrets stand.
func Redact(dst io.Writer, src Source, name string, opt lint.Options) (ids []string, err error) {
	var found []lint.Secret
	streams := lint.NewStreams(opt, func(s lint.Secret) {
		if !slices.Contains(ids, s.Name) {
			ids = append(ids, s.Name)
		}
		found = append(found, s)
	})
	t, err := read(src, name, func(rec *tape.Record, _ *stream) { streams.Record(rec) })
	if err != nil {
		return nil, err
	}
	streams.Flush()
	for i := range found {
		s := t.stream(found[i].Conn, found[i].Dir)
		s.edits = append(s.edits, edit{from: found[i].From, to: found[i].To, mask: &found[i]})
	}
	return ids, t.write(dst)
}

// masked returns what is written in the place of a line's part of a secret.
func (e *edit) masked(p piece) piece {
	secret := e.mask
	if secret.With != nil {
		p.data, p.spans = secret.With[p.from-secret.From:p.to-secret.From], nil
		return p
	}
	n := len(p.data)
	span := tape.Span{To: n, Kind: tape.SpanSecret, ID: secret.Name, Enc: secret.Enc}
	sample := tape.SecretSample(secret.Name, n, secret.Enc)
	if len(p.spans) == 1 && p.spans[0].To-p.spans[0].From == n && p.spans[0].Kind.Fits(sample) {
		span = p.spans[0] // what is captured stays so
	}
	p.data, p.spans = sample, []tape.Span{span}
	return p
}
