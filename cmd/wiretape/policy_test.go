package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// directions says which of our packages each package may import. A package that
// is not here is an error too: it wants a row, and a sentence in the commit that
// adds it. Do not change this table to make a build pass.
var directions = map[string]string{
	"wire":                 "",
	"wire/wiretest":        "wire",
	"wire/proto":           "wire",
	"wire/proto/prototest": "wire wire/proto",
	"wire/token":           "",
	"wire/auth":            "wire/token",
	"wire/cookie":          "wire/token",
	"wire/content":         "wire/token",
	"wire/http1":           "wire wire/proto wire/token",
	"wire/http2":           "wire wire/proto wire/http1",
	"wire/line":            "wire wire/proto",
	"wire/pop3":            "wire wire/proto wire/line",
	"wire/imap":            "wire wire/proto wire/line",
	"wire/websocket":       "wire wire/proto wire/http1",
	"wire/sse":             "wire wire/proto",
	"wire/grpc":            "wire wire/proto",
	"wire/resp":            "wire wire/proto",
	"wire/dns":             "wire wire/proto",
	"wire/ssh":             "wire wire/proto",
	"wire/telnet":          "wire wire/proto",
	"wire/tlsrec":          "wire wire/proto",
	"wire/keylog":          "wire wire/proto wire/tlsrec",
	"wire/detect":          "wire wire/proto wire/token " + parsers,
	"tape":                 "wire",
	"tape/record":          "wire",
	"tape/suite":           "wire wire/proto wire/http1 tape tape/match tape/replay",
	"tape/update":          "wire wire/proto wire/detect wire/content tape tape/match tape/lint " + parsers,
	"tape/tapetest":        "wire tape tape/match tape/redact tape/replay tape/update",
	"tape/har":             "wire wire/proto wire/token wire/detect wire/content wire/cookie " + parsers,
	"tape/pcapng":          "wire wire/keylog tape",
	"tape/script":          "wire wire/proto wire/detect tape " + parsers,
	"tape/redact":          "wire wire/token wire/http2 tape",
	"tape/lint":            "wire wire/proto wire/detect wire/content tape tape/redact " + parsers,
	"tape/match":           "wire wire/proto wire/detect wire/cookie wire/content tape tape/redact " + parsers,
	"tape/replay":          "wire wire/proto wire/detect tape tape/redact tape/match " + parsers,
	"session":              "wire wire/proto wire/detect wire/auth wire/cookie wire/content tape tape/redact tape/match tape/replay session/analyze session/answer session/curl session/expr session/h2 session/view session/why session/word tape/script tape/har tape/pcapng " + parsers,
	"session/answer":       "wire",
	"session/curl":         "wire/auth",
	"session/expr":         "",
	"session/analyze":      "wire wire/proto wire/detect wire/auth wire/cookie wire/content " + parsers,
	"session/h2":           "wire wire/proto wire/http2 session/answer session/word",
	"session/word":         "",
	"session/why":          "wire wire/proto " + parsers,
	"session/view":         "wire wire/proto wire/detect wire/cookie wire/content tape tape/match tape/replay session/analyze " + parsers,
	"session/console":      "",
	"session/demo":         "wire wire/proto wire/http1 wire/http2 wire/line wire/pop3 wire/websocket",
	"cmd/wiretape":         "*",
}

// parsers are the packages that read a protocol each, for those who read what
// parsers give.
const parsers = "wire/http1 wire/http2 wire/line wire/pop3 wire/imap wire/websocket wire/sse wire/grpc wire/resp wire/dns wire/ssh wire/telnet wire/tlsrec"

