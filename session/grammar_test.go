package session

import (
	"strings"
	"testing"
)

// testCommands is a table of commands, enough for the grammar.
func testCommands(word string) (known, bare bool) {
	switch word {
	case "open", "tls", "help", "demo", "auto":
		return true, true
	case "send", "quit", "status", "close", "show", "eof":
		return true, false
	}
	return false, false
}

// describe writes a step as the tables below have it.
func describe(st step) string {
	var parts []string
	switch st.do {
	case doSend:
		parts = append(parts, "send "+quote(st.data))
	case doReconnect:
		parts = append(parts, "reconnect, send "+quote(st.data))
	case doRun:
		parts = append(parts, strings.TrimSpace("run "+st.word+" "+st.args))
	case doLeave:
		parts = append(parts, "leave")
	case doInterrupts:
		parts = append(parts, "interrupted")
	}
	if st.offer != "" {
		parts = append(parts, "offer: "+st.offer)
	}
	if st.err != "" {
		parts = append(parts, "error: "+st.err)
	}
	if st.say != "" {
		parts = append(parts, "say: "+st.say)
	}
	if st.prefill != "" {
		parts = append(parts, "prefill "+quote([]byte(st.prefill)))
	}
	return strings.Join(parts, "; ")
}

func quote(b []byte) string {
	return strings.NewReplacer("\r", `\r`, "\n", `\n`, "\x00", `\0`).Replace(string(b))
}

