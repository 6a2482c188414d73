package session

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A script on Telnet answers prompts as a person does, one line each: so a password
// is known as one, and what negotiates first is no prompt.
func TestScriptWaitsForThePromptsOfTelnet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		server := func(c net.Conn) {
			r := bufio.NewReader(c)
			io.WriteString(c, "\xff\xfd\x18")
			for _, prompt := range []string{"host login: ", "Password: "} {
				time.Sleep(300 * time.Millisecond)
				if r.Buffered() > 0 {
					t.Error("a line came before its prompt")
				}
				io.WriteString(c, prompt)
				line, _ := r.ReadString('\n')
				asked = append(asked, line[strings.LastIndexByte(line, 0xff)+1:])
			}
			io.WriteString(c, "ok\r\n")
		}
		name := filepath.Join(t.TempDir(), "x.tape")
		out, err := run(t, world{"h:12023": server}, Options{Record: RecordOptions{Tape: name}}, "telnet://h:12023", "me\nhunter22\n")
		tape, _ := os.ReadFile(name)
		if err != nil || strings.Contains(string(tape), "hunter22") || len(asked) != 2 {
			t.Errorf("%v: %q\n%s\n%s", err, asked, out, tape)
		}
	})
}
