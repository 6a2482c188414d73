//go:build linux || darwin

package console

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

const request = "POST /login HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\nAccept: */*\r\n" +
	"Accept-Language: en\r\nCookie: a=b\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n" +
	"Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n"

// TestScreens plays a scene on a narrow and on a wide terminal and compares
// what is left on the screen.
func TestScreens(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(*term)
	}{
		{"typing-while-output-arrives", func(tm *term) {
			tm.typed("GET /a-path-that-is-long-enough-to-fill-more-than-one-row-of-a-narrow-terminal?" + strings.Repeat("x", 20) + "z")
			tm.await("xz█")
			for i := range 8 {
				tm.order("write", fmt.Sprintf("< line %d\r\n", i))
				tm.typed(fmt.Sprint(i))
			}
			tm.await("< line 7\n")
			tm.await("xz01234567█")
			tm.typed("\x01")
			tm.await("host> █GET")
			tm.order("write", "\x1b[32m< green\x1b[0m\n< \x1b[2J is shown\n")
			tm.await("< green\n< \\x1b[2J is shown\nhost> █GET")
		}},
		{"paste-of-a-request", func(tm *term) {
			tm.typed("\x1b[200~" + request + "\x1b[201~")
			tm.await("Content-Length: 0⏎\n      ⏎\n      █")
			tm.order("write", "< banner\n")
			tm.await("< banner\nhost> POST")
			tm.typed("\r")
			tm.await("got \"Content-Length: 0\"\ngot \"\"\nhost> █")
		}},
		{"paste-of-a-large-text", func(tm *term) {
			tm.typed("GET \x1b[200~" + strings.Repeat(strings.Repeat("z", 93)+"\r\n", 41) + "\x1b[201~")
			tm.await("[paste: 41 lines, 3,895 B] Enter=send e=edit ^C=drop █")
			tm.typed("\x03")
			tm.await("host> GET █")
			tm.typed("\x15\x1b[200~" + strings.Repeat("line\n", 21) + "\x1b[201~")
			tm.await("[paste: 21 lines, 105 B] Enter=send e=edit ^C=drop █")
			tm.typed("\r")
			tm.await("[paste: 21 lines, 105 B]\ngot \"line\"\n")
			tm.await("got \"line\"\nhost> █")
		}},
		{"delete-on-an-empty-line", func(tm *term) {
			tm.typed("\x1b[3~\x1b[3~ab\x1b[H\x1b[3~\x1b[4~\x1b[3~")
			tm.await("host> b█")
		}},
		{"interrupt-in-the-middle", func(tm *term) {
			tm.typed("USER me\x1b[D\x1b[D\x03")
			tm.await("host> USER me^C\ninterrupt \"USER me\"\nhost> █")
		}},
		{"resize", func(tm *term) {
			tm.typed("short")
			tm.await("short█")
			tm.order("write", "before\n")
			tm.await("before\nhost> short█")
			tm.resize(60, 20)
			tm.order("write", "after\n")
			tm.await("after\nhost> short█")
			tm.typed(strings.Repeat("y", 60) + "z")
			tm.await("yz█")
		}},
		{"unfinished-output", func(tm *term) {
			tm.order("write", "welcome\nlogin: ")
			tm.await("welcome\nlogin: host> █")
			tm.typed("root")
			tm.await("login: host> root█")
			tm.typed("\r")
			tm.await("got \"root\"\nhost> █")
			tm.order("write", "\r\nPassword: ")
			tm.await("got \"root\"\nPassword: host> █")
			tm.order("write", "(not shown) ")
			tm.await("Password: (not shown) host> █")
			tm.order("write", "ok\n")
			tm.await("Password: (not shown) ok\nhost> █")
		}},
		{"password", func(tm *term) {
			tm.typed("fleeting\r")
			tm.await("got \"fleeting\"\nhost> █")
			tm.order("hide", "")
			tm.await("Password: █")
			tm.typed("hunter2\t\x1dhelp\r")
			tm.await("command> help\ngot \"\\x1dhelp\"\nPassword: █")
			tm.order("unhide", "late> ")
			tm.await("late> █")
			tm.typed("\x7f3\r")
			tm.await("late>\ngot \"hunter3\"\nlate> █")
			tm.typed("\x10")
			tm.await("late> help█")
			tm.typed("\x10")
			tm.await("late> fleeting█")
			tm.mu.Lock()
			defer tm.mu.Unlock()
			if strings.Contains(tm.raw.String(), "hunter2") {
				tm.t.Error("the password was drawn")
			}
		}},
		{"wide-characters", func(tm *term) {
			tm.typed("世界 你好x\x1b[D\x1b[D\x7f界")
			tm.await("host> 世界 界█好x")
			tm.order("write", "< こんにちは\n")
			tm.await("< こんにちは\nhost> 世界 界█好x")
			tm.typed("\x05\r")
			tm.await("got \"\\u4e16\\u754c \\u754c\\u597dx\"\nhost> █")
		}},
		{"command-in-the-middle", func(tm *term) {
			tm.typed("MAIL FROM:<a@b>")
			tm.await("<a@b>█")
			tm.typed("\x1d")
			tm.await("command> █")
			tm.typed("status\r")
			tm.await("command> status\ngot \"\\x1dstatus\"\nhost> MAIL FROM:<a@b>█")
			tm.typed("\x1b[D\x1d\x03")
			tm.await("host> MAIL FROM:<a@b█>")
			tm.typed("\x1d\r")
			tm.await("host> MAIL FROM:<a@b█>")
			tm.typed("\r")
			tm.await("got \"MAIL FROM:<a@b>\"\nhost> █")
		}},
		{"completion", func(tm *term) {
			tm.typed("H\t\t")
			tm.await("HELP  HELO\nhost> HEL█")
			tm.typed("\x15.q\t")
			tm.await("host> .quit █")
			tm.typed("\x15x\t")
			tm.await("host> x█")
		}},
		{"search", func(tm *term) {
			for _, line := range []string{"NOOP one", "QUIT", "NOOP two"} {
				tm.typed(line + "\r")
				tm.await("got \"" + line + "\"\nhost> █")
			}
			tm.typed("draft\x12zz")
			tm.await("no match \"zz\": draft█")
			tm.typed("\x7f\x7fNOO")
			tm.await("search \"NOO\": █NOOP two")
			tm.order("write", "< arrives meanwhile\n")
			tm.await("< arrives meanwhile\nsearch \"NOO\": █NOOP two")
			tm.typed("\x12")
			tm.await("search \"NOO\": █NOOP one")
			tm.typed("\x13")
			tm.await("search \"NOO\": █NOOP two")
			tm.typed("\x07")
			tm.await("host> draft█")
			tm.typed("\x12QU\r")
			tm.await("host> QUIT\ngot \"QUIT\"\nhost> █")
		}},
	} {
		for _, width := range []int{80, 200} {
			name := fmt.Sprintf("%s-%d", tt.name, width)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tm := start(t, width, 36)
				tm.await("host> █")
				tt.play(tm)
				tm.golden(name)
			})
		}
	}
}

