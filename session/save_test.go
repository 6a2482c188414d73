package session

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/tape"
	"wiretape/wire"
)

const savedReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=0123456789abcdef\r\n\r\nok"

// A session is saved in the form that the file's name ends with, and no form holds a
// secret.
func TestSaveForms(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{ // a name, and what stands in the file
		"a.tape": "\n; end\n", "a": "\n; end\n", "a.b.tape": "\n; end\n",
		"a.script": ".expect status == 200\n",
		"a.txt":    "< HTTP/1.1 200 OK\n",
		"a.har":    `"status"`,
		"a.pcapng": "\x0a\x0d\x0d\x0a",
		"a.curl":   "curl --globoff",
	}
	var script strings.Builder
	script.WriteString("GET /q HTTP/1.1\nHost: ok\nAuthorization: Bearer abcdefghijklmnop\n\n")
	for name := range files {
		script.WriteString(".save " + filepath.Join(dir, name) + "\n")
	}
	script.WriteString(".export script " + filepath.Join(dir, "x.sh") + "\n")
	files["x.sh"] = ".expect status == 200\n"
	synctest.Test(t, func(t *testing.T) {
		out, err := run(t, world{"ok:80": oneReply(savedReply, false)}, Options{}, "http://ok", script.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"a.tape: 1 exchange, 14 lines; 2 secrets replaced (TOKEN, SID); --no-redact keeps them\n", "a.txt: 1 exchange, 11 lines;", "a.har: 1 exchange, 1 entry;", "a.script: 1 exchange, 2 lines, to be run as wiretape -f "} {
			if !strings.Contains(out, want) {
				t.Errorf("output has no %q:\n%s", want, out)
			}
		}
	})
	for name, want := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s has no %q:\n%s", name, want, text)
		}
		for _, secret := range []string{"abcdefghijklmnop", "0123456789abcdef"} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s holds the secret %s", name, secret)
			}
		}
	}
}

// A saved script passes where it is run against the server of the session.
func TestSavedScriptPasses(t *testing.T) {
	for _, tt := range []struct{ name, target, lines string }{
		{"http", "http://h", "GET / HTTP/1.1\nHost: h\n\n.tape mark second\nGET /\\\"$x HTTP/1.1\nHost: h\n\n"},
		{"several connections", "http://h", "GET / HTTP/1.1\nHost: h\n\n.reconnect\nGET /2 HTTP/1.1\nHost: h\n\n"},
		{"smtp", "smtp://h", "EHLO me\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\nhello\n..dots\n.\nQUIT\n"},
		{"octets of no protocol", "h:9000", ".send \"a\\x00\\xffb\"\n.await bytes 4\n.send hex 00\n.await bytes 1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.script")
			w := world{"h:80": oneReply(savedReply, false), "h:25": mail, "h:9000": echo}
			synctest.Test(t, func(t *testing.T) {
				if out, err := run(t, w, Options{}, tt.target, tt.lines+".save "+file+"\n"); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Contains(text, []byte("\n.expect ")) && !bytes.Contains(text, []byte("\n.await ")) {
					t.Errorf("nothing is expected:\n%s", text)
				}
				if out, err := run(t, w, Options{}, tt.target, string(text)); err != nil {
					t.Errorf("%v\n%s\n%s", err, text, out)
				}
			})
		})
	}
}

