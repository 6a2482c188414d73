package view

import (
	"bytes"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/session/analyze"
	"wiretape/wire"
	"wiretape/wire/content"
	"wiretape/wire/cookie"
	"wiretape/wire/detect"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// A moment is what there is to show of a recording after an event, beside a text
// that a terminal would obey.
type moment struct {
	e    wire.Event
	msgs []proto.Message // that e completed
	st   proto.State
	h    string
}

// views shows a moment by each method of a Printer.
var views = map[string]func(p *Printer, m *moment){
	"ALPN":         func(p *Printer, m *moment) { p.ALPN(m.e.TLS) },
	"Capabilities": func(p *Printer, m *moment) { p.Capabilities(m.h, []string{m.h, m.h + " " + m.h, m.h + "=" + m.h}) },
	"Certificate":  func(p *Printer, m *moment) { p.Certificate(m.e.TLS, start) },
	"Chain":        func(p *Printer, m *moment) { p.Chain(m.e.TLS, start) },
	"CookieTable": func(p *Printer, m *moment) {
		p.CookieTable(m.h, []cookie.Verdict{
			cookie.Judge(cookie.NewOrigin(true, "h.test", "/"), []byte(m.h+"="+m.h+"; Path=/"+m.h), start),
			cookie.Judge(cookie.NewOrigin(false, m.h, m.h), []byte("a="+m.h+"; Domain="+m.h), start),
		})
		for i := range m.msgs {
			p.CookieTable("", Keep(new(cookie.Jar), &m.msgs[i], start))
		}
	},
	"Current":   func(p *Printer, m *moment) { p.Current(len(m.h) % 3) },
	"Decoded":   func(p *Printer, m *moment) { p.Decoded(content.Limits{}) },
	"Rows":      func(p *Printer, m *moment) { p.Rows(len(m.h)) },
	"Echo":      func(p *Printer, m *moment) { p.Echo(1, []byte("GET / HTTP/1.1\r\nX: "+m.h+"\r\n\r\n"+m.h), true) },
	"Err":       func(p *Printer, m *moment) { p.Err() },
	"Event":     func(p *Printer, m *moment) { p.Event(m.e) },
	"FrameList": func(p *Printer, m *moment) { p.FrameList(m.msgs) },
	"HeaderTable": func(p *Printer, m *moment) {
		p.HeaderTable(m.h, &http2.Table{Entries: []http2.Entry{{Name: []byte(m.h), Value: []byte(m.h)}}})
	},
	"Hold":   func(p *Printer, m *moment) { p.Hold() },
	"Held":   func(p *Printer, m *moment) { p.Held() },
	"Info":   func(p *Printer, m *moment) { p.Info(m.h) },
	"InfoOf": func(p *Printer, m *moment) { p.InfoOf(1, m.h) },
	"Message": func(p *Printer, m *moment) {
		for i := range m.msgs {
			p.Message(&m.msgs[i])
		}
	},
	"Negotiations": func(p *Printer, m *moment) { p.Negotiations(NegotiationRows(len(m.h) % 3)) },
	"Now":          func(p *Printer, m *moment) { p.Now(start) },
	"Partial":      func(p *Printer, m *moment) { p.Partial(m.e.Conn, m.st) },
	"Release":      func(p *Printer, m *moment) { p.Release() },
	"Reread":       func(p *Printer, m *moment) { p.Reread(2) },
	"Settle":       func(p *Printer, m *moment) { p.Settle() },
	"Timing": func(p *Printer, m *moment) {
		p.Timing(TimingOf(m.msgs, m.e.Facts, m.e.TLS))
		p.Timing(Timing{Asked: m.h, Phases: []Phase{{m.h, time.Second}}})
	},
	"Unfinished": func(p *Printer, m *moment) { p.Info(p.Unfinished(m.e.Conn, m.st)) },
	"Untold":     func(p *Printer, m *moment) { p.Untold(wire.Event{Conn: 3}) },
	"Warn":       func(p *Printer, m *moment) { p.Warn(m.h) },
	"WarnOf":     func(p *Printer, m *moment) { p.WarnOf(2, m.h) },
}

// order is that in which views are called: a Message before its event, as a
// Printer wants them.
var order = func() []string {
	names := slices.Sorted(maps.Keys(views))
	first := []string{"Message", "Event", "Partial", "Unfinished"}
	return append(first, slices.DeleteFunc(names, func(n string) bool { return slices.Contains(first, n) })...)
}()

// everything calls each of p's methods.
func everything(p *Printer, events []wire.Event, h string) {
	stream := detect.New(detect.Options{})
	for _, e := range events {
		m := moment{e: e, msgs: slices.Clone(stream.Feed(e)), st: stream.State(e.Conn), h: h}
		for _, name := range order {
			views[name](p, &m)
		}
	}
	views["Message"](p, &moment{msgs: stream.Close(), h: h})
}

// texts has what each function of the package gives of a peer's text to a screen.
var texts = map[string]func(h string, m *proto.Message) string{
	"AppendOctets": func(h string, m *proto.Message) string {
		return string(AppendOctets(nil, m, []byte(h), false)) + string(AppendOctets(nil, m, []byte(h), true))
	},
	"Classic": func(h string, _ *proto.Message) string {
		var b strings.Builder
		Classic(&b, hostileReport(h))
		return b.String()
	},
	"Escape":       func(h string, _ *proto.Message) string { return string(Escape(nil, []byte(h))) },
	"EscapeString": func(h string, _ *proto.Message) string { return EscapeString(h) },
	"Hex": func(h string, _ *proto.Message) string {
		var b strings.Builder
		Hex(&b, []byte(h), 1<<40)
		return b.String()
	},
	"Holder": func(h string, _ *proto.Message) string {
		der, err := certificateOf(strings.ToValidUTF8(h, "?"))
		if err != nil {
			return err.Error()
		}
		return Holder(&wire.TLS{Certificates: [][]byte{der}})
	},
	"JSON": func(_ string, m *proto.Message) string { return string(JSON(nil, m, JSONOptions{Frames: true})) },
	"Report": func(h string, _ *proto.Message) string {
		var b strings.Builder
		Report(&b, hostileReport(h), Style{Width: 60})
		return b.String()
	},
	"ReportJSON": func(h string, _ *proto.Message) string {
		b, _ := ReportJSON(nil, hostileReport(h))
		return string(b)
	},
	"AppendSite": func(h string, _ *proto.Message) string {
		return string(AppendSite(nil, hostileReport(h), true, []string{h}, true))
	},
	"AppendPageHead": func(h string, _ *proto.Message) string { return string(AppendPageHead(nil, h)) },
	"AppendPageFoot": func(h string, _ *proto.Message) string { return string(AppendPageFoot(nil, h)) },
	"NewTapePage":    pageOf, "TapePage.Event": pageOf, "TapePage.Close": pageOf,
	"Brief.Row": func(h string, m *proto.Message) string {
		var b Brief
		asked := proto.Message{N: 1, Dir: wire.ClientToServer, Kind: proto.KindCommand, Head: []byte(h)}
		answered := proto.Message{N: 1, Dir: wire.ServerToClient, Kind: proto.KindReply, EndedBy: h}
		return b.Row(&asked) + b.Row(&answered) + b.Row(m)
	},
}

// silent are the functions that give values, and no text of a peer's.
var silent = []string{"ColorWanted", "Content", "Duration", "Ends", "Keep", "New", "TimingOf", "Recall.Event", "Recall.Take", "Stopwatch.Event", "Stopwatch.Message", "Timing.Total"}

// pageOf is a page of a tape, without the characters that stand for colours in it.
func pageOf(h string, m *proto.Message) string {
	var b strings.Builder
	g := NewTapePage(&b, PageOptions{Title: h})
	g.Event(wire.Event{Conn: 1, Kind: wire.KindTry, Addr: h, Text: h}, []proto.Message{*m})
	g.Close([]proto.Message{*m})
	return withoutColours(b.String())
}

// withoutColours drops the characters that stand for colours, which a peer's text
// cannot have: on a page it is escaped.
func withoutColours(page string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0xe000 && r <= 0xe00f {
			return -1
		}
		return r
	}, page)
}

