package h2

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"wiretape/session/word"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// headerSize is how many octets stand before a frame's payload.
const headerSize = 9

// A Form is a form of .send that sends frames.
type Form struct {
	Word, Args string
	send       func(*sending, context.Context) error
}

// Forms are the forms of .send that work over HTTP/2, in the order in which
// help lists them.
func Forms() []Form {
	return []Form{
		{"headers", `[STREAM] NAME: VALUE… [end]`, (*sending).headers},
		{"data", `[STREAM] "BYTES" | hex HH… | file F [end]`, (*sending).data},
		{"ping", `["8 OCTETS" | hex HH…] [ack]`, one(http2.FramePing, pingPayload)},
		{"settings", "NAME=VALUE… | ack", one(http2.FrameSettings, settingsPayload)},
		{"window", "[STREAM] N", one(http2.FrameWindowUpdate, windowPayload)},
		{"rst", "[STREAM] [CODE]", one(http2.FrameRSTStream, rstPayload)},
		{"goaway", `[LAST] [CODE] ["DEBUG"]`, one(http2.FrameGoAway, goAwayPayload)},
		{"priority", "STREAM dep=N weight=N [excl]", one(http2.FramePriority, priorityPayload)},
		{"continuation", "[STREAM] NAME: VALUE… | hex HH… [more]", (*sending).continuation},
		{"push", "STREAM PROMISED NAME: VALUE…", (*sending).push},
		{"frame", `type=T [flags=F] [stream=N] "BYTES" | hex HH… | file F`, (*sending).frame},
		{"preface", "", (*sending).preface},
	}
}

// SendHelp is what .help send says of frames.
const SendHelp = "Over HTTP/2: headers, data, ping, settings, window, rst, goaway, priority, continuation, push,\n" +
	"frame, preface; upgrade [TARGET] asks for HTTP/2 from HTTP/1.1. Names and codes are RFC 9113's,\n" +
	"in any case, or numbers. STREAM is a new one for headers and the last one else.\n" +
	"  .send headers :method: GET :scheme: https :path: / :authority: h \"x: a b\" end\n" +
	"    before a field: indexed, literal, never, huffman=off; anywhere: raw hex HH… (of HPACK), pad=N,\n" +
	"    dep=N weight=N excl, split=N (octets in a frame), more (no END_HEADERS)\n" +
	"  .send data 1 file F end      waits for the windows; force does not; pad=N\n" +
	"  .send rst 1 CANCEL   .send window 1 65535   .send settings MAX_FRAME_SIZE=20000   .send goaway NO_ERROR\n" +
	"  .send frame type=0x9 flags=0x4 stream=1 len=99 reserved hex 00ff\n" +
	"stream=N, flags=F, len=N and reserved make any frame say what it should not."

// FindForm returns the form of .send that a word names, nil for none.
func FindForm(word string) *Form {
	forms := Forms()
	i := slices.IndexFunc(forms, func(f Form) bool { return strings.EqualFold(f.Word, word) })
	if i < 0 {
		return nil
	}
	return &forms[i]
}

// A Hand is what a session does about what it sends.
type Hand struct {
	Lint    func([]proto.Note) // takes what is wrong with the fields that are about to be sent
	Sending func()             // is called before anything is written
	Tell    func(string)       // takes how far a body is, now and then; nil for nobody
	// Rest does what takes its time on a stream, or has it done while nobody waits;
	// it writes so many octets about.
	Rest func(ctx context.Context, stream uint32, rest func(context.Context) error, octets int) error
}

// Send sends what the words behind the form's own say. Its error is a *WriteError
// where they are right and it was not written, and may be an *Interrupted.
func (f *Form) Send(ctx context.Context, hand Hand, h *Link, words []word.Word) error {
	return f.send(&sending{hand, h, &args{words: words}}, ctx)
}

// A sending is one frame, or some, being sent by hand.
type sending struct {
	hand Hand
	h    *Link
	a    *args // what is left of the words
}

// one returns what sends a single frame.
func one(t http2.FrameType, read payload) func(*sending, context.Context) error {
	return func(s *sending, _ context.Context) error {
		if err := s.a.header(t); err != nil {
			return err
		}
		id, flags, b, err := read(s.h, s.a)
		if err == nil {
			err = s.a.done()
		}
		if err != nil {
			return err
		}
		return s.writeFrame(t, flags, id, b)
	}
}

// writeFrame writes a frame, with what its words make it say.
func (s *sending) writeFrame(t http2.FrameType, flags http2.Flags, id uint32, b []byte) error {
	if len(b) > 1<<24-1 {
		return fmt.Errorf("a payload of %d octets: a frame has %d at most", len(b), 1<<24-1)
	}
	if s.a.named {
		id = s.a.id
	}
	if s.a.flagged {
		flags = s.a.flags
	}
	if s.a.reserved {
		id |= 1 << 31
	}
	out := http2.AppendFrame(nil, t, flags, id, b)
	if s.a.length >= 0 {
		out[0], out[1], out[2] = byte(s.a.length>>16), byte(s.a.length>>8), byte(s.a.length)
	}
	return s.writeOctets(out)
}

func (s *sending) writeOctets(b []byte) error {
	s.hand.Sending()
	return s.h.write(b)
}

// data is .send data.
func (s *sending) data(ctx context.Context) error {
	u := &upload{pad: -1, tell: s.hand.Tell}
	pad, padded, err := s.a.number("pad", 255)
	if err != nil {
		return err
	}
	if padded {
		u.pad = int(pad)
	}
	if err := s.a.header(http2.FrameData); err != nil {
		return err
	}
	var ok bool
	if u.stream, ok = s.a.streamID(); !ok {
		u.stream = s.h.Latest()
	}
	u.force, u.end = s.a.flag("force"), s.a.flag("end")
	r, size, err := s.a.source()
	if err != nil {
		return err
	}
	closes := func() {
		if c, ok := r.(io.Closer); ok {
			c.Close()
		}
	}
	if err := s.a.done(); err != nil {
		closes()
		return err
	}
	if s.a.named || s.a.flagged || s.a.reserved || s.a.length >= 0 {
		// One frame, as its words make it.
		defer closes()
		b, err := io.ReadAll(io.LimitReader(r, 1<<24))
		if err != nil {
			return err
		}
		f := http2.AppendData(nil, u.stream, u.end, u.pad, b)
		return s.writeFrame(http2.FrameData, http2.Flags(f[4]), u.stream, f[headerSize:])
	}
	u.src, u.size = r, size
	s.hand.Sending()
	return s.hand.Rest(ctx, u.stream, func(ctx context.Context) error {
		defer closes()
		return s.h.upload(ctx, u)
	}, int(max(0, size)))
}

// frame is .send frame: anything at all.
func (s *sending) frame(ctx context.Context) error {
	name, ok := s.a.option("type")
	if !ok {
		return fmt.Errorf("no type=")
	}
	t, err := parseType(name)
	if err != nil {
		return err
	}
	if err := s.a.header(t); err != nil {
		return err
	}
	s.a.is("payload")
	r, _, err := s.a.source()
	if err != nil {
		return err
	}
	if c, ok := r.(io.Closer); ok {
		defer c.Close()
	}
	if err := s.a.done(); err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(r, 1<<24))
	if err != nil {
		return err
	}
	return s.writeFrame(t, 0, 0, b)
}

// preface is .send preface.
func (s *sending) preface(ctx context.Context) error {
	if err := s.a.done(); err != nil {
		return err
	}
	return s.writeOctets([]byte(http2.Preface))
}