// onlyIn names the one package that may import a library.
var onlyIn = map[string]string{
	"github.com/chzyer/readline": "session/console",
	"github.com/fatih/color":     "session/view",
	"github.com/spf13/cobra":     "cmd/wiretape",
	"github.com/miekg/dns":       "wire/dns",

	"github.com/klauspost/compress/flate": "wire/content",
	"github.com/klauspost/compress/gzip":  "wire/content",
	"github.com/klauspost/compress/zlib":  "wire/content",
	"github.com/klauspost/compress/zstd":  "wire/content",
	"github.com/andybalholm/brotli":       "wire/content",
	"golang.org/x/net/html/charset":       "wire/content",
	"golang.org/x/net/proxy":              "wire",

	"golang.org/x/crypto/chacha20poly1305": "wire/keylog",
}

type listed struct {
	ImportPath string
	Doc        string
	Imports    []string
	Standard   bool
}

func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Doc,Imports,Standard"}, args...)...)
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %q: %v", args, err)
	}
	var pkgs []listed
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for dec.More() {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatalf("go list %q: %v", args, err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs
}

func TestImportDirections(t *testing.T) {
	for _, p := range goList(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, "wiretape/")
		allowed, ok := directions[name]
		if !ok {
			t.Errorf("package %s has no row in the table of import directions", name)
			continue
		}
		for _, imp := range p.Imports {
			if home, ok := onlyIn[imp]; ok && home != name {
				t.Errorf("%s imports %s, which only %s may", name, imp, home)
			}
			ours, ok := strings.CutPrefix(imp, "wiretape/")
			if !ok || allowed == "*" || slices.Contains(strings.Fields(allowed), ours) {
				continue
			}
			t.Errorf("%s imports %s, which it may not", name, ours)
		}
	}
}

// The reading of raw HTTP is what this program is for: none of our packages
// imports an HTTP library. (The public suffix list's package imports net/http's
// cookie jar for the sake of an interface; nothing of it runs.)
func TestNoHTTPLibraryIsUsed(t *testing.T) {
	for _, p := range goList(t, "./...") {
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "net/http") || imp == "golang.org/x/net/http2" {
				t.Errorf("%s imports %s", p.ImportPath, imp)
			}
		}
	}
}

func TestEveryPackageIsDocumented(t *testing.T) {
	for _, p := range goList(t, "./...") {
		want := "Package " + p.ImportPath[strings.LastIndex(p.ImportPath, "/")+1:] + " "
		if strings.HasPrefix(p.ImportPath, "wiretape/cmd/") {
			want = "Command "
			if strings.HasPrefix(p.Doc, "Wiretape ") {
				continue
			}
		}
		if !strings.HasPrefix(p.Doc, want) {
			t.Errorf("%s: doc is %q, want %q…", p.ImportPath, p.Doc, want)
		}
	}
}

// Test helpers end in "test" and stay out of the program.
func TestNoTestHelperIsLinked(t *testing.T) {
	for _, p := range goList(t, "-deps", "./cmd/wiretape") {
		if p.ImportPath == "testing" || strings.HasPrefix(p.ImportPath, "wiretape/") && strings.HasSuffix(p.ImportPath, "test") {
			t.Errorf("cmd/wiretape depends on %s", p.ImportPath)
		}
	}
}

// init functions and package variables that do work hide cost and order.
func TestNoInitFunctions(t *testing.T) {
	fset := token.NewFileSet()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: func init", fset.Position(fn.Pos()))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Exactly these stand at the top level, and dotfiles.
func TestTopLevel(t *testing.T) {
	want := []string{"README.md", "cmd", "go.mod", "go.sum", "session", "tape", "wire"}
	cmd := exec.Command("git", "ls-files")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Skip("not a git checkout, so what is tracked is not known: clone with git to run this")
	}
	got := map[string]bool{}
	for name := range strings.Lines(string(out)) {
		first, _, _ := strings.Cut(strings.TrimSpace(name), "/")
		if !strings.HasPrefix(first, ".") {
			got[first] = true
		}
	}
	for name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("top level has %s", name)
		}
	}
	for _, name := range want {
		if !got[name] {
			t.Errorf("top level lacks %s", name)
		}
	}
}
