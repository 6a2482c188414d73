package telnet

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestNegotiatorAnswersAsTheQMethodDoes(t *testing.T) {
	n := Negotiator{
		Ours:   func(o Option) bool { return o == NAWS },
		Theirs: func(o Option) bool { return o == Echo || o == SGA },
	}
	ask := func(o Option, ours, enable bool) []byte { return n.Ask(o, ours, enable) }
	receive := func(c Code, o Option) []byte { b, _ := n.Receive(c, o); return b }
	for i, step := range []struct {
		got  []byte
		want string
	}{
		{receive(WILL, Echo), "\xff\xfd\x01"},
		{receive(WILL, Echo), ""}, // in force already
		{receive(WONT, Echo), "\xff\xfe\x01"},
		{receive(WONT, Echo), ""},
		{receive(WILL, Status), "\xff\xfe\x05"},
		{receive(WILL, Status), "\xff\xfe\x05"}, // refused again
		{receive(DO, NAWS), "\xff\xfb\x1f"},
		{receive(DO, TTYPE), "\xff\xfc\x18"},
		{receive(DONT, TTYPE), ""},

		{ask(Echo, false, true), "\xff\xfd\x01"},
		{ask(Echo, false, true), ""}, // asked for already
		{receive(WILL, Echo), ""},
		{ask(Echo, false, false), "\xff\xfe\x01"},
		{ask(Echo, false, true), ""}, // waits in the queue
		{receive(WONT, Echo), "\xff\xfd\x01"},
		{receive(WILL, Echo), ""},

		{ask(TTYPE, true, true), "\xff\xfb\x18"},
		{ask(TTYPE, true, false), ""}, // as soon as that is answered
		{receive(DO, TTYPE), "\xff\xfc\x18"},
		{receive(DONT, TTYPE), ""},
		{ask(Linemode, true, true), "\xff\xfb\x22"},
		{receive(DONT, Linemode), ""}, // refused

		{ask(NAWS, true, false), "\xff\xfc\x1f"},
		{receive(DO, NAWS), ""}, // no answer to WONT, and taken for one
	} {
		if string(step.got) != step.want {
			t.Errorf("step %d: %q, want %q", i, step.got, step.want)
		}
	}
	if !n.Uses(Echo) || n.UsesOurs(TTYPE) || n.UsesOurs(NAWS) {
		t.Errorf("ECHO of the peer %t, TTYPE %t, NAWS %t, want true, false, false", n.Uses(Echo), n.UsesOurs(TTYPE), n.UsesOurs(NAWS))
	}
}

// Two sides that ask each other whatever they like come to an end, and to the same
// view of what is in force.
func TestNegotiationEnds(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		agree := func(bits uint64) func(Option) bool { return func(o Option) bool { return bits>>o&1 == 1 } }
		sides := [2]Negotiator{
			{Ours: agree(rng.Uint64()), Theirs: agree(rng.Uint64())}, {Ours: agree(rng.Uint64()), Theirs: agree(rng.Uint64())},
		}
		var way [2]bytes.Buffer // to each side
		said := 0
		for step := 0; step < 20 || way[0].Len()+way[1].Len() > 0; step++ {
			if said > 1000 {
				t.Fatalf("seed %d: more than 1000 commands", seed)
			}
			i := rng.IntN(2)
			if step < 20 && rng.IntN(2) == 0 {
				way[1-i].Write(sides[i].Ask(Option(rng.IntN(3)), rng.IntN(2) == 0, rng.IntN(2) == 0))
			}
			if c := way[i].Next(3); len(c) == 3 {
				reply, _ := sides[i].Receive(Code(c[1]), Option(c[2]))
				way[1-i].Write(reply)
				said++
			}
		}
		for o := range Option(3) {
			if sides[0].UsesOurs(o) != sides[1].Uses(o) || sides[1].UsesOurs(o) != sides[0].Uses(o) {
				t.Fatalf("seed %d: the sides differ about %s", seed, o)
			}
		}
	}
}

func TestEscapedTextReadsBack(t *testing.T) {
	for _, c := range []struct {
		in     string
		binary bool
		want   string
	}{
		{"a\xffb\r\n", false, "a\xff\xffb\r\n"}, {"a\rb\r", false, "a\r\x00b\r\x00"}, {"a\rb\xff", true, "a\rb\xff\xff"}, {"\r\x00", false, "\r\x00"},
	} {
		if got := string(AppendEscaped(nil, []byte(c.in), c.binary)); got != c.want {
			t.Errorf("AppendEscaped(%q, %t) = %q, want %q", c.in, c.binary, got, c.want)
		}
	}
	if got, want := string(AppendSubnegotiation(nil, NAWS, []byte{0, 255, 0, 24})), "\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0"; got != want {
		t.Errorf("AppendSubnegotiation = %q, want %q", got, want)
	}
}
