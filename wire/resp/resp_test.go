package resp

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// read returns what a parser makes of events, a line a Message, after it has
// checked the laws.
func read(t *testing.T, limits proto.Limits, events []wire.Event) []string {
	t.Helper()
	prototest.Check(t, func() proto.Parser { return New(limits) }, events)
	var got []string
	for _, m := range messages(New(limits), events) {
		got = append(got, describe(m))
	}
	return got
}

func messages(p *Parser, events []wire.Event) (all []proto.Message) {
	for _, e := range events {
		all = append(all, p.Feed(e)...)
	}
	return append(all, p.Close()...)
}

// describe gives a Message as "exchange kind value [mode]; notes", with "(cut)"
// for one that is not complete.
func describe(m proto.Message) string {
	var s strings.Builder
	s.WriteString(fmt.Sprintf("%d %s", m.Exchange, m.Kind))
	if !m.Complete {
		s.WriteString(" (cut)")
	}
	switch v := m.Value.(type) {
	case *Command:
		s.WriteString(" " + v.Name + ":")
		for _, a := range v.Args {
			s.WriteString(" " + show(a))
		}
		if v.Inline {
			s.WriteString(" (inline)")
		}
	case *Reply:
		s.WriteString(" " + show(v.Value))
		if v.Mode != (Mode{Version: 2}) {
			s.WriteString(fmt.Sprintf(" %+v", v.Mode))
		}
	default:
		s.WriteString(fmt.Sprintf(" %q", m.Body.Data))
	}
	for _, n := range m.Notes {
		s.WriteString("; " + n.Text)
	}
	return s.String()
}

// show writes a value on one line: the type's octet and what it holds.
func show(v *Value) string {
	s := string(rune(v.Type))
	if v.Attrs != nil {
		s = show(v.Attrs) + s
	}
	if v.Stream {
		s += "?"
	}
	if !v.Type.aggregate() {
		s += string(v.Text)
		if int64(len(v.Text)) < v.Size {
			s += fmt.Sprintf("…%d", v.Size)
		}
		if v.IsNull() {
			s += "nil"
		}
		return s
	}
	if v.Nil {
		return s + "nil"
	}
	var parts []string
	for _, e := range v.Elems {
		parts = append(parts, show(e))
	}
	if v.Omitted > 0 {
		parts = append(parts, fmt.Sprintf("and %d", v.Omitted))
	}
	return s + "[" + strings.Join(parts, " ") + "]"
}

