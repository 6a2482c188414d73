package redact

import (
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/http2"
)

const (
	jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJRV0VSVFkifQ.QWERTYsig_-1"
	key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nQWERTY+/MIIE\nQWERTY==\n-----END RSA PRIVATE KEY-----\n"
)

// Each has the secret QWERTY, in text and in the body of a frame of HTTP/2.
var texts = []struct {
	name, in, want string
}{
	{"query", "GET /a?x=1&token=QWERTY&y=2 HTTP/1.1\r\n\r\n", "GET /a?x=1&token=tokent&y=2 HTTP/1.1\r\n\r\n"},
	{"query at the end", "GET /a?api_key=QWERTY HTTP/1.1\r\n\r\n", "GET /a?api_key=api_ke HTTP/1.1\r\n\r\n"},
	{"form", "user=u&password=QWERTY%21", "user=u&password=passwordp"},
	{"form of an object", "user[password]=QWERTY&user%5Bpasswd%5D=QWERTY", "user[password]=passwo&user%5Bpasswd%5D=passwo"},
	{"link", `<a href="/x?access_token=QWERTY">`, `<a href="/x?access_token=access">`},
	{"quoted", `password="QWERTY x", a="b"`, `password="password", a="b"`},
	{"longer name", "new_password=QWERTY&token_type=x&csrf_token=x&passwords=x", "new_password=passwo&token_type=x&csrf_token=x&passwords=x"},
	{"empty", "token=&password=\r\n", "token=&password=\r\n"},
	{"json", `{"user": "u", "password" : "QWERTY\"\\", "x": "y"}`, `{"user": "u", "password" : "passwordpa", "x": "y"}`},
	{"json over lines", "{\"refreshToken\":\n\"QWERTY\",\n\"client-secret\":\"QWERTY\"}", "{\"refreshToken\":\n\"refres\",\n\"client-secret\":\"refres\"}"},
	{"json in json", `{"a":"{\"token\":\"QWERTY\\\"Q\",\"b\":\"c\"}"}`, `{"a":"{\"token\":\"tokentokent\",\"b\":\"c\"}"}`},
	{"json without a string", `{"token":true,"password":null,"api_key":{"a":1},"token":-12.5e9,"x":34}`, `{"token":true,"password":null,"api_key":{"a":1},"token":-11.1e1,"x":34}`},
	{"object of a script", `{password:'QWERTY', a: 'b'}`, `{password:'passwo', a: 'b'}`},
	{"url", "Location: https://u:QWERTY@a.example:80/x@y?z\r\n", "Location: https://u:userin@a.example:80/x@y?z\r\n"},
	{"url with too little coded", "http://u:QWERTY/Q?@W@h/x@y http://h:80/a@b http://[::1]:80/a@b http://h:x/ ", "http://u:userinfo_2u@h/x@y http://h:80/a@b http://[::1]:80/a@b http://h:x/ "},
	{"token in a url", `{"u":"http:\/\/QWERTY@h\/"} ftp://h/a@b http://h:80`, `{"u":"http:\/\/userin@h\/"} ftp://h/a@b http://h:80`},
	{"web token", "X-Id: " + jwt + "\r\nx: beyJhbGciOiJI.a.b eyJhbGciOiJI.a eyJ..\r\n", "X-Id: eyJ" + strings.Repeat("jwt", 30)[:len(jwt)-3] + "\r\nx: beyJhbGciOiJI.a.b eyJhbGciOiJI.a eyJ..\r\n"},
	{"private key", "a\n" + key + "QWE=", "a\n" + strings.NewReplacer("QWERTY+/MIIE", "xxxxxxxxxxxx", "QWERTY==", "xxxxxxxx", "Proc", "xxxx", "Type", "xxxx", "4,ENCRYPTED", "x,xxxxxxxxx", "DEK-Info", "xxx-xxxx", "AES-128-CBC,00", "xxx-xxx-xxx,xx").Replace(key) + "QWE="},
	{"private key in json", `{"k":"-----BEGIN PRIVATE KEY-----\nQWERTY\n-----END PRIVATE KEY-----\n"}`, `{"k":"-----BEGIN PRIVATE KEY-----\nxxxxxx\n-----END PRIVATE KEY-----\n"}`},
	{"private key in a form", "k=-----BEGIN+PRIVATE+KEY-----%0AQWERTY%0A-----END+PRIVATE+KEY-----", "k=-----BEGIN+PRIVATE+KEY-----%0Axxxxxx%0A-----END+PRIVATE+KEY-----"},
	{"public key", "-----BEGIN PUBLIC KEY-----\nABC\n-----END PUBLIC KEY-----\nMY KEY-----\nABC", "-----BEGIN PUBLIC KEY-----\nABC\n-----END PUBLIC KEY-----\nMY KEY-----\nABC"},
	{"bare CR ends lines", "HTTP/1.1 200 OK\rSet-Cookie: a=QWERTY\r folded\rX: y\r\r", "HTTP/1.1 200 OK\rSet-Cookie: cookieco\rcookie_\rX: y\r\r"},
	{"NUL in a name", "GET / HTTP/1.1\r\nAuthori\x00zation: Basic QWERTY\r\nX: y\r\n", "GET / HTTP/1.1\r\nAuthori\x00zation: authauthauth\r\nX: y\r\n"},
	{"part of a form", "--X\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nQWERTY x\r\n--X\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nc\r\n--X--\r\n", "--X\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\npassword\r\n--X\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nc\r\n--X--\r\n"},
	{"part with a type", "--X\ncontent-disposition: form-data; filename=\"f\"; name=token; a=b\nContent-Type: text/plain\n\nQWERTY\n--X--\n", "--X\ncontent-disposition: form-data; filename=\"f\"; name=token; a=b\nContent-Type: text/plain\n\ntokent\n--X--\n"},
	{"no part of a form", "<input name=\"password\">\n\nabc form-data name=\"passwords\"\r\n\r\nabc\r\n", "<input name=\"password\">\n\nabc form-data name=\"passwords\"\r\n\r\nabc\r\n"},
	{"list in json", `{"password": [ "QWERTY", "QWERTY"], "x": ["y"], "token":[1], "a":"b"}`, `{"password": [ "passwo", "passwo"], "x": ["y"], "token":[1], "a":"b"}`},
	{"list of json in json", `{"a":"{\"token\":[\"QWERTY\",\"QWERTY\"],\"b\":[\"c\"]}"}`, `{"a":"{\"token\":[\"tokent\",\"tokent\"],\"b\":[\"c\"]}"}`},
	{"escaped name", `GET /?pass%77ord=QWERTY&%74oken=QWERTY&a%20token=QWERTY&%20xtoken=x HTTP/1.1`, `GET /?pass%77ord=passwo&%74oken=passwo&a%20token=passwo&%20xtoken=x HTTP/1.1`},
	{"escaped name in json", `{"pass\u0077ord":"QWERTY","\u0054oken":"QWERTY","\ntoken":"x"}`, `{"pass\u0077ord":"passwo","\u0054oken":"passwo","\ntoken":"x"}`},
	{"escaped last letter", `GET /?%70asswor%64=QWERTY&apike%79=QWERTY&toke%6e=QWERTY&user%5Bclient_secre%74%5D=QWERTY&x%64=y&a4=b HTTP/1.1`, `GET /?%70asswor%64=passwo&apike%79=passwo&toke%6e=passwo&user%5Bclient_secre%74%5D=passwo&x%64=y&a4=b HTTP/1.1`},
	{"escaped last letter in json", `{"pas\u0073wor\u0064":"QWERTY","toke\u006E": "QWERTY","x\u0064":"y"}`, `{"pas\u0073wor\u0064":"passwo","toke\u006E": "passwo","x\u0064":"y"}`},
	{"element", `<?xml version="1.0"?><a><password>QWERTY</password><Token a="b">` + "\n QWERTY\n" + `</Token><apikey/><passwd></passwd><password>a</password></a>`,
		`<?xml version="1.0"?><a><password>passwo</password><Token a="b">` + "\n passwo\n" + `</Token><apikey/><passwd></passwd><password>p</password></a>`},
	{"element of a namespace", `<e xmlns:w="http://x"><w:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">QWERTY</w:Password></e>`,
		`<e xmlns:w="http://x"><w:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">passwo</w:Password></e>`},
	{"element with marked text", `<e xmlns="x"><password><![CDATA[QWERTY<>]]></password><token><value>x</value></token><passwords>x</passwords></e>`,
		`<e xmlns="x"><password><![CDATA[password]]></password><token><value>x</value></token><passwords>x</passwords></e>`},
	{"attribute", `<e xmlns="x"><u password="QWERTY x" name='y' token='QWERTY "x"'/></e>`, `<e xmlns="x"><u password="password" name='y' token='tokentoken'/></e>`},
	{"no XML", `if a<password>b`, `if a<password>b`},
	{"long", "token=" + strings.Repeat("QWERTY", 2000) + "&a=b", "token=" + strings.Repeat("token", 900)[:maxHeld] + strings.Repeat("token_2", 900)[:maxHeld] + strings.Repeat("token_3", 900)[:12000-2*maxHeld] + "&a=b"},
}

