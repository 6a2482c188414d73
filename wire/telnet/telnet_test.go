package telnet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// read checks the laws and returns what the Messages of a conversation are.
func messages(t *testing.T, limits proto.Limits, talk ...string) []string {
	t.Helper()
	events := prototest.Talk(talk...)
	prototest.Check(t, func() proto.Parser { return New(limits) }, events)
	var got []string
	for _, m := range feed(limits, events) {
		got = append(got, describe(m))
	}
	return got
}

func feed(limits proto.Limits, events []wire.Event) (out []proto.Message) {
	p := New(limits)
	for _, e := range events {
		out = append(out, p.Feed(e)...)
	}
	return append(out, p.Close()...)
}

// describe gives a Message as "who what; notes".
func describe(m proto.Message) string {
	var s strings.Builder
	s.WriteString(map[wire.Dir]string{wire.ClientToServer: "> ", wire.ServerToClient: "< "}[m.Dir])
	if !m.Complete {
		s.WriteString("(cut) ")
	}
	switch v := m.Value.(type) {
	case *Text:
		s.WriteString(fmt.Sprintf("%q", m.Body.Data))
		if v.Line {
			s.WriteString(" line")
		}
	case *Command:
		s.WriteString(v.String())
		for i, it := range v.Items {
			s.WriteString(map[bool]string{true: ": ", false: ", "}[i == 0] + it.Name)
			if it.Value != nil {
				s.WriteString(fmt.Sprintf(" %q", it.Value))
			}
		}
	default:
		s.WriteString(fmt.Sprintf("%s %q", m.Kind, m.Body.Data))
	}
	for _, n := range m.Notes {
		s.WriteString(fmt.Sprintf("; %d %s", n.Offset, n.Text))
	}
	return s.String()
}

var conversations = []struct {
	name string
	talk []string
	want []string
}{
	{"a login", []string{"< \xff\xfd\x18\xff\xfb\x01", "> \xff\xfb\x18\xff\xfd\x01", "< \xff\xfa\x18\x01\xff\xf0", "> \xff\xfa\x18\x00DUMB\xff\xf0", "< hi\r\nlogin: ", "> me\r\n", "< me\r\n"},
		[]string{"< DO TTYPE", "< WILL ECHO", "> WILL TTYPE", "> DO ECHO", "< SB TTYPE: SEND", `> SB TTYPE: IS "DUMB"`, `< "hi\r\n" line`, `< "login: "`, `> "me\r\n" line`, `< "me\r\n" line`}},
	{"negotiation of the other side cuts no text", []string{"< log", "> \xff\xfb\x18", "< in: "}, []string{"> WILL TTYPE", `< "login: "`}},
	{"a command cuts text", []string{"< ab\xff\xf1cd\xff\xf9\r\n"}, []string{`< "ab"`, "< NOP", `< "cd"`, "< GA", `< "\r\n" line`}},
	{"an octet of 255", []string{"< a\xff\xff\xff\xff", "> x", "< \xff\xffb\n"}, []string{`< "a\xff\xff"`, `> "x"`, `< "\xffb\n" line`}},
	{"IAC across a turn", []string{"< a\xff", "> x", "< \xffb\n\xff", "> y", "< \xf6"}, []string{`< "a"`, `> "x"`, `< "\xffb\n" line`, "< AYT", `> "y"`}},
	{"line ends", []string{"> a\r\x00b\r\nc\nd\re\r\r\n"}, []string{`> "a\r" line`, `> "b\r\n" line`, `> "c\n" line`, `> "d\re\r\r\n" line; 9 CR is followed by neither LF nor NUL; 11 CR is followed by neither LF nor NUL`}},
	{"eight-bit data", []string{"> \xff\xfb\x00", "< \xff\xfd\x00", "> a\rb\r\x00"}, []string{"> WILL BINARY", "< DO BINARY", `> "a\rb\r\x00"`}},
	{"window size", []string{"> \xff\xfa\x1f\x00\x50\x00\x18\xff\xf0\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0\xff\xfa\x1f\x00\xff\xf0"},
		[]string{`> SB NAWS: width "80", height "24"`, `> SB NAWS: width "255", height "24"`, "> SB NAWS; 25 NAWS has 1 octets, not 4 (RFC 1073)"}},
	{"variables", []string{"> \xff\xfa\x27\x00\x00USER\x01m\x02\x01e\x03X\x01\xff\xf0\xff\xfa\x27\x00x\xff\xf0"},
		[]string{`> SB NEW-ENVIRON: IS, VAR "USER", VALUE "m\x01e", USERVAR "X", VALUE ""`, `> SB NEW-ENVIRON: IS, 120 ""; 26 a variable that begins with neither VAR nor USERVAR (RFC 1572)`}},
	{"line mode", []string{"< \xff\xfa\x22\x01\x03\xff\xf0\xff\xfa\x22\x03\x03\x62\x03\x0a\x00\x00\xff\xf0\xff\xfa\x22\xfd\x02\x01\xff\xf0"},
		[]string{`< SB LINEMODE: MODE "EDIT TRAPSIG"`, `< SB LINEMODE: SLC, IP "VALUE 0x03", EC "NOSUPPORT"`, `< SB LINEMODE: DO "FORWARDMASK 01"`}},
	{"status", []string{"< \xff\xfa\x05\x00\xfb\x01\xfd\x03\xfa\x1f\x00\x50\xf0\xff\xf0"}, []string{`< SB STATUS: IS, WILL "ECHO", DO "SGA", SB "NAWS 0050"`}},
	{"a subnegotiation without an end", []string{"< \xff\xfa\x18\x01\xff\xfd\x01", "= gap server 3", "< \xff\xfa\x18ab\xff", "= eof server"},
		[]string{"< (cut) SB TTYPE; 4 IAC DO within a subnegotiation, which has no end", "< DO ECHO", `< gap ""`, "< (cut) SB TTYPE"}},
	{"commands that are none", []string{"< \xff\x07\xff\xf0\xff", "= close"}, []string{"< Code(7); 0 no command has this code", "< SE; 2 a subnegotiation ends that did not begin", "< (cut) Code(0)"}},
	{"compressed", []string{"< \xff\xfa\x56\xff\xf0x\x9c\xff\xfd", "> \xff\xf1", "< \x01"},
		[]string{"< SB COMPRESS2; 5 what follows is compressed, and not read", `< raw "x\x9c\xff\xfd"`, "> NOP", `< raw "\x01"`}},
	{"TLS begins", []string{"< ab", "= tls", "< c\n"}, []string{`< "ab"`, `< "c\n" line`}},
}

