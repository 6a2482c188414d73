package session

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// A curlRow is a test of curl's: what a server says in place of what is usual, and
// what a client sends.
type curlRow struct {
	ID        int
	Name      string
	Server    []string
	ServerCmd string
	ErrorCode []int
	Protocol  []byte `json:"verify_protocol_b64"`
	Upload    []byte `json:"verify_upload_b64"`
	Reply     struct {
		Data struct {
			B64 []byte
		}
	}
}

// A scripted server says what is usual, unless a row says otherwise.
type scripted struct {
	proto string
	row   curlRow
	said  map[string]string // by a line, or its first words
	capa  []string
}

func newScripted(proto string, row curlRow) *scripted {
	s := &scripted{proto: proto, row: row, said: map[string]string{}}
	for line := range strings.Lines(row.ServerCmd) {
		word, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		switch word {
		case "REPLY":
			key, text, _ := strings.Cut(rest, " ")
			if strings.HasPrefix(rest, `"`) {
				key, text, _ = strings.Cut(rest[1:], `" `)
			}
			s.said[key] = strings.ReplaceAll(text, `\r\n`, "\r\n") + "\r\n"
		case "CAPA":
			s.capa = append(s.capa, strings.Fields(rest)...)
		case "AUTH":
			if proto == "imap" {
				for m := range strings.FieldsSeq(rest) {
					s.capa = append(s.capa, "AUTH="+m)
				}
			} else {
				s.capa = append(s.capa, map[string]string{"smtp": "AUTH ", "pop3": "SASL "}[proto]+rest)
			}
		}
	}
	return s
}

func (s *scripted) serve(c net.Conn) {
	r := bufio.NewReader(c)
	welcome := map[string]string{"smtp": "220 h ESMTP\r\n", "pop3": "+OK h POP3 <1@h>\r\n", "imap": "* OK h IMAP\r\n", "ftp": "220 h FTP\r\n"}[s.proto]
	if text, ok := s.said["welcome"]; ok {
		welcome = text
	}
	io.WriteString(c, welcome)
	for {
		if b, err := r.Peek(1); err != nil || b[0] == 0x16 {
			return // it has never heard of TLS
		}
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		reply := s.answer(line)
		io.WriteString(c, reply)
		switch m := literalAtEnd.FindStringSubmatch(line); {
		case s.proto == "smtp" && strings.HasPrefix(reply, "354"):
			for line != ".\r\n" && err == nil {
				line, err = r.ReadString('\n')
			}
			io.WriteString(c, "250 OK\r\n")
		case s.proto == "imap" && m != nil && strings.HasPrefix(reply, "+"):
			var n int64
			fmt.Sscan(m[1], &n)
			io.CopyN(io.Discard, r, n)
			r.ReadString('\n')
			tag, _, _ := strings.Cut(line, " ")
			io.WriteString(c, tag+" OK kept\r\n")
		case slices.Contains([]string{"QUIT", "LOGOUT"}, verbAt(s.proto, line)):
			return
		}
	}
}

var literalAtEnd = regexp.MustCompile(`\{(\d+)\}$`)

func verbAt(proto, line string) string {
	words := strings.Fields(strings.ToUpper(line) + " x x")
	if proto == "imap" {
		return words[1]
	}
	return words[0]
}

