package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// BinOptions say how [Bin] answers and shows. Reply and Out must be set.
type BinOptions struct {
	Reply  []byte     // answers every request, as it is
	Out    io.Writer  // rows of the conversations
	Style  view.Style // how they look
	Record wire.Sink  // gets all events; nil for none
	Limits proto.Limits
}

// BinReply returns the octets of a reply by what --reply was given: a status, or
// the bytes of a file, which are a whole response where they begin with one and
// otherwise its body.
func BinReply(status int, file []byte) []byte {
	if bytes.HasPrefix(file, []byte("HTTP/")) {
		return file
	}
	var b []byte
	phrase := "" // may be left out: RFC 9112, section 4
	if status == 200 {
		phrase = "OK"
	}
	b = fmt.Appendf(b, "HTTP/1.1 %d %s\r\n", status, phrase)
	if status >= 200 && status != 204 && status != 304 { // RFC 9110, section 8.6
		b = append(b, "Content-Length: "+strconv.Itoa(len(file))+"\r\n"...)
	}
	return append(append(b, "\r\n"...), file...)
}

// Bin answers every complete request on l with the same reply, and shows what
// was said: a request bin. A connection stays open for as long as the client
// leaves it so. It returns when ctx ends, with a *Failure of StatusInterrupted,
// or when nothing can be accepted any more.
func Bin(ctx context.Context, l *wire.Listener, o BinOptions) error {
	b := &bin{o: o, stream: detect.New(detect.Options{Limits: o.Limits}), owed: make(map[int]owed)}
	tap := wire.NewTap(b.event)
	o.Style.Start = tap.Start()
	b.view = view.New(o.Out, o.Style)
	err := l.Serve(ctx, tap, b.answer)
	if werr := b.view.Err(); werr != nil {
		return failure(StatusUsage, "write the output: %w", werr)
	}
	return listenFailed(ctx, err)
}

// A bin is the state of one Bin.
type bin struct {
	o    BinOptions
	view *view.Printer

	mu     sync.Mutex // guards what follows
	stream *detect.Stream
	owed   map[int]owed // by connection
}

// owed is what one client waits for.
type owed struct {
	replies int
	last    bool // it wants no more after them
}

// event is the sink: it reads, shows, and counts what is to be answered.
func (b *bin) event(e wire.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.o.Record != nil {
		b.o.Record(e)
	}
	for _, m := range b.stream.Feed(e) {
		b.view.Message(&m)
		if m.Dir == wire.ClientToServer && m.Complete && slices.Contains([]proto.Kind{proto.KindRequest, proto.KindCommand, proto.KindQuery}, m.Kind) {
			due := b.owed[e.Conn]
			due.replies++
			if r, ok := m.Value.(*http1.Request); ok && !r.KeepAlive {
				due.last = true
			}
			b.owed[e.Conn] = due
		}
	}
	b.view.Event(e)
	b.view.Partial(e.Conn, b.stream.State(e.Conn))
	if e.Kind == wire.KindClose {
		delete(b.owed, e.Conn)
	}
}

// answer serves one connection.
func (b *bin) answer(_ context.Context, c *wire.Conn) {
	buf := make([]byte, 32<<10)
	for {
		_, err := c.Read(buf) // the sink has seen what came
		for {
			id := c.ID() // ahead of b.mu: the recording's lock is taken before it, by each event
			b.mu.Lock()
			due := b.owed[id]
			if due.replies > 0 {
				b.owed[id] = owed{due.replies - 1, due.last}
			}
			b.mu.Unlock()
			if due.replies == 0 {
				if due.last {
					return
				}
				break
			}
			if _, werr := c.Write(b.o.Reply); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
