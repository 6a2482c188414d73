package cookie

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/publicsuffix"
)

// ours gives the Cookie that our jar sends to a URL at some time, theirs the one
// of net/http's, after one Set-Cookie.
type bothJars struct {
	ours   Jar
	theirs *cookiejar.Jar
}

func (b *bothJars) headers(t *testing.T, u string) (ours, theirs string) {
	to, err := url.Parse(u)
	if err != nil {
		t.Fatal(err)
	}
	r := http.Request{Header: http.Header{}}
	for _, c := range b.theirs.Cookies(to) {
		r.AddCookie(c)
	}
	return string(b.ours.Header(origin(t, u), time.Now())), r.Header.Get("Cookie")
}

// What the notes say of Go is true: where there is one that says that Go differs
// its jar sends something else, now or after the longest life, and where there is
// none it sends the same.
func TestNotesOnGo(t *testing.T) {
	for _, row := range vectors {
		o := row.origin()
		if o != https && o != httpOrigin {
			continue // Go's jar differs in hosts as well, of which no note tells
		}
		synctest.Test(t, func(t *testing.T) {
			theirs, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
			if err != nil {
				t.Fatal(err)
			}
			both := bothJars{theirs: theirs}
			from := &url.URL{Scheme: "http", Host: o.Host, Path: o.Path}
			if o.Secure {
				from.Scheme = "https"
			}
			v := both.ours.Set(o, []byte(row.set), time.Now())
			response := http.Response{Header: http.Header{"Set-Cookie": {row.set}}}
			theirs.SetCookies(from, response.Cookies())

			differs := slices.ContainsFunc(v.Notes, func(n Note) bool {
				return n.Who == "Go" && !strings.HasPrefix(n.Text, "rejects it too")
			})
			var seen []string
			for _, life := range []time.Duration{0, 30 * time.Second, MaxAge + time.Hour} {
				time.Sleep(life)
				for _, u := range []string{
					"https://www.example.com/dir/7", "https://www.example.com/", "http://www.example.com/dir/7",
					"https://example.com/dir/7", "https://x.www.example.com/dir/7", "https://www.example.com/b",
				} {
					if a, b := both.headers(t, u); a != b {
						seen = append(seen, u+" after "+life.String()+": "+show(a)+", Go "+show(b))
					}
				}
			}
			if differs != (seen != nil) {
				t.Errorf("Set-Cookie %.100q: notes %v, seen %q", row.set, v.Notes, seen)
			}
		})
	}
}
