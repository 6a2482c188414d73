package console

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxEntries   = 1000
	maxEntrySize = 64 << 10 // 64 KiB; a longer entry is not remembered
)

// A history is what was typed, oldest first, each text once. An entry is the
// text of a draft, so that what was quoted is recalled as quoted, and may have
// several lines. The file holds one JSON string per entry, mode 0600, and is
// only appended to while in use, so that sessions can share it.
type history struct {
	path    string
	secret  func(string) bool
	entries []string
	added   []string // since it was loaded
}

// load reads the file. Lines that are no JSON strings are skipped.
func (h *history) load() error {
	if h.path == "" {
		return nil
	}
	f, err := os.Open(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	n := 0
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 8*maxEntrySize) // a byte may be escaped as six
	for ; sc.Scan(); n++ {
		var text string
		if json.Unmarshal(sc.Bytes(), &text) == nil {
			var clean []rune // the file may come from elsewhere
			for _, r := range text {
				if isOurs(r) {
					clean = append(clean, r)
				} else {
					clean = appendDraftRune(clean, r)
				}
			}
			h.push(string(clean))
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("read %s: %w", h.path, err)
	}
	if n > 2*maxEntries {
		return h.rewrite()
	}
	return nil
}

// push adds text in memory and reports whether it did. Lines that were typed
// one by one and now come as one text give way to it.
func (h *history) push(text string) bool {
	if strings.TrimSpace(text) == "" || strings.HasPrefix(text, " ") || len(text) > maxEntrySize {
		return false
	}
	if lines := splitDraft([]rune(text)); len(lines) > 1 {
		for _, line := range slices.Backward(lines) {
			if n := len(h.entries); n > 0 && h.entries[n-1] == string(line) {
				h.entries = h.entries[:n-1]
			}
		}
	}
	if i := slices.Index(h.entries, text); i >= 0 {
		h.entries = slices.Delete(h.entries, i, i+1)
	}
	h.entries = append(h.entries, text)
	if len(h.entries) > maxEntries {
		h.entries = slices.Delete(h.entries, 0, len(h.entries)-maxEntries)
	}
	return true
}

// add remembers text, on disk too unless a line of it is secret.
func (h *history) add(text string) error {
	last := ""
	if n := len(h.entries); n > 0 {
		last = h.entries[n-1]
	}
	if !h.push(text) {
		return nil
	}
	h.added = append(h.added, text)
	if over := len(h.added) - maxEntries; over > 0 {
		h.added = slices.Delete(h.added, 0, over)
	}
	if h.path == "" || text == last || h.isSecret(text) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Chmod(0o600); err != nil {
		return err
	}
	line, err := json.Marshal(text)
	if err != nil {
		return fmt.Errorf("encode history entry: %w", err)
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return err
	}
	return f.Close()
}

func (h *history) isSecret(text string) bool {
	if h.secret == nil {
		return false
	}
	return slices.ContainsFunc(splitDraft([]rune(text)), func(line []rune) bool {
		return h.secret(decodeDraft(line))
	})
}

// rewrite shortens the file to what is remembered of it.
func (h *history) rewrite() error {
	f, err := os.CreateTemp(filepath.Dir(h.path), filepath.Base(h.path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	for _, text := range h.entries {
		if err := enc.Encode(text); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), h.path)
}

// search returns the index of the newest entry before i that holds query, -1
// if there is none.
func (h *history) search(query string, i int) int {
	for i--; i >= 0; i-- {
		if strings.Contains(h.entries[i], query) {
			return i
		}
	}
	return -1
}

// searchForward returns the index of the oldest entry after i that holds
// query, -1 if there is none.
func (h *history) searchForward(query string, i int) int {
	for i++; i < len(h.entries); i++ {
		if strings.Contains(h.entries[i], query) {
			return i
		}
	}
	return -1
}
