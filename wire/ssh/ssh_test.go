package ssh

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// packet returns a packet with padding up to a multiple of 8.
func packet(payload string) string {
	pad := 8 - (len(payload)+5)%8
	if pad < 4 {
		pad += 8
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)+1+pad))
	return string(append(b, byte(pad))) + payload + strings.Repeat("p", pad)
}

func str(s string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s
}

// kexinit returns the payload of a KEXINIT whose first lists are given.
func kexinit(lists ...string) string {
	var s strings.Builder
	s.WriteString("\x14" + strings.Repeat("c", 16))
	for i := range 10 {
		if i < len(lists) {
			s.WriteString(str(lists[i]))
		} else {
			s.WriteString(str(""))
		}
	}
	return s.String() + "\x00\x00\x00\x00\x00"
}

func describe(m proto.Message) string {
	var s strings.Builder
	s.WriteString(map[wire.Dir]string{wire.ClientToServer: "> ", wire.ServerToClient: "< "}[m.Dir])
	switch v := m.Value.(type) {
	case *Ident:
		s.WriteString(fmt.Sprintf("ident %q %q %q", v.Version, v.Software, v.Comments))
	case Banner:
		s.WriteString(fmt.Sprintf("banner %q", m.Head))
	case *Packet:
		s.WriteString(v.Type.String())
		if v.Kex != nil {
			s.WriteString(fmt.Sprintf(" %q %t", v.Kex.Lists[:3], v.Kex.Follows))
		}
		if v.Agreed != nil {
			s.WriteString(fmt.Sprintf(" agreed %q", v.Agreed[:3]))
		}
		if v.Reason != 0 || v.Text != nil {
			s.WriteString(fmt.Sprintf(" %s %q", v.Reason, v.Text))
		}
	case Encrypted:
		s.WriteString(fmt.Sprintf("encrypted %q", m.Body.Data))
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
	{"up to encryption", []string{
		"< hello\r\nSSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "> SSH-2.0-x\r\n" + packet(kexinit("a,b", "k", "c1,c2")),
		"< " + packet(kexinit("b,c", "k", "c3")), "> " + packet("\x1eabc"), "< " + packet("\x1fdef") + packet("\x15") + "\x01\x02", "> " + packet("\x15"), "> \x03", "< \x04",
	}, []string{
		`< banner "hello\r\n"`, `< ident "2.0" "OpenSSH_9.2p1" "Debian-2"`, `> ident "2.0" "x" ""`, `> KEXINIT [["a" "b"] ["k"] ["c1" "c2"]] false`,
		`< KEXINIT [["b" "c"] ["k"] ["c3"]] false agreed [{"kex" "b"} {"host key" "k"} {"cipher to server" ""}]`,
		"> key exchange 30", "< key exchange 31", "< NEWKEYS", `< encrypted "\x01\x02"`, "> NEWKEYS", `> encrypted "\x03"`, `< encrypted "\x04"`,
	}},
	{"deviations of identifications", []string{"> hi\r\nSSH-2.0-\x00\n", "< SSH-1.99-" + strings.Repeat("x", 260) + "\r\n"},
		[]string{`> banner "hi\r\n"; 0 a client sends nothing before its identification`, `> ident "2.0" "\x00" ""; 12 NUL within a line; 13 line ends in bare LF`,
			`< ident "1.99" "` + strings.Repeat("x", 260) + `" ""; 0 identification of 271 octets, more than 255; 0 the server speaks SSH 1 too`}},
	{"SSH 1", []string{"< SSH-1.5-x\r\n\x00\x00\x01", "> SSH-1.5-y\r\nzz"}, []string{`< ident "1.5" "x" ""; 0 version 1.5, whose packets are not read here`,
		`< raw "\x00\x00\x01"`, `> ident "1.5" "y" ""; 0 version 1.5, whose packets are not read here`, `> raw "zz"`}},
	{"no packet", []string{"< SSH-2.0-x\r\nProtocol mismatch.\r\n"}, []string{`< ident "2.0" "x" ""`, `< raw "Protocol mismatch.\r\n"; 11 text where a packet should be`}},
	{"disconnected", []string{"< SSH-2.0-x\r\n" + packet("\x01\x00\x00\x00\x02"+str("bad\x1b[m")+str("")) + packet("\x04\x01"+str("d")+str("")) + packet("\x14") + "\x00\x00\x00\x0c\x04\x07x"},
		[]string{`< ident "2.0" "x" ""`, `< DISCONNECT PROTOCOL_ERROR "bad\x1b[m"`, `< DEBUG reason 0 "d"`, "< KEXINIT; 67 KEXINIT is cut off", `< raw "\x00\x00\x00\f\x04\ax"; 83 packet is not complete`}},
	{"lengths that nothing has", []string{"< SSH-2.0-x\r\n\x00\x00\x00\x03\x00\x07x\x7f\x00\x00\x00\x05"},
		[]string{`< ident "2.0" "x" ""`, "< EXT_INFO; 11 padding of 0 octets, less than 4; 11 packet of 7 octets, no multiple of 8", `< raw "\x7f\x00\x00\x00\x05"; 18 no packet has length 2130706432 and padding of 5`}},
	{"octets are missing", []string{"< SSH-2.0-x\r\n\x00\x00", "= gap server 5", "< " + packet("\x15")},
		[]string{`< ident "2.0" "x" ""`, `< raw "\x00\x00"; 11 packet is not complete`, `< gap ""`, fmt.Sprintf("< raw %q", packet("\x15"))}},
	{"the end within a line", []string{"< SSH-2.", "= eof server"}, []string{`< raw "SSH-2."; 0 line is not complete`}},
}

func TestConversations(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			events := prototest.Talk(c.talk...)
			prototest.Check(t, func() proto.Parser { return New(proto.Limits{}) }, events)
			p := New(proto.Limits{})
			var got []string
			for _, e := range events {
				for _, m := range p.Feed(e) {
					got = append(got, describe(m))
				}
			}
			for _, m := range p.Close() {
				got = append(got, describe(m))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestKEXINITIsTheReply(t *testing.T) {
	p := New(proto.Limits{})
	for i, step := range []struct {
		line         string
		due, settled int
		framed       bool
	}{
		{"< SSH-2.0-x\r\n", 0, 0, true},
		{"> SSH-2.0-y\r\n", 1, 0, true},
		{"< " + packet(kexinit("a")), 0, 1, true},
		{"< " + packet("\x15"), 0, 1, false},
	} {
		p.Feed(prototest.Talk(step.line)[0])
		if s := p.State(); s.Due != step.due || s.Settled != step.settled || s.Framed != step.framed {
			t.Errorf("step %d: Due %d, Settled %d, Framed %t, want %d, %d, %t", i, s.Due, s.Settled, s.Framed, step.due, step.settled, step.framed)
		}
	}
}

func FuzzLaws(f *testing.F) {
	var seeds [][]wire.Event
	for _, c := range conversations {
		seeds = append(seeds, prototest.Talk(c.talk...))
	}
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{Line: 40, Head: 64, Body: 10}) }, seeds...)
}
