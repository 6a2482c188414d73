package session

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"wiretape/wire/http2"
)

// h2FrameHeader is how many octets stand before a frame's payload.
const h2FrameHeader = 9

// An h2FrameForm is a form of .send that sends frames.
type h2FrameForm struct {
	word, args string
	send       func(*Session, context.Context, *h2Link, *h2Args) error
}

// h2Forms are the forms of .send that work over HTTP/2, in the order in which
// help lists them.
func h2Forms() []h2FrameForm {
	return []h2FrameForm{
		{"headers", `[STREAM] NAME: VALUE… [end]`, (*Session).sendHeaders},
		{"data", `[STREAM] "BYTES" | hex HH… | file F [end]`, (*Session).sendData},
		{"ping", `["8 OCTETS" | hex HH…] [ack]`, one(http2.FramePing, pingPayload)},
		{"settings", "NAME=VALUE… | ack", one(http2.FrameSettings, settingsPayload)},
		{"window", "[STREAM] N", one(http2.FrameWindowUpdate, windowPayload)},
		{"rst", "[STREAM] [CODE]", one(http2.FrameRSTStream, rstPayload)},
		{"goaway", `[LAST] [CODE] ["DEBUG"]`, one(http2.FrameGoAway, goAwayPayload)},
		{"priority", "STREAM dep=N weight=N [excl]", one(http2.FramePriority, priorityPayload)},
		{"continuation", "[STREAM] NAME: VALUE… | hex HH… [more]", (*Session).sendContinuation},
		{"push", "STREAM PROMISED NAME: VALUE…", (*Session).sendPush},
		{"frame", `type=T [flags=F] [stream=N] "BYTES" | hex HH… | file F`, (*Session).sendFrame},
		{"preface", "", (*Session).sendPreface},
	}
}

// h2SendDetail is what .help send says of frames.
const h2SendDetail = "Over HTTP/2: headers, data, ping, settings, window, rst, goaway, priority, continuation, push,\n" +
	"frame, preface; upgrade [TARGET] asks for HTTP/2 from HTTP/1.1. Names and codes are RFC 9113's,\n" +
	"in any case, or numbers. STREAM is a new one for headers and the last one else.\n" +
	"  .send headers :method: GET :scheme: https :path: / :authority: h \"x: a b\" end\n" +
	"    before a field: indexed, literal, never, huffman=off; anywhere: raw hex HH… (of HPACK), pad=N,\n" +
	"    dep=N weight=N excl, split=N (octets in a frame), more (no END_HEADERS)\n" +
	"  .send data 1 file F end      waits for the windows; force does not; pad=N\n" +
	"  .send rst 1 CANCEL   .send window 1 65535   .send settings MAX_FRAME_SIZE=20000   .send goaway NO_ERROR\n" +
	"  .send frame type=0x9 flags=0x4 stream=1 len=99 reserved hex 00ff\n" +
	"stream=N, flags=F, len=N and reserved make any frame say what it should not."

// h2Form returns the form of .send that a word names, nil for none.
func h2Form(word string) *h2FrameForm {
	forms := h2Forms()
	i := slices.IndexFunc(forms, func(f h2FrameForm) bool { return strings.EqualFold(f.word, word) })
	if i < 0 {
		return nil
	}
	return &forms[i]
}

// sendH2 is .send with a form that sends frames.
func (s *Session) sendH2(ctx context.Context, form *h2FrameForm, args string) error {
	words, err := splitSend(args)
	if err != nil {
		return failure(StatusUsage, ".send %s: %w", form.word, err)
	}
	s.mu.Lock()
	h := s.h2
	s.mu.Unlock()
	if h == nil || h.conn == nil {
		return failure(StatusUsage, ".send %s: this connection does not speak HTTP/2: open h2://HOST or h2c://HOST, or .h2 start", form.word)
	}
	if err := form.send(s, ctx, h, &h2Args{words: words[1:]}); err != nil {
		if f, ok := err.(*Failure); ok {
			return f
		}
		return failure(StatusUsage, ".send %s: %w; want .send %[1]s %[3]s", form.word, err, form.args)
	}
	return s.afterFrames(ctx)
}

// afterFrames waits for what frames sent by hand have made due. What the peer
// resets because of them is no failure yet: it may be what was wanted.
func (s *Session) afterFrames(ctx context.Context) error {
	s.mu.Lock()
	st, h := s.stream.State(s.peer.conn), s.h2
	s.mu.Unlock()
	if !st.Framed || h == nil || h.options().noWait {
		return nil
	}
	if err := s.awaitDue(ctx); err != nil || !s.opts.Interactive {
		return err
	}
	s.mu.Lock()
	s.peer.fault = "" // its row stands
	s.mu.Unlock()
	return nil
}

