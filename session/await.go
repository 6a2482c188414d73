package session

import (
	"bytes"
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"wiretape/session/h2"
	"wiretape/wire/http2"
)

func waitCommands() []command {
	return append([]command{
		{group: "Wait", name: "await", args: "done|re RE|bytes N|frame TYPE [STREAM]|close [TIME]", connected: true,
			summary: "waits for a complete reply, text, N bytes, a frame, or the end",
			detail:  "re, bytes and frame look at what came since the last line was sent. A GOAWAY or RST_STREAM\nthat was awaited is no failure of a script. TIME is such as 5s; without it\n.timeout holds. A wait that runs out ends a script with status 6.",
			example: ".await re ready> 5s", on: (*dialogue).await,
			complete: []string{"done", "re ", "bytes ", "frame ", "close"}},
		{group: "Wait", name: "timeout", args: "[TIME] [total TIME|off]", summary: "sets how long a script waits in silence for a reply, and altogether",
			detail:  "Of itself a script waits 10 s, and as long as something comes. After total a reply that still comes\nends it as well, with status 6; --max-time bounds all of a script. A command of .send ! has TIME too.",
			example: ".timeout 30s total 2m", run: (*Session).setTimeout, complete: []string{"total "}},
	}, expectCommands()...)
}

func (s *Session) setTimeout(_ context.Context, args string) error {
	silence, total := s.timeout, s.total
	for words := strings.Fields(args); len(words) > 0; words = words[1:] {
		limit := &silence
		if words[0] == "total" && len(words) > 1 {
			limit, words = &total, words[1:]
		}
		d, err := time.ParseDuration(words[0])
		switch {
		case err == nil && d > 0:
			*limit = d
		case limit == &total && words[0] == "off":
			total = 0
		default:
			return failure(StatusUsage, ".timeout %q: want a time of more than 0, such as 10s, and total and a time or off", args)
		}
	}
	s.timeout, s.total = silence, total
	s.view.Info("a script waits " + s.timeouts())
	return nil
}

// timeouts says how long a script waits.
func (s *Session) timeouts() string {
	text := s.timeout.String()
	if s.total > 0 {
		text += " in silence, " + s.total.String() + " altogether"
	}
	return text
}

// await is .await.
func (d *dialogue) await(ctx context.Context, args string) error {
	what, rest, _ := strings.Cut(args, " ")
	rest = strings.TrimSpace(rest)
	w := waiting{notice: d.s.opts.Interactive}
	if !d.s.opts.Interactive {
		w.limit, w.silence = d.s.timeout, true
	}
	// The last word is a time, if it reads as one and is not all there is.
	limit := func() {
		i := strings.LastIndexByte(rest, ' ') + 1
		if t, err := time.ParseDuration(rest[i:]); err == nil && t > 0 && (i > 0 || what == "done" || what == "close") {
			w.limit, w.silence, rest = t, false, strings.TrimSpace(rest[:i])
		}
	}
	limit()
	switch what {
	case "done":
		w.met = func() bool { return d.s.stream.State(d.peer.conn).Framed && d.replied() }
	case "close":
		w.met = func() bool { return d.peer.ended && d.drained() } // what comes next finds it closed
	case "bytes":
		n, err := strconv.ParseInt(rest, 10, 64)
		if err != nil || n < 1 {
			return usage("await", args)
		}
		w.met, rest = func() bool { return d.peer.gotN >= n }, ""
	case "re":
		re, err := regexp.Compile(strings.Trim(rest, `"`))
		if err != nil || rest == "" {
			return failure(StatusUsage, ".await re %q: %w", rest, err)
		}
		w.met, rest = func() bool { return re.Match(d.peer.got) }, ""
	case "frame":
		f, err := h2.ParseSeen(rest)
		if err != nil {
			return failure(StatusUsage, ".await frame: %w", err)
		}
		w.met, rest = func() bool { return d.peer.frames[f] }, ""
		if f.Type == http2.FrameGoAway || f.Type == http2.FrameRSTStream {
			defer d.forgive()
		}
	default:
		return usage("await", args)
	}
	if rest != "" {
		return usage("await", args)
	}
	d.owed = false
	switch d.wait(ctx, w) {
	case waitClosed:
		return failure(StatusProtocol, ".await %s: the connection ended before it came", args)
	case waitTimeout:
		d.s.mu.Lock()
		got := bytes.TrimSpace(d.peer.got)
		tail := string(got[max(0, len(got)-60):])
		d.s.mu.Unlock()
		return failure(StatusTimeout, ".await %s: it did not come in time; the last bytes were %q", args, tail)
	case waitInterrupted:
		return d.stopped(ctx)
	}
	return nil
}
