package session

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"wiretape/session/view"
)

// A plainPart is what a protocol says in the clear before the handshake that
// begins in the middle of a connection.
type plainPart struct {
	proto  string
	greets bool // the server begins
	steps  []plainStep
	// again is what is to be said again afterwards, with its rule; "" for nothing.
	again string
}

// A plainStep is one thing said and the reply to it.
type plainStep struct {
	send string // of which {name} is our address as a literal and {host} the server's name
	// reply returns how many of the octets that came are the complete reply, 0
	// for not all of it yet.
	reply func(got []byte) int
	good  string // what the last line of a reply that agrees begins with
}

// plainParts are the protocols of --starttls and .starttls.
var plainParts = []plainPart{
	{"smtp", true, []plainStep{{"", codeReply, "220"}, {"EHLO {name}\r\n", codeReply, "250"}, {"STARTTLS\r\n", codeReply, "220"}}, "EHLO must be sent again (RFC 3207 4.2)"},
	{"lmtp", true, []plainStep{{"", codeReply, "220"}, {"LHLO {name}\r\n", codeReply, "250"}, {"STARTTLS\r\n", codeReply, "220"}}, "LHLO must be sent again (RFC 3207 4.2)"},
	{"pop3", true, []plainStep{{"", lineReply, "+OK"}, {"STLS\r\n", lineReply, "+OK"}}, "CAPA must be asked again (RFC 2595 4)"},
	{"imap", true, []plainStep{{"", lineReply, "* OK"}, {"S1 STARTTLS\r\n", taggedReply("S1 "), "S1 OK"}}, "CAPABILITY must be asked again (RFC 9051 6.2.1)"},
	{"ftp", true, []plainStep{{"", codeReply, "220"}, {"AUTH TLS\r\n", codeReply, "234"}}, ""},
	{"nntp", true, []plainStep{{"", lineReply, "20"}, {"STARTTLS\r\n", lineReply, "382"}}, "CAPABILITIES must be asked again (RFC 4642 2.2.2)"},
	{"sieve", true, []plainStep{{"", taggedReply("OK", "NO", "BYE"), "OK"}, {"STARTTLS\r\n", taggedReply("OK", "NO", "BYE"), "OK"}}, ""},
	{"xmpp", false, []plainStep{
		{"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='{host}' version='1.0'>", elementReply("</stream:features>", "</stream:error>"), ""},
		{"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", elementReply("<proceed", "<failure"), "<proceed"}}, "the stream must be opened again (RFC 6120 5.4.3.3)"},
	// RFC 4511, section 4.14.1: an ExtendedRequest for 1.3.6.1.4.1.1466.20037.
	{"ldap", false, []plainStep{{"0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037", berReply, "\x0a\x01\x00"}}, ""},
	// SSLRequest: its length, and the code 80877103.
	{"postgres", false, []plainStep{{"\x00\x00\x00\x08\x04\xd2\x16\x2f", octetReply, "S"}}, ""},
}

// StartTLSProtocols returns what --starttls takes.
func StartTLSProtocols() []string {
	var names []string
	for _, p := range plainParts {
		names = append(names, p.proto)
	}
	return names
}

// ParseStartTLS checks the name of a protocol for --starttls. Its error is a
// *Failure of StatusUsage.
func ParseStartTLS(name string) error {
	_, err := plainPartOf(name)
	return err
}

func plainPartOf(name string) (*plainPart, error) {
	i := slices.IndexFunc(plainParts, func(p plainPart) bool { return p.proto == strings.ToLower(name) })
	if i < 0 {
		return nil, failure(StatusUsage, "starttls %q: want %s", name, strings.Join(StartTLSProtocols(), ", "))
	}
	return &plainParts[i], nil
}

// codeReply is a reply of three digits: RFC 5321, section 4.2.1, and RFC 959,
// section 4.2, whose inner lines may begin with anything.
func codeReply(got []byte) int {
	at, code := 0, []byte(nil)
	for line := range bytes.Lines(got) {
		at += len(line)
		switch {
		case line[len(line)-1] != '\n':
			return 0
		case len(line) < 4 || len(bytes.Trim(line[:3], "0123456789")) > 0:
			if code == nil {
				return at // no reply at all
			}
		case code == nil && line[3] == '-':
			code = line[:3]
		case code == nil || bytes.Equal(line[:3], code) && line[3] != '-':
			return at
		}
	}
	return 0
}

