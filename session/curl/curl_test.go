package curl

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// shown writes a request as the tables have it: as its octets, then what else it has.
func shown(r *Request) string {
	s := strings.ReplaceAll(string(r.Append(nil, "HOST", "TARGET")), "\r\n", "\n")
	s = r.URL + "\n" + strings.Replace(s, " TARGET HTTP/1.1\nHost: HOST\n", "\n", 1)
	for _, d := range r.Dial {
		s += fmt.Sprintf("[%s %s]", d[0], d[1])
	}
	if r.HTTP != "" {
		s += "[http " + r.HTTP + "]"
	}
	if r.Auth != "" {
		s += "[" + r.Auth + " " + r.User + "]"
	}
	return boundaries.ReplaceAllString(s+strings.Join(r.Notes, "; "), "BOUNDARY")
}

var boundaries = regexp.MustCompile("-{24}[0-9a-f]{16}")

func files(name string) ([]byte, error) {
	if name == "f" {
		return []byte("a b\r\nc\xff\n"), nil
	}
	return nil, os.ErrNotExist
}

func TestParse(t *testing.T) {
	for _, row := range []struct{ line, want string }{
		{"curl http://h/", "http://h/\nGET\n\n"},
		{"http://h/ -I", "http://h/\nHEAD\n\n"},
		{"-XDELETE --url http://h/", "http://h/\nDELETE\n\n"},
		{"-sSLk http://h/", "http://h/\nGET\n\n[insecure ]-L: one request is sent; .follow takes the next hop"},
		{"h -d a=1 -d b=2", "h\nPOST\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 7\n\na=1&b=2"},
		{"h -H 'content-type: text/x' -d @f", "h\nPOST\ncontent-type: text/x\nContent-Length: 5\n\na bc\xff"},
		{"h -H Content-Type: --data-binary @f", "h\nPOST\nContent-Length: 8\n\na b\nc\xff\n"},
		{"h --data-raw @f -X PUT", "h\nPUT\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 2\n\n@f"},
		{"h --data-urlencode 'n=a b&c' --data-urlencode n@f --data-urlencode =x=", "h\nPOST\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 37\n\nn=a%20b%26c&n=a%20b%0D%0Ac%FF%0A&x%3D"},
		{`h --json '{"a":1}' -H 'Accept: */*'`, "h\nPOST\nAccept: */*\nContent-Type: application/json\nContent-Length: 7\n\n{\"a\":1}"},
		{"'h?a' -G -d b=1 -d c", "h?a&b=1&c\nGET\n\n"},
		{"h -d ''", "h\nPOST\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 0\n\n"},
		{"h -X POST", "h\nPOST\nContent-Length: 0\n\n"},
		{"h -H 'X;' -H 'Y: 1' -H 'Y:' -H 'Z:2'", "h\nGET\nX: \nZ: 2\n\n"},
		{"h -u admin:password", "h\nGET\nAuthorization: Basic YWRtaW46cGFzc3dvcmQ=\n\n"},
		{"h -u admin", "h\nGET\n\n-u admin: no password there: .auth basic admin asks for it"},
		{"h --digest -u a:b", "h\nGET\n\n[digest a:b]"},
		{"h -u a:b --digest", "h\nGET\n\n[digest a:b]"},
		{"h -b 'a=1; b=2' -A me -e 'http://r/' --compressed -r 0-9", "h\nGET\nCookie: a=1; b=2\nUser-Agent: me\nReferer: http://r/\nRange: bytes=0-9\nAccept-Encoding: deflate, gzip, br, zstd\n\n"},
		{"h -b jar.txt", "h\nGET\n\n-b jar.txt: cookies are not read from a file: left out"},
		{"h -H 'accept-encoding: br' --compressed", "h\nGET\naccept-encoding: br\n\n"},
		{"h --http2 --tlsv1.2 --cacert x --resolve h:1:::1", "h\nGET\n\n[tls-min 1.2][cacert x][resolve h:1:::1][http 2]"},
		{"h -o out -w '%{x}'", "h\nGET\n\n-o out: the reply is shown; .save keeps it; -w %{x}: left out; .timing and .show tell"},
		{"h --aws-sigv4 x:y --frobnicate -?", "h\nGET\n\n--aws-sigv4 x:y is not done here: left out; --frobnicate is not done here: left out; -? is not known: left out"},
		{"h --no-compressed -iNg# --basic", "h\nGET\n\n"},
		{"h other", "h\nGET\n\nother is another URL: left out"},
		{"h --next other", "h\nGET\n\n--next: the requests behind it are left out"},
		{"h '|' jq .", "h\nGET\n\n\"|\" and what follows is the shell's: left out"},
		{"h -H 'Transfer-Encoding: chunked' -d hello", "h\nPOST\nTransfer-Encoding: chunked\nContent-Type: application/x-www-form-urlencoded\n\n5\nhello\n0\n\n"},
		{"h -H 'Content-Length: 9' -d x", "h\nPOST\nContent-Length: 9\nContent-Type: application/x-www-form-urlencoded\n\nx"},
		{"h -H 'Host: other'", "h\nGET TARGET HTTP/1.1\nHost: other\n\n"},
		{"h -F a=b -F 'n=\"x;y\";type=text/x' --form-string 's=@f;z'",
			"h\nPOST\nContent-Type: multipart/form-data; boundary=BOUNDARY\nContent-Length: 346\n\n" +
				"--BOUNDARY\nContent-Disposition: form-data; name=\"a\"\n\nb\n" +
				"--BOUNDARY\nContent-Disposition: form-data; name=\"n\"\nContent-Type: text/x\n\nx;y\n" +
				"--BOUNDARY\nContent-Disposition: form-data; name=\"s\"\n\n@f;z\n--BOUNDARY--\n"},
		{"h -XPUT -H 'Content-Type: multipart/form-data' -F f=@f -F 't=<f' -F 'x=@f;filename=\"a\\\"b.png\";headers=\"X: y\";odd=1;type=text/y; charset=\"z;\";x=1'",
			"h\nPUT\nContent-Type: multipart/form-data; boundary=BOUNDARY\nContent-Length: 463\n\n" +
				"--BOUNDARY\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\nContent-Type: application/octet-stream\n\na b\nc\xff\n\n" +
				"--BOUNDARY\nContent-Disposition: form-data; name=\"t\"\n\na b\nc\xff\n\n" +
				"--BOUNDARY\nContent-Disposition: form-data; name=\"x\"; filename=\"a%22b.png\"\nContent-Type: text/y; charset=\"z;\"; x=1\nX: y\n\na b\nc\xff\n\n--BOUNDARY--\n" +
				"-F x: ;odd=1 is not known: left out"},
		// What a shell or curl would make something else of.
		{"http://h/$HOME/{a,b}?`id`=~/ \"-HX: ${Y} $(id)\" '-HZ: $Z'", "http://h/$HOME/{a,b}?`id`=~/\nGET\nX: ${Y} $(id)\nZ: $Z\n\n" +
			"http://h/$HOME/{a,b}?`id`=~/: curl makes several URLs of braces and brackets: taken as it is written, as with -g" +
			"; $HOME is the shell's to put something in place of: taken as it is written" +
			"; {a,b} is the shell's to put something in place of: taken as it is written" +
			"; `id` is the shell's to put something in place of: taken as it is written" +
			"; ${Y} is the shell's to put something in place of: taken as it is written" +
			"; $(id) is the shell's to put something in place of: taken as it is written"},
		{"-g http://[::1]/[1-3]", "http://[::1]/[1-3]\nGET\n\n"},
		{"http://[::1]/", "http://[::1]/\nGET\n\n"},
		{"'http://h/a b'", "http://h/a b\nGET\n\nhttp://h/a b: a URL has no blank in it, %20 stands for one: taken as it is written"},
		{"h -0 --request-target '*' -X OPTIONS", "h\nOPTIONS * HTTP/1.0\nHost: HOST\n\n[http 1.0]"},
		// As Chrome and Firefox copy them.
		{"curl 'https://h/api?x=1' \\\n  -H 'accept: application/json' \\\n  -b 'sid=7f3' \\\n  --data-raw $'{\"a\":\"it\\'s\\u0021\"}' \\\n  --compressed",
			"https://h/api?x=1\nPOST\naccept: application/json\nCookie: sid=7f3\nContent-Type: application/x-www-form-urlencoded\nAccept-Encoding: deflate, gzip, br, zstd\nContent-Length: 13\n\n{\"a\":\"it's!\"}"},
		{"curl --path-as-is -i -s -k -X $'GET' -H $'Host: h' $'https://h/'", "https://h/\nGET TARGET HTTP/1.1\nHost: h\n\n[insecure ]"},
	} {
		r, err := ParseLine(row.line, files)
		if err != nil {
			t.Errorf("%s: %v", row.line, err)
			continue
		}
		if got := shown(r); got != row.want {
			t.Errorf("%s\ngives %q\nwant  %q", row.line, got, row.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"h -H":                           "--header wants a value",
		"h -d @none":                     "--data @none: file does not exist",
		"h -H x":                         "--header x: want 'Name: value', 'Name:' to leave it out, 'Name;' for no value",
		"h -X 'A B'":                     `"A B" is no method`,
		"h -H $'A: b\\r\\nC: d'":         `the field "A" has a line end or NUL in it`,
		"h -F a":                         "--form a: want NAME=TEXT, NAME=@FILE or NAME=<FILE",
		"h --form-string a":              "--form-string a: want NAME=TEXT",
		"h -F a=@none":                   "--form a=@none: file does not exist",
		"h -F $'a=b;type=x\\r\\nX: y'":   "--form a=b;type=x\r\nX: y: a field of the part has a line end or NUL in it",
		"h -F $'a=b;type=x\\0y'":         "--form a=b;type=x\x00y: a field of the part has a line end or NUL in it",
		"h -F a=b -d c":                  "-F makes a body: it goes with none of -d, -G and -I",
		"h -A $'x\\ny'":                  `the field "User-Agent" has a line end or NUL in it`,
		`curl ^"https://h/^" ^`:          `^https://h/^ is quoted for cmd.exe: Copy as cURL (bash) is understood`,
		"h --request-target $'/\\r\\nX'": `"/\r\nX" is no request-target`,
	} {
		words, _ := Split(line)
		if _, err := Parse(words, files); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

// Whatever is pasted: no option is dropped without a word, and no field or method
// ends its line.
func FuzzParse(f *testing.F) {
	f.Add("curl 'https://h/' -H 'a: b' --data-raw $'x' -sk -u a:b --json {} --zz")
	f.Add("h -F 'a=@f;type=x/y; z=1;filename=\"q\"' -F b=<f --form-string c=$HOME`x`")
	f.Add("-G -d a -I -X Y -0 -F z -b q --next")
	f.Fuzz(func(t *testing.T, line string) {
		words, err := Split(line)
		if err != nil {
			return
		}
		r, err := Parse(words, files)
		if err != nil {
			return
		}
		head, _, ok := strings.Cut(string(r.Append(nil, "h", "/")), "\r\n\r\n")
		want := 2 + len(r.Fields) + len(r.Usual)
		if r.Has("Host") {
			want--
		}
		if n := 1 + strings.Count(head, "\n"); !ok || n != want && n != want+1 {
			t.Fatalf("%q has %d lines of head: %q", line, n, head)
		}
		for _, w := range words {
			if strings.HasPrefix(w, "--") && len(w) > 8 && !strings.HasPrefix(w, "--no-") && len(words) == 1 && len(r.Notes) == 0 && r.HTTP == "" && len(r.Dial) == 0 &&
				r.Method == "" && r.Auth == "" && len(r.Usual) == 0 && !strings.Contains(idle, w[2:]) {
				t.Fatalf("%q says nothing of %s", line, w)
			}
		}
	})
}
