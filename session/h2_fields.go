package session

import (
	"context"
	"fmt"
	"strings"

	"wiretape/wire/http2"
)

// sendHeaders is .send headers.
func (s *Session) sendHeaders(_ context.Context, h *h2Link, a *h2Args) error {
	id, given := a.streamID()
	b, fields, err := a.block(http2.FrameHeaders)
	if err != nil {
		return err
	}
	s.sending()
	if !given && !a.named {
		id = h.begin()
	}
	b.Stream = id
	return s.writeBlock(h, b, fields, a)
}

// sendPush is .send push: what a client may not send (RFC 9113, section 8.4).
func (s *Session) sendPush(_ context.Context, h *h2Link, a *h2Args) error {
	id, ok := a.streamID()
	promised, ok2 := a.streamID()
	if !ok || !ok2 || promised == 0 {
		return fmt.Errorf("want two streams: the one it is sent on, and the one that it promises")
	}
	b, fields, err := a.block(http2.FramePushPromise)
	if err != nil {
		return err
	}
	s.sending()
	b.Stream, b.Promised = id, promised
	return s.writeBlock(h, b, fields, a)
}

// sendContinuation is .send continuation.
func (s *Session) sendContinuation(_ context.Context, h *h2Link, a *h2Args) error {
	id, ok := a.streamID()
	if !ok {
		id = h.latest()
	}
	b, fields, err := a.block(http2.FrameContinuation)
	if err != nil {
		return err
	}
	s.sending()
	h.blocks.Lock()
	defer h.blocks.Unlock()
	block, err := h.encode(fields)
	if err != nil {
		return err
	}
	flags := http2.FlagEndHeaders
	if b.Open {
		flags = 0
	}
	return s.writeFrame(h, http2.FrameContinuation, flags, id, block, a)
}

// writeBlock writes a header block. Where its words make the frame say something
// else, it is one frame.
func (s *Session) writeBlock(h *h2Link, b http2.HeaderBlock, fields []h2Field, a *h2Args) error {
	if !a.named && !a.flagged && !a.reserved && a.length < 0 {
		return sendError(h.headers(b, fields), 0)
	}
	h.blocks.Lock()
	defer h.blocks.Unlock()
	block, err := h.encode(fields)
	if err != nil {
		return err
	}
	b.Block = block
	f := http2.AppendHeaderBlock(nil, b)
	return s.writeFrame(h, http2.FrameType(f[3]), http2.Flags(f[4]), b.Stream, f[h2FrameHeader:], a)
}

// block takes the rest of the words as a header block: its fields, and how they
// and their frames are to be.
func (a *h2Args) block(t http2.FrameType) (b http2.HeaderBlock, fields []h2Field, err error) {
	// What stands behind a name's colon is its value, whatever it looks like.
	var opts []sendWord
	var f h2Field
	indexed := false // even what is a secret
	for i := 0; i < len(a.words); i++ {
		w := a.words[i]
		name, value, isField := h2CutField(w.text)
		switch {
		case !isField && !w.quoted && strings.EqualFold(w.text, "never"):
			f.form = formNever
		case !isField && !w.quoted && strings.EqualFold(w.text, "literal"):
			f.form = formLiteral
		case !isField && !w.quoted && strings.EqualFold(w.text, "indexed"):
			indexed = true
		case !isField && !w.quoted && (strings.EqualFold(w.text, "plain") || strings.EqualFold(w.text, "huffman=off")):
			f.plain = true
		case !isField && !w.quoted && (strings.EqualFold(w.text, "hex") || strings.EqualFold(w.text, "raw")):
			rest := h2Args{words: a.words[i:]}
			rest.is("raw")
			var digits []string
			rest.is("hex")
			for len(rest.words) > 0 && !rest.words[0].quoted && strings.Trim(rest.words[0].text, "0123456789abcdefABCDEF") == "" {
				digits = append(digits, rest.words[0].text)
				rest.words = rest.words[1:]
			}
			sub := h2Args{words: []sendWord{{text: "hex"}, {text: strings.Join(digits, "")}}}
			raw, err := sub.data()
			if err != nil || len(raw) == 0 {
				return b, nil, fmt.Errorf("hex %s: want pairs of hex digits", strings.Join(digits, " "))
			}
			fields = append(fields, h2Field{form: formRaw, raw: raw})
			i = len(a.words) - len(rest.words) - 1
		case isField:
			f.name = name
			f.value = value
			if value == "" && !w.quoted {
				if i+1 == len(a.words) {
					return b, nil, fmt.Errorf("%s has no value: \"%[1]s\" in quotes gives it an empty one", w.text)
				}
				i++
				f.value = a.words[i].text
			}
			if f.plain && f.form == formAuto {
				f.form = formLiteral
			}
			if f.form == formAuto && !indexed {
				f = f.sensitive()
			}
			fields = append(fields, f)
			f, indexed = h2Field{}, false
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

// h2CutField cuts "name: value" at its colon; a pseudo-header field begins with
// one. The value may be empty.
func h2CutField(w string) (name, value string, ok bool) {
	if len(w) < 2 {
		return "", "", false
	}
	i := 1 + strings.IndexByte(w[1:], ':')
	if i == 0 {
		return "", "", false
	}
	return w[:i], strings.TrimLeft(w[i+1:], " "), true
}
