package analyze

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"wiretape/wire/dns"
)

// noSuchName is an answer, though one without records.
const noSuchName = "NXDOMAIN"

// nameTypes are asked of a name server, in this order.
var nameTypes = []dns.Type{dns.TypeA, dns.TypeAAAA, dns.TypeHTTPS}

// dns gathers what name servers said of a host; nil where none was asked.
func (r *recording) dns(a address) *DNS {
	if _, err := netip.ParseAddr(a.host); err == nil {
		return nil
	}
	name := strings.ToLower(strings.TrimSuffix(a.host, ".")) + "."
	for _, c := range r.convs {
		if c.kind() != kindNames || len(c.asked53) == 0 || !strings.EqualFold(firstQuestion(c.asked53[0]).Name, name) {
			continue
		}
		d := &DNS{Name: strings.TrimSuffix(name, "."), Server: c.target(), Conn: c.id, Line: c.shown(), Records: []DNSRecord{}}
		for _, q := range c.asked53 {
			d.take(c, q)
		}
		return d
	}
	for _, c := range r.convs {
		if c.kind() == kindNames {
			return &DNS{Name: strings.TrimSuffix(name, "."), Server: c.target(), Conn: c.id, Line: c.shown(), Records: []DNSRecord{}, Faults: []string{"HTTPS: " + c.trouble()}}
		}
	}
	return nil
}

func firstQuestion(m *dns.Message) dns.Question {
	if len(m.Question) == 0 {
		return dns.Question{}
	}
	return m.Question[0]
}

// take takes the answer to one question, or says that there was none.
func (d *DNS) take(c *conversation, q *dns.Message) {
	kind := firstQuestion(q).Type.String()
	fault := func(text string) {
		if s := kind + ": " + text; !slices.Contains(d.Faults, s) {
			d.Faults = append(d.Faults, s)
		}
	}
	i := slices.IndexFunc(c.answers, func(m *dns.Message) bool {
		return m.ID == q.ID && firstQuestion(m).Type == firstQuestion(q).Type
	})
	if i < 0 {
		why := c.trouble()
		if why == "" {
			why = "no answer"
		}
		fault(why)
		return
	}
	m := c.answers[i]
	switch {
	case m.RCode != 0:
		fault(m.RCode.String())
	case m.Flags&dns.TC != 0:
		fault("the answer is truncated")
	}
	for _, rec := range m.Answers {
		row := DNSRecord{Name: rec.Name, Type: rec.Type.String(), TTL: rec.TTL, Data: rec.Data}
		if len(d.Records) < maxListed && !slices.Contains(d.Records, row) {
			d.Records = append(d.Records, row)
		}
	}
}

// failed reports whether the question of a type was not answered.
func (d *DNS) failed(t dns.Type) bool {
	return slices.ContainsFunc(d.Faults, func(s string) bool {
		kind, why, _ := strings.Cut(s, ": ")
		return kind == t.String() && why != noSuchName
	})
}

// warnings says what in the records wants another way than that of the analysis.
func (d *DNS) warnings() []string {
	if d == nil {
		return nil
	}
	var out []string
	for _, rec := range d.Records {
		if rec.Type != dns.TypeHTTPS.String() {
			continue
		}
		for _, p := range params(rec.Data) {
			switch name, value, _ := strings.Cut(p, "="); name {
			case "port":
				out = append(out, "an HTTPS record names port "+strings.Trim(value, `"`)+", which was not asked")
			case "no-default-alpn":
				out = append(out, "an HTTPS record has no-default-alpn: HTTP/1.1 is not to be supposed (RFC 9460 7.1.1)")
			}
		}
	}
	return out
}

// params returns the parameters of an HTTPS record in presentation form (RFC 9460,
// section 2.1), behind its priority and its target.
func params(data string) []string {
	words := strings.Fields(data)
	if len(words) < 3 {
		return nil
	}
	return words[2:]
}

// alpnOf returns the protocols that an HTTPS record names.
func alpnOf(data string) []string {
	for _, p := range params(data) {
		if value, ok := strings.CutPrefix(p, "alpn="); ok {
			return strings.Split(strings.Trim(value, `"`), ",")
		}
	}
	return nil
}

// aliasOf returns the name that an HTTPS record in AliasMode leads to (RFC 9460,
// section 2.4.2); "" for none.
func aliasOf(rec dns.Record) string {
	words := strings.Fields(rec.Data)
	if rec.Type != dns.TypeHTTPS || len(words) < 2 || words[0] != "0" || words[1] == "." {
		return ""
	}
	return words[1]
}

// parseResolvConf returns the address of the first name server in a
// resolv.conf(5); "" for none.
func parseResolvConf(text string) string {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "nameserver" {
			continue
		}
		if ip, err := netip.ParseAddr(words[1]); err == nil {
			return net.JoinHostPort(ip.String(), "53")
		}
	}
	return ""
}
