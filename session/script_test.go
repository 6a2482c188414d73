package session

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/tape"
	"wiretape/wire"
)

// run plays a script against a world and returns its output and its error.
func run(t *testing.T, w world, opts Options, target, script string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	opts.Lines, opts.Out = NewScript(strings.NewReader(script), "x.script"), &out
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.dial = w.dial
	if target != "" {
		to, perr := wire.ParseTarget(target)
		if perr != nil {
			t.Fatal(perr)
		}
		err = s.Open(t.Context(), to)
	}
	if err == nil {
		err = s.Run(t.Context())
	}
	if cerr := s.Close(); cerr != nil {
		t.Errorf("Close = %v", cerr)
	}
	return out.String(), err
}

func TestScriptStatus(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	servers := world{
		"ok:80":     oneReply(ok, false),
		"cut:80":    oneReply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", true),
		"never:80":  func(c net.Conn) { io.Copy(io.Discard, c) },
		"mail:25":   mail,
		"silent:25": func(c net.Conn) { io.Copy(io.Discard, c) },
		"gone:25":   func(c net.Conn) {},
		"echo:9000": echo,
		"cut:25":    func(c net.Conn) { io.WriteString(c, "220-mail") },
		"shut:9000": func(c net.Conn) { bufio.NewReader(c).ReadString('\n'); io.WriteString(c, "what?\r\n") },
		"late:9000": func(c net.Conn) {
			r := bufio.NewReader(c)
			r.ReadString('\n')
			io.WriteString(c, "what?\r\n")
			r.ReadString('\n')
			pause(c, time.Second)
		},
		"drip:80": func(c net.Conn) {
			c.Read(make([]byte, 999))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
			for _, err := c.Write([]byte{'x'}); err == nil; _, err = c.Write([]byte{'x'}) {
				pause(c, time.Second)
			}
		},
		"once:9000": func(c net.Conn) {
			c.Read(make([]byte, 99))
			pause(c, time.Second)
			io.WriteString(c, "bye\n")
		},
	}
	const get = "GET / HTTP/1.1\nHost: ok\n\n"
	tests := []struct {
		name, target, script string
		status               Status
		err                  string // begins with this
		took                 time.Duration
	}{
		{"a reply", "ok:80", get, 0, "", 41 * time.Millisecond},
		{"two replies, one after the other", "ok:80", get + get, 0, "", 82 * time.Millisecond},
		{"a comment, and CRLF", "ok:80", ".# first\r\nGET / HTTP/1.0\r\n\r\n", 0, "", 41 * time.Millisecond},
		{"opened by the script", "", "open ok 80\n" + get + ".quit\n", 0, "", 41 * time.Millisecond},
		{"a reply that is cut", "cut:80", get, 5, "x.script:3: the connection ended before the reply was complete", 41 * time.Millisecond},
		{"no reply", "never:80", get, 6, "x.script:3: no complete reply after 10s of silence", 10 * time.Second},
		{"no reply, own timeout", "never:80", ".timeout 2s\n" + get, 6, "x.script:4: no complete reply after 2s", 2 * time.Second},
		{"a reply that drips", "drip:80", ".timeout 2s total 5s\n" + get, 6, "x.script:4: no complete reply after 5s altogether (.timeout sets how long)", 5 * time.Second},
		{"a reply that drips is as long as it needs", "drip:80", ".timeout 2s total 5s\n.timeout total off\n" + get, 0, "", 98 * time.Second},
		{"what is no timeout", "", ".timeout 2s total\n", 2, `x.script:1: .timeout "2s total": want a time of more than 0, such as 10s, and total and a time or off`, 0},
		{"no time at all", "", ".timeout 0s\n", 2, `x.script:1: .timeout "0s": want a time of more than 0, such as 10s, and total and a time or off`, 0},
		{"a wait of its own", "never:80", ".await close 3s\n", 6, "x.script:1: .await close 3s: it did not come in time", 3 * time.Second},
		{"an unknown word", "ok:80", get + ".oops\n", 2, "x.script:4: no command .oops", 41 * time.Millisecond},
		{"data without a connection", "", "GET /\n", 2, "x.script:1: not connected", 0},
		{"nobody there", "", "open nowhere 80\n", 3, "x.script:1: dial tcp nowhere:80", 0},
		{"no port", "", "open nowhere\n", 2, "x.script:1: open nowhere: which port?", 0},
		{"an unfinished request", "ok:80", "GET / HTTP/1.1\n", 2, "x.script:1: end of script: the head has no blank line yet", 0},
		{"a body that is too long", "ok:80", "P / HTTP/1.1\nContent-Length: 1\n\nab\n", 2, "x.script:4: body is 2, Content-Length says 1", 0},
		{"the greeting is waited for", "mail:25", "EHLO me\nQUIT\n", 0, "", 0},
		{"free text", "mail:25", "MAIL FROM:<a>\nDATA\n.help\n.\nQUIT\n", 0, "", 0},
		{"no greeting", "silent:25", "EHLO me\n", 6, "no greeting after 10s", 10 * time.Second},
		{"a handshake that is not answered", "never:80", ".tls\n", 6, "x.script:1: dial tls never:80: timed out", 10*time.Second + time.Millisecond},
		{"the same, by .timeout", "never:80", ".timeout 2s\n.tls\n", 6, "x.script:2: dial tls never:80: timed out", 2*time.Second + time.Millisecond},
		{"closed before the greeting", "gone:25", "EHLO me\n", 5, "the connection ended before the greeting", 0},
		{"a greeting that is cut", "cut:25", "EHLO me\n", 5, "x.script:1: the connection is closed", 0},
		{"no HTTP, in the middle of a request, and the end", "shut:9000", "GET / HTTP/1.1\n.await close\n\n", 5, "x.script:3: the connection ended in the middle of the request", 0},
		{"the same, with lines left", "shut:9000", "GET / HTTP/1.1\n.await close\nHost: h\n\n", 5, "x.script:3: the connection is closed", 0},
		{"no HTTP, before the request is complete", "late:9000", "GET / HTTP/1.1\n.await re what\n\n", 5, "x.script:3: the connection ended before the reply was complete", time.Second},
		{"no HTTP, after it is", "late:9000", "GET / HTTP/1.1\n\n", 5, "x.script:2: the connection ended before the reply was complete", time.Second},
		{"unknown, until the peer closes", "once:9000", "x\n", 0, "", time.Second},
		{"unknown, nothing tells", "echo:9000", "x\n", 6, "x.script:1: stopped after 10s of silence, reply may be incomplete", 10 * time.Second},
		{"unknown, awaited", "echo:9000", "hello\n.await re lo\n", 0, "", 0},
		{"unknown, closed", "echo:9000", "hello\n.close\n", 0, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				out, err := run(t, servers, Options{}, tt.target, tt.script)
				text := ""
				if err != nil {
					text = err.Error()
				}
				if StatusOf(err) != tt.status || !strings.HasPrefix(text, tt.err) || tt.err == "" && text != "" {
					t.Errorf("status %d, error %q; want %d, %q; output:\n%s", StatusOf(err), text, tt.status, tt.err, out)
				}
				if took := time.Since(begun); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// A script that waits for the end of a protocol that tells none says so.
func TestScriptSaysWhatItWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, _ := run(t, world{"echo:9000": echo}, Options{}, "echo:9000", "x\n")
		if n := strings.Count(out, "* waiting for the peer to end, up to 10s of silence (.timeout)\n"); n != 1 {
			t.Errorf("said %d times:\n%s", n, out)
		}
	})
}

func TestScriptShowsBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, err := run(t, world{"ok:80": oneReply("HTTP/1.1 204 No Content\r\n\r\n", false)}, Options{}, "ok:80", "GET / HTTP/1.0\n\n")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"> GET / HTTP/1.0\n", "< HTTP/1.1 204 No Content\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("output has no %q:\n%s", want, out)
			}
		}
	})
}

func TestSessionIsRecorded(t *testing.T) {
	dir := t.TempDir()
	file, saved, late := filepath.Join(dir, "all.tape"), filepath.Join(dir, "saved.tape"), filepath.Join(dir, "late.tape")
	state := filepath.Join(dir, "state")
	synctest.Test(t, func(t *testing.T) {
		reply := oneReply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=0123456789abcdef\r\n\r\nok", false)
		request := "GET / HTTP/1.1\nHost: ok\nAuthorization: Bearer abcdefghijklmnop\n\n"
		out, err := run(t, world{"ok:80": reply},
			Options{Record: RecordOptions{Tape: file, Keep: true, Dir: state}}, "ok:80",
			request+".tape rec "+late+"\n.tape mark second\n"+request+".save "+saved+"\n.save "+saved+"\n")
		if StatusOf(err) != StatusUsage || !strings.Contains(err.Error(), "exists") {
			t.Errorf("saving over a tape: %v", err)
		}
		for _, want := range []string{"saved " + saved + ": 2 exchanges", "; 2 secrets replaced (TOKEN, SID); --no-redact keeps them\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("output has no %q:\n%s", want, out)
			}
		}
	})
	kept, err := KeptSessions(state)
	if err != nil || len(kept) == 0 {
		t.Fatalf("kept are %v, %v", kept, err)
	}
	for _, name := range []string{file, saved, late, kept[0].Path} {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s = %v, want 0600", name, info.Mode())
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("abcdefghijklmnop")) {
			t.Errorf("%s holds the secret", name)
		}
		events := 0
		for _, err := range tape.NewReader(bytes.NewReader(text), name).Events() {
			if err != nil {
				t.Errorf("read %s: %v\n%s", name, err, text)
			}
			events++
		}
		if events == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	if text, _ := os.ReadFile(saved); !bytes.HasSuffix(text, []byte("\n; end\n")) {
		t.Errorf("the saved tape has no end:\n%s", text)
	}
	if text, _ := os.ReadFile(late); !bytes.Contains(text, []byte("gap")) || !bytes.Contains(text, []byte("% second")) {
		t.Errorf("a tape begun late names no gap, or no mark:\n%s", text)
	}
}

