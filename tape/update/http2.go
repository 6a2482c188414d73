package update

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
)

// maxFrame is the largest frame that needs no leave, in octets (RFC 9113, section
// 6.5.2).
const maxFrame = 16384

// A frame is one of HTTP/2, and where it stands in its stream.
type frame struct {
	from, to int64
	*http2.Frame
}

// framesOf returns the frames that servers sent on a tape, by connection.
func framesOf(b []byte, name string, rules *match.Rules) (map[int][]frame, error) {
	all := make(map[int][]frame)
	d := detect.New(detect.Options{Proto: rules.Proto, Conns: rules.Protos, Limits: match.Limits()})
	for rec, err := range tape.NewReader(bytes.NewReader(b), name).Records() {
		if err != nil {
			return nil, err
		}
		if rec.Kind != tape.Data && (rec.Kind != tape.Socket || rec.Continues) {
			continue
		}
		for _, m := range d.Feed(rec.Event) {
			if f, ok := m.Value.(*http2.Frame); ok && m.Dir == wire.ServerToClient {
				if !m.Complete {
					return nil, fmt.Errorf("%s: a frame of HTTP/2 is cut off: %w", name, ErrStructure)
				}
				all[m.Conn] = append(all[m.Conn], frame{m.Span.From, m.Span.To, f})
			}
		}
	}
	return all, nil
}

// A change is what a recorded response becomes. What is nil stays.
type change struct {
	head    []http2.Field // of its first header block
	body    *[]byte
	trailer *[]http2.Field

	wrote bool // the body, and the trailer that had no place of its own
}

// An h2stream edits the server's stream of a connection of HTTP/2: whole frames are
// replaced, those of the responses that differ and, where HPACK's table is another
// then, the header blocks behind them.
type h2stream struct {
	*stream
	frames  []frame
	changes map[uint32]*change // by stream
	recoder *http2.Recoder
	differs bool // a header block was written anew
}

// acceptHTTP2 edits the server's stream s with what the recording has in its own.
func acceptHTTP2(s *stream, old *match.Conv, frames []frame, from *stream, now *match.Conv, other []frame, rules *match.Rules, vars *match.Vars) error {
	h := h2stream{stream: s, frames: frames, changes: make(map[uint32]*change), recoder: http2.NewRecoder()}
	type key struct {
		exchange int
		interim  bool
	}
	came := make(map[key][]*match.Message)
	keyOf := func(m *match.Message) key {
		r, ok := m.Value.(*http1.Response)
		return key{m.Exchange, ok && r.Interim()}
	}
	for _, m := range responses(now) {
		came[keyOf(m)] = append(came[keyOf(m)], m)
	}
	for _, m := range responses(old) {
		k := keyOf(m)
		if len(came[k]) == 0 {
			return fmt.Errorf("%s:%d: the recording has no response of request %d: %w", old.Tape, m.Line(m.Span.From), m.Exchange, ErrStructure)
		}
		y := came[k][0]
		came[k] = came[k][1:]
		out := match.Compare(m, y, rules, vars)
		if len(out.Mismatches) == 0 {
			continue
		}
		if h.changes[m.Stream] != nil || k.interim || !m.Complete || !y.Complete {
			return fmt.Errorf("%s:%d: a response in parts, or cut off: %w", old.Tape, m.Line(m.Span.From), ErrStructure)
		}
		c, err := changed(m, frames, y, other, from, out.Mismatches)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", old.Tape, m.Line(m.Span.From), err)
		}
		h.changes[m.Stream] = c
	}
	for k, left := range came {
		if len(left) > 0 {
			return fmt.Errorf("%s:%d: a response of request %d that it has not: %w", old.Tape, old.Line, k.exchange, ErrStructure)
		}
	}
	if len(h.changes) == 0 {
		return nil
	}
	return h.rewrite()
}

func responses(c *match.Conv) (all []*match.Message) {
	for i := range c.Items {
		if m := c.Items[i].Message; m != nil && m.Dir == wire.ServerToClient {
			if _, ok := m.Value.(*http1.Response); ok {
				all = append(all, m)
			}
		}
	}
	return all
}

