package websocket

import (
	"bytes"
	"compress/flate"
	"fmt"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// A behaviour is what one endpoint sends in a case of the public list, and what is
// to be read of it.
type behaviour struct {
	sent   []byte // by the client
	agreed *Handshake
	piece  int    // octets to a read; 0 for all at once
	bodies []int  // sizes of the data messages, in order
	note   string // of which one has to stand on a frame; "" for no note at all
}

// one is a behaviour of frames without fault.
func one(sent string, bodies ...int) behaviour {
	return behaviour{sent: []byte(sent), agreed: plain, bodies: bodies}
}

// odd is one with a fault.
func odd(note, sent string, bodies ...int) behaviour {
	return behaviour{sent: []byte(sent), agreed: plain, bodies: bodies, note: note}
}

func (b behaviour) in(piece int) behaviour { b.piece = piece; return b }

// fragments cuts a message of so many octets into frames of size.
func fragments(o Opcode, total, size int) string {
	var b bytes.Buffer
	payload := strings.Repeat("*", total)
	for at := 0; at < total; at += size {
		end := min(at+size, total)
		what := []string{"!fin"}
		if end == total {
			what = nil
		}
		b.WriteString(client(o, payload[at:end], what...))
		o = Continuation
	}
	return b.String()
}

// behaviours has a row for each case of the public list, by its number; a row that
// ends in a dot is for all whose numbers begin with it.
func behaviours() map[string]behaviour {
	rows := map[string]behaviour{
		"2.1": one(client(Ping, "")), "2.2": one(client(Ping, "Hello, world!")), "2.3": one(client(Ping, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff")),
		"2.4": one(client(Ping, strings.Repeat("\xfe", 125))), "2.5": odd("a control frame has 126 octets", client(Ping, strings.Repeat("\xfe", 126))),
		"2.6": one(client(Ping, strings.Repeat("\xfe", 125))).in(1), "2.7": one(client(Pong, "")), "2.8": one(client(Pong, "unsolicited")),
		"2.9": one(client(Pong, "unsolicited") + client(Ping, "p")), "2.10": one(strings.Repeat(client(Ping, "payload"), 10)), "2.11": one(strings.Repeat(client(Ping, "payload"), 10)).in(1),

		"3.1": odd("RSV3 is set", client(Text, "Hello", "rsv3"), 5), "3.2": odd("RSV2 is set", client(Text, "Hello")+client(Text, "Hello", "rsv2")+client(Ping, ""), 5, 5),
		"3.3": odd("RSV3 is set", client(Text, "Hello")+client(Text, "Hello", "rsv2", "rsv3")+client(Ping, ""), 5, 5).in(1),
		"3.4": odd("RSV1 is set", client(Text, "Hello")+client(Text, "Hello", "rsv1")+client(Ping, ""), 5, 5).in(1),
		"3.5": odd("RSV1 is set", client(Binary, "Hello", "rsv1", "rsv3"), 5), "3.6": odd("RSV2 is set", client(Ping, "", "rsv1", "rsv2")), "3.7": odd("RSV3 is set", client(Close, "", "rsv1", "rsv2", "rsv3")),

		"5.1": odd("a control frame is fragmented", client(Ping, "frag", "!fin")+client(Continuation, "ment")), "5.2": odd("a control frame is fragmented", client(Pong, "frag", "!fin")+client(Continuation, "ment")),
		"5.3": one(fragments(Text, 20, 10), 20), "5.4": one(fragments(Text, 20, 10), 20).in(16), "5.5": one(fragments(Text, 20, 10), 20).in(1),
		"5.15": odd("a continuation of no message", fragments(Text, 20, 10)+client(Continuation, "f3", "!fin")+client(Text, "f4"), 20, 2),
		"5.18": odd("a new message within a fragmented one", client(Text, "f1", "!fin")+client(Text, "f2"), 2, 2),
	}
	for i, n := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
		piece := 0
		if i == 7 {
			piece = 997
		}
		rows[fmt.Sprintf("1.1.%d", i+1)] = one(client(Text, strings.Repeat("*", n)), n).in(piece)
		rows[fmt.Sprintf("1.2.%d", i+1)] = one(client(Binary, strings.Repeat("\xfe", n)), n).in(piece)
	}
	for i := range 5 {
		for control, o := range []Opcode{3, 11} {
			payload := strings.Repeat("reserved", i%2)
			b := odd("is reserved", client(o+Opcode(i), payload))
			if i >= 2 {
				b = odd("is reserved", client(Text, "Hello")+client(o+Opcode(i), payload)+client(Ping, ""), 5)
			}
			rows[fmt.Sprintf("4.%d.%d", control+1, i+1)] = b
		}
	}
	for i, piece := range []int{0, 16, 1} {
		rows[fmt.Sprintf("5.%d", 6+i)] = one(client(Text, "fragment1", "!fin")+client(Ping, "ping")+client(Continuation, "fragment2"), 18).in(piece)
		rows[fmt.Sprintf("5.%d", 9+i)] = odd("a continuation of no message", client(Continuation, "non-continuation")+client(Text, "Hello"), 5).in(piece)
		rows[fmt.Sprintf("5.%d", 12+i)] = odd("a continuation of no message", client(Continuation, "non-continuation", "!fin")+client(Text, "Hello"), 5).in(piece)
	}
	for i, what := range [][]string{{"!fin"}, nil} {
		rows[fmt.Sprintf("5.%d", 16+i)] = odd("a continuation of no message", strings.Repeat(client(Continuation, "f1", what...)+fragments(Text, 4, 2), 2), 4, 4)
		rows[fmt.Sprintf("5.%d", 19+i)] = one(client(Text, "f1", "!fin")+client(Continuation, "f2", "!fin")+client(Ping, "1")+
			client(Continuation, "f3", "!fin")+client(Continuation, "f4", "!fin")+client(Ping, "2")+client(Continuation, "f5"), 10).in(i)
	}
	for i, n := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20} {
		rows[fmt.Sprintf("9.1.%d", i+1)] = one(client(Text, strings.Repeat("*", n)), n).in(64 << 10)
		rows[fmt.Sprintf("9.2.%d", i+1)] = one(client(Binary, strings.Repeat("\xfe", n)), n).in(64 << 10)
		rows[fmt.Sprintf("9.5.%d", i+1)] = one(client(Text, strings.Repeat("*", 1<<20)), 1<<20).in(64 << i)
		rows[fmt.Sprintf("9.6.%d", i+1)] = one(client(Binary, strings.Repeat("\xfe", 1<<20)), 1<<20).in(64 << i)
	}
	for i := range 9 {
		size := 64 << (2 * i)
		rows[fmt.Sprintf("9.3.%d", i+1)] = one(fragments(Text, 4<<20, size), 4<<20).in(64 << 10)
		rows[fmt.Sprintf("9.4.%d", i+1)] = one(fragments(Binary, 4<<20, size), 4<<20).in(64 << 10)
	}
	rows["9.7.X"] = one(strings.Repeat(client(Text, strings.Repeat("*", 16)), 3), 16, 16, 16)
	rows["9.9.1"] = one(strings.TrimSuffix(fragments(Text, 40<<10, 4<<10), client(Continuation, strings.Repeat("*", 4<<10)))+client(Continuation, "", "!fin"), 36<<10)
	rows["10.1.1"] = one(fragments(Text, 65536, 1300), 65536)
	text := strings.Repeat("compressible ", 2000)
	z := string(deflated(discard{}, flate.DefaultCompression, nil, []byte(text)))
	fresh := &Handshake{Extensions: []string{deflateName}, Deflate: &Deflate{ServerNoTakeover: true, ClientNoTakeover: true, ServerBits: 15, ClientBits: 15}}
	rows["12.x.x"] = behaviour{agreed: fresh, bodies: []int{len(text), len(text), len(text)},
		sent: []byte(client(Text, z, "rsv1") + client(Text, z[:20], "rsv1", "!fin") + client(Continuation, z[20:]) + client(Text, text))}
	return rows
}

// TestBehavioursOfThePublicList exercises each case of the public list as its
// receiver: it reads what is sent, and notes what an endpoint had to fail for.
func TestBehavioursOfThePublicList(t *testing.T) {
	rows := behaviours()
	marks, right := map[string]string{}, 0
	cases := prototest.Rows[struct{ Case, Description string }](t, "autobahn_cases.jsonl")
	for _, c := range cases {
		b, ok := rows[c.Case]
		if !ok {
			t.Errorf("case %s has no row: %s", c.Case, c.Description)
			continue
		}
		delete(rows, c.Case)
		group := c.Case[:strings.IndexByte(c.Case, '.')]
		if why := b.check(); why != "" {
			t.Errorf("case %s: %s\n%s", c.Case, why, c.Description)
			marks[group] += "x"
			continue
		}
		marks[group] += "."
		right++
	}
	for name := range rows {
		t.Errorf("row %s is of no case", name)
	}
	t.Logf("%d of %d cases are read as they should be: %v", right, len(cases), marks)
}

// check says what of a behaviour is not read as it should be.
func (b behaviour) check() string {
	p := New(proto.Limits{}, b.agreed)
	var bodies []int
	var notes []string
	take := func(msgs []proto.Message) {
		for _, m := range msgs {
			for _, n := range m.Notes {
				notes = append(notes, n.Text+" ("+n.Rule+")")
			}
			f, ok := m.Value.(*Frame)
			if m.Derived || ok && !f.Joined && (f.Opcode == Text || f.Opcode == Binary) {
				bodies = append(bodies, int(m.Body.Size))
			}
		}
	}
	piece := b.piece
	if piece == 0 {
		piece = len(b.sent)
	}
	for at := 0; at < len(b.sent); at += piece {
		take(p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: b.sent[at:min(at+piece, len(b.sent))]}))
	}
	take(p.Close())
	all := strings.Join(notes, "; ")
	switch {
	case fmt.Sprint(bodies) != fmt.Sprint(b.bodies):
		return fmt.Sprintf("messages of %v octets, want %v", bodies, b.bodies)
	case b.note == "" && all != "":
		return "notes without a cause: " + all
	case !strings.Contains(all, b.note) || b.note != "" && !strings.Contains(all, "(RFC 6455 5."):
		return fmt.Sprintf("notes %q, want %q with its section", all, b.note)
	}
	return ""
}
