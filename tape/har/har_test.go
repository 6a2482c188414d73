package har_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"wiretape/tape"
	"wiretape/tape/har"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/proto/prototest"
)

// open imports text and returns the bytes of each side, over all connections.
func open(t *testing.T, text string) (client, server string, events []wire.Event, in har.Imported) {
	t.Helper()
	in, give, err := har.Open(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	give(func(e wire.Event) {
		e.Data = bytes.Clone(e.Data)
		events = append(events, e)
		if e.Dir == wire.ClientToServer {
			client += string(e.Data)
		} else {
			server += string(e.Data)
		}
	})
	return client, server, events, in
}

// entries wraps entries of an archive.
func entries(list string) string { return `{"log":{"version":"1.2","entries":[` + list + `]}}` }

func TestHeadsAreRebuiltAsHTTP1(t *testing.T) {
	client, server, _, in := open(t, entries(`{"startedDateTime":"2026-11-23T10:00:00.5Z","time":3,
	"request":{"method":"POST","url":"https://a.test/x?y=1","httpVersion":"h2","cookies":[{"name":"k","value":"v"}],
	 "headers":[{"name":":authority","value":"b.test"},{"name":":path","value":"/x"},{"name":"content-length","value":"99"}],
	 "postData":{"mimeType":"text/plain","text":"né"}},
	"response":{"status":200,"statusText":"OK","httpVersion":"h2","cookies":[],
	 "headers":[{"name":"set-cookie","value":"a=1\nb=2"},{"name":"content-encoding","value":"gzip"},{"name":"transfer-encoding","value":"chunked"}],
	 "content":{"size":3,"mimeType":"x","text":"AAEC","encoding":"base64"}},
	"timings":{"send":1,"wait":1,"receive":1}}`))
	if want := "POST /x?y=1 HTTP/1.1\r\nHost: b.test\r\nCookie: k=v\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nné"; client != want {
		t.Errorf("request is %q, want %q", client, want)
	}
	if want := "HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 3\r\n\r\n\x00\x01\x02"; server != want {
		t.Errorf("response is %q, want %q", server, want)
	}
	for _, want := range []string{"HAR keeps no bytes", "Content-Encoding is left out", "Transfer-Encoding is left out", "Cookie field is made", "h2 are written as HTTP/1.1"} {
		if !strings.Contains(strings.Join(in.Notes, "\n"), want) {
			t.Errorf("notes are %q, which lack %q", in.Notes, want)
		}
	}
	if want := time.Date(2026, 11, 23, 10, 0, 0, 5e8, time.UTC); !in.Created.Equal(want) {
		t.Errorf("created %v, want %v", in.Created, want)
	}
}

// No value of an archive, which anybody may have written, makes a line of its own.
func TestNoValueBecomesALine(t *testing.T) {
	client, server, _, _ := open(t, entries(`{"startedDateTime":"2026-11-23T10:00:00Z",
	"request":{"method":"GE T","url":"http://a.test/","httpVersion":"HTTP/1.1","headers":[{"name":"A\r\nB","value":"1"},{"name":"C","value":"1\r\nD: 2"}]},
	"response":{"status":204,"statusText":"No\r\nX: y","httpVersion":"HTTP/1.1","headers":[],"content":{"text":"body"}},"timings":{}}`))
	if want := "GET / HTTP/1.1\r\nHost: a.test\r\nC: 1\r\nC: D: 2\r\n\r\n"; client != want {
		t.Errorf("request is %q, want %q", client, want)
	}
	if want := "HTTP/1.1 204 No X: y\r\n\r\n"; server != want {
		t.Errorf("response is %q, want %q", server, want)
	}
}

func TestConnectionsAreThoseOfTheArchive(t *testing.T) {
	entry := func(at, id string) string {
		return `{"startedDateTime":"2026-11-23T10:00:0` + at + `Z","connection":` + id + `,"request":{"method":"GET","url":"http://a.test/","httpVersion":"HTTP/1.1","headers":[]},
		"response":{"status":204,"statusText":"","httpVersion":"HTTP/1.1","headers":[],"content":{}},"timings":{}}`
	}
	_, _, events, _ := open(t, entries(entry("2", `"7"`)+","+entry("1", `"8"`)+","+entry("3", `7`)))
	opens, asked := 0, map[int]int{}
	last := time.Duration(0)
	for _, e := range events {
		if e.At < last {
			t.Errorf("an event at %v follows one at %v", e.At, last)
		}
		last = e.At
		if e.Kind == wire.KindOpen {
			opens++
		}
		if e.Kind == wire.KindData && e.Dir == wire.ClientToServer {
			asked[e.Conn]++
		}
	}
	if opens != 2 || asked[1] != 1 || asked[2] != 2 {
		t.Errorf("%d connections, requests by connection %v; want 2, 1 on the first and 2 on the second", opens, asked)
	}
}

const socket = `{"startedDateTime":"2026-11-23T10:00:00Z","request":{"method":"GET","url":"ws://a.test/","httpVersion":"HTTP/1.1",
 "headers":[{"name":"Upgrade","value":"websocket"},{"name":"Connection","value":"Upgrade"},{"name":"Sec-WebSocket-Key","value":"dGhlIHNhbXBsZSBub25jZQ=="},{"name":"Sec-WebSocket-Version","value":"13"}]},
 "response":{"status":101,"statusText":"Switching Protocols","httpVersion":"HTTP/1.1",
 "headers":[{"name":"Upgrade","value":"websocket"},{"name":"Connection","value":"Upgrade"},{"name":"Sec-WebSocket-Accept","value":"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}],"content":{}},"timings":{},
 "_webSocketMessages":[{"type":"send","time":1795428000.5,"opcode":1,"data":"hi"},{"type":"receive","time":1795428001,"opcode":2,"data":"AAE="}]}`

// What an archive says is what the archive of its tape says.
func TestWebSocketMessagesComeAndGo(t *testing.T) {
	_, _, events, _ := open(t, entries(socket))
	log := export(t, events)
	messages, _ := json.Marshal(log.Entries[0]["_webSocketMessages"])
	want := `[{"data":"hi","opcode":1,"time":1795428000.5,"type":"send"},{"data":"AAE=","opcode":2,"time":1795428001,"type":"receive"}]`
	if string(messages) != want {
		t.Errorf("messages are %s, want %s", messages, want)
	}
}

type archive struct {
	Version string
	Creator map[string]any
	Entries []map[string]any
}

// export returns the archive of events, which has what HAR 1.2 says that it must.
func export(t *testing.T, events []wire.Event) archive {
	t.Helper()
	var out bytes.Buffer
	w := har.NewWriter(&out, "wiretape 1.0", time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	for _, e := range events {
		w.Event(e)
	}
	n, _, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Log archive }
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v in %s", err, out.Bytes())
	}
	if len(doc.Log.Entries) != n || doc.Log.Version != "1.2" || doc.Log.Creator["name"] != "wiretape" || doc.Log.Creator["version"] != "1.0" {
		t.Errorf("log has version %q, creator %v and %d entries, want %d", doc.Log.Version, doc.Log.Creator, len(doc.Log.Entries), n)
	}
	for _, e := range doc.Log.Entries {
		must(t, "entry", e, "startedDateTime time request response cache timings")
		q, r := e["request"].(map[string]any), e["response"].(map[string]any)
		must(t, "request", q, "method url httpVersion cookies headers queryString headersSize bodySize")
		must(t, "response", r, "status statusText httpVersion cookies headers content redirectURL headersSize bodySize")
		must(t, "content", r["content"].(map[string]any), "size mimeType")
		times := e["timings"].(map[string]any)
		must(t, "timings", times, "send wait receive")
		for _, name := range []string{"send", "wait", "receive"} {
			if times[name].(float64) < 0 {
				t.Errorf("timings.%s is %v", name, times[name])
			}
		}
		if _, err := time.Parse(time.RFC3339Nano, e["startedDateTime"].(string)); err != nil {
			t.Error(err)
		}
	}
	return doc.Log
}

