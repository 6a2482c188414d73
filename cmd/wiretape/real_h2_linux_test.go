package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// A hundred MiB go both ways in a bounded memory.
func TestLongBodiesOverHTTP2(t *testing.T) {
	port := nghttpd(t, "", "")
	dir := t.TempDir()
	const size = 100 << 20
	body := filepath.Join(dir, "body")
	f, err := os.Create(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	f.Close()
	cmd := exec.CommandContext(t.Context(), "wiretape", append(typing(".timeout 60s",
		".send headers :method: POST :scheme: http :path: /up :authority: localhost", ".send data file "+body+" end",
		fmt.Sprintf(".await bytes %d 60s", size)), "h2c://localhost:"+port)...)
	cmd.Env = terminalEnv(dir)
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		t.Errorf("100 MiB echoed: %v", err)
	}
	if most := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss; most > 400<<10 { // KiB
		t.Errorf("100 MiB took %d MiB of memory", most>>10)
	}
}
