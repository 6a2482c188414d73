package main

import (
	"net"
	"slices"
	"strings"
	"testing"
)

const nameServer = "dns://127.0.0.1:28053"

// dnsNames are the names that the server has, with a type and how often.
var dnsNames = []struct{ name, typ string }{
	{"a.itest.example", "A"}, {"h.itest.example", "A"}, {"h.itest.example", "AAAA"}, {"t.itest.example", "TXT"}, {"c.itest.example", "CNAME"},
	{"c.itest.example", "A"}, {"itest.example", "MX"}, {"10.9.8.7", "PTR"}, {"version.bind", "TXT +ch"},
}

func TestDNS(t *testing.T) {
	realServers(t, "dnsmasq")
	dir := t.TempDir()
	dig := needTool(t, "dig", "bind9-dnsutils")
	for _, n := range dnsNames {
		for _, over := range []string{"", " +tcp"} {
			args := []string{"@127.0.0.1", "-p", "28053", "+noall", "+answer", "+nocookie", n.name, strings.Fields(n.typ)[0]}
			if n.typ == "PTR" {
				args = slices.Replace(args, len(args)-2, len(args), "-x", n.name)
			}
			if strings.Contains(n.typ, "+ch") {
				args = append(args, "CH")
			}
			want := records(output(t, "", dig, append(args, strings.Fields(over)...)...), "")
			stdout, stderr, status := wiretape(t, dir, "", "-c", ".dns "+n.name+" "+n.typ+over, nameServer)
			_, answer, _ := strings.Cut(stdout, "< dns NOERROR")
			if got := records(answer, "<   "); status != 0 || !slices.Equal(got, want) || len(got) == 0 {
				t.Errorf("%s %s%s: status %d, got %q, dig has %q\n%s%s", n.name, n.typ, over, status, got, want, stdout, stderr)
			}
		}
	}
	wants(t, dir, 0, []string{"< dns REFUSED"}, "-c", ".dns nosuch.example", nameServer)
	wants(t, dir, 0, []string{"a.itest.example. 0 IN A 10.1.2.3"}, "--tape", "dns.tape", "-c", ".dns a.itest.example @127.0.0.1:28053")
	wants(t, dir, 0, []string{`"proto":"dns","kind":"query"`, `"rcode":"NOERROR"`, `"answers":[{"name":"a.itest.example.","ttl":0,"class":"IN","type":"A","data":"10.1.2.3"`}, "show", "--json", "dns.tape")
	stdout, stderr, status := wiretape(t, dir, "", "-c", ".timeout 1s", "-c", ".dns a.itest.example", "dns://127.0.0.1:28054")
	if status == 0 {
		t.Errorf("a server that is not there: status 0\n%s%s", stdout, stderr)
	}
}

// records returns the rows of records behind a lead, blanks and order evened out.
func records(text, lead string) []string {
	var rows []string
	for line := range strings.Lines(text) {
		line, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), lead)
		if fields := strings.Fields(line); ok && len(fields) > 4 && strings.HasSuffix(fields[0], ".") {
			rows = append(rows, strings.Join(fields, " "))
		}
	}
	slices.Sort(rows)
	return rows
}

// A truncated answer over UDP is asked for again over TCP, at the same port.
func TestDNSTruncated(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Skipf("the port is taken over UDP: %v", err)
	}
	defer u.Close()
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := u.ReadFrom(b)
			if err != nil {
				return
			}
			b[2] |= 0x82 // QR and TC
			u.WriteTo(b[:n], from)
		}
	}()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		b := make([]byte, 1500)
		n, _ := c.Read(b)
		b[4] |= 0x80
		c.Write(b[:n])
		c.Read(b)
	}()
	wants(t, t.TempDir(), 0, []string{
		"< dns NOERROR, id 7, tc rd", "the answer is truncated: ask again over TCP (RFC 7766 5)", "* the answer is truncated: asking again over TCP", "< dns NOERROR, id 7, rd; no records; 26 B",
	}, "-c", ".dns a.test +id=7 +noedns", "dns://"+l.Addr().String())
}