func must(t *testing.T, what string, o map[string]any, names string) {
	t.Helper()
	for name := range strings.FieldsSeq(names) {
		if v, ok := o[name]; !ok || v == nil {
			t.Errorf("%s has no %s, which HAR 1.2 wants", what, name)
		}
	}
}

// Whatever the archive, what it gives is a tape, and no more than a few times its size.
func FuzzOpen(f *testing.F) {
	f.Add(entries(socket))
	f.Add("\xef\xbb\xbf" + entries(""))
	f.Add(entries(`{"startedDateTime":"2026-11-23T10:00:00Z","connection":7,"request":{"method":"POST","url":"https://a.test/x?y","httpVersion":"h2","headers":[{"name":"A","value":"1\n2"}],"postData":{"mimeType":"a/b","params":[{"name":"a","value":"b"}]}},
	"response":{"status":200,"statusText":"OK","httpVersion":"HTTP/1.1","headers":[],"cookies":[{"name":"a","value":"b","expires":"2026-11-23T10:00:00Z"}],"content":{"size":3,"text":"AAEC","encoding":"base64"}},"timings":{"blocked":1e300,"dns":-1,"connect":5,"ssl":2,"send":1,"wait":1,"receive":1}}`))
	f.Fuzz(func(t *testing.T, text string) {
		_, give, err := har.Open(strings.NewReader(text))
		if err != nil {
			return
		}
		size := 0
		w := tape.NewWriter(io.Discard, tape.Options{})
		give(func(e wire.Event) { size += len(e.Data); w.Event(e) })
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if size > 100*len(text) {
			t.Errorf("%d octets of events from %d", size, len(text))
		}
	})
}

