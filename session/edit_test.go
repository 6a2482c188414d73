package session

import (
	"os/exec"
	"testing"
	"testing/synctest"

	"wiretape/session/view"
)

func TestEditTranscript(t *testing.T) {
	if _, err := exec.LookPath("sed"); err != nil {
		t.Skip("no sed to edit with: package sed")
	}
	t.Setenv("VISUAL", "sed -i -e s/one/two/ -e s/^X:.*/X:9/")
	synctest.Test(t, func(t *testing.T) {
		w := world{"h:80": site(map[string]string{"POST /two": response("200 OK", "")})}
		golden(t, "edit.golden", play(t, w, Options{Style: view.Style{EscapeKey: "^]"}}, ".edit", "open http://h",
			".post /one -d one", ".edit", "POST /two HTTP/1.1", "Host: h", "Content-Length: 3", "", "two", ".edit 1", "^Z 2s", "GET /one HTTP/1.1", "X: 1", ".edit", ".edit 7", ".edit x", ".quit"))
	})
	t.Setenv("VISUAL", "false")
	synctest.Test(t, func(t *testing.T) {
		w := world{"h:80": site(nil)}
		golden(t, "edit-fails.golden", play(t, w, Options{Style: view.Style{EscapeKey: "^]"}}, "open http://h", ".get /", ".edit", ".quit"))
	})
}

func TestTypedAgain(t *testing.T) {
	for _, tt := range []struct {
		file  string
		block bool
		want  string
	}{
		{"GET /\nHost: h\n", true, "GET /\nHost: h\n"},
		{"GET /\nHost: h", true, "GET /\nHost: h\n"},
		{"GET /\nHost: h\n\n", true, "GET /\nHost: h\n"},
		{"GET /\n\n\n\n", true, "GET /\n"},
		{"POST /\nContent-Length: 3\n\ntwo\n", true, "POST /\nContent-Length: 3\n\ntwo"},
		{"POST /\nContent-Length: 5\n\ntwo\n\n", true, "POST /\nContent-Length: 5\n\ntwo"},
		{"POST /\nContent-Length: 9\n\na\n\nb\n", true, "POST /\nContent-Length: 9\n\na\n\nb"},
		{"EHLO me\n", false, "EHLO me"},
		{"EHLO me\nHELP\n", false, "EHLO me\nHELP"},
	} {
		if got := typedAgain(tt.file, tt.block); got != tt.want {
			t.Errorf("%q, block %v: %q, want %q", tt.file, tt.block, got, tt.want)
		}
	}
}
