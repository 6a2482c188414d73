package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wiretape/session"
	"wiretape/session/analyze"
	"wiretape/session/view"
)

// siteThat answers every request with a page, until as many as held were
// answered: then it says so and answers no more.
func siteThat(t *testing.T, held int64) (addr string, stuck <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var n atomic.Int64
	full := make(chan struct{})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 4<<10)
				if k, err := c.Read(b); err != nil || !bytes.HasPrefix(b[:k], []byte("GET ")) {
					return
				}
				switch i := n.Add(1); {
				case held > 0 && i == held:
					close(full)
					fallthrough
				case held > 0 && i > held:
					io.Copy(io.Discard, c)
					return
				}
				io.WriteString(c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=<b>\r\nContent-Length: 2\r\n\r\nok")
			}()
		}
	}()
	return l.Addr().String(), full
}

// ^C does not wait for a list that is typed.
func TestInterruptedWhileTheListIsAwaited(t *testing.T) {
	addr, _ := siteThat(t, 6)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "wiretape", "auto", "--jsonl", "-")
	cmd.Env = terminalEnv(t.TempDir())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(in, "http://%s/\n", addr)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Errorf("%q, %v", line, err)
	}
	cmd.Process.Signal(os.Interrupt)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("%v, want 130", cmd.ProcessState)
	}
}

// ^C ends the output in order, with what was done.
func TestInterruptedListIsWhole(t *testing.T) {
	for _, form := range []string{"--json", "--jsonl", "--classic"} {
		addr, stuck := siteThat(t, 6)
		dir := t.TempDir()
		list := strings.Repeat("http://"+addr+"/\n", 50)
		if err := os.WriteFile(filepath.Join(dir, "list"), []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "wiretape", "auto", form, "-j", "1", "--input", "list", "--html", "page.html", "--tape", "x.tape")
		cmd.Dir, cmd.Env = dir, terminalEnv(dir)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-stuck
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != 130 {
			t.Errorf("%s: status %d; %s", form, got, errs.String())
		}
		if !strings.Contains(errs.String(), "* interrupted after 5 sites of 50 in ") {
			t.Errorf("%s: says %q", form, errs.String())
		}
		sites := strings.Count(out.String(), `"schema":`)
		if form == "--classic" {
			sites = strings.Count(out.String(), "website: ")
		}
		if sites != 5 || form == "--json" && !strings.HasSuffix(out.String(), "}]\n") {
			t.Errorf("%s: %d sites in %s", form, sites, out.String())
		}
		if page, err := os.ReadFile(filepath.Join(dir, "page.html")); err != nil || !bytes.HasSuffix(page, []byte("</html>\n")) || bytes.Count(page, []byte(`<details class="site"`)) != 5 {
			t.Errorf("%s: page %v", form, err)
		}
		if from, stderr, status := wiretape(t, dir, "", "auto", "--classic", "--from", "x.tape"); status != 0 || strings.Count(from, "website: ") < 5 {
			t.Errorf("%s: status %d of the tape, %s%s", form, status, from, stderr)
		}
	}
}

// Nothing is held of what is done: the memory for many sites is that for few.
func TestManySitesInFlatMemory(t *testing.T) {
	sites := 3000
	if testing.Short() {
		sites = 300
	}
	addr, _ := siteThat(t, 0)
	dir := t.TempDir()
	cmd := exec.Command("wiretape", "auto", "--jsonl", "-j", "64", "--expect", "hops[0].status == 200", "-")
	cmd.Dir, cmd.Env = dir, terminalEnv(dir)
	cmd.Stdin = strings.NewReader(strings.Repeat("http://"+addr+"/\n", sites))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, peak := 0, 0
	buf := make([]byte, 64<<10)
	for {
		n, err := out.Read(buf)
		lines += bytes.Count(buf[:n], []byte("\n"))
		peak = max(peak, peakMemory(cmd.Process.Pid))
		if err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil || lines != sites {
		t.Fatalf("%d lines of %d, %v\n%s", lines, sites, err, errs.String())
	}
	if peak > 60<<10 {
		t.Errorf("%d KiB of memory", peak)
	}
	t.Logf("%s; %d KiB", strings.TrimSpace(errs.String()), peak)
}

func TestProgressSaysWhatIsLeft(t *testing.T) {
	for _, row := range []struct {
		total, done, silent int
		took                time.Duration
		want                string
	}{
		{2000, 0, 0, time.Second, "0 of 2000; 0/s"},
		{2000, 500, 3, 5 * time.Second, "500 of 2000, 3 without an answer; 100/s, 15s left"},
		{20000, 100, 0, time.Second, "100 of 20000; 100/s, 3m19s left"},
		{2000, 2000, 0, 5 * time.Second, "2000 of 2000; 400/s"},
		{0, 7, 0, 2 * time.Second, "7; 4/s"},
		{3, 1, 0, 0, "1 of 3; 1000/s, 0s left"},
	} {
		p := progress{total: row.total}
		if got := p.text(row.done, row.silent, row.took); got != row.want {
			t.Errorf("%+v: %q", row, got)
		}
	}
}

// Whatever a peer sends is text on the page.
func TestPageShowsAndObeysNothing(t *testing.T) {
	bad := "<script>alert(1)</script>\"'&\x1b]0;x\x07\u202e"
	r := analyze.Report{
		URL: "http://h/" + bad, Website: bad, Error: analyze.Text(bad), Warnings: []string{bad}, HTTPS: bad,
		HTTP2:  analyze.HTTP2{Verdict: analyze.Verdict(bad), Evidence: bad},
		TLS:    &analyze.TLS{Subject: bad, Names: []string{bad}},
		Hops:   []analyze.Hop{{URL: bad}},
		Server: []analyze.Field{{Name: bad, Note: bad}},
	}
	page := view.AppendPageFoot(view.AppendSite(view.AppendPageHead(nil, bad), &r, false, []string{bad}, true), bad)
	for _, no := range []string{"<script", "\x1b", "\x07", "\u202e", "\"'&"} {
		if bytes.Contains(page, []byte(no)) {
			t.Errorf("%q stands on the page", no)
		}
	}
	if n := bytes.Count(page, []byte("alert(1)")); n < 10 {
		t.Errorf("%d times on the page:\n%s", n, page)
	}
}

// A list may be written by anybody.
func TestListsOfSites(t *testing.T) {
	long := strings.Repeat("x", 3*maxSiteLine)
	s := &sites{list: bufio.NewReader(strings.NewReader("\ufeffa\r\n\n# b\n  c d \n" + long + "\nlast")), name: "list"}
	var got []string
	for {
		u, err := s.next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			break
		}
		got = append(got, u)
	}
	if want := []string{"a", "c d", long[:maxSiteLine], "last"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %.100q", got)
	}
}

// Nor for somebody who writes to a FIFO.
func TestInterruptedWhileAFIFOIsOpened(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fifo")
	if out, err := exec.Command("mkfifo", name).CombinedOutput(); err != nil {
		t.Skipf("mkfifo: %v %s", err, out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := openList(ctx, name)
		done <- err
	}()
	cancel()
	if f, ok := errors.AsType[*session.Failure](<-done); !ok || f.Status != session.StatusInterrupted {
		t.Errorf("%v, want status %d", f, session.StatusInterrupted)
	}
	// The one who waits is let go.
	w, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
}
