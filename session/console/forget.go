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
)

// Forget drops what was typed since Open from what Up brings back and from the
// history file, where other sessions may have added to it meanwhile.
func (c *Console) Forget() error {
	e := c.editor
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.history.forget()
}

// forget drops the entries that were added.
func (h *history) forget() error {
	mine := func(text string) bool { return slices.Contains(h.added, text) }
	h.entries = slices.DeleteFunc(h.entries, mine)
	if err := h.filter(mine); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	h.added = nil
	return nil
}

// filter rewrites the file without the entries that drop takes.
func (h *history) filter(drop func(string) bool) error {
	if h.path == "" {
		return nil
	}
	src, err := os.Open(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.CreateTemp(filepath.Dir(h.path), filepath.Base(h.path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(dst.Name())
	defer dst.Close()
	w := bufio.NewWriter(dst)
	sc := bufio.NewScanner(src)
	sc.Buffer(nil, 8*maxEntrySize)
	for sc.Scan() {
		var text string
		if json.Unmarshal(sc.Bytes(), &text) == nil && drop(text) {
			continue
		}
		w.Write(sc.Bytes())
		w.WriteByte('\n')
	}
	if err := errors.Join(sc.Err(), w.Flush(), dst.Close()); err != nil {
		return err
	}
	return os.Rename(dst.Name(), h.path)
}
