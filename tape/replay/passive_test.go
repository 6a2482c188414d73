package replay

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
)

// ftp is a tape of a file fetched twice, by either word.
var ftp = "= open tcp 127.0.0.1:21\n" + crlf("<", "220 ftp ready") + crlf(">", "USER ann") + crlf("<", "230 in") +
	crlf(">", "PASV") + crlf("<", "227 Entering Passive Mode (127,0,0,1,110,40)") + "2= open tcp 127.0.0.1:28200\n" +
	crlf(">", "RETR a.txt") + crlf("<", "150 here it comes") + "2< first\\n\n2= eof <\n2= close\n" + crlf("<", "226 done") +
	crlf(">", "EPSV") + crlf("<", "229 Entering Extended Passive Mode (|||28201|)") + "3= open tcp 127.0.0.1:28201\n" +
	crlf(">", "RETR b.txt") + crlf("<", "150 here it comes") + "3< second\\n\n3= eof <\n3= close\n" + crlf("<", "226 done") +
	crlf(">", "QUIT") + crlf("<", "221 bye") + "= eof <\n= close\n"

// Where data connections go differs each time: a served tape says where it listens.
func TestServerAnnouncesItsOwnDataConnection(t *testing.T) {
	srv := serve(t, Server{Strict: true}, load(t, ftp))
	c, err := net.Dial("tcp", srv.target.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	say := func(s string) string {
		if s != "" {
			fmt.Fprintf(c, "%s\r\n", s)
		}
		l, _ := r.ReadString('\n')
		return l
	}
	fetched := func(reply string) string {
		t.Helper()
		var n [6]int
		at := strings.Index(reply, "(")
		if _, err := fmt.Sscanf(reply[at:], "(%d,%d,%d,%d,%d,%d)", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]); err != nil {
			if _, err := fmt.Sscanf(reply[at:], "(|||%d|)", &n[5]); err != nil {
				t.Fatalf("reply %q: %v", reply, err)
			}
		}
		d, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", n[4]<<8+n[5]))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		b, _ := io.ReadAll(d)
		return string(b)
	}
	say("")
	say("USER ann")
	first := say("PASV")
	fmt.Fprintf(c, "RETR a.txt\r\n")
	got := fetched(first)
	r.ReadString('\n')
	r.ReadString('\n')
	second := say("EPSV")
	fmt.Fprintf(c, "RETR b.txt\r\n")
	got += fetched(second)
	r.ReadString('\n')
	r.ReadString('\n')
	say("QUIT")
	c.Close()
	if got != "first\nsecond\n" {
		t.Errorf("fetched %q", got)
	}
	if rep := srv.wait(t); !rep.OK() || !strings.Contains(strings.Join(rep.Notes, "\n"), "the data connection is announced where it is") {
		t.Errorf("%s%q", lines(rep.Mismatches), rep.Notes)
	}
}

func TestRoundTripOfDataConnections(t *testing.T) {
	tp := load(t, ftp)
	srv := serve(t, Server{}, tp)
	r, err := Client{Silence: 5 * time.Second}.Run(t.Context(), tp, To(wire.Dialer{}, srv.target))
	if err != nil || !r.OK() || r.Received.Done != r.Received.All || !strings.Contains(strings.Join(r.ByKind, " "), "data address") {
		t.Errorf("%v, received %v, by kind %q\n%s", err, r.Received, r.ByKind, lines(r.Mismatches))
	}
	if s := srv.wait(t); !s.OK() {
		t.Errorf("server: %s", lines(s.Mismatches))
	}
}
