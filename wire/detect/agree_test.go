package detect

import (
	"fmt"
	"strings"
	"testing"

	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/pop3"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// agreements are the protocols of lines of which another reader, tshark, has said
// how it reads the captures: what it says of each reply, what we say of it, and
// why they may differ, by the capture and the connection in it.
var agreements = []struct {
	proto, file string
	theirs      string // a field of its
	ours        func(*proto.Message) string
	why         map[string]string
}{
	// It gives one text for all replies of a packet, so that codes alone compare.
	{SMTP, "tshark_smtp.jsonl", "smtp.response.code", func(m *proto.Message) string {
		if r, ok := m.Value.(*line.Reply); ok {
			return fmt.Sprint(r.Code)
		}
		return ""
	}, map[string]string{
		"smtp-errors/smtperr.pcap 3":            "it expects TLS at the port, 465",
		"smtp-extract-url-schemes/input.pcap 0": "it takes the lines of a reply that come in two packets for two replies",
	}},
	{FTP, "tshark_ftp.jsonl", "ftp.response.code", func(m *proto.Message) string {
		if r, ok := m.Value.(*line.Reply); ok {
			return fmt.Sprint(r.Code)
		}
		return ""
	}, map[string]string{
		"ftp-start-tls.pcap 0":         "TLS is given up by CCC, and not followed back to plain text here",
		"ftp-epsv/input.pcap 0":        "it takes the last line of a reply that comes alone for another",
		"ftp-port-memcap/input.pcap 0": "it takes the last line of a reply that comes alone for another",
		"ftp-too-long-response.pcap 0": "the line is longer than what is read, 64 KiB",
	}},
	{POP3, "tshark_pop.jsonl", "pop.response.indicator", func(m *proto.Message) string {
		if r, ok := m.Value.(*pop3.Reply); ok && r.Status != pop3.Continue { // it has no challenges
			return r.Status
		}
		return ""
	}, nil},
	// It gives lines with a tag, and the rest of a response behind its literals.
	{IMAP, "tshark_imap.jsonl", "imap.response", func(m *proto.Message) string {
		r, ok := m.Value.(*imap.Response)
		switch {
		case !ok:
			return ""
		case len(r.Literals) > 0:
			return string(r.Lines[len(r.Lines)-1])
		case r.Tag == "*" || r.Tag == "+":
			return ""
		}
		return r.String()
	}, nil},
}

// maxDiffering is how many of a protocol's replies may differ, in percent.
const maxDiffering = 3

func TestAgreesWithAnotherReader(t *testing.T) {
	captures := prototest.Captures(t)
	for _, a := range agreements {
		all, differ := 0, 0
		for _, d := range prototest.Rows[dissected](t, a.file) {
			theirs := map[string][]string{}
			for _, r := range d.Rows {
				stream := fmt.Sprint(r["tcp.stream"])
				theirs[stream] = append(theirs[stream], strs(r[a.theirs])...)
			}
			for _, c := range captures {
				if c.Path != d.Path || c.Size == 0 {
					continue
				}
				var ours []string
				s := New(Options{})
				take := func(msgs []proto.Message) {
					for i := range msgs {
						if text := a.ours(&msgs[i]); text != "" {
							ours = append(ours, text)
						}
					}
				}
				for _, e := range c.Events {
					take(s.Feed(e))
				}
				take(s.Close())
				want := theirs[c.Stream]
				if len(want) == 0 && len(ours) == 0 {
					continue
				}
				n := distance(ours, want)
				all += len(want)
				differ += n
				if n > 0 {
					why := "unexplained"
					for capture, text := range a.why {
						if strings.HasSuffix(c.String(), capture) {
							why = text
						}
					}
					t.Logf("%-5s %2d of %2d differ, %s: %s", a.proto, n, len(want), c, why)
					if why == "unexplained" {
						t.Errorf("ours   %.300q\ntheirs %.300q", ours, want)
					}
				}
			}
		}
		share := 100 * float64(differ) / float64(max(1, all))
		t.Logf("%-5s %2d of %d replies differ (%.1f %%)", a.proto, differ, all, share)
		if share > maxDiffering || all == 0 {
			t.Errorf("%s: %d of %d replies differ, want %d %% at most", a.proto, differ, all, maxDiffering)
		}
	}
}

// distance returns how many elements have to be put in, left out or changed to
// make b of a.
func distance(a, b []string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			up := row[j+1]
			row[j+1] = min(up+1, row[j]+1, diagonal+1)
			if x == y {
				row[j+1] = min(row[j+1], diagonal)
			}
			diagonal = up
		}
	}
	return row[len(b)]
}