// hostileReport has h wherever a report has text of a peer's.
func hostileReport(h string) *analyze.Report {
	r := fullReport(h, h)
	r.Cookies = judged(cookie.NewOrigin(false, "h.test", "/"), 1, h+"="+h+"; Path=/"+h)
	r.HTTP2.Evidence, r.Error, r.HTTPS, r.Warnings = h, analyze.Text(h), h, []string{h}
	return r
}

// Every method and function that shows something is in one of the tables above, so
// that the test of hostile text is one of all of them.
func TestEveryViewIsTestedWithHostileText(t *testing.T) {
	printer := reflect.TypeFor[*Printer]()
	for m := range printer.Methods() {
		if views[m.Name] == nil {
			t.Errorf("Printer.%s is not in the table of views", m.Name)
		}
	}
	if len(views) != printer.NumMethod() {
		t.Errorf("the table of views has %d rows, a Printer %d methods", len(views), printer.NumMethod())
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() {
				continue
			}
			name := fn.Name.Name
			if fn.Recv != nil {
				of := fn.Recv.List[0].Type
				if star, ok := of.(*ast.StarExpr); ok {
					of = star.X
				}
				id := of.(*ast.Ident)
				if id.Name == "Printer" || !id.IsExported() {
					continue
				}
				name = id.Name + "." + name
			}
			known[name] = true
			if texts[name] == nil && !slices.Contains(silent, name) {
				t.Errorf("%s: %s is not in the table of texts", f.Name(), name)
			}
		}
	}
	for _, name := range append(slices.Collect(maps.Keys(texts)), silent...) {
		if !known[name] {
			t.Errorf("%s is in a table, and not in the package", name)
		}
	}
}

func TestNoTextForTheScreenIsObeyed(t *testing.T) {
	for name, text := range texts {
		for _, h := range hostile() {
			m := proto.Message{Conn: 1, Dir: wire.ServerToClient, Kind: proto.KindRaw, Head: []byte(h), Body: proto.Body{Data: []byte(h), Size: int64(len(h))}, EndedBy: h,
				Notes: []proto.Note{{Text: h, Rule: h}}}
			got := text(h, &m)
			checkShown(t, name, got, Style{})
			if strings.Contains(name, "JSON") && !bytes.ContainsAny([]byte(got), "{") {
				t.Errorf("%s gives %q", name, got)
			}
		}
	}
}
