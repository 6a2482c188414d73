package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A headless Chromium is satisfied by the tape of what it saw through the proxy: it
// gets the page, its style and its script. The connections that it opens ahead and
// says nothing on are no failure.
func TestTapeSatisfiesChromium(t *testing.T) {
	chromium := needTool(t, "chromium", "chromium")
	page := map[string]string{
		"/":      `<!doctype html><title>t</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/s.css"><p id="p">before</p><script src="/a.js"></script>`,
		"/s.css": "p { color: red }\n",
		"/a.js":  `document.getElementById("p").textContent = "after " + getComputedStyle(document.getElementById("p")).color` + "\n",
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := page[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		w.Header().Set("Content-Type", map[string]string{"/s.css": "text/css", "/a.js": "text/javascript"}[r.URL.Path])
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
		}
		io.WriteString(w, text)
	}))
	defer site.Close()
	dir := t.TempDir()
	visit := func(addr string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--dump-dom", "http://"+addr+"/")
		cmd.WaitDelay = time.Second // its children hold its output
		kill := time.AfterFunc(60*time.Second, func() { cmd.Process.Kill() })
		defer kill.Stop()
		dom, err := cmd.Output()
		if !strings.Contains(string(dom), `<p id="p">after rgb(255, 0, 0)</p>`) {
			t.Errorf("%v, and the page is\n%s", err, dom)
		}
	}
	addr, end := recordingProxy(t, dir, "--to", site.URL, "page.tape")
	visit(addr)
	if status, said := end(); status != 0 || !strings.Contains(said, "page.tape: 3 exchanges") {
		t.Fatalf("record: status %d\n%s", status, said)
	}
	site.Close()
	served, done := serving(t, dir, "page.tape")
	visit(served)
	if status, out := done(); status != 0 {
		t.Errorf("serve: status %d\n%s", status, out)
	}
}