var conversations = []struct {
	name string
	talk []string
	want []string
}{
	{"a command and its reply",
		[]string{"> *2\r\n$3\r\nGET\r\n$1\r\na\r\n", "< $5\r\nhe\r\no\r\n"},
		[]string{"1 command GET: $GET $a", "1 reply $he\r\no"}},
	{"all types of RESP2, pipelined",
		[]string{"> PING\r\nx\r\nINCR a\r\nLRANGE b 0 -1\r\nGET c\r\nEXEC\r\nGET \"\"\r\n",
			"< +PONG\r\n-ERR no\r\n:-3\r\n*3\r\n:1\r\n$-1\r\n*2\r\n+a\r\n*0\r\n$-1\r\n*-1\r\n$0\r\n\r\n"},
		[]string{"1 command PING: $PING (inline)", "2 command X: $x (inline)", "3 command INCR: $INCR $a (inline)", "4 command LRANGE: $LRANGE $b $0 $-1 (inline)",
			"5 command GET: $GET $c (inline)", "6 command EXEC: $EXEC (inline)", "7 command GET: $GET $ (inline)",
			"1 reply +PONG", "2 reply -ERR no", "3 reply :-3", "4 reply *[:1 $nil *[+a *[]]]", "5 reply $nil", "6 reply *nil", "7 reply $"}},
	{"all types of RESP3",
		[]string{"> HELLO 3\r\nA\r\nB\r\nC\r\n",
			"< %2\r\n+server\r\n+redis\r\n$5\r\nproto\r\n:3\r\n", "< ~3\r\n_\r\n#t\r\n#f\r\n", "< *4\r\n,1.5e3\r\n,-inf\r\n,nan\r\n(-349999999999999999999999\r\n",
			"< *2\r\n!5\r\nSYN x\r\n=8\r\ntxt:Some\r\n"},
		[]string{"1 command HELLO: $HELLO $3 (inline)", "2 command A: $A (inline)", "3 command B: $B (inline)", "4 command C: $C (inline)",
			"1 reply %[+server +redis $proto :3] {Version:3 DB:0 Subscribed:0 Queued:false Monitor:false}",
			"2 reply ~[_nil #t #f] {Version:3 DB:0 Subscribed:0 Queued:false Monitor:false}",
			"3 reply *[,1.5e3 ,-inf ,nan (-349999999999999999999999] {Version:3 DB:0 Subscribed:0 Queued:false Monitor:false}",
			"4 reply *[!SYN x =txt:Some] {Version:3 DB:0 Subscribed:0 Queued:false Monitor:false}"}},
	{"attributes stand before a value, and are none of its aggregate",
		[]string{"> A\r\nB\r\n", "< |1\r\n+ttl\r\n:3\r\n*2\r\n:1\r\n|1\r\n+x\r\n+y\r\n:2\r\n+B\r\n"},
		[]string{"1 command A: $A (inline)", "2 command B: $B (inline)", "1 reply |[+ttl :3]*[:1 |[+x +y]:2]", "2 reply +B"}},
	{"streamed values",
		[]string{"> A\r\nB\r\nC\r\nD\r\n", "< $?\r\n;4\r\nHell\r\n;2\r\no!\r\n;0\r\n*?\r\n:1\r\n*?\r\n.\r\n$?\r\n;0\r\n.\r\n%?\r\n+a\r\n:1\r\n.\r\n~?\r\n.\r\n"},
		[]string{"1 command A: $A (inline)", "2 command B: $B (inline)", "3 command C: $C (inline)", "4 command D: $D (inline)",
			"1 reply $?Hello!", "2 reply *?[:1 *?[] $?]", "3 reply %?[+a :1]", "4 reply ~?[]"}},
	{"a push answers nothing",
		[]string{"> CLIENT TRACKING ON\r\nGET a\r\n", "< +OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n$1\r\nx\r\n"},
		[]string{"1 command CLIENT: $CLIENT $TRACKING $ON (inline)", "2 command GET: $GET $a (inline)", "1 reply +OK", "0 push >[$invalidate *[$a]]", "2 reply $x"}},
	{"subscriptions of RESP2",
		[]string{"> SUBSCRIBE a b\r\n", "< *3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n",
			"< *3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", "> PING\r\n", "< *2\r\n$4\r\npong\r\n$0\r\n\r\n", "> UNSUBSCRIBE\r\n",
			"< *3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n", "> GET a\r\n", "< $-1\r\n"},
		[]string{"1 command SUBSCRIBE: $SUBSCRIBE $a $b (inline)",
			"1 reply *[$subscribe $a :1] {Version:2 DB:0 Subscribed:1 Queued:false Monitor:false}", "1 reply *[$subscribe $b :2] {Version:2 DB:0 Subscribed:2 Queued:false Monitor:false}",
			"0 push *[$message $a $hi] {Version:2 DB:0 Subscribed:2 Queued:false Monitor:false}",
			"2 command PING: $PING (inline)", "2 reply *[$pong $] {Version:2 DB:0 Subscribed:2 Queued:false Monitor:false}", "3 command UNSUBSCRIBE: $UNSUBSCRIBE (inline)",
			"3 reply *[$unsubscribe $a :1] {Version:2 DB:0 Subscribed:1 Queued:false Monitor:false}", "3 reply *[$unsubscribe $b :0]",
			"4 command GET: $GET $a (inline)", "4 reply $nil"}},
	{"subscriptions of RESP3 are confirmed by pushes",
		[]string{"> SUBSCRIBE a\r\nPING\r\n", "< >3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n+PONG\r\n", "< >3\r\n$12\r\nsunsubscribe\r\n$1\r\nq\r\n:1\r\n"},
		[]string{"1 command SUBSCRIBE: $SUBSCRIBE $a (inline)", "2 command PING: $PING (inline)",
			"1 push >[$subscribe $a :1] {Version:2 DB:0 Subscribed:1 Queued:false Monitor:false}", "2 reply +PONG {Version:2 DB:0 Subscribed:1 Queued:false Monitor:false}",
			"0 push >[$sunsubscribe $q :1] {Version:2 DB:0 Subscribed:1 Queued:false Monitor:false}"}},
	{"a transaction",
		[]string{"> MULTI\r\nINCR a\r\nEXEC\r\n", "< +OK\r\n+QUEUED\r\n*1\r\n:1\r\n", "> MULTI\r\nDISCARD\r\n", "< +OK\r\n+OK\r\n"},
		[]string{"1 command MULTI: $MULTI (inline)", "2 command INCR: $INCR $a (inline)", "3 command EXEC: $EXEC (inline)",
			"1 reply +OK {Version:2 DB:0 Subscribed:0 Queued:true Monitor:false}", "2 reply +QUEUED {Version:2 DB:0 Subscribed:0 Queued:true Monitor:false}", "3 reply *[:1]",
			"4 command MULTI: $MULTI (inline)", "5 command DISCARD: $DISCARD (inline)", "4 reply +OK {Version:2 DB:0 Subscribed:0 Queued:true Monitor:false}", "5 reply +OK"}},
	{"SELECT, MONITOR and RESET",
		[]string{"> SELECT 3\r\nMONITOR\r\n", "< +OK\r\n+OK\r\n+1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\r\n", "> RESET\r\n", "< +RESET\r\n"},
		[]string{"1 command SELECT: $SELECT $3 (inline)", "2 command MONITOR: $MONITOR (inline)", "1 reply +OK {Version:2 DB:3 Subscribed:0 Queued:false Monitor:false}",
			"2 reply +OK {Version:2 DB:3 Subscribed:0 Queued:false Monitor:true}",
			`0 push +1339518083.107412 [0 127.0.0.1:60866] "keys" "*" {Version:2 DB:3 Subscribed:0 Queued:false Monitor:true}`,
			"3 command RESET: $RESET (inline)", "3 reply +RESET"}},
	{"commands that have no reply",
		[]string{"> CLIENT REPLY SKIP\r\nSET a 1\r\nGET a\r\nCLIENT REPLY OFF\r\nGET b\r\nCLIENT REPLY ON\r\n", "< $1\r\n1\r\n+OK\r\n"},
		[]string{"1 command CLIENT: $CLIENT $REPLY $SKIP (inline)", "2 command SET: $SET $a $1 (inline)", "3 command GET: $GET $a (inline)",
			"4 command CLIENT: $CLIENT $REPLY $OFF (inline)", "5 command GET: $GET $b (inline)", "6 command CLIENT: $CLIENT $REPLY $ON (inline)", "3 reply $1", "6 reply +OK"}},
	{"a replica: a file without a line end, then commands",
		[]string{"> PSYNC ? -1\r\n", "< +FULLRESYNC 8de1 0\r\n$5\r\nREDIS*1\r\n$4\r\nPING\r\n"},
		[]string{"1 command PSYNC: $PSYNC $? $-1 (inline)", "1 reply +FULLRESYNC 8de1 0", "0 reply $REDIS", "0 push *[$PING]"}},
	{"empty commands are passed over",
		[]string{"> \r\n*0\r\n*-1\r\nPING\r\n", "< +PONG\r\n"},
		[]string{"0 command : (inline)", "0 command :", "0 command :; a command is an array of bulk strings, its length before it", "1 command PING: $PING (inline)", "1 reply +PONG"}},
	{"deviations",
		[]string{"> *1\n$04\r\nPING\n*2\r\n:1\r\n+GET\r\nGET \"x\r\n", "< $2\r\nokXY+O\rK\r\n:01\n,one\r\n#x\r\n_1\r\n(1x\r\n=3\r\nabc\r\n$-2\r\n"},
		[]string{"1 command PING: $PING; line ends in bare LF; length \"04\" is not in its shortest form; bulk string is followed by bare LF",
			"2 command 1: :1 +GET; an argument is a integer: servers take bulk strings only",
			"3 command GET \"X: $GET \"x (inline); the quotes that \"\\\"\" opens are not closed",
			"1 reply $ok; bulk string is followed by \"XY\", not by CRLF", "2 reply +O\rK; CR within a simple string",
			"3 reply :01; integer \"01\" is not in its shortest form; line ends in bare LF", "0 reply ,one; reply to no command; \"one\" is no double",
			"0 reply #x; reply to no command; \"x\" is no boolean", "0 reply _1nil; reply to no command; \"1\" is no null", "0 reply (1x; reply to no command; \"1x\" is no big number",
			"0 reply =abc; reply to no command; verbatim string does not begin with three letters and a colon",
			"0 reply $nil; reply to no command; length -2: below 0 only -1 means something"}},
	{"what is no value is raw, line by line",
		[]string{"> PING\r\n", "< HTTP/1.1 400 Bad\r\n+PONG\r\n*2\r\n:1\r\nwhat\r\n$x\r\n:3\r\n"},
		[]string{"1 command PING: $PING (inline)", "0 raw \"HTTP/1.1 400 Bad\\r\\n\"; line does not begin with a type", "1 reply +PONG",
			"0 reply (cut) *[:1]", "0 raw \"what\\r\\n$x\\r\\n\"; line within a value does not begin with a type", "0 reply :3; reply to no command"}},
	{"the end within a value",
		[]string{"> *2\r\n$3\r\nGET\r\n$5\r\nab", "= eof client", "< *2\r\n*2\r\n:1\r\n$9\r\nabc", "= eof server"},
		[]string{"0 command (cut) GET: $GET $ab", "0 reply (cut) *[*[:1 $abc]]"}},
	{"octets are missing",
		[]string{"> PING\r\nPING\r\n", "< $10\r\nabc", "= gap server 9", "< +PONG\r\n"},
		[]string{"1 command PING: $PING (inline)", "2 command PING: $PING (inline)", "1 reply (cut) $abc", "0 gap \"\"", "1 reply +PONG"}},
	{"binary from the client",
		[]string{"> \x16\x03\x01\n", "< -ERR x\r\n"},
		[]string{"0 raw \"\\x16\\x03\\x01\\n\"; line does not begin with a command", "0 reply -ERR x; reply to no command"}},
}