func octets(s string) []string { return strings.Split(s, "") }

func TestSecretsWithinLines(t *testing.T) {
	for _, tt := range texts {
		for _, cut := range []func(string) []string{whole, func(s string) (all []string) {
			for i := range len(s) {
				all = append(all, s[i:i+1])
			}
			return all
		}} {
			res := run(t, Options{}, []turn{{1, c2s, tt.in}}, cut)
			if got := res.stream(1, c2s); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			} else if len(got) != len(tt.in) || strings.Contains(got, "QWERTY") {
				t.Errorf("%s: %q of %q", tt.name, got, tt.in)
			}
			body := string(frame(http2.FrameData, 0, 1, []byte(tt.in)))
			res = run(t, Options{}, []turn{{2, c2s, http2.Preface + body}}, cut)
			if got := res.stream(2, c2s); strings.Contains(got, "QWERTY") || len(got) != len(http2.Preface+body) {
				t.Errorf("%s over HTTP/2: %q", tt.name, got)
			}
		}
	}
}

// Bodies of HTTP/2 that are sent in turns are followed each for itself.
func TestSecretsOfBodiesInTurns(t *testing.T) {
	var in strings.Builder
	in.WriteString(http2.Preface)
	for _, part := range []struct {
		stream uint32
		text   string
	}{{1, "a=b&pass"}, {3, `{"token":`}, {1, "word=QWE"}, {3, `"QWE`}, {1, "RTY&c"}, {3, `RTY"}`}, {1, "=d"}} {
		in.WriteString(string(frame(http2.FrameData, 0, part.stream, []byte(part.text))))
	}
	got := run(t, Options{}, []turn{{1, c2s, in.String()}}, whole).stream(1, c2s)
	if strings.Contains(got, "QWE") || strings.Contains(got, "RTY") || !strings.Contains(got, "&c") || !strings.Contains(got, `"}`) {
		t.Errorf("%q", got)
	}
}