func TestLineMeans(t *testing.T) {
	tests := []struct {
		name  string
		g     grammar
		lines []string // "^C", "^C^C" and "^D" are keys
		want  []string
	}{
		{"a bare command when unconnected", grammar{}, []string{"open h 80"}, []string{"run open h 80"}},
		{"a dotted command when unconnected", grammar{}, []string{".open h 80"}, []string{"run open h 80"}},
		{"a host offers three ways", grammar{}, []string{"www.google.ca"},
			[]string{"offer: which way?  open www.google.ca 80   tls www.google.ca 443   auto www.google.ca"}},
		{"a host and a port", grammar{}, []string{"localhost 8080"},
			[]string{"offer: which way?  open localhost 8080   tls localhost 8080"}},
		{"a host with a port", grammar{}, []string{"h:8080"},
			[]string{"offer: which way?  open h 8080   tls h 8080   auto h:8080"}},
		{"a URL", grammar{}, []string{"https://h/x"},
			[]string{"offer: which way?  open https://h/x   auto https://h/x"}},
		{"data without a connection", grammar{}, []string{"GET / HTTP/1.0"},
			[]string{"error: not connected: open HOST PORT first (your line is kept, Up brings it back)"}},
		{"a command's name without its dot", grammar{}, []string{"quit", "exit"},
			[]string{"error: as a command: .quit", "error: to leave: .quit or ^D"}},
		{"an empty line without a connection", grammar{}, []string{""}, []string{""}},

		{"data", grammar{phase: connected}, []string{"EHLO me", "", "#x", "${x}", `\r`},
			[]string{`send EHLO me\r\n`, `send \r\n`, `send #x\r\n`, `send ${x}\r\n`, `send \r\r\n`}},
		{"dots that are data", grammar{phase: connected}, []string{".", "..quit", ". x", ".5", ".Quit"},
			[]string{`send .\r\n`, `send ..quit\r\n`, `send . x\r\n`, `send .5\r\n`, `send .Quit\r\n`}},
		{"letters that others eat", grammar{phase: connected}, []string{"RCPT TO:<a>", "Q", "k"},
			[]string{`send RCPT TO:<a>\r\n`, `send Q\r\n`, `send k\r\n`}},
		{"an unknown word is never sent", grammar{phase: connected}, []string{".qiut now"},
			[]string{`error: no command .qiut (.help lists them); to send it: .send ".qiut now", or ^V first`}},
		{"^V makes it data", grammar{phase: connected}, []string{"\x16.quit"}, []string{`send .quit\r\n`}},
		{"^] makes it a command", grammar{phase: connected}, []string{"\x1dquit", "\x1d.status", "\x1d"},
			[]string{"run quit", "run status", "say: a command without its dot: quit, status, close, send …, help"}},
		{"a comment", grammar{phase: connected}, []string{".# hello"}, []string{""}},
		{"line ends", grammar{phase: connected, eol: EOLLF}, []string{"x"}, []string{`send x\n`}},
		{"no line end", grammar{phase: connected, eol: EOLNone}, []string{"x"}, []string{`send x`}},
		{"NUL as a line end", grammar{phase: connected, eol: EOLNUL}, []string{"x"}, []string{`send x\0`}},

		{"the closed prompt asks", grammar{phase: peerClosed, block: true},
			[]string{"GET / HTTP/1.0", "", "", ".status"},
			[]string{"", "say: connection is closed. Enter = reconnect and send these 18 bytes, ^C = keep the draft",
				`reconnect, send GET / HTTP/1.0\r\n\r\n`, "run status"}},
		{"the closed prompt keeps the draft", grammar{phase: peerClosed, block: true},
			[]string{"GET / HTTP/1.0", "", "^C"},
			[]string{"", "say: connection is closed. Enter = reconnect and send these 18 bytes, ^C = keep the draft",
				`say: nothing was sent; what was typed is kept (^C again drops it); prefill GET / HTTP/1.0\n`}},
		{"another line at the closed prompt is a draft of its own", grammar{phase: peerClosed, block: true},
			[]string{"GET / HTTP/1.0", "", "GET /x HTTP/1.0", ""},
			[]string{"", "say: connection is closed. Enter = reconnect and send these 18 bytes, ^C = keep the draft",
				"say: nothing was sent; what was kept gives way to this line (Up brings it back)",
				"say: connection is closed. Enter = reconnect and send these 19 bytes, ^C = keep the draft"}},
		{"another line, line by line", grammar{phase: peerClosed}, []string{"NOOP", "QUIT", ""},
			[]string{"say: connection is closed. Enter = reconnect and send these 6 bytes, ^C = keep the draft",
				"say: nothing was sent; what was kept gives way to this line (Up brings it back)\nconnection is closed. Enter = reconnect and send these 6 bytes, ^C = keep the draft",
				`reconnect, send QUIT\r\n`}},
		{"the closed prompt runs commands", grammar{phase: peerClosed, block: true},
			[]string{"GET / HTTP/1.0", "", ".oops", ".status", ""},
			[]string{"", "say: connection is closed. Enter = reconnect and send these 18 bytes, ^C = keep the draft",
				"error: no command .oops (.help lists the commands)", `run status`, `reconnect, send GET / HTTP/1.0\r\n\r\n`}},
		{"what reads as a command at the closed prompt", grammar{phase: peerClosed}, []string{"open h 80", "c", "tls h", ""},
			[]string{`say: connection is closed. Enter = reconnect and send these 11 bytes, c = run the command "open h 80", ^C = keep the draft`, "run open h 80",
				`say: connection is closed. Enter = reconnect and send these 7 bytes, c = run the command "tls h", ^C = keep the draft`, `reconnect, send tls h\r\n`}},
		{"the same where requests are composed", grammar{phase: peerClosed, block: true}, []string{"open h 80", "c", "GET / HTTP/1.0", "", "c"},
			[]string{`say: connection is closed. Enter = reconnect and send these 13 bytes, c = run the command "open h 80", ^C = keep the draft`, "run open h 80",
				"", "say: connection is closed. Enter = reconnect and send these 18 bytes, ^C = keep the draft",
				"say: nothing was sent; what was kept gives way to this line (Up brings it back)"}},
		{"what reads as a command is data, and said", grammar{phase: connected}, []string{"help", "open h 80", "open the door to the garden", "opens", " open h 80"},
			[]string{`send help\r\n; say: sent as text; as a command: .help`, `send open h 80\r\n; say: sent as text; as a command: .open h 80`,
				`send open the door to the garden\r\n`, `send opens\r\n`, `send  open h 80\r\n`}},
		{"the same as a request's first line", grammar{phase: connected, block: true}, []string{"open h 80", "help", ""},
			[]string{"say: taken as the first line of a request (^C drops it); as a command: .open h 80", "", `send open h 80\r\nhelp\r\n\r\n`}},
		{"a script is told nothing of it", grammar{phase: connected, script: true}, []string{"help"}, []string{`send help\r\n`}},
		{"closed, line by line", grammar{phase: peerClosed}, []string{"NOOP", "^C", "NOOP", ""},
			[]string{"say: connection is closed. Enter = reconnect and send these 6 bytes, ^C = keep the draft", "say: nothing was sent; what was typed is kept (^C again drops it); prefill NOOP",
				"say: connection is closed. Enter = reconnect and send these 6 bytes, ^C = keep the draft", `reconnect, send NOOP\r\n`}},
		{"closed, a blank line left in a script", grammar{phase: peerClosed, script: true}, []string{""}, []string{""}},
		{"closed, in a script", grammar{phase: peerClosed, script: true}, []string{"NOOP"},
			[]string{"error: the connection is closed: .reconnect first"}},

		{"a request is one write", grammar{phase: connected, block: true}, []string{"", "GET / HTTP/1.1", "Host: h", ""},
			[]string{"", "", "", `send GET / HTTP/1.1\r\nHost: h\r\n\r\n`}},
		{"a malformed request is composed too", grammar{phase: connected, block: true}, []string{" ", "x", ""},
			[]string{"", "", `send  \r\nx\r\n\r\n`}},
		{"a command within a head", grammar{phase: connected, block: true}, []string{"GET / HTTP/1.1", ".status", ""},
			[]string{"", "run status", `send GET / HTTP/1.1\r\n\r\n`}},
		{"^C drops a draft", grammar{phase: connected, block: true}, []string{"GET", "^C", "A", ""},
			[]string{"", "say: draft dropped; nothing was sent", "", `send A\r\n\r\n`}},
		{"a body", grammar{phase: connected, block: true}, []string{"POST /", "content-length: 5", "", "hello"},
			[]string{"", "", "", `send POST /\r\ncontent-length: 5\r\n\r\nhello`}},
		{"a body of two lines", grammar{phase: connected, block: true}, []string{"POST /", "Content-Length: 6", "", "ab", "cd"},
			[]string{"", "", "", "", `send POST /\r\nContent-Length: 6\r\n\r\nab\r\ncd`}},
		{"a body that ends with its line end", grammar{phase: connected, block: true}, []string{"P", "Content-Length: 4", "", ".q"},
			[]string{"", "", "", `send P\r\nContent-Length: 4\r\n\r\n.q\r\n`}},
		{"no body for length 0", grammar{phase: connected, block: true}, []string{"P", "Content-Length: 0", ""},
			[]string{"", "", `send P\r\nContent-Length: 0\r\n\r\n`}},
		{"a length that cannot be read", grammar{phase: connected, block: true}, []string{"P", "Content-Length: x", ""},
			[]string{"", "", `send P\r\nContent-Length: x\r\n\r\n`}},
		{"over, sent", grammar{phase: connected, block: true}, []string{"P", "Content-Length: 5", "", "1234567", "x", "s"},
			[]string{"", "", "", "say: body is 7, Content-Length says 5: s = send as typed, e = edit",
				"say: body is 7, Content-Length says 5: s = send as typed, e = edit",
				`send P\r\nContent-Length: 5\r\n\r\n1234567`}},
		{"under, edited", grammar{phase: connected, block: true}, []string{"P", "Content-Length: 5", "", "1234", "e"},
			[]string{"", "", "", "say: body is 4, Content-Length says 5: s = send as typed, e = edit",
				`prefill P\nContent-Length: 5\n\n1234`}},
		{"^D sends a short body, asked", grammar{phase: connected, block: true}, []string{"P", "Content-Length: 50", "", "1234", "^D", "s"},
			[]string{"", "", "", "", "say: body is 6, Content-Length says 50: s = send as typed, e = edit",
				`send P\r\nContent-Length: 50\r\n\r\n1234\r\n`}},
		{"over, in a script", grammar{phase: connected, block: true, script: true}, []string{"P", "Content-Length: 1", "", "12"},
			[]string{"", "", "", "error: body is 2, Content-Length says 1; .send sends anything"}},
		{"chunks", grammar{phase: connected, block: true},
			[]string{"P", "Transfer-Encoding: chunked", "Content-Length: 3", "", "5;a=b", "hello", "0", "T: 1", ""},
			[]string{"", "", "", "", "", "", "", "", `send P\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: 1\r\n\r\n`}},
		{"a chunk that ends with a line end", grammar{phase: connected, block: true},
			[]string{"P", "Transfer-Encoding: chunked", "", "7", "hello", "", "0", ""},
			[]string{"", "", "", "", "", "", "", `send P\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nhello\r\n\r\n0\r\n\r\n`}},
		{"chunks that are none", grammar{phase: connected, block: true}, []string{"P", "Transfer-Encoding: chunked", "", "zz", "y", ""},
			[]string{"", "", "", "", "", `send P\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ny\r\n\r\n`}},

		{"free text", grammar{phase: connected, lock: "DATA"}, []string{".quit", "hi", "..x", ".", ".quit"},
			[]string{`send .quit\r\n; say: sent as text (^] gives commands here); the server takes one dot off: ..quit keeps it`,
				`send hi\r\n`, `send ..x\r\n`, `send .\r\n`, "run quit"}},
		{"^] within free text", grammar{phase: connected, lock: "DATA"}, []string{"\x1dstatus", "hi"},
			[]string{"run status", `send hi\r\n`}},

		{"a heredoc", grammar{phase: connected}, []string{".send <<EOF", "a", ".quit", "", "EOF"},
			[]string{"", "", "", "", `send a\r\n.quit\r\n\r\n`}},
		{"a heredoc without its word", grammar{phase: connected}, []string{".send <<"},
			[]string{"error: .send <<WORD: want one word that ends the text"}},

		{"^C twice leaves", grammar{phase: connected}, []string{"^C", "^C^C"}, []string{"say: ^C again (1 s) or .quit leaves", "interrupted"}},
		{"^D twice leaves", grammar{phase: connected}, []string{"^D", "x", "^D", "^D"},
			[]string{"say: ^D again leaves; .eof half-closes", `send x\r\n`, "say: ^D again leaves; .eof half-closes", "leave"}},
		{"^D unconnected leaves", grammar{}, []string{"^D"}, []string{"leave"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := tt.g
			g.command = testCommands
			for i, line := range tt.lines {
				var st step
				switch line {
				case "^C":
					st = g.interrupt("", false)
				case "^C^C":
					st = g.interrupt("", true)
				case "^D":
					st = g.eof()
				default:
					st = g.line(line)
				}
				if got := describe(st); got != tt.want[i] {
					t.Errorf("line %d %q:\n got %s\nwant %s", i+1, line, got, tt.want[i])
				}
			}
		})
	}
}