func TestKeptSessionIsBounded(t *testing.T) {
	var b bytes.Buffer
	g := newGapper(tape.NewWriter(&b, tape.Options{}), 10)
	g.spanned(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "h:1"}}, nil)
	for range 3 {
		g.spanned(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte("12345")}, nil)
	}
	for range 4 {
		g.spanned(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("12345")}, nil)
	}
	g.spanned(wire.Event{Conn: 1, Kind: wire.KindClose}, nil)
	if g.lost != 25 {
		t.Errorf("%d octets are lost, want 25", g.lost)
	}
	var got []string
	for e, err := range tape.NewReader(&b, "kept").Events() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(e.Kind.String()+" "+string(e.Data)))
		if e.Kind == wire.KindGap && e.Size != 5 && e.Size != 20 {
			t.Errorf("gap of %d", e.Size)
		}
	}
	if want := "open|data 12345|data 12345|gap|gap|close"; strings.Join(got, "|") != want {
		t.Errorf("events %q, want %q", strings.Join(got, "|"), want)
	}
}

// A sink that fails is told once, and the session goes on.
func TestSessionOutlivesItsRecording(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.tape")
	synctest.Test(t, func(t *testing.T) {
		servers := world{"ok:80": oneReply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false)}
		term := &terminal{lines: []string{"open ok 80", "GET / HTTP/1.0", "", ".quit"}}
		s, err := New(Options{Lines: term, Out: term, Interactive: true, Record: RecordOptions{Tape: name}})
		if err != nil {
			t.Fatal(err)
		}
		s.record.dests[0].w = s.record.writer(&brokenOut{150})
		s.dial = servers.dial
		if err := s.Run(t.Context()); err != nil {
			t.Errorf("Run = %v", err)
		}
		if err := s.Close(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Close = %v, want what the recording had though it was told", err)
		}
		screen := term.screen.String()
		if n := strings.Count(screen, "recording to "+name+" stopped"); n != 1 || !strings.Contains(screen, "200 OK") {
			t.Errorf("the failure was told %d times:\n%s", n, screen)
		}
	})
}

// brokenOut is a writer that takes so many octets and then fails.
type brokenOut struct{ left int }

func (b *brokenOut) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