func TestSaveErrors(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full.tape")
	if err := os.WriteFile(full, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	device := filepath.Join(dir, "d") // a socket stands for all that is no file
	l, err := net.Listen("unix", device)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, tt := range []struct{ line, want string }{
		{".save", "x.script:1: .save: want .save [--force] FILE"},
		{".save --wrong x", "x.script:1: .save --wrong x: want .save [--force] FILE"},
		{".save " + full, "x.script:1: .save: " + full + " exists (1 B): --force before its name replaces it"},
		{".save " + dir + "/new.tape", "x.script:1: .save " + dir + "/new.tape: nothing has happened yet"},
		{".save --no-redact x.tape", "x.script:1: .save --no-redact x.tape: secrets were replaced as they came, and are held nowhere: wiretape --no-redact at the start keeps them"},
		{".save --force " + device, "x.script:1: .save: " + device + " is no regular file, and is not replaced"},
		{".export txt " + device, "x.script:1: .export: " + device + " is no regular file, and is not replaced"},
		{".export jpeg x", "x.script:1: .export jpeg x: want .export tape|script|txt|har|pcapng|curl [--force] FILE"},
		{".export har", "x.script:1: .export: want .export tape"},
	} {
		_, err := run(t, nil, Options{}, "", tt.line+"\n")
		if StatusOf(err) != StatusUsage || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: status %d, %v; want %s", tt.line, StatusOf(err), err, tt.want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 { // full.tape and d
		t.Errorf("what could not be saved left %v", entries)
	}
	synctest.Test(t, func(t *testing.T) {
		_, err := run(t, world{"h:80": oneReply(savedReply, false)}, Options{}, "h:80", "GET / HTTP/1.0\n\n.save "+dir+"/no/x.tape\n")
		if StatusOf(err) != StatusUsage || !strings.HasSuffix(err.Error(), "/no/x.tape: create a file in "+dir+"/no: no such file or directory") {
			t.Errorf("saving into no folder: %v", err)
		}
	})
	// A folder is no file, and nothing of the attempt stays.
	synctest.Test(t, func(t *testing.T) {
		_, err := run(t, world{"h:80": oneReply(savedReply, false)}, Options{}, "h:80", "GET / HTTP/1.0\n\n.save --force "+dir+"\n")
		if StatusOf(err) != StatusUsage || !strings.HasSuffix(err.Error(), ": it is a folder") {
			t.Errorf("saving over a folder: %v", err)
		}
	})
	if entries, _ := os.ReadDir(filepath.Dir(dir)); len(entries) != 1 {
		t.Errorf("what could not be saved left %v", entries)
	}
}

// What is forgotten is gone from disk and from memory. The session, and a tape that
// was asked for, go on.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	asked, saved, state := filepath.Join(dir, "asked.tape"), filepath.Join(dir, "saved.tape"), filepath.Join(dir, "state")
	synctest.Test(t, func(t *testing.T) {
		var kept []Kept
		served := 0
		w := world{"ok:80": func(c net.Conn) {
			served++
			r := bufio.NewReader(c)
			for range 2 {
				readHead(r)
				if kept == nil {
					kept, _ = KeptSessions(state)
				}
				io.WriteString(c, savedReply)
			}
			io.Copy(io.Discard, r)
		}}
		out, err := run(t, w, Options{Record: RecordOptions{Tape: asked, Keep: true, Dir: state}}, "http://ok",
			"GET /first HTTP/1.1\nHost: ok\n\n.forget\nGET /second HTTP/1.1\nHost: ok\n\n.save "+saved+"\n.show 2\n.show 1\n")
		if StatusOf(err) != StatusUsage || !strings.HasSuffix(err.Error(), "#1 is not held any more; the tape has it") {
			t.Errorf(".show of what is forgotten: %v\n%s", err, out)
		}
		if len(kept) != 1 || served != 1 {
			t.Fatalf("%d connections; kept was %v", served, kept)
		}
		if want := "* 1 exchange forgotten; " + kept[0].Path + " is removed, and nothing more is kept on disk; recording goes on to " + asked + "\n"; !strings.Contains(out, want) {
			t.Errorf("output has no %q:\n%s", want, out)
		}
		if !strings.Contains(out, "saved.tape: 1 exchange,") {
			t.Errorf("what was forgotten counts:\n%s", out)
		}
	})
	if kept, err := KeptSessions(state); err != nil || len(kept) > 0 {
		t.Errorf("kept are %v, %v", kept, err)
	}
	text, err := os.ReadFile(saved)
	if err != nil || bytes.Contains(text, []byte("first")) || !bytes.Contains(text, []byte("second")) || !bytes.Contains(text, []byte("= gap >")) {
		t.Errorf("saved is\n%s\n%v", text, err)
	}
	for _, err := range tape.NewReader(bytes.NewReader(text), saved).Events() {
		if err != nil {
			t.Error(err)
		}
	}
	text, _ = os.ReadFile(asked)
	if !bytes.Contains(text, []byte("first")) || !bytes.Contains(text, []byte("second")) {
		t.Errorf("the tape that was asked for is\n%s", text)
	}
}

// While a long session is written, its connections go on; what they say is not in it.
func TestSavingHoldsUpNoConnection(t *testing.T) {
	for name, opts := range map[string]RecordOptions{"in memory": {}, "kept": {Keep: true, Dir: t.TempDir()}} {
		s := newTestSession(t, Options{Lines: NewLines(), Out: io.Discard, Record: opts})
		say := func(text string) {
			s.event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte(text)})
		}
		s.event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "h:1", Role: wire.Dialed}})
		say("before\n")
		var got []byte
		form := saveForm{"tape", "", func(s *Session, _ io.Writer, src io.Reader, _ string) (saved, error) {
			say("meanwhile\n") // it would wait for ever
			s.record.mask.Flush()
			var err error
			got, err = io.ReadAll(src)
			return saved{}, err
		}}
		if err := s.saveAs("save", filepath.Join(t.TempDir(), "x.tape"), func(string) *saveForm { return &form }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if text := string(got); !strings.Contains(text, "before") || strings.Contains(text, "meanwhile") || !strings.HasSuffix(text, "; end\n") {
			t.Errorf("%s: the tape is\n%s", name, text)
		}
		s.Close()
	}
}
