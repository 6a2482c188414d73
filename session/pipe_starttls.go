package session

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"wiretape/wire"
)

// startTLS is --starttls of a pipe, before anything of In is sent. What is said
// in the clear does not go to Out.
func (p *pipe) startTLS(ctx context.Context, conn *wire.Conn, d wire.Dialer) error {
	part, err := plainPartOf(p.o.StartTLS)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var got []byte
	behind, err := part.say(plainTalk{
		write: func(text string) error {
			got = got[:0]
			_, err := conn.Write([]byte(text))
			return sendError(err, len(text))
		},
		reply: func(done func([]byte) int) ([]byte, error) {
			buf := make([]byte, 4<<10)
			for done(got) == 0 {
				if len(got) >= awaitWindow {
					return nil, failure(StatusProtocol, "starttls %s: the reply is longer than %d KiB", part.proto, awaitWindow>>10)
				}
				conn.SetReadDeadline(time.Now().Add(cmp.Or(d.Timeout, defaultTimeout)))
				n, err := conn.Read(buf)
				got = append(got, buf[:n]...)
				switch {
				case ctx.Err() != nil:
					return nil, failure(StatusInterrupted, "interrupted")
				case wire.IsTimeout(err):
					return nil, failure(StatusTimeout, "starttls %s: no complete reply in time", part.proto)
				case err != nil && done(got) == 0:
					return nil, failure(StatusProtocol, "starttls %s: the connection ended before the handshake was agreed on", part.proto)
				}
			}
			conn.SetReadDeadline(time.Time{})
			return got, nil
		},
		local: conn.LocalAddr(), host: p.target.Host,
	})
	if err != nil {
		return err
	}
	opts := wire.TLSOptions{}
	if d.TLS != nil {
		opts = *d.TLS
	}
	opts.Timeout = cmp.Or(opts.Timeout, d.Timeout)
	waiting, err := conn.StartTLS(ctx, &opts)
	if err != nil {
		return &Failure{Status: StatusOf(err), Err: err}
	}
	if text, wrong := tellWaiting(waiting + behind); wrong && p.o.Notes != nil {
		fmt.Fprintln(p.o.Notes, "! "+text)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plain = false
	return nil
}
