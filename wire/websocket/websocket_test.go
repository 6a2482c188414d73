package websocket

import (
	"compress/flate"
	"fmt"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

var key = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// server writes a frame as a server sends it, client as a client does. What says
// "!fin", "rsv1", "masked", "bare" (not masked), "16", "64" (bits of the length).
func server(o Opcode, payload string, what ...string) string { return frame(false, o, payload, what) }
func client(o Opcode, payload string, what ...string) string { return frame(true, o, payload, what) }

func frame(masked bool, o Opcode, payload string, what []string) string {
	f := Frame{Fin: true, Opcode: o, Masked: masked, Key: key, Length: int64(len(payload))}
	for _, w := range what {
		switch w {
		case "!fin":
			f.Fin = false
		case "rsv1":
			f.RSV |= 4
		case "rsv2":
			f.RSV |= 2
		case "rsv3":
			f.RSV |= 1
		case "masked":
			f.Masked = true
		case "bare":
			f.Masked = false
		case "16":
			f.Bits = 16
		case "64":
			f.Bits = 64
		default:
			panic(w)
		}
	}
	return string(AppendFrame(nil, f, []byte(payload)))
}

// describe gives a Message as "c text, 5 octets, FIN "hello"; notes", with c or s
// for who sent it and "(cut)" for one that is not complete.
func describe(m proto.Message) string {
	var s strings.Builder
	s.WriteString(m.Dir.String()[:1] + " ")
	switch v := m.Value.(type) {
	case *Frame:
		s.WriteString(strings.Replace(v.String(), ", mask 37fa213d", "", 1))
		switch {
		case v.Code != 0:
			fmt.Fprintf(&s, " %s %q", v.Code, v.Reason)
		case m.Body.Size > 0:
			fmt.Fprintf(&s, " %.20q", m.Body.Data)
		}
	case *Message:
		fmt.Fprintf(&s, "message %s, %d of %d octets, compressed %t %.20q", v.Opcode, m.Body.Size, v.Wire, v.Compressed, m.Body.Data)
	default:
		fmt.Fprintf(&s, "%s %.40q", m.Kind, m.Body.Data)
	}
	if !m.Complete {
		s.WriteString(" (cut)")
	}
	for _, n := range m.Notes {
		fmt.Fprintf(&s, "; %d %s", n.Offset, n.Text)
	}
	return s.String()
}

// plain has no extension, deflating permessage-deflate with its defaults.
var (
	plain     = &Handshake{}
	deflating = &Handshake{Extensions: []string{deflateName}, Deflate: &Deflate{ServerBits: 15, ClientBits: 15}}
	alone     = &Handshake{Extensions: []string{deflateName}, Deflate: &Deflate{ServerNoTakeover: true, ClientNoTakeover: true, ServerBits: 15, ClientBits: 9}}
	unknown   = &Handshake{Extensions: []string{"x-other"}}
)

const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00" // "Hello", compressed (RFC 7692, section 7.2.3.1)

var conversations = []struct {
	name   string
	agreed *Handshake
	talk   []string
	want   []string
}{
	{"messages of one frame", plain,
		[]string{"> " + client(Text, "hello"), "< " + server(Text, "hi") + server(Binary, "\x00\xff")},
		[]string{`c text, 5 octets, FIN "hello"`, `s text, 2 octets, FIN "hi"`, `s binary, 2 octets, FIN "\x00\xff"`}},
	{"lengths of each width", plain,
		[]string{"< " + server(Text, strings.Repeat("x", 125)) + server(Text, strings.Repeat("y", 126)) + server(Text, strings.Repeat("z", 65536))},
		[]string{`s text, 125 octets, FIN "xxxxxxxxxxxxxxxxxxxx"`, `s text, 126 octets, FIN "yyyyyyyyyyyyyyyyyyyy"`, `s text, 65536 octets, FIN "zzzzzzzzzzzzzzzzzzzz"`}},
	{"fragments with a Ping between", plain,
		[]string{"> " + client(Text, "Hel", "!fin") + client(Ping, "p") + client(Continuation, "lo"), "< " + server(Pong, "p")},
		[]string{`c text, 3 octets "Hel"`, `c ping, 1 octet, FIN "p"`, `c continuation, 2 octets, FIN "lo"`, `c message text, 5 of 5 octets, compressed false "Hello"`, `s pong, 1 octet, FIN "p"`}},
	{"compressed, and referring back", deflating,
		[]string{"< " + server(Text, hello, "rsv1") + server(Text, "\xf2\x00\x11\x00\x00", "rsv1") + server(Text, "plain")},
		[]string{`s text, 7 octets, FIN, RSV1 "\xf2H\xcd\xc9\xc9\a\x00"`, `s message text, 5 of 7 octets, compressed true "Hello"`,
			`s text, 5 octets, FIN, RSV1 "\xf2\x00\x11\x00\x00"`, `s message text, 5 of 5 octets, compressed true "Hello"`, `s text, 5 octets, FIN "plain"`}},
	{"compressed in fragments, by a client", deflating,
		[]string{"> " + client(Text, hello[:3], "rsv1", "!fin") + client(Ping, "") + client(Continuation, hello[3:])},
		[]string{`c text, 3 octets, RSV1 "\xf2H\xcd"`, `c ping, 0 octets, FIN`, `c continuation, 4 octets, FIN "\xc9\xc9\a\x00"`, `c message text, 5 of 7 octets, compressed true "Hello"`}},
	{"no context taken over", alone,
		[]string{"< " + server(Text, hello, "rsv1") + server(Text, "\xf2\x00\x11\x00\x00", "rsv1") + server(Text, hello, "rsv1")},
		[]string{`s text, 7 octets, FIN, RSV1 "\xf2H\xcd\xc9\xc9\a\x00"`, `s message text, 5 of 7 octets, compressed true "Hello"`,
			`s text, 5 octets, FIN, RSV1 "\xf2\x00\x11\x00\x00"`, `s message text, 1 of 5 octets, compressed true "H" (cut); 9 the compressed data is damaged`,
			`s text, 7 octets, FIN, RSV1 "\xf2H\xcd\xc9\xc9\a\x00"`, `s message text, 5 of 7 octets, compressed true "Hello"`}},
	{"damage is carried on", deflating,
		[]string{"< " + server(Text, "\x07", "rsv1") + server(Text, hello, "rsv1")},
		[]string{`s text, 1 octet, FIN, RSV1 "\a"`, `s message text, 0 of 1 octets, compressed true "" (cut); 0 the compressed data is damaged`,
			`s text, 7 octets, FIN, RSV1 "\xf2H\xcd\xc9\xc9\a\x00"`, `s message text, 0 of 7 octets, compressed true "" (cut); 3 not inflated: it refers to an earlier message that could not be read`}},
	{"the handshake was not seen", nil,
		[]string{"< " + server(Text, hello, "rsv1")},
		[]string{`s text, 7 octets, FIN, RSV1 "\xf2H\xcd\xc9\xc9\a\x00"`, `s message text, 5 of 7 octets, compressed true "Hello"`}},
	{"a distance beyond the agreed window", alone,
		[]string{"> " + client(Binary, string(deflated(discard{}, flate.BestCompression, nil, []byte(strings.Repeat("a", 40)+unlike(600)+strings.Repeat("a", 30)+unlike(600)))), "rsv1")},
		nil},
	{"closing", plain,
		[]string{"> " + client(Close, "\x03\xe8bye"), "< " + server(Close, "\x03\xe9") + server(Text, "x"), "> " + client(Ping, "")},
		[]string{`c close, 5 octets, FIN 1000 Normal Closure "bye"`, `s close, 2 octets, FIN 1001 Going Away ""`, `s text, 1 octet, FIN "x"; 4 a data frame behind a Close frame`, `c ping, 0 octets, FIN`}},
	{"close frames that are wrong", plain,
		[]string{"< " + server(Close, "") + server(Close, "x") + server(Close, "\x03\xed") + server(Close, "\x03\xe7") + server(Close, "\x07\xd0") + server(Close, "\x13\x88") + server(Close, "\x03\xe8\xff") + server(Close, "\x0f\xa0mine")},
		[]string{`s close, 0 octets, FIN`, `s close, 1 octet, FIN "x"; 4 a Close frame of one octet: a code has two`, `s close, 2 octets, FIN 1005 No Status Rcvd ""; 7 close code 1005 is never sent`,
			`s close, 2 octets, FIN 999 not used ""; 11 close code 999 is out of range`, `s close, 2 octets, FIN 2000 unassigned ""; 15 close code 2000 is not assigned`, `s close, 2 octets, FIN 5000 out of range ""; 19 close code 5000 is out of range`,
			`s close, 3 octets, FIN 1000 Normal Closure "\xff"; 25 the reason is not UTF-8`, `s close, 6 octets, FIN 4000 private use "mine"`}},
	{"masked the wrong way round", plain,
		[]string{"> " + client(Text, "a", "bare"), "< " + server(Text, "b", "masked")},
		[]string{`c text, 1 octet, FIN "a"; 1 a client's frame is not masked`, `s text, 1 octet, FIN "b"; 1 a server's frame is masked`}},
	{"lengths that are too long", plain,
		[]string{"< " + server(Text, "a", "16") + server(Text, "b", "64") + server(Text, strings.Repeat("c", 126), "64")},
		[]string{`s text, 1 octet, FIN "a"; 1 the length 1 stands in 16 bits, 7 are enough`, `s text, 1 octet, FIN "b"; 6 the length 1 stands in 64 bits, 7 are enough`,
			`s text, 126 octets, FIN "cccccccccccccccccccc"; 17 the length 126 stands in 64 bits, 16 are enough`}},
	{"the highest bit of a length", plain,
		[]string{"< \x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffabc", "= eof server"},
		[]string{`s text, 9223372036854775807 octets, FIN "abc" (cut); 2 the length has its highest bit set`}},
	{"reserved bits", plain,
		[]string{"< " + server(Text, "a", "rsv1") + server(Text, "b", "rsv2", "rsv3")},
		[]string{`s text, 1 octet, FIN, RSV1 "a"; 0 RSV1 is set, and no extension was agreed on`, `s text, 1 octet, FIN, RSV2, RSV3 "b"; 3 RSV2 is set; 3 RSV3 is set`}},
	{"reserved bits with permessage-deflate", deflating,
		[]string{"< " + server(Ping, "", "rsv1") + server(Text, "a", "!fin") + server(Continuation, "b", "rsv1")},
		[]string{`s ping, 0 octets, FIN, RSV1; 0 RSV1 is set on a ping frame`, `s text, 1 octet "a"`, `s continuation, 1 octet, FIN, RSV1 "b"; 5 RSV1 is set on a continuation frame`, `s message text, 2 of 2 octets, compressed false "ab"`}},
	{"reserved bits with an extension that is not known", unknown, []string{"< " + server(Text, "a", "rsv1", "rsv2")}, []string{`s text, 1 octet, FIN, RSV1, RSV2 "a"`}},
	{"reserved opcodes", plain,
		[]string{"< " + server(3, "a") + server(0xb, "") + server(Text, "x", "!fin") + server(7, "q", "!fin") + server(Continuation, "y")},
		[]string{`s opcode-0x3, 1 octet, FIN "a"; 0 the opcode 0x3 is reserved`, `s opcode-0xb, 0 octets, FIN; 3 the opcode 0xb is reserved`, `s text, 1 octet "x"`, `s opcode-0x7, 1 octet "q"; 8 the opcode 0x7 is reserved`,
			`s continuation, 1 octet, FIN "y"`, `s message text, 2 of 2 octets, compressed false "xy"`}},
	{"control frames too long and fragmented", plain,
		[]string{"< " + server(Ping, strings.Repeat("p", 126)) + server(Pong, "a", "!fin")},
		[]string{`s ping, 126 octets, FIN "pppppppppppppppppppp"; 1 a control frame has 126 octets, more than 125`, `s pong, 1 octet "a"; 130 a control frame is fragmented`}},
	{"a continuation of nothing", plain, []string{"< " + server(Continuation, "a") + server(Text, "b")},
		[]string{`s continuation, 1 octet, FIN "a"; 0 a continuation of no message`, `s text, 1 octet, FIN "b"`}},
	{"a message within a message", plain, []string{"< " + server(Text, "a", "!fin") + server(Binary, "b") + server(Continuation, "c")},
		[]string{`s text, 1 octet "a"`, `s message text, 1 of 1 octets, compressed false "a" (cut)`, `s binary, 1 octet, FIN "b"; 3 a new message within a fragmented one: binary, not continuation`, `s continuation, 1 octet, FIN "c"; 6 a continuation of no message`}},
	{"text that is not UTF-8", plain,
		[]string{"> " + client(Text, "caf\xe9 x") + client(Text, "\xce\xba\xe1", "!fin") + client(Continuation, "\xbd") + client(Binary, "\xff")},
		[]string{`c text, 6 octets, FIN "caf\xe9 x"; 10 the text is not UTF-8`, `c text, 3 octets "κ\xe1"`, `c continuation, 1 octet, FIN "\xbd"; 28 the text ends within a character`,
			`c message text, 4 of 4 octets, compressed false "κ\xe1\xbd"`, `c binary, 1 octet, FIN "\xff"`}},
	{"compressed text that is not UTF-8", deflating,
		[]string{"< " + server(Text, string(deflated(discard{}, 9, nil, []byte("\xff"))), "rsv1") + server(Text, string(deflated(discard{}, 9, nil, []byte("\xc3"))), "rsv1")},
		[]string{`s text, 3 octets, FIN, RSV1 "\xfa\x0f\x00"`, `s message text, 1 of 3 octets, compressed true "\xff"; 0 the text is not UTF-8`,
			`s text, 3 octets, FIN, RSV1 ":\f\x00"`, `s message text, 1 of 3 octets, compressed true "\xc3"; 5 the text ends within a character`}},
	{"cut in a frame, in a header and in a message", plain,
		[]string{"> " + client(Text, "hello")[:8], "< " + server(Text, "a", "!fin") + "\x80", "= eof server", "= eof client"},
		[]string{`s text, 1 octet "a"`, `s raw "\x80"; 3 the beginning of a frame that is not complete`, `s message text, 1 of 1 octets, compressed false "a" (cut)`, `c text, 5 octets, FIN "he" (cut)`}},
	{"octets missing from a payload", plain,
		[]string{"> " + client(Text, "0123456789")[:8], "= gap client 3", "> " + client(Text, "0123456789")[11:] + client(Text, "on")},
		[]string{`c text, 10 octets, FIN "01" (cut)`, `c text, 2 octets, FIN "on"`}},
	{"octets missing from a compressed message", deflating,
		[]string{"< " + server(Text, hello, "rsv1")[:4], "= gap server 2", "< " + server(Text, hello, "rsv1")[6:] + server(Text, hello, "rsv1")},
		[]string{`s text, 7 octets, FIN, RSV1 "\xf2H" (cut)`, `s message text, 1 of 5 octets, compressed true "H" (cut)`, `s text, 7 octets, FIN, RSV1 "\xf2H\xcd\xc9\xc9\a\x00"`,
			`s message text, 0 of 7 octets, compressed true "" (cut); 9 not inflated: it refers to an earlier message that could not be read`}},
	{"octets missing between frames", plain,
		[]string{"< " + server(Text, "a"), "= gap server 5", "< " + server(Text, "b"), "= close"},
		[]string{`s text, 1 octet, FIN "a"`, `s gap ""`, `s raw "\x81\x01b"`}},
	{"octets missing before all", plain,
		[]string{"= gap server 5", "< " + server(Text, "b")}, []string{`s gap ""`, `s text, 1 octet, FIN "b"`}},
}

// discard is a testing.TB for what is made before any test runs.
type discard struct{ testing.TB }

func (discard) Helper() {}

// unlike returns octets that do not compress.
func unlike(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			events := prototest.Talk(c.talk...)
			prototest.Check(t, func() proto.Parser { return New(proto.Limits{}, c.agreed) }, events)
			p := New(proto.Limits{}, c.agreed)
			var got []string
			take := func(msgs []proto.Message) {
				for _, m := range msgs {
					got = append(got, describe(m))
				}
			}
			for _, e := range events {
				take(p.Feed(e))
			}
			take(p.Close())
			if c.want == nil {
				last := got[len(got)-1]
				if !strings.Contains(last, "a distance is longer than the window of 512 octets") {
					t.Errorf("got %s", last)
				}
				return
			}
			if g, w := strings.Join(got, "\n"), strings.Join(c.want, "\n"); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

func TestLawsHoldUnderSmallLimits(t *testing.T) {
	for _, c := range conversations {
		prototest.Check(t, func() proto.Parser { return New(proto.Limits{Head: 10, Body: 3}, c.agreed) }, prototest.Talk(c.talk...))
	}
}

func TestState(t *testing.T) {
	p := New(proto.Limits{}, plain)
	for i, step := range []struct {
		talk         string
		due, settled int
		framed       bool
		ended        string
		partial      bool
	}{
		{"> " + client(Text, "a"), 0, 0, false, "", false},
		{"< " + server(Ping, ""), 0, 0, false, "", false},
		{"< " + server(Text, "b", "!fin"), 0, 0, false, "", true},
		{"< " + server(Continuation, "c")[:1], 0, 0, false, "", true},
		{"< " + server(Continuation, "c")[1:], 0, 1, true, "FIN", false},
		{"< " + server(Text, "news"), 0, 1, true, "FIN", false},
		{"> " + client(Ping, "1") + client(Ping, "2") + client(Ping, "3"), 3, 1, true, "FIN", false},
		{"< " + server(Pong, "2"), 1, 3, true, "Pong", false},
		{"< " + server(Pong, "unasked"), 1, 3, true, "Pong", false},
		{"> " + client(Text, "a") + client(Text, "b"), 1, 3, false, "Pong", false},
		{"< " + server(Text, "A"), 1, 4, false, "FIN", false},
		{"> " + client(Close, ""), 2, 4, false, "FIN", false},
		{"< " + server(Close, ""), 0, 6, true, "Close", false},
		{"> " + client(Ping, "late"), 0, 6, true, "Close", false},
	} {
		p.Feed(prototest.Talk(step.talk)[0])
		s := p.State()
		if s.Due != step.due || s.Settled != step.settled || s.Framed != step.framed || s.EndedBy != step.ended || (s.Partial[1] != nil) != step.partial {
			t.Errorf("step %d: Due %d, Settled %d, Framed %t, EndedBy %q, Partial %v; want %+v", i, s.Due, s.Settled, s.Framed, s.EndedBy, s.Partial[1] != nil, step)
		}
	}
}

// A message and what answers it are one exchange; what nobody asked for is its own,
// and control frames are none.
func TestExchanges(t *testing.T) {
	client := func(o Opcode, fin bool, text string) string {
		return "> " + string(AppendFrame(nil, Frame{Fin: fin, Opcode: o, Masked: true, Length: int64(len(text))}, []byte(text)))
	}
	server := func(o Opcode, fin bool, text string) string {
		return "< " + string(AppendFrame(nil, Frame{Fin: fin, Opcode: o, Length: int64(len(text))}, []byte(text)))
	}
	p := New(proto.Limits{}, nil)
	var got []string
	for _, e := range prototest.Talk(
		server(Text, true, "hi"), client(Text, true, "a"), client(Text, false, "b"), client(Ping, true, ""), client(Continuation, true, "c"),
		server(Text, true, "A"), server(Pong, true, ""), server(Text, false, "B"), server(Continuation, true, "C"), server(Text, true, "more"), client(Close, true, ""),
	) {
		for _, m := range p.Feed(e) {
			got = append(got, fmt.Sprintf("%d%s", m.Exchange, m.Body.Data))
		}
	}
	want := "1hi 2a 3b 0 3c 3bc 2A 0 3B 3C 3BC 4more 0"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got %s, want %s", s, want)
	}
}

func TestStateCountsThePayloadInProgress(t *testing.T) {
	p := New(proto.Limits{}, plain)
	p.Feed(prototest.Talk("< " + server(Text, "hello")[:5])[0])
	if s := p.State(); s.Got != 3 || s.Want != 5 || s.Partial[1] == nil {
		t.Errorf("Got %d, Want %d, want 3, 5", s.Got, s.Want)
	}
}

func TestAnswer(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"Ping", server(Ping, "x"), client(Pong, "x")},
		{"Ping too long", server(Ping, strings.Repeat("x", 126)), ""},
		{"Pong", server(Pong, "x"), ""},
		{"Text", server(Text, "x"), ""},
		{"Close", server(Close, "\x03\xe8bye"), client(Close, "\x03\xe8")},
		{"Close without a code", server(Close, ""), client(Close, "")},
		{"Close with a code that is never sent", server(Close, "\x03\xee"), client(Close, "")},
	} {
		m := New(proto.Limits{}, plain).Feed(prototest.Talk("< " + c.got)[0])[0]
		if got := string(m.Value.(*Frame).Answer(m.Body.Data, true, key)); got != c.want {
			t.Errorf("%s: Answer = %q, want %q", c.name, got, c.want)
		}
	}
}

// An endless message costs what the limits say and no more.
func TestMemoryIsBounded(t *testing.T) {
	p := New(proto.Limits{Body: 1000}, deflating)
	frame := []byte(server(Continuation, strings.Repeat("x", 65000), "!fin"))
	p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte(server(Text, "", "!fin"))})
	for range 100 {
		p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: frame})
	}
	if m := p.State().Partial[1]; m == nil || m.Body.Size != 6_500_000 || cap(m.Body.Data) > 4096 {
		t.Errorf("after 6.5 MB: %d octets, %d held", m.Body.Size, cap(m.Body.Data))
	}
}

func FuzzLaws(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Head: 100, Body: 100}, deflating) }, seeds...)
}
