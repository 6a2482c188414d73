package analyze

import (
	"errors"
	"net"
	"strings"
	"testing"
)

// chains are what one plain server answers, and what becomes of it. In responses
// {A} is the server's address; GATE asks for its cookie.
var chains = []struct {
	name  string
	path  string
	pages map[string]string
	want  string
}{
	{"no redirect", "/", map[string]string{"/": page()}, "200 http://A/\npassword no no\n"},
	{"query", "/a?b=c#d", map[string]string{"/a?b=c": page()}, "200 http://A/a?b=c\npassword no no\n"},
	{"query alone", "?q", map[string]string{"/?q": page()}, "200 http://A/?q\npassword no no\n"},
	{"octets to encode", "/ü %zz", map[string]string{"/%C3%BC%20%zz": page()}, "200 http://A/%C3%BC%20%zz\npassword no no\n"},
	{"301", "/", map[string]string{"/": redirect(301, "/b"), "/b": page()}, "301 http://A/\n200 http://A/b\npassword no no\n"},
	{"302", "/", map[string]string{"/": redirect(302, "/b"), "/b": page()}, "302 http://A/\n200 http://A/b\npassword no no\n"},
	{"303", "/", map[string]string{"/": redirect(303, "/b"), "/b": page()}, "303 http://A/\n200 http://A/b\npassword no no\n"},
	{"307", "/", map[string]string{"/": redirect(307, "/b"), "/b": page()}, "307 http://A/\n200 http://A/b\npassword no no\n"},
	{"308", "/", map[string]string{"/": redirect(308, "/b"), "/b": page()}, "308 http://A/\n200 http://A/b\npassword no no\n"},
	{"300", "/", map[string]string{"/": redirect(300, "/b")}, "300 http://A/\npassword no no\nwarning hop 1: status 300 is not followed to \"/b\"\n"},
	{"304", "/", map[string]string{"/": redirect(304, "/b")}, "304 http://A/\npassword no no\nwarning hop 1: status 304 is not followed to \"/b\"\n"},
	{"305", "/", map[string]string{"/": redirect(305, "/b")}, "305 http://A/\npassword no no\nwarning hop 1: status 305 is not followed to \"/b\"\n"},
	{"306", "/", map[string]string{"/": redirect(306, "/b")}, "306 http://A/\npassword no no\nwarning hop 1: status 306 is not followed to \"/b\"\n"},
	{"201 with a Location", "/", map[string]string{"/": redirect(201, "/b")}, "201 http://A/\npassword no no\n"},
	{"status in the body alone", "/", map[string]string{"/": "HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\nHTTP/1.1 301 x\r\nLocation: /b\r\n\r\n"}, "200 http://A/\npassword no no\n"},
	{"lower-case name", "/", map[string]string{"/": "HTTP/1.1 302 x\r\nlocation:/b\r\n\r\n", "/b": page()}, "302 http://A/\n200 http://A/b\npassword no no\n"},
	{"upper-case scheme", "/", map[string]string{"/": redirect(302, "HTTP://{A}/b"), "/b": page()}, "302 http://A/\n200 http://A/b\npassword no no\n"},
	{"no scheme", "/", map[string]string{"/": redirect(302, "//{A}/b"), "/b": page()}, "302 http://A/\n200 http://A/b\npassword no no\n"},
	{"relative, dot segments, blanks", "/x/y/z", map[string]string{"/x/y/z": redirect(302, "  ../w/./v w  "), "/x/w/v%20w": page()}, "302 http://A/x/y/z\n200 http://A/x/w/v%20w\npassword no no\n"},
	{"query reference", "/x?a", map[string]string{"/x?a": redirect(302, "?b"), "/x?b": page()}, "302 http://A/x?a\n200 http://A/x?b\npassword no no\n"},
	{"fragment, kept by the next hop", "/", map[string]string{"/": redirect(302, "/b#f"), "/b": redirect(302, "/c"), "/c": page()}, "302 http://A/\n302 http://A/b#f\n200 http://A/c#f\npassword no no\n"},
	{"two Locations alike", "/", map[string]string{"/": redirect(302, "/b", "Location: /b"), "/b": page()}, "302 http://A/\n200 http://A/b\npassword no no\n"},
	{"two Locations that differ", "/", map[string]string{"/": redirect(302, "/b", "Location: /c")}, "302 http://A/\npassword unknown unknown\nerror http://A/: Location fields that differ: [\"/b\" \"/c\"]\n"},
	{"no Location", "/", map[string]string{"/": "HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n"}, "302 http://A/\npassword no no\nwarning hop 1: status 302 without a Location\n"},
	{"empty Location", "/", map[string]string{"/": redirect(302, "")}, "302 http://A/\npassword no no\nwarning hop 1: status 302 without a Location\n"},
	{"javascript", "/", map[string]string{"/": redirect(302, "javascript:x")}, "302 http://A/\npassword no no\nwarning hop 1: Location \"javascript:x\" is not followed: scheme \"javascript\" is not followed\n"},
	{"ftp", "/", map[string]string{"/": redirect(302, "ftp://{A}/")}, "302 http://A/\npassword no no\nwarning hop 1: Location \"ftp://A/\" is not followed: scheme \"ftp\" is not followed\n"},
	{"broken brackets", "/", map[string]string{"/": redirect(302, "http://[::1/")}, "302 http://A/\npassword no no\nwarning hop 1: Location \"http://[::1/\" is not followed: no \"]\" after \"[\"\n"},
	{"port out of range", "/", map[string]string{"/": redirect(302, "http://h:99999/")}, "302 http://A/\npassword no no\nwarning hop 1: Location \"http://h:99999/\" is not followed: port 99999: want 1 to 65535\n"},
	{"user in the Location", "/", map[string]string{"/": redirect(302, "http://u:p@{A}/b"), "/b": page()}, "302 http://A/\n200 http://A/b\npassword no no\nwarning hop 1: the Location has a user in it, which is not sent\n"},
	{"loop of one", "/", map[string]string{"/": redirect(302, "/")}, "302 http://A/\n302 http://A/\npassword unknown unknown\nerror http://A/: redirect loop: the same request was made before\n"},
	{"loop of two", "/", map[string]string{"/": redirect(302, "/b"), "/b": redirect(302, "/")}, "302 http://A/\n302 http://A/b\n302 http://A/\npassword unknown unknown\nerror http://A/: redirect loop: the same request was made before\n"},
	{"cookie gate", "/gate", nil, "302 http://A/gate\n200 http://A/gate\ncookie gate=1 hop 1 store\npassword no no\n"},
	{"401 with a Location", "/", map[string]string{"/": redirect(401, "/b", `WWW-Authenticate: Basic realm="Protected"`)}, "401 http://A/\npassword yes http-auth Basic(Protected)\n"},
	{"401 after a redirect", "/", map[string]string{"/": redirect(302, "/b"), "/b": "HTTP/1.1 401 x\r\nWWW-Authenticate: Negotiate\r\nwww-authenticate: basic realm=\"a, b\"\r\nContent-Length: 0\r\n\r\n"}, "302 http://A/\n401 http://A/b\npassword yes http-auth Negotiate() basic(a, b)\n"},
	{"401 on the way", "/b", map[string]string{"/": "HTTP/1.1 401 x\r\n\r\n", "/b": page()}, "200 http://A/b\npassword no no\n"},
	{"401 without a challenge", "/", map[string]string{"/": "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n"}, "401 http://A/\npassword yes http-auth\nwarning status 401 without a challenge in WWW-Authenticate\n"},
	{"200 with a challenge", "/", map[string]string{"/": page("WWW-Authenticate: Basic realm=x")}, "200 http://A/\npassword no no Basic(x)\nwarning authentication is offered and not required\n"},
	{"403", "/", map[string]string{"/": "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n"}, "403 http://A/\npassword no forbidden\n"},
	{"404", "/", nil, "404 http://A/\npassword no no\n"},
	{"407", "/", map[string]string{"/": "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=p\r\nContent-Length: 0\r\n\r\n"}, "407 http://A/\npassword no proxy-auth Basic(p)\n"},
	{"interim responses", "/", map[string]string{"/": "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nSet-Cookie: early=1\r\n\r\n" + page("Set-Cookie: a=1")}, "200 http://A/\ncookie a=1 hop 1 store\npassword no no\nwarning hop 1: Set-Cookie in an interim response (103) is not taken\n"},
	{"cookies of all hops", "/", map[string]string{
		"/":  redirect(302, "/b", "Set-Cookie: a=1; Path=/b", "SET-COOKIE: a=1; Path=/b", "set-cookie: s=1; Secure"),
		"/b": page("Set-Cookie: a=b=c; expires=Thu, 01-Jan-1970 00:00:01 GMT", "Set-Cookie: novalue"),
	}, "302 http://A/\n200 http://A/b\ncookie a=1 hop 1 store\ncookie a=1 hop 1 store\ncookie s=1 hop 1 reject\ncookie a=b=c hop 2 expire\ncookie =novalue hop 2 store\npassword no no\n"},
	{"truncated", "/", map[string]string{"/": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"}, "200 http://A/\npassword no no\nwarning hop 1: the response is truncated: connection closed after 2 of 9 octets\n"},
	{"no reason", "/", map[string]string{"/": "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"}, "200 http://A/\npassword no no\n"},
}

func TestChains(t *testing.T) {
	for _, row := range chains {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			serve := serve(t, site{http: func(head string) string {
				_, rest, _ := strings.Cut(head, "Host: ")
				host, _, _ := strings.Cut(rest, "\r\n")
				if strings.HasPrefix(head, "GET /gate ") {
					if strings.Contains(head, "\r\nCookie: gate=1\r\n") {
						return page()
					}
					return redirect(302, "/gate", "Set-Cookie: gate=1")
				}
				return strings.ReplaceAll(pages(row.pages)(head), "{A}", host)
			}})
			r, err := analyze(t, "http://"+serve+row.path, Options{})
			if !asReported(r, err) {
				t.Errorf("error %q, %v", r.Error, err)
			}
			if got := summary(r, serve); got != row.want {
				t.Errorf("got\n%swant\n%s", got, row.want)
			}
		})
	}
}

