package tape

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wiretape/wire"
)

func TestForms(t *testing.T) {
	bin := "\x00\x01\x02\xff"
	for _, tt := range []struct {
		name    string
		data    string
		capture string
		commit  string // "" for the same
	}{
		{"none", "", ">\n", ""},
		{"text", "a é\r\n\tb\\{\x00", "> a é\\r\\n\n> \\tb\\\\{\\0\n", ""},
		{"final space", "a ", "> a\\x20\n", ""},
		{"only spaces", "  ", ">  \\x20\n", ""},
		{"half a rune", "caf\xc3", ">x 63 61 66 c3\n", ""},
		{"half a rune in text", "café café caf\xc3", "> café café caf\\xc3\n", ""},
		{"invisible", "some more text \u200b and a lot more of it, so that it is text", "> some more text \\xe2\\x80\\x8b and a lot more of it, so that it is text\n", ""},
		{"a tenth", "0123456789\x01", "> 0123456789\\x01\n", ""},
		{"over a tenth", "012345678\x01\x02", ">x 30 31 32 33 34 35 36 37 38 01 02\n", ""},
		{"hex lines", strings.Repeat("\x00", 33), ">x" + strings.Repeat(" 00", 32) + "\n>x 00\n", ""},
		{"big binary", strings.Repeat(bin, 1024), ">@ 4096\n" + strings.Repeat(bin, 1024) + "\n", "=base64"},
		{"big text", strings.Repeat("x", 5000), "> " + strings.Repeat("x", 4096) + "\n> " + strings.Repeat("x", 904) + "\n", ""},
		{"huge text", strings.Repeat("x", 65537), ">@ 65537\n" + strings.Repeat("x", 65537) + "\n", "=text"},
		{"rune at the break", strings.Repeat("x", 4095) + "é", "> " + strings.Repeat("x", 4095) + "\n> é\n", ""},
		{"space at the break", strings.Repeat("x", 4095) + " y", "> " + strings.Repeat("x", 4095) + "\\x20\n> y\n", ""},
		{"JSON", "\n{\"a,{\":1,\"b\":{\"c\":2}}", "> \\n\n> {\"a,{\":1,\"b\":{\"c\":2}}\n", "> \\n\n> {\n> \"a,{\":1,\n> \"b\":{\n> \"c\":2}}\n"},
	} {
		for profile, want := range map[profile]string{capture: tt.capture, commit: tt.commit} {
			got := string(appendRun(nil, profile, 1, wire.ClientToServer, []byte(tt.data), nil))
			switch want {
			case "":
				want = tt.capture
			case "=base64":
				if !strings.HasPrefix(got, ">b AAEC/wABAv8") || len(strings.SplitN(got, "\n", 2)[0]) != len(">b ")+76 {
					t.Errorf("%s, %s: %.100q, want base64 in lines of 76", tt.name, profile, got)
				}
				continue
			case "=text":
				if !strings.HasPrefix(got, "> xxx") {
					t.Errorf("%s, %s: %.100q, want text", tt.name, profile, got)
				}
				continue
			}
			if got != want {
				t.Errorf("%s, %s: %.200q, want %.200q", tt.name, profile, got, want)
			}
		}
	}
}

func TestSpans(t *testing.T) {
	const s = "id=a|b} key=dGhlIHNhbXBsZSBub25jZQ== again=a|b} pass=loginlogi n=42"
	at := func(sample string, last bool) (int, int) {
		i := strings.Index(s, sample)
		if last {
			i = strings.LastIndex(s, sample)
		}
		return i, i + len(sample)
	}
	span := func(sample string, last bool, sp Span) Span {
		sp.From, sp.To = at(sample, last)
		return sp
	}
	spans := []Span{
		span("a|b}", false, Span{Kind: SpanAny, ID: "id"}),
		span("dGhlIHNhbXBsZSBub25jZQ==", false, Span{Kind: SpanPattern, Pattern: `[\w=|}]+`}),
		span("a|b}", true, Span{Kind: SpanRef, ID: "id"}),
		span("loginlogi", false, Span{Kind: SpanSecret, ID: "LOGIN", Enc: "pct"}),
		span("42", false, Span{Kind: SpanInt}),
	}
	var b bytes.Buffer
	w := NewWriter(&b, Options{})
	e := wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte(s)}
	w.Event(opened([]wire.Event{e})[0])
	w.Spanned(e, spans)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := `< id=\{id=any|a\x7cb\x7d} key=\{re:[\\w=\x7c\x7d]+|dGhlIHNhbXBsZSBub25jZQ==} again=\{$id} pass=\{secret LOGIN 9 pct} n=\{int|42}`
	if !strings.Contains(b.String(), want+"\n") {
		t.Errorf("tape:\n%s\nwant in it:\n%s", b.String(), want)
	}
	for rec, err := range NewReader(&b, "x").Records() {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind != Data {
			continue
		}
		if string(rec.Event.Data) != s {
			t.Errorf("samples read %q, want %q", rec.Event.Data, s)
		}
		if diff := cmp.Diff(spans, rec.Spans); diff != "" {
			t.Error(diff)
		}
	}
	for _, bad := range [][]Span{
		{{From: 0, To: 99, Kind: SpanAny}}, {{From: 2, To: 1, Kind: SpanAny}}, {{From: 0, To: 1}},
		{{From: 0, To: 2, Kind: SpanAny}, {From: 1, To: 2, Kind: SpanAny}},
		{{From: 0, To: 1, Kind: SpanSecret, ID: "a b"}}, {{From: 0, To: 1, Kind: SpanRef}},
		{{From: 0, To: 1, Kind: SpanAny, ID: "="}}, {{From: 0, To: 1, Kind: SpanSecret, ID: "A", Enc: "x"}},
	} {
		w := NewWriter(&b, Options{})
		if w.Spanned(e, bad); w.Err() == nil {
			t.Errorf("spans %+v are written", bad)
		}
	}
}