func (tm *term) resize(width, height int) {
	tm.t.Helper()
	tm.mu.Lock()
	tm.vt.Resize(width, height)
	tm.mu.Unlock()
	if err := pty.Setsize(tm.pty, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)}); err != nil {
		tm.t.Fatal(err)
	}
}

func TestKeys(t *testing.T) {
	for _, tt := range []struct{ name, keys, want string }{
		{"CRLF is one Enter", "a\r\nb\r\n", "got \"a\"\nhost> b\ngot \"b\"\nhost> █"},
		{"Home, End, Ctrl-arrows", "bc de\x1b[7~a\x1b[8~f\x1b[1;5D\x1b[1;5D>\r", "got \">abc def\"\nhost> █"},
		{"Alt-Enter", "a\x1b\rb\x1b[Ax\r", "got \"ax\"\ngot \"b\"\nhost> █"},
		{"quoted insert", "\x16.quit \x16\x1b[A \x16\x03\r", "got \"\\x16.quit \\x1b[A \\x03\"\nhost> █"},
		{"bytes that are no UTF-8", "a\xff\xfeb\r", "got \"a\\xff\\xfeb\"\nhost> █"},
		{"keys without a meaning", "a\x1b[15~\x1bOP\x1c\x0f\x13\x07b\r", "got \"ab\"\nhost> █"},
		{"^T on one character", "a\x14b\x14\r", "got \"ba\"\nhost> █"},
		{"^W keeps what follows", "foo bar\x01\x06\x06\x06\x17\r", "got \" bar\"\nhost> █"},
		{"^K ^Y", "ab\x02\x0b\x01\x19\r", "got \"ba\"\nhost> █"},
		{"Up and Down", "one\rtwo\rdraft\x1b[A\x1b[A\x1b[B\x1b[B!\r", "got \"draft!\"\nhost> █"},
		{"^D in a line deletes", "abc\x01\x04\r", "got \"bc\"\nhost> █"},
		{"^L", "abc\x0c", "\x00host> abc█"},
		{"^D leaves the command line", "x\x1d\x04y\r", "got \"xy\"\nhost> █"},
		{"search by bytes", "\x16\x01x\rb\r\x12\x16\x01\r", "got \"\\x01x\"\nhost> █"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tm := start(t, 80, 24)
			tm.await("host> █")
			tm.typed(tt.keys)
			if top, ok := strings.CutPrefix(tt.want, "\x00"); ok {
				tm.until("the screen to start with "+top, func() bool { return strings.HasPrefix(tm.screen(), top) })
				return
			}
			tm.await(tt.want)
		})
	}
}

