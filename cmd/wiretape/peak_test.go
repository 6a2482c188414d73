//go:build !race

package main

import (
	"fmt"
	"os"
	"strings"
)

// peakMemory returns the most memory that a process has had resident, in KiB; 0
// for one that has ended. (Its rusage counts that of the test before exec.)
func peakMemory(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	fmt.Sscan(rest, &kib)
	return kib
}