// one returns what sends a single frame.
func one(t http2.FrameType, read payload) func(*Session, context.Context, *h2Link, *h2Args) error {
	return func(s *Session, _ context.Context, h *h2Link, a *h2Args) error {
		if err := a.header(t); err != nil {
			return err
		}
		id, flags, b, err := read(h, a)
		if err == nil {
			err = a.done()
		}
		if err != nil {
			return err
		}
		return s.writeFrame(h, t, flags, id, b, a)
	}
}

// writeFrame writes a frame, with what its words make it say.
func (s *Session) writeFrame(h *h2Link, t http2.FrameType, flags http2.Flags, id uint32, b []byte, a *h2Args) error {
	if len(b) > 1<<24-1 {
		return fmt.Errorf("a payload of %d octets: a frame has %d at most", len(b), 1<<24-1)
	}
	if a.named {
		id = a.id
	}
	if a.flagged {
		flags = a.flags
	}
	if a.reserved {
		id |= 1 << 31
	}
	out := http2.AppendFrame(nil, t, flags, id, b)
	if a.length >= 0 {
		out[0], out[1], out[2] = byte(a.length>>16), byte(a.length>>8), byte(a.length)
	}
	return s.writeOctets(h, out)
}

func (s *Session) writeOctets(h *h2Link, b []byte) error {
	s.sending()
	_, err := h.conn.Write(b)
	return sendError(err, len(b))
}

// sendData is .send data.
func (s *Session) sendData(ctx context.Context, h *h2Link, a *h2Args) error {
	u := &h2Upload{pad: -1, tell: s.teller()}
	pad, padded, err := a.number("pad", 255)
	if err != nil {
		return err
	}
	if padded {
		u.pad = int(pad)
	}
	if err := a.header(http2.FrameData); err != nil {
		return err
	}
	var ok bool
	if u.stream, ok = a.streamID(); !ok {
		u.stream = h.latest()
	}
	u.force, u.end = a.flag("force"), a.flag("end")
	r, size, err := a.source()
	if err != nil {
		return err
	}
	closes := func() {
		if c, ok := r.(io.Closer); ok {
			c.Close()
		}
	}
	if err := a.done(); err != nil {
		closes()
		return err
	}
	if a.named || a.flagged || a.reserved || a.length >= 0 {
		// One frame, as its words make it.
		defer closes()
		b, err := io.ReadAll(io.LimitReader(r, 1<<24))
		if err != nil {
			return err
		}
		f := http2.AppendData(nil, u.stream, u.end, u.pad, b)
		return s.writeFrame(h, http2.FrameData, http2.Flags(f[4]), u.stream, f[h2FrameHeader:], a)
	}
	u.src, u.size = r, size
	s.sending()
	return s.h2Rest(ctx, h, u.stream, func(ctx context.Context) error {
		defer closes()
		return h.upload(ctx, u)
	}, int(max(0, size)))
}

// sendFrame is .send frame: anything at all.
func (s *Session) sendFrame(_ context.Context, h *h2Link, a *h2Args) error {
	name, ok := a.option("type")
	if !ok {
		return fmt.Errorf("no type=")
	}
	t, err := h2ParseType(name)
	if err != nil {
		return err
	}
	if err := a.header(t); err != nil {
		return err
	}
	a.is("payload")
	r, _, err := a.source()
	if err != nil {
		return err
	}
	if c, ok := r.(io.Closer); ok {
		defer c.Close()
	}
	if err := a.done(); err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(r, 1<<24))
	if err != nil {
		return err
	}
	return s.writeFrame(h, t, 0, 0, b, a)
}

// sendPreface is .send preface.
func (s *Session) sendPreface(_ context.Context, h *h2Link, a *h2Args) error {
	if err := a.done(); err != nil {
		return err
	}
	return s.writeOctets(h, []byte(http2.Preface))
}

// awaitedFrame reads what .await frame waits for: a type, and a stream.
func awaitedFrame(args string) (h2Seen, error) {
	words := strings.Fields(args)
	if len(words) == 0 || len(words) > 2 {
		return h2Seen{}, fmt.Errorf("want a frame type such as GOAWAY, and perhaps a stream")
	}
	name := words[0]
	for short, long := range map[string]string{"rst": "RST_STREAM", "window": "WINDOW_UPDATE", "push": "PUSH_PROMISE"} {
		if strings.EqualFold(name, short) {
			name = long
		}
	}
	t, err := h2ParseType(name)
	if err != nil {
		return h2Seen{}, err
	}
	seen := h2Seen{t, h2AnyStream}
	if len(words) == 2 {
		n, err := strconv.ParseUint(words[1], 10, 31)
		if err != nil {
			return h2Seen{}, fmt.Errorf("stream %q: want a number", words[1])
		}
		seen.stream = uint32(n)
	}
	return seen, nil
}