// RFC 6455, section 1.3, has the key and what becomes of it.
func TestComputedSpans(t *testing.T) {
	tape := "wiretape 1\n= open tcp a:1\n> \\{key=b64|dGhlIHNhbXBsZSBub25jZQ==}\n< \\{ws-accept key}\n< \\{enc-b64 key}\n"
	events := read(t, NewReader(strings.NewReader(tape), "x"))
	if got, want := string(events[2].Data), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=ZEdobElITmhiWEJzWlNCdWIyNWpaUT09"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWriterRecords(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b, Options{Tool: "a\nb"})
	for _, r := range []Record{
		{Kind: Meta, Key: "note", Value: "x y"},
		{Kind: Rule, Key: "ignore", Args: []string{"header", "Date"}},
		{Kind: Comment, Value: " c"},
		{Kind: Blank},
		{Kind: Mark, Value: "login"},
	} {
		if err := w.Record(r); err != nil {
			t.Errorf("%s: %v", r.Kind, err)
		}
	}
	w.Event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "a:1", Local: "b:2"}})
	for _, r := range []Record{
		{Kind: Meta, Key: "end"}, {Kind: Meta}, {Kind: Comment, Value: "a\nb"}, {Kind: Mark, Value: "\xff"},
		{Kind: Rule, Key: "nonsense"}, {Kind: Rule, Key: "match", Args: []string{"tail", "any"}}, {Kind: Data}, {},
	} {
		if err := w.Record(r); err == nil {
			t.Errorf("record %+v is written", r)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Record(Record{Kind: Blank}); err != ErrClosed {
		t.Errorf("after Close: %v, want %v", err, ErrClosed)
	}
	want := "wiretape 1\n; tool a b\n; profile capture\n; note x y\n! ignore header Date\n# c\n\n% login\n~ 0s\n= open tcp a:1 local=b:2\n; end\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTimeNeverGoesBack(t *testing.T) {
	tape := write(t,
		wire.Event{Conn: 1, At: 5 * time.Second, Kind: wire.KindTimeout},
		wire.Event{Conn: 1, At: 3 * time.Second, Kind: wire.KindTimeout},
		wire.Event{Conn: 1, At: 6 * time.Second, Kind: wire.KindTimeout})
	var at []time.Duration
	for _, e := range read(t, NewReader(bytes.NewReader(tape), "x")) {
		at = append(at, e.At)
	}
	if diff := cmp.Diff([]time.Duration{5 * time.Second, 5 * time.Second, 6 * time.Second}, at); diff != "" {
		t.Error(diff)
	}
}

// FuzzEvents: any event that can be written is read as it was.
func FuzzEvents(f *testing.F) {
	for _, e := range conversation() {
		f.Add(uint8(e.Kind), e.Conn, int64(e.At), uint8(e.Dir), e.Data, e.Size, e.Text, e.Addr, uint8(e.Alert), uint8(e.Notify))
	}
	f.Fuzz(func(t *testing.T, kind uint8, conn int, at int64, dir uint8, data []byte, size int64, text, addr string, alert, notify uint8) {
		want := wire.Event{Conn: conn, At: max(time.Duration(at)%maxDuration, 0), Kind: wire.Kind(kind), Dir: wire.Dir(dir)}
		switch want.Kind {
		case wire.KindOpen:
			want.Dir = 0
			want.Facts = &wire.Facts{Network: "tcp", Target: text, Local: addr, Remote: string(data), Role: wire.Role(notify)}
			want.Facts.Phases.DNS = time.Duration(size)
		case wire.KindSecure:
			want.Dir = 0
			want.TLS = &wire.TLS{Version: uint16(size), CipherSuite: uint16(size >> 16), ALPN: text, ServerName: addr,
				Offered: []string{text, addr}, Verify: string(data), Resumed: alert > 0, Took: time.Duration(at)}
			if len(data) > 0 {
				want.TLS.Certificates = [][]byte{data}
			}
		case wire.KindTry:
			want.Dir, want.Addr, want.Text = 0, addr, text
		case wire.KindData:
			want.Data = data
		case wire.KindAlert:
			want.Alert = wire.Alert(alert)
		case wire.KindEOF:
			want.Notify = wire.Notify(notify % 3)
		case wire.KindTimeout:
			want.Dir, want.Text = 0, text
		case wire.KindError:
			want.Text = text
			if dir != 0 {
				want.Size = size
			}
		case wire.KindGap:
			want.Size = size
		case wire.KindClose:
			want.Dir = 0
		}
		var b bytes.Buffer
		w := NewWriter(&b, Options{})
		before := 0
		if want.Kind != wire.KindOpen && want.Kind != wire.KindTry {
			w.Event(opened([]wire.Event{want})[0])
			before = 1
		}
		w.Event(want)
		if w.Close() != nil {
			return
		}
		got := read(t, NewReader(&b, "x"))[before:]
		if len(got) == 0 {
			t.Fatalf("no event of %+v", want)
		}
		for _, e := range got[1:] { // the pieces of a long run
			got[0].Data = append(got[0].Data, e.Data...)
		}
		if diff := cmp.Diff(want, got[0], sameEvents); diff != "" {
			t.Fatal(diff)
		}
	})
}