// changed returns what a response becomes that differs.
func changed(m *match.Message, frames []frame, y *match.Message, other []frame, from *stream, why []match.Mismatch) (*change, error) {
	head, trailer, err := blocks(m, frames)
	if err != nil {
		return nil, err
	}
	nowHead, nowTrailer, err := blocks(y, other)
	if err != nil {
		return nil, err
	}
	inBody, inTrailer := false, false
	named := make(map[string]bool)
	for _, d := range why {
		part, name, _ := strings.Cut(strings.TrimPrefix(d.Path, "response "), " ")
		switch {
		case part == "body":
			inBody = true
		case part == "trailer":
			inTrailer = true
			named[strings.ToLower(name)] = true
		case part == "status":
			named[":status"] = true
			inBody = true // which is not compared then
		default:
			named[strings.ToLower(part)] = true
		}
	}
	if inBody {
		named["content-length"], named["content-encoding"] = true, true
	}
	inBody = inBody || named["content-encoding"]
	c := &change{head: merge(head, nowHead, named)}
	if inBody {
		body := payload(y, other, from)
		c.body = &body
	}
	if inTrailer {
		fields := merge(trailer, nowTrailer, named)
		c.trailer = &fields
	}
	return c, nil
}

// of reports whether a frame is one of a message's.
func (f *frame) of(m *match.Message) bool {
	return f.Stream == m.Stream && f.from >= m.Span.From && f.to <= m.Span.To
}

// blocks returns the fields of a message's header blocks.
func blocks(m *match.Message, frames []frame) (head, trailer []http2.Field, err error) {
	n := 0
	for i := range frames {
		f := &frames[i]
		if !f.of(m) || f.Type != http2.FrameHeaders && f.Type != http2.FrameContinuation {
			continue
		}
		if f.Type == http2.FrameHeaders {
			n++
		}
		if err := readable(f); err != nil {
			return nil, nil, err
		}
		if n == 1 {
			head = append(head, f.Block.Fields...)
		} else {
			trailer = append(trailer, f.Block.Fields...)
		}
	}
	return head, trailer, nil
}

// readable reports what is wrong with a fragment of a header block.
func readable(f *frame) error {
	if f.Block == nil || f.Block.Broken || f.Block.Cut || slices.ContainsFunc(f.Block.Fields, func(f http2.Field) bool { return f.Unknown }) {
		return fmt.Errorf("%s: its fields cannot be read: %w", f.Frame, ErrStructure)
	}
	return nil
}

// payload returns the octets of a response's DATA frames.
func payload(m *match.Message, frames []frame, s *stream) (body []byte) {
	for i := range frames {
		if f := &frames[i]; f.of(m) && f.Type == http2.FrameData {
			data, _ := s.cut(f.from, f.to)
			body = append(body, data[9+padding(f):][:f.Length-padding(f)-f.PadLength]...)
		}
	}
	return body
}

// padding returns the octets that say how much padding a frame has.
func padding(f *frame) int {
	if f.Flags.Has(http2.FlagPadded) {
		return 1
	}
	return 0
}

// merge returns the fields that the recording has. Those keep their old values that
// the comparison did not name: they agree by kind, are secrets, or are ignored.
func merge(old, now []http2.Field, named map[string]bool) (all []http2.Field) {
	left := slices.Clone(old)
	for _, f := range now {
		name := string(f.Name)
		same := func(g http2.Field) bool { return string(g.Name) == name && bytes.Equal(g.Value, f.Value) }
		i := slices.IndexFunc(left, same)
		if i < 0 {
			i = slices.IndexFunc(left, func(g http2.Field) bool { return string(g.Name) == name })
		}
		switch {
		case i < 0 && !named[name]:
			continue // ignored, or it would have been named
		case i < 0:
			if f.Coding == http2.CodingIncremental {
				f.Coding = http2.CodingWithout // so that indices behind it stay
			}
			all = append(all, f)
			continue
		case !named[name] || same(left[i]):
			f = left[i]
		default:
			g := left[i]
			g.Value, g.ValueHuffman = f.Value, f.ValueHuffman
			f = g
		}
		all = append(all, f)
		left = slices.Delete(left, i, i+1)
	}
	for _, f := range left {
		if !named[string(f.Name)] {
			all = append(all, f)
		}
	}
	return all
}

// rewrite makes the edits, frame by frame.
func (h *h2stream) rewrite() error {
	seen := make(map[uint32]bool) // streams whose first header block was passed
	for i := 0; i < len(h.frames); i++ {
		f := &h.frames[i]
		switch f.Type {
		case http2.FrameHeaders, http2.FramePushPromise:
			last := i
			for last+1 < len(h.frames) && h.frames[last+1].Type == http2.FrameContinuation {
				last++
			}
			if err := h.block(i, last, seen); err != nil {
				return err
			}
			i = last
		case http2.FrameData:
			if c := h.changes[f.Stream]; c != nil && c.body != nil {
				h.edits = append(h.edits, edit{from: f.from, to: f.to, data: h.bodyOnce(c, f.Stream)})
			} else if c != nil && c.trailer != nil && f.Flags.Has(http2.FlagEndStream) != (len(*c.trailer) == 0) {
				return fmt.Errorf("%s: a trailer comes or goes with the body as it was: %w", f.Frame, ErrStructure)
			}
		}
	}
	return nil
}

