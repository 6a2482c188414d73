package suite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Suffix is how the names of tapes end that are found in a folder.
const Suffix = ".tape"

// ErrNone is the error of a suite without a tape: nothing tested is no success.
var ErrNone = errors.New("no tape there")

// Find returns the names of the tapes of a suite, each once, in the order of the
// alphabet within each path: a path is a tape, or a folder whose tapes are meant,
// in folders below it too. Names that begin with a dot are passed over.
func Find(paths ...string) ([]string, error) {
	var names []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			names = append(names, path)
			continue
		}
		found := 0
		err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case name != path && strings.HasPrefix(d.Name(), "."):
				if d.IsDir() {
					return fs.SkipDir
				}
			case !d.IsDir() && strings.HasSuffix(name, Suffix):
				names = append(names, name)
				found++
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if found == 0 {
			return nil, fmt.Errorf("%s: %w", path, ErrNone)
		}
	}
	seen := make(map[string]bool)
	return slices.DeleteFunc(names, func(name string) bool {
		again := seen[filepath.Clean(name)]
		seen[filepath.Clean(name)] = true
		return again
	}), nil
}

// Shard returns part i of n of names, i from 1: every n-th, so that all parts take
// about as long.
func Shard(names []string, i, n int) []string {
	var part []string
	for k := i - 1; k < len(names); k += n {
		part = append(part, names[k])
	}
	return part
}
