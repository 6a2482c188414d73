package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLimitFlag(t *testing.T) {
	for _, tt := range []struct{ text, want, err string }{
		{"line=64k", "line=64k", ""},
		{"HEAD=3,line=1K", "line=1k,head=3", ""},
		{"body=1g,decoded=8m,ratio=1000", "body=1024m,decoded=8m,ratio=1000", ""},
		{"", "", `limit "": want one of line, head, body, decoded, ratio`},
		{"lines=1", "", `limit "lines": want one of line, head, body, decoded, ratio`},
		{"line", "", "limit line=: want 1 to 1g, such as 64k or 8m"},
		{"line=0", "", "limit line=0: want 1 to 1g, such as 64k or 8m"},
		{"line=2g", "", "limit line=2g: want 1 to 1g, such as 64k or 8m"},
		{"line=-1", "", "limit line=-1: want 1 to 1g, such as 64k or 8m"},
		{"line=k", "", "limit line=k: want 1 to 1g, such as 64k or 8m"},
		{"line=99999999999999999999m", "", "limit line=99999999999999999999m: want 1 to 1g, such as 64k or 8m"},
	} {
		var l limitFlags
		text := ""
		if err := l.Set(tt.text); err != nil {
			text = err.Error()
		}
		if text != tt.err || tt.err == "" && l.String() != tt.want {
			t.Errorf("Set(%q) = %q, %q; want %q, %q", tt.text, l.String(), text, tt.want, tt.err)
		}
	}
}

// Each limit bounds what show makes of a tape, and says that it did.
func TestLimitsOfShow(t *testing.T) {
	dir := t.TempDir()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, strings.Repeat("word ", 40))
	z.Close()
	reply := fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Long: %s\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", strings.Repeat("x", 300), packed.Len(), &packed)
	tape := "wiretape 1\n= open tcp h:80\n> GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n\n<x " + fmt.Sprintf("%x", reply) + "\n= close\n; end\n"
	if err := os.WriteFile(filepath.Join(dir, "x.tape"), []byte(tape), 0o600); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[string]string{
		"line=64k":   `"body_text":"word word`,
		"head=100":   `"kind":"raw"`,
		"body=10":    `"body_cut":true`,
		"decoded=50": `50`,
	} {
		out := wants(t, dir, 0, nil, "show", "--json", "--limit", limit, "x.tape")
		if !strings.Contains(out, want) {
			t.Errorf("--limit %s: want %s in\n%s", limit, want, out)
		}
	}
	long := "wiretape 1\n= open tcp h:25\n< 220 " + strings.Repeat("x", 300) + "\\r\\n\n= close\n; end\n"
	if err := os.WriteFile(filepath.Join(dir, "long.tape"), []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := wants(t, dir, 0, nil, "show", "--json", "--limit", "line=100", "long.tape"); strings.Contains(out, `"notes":[]`) {
		t.Errorf("--limit line=100 leaves a line of 304 octets alone:\n%s", out)
	}
	for _, args := range [][]string{{"show", "--limit", "lin=3", "x.tape"}, {"--limit", "lin=3", "localhost", "1"}} {
		if _, stderr, status := wiretape(t, dir, "", args...); status != 2 || !strings.Contains(stderr, `limit "lin": want one of line`) {
			t.Errorf("%q: status %d, %s", args, status, stderr)
		}
	}
}