// block writes the header block of some frames anew if it is another now.
func (h *h2stream) block(first, last int, seen map[uint32]bool) error {
	f := &h.frames[first]
	var fields []http2.Field
	var updates []int64
	var was []byte
	for i := first; i <= last; i++ {
		if err := readable(&h.frames[i]); err != nil {
			return err
		}
		b := h.frames[i].Block
		fields, updates, was = append(fields, b.Fields...), append(updates, b.Updates...), append(was, h.frames[i].Fragment...)
	}
	end := f.Flags.Has(http2.FlagEndStream)
	c := h.changes[f.Stream]
	var behind []byte
	if f.Type == http2.FrameHeaders && c != nil {
		if seen[f.Stream] { // a trailer
			if c.wrote {
				h.edits = append(h.edits, edit{from: f.from, to: h.frames[last].to})
				return nil // it stands behind the new body
			}
			if c.trailer != nil {
				fields = *c.trailer
			}
		} else if fields = c.head; h.bodiless(f.Stream) && c.body != nil {
			// There is no place for a body but behind the head.
			block := h.recoder.AppendBlock(nil, updates, fields)
			end = len(*c.body) == 0 && (c.trailer == nil || len(*c.trailer) == 0)
			behind = h.bodyOnce(c, f.Stream)
			if end {
				behind = nil
			}
			h.replaceBlock(first, last, block, end, behind)
			seen[f.Stream] = true
			return nil
		}
	}
	if f.Type == http2.FrameHeaders {
		seen[f.Stream] = true
	}
	block := h.recoder.AppendBlock(nil, updates, fields)
	if !bytes.Equal(block, was) && (h.differs || c != nil) {
		h.replaceBlock(first, last, block, end, nil)
	}
	return nil
}

// replaceBlock puts a header block in the place of frames, and more behind it.
func (h *h2stream) replaceBlock(first, last int, block []byte, end bool, behind []byte) {
	f := &h.frames[first]
	data := http2.AppendHeaderBlock(nil, http2.HeaderBlock{
		Stream: f.Stream, Promised: f.Promised, Block: block, End: end,
		Padded: f.Flags.Has(http2.FlagPadded), Pad: f.PadLength, Priority: f.Priority, MaxFrame: maxFrame - 300,
	})
	h.differs = true
	h.edits = append(h.edits, edit{from: f.from, to: h.frames[last].to, data: append(data, behind...)})
}

// bodiless reports whether a stream has no DATA frame.
func (h *h2stream) bodiless(id uint32) bool {
	return !slices.ContainsFunc(h.frames, func(f frame) bool { return f.Type == http2.FrameData && f.Stream == id })
}

// bodyOnce returns the frames of a new body, with the trailer behind it, the first
// time, and nothing from then on.
func (h *h2stream) bodyOnce(c *change, id uint32) (out []byte) {
	if c.wrote {
		return nil
	}
	c.wrote = true
	var trailer []http2.Field
	if c.trailer != nil {
		trailer = *c.trailer
	} else {
		trailer = h.trailerOf(id)
	}
	for body := *c.body; ; {
		n := min(len(body), maxFrame)
		last := n == len(body)
		out = http2.AppendData(out, id, last && len(trailer) == 0, -1, body[:n])
		if body = body[n:]; last {
			break
		}
	}
	if len(trailer) > 0 {
		out = http2.AppendHeaders(out, id, true, h.recoder.AppendBlock(nil, nil, trailer), maxFrame)
		h.differs = true
	}
	return out
}

// trailerOf returns the fields of a stream's last header block, if it is not the
// only one.
func (h *h2stream) trailerOf(id uint32) (fields []http2.Field) {
	data := false
	for _, f := range h.frames {
		if f.Stream != id {
			continue
		}
		data = data || f.Type == http2.FrameData
		if data && (f.Type == http2.FrameHeaders || f.Type == http2.FrameContinuation) && f.Block != nil {
			fields = append(fields, f.Block.Fields...)
		}
	}
	return fields
}