func TestPrompt(t *testing.T) {
	tests := []struct {
		g     grammar
		lines []string
		want  string
	}{
		{grammar{}, nil, "wiretape> "},
		{grammar{phase: connected, host: "www.google.ca", proto: "http"}, nil, "www.google.ca http> "},
		{grammar{phase: peerClosed, host: "www.google.ca", proto: "http"}, nil, "www.google.ca closed> "},
		{grammar{phase: connected, host: "mail.test", proto: "smtp+tls"}, nil, "mail.test smtp+tls> "},
		{grammar{phase: connected, host: "mail.test", proto: "smtp", lock: "DATA"}, nil, "mail.test DATA (^] commands)> "},
		{grammar{phase: connected, host: "h\x1b[2J\u00e9", proto: "tcp"}, nil, "h?[2J? tcp> "},
		{grammar{phase: connected, host: "www.google.ca", proto: "http", block: true}, []string{"GET / HTTP/1.0"},
			"                  | "},
		{grammar{phase: connected, host: "localhost", proto: "http", block: true}, []string{"P", "Content-Length: 5", ""},
			"  body 5 left | "},
		{grammar{phase: connected, host: "h", proto: "http", block: true}, []string{"P", "Content-Length: 50", ""},
			"body 50 left | "},
		{grammar{phase: connected, host: "h", proto: "http", block: true}, []string{"P", "Content-Length: 5", "", "123456"},
			"s or e> "},
		{grammar{phase: connected, host: "h", proto: "tcp"}, []string{".send <<END"}, "until END | "},
	}
	for _, tt := range tests {
		g := tt.g
		g.command = testCommands
		for _, l := range tt.lines {
			g.line(l)
		}
		if got := g.prompt(standpoint{}); got != tt.want {
			t.Errorf("prompt after %q = %q, want %q", tt.lines, got, tt.want)
		}
	}
}

