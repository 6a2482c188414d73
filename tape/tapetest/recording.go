package tapetest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/tape/redact"
	"wiretape/tape/update"
	"wiretape/wire"
)

// A recording is a tape in memory, without secrets.
type recording struct {
	buf  bytes.Buffer
	w    *tape.Writer
	mask *redact.Redactor
}

func newRecording() *recording {
	r := &recording{}
	r.w = tape.NewWriter(&r.buf, tape.Options{})
	r.mask = redact.New(r.w.Spanned, redact.Options{})
	return r
}

// event takes an event. It is a wire.Sink.
func (r *recording) event(e wire.Event) { r.mask.Event(e) }

// tape ends the recording and returns it as it is committed.
func (r *recording) tape(t testing.TB, name string) []byte {
	t.Helper()
	r.mask.Flush()
	if err := r.w.Close(); err != nil {
		t.Fatalf("tapetest: record: %v", err)
	}
	var out bytes.Buffer
	if _, err := tape.Format(&out, &r.buf, tape.FormatOptions{Name: name, Commit: true}); err != nil {
		t.Fatalf("tapetest: record: %v", err)
	}
	return out.Bytes()
}

// save writes what the recording says into the tape at path: its comments, rules,
// marks and spans stay. A recording of another conversation takes its place.
func (r *recording) save(t testing.TB, path string) {
	t.Helper()
	accept(t, path, r.tape(t, path))
}

func accept(t testing.TB, path string, recording []byte) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("tapetest: %v", err)
	}
	b, err := update.Accept(old, path, recording)
	if errors.Is(err, update.ErrStructure) {
		b, err = recording, nil
	}
	if err != nil {
		t.Fatalf("tapetest: %v", err)
	}
	if !bytes.Equal(b, old) {
		write(t, path, b)
	}
}

// write writes a tape, all of it or nothing.
func write(t testing.TB, path string, b []byte) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = tape.ReplaceFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatalf("tapetest: write %s: %v", path, err)
	}
	t.Logf("wrote %s", path)
}

// compare compares the recording with the tape at path, or writes it there.
func (r *recording) compare(t testing.TB, path string) {
	t.Helper()
	b := r.tape(t, path)
	got, err := match.Load(bytes.NewReader(b), path+" (now)")
	if err != nil {
		t.Fatalf("tapetest: %v", err)
	}
	if _, err := os.Stat(path); err != nil && *updating {
		write(t, path, b)
		return
	}
	out := match.Diff(load(t, path), got)
	if *updating && len(out.Mismatches) > 0 {
		accept(t, path, b)
		if again, err := match.Load(bytes.NewReader(b), path); err == nil && len(match.Diff(load(t, path), again).Mismatches) > 0 {
			write(t, path, b) // the test's own client says something else too
		}
		return
	}
	for _, m := range out.Mismatches {
		t.Errorf("%v", m)
	}
}
