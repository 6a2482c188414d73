package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// shellDetail is what .help send says of it.
const shellDetail = "!CMD sends what a command of the shell prints, up to 64 MiB; nothing goes where it fails. ^C ends it,\n.timeout in a script.\n"

// shellGrace is how long a command's pipe is read after the command has ended, or
// was told to.
const shellGrace = time.Second

// shellOutput returns what a command of the shell writes to its stdout, up to
// maxSendFile octets. One that fails, or writes more, is an error with what it said
// last on stderr; the end of ctx ends it, with all that it has started.
func shellOutput(ctx context.Context, line string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	ownGroup(cmd)
	out, said := &bounded{most: maxSendFile}, &bounded{most: 4 << 10}
	cmd.Stdout, cmd.Stderr = out, said
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = shellGrace
	out.full = func() { cmd.Cancel() }
	err := cmd.Run()
	switch exit, failed := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		return nil, failure(StatusInterrupted, "interrupted: nothing was sent")
	case out.over:
		return nil, fmt.Errorf("!%s: it writes more than %d MiB, the limit: a pipe sends more", line, maxSendFile>>20)
	case failed:
		text := bytes.TrimSpace(said.b)
		text = text[bytes.LastIndexByte(text, '\n')+1:]
		if len(text) > 0 {
			return nil, fmt.Errorf("!%s: %v (%q); nothing was sent", line, exit, text)
		}
		return nil, fmt.Errorf("!%s: %v; nothing was sent", line, exit)
	case errors.Is(err, exec.ErrWaitDelay):
		return nil, fmt.Errorf("!%s: it ended, but something that it started still writes; nothing was sent", line)
	case err != nil:
		return nil, fmt.Errorf("!%s: %w", line, err)
	}
	return out.b, nil
}

// A bounded holds the first octets that are written to it.
type bounded struct {
	b    []byte
	most int
	over bool
	full func() // called when there are more; nil for nothing
}

func (w *bounded) Write(p []byte) (int, error) {
	n := min(len(p), w.most-len(w.b))
	w.b = append(w.b, p[:n]...)
	if n < len(p) && !w.over {
		w.over = true
		if w.full != nil {
			w.full()
		}
	}
	return len(p), nil
}

// sendShell is .send !CMD.
func (d *dialogue) sendShell(ctx context.Context, line string) error {
	if line == "" {
		return failure(StatusUsage, ".send !: want a command of the shell")
	}
	if err := d.mustBeOpen("send"); err != nil {
		return err
	}
	cctx, stop := d.s.interruptible(ctx)
	if !d.s.opts.Interactive {
		var cancel context.CancelFunc
		cctx, cancel = context.WithTimeout(cctx, d.s.timeout)
		defer cancel()
	}
	b, err := shellOutput(cctx, line)
	stop()
	switch {
	case errors.Is(context.Cause(cctx), context.DeadlineExceeded) && ctx.Err() == nil && err != nil:
		return failure(StatusTimeout, ".send !%s: it has not ended after %v (.timeout sets how long); nothing was sent", line, d.s.timeout)
	case err != nil:
		return sendFailure(".send", err)
	case len(b) == 0:
		return failure(StatusUsage, ".send !%s: it printed nothing, and nothing was sent", line)
	}
	d.s.view.Info(fmt.Sprintf("sending %d B of %s", len(b), line))
	return d.send(ctx, b, false)
}
