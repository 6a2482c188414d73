package dns

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	oracle "github.com/miekg/dns"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

var udp = wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "udp", Target: "h:53"}}

// read returns what a parser makes of events, a line a Message, after it has
// checked the laws.
func read(t *testing.T, events []wire.Event) []string {
	t.Helper()
	datagrams := len(events) > 0 && events[0].Facts != nil
	prototest.Check(t, func() proto.Parser { return New(proto.Limits{}, datagrams) }, events)
	p := New(proto.Limits{}, datagrams)
	var got []string
	for _, e := range events {
		for _, m := range p.Feed(e) {
			got = append(got, describe(m))
		}
	}
	for _, m := range p.Close() {
		got = append(got, describe(m))
	}
	return got
}

func describe(m proto.Message) string {
	var s strings.Builder
	s.WriteString(fmt.Sprintf("%d %s", m.Exchange, m.Kind))
	if v, ok := m.Value.(*Message); ok {
		s.WriteString(fmt.Sprintf(" %d %s", v.ID, v.RCode))
		for _, q := range v.Question {
			s.WriteString(" ? " + q.String())
		}
		for _, records := range [][]Record{v.Answers, v.Authority, v.Additional} {
			for _, r := range records {
				s.WriteString(" | " + r.String())
			}
		}
		if v.EDNS != nil {
			s.WriteString(fmt.Sprintf(" edns %d", v.EDNS.Size))
		}
	} else {
		s.WriteString(fmt.Sprintf(" %q", m.Body.Data))
	}
	for _, n := range m.Notes {
		s.WriteString("; " + n.Text)
	}
	return s.String()
}

