package session

import (
	"fmt"
	"strings"
	"testing"
)

// Whatever is typed, nothing panics, the prompt stays one line of printable
// ASCII, and what is sent is what was typed with line ends.
func FuzzLines(f *testing.F) {
	f.Add("GET / HTTP/1.1\nHost: h\n\n.quit\n\x1dstatus\n\x16.x", true, uint8(connected))
	f.Add("P\nContent-Length: 5\n\n1234567\ns\ne\n", true, uint8(connected))
	f.Add("P\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n", true, uint8(peerClosed))
	f.Add(".send <<EOF\na\nEOF\n.send <<\n.send \"\\x00\"", false, uint8(connected))
	f.Add("www.google.ca\n::1\nh:80 x\n", false, uint8(unconnected))
	f.Fuzz(func(t *testing.T, text string, block bool, ph uint8) {
		g := grammar{command: testCommands, phase: phase(ph % 3), block: block, host: text, proto: "p"}
		typed := 0
		for line := range strings.SplitSeq(text, "\n") {
			typed += len(line) + len(g.eol.Bytes())
			st := g.line(line)
			if len(st.data) > typed {
				t.Errorf("%d octets are sent of %d that were typed", len(st.data), typed)
			}
			if st.do == doSend && !block && g.heredoc == "" && g.ask == askNothing &&
				!strings.Contains(text, "<<") && string(st.data) != strings.TrimPrefix(line, "\x16")+"\r\n" {
				t.Errorf("line %q is sent as %q", line, st.data)
			}
			for _, r := range g.prompt(standpoint{}) {
				if r < ' ' || r > '~' {
					t.Errorf("prompt %q", g.prompt(standpoint{}))
				}
			}
		}
		if data, rest, err := unescape(`"` + escaped(text) + `"`); err != nil || string(data) != text || rest != "" {
			t.Errorf("the quoted bytes of %q are %q, %q, %v", text, data, rest, err)
		}
		args, err := splitArgs(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `" ` + "x")
		if err != nil || len(args) != 2 || args[0] != text || args[1] != "x" {
			t.Errorf("the arguments of %q are %q, %v", text, args, err)
		}
		// ^C twice leads out of everything that was begun.
		g.interrupt("", false)
		if g.interrupt("", false); g.unfinished() != "" || g.ask != askNothing {
			t.Errorf("after ^C: %q, question %d", g.unfinished(), g.ask)
		}
	})
}

// escaped writes s as .send takes it between its quotes.
func escaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '$' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