// answer returns what the server says to a line.
func (s *scripted) answer(line string) string {
	verb := verbAt(s.proto, line)
	for _, key := range []string{line, verb} {
		if text, ok := s.said[key]; ok && key != "x" {
			return text
		}
	}
	for key, text := range s.said {
		if strings.Contains(key, " ") && (strings.HasPrefix(line, key) || strings.Contains(line, " "+key)) {
			return text
		}
	}
	switch verb {
	case "STARTTLS", "STLS", "AUTH", "AUTHENTICATE": // nobody has taught it
		tag, _, _ := strings.Cut(line, " ")
		return map[string]string{"smtp": "454 no\r\n", "pop3": "-ERR no\r\n", "imap": tag + " NO\r\n", "ftp": "500 no\r\n"}[s.proto]
	}
	data := string(s.row.Reply.Data.B64)
	data = strings.ReplaceAll(strings.ReplaceAll(data, "\r\n", "\n"), "\n", "\r\n")
	switch tag, rest, _ := strings.Cut(line, " "); s.proto {
	case "smtp":
		switch verb {
		case "EHLO":
			return "250-h\r\n" + lineEach("250-", s.capa) + "250 HELP\r\n"
		case "DATA":
			return "354 go\r\n"
		case "QUIT":
			return "221 bye\r\n"
		}
		return "250 OK\r\n"
	case "pop3":
		switch {
		case verb == "CAPA":
			return "+OK\r\n" + lineEach("", s.capa) + ".\r\n"
		case verb == "RETR" || verb == "TOP" || (verb == "LIST" || verb == "UIDL") && rest == "":
			return "+OK\r\n" + strings.ReplaceAll("\r\n"+data, "\r\n.", "\r\n..")[2:] + ".\r\n"
		}
		return "+OK\r\n"
	case "imap":
		switch {
		case verb == "CAPABILITY":
			return "* CAPABILITY IMAP4 " + strings.Join(s.capa, " ") + "\r\n" + tag + " OK\r\n"
		case verb == "FETCH" || strings.HasPrefix(rest, "UID FETCH"):
			return fmt.Sprintf("* 1 FETCH (BODY[] {%d}\r\n%s)\r\n%s OK\r\n", len(data), data, tag)
		case verb == "APPEND":
			return "+ go\r\n"
		case verb == "LOGOUT":
			return "* BYE\r\n" + tag + " OK\r\n"
		}
		return tag + " OK\r\n"
	}
	reply := map[string]string{"USER": "331 who?", "PWD": `257 "/"`, "CWD": "250 OK", "EPSV": "229 (|||9999|)", "PASV": "227 (127,0,0,1,4,1)", "QUIT": "221 bye",
		"LIST": "150 go\r\n226 done", "NLST": "150 go\r\n226 done", "RETR": "150 go\r\n226 done", "STOR": "150 go\r\n226 done", "APPE": "150 go\r\n226 done", "SIZE": "213 9"}[verb]
	if reply == "" {
		reply = "200 OK"
	}
	return reply + "\r\n"
}

func lineEach(before string, lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(before + l + "\r\n")
	}
	return b.String()
}

// script returns what curl sent, as the lines of a script.
func (r *curlRow) script() string {
	var b strings.Builder
	upload := strings.Split(string(r.Upload), "\r\n")
	for line := range strings.SplitSeq(strings.TrimSuffix(string(r.Protocol), "\r\n"), "\r\n") {
		b.WriteString(line + "\n")
		if line == "DATA" || literalAtEnd.MatchString(line) {
			text := upload
			if line == "DATA" {
				text = slices.Concat(upload[:max(0, len(upload)-2)], []string{"."})
			}
			b.WriteString(strings.Join(text, "\n") + "\n")
		}
	}
	return b.String()
}

// What curl's tests have servers of mail and FTP say is read: without a raw octet
// where the server keeps to the protocol, and by the laws wherever.
func TestCurlRows(t *testing.T) {
	for _, suite := range []struct {
		proto, file string
		port        string
		raw         []int // rows of which a server does not keep to its protocol
	}{
		{"smtp", "curl_smtp.jsonl", "25", nil},
		{"pop3", "curl_pop3.jsonl", "110", []int{851, 1407}}, // LIST of one message, ended as a list
		{"imap", "curl_imap.jsonl", "143", nil},
		{"ftp", "curl_ftp.jsonl.gz", "21", []int{1282}},
	} {
		t.Run(suite.proto, func(t *testing.T) {
			status := map[Status]int{}
			rows, driven, noted := 0, 0, 0
			for _, row := range prototest.Rows[curlRow](t, suite.file) {
				rows++
				if len(row.Server) != 1 || row.Server[0] != suite.proto || len(row.Protocol) == 0 {
					continue
				}
				driven++
				file := filepath.Join(t.TempDir(), "row.tape")
				var err error
				synctest.Test(t, func(t *testing.T) {
					servers := world{"h:" + suite.port: newScripted(suite.proto, row).serve}
					_, err = run(t, servers, Options{Record: RecordOptions{Tape: file, NoRedact: true}}, "h:"+suite.port, row.script())
				})
				status[StatusOf(err)]++
				if err != nil {
					t.Logf("%d, %s: %v", row.ID, row.Name, err)
				}
				raw, notes := readTape(t, file)
				if notes {
					noted++
				}
				if (len(raw) > 0) != slices.Contains(suite.raw, row.ID) {
					t.Errorf("%d, %s: raw %.200q; status %d, %v", row.ID, row.Name, raw, StatusOf(err), err)
				}
			}
			t.Logf("marks: %s: %d rows, %d driven by what curl sent; ended with status %v; %d with notes", suite.proto, rows, driven, status, noted)
		})
	}
}