func TestScriptLeavesNothingUnfinished(t *testing.T) {
	tests := []struct {
		lines []string
		want  string
	}{
		{nil, ""},
		{[]string{"GET / HTTP/1.0"}, "the head has no blank line yet"},
		{[]string{"P", "Content-Length: 9", "", "x"}, "body is 3, Content-Length says 9"},
		{[]string{"P", "Transfer-Encoding: chunked", "", "1"}, "the body has no last chunk yet"},
		{[]string{".send <<EOF", "x"}, ".send <<EOF has no EOF"},
	}
	for _, tt := range tests {
		g := grammar{command: testCommands, phase: connected, block: true, script: true}
		for _, l := range tt.lines {
			g.line(l)
		}
		if got := g.unfinished(); got != tt.want {
			t.Errorf("unfinished after %q = %q, want %q", tt.lines, got, tt.want)
		}
	}
}

func TestDraftIsBounded(t *testing.T) {
	g := grammar{command: testCommands, phase: connected, block: true}
	big := strings.Repeat("x", 1<<20)
	for i := range maxDraft>>20 + 1 {
		if st := g.line(big); st.err != "" {
			if i < maxDraft>>20-1 {
				t.Errorf("refused at %d MiB: %s", i, st.err)
			}
			return
		}
	}
	t.Errorf("a draft of more than %d octets was taken", maxDraft)
}