// lineReply is a reply of one line.
func lineReply(got []byte) int { return bytes.IndexByte(got, '\n') + 1 }

// taggedReply is a reply up to a line that begins with one of tags, in whatever
// case.
func taggedReply(tags ...string) func([]byte) int {
	return func(got []byte) int {
		at := 0
		for line := range bytes.Lines(got) {
			at += len(line)
			if line[len(line)-1] != '\n' {
				return 0
			}
			if slices.ContainsFunc(tags, func(tag string) bool { return hasPrefixFold(line, tag) }) {
				return at
			}
		}
		return 0
	}
}

// elementReply is a reply up to the end of the first of tags.
func elementReply(tags ...string) func([]byte) int {
	return func(got []byte) int {
		for _, tag := range tags {
			if i := bytes.Index(got, []byte(tag)); i >= 0 {
				i += len(tag) - 1
				if end := bytes.IndexByte(got[i:], '>'); end >= 0 {
					return i + end + 1
				}
			}
		}
		return 0
	}
}

// berReply is one element of BER with a definite length below 64 KiB.
func berReply(got []byte) int {
	if len(got) < 2 {
		return 0
	}
	n, head := int(got[1]), 2
	if n > 0x82 || n == 0x80 {
		return len(got)
	}
	if n > 0x80 {
		count := n - 0x80
		if len(got) < 2+count {
			return 0
		}
		n, head = 0, 2+count
		for _, b := range got[2:head] {
			n = n<<8 | int(b)
		}
	}
	if len(got) < head+n {
		return 0
	}
	return head + n
}

func octetReply(got []byte) int { return min(len(got), 1) }

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && strings.EqualFold(string(b[:len(prefix)]), prefix)
}

// agrees reports whether a reply lets the next step come.
func (st *plainStep) agrees(reply []byte) bool {
	if st.good == "" {
		return true
	}
	if st.good[0] < ' ' || st.good[0] == '<' {
		return bytes.Contains(reply, []byte(st.good))
	}
	return hasPrefixFold(lastLine(reply), st.good)
}

// lastLine returns the last line of a reply, without its end.
func lastLine(reply []byte) []byte {
	reply = bytes.TrimRight(reply, "\r\n")
	return reply[bytes.LastIndexByte(reply, '\n')+1:]
}

// A plainTalk is how a plainPart is said on a connection.
type plainTalk struct {
	write func(string) error
	// reply waits until done says of what came since the last write that it is
	// complete, and returns all that came.
	reply func(done func([]byte) int) ([]byte, error)
	local net.Addr
	host  string
	begun bool // the greeting has come and gone
}

// say goes through the plain part up to where the handshake is due, and returns
// how many octets stood behind the last reply: nobody should have sent them.
func (p *plainPart) say(t plainTalk) (behind int, err error) {
	for _, st := range p.steps {
		if st.send == "" && t.begun {
			continue
		}
		text := strings.NewReplacer("{name}", addressLiteral(t.local), "{host}", t.host).Replace(st.send)
		if text != "" {
			if err := t.write(text); err != nil {
				return 0, err
			}
		}
		got, err := t.reply(st.reply)
		if err != nil {
			return 0, err
		}
		n := st.reply(got)
		if !st.agrees(got[:n]) {
			return 0, failure(StatusTLS, "starttls %s: the server answered %s to %s", p.proto,
				view.EscapeString(fmt.Sprintf("%q", lastLine(got[:n]))), st.said())
		}
		behind = len(got) - n
	}
	return behind, nil
}

// said names what was said, for an error.
func (st *plainStep) said() string {
	verb, _, _ := strings.Cut(strings.TrimSpace(st.send), " {")
	switch {
	case st.send == "":
		return "the connection"
	case verb[0] < 'A': // it is no text
		return "the request for TLS"
	}
	return verb
}

// addressLiteral is what a client without a name of its own calls itself: RFC
// 5321, section 4.1.3.
func addressLiteral(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	switch {
	case err != nil:
		return "localhost"
	case ap.Addr().Unmap().Is4():
		return "[" + ap.Addr().Unmap().String() + "]"
	}
	return "[IPv6:" + ap.Addr().WithZone("").String() + "]"
}
