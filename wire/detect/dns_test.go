package detect

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/dns"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// datagrams is a conversation of the packet captures over UDP.
type datagrams struct {
	Repo, Path string
	N          any
	Dport      int
	Dgrams     []datagram
}

// datagram is [side, base64, milliseconds].
type datagram struct {
	dir  wire.Dir
	data []byte
	at   time.Duration
}

func (d *datagram) UnmarshalJSON(b []byte) error {
	var side, text string
	var at float64
	if err := json.Unmarshal(b, &[]any{&side, &text, &at}); err != nil {
		return err
	}
	d.dir, d.at = wire.ClientToServer, time.Duration(at*float64(time.Millisecond))
	if side == "s" {
		d.dir = wire.ServerToClient
	}
	var err error
	d.data, err = base64.StdEncoding.DecodeString(text)
	return err
}

func (d *datagrams) events() []wire.Event {
	events := []wire.Event{{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "udp", Role: wire.Dialed, Target: fmt.Sprintf("server:%d", d.Dport)}}}
	var now time.Duration
	for _, g := range d.Dgrams {
		now = max(now, g.at)
		events = append(events, wire.Event{Conn: 1, At: now, Kind: wire.KindData, Dir: g.dir, Data: g.data})
	}
	return events
}

// TestDNSAgrees compares each message of the captures over UDP with what tshark
// says of it: header, question, records and addresses.
func TestDNSAgrees(t *testing.T) {
	theirs := map[string]map[string]int{} // by capture: what is told of a message, how often
	for _, d := range prototest.Rows[dissected](t, "tshark_dns.jsonl.gz") {
		file := d.Repo + "/" + d.Path
		if theirs[file] == nil {
			theirs[file] = map[string]int{}
		}
		for _, row := range d.Rows {
			theirs[file][tsharkTells(row)]++
		}
	}
	all, differ, raw := 0, 0, 0
	why := map[string]int{}
	for _, c := range prototest.Rows[datagrams](t, "pcap_dns_udp.jsonl.gz") {
		events := c.events()
		for _, problem := range prototest.Problems(newSingle(Options{}), events) {
			t.Errorf("%s %v: %s", c.Path, c.N, problem)
		}
		file := c.Repo + "/" + c.Path
		if theirs[file] == nil {
			continue
		}
		s := New(Options{})
		take := func(msgs []proto.Message) {
			for _, m := range msgs {
				v, ok := m.Value.(*dns.Message)
				if !ok {
					raw++
					continue
				}
				all++
				got := told(v)
				if theirs[file][got] > 0 {
					theirs[file][got]--
					continue
				}
				differ++
				reason := "other"
				switch whole := len(m.Notes) == 0; {
				case hasBitmap(v):
					reason = "tshark lists the types of a bitmap among those of records"
				case len(v.Answers) > 0 && v.Answers[0].Type == dns.TypeSRV:
					reason = "tshark gives the names of SRV records in a field of their own"
				case !whole:
					reason = "malformed: tshark gives up elsewhere"
				}
				why[reason]++
				t.Logf("%s: here it is\n  %s", file, got)
				for want, n := range theirs[file] {
					if n > 0 && strings.HasPrefix(want, got[:len("id 0x0000 response 0")]) {
						t.Logf("  and tshark has\n  %s", want)
					}
				}
			}
		}
		for _, e := range events {
			take(s.Feed(e))
		}
		take(s.Close())
	}
	for reason, n := range why {
		t.Logf("%4d  %s", n, reason)
	}
	t.Logf("%d of %d messages over UDP differ from tshark's reading; %d datagrams are no message", differ, all, raw)
	if all < 300 || differ*100 > all*3 {
		t.Errorf("%d of %d messages differ, want at most 3 %% of 300 or more", differ, all)
	}
}

// hasBitmap reports whether a record of v has a bitmap of types.
func hasBitmap(v *dns.Message) bool {
	for _, r := range slices.Concat(v.Answers, v.Authority, v.Additional) {
		if r.Type == 47 || r.Type == 50 {
			return true
		}
	}
	return false
}

// told writes what is compared of a message.
func told(v *dns.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "id 0x%04x response %d", v.ID, btoi(v.Response))
	if v.Response {
		fmt.Fprintf(&b, " rcode %d", v.RCode&15)
	}
	fmt.Fprintf(&b, " truncated %d counts %v", btoi(v.Flags&dns.TC != 0), v.Counts)
	for _, q := range v.Question {
		fmt.Fprintf(&b, " ? %s %d", bare(q.Name), q.Type)
	}
	var addresses []string
	for _, records := range [][]dns.Record{v.Answers, v.Authority, v.Additional} {
		for _, r := range records {
			fmt.Fprintf(&b, " | %s %d %d", bare(r.Name), r.Type, r.TTL)
			if r.Type == dns.TypeA && len(r.Raw) == 4 {
				addresses = append(addresses, r.Data)
			}
		}
	}
	fmt.Fprintf(&b, " a %v", addresses)
	return b.String()
}

// tsharkTells writes the same of what tshark has.
func tsharkTells(row map[string]any) string {
	field := func(name string) string { return strings.Join(strs(row[name]), " ") }
	var b strings.Builder
	fmt.Fprintf(&b, "id %s response %s", field("dns.id"), field("dns.flags.response"))
	if row["dns.flags.rcode"] != nil {
		fmt.Fprintf(&b, " rcode %s", field("dns.flags.rcode"))
	}
	fmt.Fprintf(&b, " truncated %s counts [%s %s %s %s]", field("dns.flags.truncated"), field("dns.count.queries"), field("dns.count.answers"), field("dns.count.auth_rr"), field("dns.count.add_rr"))
	types := strs(row["dns.qry.type"])
	for i, name := range strs(row["dns.qry.name"]) {
		if i < len(types) {
			fmt.Fprintf(&b, " ? %s %s", bare(name), types[i])
		}
	}
	types, ttls := strs(row["dns.resp.type"]), strs(row["dns.resp.ttl"])
	for i, name := range strs(row["dns.resp.name"]) {
		if i < len(types) && types[i] != "41" && len(ttls) > 0 {
			fmt.Fprintf(&b, " | %s %s %s", bare(name), types[i], ttls[0])
			ttls = ttls[1:]
		}
	}
	fmt.Fprintf(&b, " a %v", strs(row["dns.a"]))
	return b.String()
}

// bare takes off what the two write differently in names: the final dot, escapes.
func bare(name string) string {
	if name == "<Root>" {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSuffix(name, "."), `\`, "")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