// TestEscape: Esc alone is a key once nothing has followed it for a moment.
func TestEscape(t *testing.T) {
	tm := start(t, 80, 24)
	tm.await("host> █")
	tm.typed("x\x1d")
	tm.await("command> █")
	tm.typed("\x1b")
	tm.await("host> x█")
	tm.typed("y\r")
	tm.await("got \"xy\"\nhost> █")
}

func TestBlockIsRecalledWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	env := "CONSOLE_TEST_HISTORY=" + path
	tm := start(t, 80, 24, env)
	tm.await("host> █")
	tm.typed("GET / HTTP/1.0\r\r")
	tm.await("got \"\"\nhost> █")
	tm.order("remember", "GET / HTTP/1.0\r\n\r\n")
	tm.order("prompt", "again> ")
	tm.await("again> █")
	tm.typed("\x1b[A")
	tm.await("again> GET / HTTP/1.0⏎\n       ⏎\n       █")
	tm.typed("\x03PASS secret\r")
	tm.await("got \"PASS secret\"\nagain> █")
	tm.typed("\x1b[A")
	tm.await("again> PASS secret█")
	tm.typed("\x03\x04")
	tm.ended()

	tm = start(t, 80, 24, env)
	tm.await("host> █")
	tm.typed("\x1b[A")
	tm.await("host> GET / HTTP/1.0⏎\n      ⏎\n      █")
}

func TestLongLine(t *testing.T) {
	tm := start(t, 80, 24)
	tm.await("host> █")
	tm.typed("\x1b[200~" + strings.Repeat("0123456789", 800) + "\x1b[201~")
	tm.await("[paste: 1 line, 8,000 B] Enter=send e=edit ^C=drop █")
	tm.typed("e")
	tm.await("6789█")
	tm.typed("\x02\x02x")
	tm.await("67x█89")
	if n := tm.written(); n > 100<<10 {
		t.Errorf("editing a line of 8,000 characters wrote %d bytes to the terminal", n)
	}
	tm.typed("\r")
	tm.await("x89\"\nhost> █")
}

func (tm *term) output() []byte {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	return bytes.Clone(tm.raw.Bytes())
}

func (tm *term) written() int {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	return tm.raw.Len()
}

func TestPromptChangesWhileWaiting(t *testing.T) {
	tm := start(t, 80, 24)
	tm.await("host> █")
	tm.typed("EHLO")
	tm.await("host> EHLO█")
	tm.order("prompt", "\x1b[1mmail\x1b[0m\x1b]8;;x\x07> \nsecond line")
	tm.await(`mail\x1b]8;;x\x07> EHLO█`)
	tm.order("prefill", "HELO me")
	tm.order("prompt", "mail> ")
	tm.await("mail> EHLO█")
	tm.typed("\r")
	tm.await("got \"EHLO\"\nmail> HELO me█")
}

// TestPrefilledHead: the empty line at the end of a text that was given is
// submitted with it; where it was typed over, the line end is the last one's.
func TestPrefilledHead(t *testing.T) {
	for keys, want := range map[string]string{
		"":       "got \"GET /\"\ngot \"Host: h\"\ngot \"\"\nHOST> █",
		"X: y":   "got \"GET /\"\ngot \"Host: h\"\ngot \"X: y\"\nHOST> █",
		"\x15ab": "got \"ab\"\nHOST> █",
	} {
		t.Run(keys, func(t *testing.T) {
			t.Parallel()
			tm := start(t, 80, 24)
			tm.await("host> █")
			tm.order("prefill", "GET /\nHost: h\n")
			tm.order("prompt", "HOST> ") // when it shows, the text was taken
			tm.await("HOST> █")
			tm.typed("x\r")
			tm.await("Host: h⏎\n      █")
			tm.typed(keys + "\r")
			tm.await(want)
		})
	}
}