// An archive of the suite becomes events of which each request of an entry is read,
// and again an archive of as many entries.
//
// dumpfile-10.mitm and dumpfile-7-websocket.mitm of the suite are no archives: they
// are flows as mitmproxy saves them.
func TestSuite(t *testing.T) {
	for _, name := range []string{
		"flows_event_stream", "flows_successful_log", "har_files_chrome", "har_files_insomnia", "har_files_postdata",
		"har_files_with-bom", "playwright_har-fulfill", "playwright_har-redirect", "playwright_har-sha1",
	} {
		text := prototest.Suite(t, "har/"+name+".har")
		_, _, events, in := open(t, string(text))
		stream, requests := detect.New(detect.Options{}), 0
		for _, e := range events {
			for _, m := range stream.Feed(e) {
				if r, ok := m.Value.(*http1.Request); ok && m.Complete {
					requests++
					if r.Fault != "" {
						t.Errorf("%s: request %d: %s", name, requests, r.Fault)
					}
				} else if r, ok := m.Value.(*http1.Response); !ok || !m.Complete || r.Fault != "" {
					t.Errorf("%s: %+v is no response", name, m)
				}
			}
		}
		if requests != in.Entries || in.Entries == 0 {
			t.Errorf("%s: %d requests of %d entries", name, requests, in.Entries)
		}
		if n := len(export(t, events).Entries); n != in.Entries {
			t.Errorf("%s: exported %d of %d entries", name, n, in.Entries)
		}
	}
}

func TestWhatIsNoArchiveIsSaid(t *testing.T) {
	for _, text := range []string{"", "{", "[]", "{}", `{"log":null}`, entries(`1`), entries(`null`), entries(`{}`), entries(`{"startedDateTime":"soon","request":{"url":"http://a/"}}`), entries(`{"startedDateTime":"2026-11-23T10:00:00Z","request":{"url":"http://a:b/"}}`)} {
		if _, _, err := har.Open(strings.NewReader(text)); err == nil && text != entries(`{}`) {
			t.Errorf("Open(%s) took it", text)
		}
	}
}