// ask returns a query, reply an answer with the records of a zone file.
func ask(t testing.TB, id uint16, name string, typ Type) string {
	b, err := Query{ID: id, Name: name, Type: typ, Flags: RD}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func reply(t testing.TB, id uint16, name string, typ Type, change func(*oracle.Msg), records ...string) string {
	m := new(oracle.Msg)
	m.SetQuestion(name, uint16(typ))
	m.Id, m.Response, m.Compress = id, true, true
	for _, r := range records {
		rr, err := oracle.NewRR(r)
		if err != nil {
			t.Fatal(err)
		}
		m.Answer = append(m.Answer, rr)
	}
	if change != nil {
		change(m)
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// framed puts the length before a message.
func framed(m string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(len(m)))) + m
}

func TestConversations(t *testing.T) {
	a := ask(t, 7, "a.test", TypeA)
	ok := reply(t, 7, "a.test.", TypeA, nil, "a.test. 5 IN CNAME b.test.", "b.test. 5 IN A 192.0.2.1")
	header := "\x00\x07\x81\x00\x00\x01\x00\x01\x00\x00\x00\x00"
	for _, c := range []struct {
		name string
		udp  bool
		talk []string
		want []string
	}{
		{"a query and its answer", true, []string{"> " + a, "< " + ok},
			[]string{"1 query 7 NOERROR ? a.test. IN A", "1 answer 7 NOERROR ? a.test. IN A | a.test. 5 IN CNAME b.test. | b.test. 5 IN A 192.0.2.1"}},
		{"over a stream, pipelined and out of order", false, []string{"> " + framed(a) + framed(ask(t, 8, "b.test", TypeMX)), "< " + framed(reply(t, 8, "b.test.", TypeMX, nil)) + framed(ok)},
			[]string{"1 query 7 NOERROR ? a.test. IN A", "2 query 8 NOERROR ? b.test. IN MX", "2 answer 8 NOERROR ? b.test. IN MX", "1 answer 7 NOERROR ? a.test. IN A | a.test. 5 IN CNAME b.test. | b.test. 5 IN A 192.0.2.1"}},
		{"a query that is sent again, and two answers", true, []string{"> " + a, "> " + a, "< " + ok, "< " + reply(t, 7, "A.test.", TypeA, nil)},
			[]string{"1 query 7 NOERROR ? a.test. IN A", "1 query 7 NOERROR ? a.test. IN A", "1 answer 7 NOERROR ? a.test. IN A | a.test. 5 IN CNAME b.test. | b.test. 5 IN A 192.0.2.1",
				"1 answer 7 NOERROR ? A.test. IN A; another answer to the same query"}},
		{"answers to something else", true, []string{"> " + a, "< " + reply(t, 7, "b.test.", TypeA, nil), "< " + reply(t, 9, "a.test.", TypeA, nil)},
			[]string{"1 query 7 NOERROR ? a.test. IN A", "0 answer 7 NOERROR ? b.test. IN A; the answer has the identifier of a query and another question", "0 answer 9 NOERROR ? a.test. IN A; answer to no query"}},
		{"a refusal without the question", true, []string{"> " + a, "< \x00\x07\x80\x01\x00\x00\x00\x00\x00\x00\x00\x00"},
			[]string{"1 query 7 NOERROR ? a.test. IN A", "1 answer 7 FORMERR"}},
		{"truncated", true, []string{"> " + a, "< " + reply(t, 7, "a.test.", TypeA, func(m *oracle.Msg) { m.Truncated = true })},
			[]string{"1 query 7 NOERROR ? a.test. IN A", "1 answer 7 NOERROR ? a.test. IN A; the answer is truncated: ask again over TCP"}},
		{"EDNS and its response code", true, []string{"< " + reply(t, 7, "a.test.", TypeA, func(m *oracle.Msg) { m.SetEdns0(1400, true); m.Rcode = 16 })},
			[]string{"0 answer 7 BADVERS ? a.test. IN A edns 1400; answer to no query"}},
		{"a zone in two messages", false, []string{"> " + framed(ask(t, 7, "z.", TypeAXFR)),
			"< " + framed(reply(t, 7, "z.", TypeAXFR, nil, "z. 1 IN SOA a. b. 1 2 3 4 5", "z. 1 IN NS a.")), "< " + framed(reply(t, 7, "z.", TypeAXFR, nil, "z. 1 IN SOA a. b. 1 2 3 4 5")), "< " + framed(reply(t, 7, "z.", TypeAXFR, nil))},
			[]string{"1 query 7 NOERROR ? z. IN AXFR", "1 answer 7 NOERROR ? z. IN AXFR | z. 1 IN SOA a. b. 1 2 3 4 5 | z. 1 IN NS a.", "1 answer 7 NOERROR ? z. IN AXFR | z. 1 IN SOA a. b. 1 2 3 4 5", "1 answer 7 NOERROR ? z. IN AXFR; another answer to the same query"}},
		{"datagrams that are no message", true, []string{"> hello", "< " + ok[:len(ok)-3], "< " + ok + "x"},
			[]string{`0 raw "hello"; a datagram of 5 octets: a header has 12`,
				"0 answer 7 NOERROR ? a.test. IN A | a.test. 5 IN CNAME b.test.; answer to no query; the message ends within its answer section: the header counts 1, 2, 0, 0; data of 4 octets goes over the end of the message",
				"0 answer 7 NOERROR ? a.test. IN A | a.test. 5 IN CNAME b.test. | b.test. 5 IN A 192.0.2.1; answer to no query; 1 octets behind the last record"}},
		{"a loop of compression pointers", true, []string{"< " + header + "\xc0\x0e\xc0\x0c\x00\x01\x00\x01"},
			[]string{"0 answer 7 NOERROR ? …  ; answer to no query"}},
		{"a pointer to itself", true, []string{"< " + header + "\x01a\xc0\x0e\x00\x01\x00\x01"}, nil},
		{"data that does not fit its type", true, []string{"< " + header + "\x00\x00\x01\x00\x01" + "\x00\x00\x01\x00\x01\x00\x00\x00\x05\x00\x03abc"},
			[]string{`0 answer 7 NOERROR ? . IN A | . 5 IN A \# 3 616263; answer to no query; data of A does not fit the type`}},
		{"a stream that is no DNS", false, []string{"> \x00\x03abc", "< " + framed(ok)[:9], "= eof server"},
			[]string{`0 raw "\x00\x03abc"; a message of 3 octets: a header has 12`, `0 raw "\x008\x00\a\x81\x00\x00\x01\x00"; message is not complete`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			events := prototest.Talk(c.talk...)
			if c.udp {
				events = append([]wire.Event{udp}, events...)
			}
			got := read(t, events)
			if c.want != nil && !slices.Equal(got, c.want) && !strings.Contains(c.name, "loop") {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
			if (strings.Contains(c.name, "loop") || strings.Contains(c.name, "itself")) && !strings.Contains(strings.Join(got, ""), "compression pointers of a name make a loop") {
				t.Errorf("no loop is noted: %q", got)
			}
		})
	}
}

// zone has a record of each type that is read, in the form in which it is given.
var zone = []string{
	`a. 300 IN A 192.0.2.1`, `a. 0 IN AAAA 2001:db8::1`, `a. 1 IN NS ns.b.`, `a. 1 IN CNAME b.`, `a. 1 IN SOA ns.b. me.b. 1 2 3 4 5`,
	`1.2.0.192.in-addr.arpa. 1 IN PTR b.`, `a. 1 IN HINFO "PC" "Linux"`, `a. 1 IN MX 10 mx.b.`, `a. 1 IN TXT "a b" "c\"d\\e" "\000\255"`,
	`a. 1 IN RP me.b. txt.b.`, `a. 1 IN AFSDB 1 b.`, `_s._tcp.a. 1 IN SRV 1 2 443 b.`, `a. 1 IN NAPTR 100 50 "s" "http+I2L" "" b.`,
	`a. 1 IN KX 1 b.`, `a. 1 IN DNAME b.`, `a. 1 IN DS 12345 8 2 AABBCCDD`, `a. 1 IN SSHFP 1 1 AABB`, `a. 1 IN RRSIG A 8 2 300 20240101000000 20230101000000 123 b. AQID`,
	`a. 1 IN NSEC b. A MX RRSIG NSEC TYPE1234`, `a. 1 IN DNSKEY 257 3 8 AQID`, `a. 1 IN NSEC3 1 0 10 AABB 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A RRSIG`,
	`a. 1 IN NSEC3PARAM 1 0 10 -`, `_443._tcp.a. 1 IN TLSA 3 1 1 AABB`, `a. 1 IN CDS 12345 8 2 AABB`, `a. 1 IN OPENPGPKEY AQID`, `a. 1 IN CSYNC 66 3 A NS`,
	`a. 1 IN ZONEMD 1 1 1 AABBCCDDEEFF001122334455`, `a. 1 IN SVCB 0 b.`, `a. 1 IN HTTPS 1 . alpn="h3,h2" port="8443" ipv4hint="192.0.2.1,192.0.2.2" ech="AQID" ipv6hint="2001:db8::1" key667="x"`,
	`a. 1 IN HTTPS 1 b. mandatory="alpn" alpn="h2" no-default-alpn`, `a. 1 IN SPF "v=spf1"`, `a. 1 IN EUI48 00-11-22-33-44-55`, `a. 1 IN URI 10 1 "http://b/"`, `a. 1 IN CAA 0 issue "ca.b"`,
	`a. 1 IN TYPE65280 \# 3 ABCDEF`, `a\.b\ c.\000\255. 1 CH A 1.2.3.4`,
}

// Presentation forms agree with those of an independent reader, but for the case
// of hexadecimal digits.
func TestRecordsAgreeWithAnotherReader(t *testing.T) {
	for _, text := range zone {
		rr, err := oracle.NewRR(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		m := new(oracle.Msg)
		m.Answer = []oracle.RR{rr}
		b, err := m.Pack()
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, whole := Decode(b)
		if len(got.Answers) != 1 {
			t.Errorf("%s: no record", text)
			continue
		}
		// It writes an empty value where RFC 9460 has none, and a class by number
		// beside a type by number.
		want := strings.NewReplacer(`no-default-alpn=""`, "no-default-alpn", " CLASS1 ", " IN ").Replace(strings.Join(strings.Fields(rr.String()), " "))
		if s := strings.Join(strings.Fields(got.Answers[0].String()), " "); !strings.EqualFold(s, want) || !whole {
			t.Errorf("got  %s (whole %t)\nwant %s", s, whole, want)
		}
	}
}

func TestQueriesAreWhatAnotherWriterWrites(t *testing.T) {
	m := new(oracle.Msg)
	m.SetQuestion(`a\.b.\255.test.`, uint16(TypeHTTPS))
	m.Id = 0x1234
	m.SetEdns0(1232, true)
	want, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Query{ID: 0x1234, Name: `a\.b.\255.test`, Type: TypeHTTPS, Flags: RD, EDNS: &EDNS{Size: 1232, DO: true}}.Append(nil)
	if err != nil || string(got) != string(want) {
		t.Errorf("got  %x, %v\nwant %x", got, err, want)
	}
	for _, name := range []string{"a..b", strings.Repeat("x", 64), strings.Repeat("abcdefg.", 32), `\999`} {
		if _, err := (Query{Name: name}).Append(nil); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
	for ip, want := range map[string]string{"192.0.2.1": "1.2.0.192.in-addr.arpa.", "2001:db8::1": "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."} {
		if got := Reverse(netip.MustParseAddr(ip)); got != want {
			t.Errorf("Reverse(%s) = %s, want %s", ip, got, want)
		}
	}
}

func TestState(t *testing.T) {
	p := New(proto.Limits{}, false)
	answer := framed(reply(t, 7, "a.", TypeA, nil))
	for _, step := range []struct{ talk, want string }{
		{"> " + framed(ask(t, 7, "a", TypeA)), "due 1, settled 0, 0 of -1"},
		{"< " + answer[:10], fmt.Sprintf("due 1, settled 0, 8 of %d", len(answer)-2)},
		{"< " + answer[10:], "due 0, settled 1, 0 of -1"},
	} {
		p.Feed(prototest.Talk(step.talk)[0])
		st := p.State()
		if got := fmt.Sprintf("due %d, settled %d, %d of %d", st.Due, st.Settled, st.Got, st.Want); got != step.want || !st.Framed {
			t.Errorf("after %q: %s, want %s", step.talk, got, step.want)
		}
	}
}

func FuzzStream(f *testing.F) {
	prototest.Fuzz(f, func() proto.Parser { return New(proto.Limits{}, false) },
		prototest.Talk("> "+framed(ask(f, 7, "a.test", TypeA)), "< "+framed(reply(f, 7, "a.test.", TypeA, nil, zone[0], zone[28]))),
		prototest.Talk("> \x00\x03abc"))
}

func FuzzDatagrams(f *testing.F) {
	for _, text := range zone {
		f.Add(true, []byte(reply(f, 7, "a.test.", TypeA, nil, text)))
	}
	f.Add(false, []byte(ask(f, 7, "a.test", TypeA)))
	f.Fuzz(func(t *testing.T, server bool, data []byte) {
		dir := wire.ClientToServer
		if server {
			dir = wire.ServerToClient
		}
		e := wire.Event{Conn: 1, Kind: wire.KindData, Dir: dir, Data: data}
		prototest.Check(t, func() proto.Parser { return New(proto.Limits{}, true) }, []wire.Event{udp, e, e})
	})
}