func TestSecretsInTargetsOfHTTP2(t *testing.T) {
	for _, coded := range []bool{false, true} {
		var block []byte
		want := map[string]string{}
		for _, f := range [][2]string{{":path", "/a?token=QWERTY&b=c"}, {"referer", "https://u:QWERTY@h/"}, {"x-id", jwt}, {"lang", "en"}} {
			block = appendLiteral(block, f[0], f[1], coded)
			want[f[0]] = f[1]
		}
		fields, _ := h2(t, Options{}, frame(http2.FrameHeaders, http2.FlagEndHeaders, 1, block))
		if len(fields) != len(want) {
			t.Fatalf("%d fields, want %d", len(fields), len(want))
		}
		for _, f := range fields {
			if strings.Contains(f.Value, "QWERTY") || strings.Contains(f.Value, "sig_") || !coded && len(f.Value) != len(want[f.Name]) || f.Name == "lang" && f.Value != "en" {
				t.Errorf("coded %v: %s: %q", coded, f.Name, f.Value)
			}
		}
		if !strings.HasSuffix(fields[0].Value, "&b=c") {
			t.Errorf("coded %v: %q, want the rest of it", coded, fields[0].Value)
		}
	}
}

// A turn in the middle of a secret has what there is of it masked, and the rest
// when it comes.
func TestTurnWithinALine(t *testing.T) {
	for _, in := range []string{"a?token=QWE|RTY&b", `"password":"QWE|RTY"`, "http://u:QWE|RTY@h/", "eyJhbGciOiJQWE|RTY.QWE.RTY x", "k\rCookie: QWE|RTY\r\n"} {
		first, rest, _ := strings.Cut(in, "|")
		res := run(t, Options{}, []turn{{1, c2s, first}, {1, s2c, "x"}, {1, c2s, rest}}, whole)
		if got := res.stream(1, c2s); strings.Contains(got, "QWE") || strings.Contains(got, "RTY") || len(got) != len(in)-1 {
			t.Errorf("%q became %q", in, got)
		}
	}
}

