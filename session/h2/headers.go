package h2

import (
	"context"
	"fmt"
	"strings"

	"wiretape/session/word"
	"wiretape/wire/http2"
)

// headers is .send headers.
func (s *sending) headers(ctx context.Context) error {
	id, given := s.a.streamID()
	b, fields, err := s.a.block(http2.FrameHeaders)
	if err != nil {
		return err
	}
	s.hand.Lint(lint(fields, b.End))
	s.hand.Sending()
	if !given && !s.a.named {
		id = s.h.Begin()
	}
	b.Stream = id
	return s.writeBlock(b, fields)
}

// push is .send push: what a client may not send (RFC 9113, section 8.4).
func (s *sending) push(ctx context.Context) error {
	id, ok := s.a.streamID()
	promised, ok2 := s.a.streamID()
	if !ok || !ok2 || promised == 0 {
		return fmt.Errorf("want two streams: the one it is sent on, and the one that it promises")
	}
	b, fields, err := s.a.block(http2.FramePushPromise)
	if err != nil {
		return err
	}
	s.hand.Sending()
	b.Stream, b.Promised = id, promised
	return s.writeBlock(b, fields)
}

// continuation is .send continuation.
func (s *sending) continuation(ctx context.Context) error {
	id, ok := s.a.streamID()
	if !ok {
		id = s.h.Latest()
	}
	b, fields, err := s.a.block(http2.FrameContinuation)
	if err != nil {
		return err
	}
	s.hand.Sending()
	s.h.blocks.Lock()
	defer s.h.blocks.Unlock()
	block, err := s.h.encode(fields)
	if err != nil {
		return err
	}
	flags := http2.FlagEndHeaders
	if b.Open {
		flags = 0
	}
	return s.writeFrame(http2.FrameContinuation, flags, id, block)
}

// writeBlock writes a header block. Where its words make the frame say something
// else, it is one frame.
func (s *sending) writeBlock(b http2.HeaderBlock, fields []field) error {
	if !s.a.named && !s.a.flagged && !s.a.reserved && s.a.length < 0 {
		return s.h.headers(b, fields)
	}
	s.h.blocks.Lock()
	defer s.h.blocks.Unlock()
	block, err := s.h.encode(fields)
	if err != nil {
		return err
	}
	b.Block = block
	f := http2.AppendHeaderBlock(nil, b)
	return s.writeFrame(http2.FrameType(f[3]), http2.Flags(f[4]), b.Stream, f[headerSize:])
}

// block takes the rest of the words as a header block: its fields, and how they
// and their frames are to be.
func (a *args) block(t http2.FrameType) (b http2.HeaderBlock, fields []field, err error) {
	// What stands behind a name's colon is its value, whatever it looks like.
	var opts []word.Word
	var f field
	indexed := false // even what is a secret
	for i := 0; i < len(a.words); i++ {
		w := a.words[i]
		name, value, isField := cutField(w.Text)
		switch {
		case !isField && !w.Quoted && strings.EqualFold(w.Text, "never"):
			f.form = formNever
		case !isField && !w.Quoted && strings.EqualFold(w.Text, "literal"):
			f.form = formLiteral
		case !isField && !w.Quoted && strings.EqualFold(w.Text, "indexed"):
			indexed = true
		case !isField && !w.Quoted && (strings.EqualFold(w.Text, "plain") || strings.EqualFold(w.Text, "huffman=off")):
			f.plain = true
		case !isField && !w.Quoted && (strings.EqualFold(w.Text, "hex") || strings.EqualFold(w.Text, "raw")):
			rest := args{words: a.words[i:]}
			rest.is("raw")
			var digits []string
			rest.is("hex")
			for len(rest.words) > 0 && !rest.words[0].Quoted && strings.Trim(rest.words[0].Text, "0123456789abcdefABCDEF") == "" {
				digits = append(digits, rest.words[0].Text)
				rest.words = rest.words[1:]
			}
			sub := args{words: []word.Word{{Text: "hex"}, {Text: strings.Join(digits, "")}}}
			raw, err := sub.data()
			if err != nil || len(raw) == 0 {
				return b, nil, fmt.Errorf("hex %s: want pairs of hex digits", strings.Join(digits, " "))
			}
			fields = append(fields, field{form: formRaw, raw: raw})
			i = len(a.words) - len(rest.words) - 1
		case isField:
			f.name = name
			f.value = value
			if value == "" && !w.Quoted {
				if i+1 == len(a.words) {
					return b, nil, fmt.Errorf("%s has no value: \"%[1]s\" in quotes gives it an empty one", w.Text)
				}
				i++
				f.value = a.words[i].Text
			}
			if f.plain && f.form == formAuto {
				f.form = formLiteral
			}
			if f.form == formAuto && !indexed {
				f = f.sensitive()
			}
			fields = append(fields, f)
			f, indexed = field{}, false
		default:
			opts = append(opts, w)
		}
	}
	a.words = opts
	if err := a.header(t); err != nil {
		return b, nil, err
	}
	if b.Priority, err = a.priority(); err != nil {
		return b, nil, err
	}
	pad, padded, err := a.number("pad", 255)
	if err != nil {
		return b, nil, err
	}
	b.Padded, b.Pad = padded, int(pad)
	split, _, err := a.number("split", 1<<24-1)
	if err != nil {
		return b, nil, err
	}
	b.MaxFrame = int(split)
	b.End, b.Open = a.flag("end"), a.flag("more")
	a.flag("noend") // which is so unless end stands there
	return b, fields, a.done()
}

// cutField cuts "name: value" at its colon; a pseudo-header field begins with
// one. The value may be empty.
func cutField(w string) (name, value string, ok bool) {
	if len(w) < 2 {
		return "", "", false
	}
	i := 1 + strings.IndexByte(w[1:], ':')
	if i == 0 {
		return "", "", false
	}
	return w[:i], strings.TrimLeft(w[i+1:], " "), true
}
