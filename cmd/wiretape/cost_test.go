//go:build !race

// The race detector costs time and memory of its own, so what a run may cost is
// measured without it.

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Start-up is part of the speed: nothing that we chose to depend on may cost
// more than 0.3 ms before main.
func TestInitCost(t *testing.T) {
	const limit = 300 * time.Microsecond
	row := regexp.MustCompile(`(?m)^init (\S+) @\S+ ms, (\S+) ms clock`)
	best := map[string]time.Duration{}
	// Ours are those whose path has a dot, or begins with the module's name: others
	// are the standard library's own.
	ours := func(pkg string) bool { return strings.Contains(pkg, ".") || strings.HasPrefix(pkg, "wiretape") }
	above := func() bool {
		for pkg, d := range best {
			if ours(pkg) && d > limit {
				return true
			}
		}
		return false
	}
	for n := 0; n < 10 || n < 60 && above(); n++ { // the least of several: the machine may be busy
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("run with inittrace: %v\n%s", err, out)
		}
		for _, m := range row.FindAllStringSubmatch(string(out), -1) {
			d, err := time.ParseDuration(m[2] + "ms")
			if err != nil {
				t.Fatalf("inittrace row %q: %v", m[0], err)
			}
			if old, ok := best[m[1]]; !ok || d < old {
				best[m[1]] = d
			}
		}
	}
	if len(best) == 0 {
		t.Fatal("inittrace printed no rows")
	}
	for pkg, d := range best {
		if ours(pkg) && d > limit {
			t.Errorf("init of %s takes %v, limit %v", pkg, d, limit)
		}
	}
}

// A pipe gives every octet, in bounded memory, and ends with the reply though the
// connection stays open.
func TestLargePipe(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 64 << 20
	}
	cmd := exec.Command("wiretape", "127.0.0.1", download(t, size))
	cmd.Env = terminalEnv(t.TempDir())
	cmd.Stdin = bytes.NewReader([]byte(get))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	got, want := sha256.New(), sha256.New()
	peak := 0
	for {
		n, err := io.CopyN(got, out, 16<<20)
		if high := peakMemory(cmd.Process.Pid); high > peak {
			peak = high
		}
		if n == 0 || err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("pipe: %v", err)
	}
	fmt.Fprintf(want, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
	io.CopyBuffer(struct{ io.Writer }{want}, io.LimitReader(&pattern{}, size), make([]byte, 256<<10))
	if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Error("what came out is not what was sent")
	}
	if peak == 0 || peak > 32<<10 {
		t.Errorf("peak memory %d KiB, want at most 32 MiB", peak)
	}
}