// asReported reports whether an analysis that was answered failed where its report
// says so, and for that reason.
func asReported(r Report, err error) bool {
	e, failed := errors.AsType[*ResponseError](err)
	if r.Error == "" {
		return err == nil
	}
	return failed && e.Text == string(r.Error) && !e.Timeout()
}

func TestTooManyRedirects(t *testing.T) {
	s := serve(t, site{http: func(head string) string {
		path, _, _ := strings.Cut(strings.TrimPrefix(head, "GET /"), " ")
		return redirect(302, "/"+path+"x")
	}})
	r, err := analyze(t, "http://"+s+"/", Options{})
	if !asReported(r, err) || len(r.Hops) != maxRedirects+1 || r.Error != "too many redirects: 10 were followed" {
		t.Errorf("%d hops, error %q, %v", len(r.Hops), r.Error, err)
	}
}

func TestAnotherHostHasItsOwnCookies(t *testing.T) {
	var sent string
	b := serve(t, site{http: func(head string) string {
		sent = head
		return page()
	}})
	_, port, _ := net.SplitHostPort(b)
	a := serve(t, site{http: always(redirect(302, "http://www.example.com:"+port+"/",
		"Set-Cookie: host=1", "Set-Cookie: site=1; Domain=.example.com"))})
	_, portA, _ := net.SplitHostPort(a)
	r, err := analyze(t, "http://example.com:"+portA, Options{})
	if err != nil || r.Website != "example.com" || r.FinalURL != "http://www.example.com:"+port+"/" {
		t.Errorf("website %q, final URL %q, %v", r.Website, r.FinalURL, err)
	}
	if !strings.Contains(sent, "\r\nHost: www.example.com:"+port+"\r\n") || !strings.Contains(sent, "\r\nCookie: site=1\r\n") {
		t.Errorf("second host was sent %q", sent)
	}
	if r.Cookies[1].SentDomain != ".example.com" || r.Cookies[1].Domain != "example.com" {
		t.Errorf("domain %q, as sent %q", r.Cookies[1].Domain, r.Cookies[1].SentDomain)
	}
}

func TestHTTP10(t *testing.T) {
	s := serve(t, site{http: func(head string) string {
		if strings.HasPrefix(head, "GET / HTTP/1.0\r\n") {
			return "HTTP/1.0 200 OK\r\n\r\nold"
		}
		return "HTTP/1.1 505 x\r\nContent-Length: 0\r\n\r\n"
	}})
	r, err := analyze(t, "http://"+s+"/", Options{})
	want := "505 http://A/\n200 http://A/\npassword no no\nwarning hop 1: the server does not speak HTTP/1.1; asked again with HTTP/1.0\n"
	if got := summary(r, s); got != want || err != nil {
		t.Errorf("got\n%swant\n%s%v", got, want, err)
	}
}