// A script whose output is lost ends there, and not with success.
func TestLostOutputEndsAScript(t *testing.T) {
	for _, room := range []int{0, 60} {
		synctest.Test(t, func(t *testing.T) {
			var served atomic.Int32
			reply := oneReply("HTTP/1.1 204 No Content\r\n\r\n", false)
			servers := world{"ok:80": func(c net.Conn) { served.Add(1); reply(c) }}
			s, err := New(Options{Out: &brokenOut{room}, Lines: NewLines("open ok 80", "GET / HTTP/1.0", "", ".close", "open ok 80")})
			if err != nil {
				t.Fatal(err)
			}
			s.dial = servers.dial
			if err := s.Run(t.Context()); StatusOf(err) != StatusUsage || !strings.Contains(err.Error(), "write the output: ") {
				t.Errorf("Run = %v", err)
			}
			if err := s.Close(); StatusOf(err) != StatusUsage {
				t.Errorf("Close = %v", err)
			}
			synctest.Wait()
			if n := served.Load(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
		})
	}
}

// .status and .save look at the recordings while the reader writes to them.
func TestRecordingsAreLookedAtWhileTheyGrow(t *testing.T) {
	flood := func(c net.Conn) {
		for i := range 200 {
			if _, err := io.WriteString(c, strings.Repeat("x", i)+"\n"); err != nil {
				return
			}
		}
		io.Copy(io.Discard, c)
	}
	script := "open flood 9000\n" + strings.Repeat(".status\n.mode line\n.eol lf\n", 50) + ".await bytes 20100\n.status\n.close\n"
	out, err := run(t, world{"flood:9000": flood}, Options{Record: RecordOptions{Tape: filepath.Join(t.TempDir(), "x.tape")}}, "", script)
	if err != nil {
		t.Error(err)
	}
	if !strings.Contains(out, "recording to ") {
		t.Errorf(".status names no recording:\n%s", out)
	}
}

// A word that connects for itself writes to the session's tapes, under numbers
// of its own.
func TestLentSinksRecordIntoTheSession(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.tape")
	synctest.Test(t, func(t *testing.T) {
		servers := world{"ok:80": oneReply("HTTP/1.1 204 No Content\r\n\r\n", true)}
		auto := func(_ context.Context, _ []string, env Env) error {
			for range 2 {
				sink, mark := env.Record()
				mark("looked at ", "http://site/?token=geheim")
				for n := range 2 {
					facts := &wire.Facts{Network: "tcp", Target: "site:80", Role: wire.Dialed}
					sink(wire.Event{Conn: n + 1, Kind: wire.KindOpen, Facts: facts})
					sink(wire.Event{Conn: n + 1, Kind: wire.KindClose})
				}
			}
			_, err := io.WriteString(env.Out, "analysed\n")
			return err
		}
		const get = "open ok 80\nGET / HTTP/1.0\n\n.close\n"
		out, err := run(t, servers, Options{Auto: auto, Record: RecordOptions{Tape: file}}, "", get+"auto site\n"+get)
		if err != nil || !strings.Contains(out, "\nanalysed\n") {
			t.Errorf("%v, output:\n%s", err, out)
		}
	})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var opened []string
	marks := map[int]string{}
	r := tape.NewReader(bytes.NewReader(text), file)
	last := time.Duration(0)
	for e, err := range r.Events() {
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if e.Kind == wire.KindOpen {
			opened = append(opened, fmt.Sprint(e.Conn, " ", e.Facts.Target))
		}
		if m := r.Marked(); m != "" {
			marks[e.Conn] = m
		}
		if e.At < last {
			t.Errorf("%v comes after %v", e.At, last)
		}
		last = e.At
	}
	if got := strings.Join(opened, ", "); got != "1 ok:80, 1001 site:80, 1002 site:80, 2001 site:80, 2002 site:80, 2 ok:80" {
		t.Errorf("the tape has connections %s", got)
	}
	if len(marks) != 2 || marks[1001] != marks[2001] || !strings.HasPrefix(marks[1001], "looked at http://site/?token=") || strings.Contains(marks[1001], "geheim") {
		t.Errorf("the marks are %v", marks)
	}
}

// A session that connects often takes more thousands for its own connections, and
// none that were lent.
func TestConnectionsOnATapeHaveOneNumberEach(t *testing.T) {
	r := recorder{numbers: map[[2]int]int{}, latest: map[int]int{}}
	r.number(0, 1)
	if got := []int{r.number(1, 1), r.number(2, 1), r.number(1, 2), r.number(0, 2), r.number(0, 0)}; !slices.Equal(got, []int{1001, 2001, 1002, 2, 0}) {
		t.Errorf("the numbers are %v", got)
	}
	seen := map[int]bool{}
	for n := range 2500 {
		seen[r.number(0, n+1)] = true
	}
	if len(seen) != 2500 || !seen[999] || !seen[3001] || !seen[4001] || seen[1001] || seen[1000] {
		t.Errorf("%d numbers", len(seen))
	}
}
