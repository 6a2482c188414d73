package h2

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"wiretape/wire/http2"
)

// A WriteError says that the connection has not taken what was sent.
type WriteError struct {
	Octets int
	Err    error
}

func (e *WriteError) Error() string { return fmt.Sprintf("send %d bytes: %v", e.Octets, e.Err) }
func (e *WriteError) Unwrap() error { return e.Err }

// An Interrupted is the error of a body that its context has ended.
type Interrupted struct{ text string }

func (e *Interrupted) Error() string { return e.text }

// write writes frames.
func (h *Link) write(b []byte) error {
	if _, err := h.conn.Write(b); err != nil {
		return &WriteError{len(b), err}
	}
	return nil
}

// An upload is data on its way to the peer, as far as the windows allow.
type upload struct {
	stream uint32
	src    io.Reader
	size   int64        // of src, -1 where that is not known
	end    bool         // END_STREAM behind the last of it
	pad    int          // octets of padding in each frame, -1 for none
	force  bool         // whatever the windows allow
	tell   func(string) // how far it is, after a second and then more and more seldom; nil for nobody

	sent  int64
	begun time.Time
	next  time.Duration // when tell is called, since begun
	timer *time.Timer   // for that
}

// ErrGone ends an upload whose stream is not open, or not any more.
var ErrGone = errors.New("the stream is not open")

// upload sends DATA frames: one of no octets where there is nothing to send. When
// ctx ends while it goes on, the stream is reset.
func (h *Link) upload(ctx context.Context, u *upload) error {
	u.begun, u.next = time.Now(), time.Second
	u.timer = time.NewTimer(u.next)
	defer u.timer.Stop()
	r := bufio.NewReaderSize(u.src, longestFrame+1)
	for {
		h.mu.Lock()
		most := h.maxFrame
		h.mu.Unlock()
		b, err := r.Peek(most + 1)
		if err != nil && err != io.EOF {
			return fmt.Errorf("stream %d: after %s: %w", u.stream, u.amount(), err)
		}
		if len(b) == 0 && u.sent > 0 {
			return nil
		}
		n, room, err := h.part(u, b, most)
		if err == nil {
			r.Discard(n) // they are there
			if room == nil && n == len(b) && len(b) <= most {
				return nil
			}
			err = h.awaitRoom(ctx, u, room)
		}
		if err != nil {
			return err
		}
	}
}

// part sends one DATA frame with the first of b, at most so many octets, which is
// all there is where b is not longer. Where the windows let nothing through it
// returns what is closed when they may have grown.
func (h *Link) part(u *upload, b []byte, most int) (n int, room <-chan struct{}, err error) {
	// What one upload finds free no other may take before it is sent.
	h.uploads.Lock()
	defer h.uploads.Unlock()
	h.mu.Lock()
	allowed, open, room := h.allowance(u), u.force || h.streams[u.stream] != nil, h.room
	h.mu.Unlock()
	switch {
	case !open && u.sent > 0:
		return 0, nil, fmt.Errorf("stream %d: after %s: %w", u.stream, u.amount(), ErrGone)
	case !open:
		return 0, nil, fmt.Errorf("stream %d: %w", u.stream, ErrGone)
	case allowed == 0 && len(b) > 0:
		return 0, room, nil
	}
	n = min(len(b), allowed, most)
	if err := h.write(http2.AppendData(nil, u.stream, u.end && n == len(b), u.pad, b[:n])); err != nil {
		return 0, nil, err
	}
	u.sent += int64(n)
	return n, nil, nil
}

// awaitRoom waits until room is closed; a nil one is there. It ends with ctx too,
// and with the connection.
func (h *Link) awaitRoom(ctx context.Context, u *upload, room <-chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			h.conn.Write(http2.AppendRSTStream(nil, u.stream, http2.ErrCodeCancel)) // its failure is an event of the connection
			return &Interrupted{fmt.Sprintf("interrupted: stream %d is reset, %s of its body went", u.stream, u.amount())}
		case <-h.closed:
			return net.ErrClosed
		case <-u.timer.C:
			h.progress(u)
			continue
		default:
		}
		if room == nil {
			return nil
		}
		select {
		case <-room:
			room = nil
		case <-ctx.Done():
		case <-h.closed:
		case <-u.timer.C:
			h.progress(u)
		}
	}
}

// allowance returns how many octets of data the next frame of u may have. h.mu is
// held.
func (h *Link) allowance(u *upload) int {
	n := int64(h.maxFrame)
	if st := h.streams[u.stream]; st != nil && !u.force {
		n = min(n, h.window, h.initial-st.sent)
	}
	return int(max(0, n-int64(u.pad)-1)) // a pad of -1 takes no octet at all
}

// progress tells how far an upload is.
func (h *Link) progress(u *upload) {
	u.next *= 3
	u.timer.Reset(time.Until(u.begun.Add(u.next)))
	if u.tell == nil {
		return
	}
	h.mu.Lock()
	why := ""
	switch st := h.streams[u.stream]; {
	case u.force:
	case h.window <= 0:
		why = "; the window of the connection is closed"
	case st != nil && h.initial <= st.sent:
		why = "; the window of the stream is closed"
	}
	h.mu.Unlock()
	u.tell(fmt.Sprintf("sending the body on stream %d: %s, %.1f s%s (^C resets the stream)",
		u.stream, u.amount(), time.Since(u.begun).Seconds(), why))
}

// amount says how much has gone.
func (u *upload) amount() string {
	if u.size < 0 {
		return fmt.Sprintf("%d octets", u.sent)
	}
	return fmt.Sprintf("%d of %d octets", u.sent, u.size)
}

// headers encodes a header block and writes its frames. A MaxFrame of zero means
// what the peer takes.
func (h *Link) headers(b http2.HeaderBlock, fields []field) error {
	h.blocks.Lock()
	defer h.blocks.Unlock()
	block, err := h.encode(fields)
	if err != nil {
		return err
	}
	if b.MaxFrame == 0 {
		h.mu.Lock()
		b.MaxFrame = h.maxFrame
		h.mu.Unlock()
		if b.Padded {
			b.MaxFrame -= b.Pad + 1
		}
		if b.Priority != nil {
			b.MaxFrame -= 5
		}
	}
	b.Block = block
	return h.write(http2.AppendHeaderBlock(nil, b))
}

// Begin takes the next stream for a request.
func (h *Link) Begin() (stream uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	stream = h.next
	h.next, h.last = stream+2, stream
	h.streams[stream] = &streamState{asked: true}
	return stream
}

// Request sends a composed request on a stream as HEADERS and CONTINUATION, and
// returns what sends the rest of it; nil where that is all.
func (h *Link) Request(stream uint32, r *Request, tell func(string)) (rest func(context.Context) error, err error) {
	more := len(r.parts) > 0 || len(r.trailers) > 0
	if err := h.headers(http2.HeaderBlock{Stream: stream, End: !more}, r.fields); err != nil || !more {
		return nil, err
	}
	return func(ctx context.Context) error {
		for i, part := range r.parts {
			u := &upload{stream: stream, src: bytes.NewReader(part), size: int64(len(part)), pad: -1, tell: tell}
			u.end = i == len(r.parts)-1 && len(r.trailers) == 0
			if err := h.upload(ctx, u); err != nil {
				return err
			}
		}
		if len(r.trailers) == 0 {
			return nil
		}
		return h.headers(http2.HeaderBlock{Stream: stream, End: true}, r.trailers)
	}, nil
}
