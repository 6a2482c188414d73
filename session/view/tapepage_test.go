package view

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"wiretape/wire/detect"
)

// onPages are strings that a browser would obey, beside those that a terminal
// would.
func onPages() []string {
	markup := []string{
		"</script><img src=x onerror=document.title='PWNED'><b id=pwned>", "<!--", "--><script>document.title='PWNED'</script>", "<!--<script>",
		"]]><svg/onload=document.title='PWNED'>", "\u2028document.title='PWNED'\u2029", `"'\";document.title='PWNED'//`, "</textarea></title></style>",
		"{{title}}", "javascript:document.title='PWNED'", "\ue004\ue000\ue00f", "&lt;b&gt;&#60;", "__proto__", "\\u003cb\\u003e",
	}
	return append(markup, hostile()...)
}

// tapePageOf writes a page of talks, one after the other.
func tapePageOf(tb testing.TB, title string, talks ...*talk) string {
	tb.Helper()
	var b strings.Builder
	page := NewTapePage(&b, PageOptions{Title: title, Style: Style{Start: start}})
	stream := detect.New(detect.Options{})
	for i, talk := range talks {
		for _, e := range talk.events {
			e.Conn += 2 * i
			page.Event(e, stream.Feed(e))
		}
	}
	if err := page.Close(stream.Close()); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// Whatever a peer sends, a page has the elements that its template has, and blocks
// of JSON.
func TestTapePageHasNoMarkupOfAPeers(t *testing.T) {
	for _, h := range onPages() {
		page := tapePageOf(t, h, hostileTalks(t, h)...)
		if clean := withoutColours(page); clean == page {
			t.Errorf("%q: the page has no colours", h)
		} else {
			checkShown(t, h, clean, Style{})
		}
		scripts, blocks := 0, 0
		z := html.NewTokenizer(strings.NewReader(page))
		inData := false
		for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
			switch kind {
			case html.TextToken:
				if text := z.Raw(); inData {
					blocks++
					if !json.Valid(text) || bytes.IndexByte(text, '<') >= 0 {
						t.Errorf("%q: a block is not JSON without <: %.200q", h, text)
					}
				}
			case html.StartTagToken, html.SelfClosingTagToken:
				tok := z.Token()
				inData = tok.Data == "script" && len(tok.Attr) > 0
				if tok.Data == "script" && !inData {
					scripts++
				}
				if slices.Contains([]string{"img", "svg", "b", "iframe", "object", "link", "base"}, tok.Data) {
					t.Errorf("%q: the page has an element %s", h, tok.Data)
				}
				for _, a := range tok.Attr {
					if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "href" {
						t.Errorf("%q: element %s has %s=%q", h, tok.Data, a.Key, a.Val)
					}
				}
			case html.EndTagToken:
				inData = false
			}
		}
		if scripts != 1 || blocks < 2 {
			t.Errorf("%q: %d scripts and %d blocks of data, want 1 and an index with others", h, scripts, blocks)
		}
	}
}

// What the policy names is what stands there.
func TestTapePagePolicyNamesItsOwnParts(t *testing.T) {
	page := tapePageOf(t, "x", dial("h.test:80").close())
	for _, part := range []struct{ begin, end, directive string }{{"<script>", "</script>", "script-src"}, {"<style>", "</style>", "style-src"}} {
		_, rest, _ := strings.Cut(page, part.begin)
		text, _, ok := strings.Cut(rest, part.end)
		if want := part.directive + " '" + hashSource(text) + "'"; !ok || !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if !strings.Contains(page, "default-src 'none'") {
		t.Error("the policy allows to fetch")
	}
	for _, no := range []string{"innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "http://", "https://", "url("} {
		if strings.Contains(baseStyle+tapeStyle+tapeScript+tapePage, no) {
			t.Errorf("the page's own parts have %q", no)
		}
	}
}

// dumpDOM has Chromium load a page, and returns what it became: there is no network
// in it, and no clock but the page's own.
func dumpDOM(t *testing.T, page, fragment string) string {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium: Debian package chromium")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--window-size=1200,800", "--virtual-time-budget=2000", "--dump-dom",
		(&url.URL{Scheme: "file", Path: path, Fragment: fragment}).String())
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium --dump-dom: %v", err)
	}
	return string(out)
}

// In a browser the page lists the conversation and shows what is chosen, as text.
func TestTapePageInABrowser(t *testing.T) {
	var talks []*talk
	for _, h := range onPages() {
		talks = append(talks, hostileTalks(t, h)...)
	}
	first := dial("localhost:80").client("GET /first?<b> HTTP/1.1", "Host: localhost", "", "").wait(5*time.Millisecond).
		server("HTTP/1.1 200 OK", "Content-Type: application/json", "Set-Cookie: sid=<i>; HttpOnly", "Set-Cookie: __Host-a=1", "Content-Length: 9", "", `{"a":"<"}`)
	page := tapePageOf(t, "</title><b>", append([]*talk{first}, talks...)...)
	tests := []struct {
		fragment string
		want     []string
	}{
		{"1", []string{`class="row client"`, "GET /first?&lt;b&gt;", `class="c5">"a"</span>`, `"&lt;"`, "<td>sid</td>", "<td>&lt;i&gt;</td>", `<td class="bad">rejected</td>`, "<td>wait</td>"}},
		{"1,hex", []string{"00000000  47 45 54 20 2f 66 69 72  73 74", "|GET /first?&lt;b&gt;", `class="hex"`}},
		{"frames,raw", []string{`aria-pressed="true">frames`, "SETTINGS stream 0", `<pre class="raw">`}},
	}
	for _, tt := range tests {
		t.Run(tt.fragment, func(t *testing.T) {
			t.Parallel() // it waits for a browser
			dom := dumpDOM(t, page, tt.fragment)
			shown, _, _ := strings.Cut(dom, `<script type="application/json"`)
			for _, want := range tt.want {
				if !strings.Contains(shown, want) {
					t.Errorf("#%s: the page lacks %s:\n%.6000s", tt.fragment, want, shown)
				}
			}
			for _, no := range []string{"<img", "<svg", "<b>", "<b id", "<i>;"} {
				if strings.Contains(shown, no) {
					t.Errorf("#%s: the page has an element %s", tt.fragment, no)
				}
			}
			if !strings.Contains(dom, "<title>&lt;/title&gt;&lt;b&gt; – wiretape</title>") {
				t.Errorf("#%s: the page's title is another", tt.fragment)
			}
		})
	}
}