func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, proto.Limits{}, prototest.Talk(c.talk...))
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	limits := proto.Limits{Line: 20, Head: 40, Body: 4}
	deep := strings.Repeat("*1\r\n", maxDepth+1)
	for _, c := range []struct {
		name string
		talk []string
		want []string
	}{
		{"a large string is counted", []string{"> A\r\n", "< $8\r\nabcdefgh\r\n"}, []string{"1 command A: $A (inline)", "1 reply $abcd…8"}},
		{"all strings of a value together", []string{"> A\r\n", "< *2\r\n$3\r\nabc\r\n$3\r\ndef\r\n"}, []string{"1 command A: $A (inline)", "1 reply *[$abc $d…3]"}},
		{"a long line is raw", []string{"> A\r\n", "< +aaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n:1\r\n"},
			[]string{"1 command A: $A (inline)", `0 raw "+aaa"; line longer than 20 octets`, "1 reply :1"}},
		{"values that nest without end", []string{"> A\r\n", "< " + deep},
			[]string{"1 command A: $A (inline)", "1 reply (cut) " + strings.Repeat("*[", maxDepth) + strings.Repeat("]", maxDepth), `0 raw "*1\r\n"; values more than 128 deep`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := read(t, limits, prototest.Talk(c.talk...)); !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestManyElementsAreCounted(t *testing.T) {
	const n = 3 * maxValues
	events := prototest.Talk("> A\r\n", fmt.Sprintf("< *%d\r\n", n)+strings.Repeat(":1\r\n", n)+"+x\r\n")
	all := messages(New(proto.Limits{}), events)
	v := all[1].Value.(*Reply)
	if len(v.Elems) >= maxValues || int64(len(v.Elems))+v.Omitted != n || len(all) != 3 || len(all[1].Leaves) > maxLeaves {
		t.Errorf("%d kept, %d omitted of %d; %d Messages, %d leaves", len(v.Elems), v.Omitted, n, len(all), len(all[1].Leaves))
	}
}

func TestState(t *testing.T) {
	p := New(proto.Limits{})
	for _, step := range []struct {
		talk string
		want string
	}{
		{"> PING\r\nGET a\r\n", "due 2, settled 0, 0 of -1"},
		{"< +PONG\r\n$10\r\nabc", "due 1, settled 1, 3 of 10"},
		{"< defghij", "due 1, settled 1, 0 of -1"},
		{"< \r\n", "due 0, settled 2, 0 of -1"},
		{"> SUBSCRIBE a b\r\n", "due 1, settled 2, 0 of -1"},
		{"< *3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", "due 1, settled 2, 0 of -1"},
		{"< *3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n", "due 0, settled 3, 0 of -1"},
		{"> CLIENT REPLY OFF\r\n", "due 0, settled 3, 0 of -1"},
	} {
		p.Feed(prototest.Talk(step.talk)[0])
		st := p.State()
		if got := fmt.Sprintf("due %d, settled %d, %d of %d", st.Due, st.Settled, st.Got, st.Want); got != step.want || !st.Framed {
			t.Errorf("after %q: %s, framed %t; want %s", step.talk, got, st.Framed, step.want)
		}
	}
}

func TestTypedCommands(t *testing.T) {
	for _, c := range []struct{ line, want, err string }{
		{`set  a "x y"`, `["set" "a" "x y"]`, ""},
		{`a "\x00\xfF\n\r\t\b\a\"\\\q" ''`, `["a" "\x00\xff\n\r\t\b\a\"\\q" ""]`, ""},
		{`a 'it\'s \n'`, `["a" "it's \\n"]`, ""},
		{`ab"c d"`, `["abc d"]`, ""},
		{"", `[]`, ""},
		{`a "b`, "", `the quotes that "\"" opens are not closed`},
		{`a 'b`, "", `the quotes that "'" opens are not closed`},
		{`a "b"c`, "", `"c" stands right behind a closing quote: want a blank`},
	} {
		got, err := Split(c.line)
		if err != nil {
			if err.Error() != c.err {
				t.Errorf("Split(%q): %v, want %q", c.line, err, c.err)
			}
			continue
		}
		if s := fmt.Sprintf("%q", got); s != c.want || c.err != "" {
			t.Errorf("Split(%q) = %s, want %s%s", c.line, s, c.want, c.err)
		}
		var back []byte
		for i, a := range got {
			if i > 0 {
				back = append(back, ' ')
			}
			back = Quote(back, a)
		}
		again, err := Split(string(back))
		if err != nil || fmt.Sprintf("%q", again) != c.want {
			t.Errorf("quoted again: %s gives %q, %v", back, again, err)
		}
	}
	if got := string(AppendCommand(nil, []byte("GET"), nil)); got != "*2\r\n$3\r\nGET\r\n$0\r\n\r\n" {
		t.Errorf("AppendCommand = %q", got)
	}
}

func FuzzParser(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Line: 200, Head: 300, Body: 100}) }, seeds...)
}