func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			if got := messages(t, proto.Limits{}, c.talk...); !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestLimits(t *testing.T) {
	got := messages(t, proto.Limits{Line: 4, Body: 6}, "< abcdefg\r\nabc\r\nab\xff\xff\xff\xffc", "> \xff\xfa\x18\x00abcdefghij\xff\xf0")
	want := []string{`< "abcd"`, `< "efg\r\n" line`, `< "abc\r\n" line`, `< "ab\xff"`, `> SB TTYPE: IS "abcde"`, `< "\xffc"`}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	items := messages(t, proto.Limits{}, "> \xff\xfa\x21"+strings.Repeat("\x00", 1000)+"\xff\xf0")
	if n := strings.Count(items[0], "OFF"); n != maxItems || !strings.HasSuffix(items[0], "more than 256 items") {
		t.Errorf("%d items, %q", n, items[0][len(items[0])-40:])
	}
}

func TestPartialIsThePrompt(t *testing.T) {
	p := New(proto.Limits{})
	p.Feed(prototest.Talk("< hi\r\nlogin: \xff")[0])
	m := p.State().Partial[1]
	if m == nil || string(m.Body.Data) != "login: " {
		t.Errorf("Partial = %v, want the prompt", m)
	}
}

// TestLibtelnet holds the events that another reader makes of its own vectors.
func TestLibtelnet(t *testing.T) {
	type row struct {
		ID       string
		Raw      []byte `json:"raw_b64"`
		Expected []string
	}
	for _, r := range prototest.Rows[row](t, "libtelnet.jsonl") {
		events := prototest.Talk("< " + string(r.Raw))
		prototest.Check(t, func() proto.Parser { return New(proto.Limits{}) }, events)
		n := Negotiator{Ours: func(o Option) bool { return o == ZMP }}
		var got []string
		for _, m := range feed(proto.Limits{}, events) {
			if s := asLibtelnet(&n, m); s != "" {
				got = append(got, s)
			}
		}
		if !slices.Equal(got, r.Expected) {
			t.Errorf("%s: got\n  %s\nwant\n  %s", r.ID, strings.Join(got, "\n  "), strings.Join(r.Expected, "\n  "))
		}
	}
}

// asLibtelnet writes a Message as those vectors do; a negotiation that changes
// nothing is none of their events.
func asLibtelnet(n *Negotiator, m proto.Message) string {
	c, ok := m.Value.(*Command)
	switch {
	case !ok:
		return fmt.Sprintf("DATA [%d] ==> %s", m.Body.Size, m.Body.Data)
	case c.Code.takesOption():
		if _, change := n.Receive(c.Code, c.Option); change == Unchanged {
			return ""
		}
		return fmt.Sprintf("%s %d (%s)", c.Code, c.Option, c.Option)
	case c.Code != SB:
		return fmt.Sprintf("IAC %d (%s)", c.Code, c.Code)
	}
	switch {
	case c.Option == ZMP && len(m.Notes) > 0:
		return "WARNING: incomplete ZMP frame"
	case c.Option == ZMP:
		return fmt.Sprintf("ZMP (%s) [%d]", c.Items[0].Name, len(c.Items))
	case c.Option == MSSP && c.Items == nil:
		return "" // none of their events
	case c.Option == MSSP:
		s, variable, pairs := "", "", 0
		for _, it := range c.Items {
			if it.Name == "VAR" {
				variable = string(it.Value)
			} else if it.Name == "VAL" {
				pairs++
				s += fmt.Sprintf(" %q=%q", variable, it.Value)
			}
		}
		return fmt.Sprintf("MSSP [%d] ==>%s", pairs, s)
	}
	var s strings.Builder
	s.WriteString(fmt.Sprintf("%s [%d parts] ==> %s", c.Option, len(c.Items)-1, c.Items[0].Name))
	for _, it := range c.Items[1:] {
		s.WriteString(fmt.Sprintf(" %s %q", it.Name, it.Value))
	}
	return s.String()
}

