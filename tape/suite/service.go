package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// A Service is a server that runs as long as the suite.
type Service struct {
	// Command is given to sh -c. {PORT} in it is the port to listen on, on
	// 127.0.0.1, which is free beforehand and in the environment too, as PORT.
	Command string
	Ready   Ready
	// Patience bounds the start; zero means 30 seconds.
	Patience time.Duration
}

// Ready says how a server tells that it is up: it accepts connections at its port
// (the zero value), answers GET of Path with a status below 500, or writes what
// Log finds.
type Ready struct {
	Path string
	Log  *regexp.Regexp
}

// ParseReady reads "tcp", "http:/healthz" or "log:RE".
func ParseReady(s string) (Ready, error) {
	kind, arg, _ := strings.Cut(s, ":")
	switch {
	case s == "tcp" || s == "":
		return Ready{}, nil
	case kind == "http" && strings.HasPrefix(arg, "/"):
		return Ready{Path: arg}, nil
	case kind == "log" && arg != "":
		re, err := regexp.Compile(arg)
		return Ready{Log: re}, err
	}
	return Ready{}, fmt.Errorf("%q: want tcp, http:/PATH or log:RE", s)
}

// A Running is a Service that is up.
type Running struct {
	Port int

	cmd    *exec.Cmd
	log    tail
	exited chan struct{} // closed when the process is gone
	status error         // why; set before exited is closed
}

// defaultPatience is how long a server may take to come up.
const defaultPatience = 30 * time.Second

// A StartError says why a server did not come up.
type StartError struct {
	Command string
	Port    int
	Err     error
	Log     []string // the last lines that it wrote, ten at most, as they came
}

func (e *StartError) Error() string {
	text := fmt.Sprintf("start %q on port %d: %v", e.Command, e.Port, e.Err)
	if len(e.Log) == 0 {
		text += "; it wrote nothing"
	}
	return text
}

func (e *StartError) Unwrap() error { return e.Err }

// Start starts the server and waits until it is ready. One that does not come up is
// a [*StartError].
func (s *Service) Start(ctx context.Context) (*Running, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	r := &Running{Port: port, exited: make(chan struct{})}
	if s.Ready.Log != nil {
		r.log.watch, r.log.seen = s.Ready.Log, make(chan struct{})
	}
	number := strconv.Itoa(port)
	r.cmd = exec.Command("sh", "-c", strings.ReplaceAll(s.Command, "{PORT}", number))
	r.cmd.Env = append(os.Environ(), "PORT="+number)
	r.cmd.Stdout, r.cmd.Stderr = &r.log, &r.log
	r.cmd.WaitDelay = time.Second
	ownGroup(r.cmd)
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %q: %w", s.Command, err)
	}
	go func() {
		r.status = r.cmd.Wait()
		close(r.exited)
	}()
	patience := s.Patience
	if patience == 0 {
		patience = defaultPatience
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if err := r.await(ctx, s.Ready); err != nil {
		r.Stop()
		return nil, &StartError{Command: s.Command, Port: port, Err: err, Log: r.log.last(10)}
	}
	return r, nil
}

// freePort returns a port of 127.0.0.1 on which nothing listens.
func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}

// await waits until the server is ready.
func (r *Running) await(ctx context.Context, ready Ready) error {
	if ready.Log != nil {
		select {
		case <-r.log.seen:
			return nil
		case <-r.exited:
			return r.gone()
		case <-ctx.Done():
			return fmt.Errorf("it does not write %q: %w", ready.Log, ctx.Err())
		}
	}
	const pause = 20 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	var last error
	for {
		err := r.try(ctx, ready)
		if err == nil {
			return nil
		}
		if last == nil || !wire.IsTimeout(err) {
			last = err // a timeout is mostly our own
		}
		select {
		case <-r.exited:
			return r.gone()
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w (%v)", last, ctx.Err())
		case <-tick.C:
		}
	}
}

func (r *Running) gone() error {
	if r.status == nil {
		return errors.New("it has ended, with status 0")
	}
	return fmt.Errorf("it has ended: %w", r.status)
}

// try connects, and asks where a path is to be asked for.
func (r *Running) try(ctx context.Context, ready Ready) error {
	var d wire.Dialer
	target := wire.Target{Network: "tcp", Host: "127.0.0.1", Port: uint16(r.Port)}
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	status := 0
	parser := http1.New(proto.Limits{})
	tap := wire.NewTap(func(e wire.Event) {
		for _, m := range parser.Feed(e) {
			if v, ok := m.Value.(*http1.Response); ok && !v.Interim() {
				status = v.Status
			}
		}
	})
	c, err := d.Dial(ctx, target, tap)
	if err != nil {
		return err
	}
	defer c.Close()
	if ready.Path == "" {
		return nil
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", ready.Path, target.Address()); err != nil {
		return err
	}
	err = c.Pump()
	switch {
	case status == 0 && err != nil:
		return err
	case status == 0:
		return fmt.Errorf("GET %s: no reply", ready.Path)
	case status >= 500:
		return fmt.Errorf("GET %s: status %d", ready.Path, status)
	}
	return nil
}

// grace is how long a server may take to end when it is asked to.
const grace = 5 * time.Second

// Stop ends the server and what it has started, and waits for it.
func (r *Running) Stop() {
	select {
	case <-r.exited:
	default:
		terminate(r.cmd)
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-r.exited:
	case <-t.C:
	}
	killGroup(r.cmd) // and children that the shell left behind
	<-r.exited
}

// Exited reports whether the server is gone, and why.
func (r *Running) Exited() (bool, error) {
	select {
	case <-r.exited:
		return true, r.gone()
	default:
		return false, nil
	}
}

// Log returns the last lines that the server wrote.
func (r *Running) Log() []byte { return r.log.bytes() }

// A tail keeps the end of what is written to it.
type tail struct {
	mu    sync.Mutex
	buf   []byte
	watch *regexp.Regexp
	seen  chan struct{} // closed when watch has found something; it is nil then
}

// keptLog is how much of a server's log is kept, octets.
const keptLog = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if t.watch != nil && t.watch.Match(t.buf) {
		close(t.seen)
		t.watch = nil
	}
	if over := len(t.buf) - keptLog; over > keptLog {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

// bytes returns what is kept, from the beginning of a line.
func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buf
	if over := len(b) - keptLog; over > 0 {
		b = b[over:]
		b = b[bytes.IndexByte(b, '\n')+1:]
	}
	return bytes.Clone(b)
}

// last returns up to n lines, the last that are kept.
func (t *tail) last(n int) []string {
	text := strings.TrimSpace(string(t.bytes()))
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):]
}