// speakers begin conversations as what is read in them differs.
var speakers = []struct {
	dir   wire.Dir // of what is searched
	begin []turn
	opt   Options
	proto string
}{
	{dir: c2s},
	{dir: c2s, begin: []turn{{1, c2s, http2.Preface}}},
	{dir: s2c, begin: []turn{{1, c2s, "GET / HTTP/1.1\r\n\r\n"}}},
	{dir: s2c, begin: []turn{{1, c2s, http2.Preface}}},
	{dir: c2s, begin: []turn{{1, s2c, "220 hello\r\n"}}},
	{dir: c2s, begin: []turn{{1, s2c, "* OK hello\r\n"}}},
	{dir: c2s, begin: []turn{{1, s2c, "login: "}}},
	{dir: c2s, proto: "redis"},
	{dir: c2s, opt: Options{Values: map[string]string{"A": "QWERTY", "B": "RTY=abc", "C": "QWE"}}},
	{dir: c2s, begin: []turn{{1, c2s, http2.Preface}}, opt: Options{Values: map[string]string{"A": "QWERTY", "B": "YQWE"}}},
}

// FuzzSplits: what comes out, and is said of it, does not depend on how what went
// in was split, and is as long.
func FuzzSplits(f *testing.F) {
	const turned = "\xfe\xfe" // the other side says something
	for i, tt := range texts {
		for kind := range speakers {
			in := []byte(tt.in)
			if len(speakers[kind].begin) > 0 && speakers[kind].begin[0].text == http2.Preface {
				in = frame(http2.FrameData, 0, 1, in)
			}
			f.Add(uint64(i), byte(kind), in)
			f.Add(uint64(i), byte(kind), slices.Concat(in[:len(in)/2], []byte(turned), in[len(in)/2:]))
		}
	}
	for i, tt := range heads {
		for kind := range speakers {
			f.Add(uint64(i), byte(kind), []byte(tt.in))
		}
	}
	for i, tt := range texts {
		for k, p := range partings {
			body, _ := parted(rand.New(rand.NewPCG(uint64(i), uint64(k))), p.write, tt.in[:min(len(tt.in), 300)])
			f.Add(uint64(i), byte(0), []byte(p.head+body))
			f.Add(uint64(i), byte(8), []byte(p.head+body[:len(body)/2]+turned+body[len(body)/2:]))
		}
	}
	for i, tt := range secretLines {
		f.Add(uint64(i), byte(4), []byte(tt))
		f.Add(uint64(i), byte(5), []byte(tt))
		f.Add(uint64(i), byte(7), []byte(tt))
	}
	var block []byte
	for _, field := range [][2]string{{":path", "/a?token=QWERTY&b=c"}, {"cookie", "a=b"}, {"referer", "https://u:QWERTY@h/"}, {"x-id", jwt}, {"cookie", "c=b; a=b"}} {
		block = appendLiteral(block, field[0], field[1], len(block)%2 == 0)
	}
	f.Add(uint64(1), byte(1), slices.Concat(frame(http2.FrameHeaders, 0, 1, block[:30]), frame(http2.FrameContinuation, http2.FlagEndHeaders, 1, block[30:])))
	f.Fuzz(func(t *testing.T, seed uint64, kind byte, in []byte) {
		rnd := rand.New(rand.NewPCG(seed, 8))
		as := speakers[int(kind)%len(speakers)]
		turns := slices.Clone(as.begin)
		for i, part := range strings.Split(string(in), turned) {
			if i > 0 {
				turns = append(turns, turn{1, as.dir.Reverse(), "+ Password: "})
			}
			if part != "" {
				turns = append(turns, turn{1, as.dir, part})
			}
		}
		want := runAs(t, as.proto, as.opt, turns, func(s string) []string { return []string{s} })
		got := runAs(t, as.proto, as.opt, turns, func(s string) (parts []string) {
			for len(s) > 0 {
				n := 1 + rnd.IntN(min(len(s), 1+rnd.IntN(60)))
				parts, s = append(parts, s[:n]), s[n:]
			}
			return parts
		})
		size := 0
		for _, turn := range turns {
			if turn.dir == as.dir {
				size += len(turn.text)
			}
		}
		if got.tape != want.tape || got.stream(1, as.dir) != want.stream(1, as.dir) || len(want.stream(1, as.dir)) != size {
			t.Fatalf("in    %q\nwhole %q\nsplit %q\nwhole:\n%s\nsplit:\n%s", in, want.stream(1, as.dir), got.stream(1, as.dir), want.tape, got.tape)
		}
	})
}