func TestTypeAhead(t *testing.T) {
	tm := start(t, 80, 24)
	tm.await("host> █")
	tm.typed("wait\r")
	tm.await("got \"wait\"\n█")
	tm.order("write", "login: ")
	tm.await("got \"wait\"\nlogin: █")
	tm.typed("eaxx\x7f\x7frly\rnext")
	tm.await("got \"wait\"\nlogin: early⏎\n       next█")
	tm.order("write", "name\n")
	tm.await("got \"wait\"\nlogin: name\nearly⏎\nnext█")
	tm.order("go", "")
	tm.await("got \"wait\"\nlogin: name\nhost> early\ngot \"early\"\nhost> next█")
}

// A password that is typed ahead is not shown.
func TestTypeAheadHidesAPassword(t *testing.T) {
	tm := start(t, 80, 24)
	tm.await("host> █")
	tm.typed("wait\r")
	tm.await("got \"wait\"\n█")
	tm.order("hide", "")
	tm.order("write", "asked\n")
	tm.await("asked\n█")
	tm.typed("sesame")
	tm.order("write", "answered\n")
	tm.await("answered\n█")
	tm.order("go", "")
	tm.await("Password: █")
	tm.typed("\r")
	tm.await("got \"sesame\"")
	if bytes.Contains(tm.output(), []byte("sesame\x1b")) || bytes.Count(tm.output(), []byte("sesame")) != 1 {
		t.Errorf("the password was shown: %q", tm.output())
	}
}

// The escape key is heard while nobody reads: the next line is a command, in front of
// what was typed before.
func TestEscapeIsHeardWhileWaiting(t *testing.T) {
	tm := start(t, 80, 24)
	tm.await("host> █")
	tm.typed("wait\r")
	tm.await("got \"wait\"\n█")
	tm.typed("draft\x1dsta")
	tm.await("escaped\ncommand> sta█")
	tm.typed("tus\r")
	tm.await("got \"\\x1dstatus\"\nhost> draft█")
	// A line that stands before the key is read first; the wait that it leads to ends
	// at once.
	tm.typed("\x15wait\r")
	tm.await("got \"wait\"\n█")
	tm.typed("wait\r\x1dx\r")
	tm.await("escaped\nhost> wait\ngot \"wait\"\nescaped\ncommand> x\ngot \"\\x1dx\"\nhost> █")
}

func TestLend(t *testing.T) {
	tm := start(t, 80, 24)
	tm.await("host> █")
	tm.typed("lend\r")
	tm.await("lent: █")
	tm.typed("in a program\r")
	tm.await("lent: in a program\nread \"in a program\\n\", <nil>\nhost> █")
	tm.typed("on\r")
	tm.await("got \"on\"\nhost> █")
}

// TestNarrow has a draft of more rows than one, and what arrives above it, on a
// terminal of 20 columns and on one that says it has none.
func TestNarrow(t *testing.T) {
	for _, width := range []int{0, 20} {
		name := fmt.Sprintf("narrow-%d", width)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tm := start(t, width, 24*min(width, 1))
			tm.await("host> █")
			tm.typed("GET /a-path-that-is-longer-than-a-row 世界")
			tm.until("the draft", func() bool { return strings.Contains(strings.ReplaceAll(tm.screen(), "\n", ""), "界█") })
			tm.order("write", "< HTTP/1.1 200 OK, and more than fits\n")
			tm.until("the row above it", func() bool { return strings.Contains(strings.ReplaceAll(tm.screen(), "\n", ""), "and more than fits") })
			tm.typed("\x01")
			tm.until("the cursor at its start", func() bool { return strings.Contains(tm.screen(), "host> █GET") })
			tm.golden(name)
		})
	}
}

func TestNoWidth(t *testing.T) {
	tm := start(t, 0, 0)
	tm.await("host> █")
	tm.typed("H\t")
	tm.await("host> HEL█")
	tm.typed("\x12x")
	tm.await("no match \"x\": HEL█")
}