// TestCommandsAgree compares all commands of the captures with what tshark reads.
func TestCommandsAgree(t *testing.T) {
	type row struct {
		Repo, Path string
		Rows       []map[string]any
	}
	captures := prototest.Captures(t)
	all, differ := 0, 0
	t.Log("telnet: each command that only one of the two gives")
	for _, d := range prototest.Rows[row](t, "tshark_telnet.jsonl") {
		for _, c := range captures {
			if c.Path != d.Path || c.Repo != d.Repo {
				continue
			}
			want, whole := dissected(d.Rows, c.Stream)
			if !whole {
				t.Logf("  %s: the list of tshark's commands is cut off, none is compared", c)
				continue
			}
			got := map[wire.Dir][]string{}
			for _, m := range feed(proto.Limits{}, c.Events) {
				if v, ok := m.Value.(*Command); ok {
					got[m.Dir] = append(got[m.Dir], v.String())
				}
			}
			for _, dir := range []wire.Dir{wire.ClientToServer, wire.ServerToClient} {
				ours, theirs := onlyIn(got[dir], want[dir])
				all += max(len(got[dir]), len(want[dir]))
				differ += max(len(ours), len(theirs))
				if len(ours)+len(theirs) > 0 {
					t.Logf("  %s, %s: here %q, tshark %q", c, dir, ours, theirs)
				}
			}
		}
	}
	t.Logf("telnet: %d commands, %d differ", all, differ)
	if all == 0 || differ*100 > 3*all {
		t.Errorf("%d of %d commands differ from tshark's, want at most 3 %%", differ, all)
	}
}

// dissected returns the commands of a connection as tshark gives them, and whether
// its lists are whole.
func dissected(rows []map[string]any, stream string) (commands map[wire.Dir][]string, whole bool) {
	commands = map[wire.Dir][]string{}
	for _, r := range rows {
		if fmt.Sprint(r["tcp.stream"]) != stream {
			continue
		}
		dir := wire.ClientToServer
		if r["tcp.srcport"] == "23" {
			dir = wire.ServerToClient
		}
		options, ok := numbers(r["telnet.subcmd"])
		codes, ok2 := numbers(r["telnet.cmd"])
		if !ok || !ok2 {
			return nil, false
		}
		for _, n := range codes {
			c := Command{Code: Code(n)}
			if (c.Code.takesOption() || c.Code == SB) && len(options) > 0 {
				c.Option, options = Option(options[0]), options[1:]
			}
			if c.Code == SB && (c.Option == TTYPE || c.Option == XDISPLOC) && len(options) > 0 {
				options = options[1:] // IS or SEND has the same field
			}
			if c.Code != SE { // which ends a subnegotiation
				commands[dir] = append(commands[dir], c.String())
			}
		}
	}
	return commands, true
}

// numbers returns a field of a packet, one number or a list of them.
func numbers(v any) (out []byte, ok bool) {
	list, isList := v.([]any)
	if !isList && v != nil {
		list = []any{v}
	}
	for _, s := range list {
		n, err := strconv.ParseUint(fmt.Sprint(s), 10, 8)
		if err != nil {
			return nil, false
		}
		out = append(out, byte(n))
	}
	return out, true
}

// onlyIn returns what of a and b is in no longest common subsequence of both.
func onlyIn(a, b []string) (onlyA, onlyB []string) {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = 1 + length[i+1][j+1]
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	for len(a) > 0 || len(b) > 0 {
		i, j := len(length)-1-len(a), len(length[0])-1-len(b)
		switch {
		case len(a) > 0 && len(b) > 0 && a[0] == b[0]:
			a, b = a[1:], b[1:]
		case len(b) == 0 || len(a) > 0 && length[i+1][j] >= length[i][j+1]:
			onlyA, a = append(onlyA, a[0]), a[1:]
		default:
			onlyB, b = append(onlyB, b[0]), b[1:]
		}
	}
	return onlyA, onlyB
}

func FuzzLaws(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Line: 16, Head: 32, Body: 8}) }, seeds...)
}