// Where TLS is refused, or more comes in the clear than the refusal, nothing is
// taken for secured: by hand and by .starttls PROTO the end is status 4.
func TestCurlRowsThatRefuseTLS(t *testing.T) {
	for _, tt := range []struct {
		proto, file, port string
		id                int
		typed             string
		want              []string
	}{
		{"smtp", "curl_smtp.jsonl", "25", 980, "EHLO me\nSTARTTLS\n", []string{"<! 454 currently unavailable\n", "< 235 Authenticated\n! server, offset 87: reply to no command\n", "< 250 2.0.0 Accepted\n"}},
		{"imap", "curl_imap.jsonl", "143", 984, "A001 CAPABILITY\nA002 STARTTLS\n", []string{"<! A001 BAD Not implemented\n", "<! A002 NO\n"}},
		{"pop3", "curl_pop3.jsonl", "110", 985, "CAPA\nSTLS\n", []string{"<! -ERR Not implemented\n", "<! -ERR no\n"}},
		{"ftp", "curl_ftp.jsonl.gz", "21", 986, "AUTH TLS\n", []string{"< 230 Welcome\n", "<! 500 unknown command\n"}},
	} {
		rows := prototest.Rows[curlRow](t, tt.file)
		i := slices.IndexFunc(rows, func(r curlRow) bool { return r.ID == tt.id })
		if i < 0 {
			t.Errorf("%s: no row %d", tt.file, tt.id)
			continue
		}
		for name, script := range map[string]string{"by hand": tt.typed + ".starttls\nQUIT\n", "by word": ".starttls " + tt.proto + "\nQUIT\n"} {
			synctest.Test(t, func(t *testing.T) {
				servers := world{"h:" + tt.port: newScripted(tt.proto, rows[i]).serve}
				out, err := run(t, servers, Options{}, "h:"+tt.port, script)
				if StatusOf(err) != StatusTLS {
					t.Errorf("%d %s: status %d, %v; output:\n%s", tt.id, name, StatusOf(err), err, out)
				}
				if strings.Contains(out, "~") {
					t.Errorf("%d %s: something is taken for secured:\n%s", tt.id, name, out)
				}
				for _, want := range tt.want {
					if name == "by hand" && !strings.Contains(out, want) {
						t.Errorf("%d %s: want %q in\n%s", tt.id, name, want, out)
					}
				}
			})
		}
	}
}

// readTape checks the laws over a tape, and returns its raw octets and whether
// there are notes.
func readTape(t *testing.T, file string) (raw []byte, noted bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var events []wire.Event
	for e, err := range tape.NewReader(bytes.NewReader(text), file).Events() {
		if err != nil {
			t.Fatal(err)
		}
		e.Data = bytes.Clone(e.Data)
		events = append(events, e)
	}
	prototest.Check(t, func() proto.Parser { return &single{detect.New(detect.Options{})} }, events)
	s := detect.New(detect.Options{})
	take := func(msgs []proto.Message) {
		for _, m := range msgs {
			if m.Kind == proto.KindRaw {
				raw = append(raw, m.Body.Data...)
			}
			noted = noted || len(m.Notes) > 0
		}
	}
	for _, e := range events {
		take(s.Feed(e))
	}
	take(s.Close())
	return raw, noted
}

// single is a detect.Stream of one connection, as a parser.
type single struct{ s *detect.Stream }

func (p *single) Feed(e wire.Event) []proto.Message { return p.s.Feed(e) }
func (p *single) Close() []proto.Message            { return p.s.Close() }
func (p *single) State() proto.State                { return p.s.State(1) }
