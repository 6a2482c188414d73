package http1

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// decoders undo the transfer codings of RFC 9112, section 7.2, that are spoken
// anywhere. compress is not.
var decoders = map[string]func(io.Reader) (io.Reader, error){
	"gzip":   func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"x-gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"deflate": func(r io.Reader) (io.Reader, error) {
		// Some send raw DEFLATE data without the zlib wrapper.
		all, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		if z, err := zlib.NewReader(bytes.NewReader(all)); err == nil {
			return z, nil
		}
		return bare{flate.NewReader(bytes.NewReader(all))}, nil
	},
}

// bare reads data that begin with nothing to know them by: what they yield before
// an error may be of no data at all.
type bare struct{ io.Reader }

// undoCodings undoes the transfer codings beside chunked, last applied first.
// What cannot be undone within the limit for bodies stays as it came; of what is
// damaged as much stands as can be had.
func (s *side) undoCodings() {
	const rule = "RFC 9112 7.2"
	var codings []string
	if s.response != nil {
		codings = s.response.Codings
	} else if s.request != nil {
		codings = s.request.Codings
	}
	for i := len(codings) - 1; i >= 0; i-- {
		name := codings[i]
		if name == "chunked" || name == "identity" {
			continue
		}
		decoder := decoders[name]
		if decoder == nil {
			s.note(s.tiled, "transfer coding "+strconv.Quote(name)+" is not undone", rule)
			return
		}
		body, err := s.undo(decoder)
		switch {
		case err != nil && len(body) == 0:
			s.note(s.tiled, fmt.Sprintf("transfer coding %q is not undone: %v", name, err), rule)
			return
		case err != nil:
			s.note(s.tiled, fmt.Sprintf("transfer coding %q is undone as far as it is sound: %v", name, err), rule)
		default:
			s.note(s.tiled, "transfer coding "+strconv.Quote(name)+" is undone", rule)
		}
		s.body, s.size = body, int64(len(body))
	}
}

// undo decodes the body. What stands before a damage it returns beside the error.
func (s *side) undo(decoder func(io.Reader) (io.Reader, error)) ([]byte, error) {
	if s.holed || s.size > int64(len(s.body)) {
		return nil, errors.New("not all of the body was kept")
	}
	r, err := decoder(bytes.NewReader(s.body))
	if err != nil {
		return nil, err
	}
	limit := s.p.limits.Body
	body, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if _, unsure := r.(bare); err != nil && unsure {
		return nil, err
	}
	if err != nil {
		return body[:min(len(body), limit)], err
	}
	if len(body) > limit {
		return nil, fmt.Errorf("it yields more than %d octets", limit)
	}
	return body, nil
}
