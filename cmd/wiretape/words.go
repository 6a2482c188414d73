package main

import (
	"fmt"
	"strings"
)

// count returns "1 secret", "2 secrets".
func count(n int, what string) string { return fmt.Sprintf("%d %s%s", n, what, plural(n)) }

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func joinComma(names []string) string { return strings.Join(names, ", ") }