// secretLines have secrets where commands are lines.
var secretLines = []string{
	"USER u\r\nPASS QWERTY\r\nACCT QWERTY\r\n", "AUTH PLAIN QWERTY\r\nQWERTY==\r\nMAIL FROM:<a>\r\n", "a AUTHENTICATE PLAIN\r\nQWERTY\r\n",
	"a LOGIN u \"QWERTY\"\r\nb LOGIN {1}\r\nu {6}\r\nQWERTY\r\nc NOOP\r\n", "APOP u QWERTY\r\nAUTHINFO PASS QWERTY\r\n", "  PASS  QWERTY\r\n \xff\xfb\x01PASS x\r\n",
	"*2\r\n$4\r\nAUTH\r\n$6\r\nQWERTY\r\n*1\r\n$4\r\nPING\r\n", "AUTH QWERTY\r\nCONFIG SET requirepass \"QWERTY\"\r\n",
	"*4\r\n$3\r\nACL\r\n$7\r\nSETUSER\r\n$1\r\nu\r\n$7\r\n>QWERTY\r\n",
}

// What is held of a stream is bounded, whatever it begins.
func TestHeldWithinALine(t *testing.T) {
	for _, begin := range []string{"token=", `"token":"`, "http://", "eyJabcdefgh.abc.", "eyJ"} {
		size := 0
		r := New(func(e wire.Event, _ []tape.Span) { size += len(e.Data) }, Options{})
		sent := 0
		for _, part := range append([]string{begin}, octets(strings.Repeat("x", 3*maxHeld))...) {
			r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: []byte(part)})
			if sent += len(part); sent-size > maxHeld {
				t.Fatalf("%q: %d of %d octets came out", begin, size, sent)
			}
		}
	}
}

// A given value is masked in every way that it is written, and within what more
// was encoded with it.
func TestGivenValueInOtherWriting(t *testing.T) {
	const value = "p+w/ <QWERTY>?~\u00e9"
	opt := Options{Values: map[string]string{"PW": value}}
	b64 := func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) }
	for _, in := range []string{
		b64("u:" + value), b64("us:" + value + "x"), b64("use:" + value + "xy"), base64.RawStdEncoding.EncodeToString([]byte("a" + value)),
		"p%2bw%2f+%3cQWERTY%3e%3f~%c3%a9", url.PathEscape(value), strings.ToUpper(hex.EncodeToString([]byte(value))), `"p+w/ <QWERTY>?~` + "\u00e9\"",
	} {
		got := run(t, opt, []turn{{1, c2s, in}}, whole).stream(1, c2s)
		same := 0
		for same < len(got) && got[same] == in[same] {
			same++
		}
		if len(got) != len(in) || same > 8 || strings.Contains(got, "QWERTY") {
			t.Errorf("%q became %q", in, got)
		}
	}
}
