package tape

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wiretape/wire"
)

// readAll reads the records of a tape up to its end or first error.
func readAll(tape string) (records []Record, r *Reader, err error) {
	r = NewReader(strings.NewReader(tape), "login.tape")
	for rec, e := range r.Records() {
		if e != nil {
			return records, r, e
		}
		rec.Event.Data = bytes.Clone(rec.Event.Data)
		rec.Spans = append([]Span(nil), rec.Spans...)
		records = append(records, rec)
	}
	return records, r, nil
}

// Each way to break a tape is told with its line and what stands there.
func TestBrokenTapesAreRefused(t *testing.T) {
	leaf := strings.Repeat("ab", 32)
	for _, tt := range []struct{ line, want string }{
		{"hello", `"hello": want a blank after "h"`},
		{"h hello", `no record begins with 'h'`},
		{">hello", `">hello": want a blank, x, b or @ after ">"`},
		{"<hello", `want a blank, x, b or @ after "<"`},
		{">X 00", "want a blank, x, b or @"},
		{"<<<<<<< HEAD", "is this a conflict marker of git?"},
		{">>>>>>> branch", "is this a conflict marker of git?"},
		{"=======", "want a blank"},
		{"||||||| base", "want a blank"},
		{"#\xff", "not UTF-8"},
		{"; ", "metadata without a key"},
		{"= open tcp a:1\n; profile commit", "profile after the first socket record: it stands before it"},
		{";note x", "want a blank"},
		{"; profile draft", `profile "draft": want capture or commit`},
		{"; created yesterday", `created "yesterday": want a time like`},
		{"; end now", `"now" after ; end`},
		{"0> x", `connection "0": want 1 to`},
		{"01> x", `connection "01": want 1 to`},
		{"1000000000> x", `connection "1000000000"`},
		{"2~ 1s", "a number stands before"},
		{"2; x", "a number stands before"},
		{"~ 5", `duration "5"`},
		{"~ -5s", `duration "-5s"`},
		{"~", "want a blank"},
		{"~ 5s..1s", `range "5s..1s" is empty`},
		{"~ 5s..", `duration ""`},
		{"~ 9999999h", "duration"},
		{"! retry 3", `rule "retry" is not known`},
		{"! proto", "an argument is missing"},
		{"! proto http/1.1 x", `"x" is one argument too many`},
		{"! match body xml", "want headers exact | body text"},
		{"! ignore header a b", `"b" is one argument too many`},
		{"! ignore line (", "missing closing )"},
		{"! ignore json  ", "want a path"},
		{"! require speed", "want tls | alpn | verify | timing"},
		{"! secret header Cookie 1x", `name "1x"`},
		{"! secret header Cookie", "an argument is missing"},
		{"! rewrite path", "want host"},
		{"2! match tail any", "rule match is for the whole tape"},
		{"= hello", `verb "hello" is not known`},
		{"= open", "want a network"},
		{"= open tcp", "want a target"},
		{"= open pigeon a:1", `network "pigeon"`},
		{"= open tcp a:1 b", `"b" is one word too many`},
		{"= open tcp a:1 colour=red", `"colour=" is not known`},
		{"= open tcp a:1 dns=1s dns=1s", `"dns=" stands twice`},
		{"= open tcp a:1 dns=fast", `dns: duration "fast"`},
		{"= open tcp a:1 role=judge", `role "judge": want dial or accept`},
		{"= open  tcp a:1", "want one space"},
		{"= open tcp \"a:1", "want a closing quote"},
		{"= open tcp \"a\\q\"", `escape "\\q"`},
		{"= open tcp a:1 ", "want one space"},
		{"= try a:1 b", "one word too many"},
		{"= tls 9", `version "9"`},
		{"= tls 1.3 suite=FAST", `suite "FAST"`},
		{"= tls 1.3 group=x", `group "x"`},
		{"= tls 1.3 resumed=perhaps", "resumed=perhaps: want yes or no"},
		{"= tls 1.3 leaf=abc", `leaf "abc": want a SHA-256`},
		{"= cert MAA=", "cert without a tls record"},
		{"= open tcp a:1\n= tls 1.3\n2= cert MAA=", "cert without a tls record"},
		{"= open tcp a:1\n= tls 1.3\n> x\n= cert MAA=", "cert without a tls record"},
		{"= open tcp a:1\n= tls 1.3\n= cert", "want base64"},
		{"= open tcp a:1\n= tls 1.3\n= cert M", "want base64"},
		{"= open tcp a:1\n= tls 1.3 leaf=" + leaf + "\n= cert MAA=", "leaf= says " + leaf},
		{"= alert < 40", "want NAME(NUMBER)"},
		{"= alert < close_notify(40)", "number 40 is handshake_failure"},
		{"= alert < x(400)", "want NAME(NUMBER)"},
		{"= eof", "want > or <"},
		{"= eof client", `direction "client": want > or <`},
		{"= rst > <", "one word too many"},
		{"= gap <", "want a number of bytes"},
		{"= gap < -1", `"-1": want a number of bytes`},
		{"= gap < +1", `"+1": want a number of bytes`},
		{"= error", "want a text"},
		{"= error x left=3", "left= without > or <"},
		{"= close now", `"now" is one word too many`},
		{"= open tcp a:1\n! match tail any", "rules stand before it"},
		{"> a ", "line ends in a space"},
		{"> a\tb", `character U+0009 does not show: write it as \t`},
		{"> a\x00b", `write it as \0`},
		{"> \u200b", `character U+200B does not show: write it as \xe2\x80\x8b`},
		{"> \u00a0", `write it as \xc2\xa0`},
		{"> a\xffb", `byte \xff is not UTF-8`},
		{`> a\q`, `escape "\\q"`},
		{`> a\x4`, "want two hex digits"},
		{`> a\x4g`, "want two hex digits"},
		{`> a\`, "backslash at the end of the line"},
		{"> a\rb", `character U+000D does not show: write it as \r`},
		{">x 0", "want pairs of hex digits"},
		{">x 00  00", "want pairs of hex digits"},
		{">x 0 0", "want pairs of hex digits"},
		{">b", "want a blank and base64"},
		{">b ", "want a blank and base64"},
		{">b YQ", "illegal base64"},
		{">b YR==", "illegal base64"},
		{">@", "want @, a blank and its length"},
		{">@ 0", "want @, a blank and its length"},
		{">@ 03\nabc", "want @, a blank and its length"},
		{">@ 99999999999999999999", "want @, a blank and its length"},
		{"= open tcp a:1\n>@ 2\nabc", "goes on after them"},
		{"> x", "data of connection 1 before its open"},
		{"2= eof <", "eof of connection 2 before its open"},
		{"= gap < 5", "gap of connection 1 before its open"},
		{"3= close", "close of connection 3 before its open"},
		{"= open tcp a:1\n= open tcp a:1", "second open of connection 1"},
		{"= open tcp a:1\n= try a:1", "try of connection 1 after its open"},
		{"= open tcp a:1\n= close\n< x", "data of connection 1 after its close"},
		{"= open tcp a:1\n= close\n= close", "close of connection 1 after its close"},
		{"= open tcp a:1\n= close\n= open tcp a:1", "open of connection 1 after its close"},
		{"= try a:1 error=x\n= tls 1.3", "tls of connection 1 before its open"},
		{"= error x\n= close\n= open tcp a:1", "open of connection 1 after its close"},
		{"; end\n> x", "after the end of the recording"},
		{"; end\n~ 1s", "after the end of the recording"},
		{`> \{any|x`, "has no end: want }"},
		{`> \{}`, "want $NAME, secret NAME LENGTH"},
		{`> \{word|x}`, `kind "word" is not known`},
		{`> \{a b=any|x}`, `name "a b"`},
		{`> \{any|a|b}`, `"|" within a span`},
		{`> \{re:(|x}`, "missing closing )"},
		{`> \{int|abc}`, `sample "abc" is no int`},
		{`> \{id=uuid|nope}`, `sample "nope" is no uuid`},
		{`> \{re:a|b}`, `sample "b" does not match re:a`},
		{`> \{any|\{any|x}}`, "spans do not nest"},
		{`> \{$sid}`, `"sid" is not captured before this line`},
		{`> \{ws-accept key}`, `"key" is not captured`},
		{`> \{ws-accept}`, "want ws-accept NAME"},
		{`> \{secret A}`, "want secret NAME LENGTH"},
		{`> \{secret A 12345678}`, `length "12345678"`},
		{`> \{secret A 3 rot13}`, `encoding "rot13"`},
		{`> \{secret a-b 3}`, `name "a-b"`},
		{"> " + strings.Repeat("x", maxLine+1), "line of more than 1048576 bytes"},
		{"> " + strings.Repeat(`\{secret A 1048576}`, 3), "line stands for more than"},
	} {
		tape := "wiretape 1\n# c\n" + tt.line + "\n"
		line := 3
		if !strings.Contains(tt.line, ">@ 2") {
			line += strings.Count(tt.line, "\n")
		}
		_, _, err := readAll(tape)
		syntax, ok := errors.AsType[*SyntaxError](err)
		if !ok {
			t.Errorf("%.80q: error %v, want a SyntaxError", tt.line, err)
			continue
		}
		if syntax.Line != line && !strings.Contains(tt.line, ">@ ") || !strings.Contains(syntax.Text, tt.want) {
			t.Errorf("%.80q: error %.200q, want line %d: …%s…", tt.line, err, line, tt.want)
		}
		if !strings.HasPrefix(err.Error(), fmt.Sprintf("login.tape:%d: ", syntax.Line)) {
			t.Errorf("error %q does not begin with its place", err)
		}
		// By events the same is refused.
		var last error
		for _, err := range NewReader(strings.NewReader(tape), "login.tape").Events() {
			last = err
		}
		if last == nil || last.Error() != err.Error() {
			t.Errorf("%.80q: by events %v, by records %v", tt.line, last, err)
		}
	}
}

func TestHeader(t *testing.T) {
	for _, tt := range []struct{ tape, want string }{
		{"wiretape 3\n", "x:1: tape of format 3, this program reads format 1"},
		{"wiretape 3", "x:1: tape of format 3, this program reads format 1"},
		{"\xef\xbb\xbfwiretape 1\n", "x:1: byte order mark before the first line: want none"},
		{"hello\n", `x:1: first line "hello": want "wiretape 1"`},
		{"hello", `x:1: first line "hello": want "wiretape 1"`},
		{"wiretape one\n", `x:1: first line "wiretape one": want "wiretape 1"`},
		{"wiretape 1 \n", `x:1: first line "wiretape 1 ": want "wiretape 1"`},
		{strings.Repeat("x", 2*maxLine), `x:1: line of more than 1048576 bytes: want "wiretape 1"`},
	} {
		var got error
		for _, err := range NewReader(strings.NewReader(tt.tape), "x").Records() {
			got = err
		}
		if got == nil || got.Error() != tt.want {
			t.Errorf("%.40q: error %v, want %s", tt.tape, got, tt.want)
		}
	}
}

func TestRecords(t *testing.T) {
	const tape = "wiretape 1\n" + // 1
		"; created 2026-11-23T10:00:00Z\n" +
		"! ignore line ^a  b$\n" +
		"2! proto bytes\n" +
		"#| generated\n" + // 5
		"\n" +
		"= open unix \"/run/a b\" dns=1ms connect=2ms\n" +
		"~ 1s\n~ *\n~ 1ms..2ms\n" +
		"> a\\{d=token|Mon}\\{re:^\\\\d.|1\\x7c}\n" +
		"# inside\n" +
		">@ 4\nb\nc\n\n" + // 13–15
		"> \\{$d}\\{secret LOGIN 7}\\{enc-b64 d}\n" +
		"% mark\n" +
		"1<\n" +
		"; end\n"
	got, r, err := readAll(tape)
	if err != nil {
		t.Fatal(err)
	}
	if !r.p.ended || !r.Created().Equal(created) || r.p.profile != capture {
		t.Errorf("ended %v, Created %v, profile %v", r.p.ended, r.Created(), r.p.profile)
	}
	at := time.Second + time.Millisecond
	data := func(conn int, dir wire.Dir, s string) wire.Event {
		return wire.Event{Conn: conn, At: at, Kind: wire.KindData, Dir: dir, Data: []byte(s)}
	}
	want := []Record{
		{Line: 2, Kind: Meta, Key: "created", Value: "2026-11-23T10:00:00Z"},
		{Line: 3, Kind: Rule, Key: "ignore", Args: []string{"line", "^a  b$"}},
		{Line: 4, Kind: Rule, Key: "proto", Args: []string{"bytes"}, Conn: 2},
		{Line: 5, Kind: Comment, Value: "| generated"},
		{Line: 6, Kind: Blank},
		{Line: 7, Kind: Socket, Key: "open", Value: `unix "/run/a b" dns=1ms connect=2ms`, Event: wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{
			Network: "unix", Target: "/run/a b", Start: created.Add(-3 * time.Millisecond),
			Phases: wire.Phases{DNS: time.Millisecond, Connect: 2 * time.Millisecond}}}},
		{Line: 8, Kind: Time, Wait: Wait{Min: time.Second, Max: time.Second}},
		{Line: 9, Kind: Time, Wait: Wait{Free: true}},
		{Line: 10, Kind: Time, Wait: Wait{Min: time.Millisecond, Max: 2 * time.Millisecond}},
		{Line: 11, Kind: Data, Event: data(1, wire.ClientToServer, "aMon1|"), Spans: []Span{
			{From: 1, To: 4, Kind: SpanToken, ID: "d"}, {From: 4, To: 6, Kind: SpanPattern, Pattern: `^\d.`}}},
		{Line: 12, Kind: Comment, Value: " inside"},
		{Line: 13, Kind: Data, Form: Raw, Event: data(1, wire.ClientToServer, "b\nc\n"), Continues: true},
		{Line: 17, Kind: Data, Event: data(1, wire.ClientToServer, "Monlogin"+"loTW9u"), Continues: true, Spans: []Span{
			{From: 0, To: 3, Kind: SpanRef, ID: "d"}, {From: 3, To: 10, Kind: SpanSecret, ID: "LOGIN"},
			{From: 10, To: 14, Kind: SpanEncB64, ID: "d"}}},
		{Line: 18, Kind: Mark, Value: "mark"},
		{Line: 19, Kind: Data, Event: data(1, wire.ServerToClient, "")},
		{Line: 20, Kind: Meta, Key: "end"},
	}
	if diff := cmp.Diff(want, got, sameEvents); diff != "" {
		t.Error(diff)
	}
}

// What a quoted value says is no key.
func TestKeysInQuotes(t *testing.T) {
	const tape = "wiretape 1\n= open tcp a:1\n= tls 1.3 verify=\"no: leaf=00\"\n= cert MAA=\n; end\n"
	events := read(t, NewReader(strings.NewReader(tape), "x"))
	if got := events[1].TLS; got.Verify != "no: leaf=00" || len(got.Certificates) != 1 {
		t.Errorf("TLS %+v", got)
	}
	if got, _ := format(t, tape, false); got != tape {
		t.Error(cmp.Diff(tape, got))
	}
}

// Any prefix of a tape can be read: no error, the events but the last are those
// of the whole, the bytes a prefix of its bytes, and what is lost is said.
func TestAnyPrefixCanBeRead(t *testing.T) {
	tapes := map[string]string{"conversation": string(write(t, conversation()[:10]...))}
	files, _ := filepath.Glob("testdata/*.*")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tapes[file] = string(b)
	}
	for name, tape := range tapes {
		t.Run(name, func(t *testing.T) {
			whole := read(t, NewReader(strings.NewReader(tape), "x"))
			all := streams(whole)
			for n := range len(tape) {
				if n > 4000 && n%97 > 0 {
					continue
				}
				r := NewReader(strings.NewReader(tape[:n]), "x")
				got := read(t, r)
				if k := len(got) - 1; k > 0 {
					if diff := cmp.Diff(whole[:k], got[:k], sameEvents); diff != "" {
						t.Fatalf("prefix of %d bytes: %s", n, diff)
					}
				}
				for key, s := range streams(got) {
					if !strings.HasPrefix(all[key], s) {
						t.Fatalf("prefix of %d bytes: bytes of %v are no prefix", n, key)
					}
				}
				cut, isCut := r.Cut()
				torn := n == 0 || tape[n-1] != '\n'
				if torn && !isCut && !strings.HasSuffix(tape[:n], "\n; end") {
					t.Fatalf("prefix of %d bytes is not said to be cut off", n)
				}
				if !torn && isCut && r.p.profile == capture && !strings.Contains(cut.Text, "raw block") {
					t.Fatalf("prefix of %d whole lines: %v", n, cut)
				}
				if isCut && (cut.Line < 1 || cut.Text == "") {
					t.Fatalf("prefix of %d bytes: empty %+v", n, cut)
				}
			}
		})
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		tape, want string
	}{
		{"wiretape 1\n= open tcp a:1\n> a\n; end\n", ""},
		{"wiretape 1\n= open tcp a:1\n> a\n; end", ""},
		{"wiretape 1\r\n= open tcp a:1\r\n> a\r\n; end\r", ""},
		{"wiretape 1\n= open tcp a:1\n> a\n", ""},
		{"wiretape 1\n; profile commit\n= open tcp a:1\n> a\n; end", ""},
		{"wiretape 1\n; profile commit\n= open tcp a:1\n> a\n", `line 4: no "; end" after it`},
		{"wiretape 1\n= open tcp a:1\n> a\n> GET /lo", `line 4: no line end, dropped: "> GET /lo"`},
		{"wiretape 1\n= open tcp a:1\n> a\n; en", `line 4: no line end, dropped: "; en"`},
		{"wiretape 1\n= open tcp a:1\n>@ 9\nab\nc", `line 3: raw block of 9 bytes, 5 are missing`},
		{"wiretape 1\n= open tcp a:1\n>@ 3\nabc", `line 3: no line end after a raw block`},
		{"wiretape 1\n= open tcp a:1\n>@ 3\nabc\r", `line 3: no line end after a raw block`},
		{"wiret", `line 1: no line end, dropped: "wiret"`},
		{"", `line 1: it is empty`},
	} {
		_, r, err := readAll(tt.tape)
		cut, ok := r.Cut()
		got := ""
		if ok {
			got = cut.String()
		}
		if err != nil || got != tt.want {
			t.Errorf("%q: Cut = %q, %v, want %q", tt.tape, got, err, tt.want)
		}
	}
}

func TestReadErrorIsNoCut(t *testing.T) {
	disk := errors.New("input/output error")
	r := NewReader(io.MultiReader(strings.NewReader("wiretape 1\n= open tcp a:1\n> a\n> b"), errReader{disk}), "x")
	var got error
	for _, err := range r.Events() {
		got = err
	}
	if !errors.Is(got, disk) {
		t.Errorf("error %v, want %v", got, disk)
	}
	if cut, ok := r.Cut(); ok {
		t.Errorf("Cut = %v, want none", cut)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// repeat gives b n times.
type repeat struct {
	b   []byte
	n   int
	off int
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.b[r.off:])
	if r.off += n; r.off == len(r.b) {
		r.off = 0
		r.n--
	}
	return n, nil
}

func TestConstantMemory(t *testing.T) {
	mega := bytes.Repeat([]byte("0123456789abcde\n"), 1<<16)
	for name, src := range map[string]io.Reader{
		"one raw block": io.MultiReader(strings.NewReader("wiretape 1\n= open tcp a:1\n<@ 134217728\n"), &repeat{b: mega, n: 128}),
		"one run":       io.MultiReader(strings.NewReader("wiretape 1\n= open tcp a:1\n"), &repeat{b: []byte("< 0123456789abcdef0123456789abcdef0123456789\n"), n: 3 << 20}),
	} {
		size := 0
		largest := 0
		peak := memory(func() {
			for e, err := range NewReader(src, "x").Events() {
				if err != nil {
					t.Fatal(err)
				}
				size += len(e.Data)
				largest = max(largest, len(e.Data))
			}
		})
		if size < 100<<20 {
			t.Errorf("%s: read %d bytes", name, size)
		}
		if largest > maxPiece || peak > 8<<20 {
			t.Errorf("%s: events up to %d bytes, memory %d bytes", name, largest, peak)
		}
	}
	for _, commit := range []bool{false, true} {
		src := io.MultiReader(strings.NewReader("wiretape 1\n= open tcp a:1\n<@ 134217728\n"), &repeat{b: mega, n: 128}, strings.NewReader("\n"))
		out := new(longest)
		peak := memory(func() {
			if _, err := Format(out, src, FormatOptions{Commit: commit}); err != nil {
				t.Fatal(err)
			}
		})
		if !commit && peak > 8<<20 || out.n > 8<<20 {
			t.Errorf("format, commit %v: memory %d bytes in all, up to %d at once", commit, peak, out.n)
		}
	}
}

// longest remembers the length of the longest of its writes.
type longest struct{ n int }

func (l *longest) Write(b []byte) (int, error) {
	l.n = max(l.n, len(b))
	return len(b), nil
}

// memory returns how many bytes f allocates in all.
func memory(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
