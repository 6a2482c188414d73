package prototest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// suitesEnv names the folder of the public conformance data.
const suitesEnv = "WIRETAPE_SUITES"

// Suite returns a file of the public conformance data, unpacked where its name
// ends in ".gz". It skips the test where the data is absent.
func Suite(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := readSuite(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && os.Getenv(suitesEnv) == "":
		tb.Skipf("no conformance data: set %s to the folder that holds %s", suitesEnv, name)
	case err != nil:
		tb.Fatal(err)
	}
	return data
}

// Rows returns the rows of a file of JSON lines, as [Suite] finds it.
func Rows[T any](tb testing.TB, name string) []T {
	tb.Helper()
	var rows []T
	for line := range bytes.Lines(Suite(tb, name)) {
		var row T
		if err := json.Unmarshal(line, &row); err != nil {
			tb.Fatalf("%s: row %d: %v", name, len(rows)+1, err)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		tb.Fatalf("%s: no rows", name)
	}
	return rows
}

// Seeds returns the inputs of a public fuzzing corpus, those of up to 4 KiB; none
// where the data is absent, since fuzzing goes without them too.
func Seeds(tb testing.TB, name string) [][]byte {
	tb.Helper()
	data, err := readSuite("fuzzseeds/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		tb.Fatal(err)
	}
	var seeds [][]byte
	for line := range bytes.Lines(data) {
		seed, err := base64.StdEncoding.AppendDecode(nil, bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			tb.Fatalf("%s: seed %d: %v", name, len(seeds)+1, err)
		}
		if len(seed) <= 4<<10 {
			seeds = append(seeds, seed)
		}
	}
	return seeds
}

// readSuite reads a file from the folder that the environment names, or from the
// one that stands beside the module.
func readSuite(name string) ([]byte, error) {
	dir := os.Getenv(suitesEnv)
	if dir == "" {
		root, err := moduleRoot()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(root, "..", "shared", "suites")
	}
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if !strings.HasSuffix(name, ".gz") {
		return io.ReadAll(f)
	}
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// moduleRoot returns the folder of go.mod, at or above that of the test.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fs.ErrNotExist
		}
		dir = up
	}
}
