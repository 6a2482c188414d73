package demo

import (
	"context"
	"crypto/tls"
	"fmt"
	"strconv"
	"strings"

	"wiretape/wire"
	"wiretape/wire/pop3"
	"wiretape/wire/proto"
)

// mailbox is what everybody finds in the practice mailbox. What is marked as
// deleted is so until the connection ends.
var mailbox = []string{
	"From: alice@wiretape.test\r\nTo: admin@wiretape.test\r\nSubject: welcome\r\n\r\nThis is the practice mailbox.\r\nDELE marks, RSET unmarks.\r\n",
	"From: bob@wiretape.test\r\nTo: admin@wiretape.test\r\nSubject: dots\r\n\r\nThe next line is one dot, the one behind it has two.\r\n.\r\n..\r\nThey are doubled on the wire.\r\n",
	"From: carol@wiretape.test\r\nTo: admin@wiretape.test\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nune tasse de caf\u00e9\r\n",
}

// servePOP3 answers for the practice mailbox.
func servePOP3(ctx context.Context, c *wire.Conn, cert tls.Certificate) {
	serveLines(ctx, c, pop3.New(proto.Limits{}), cert, "+OK "+mailName+" POP3 wiretape practice server\r\n", new(pop3Talk))
}

// A pop3Talk is one connection to the mailbox (RFC 1939).
type pop3Talk struct {
	tls     bool
	user    string
	known   bool
	deleted map[int]bool // by number
}

func (t *pop3Talk) secured() { *t = pop3Talk{tls: true} }

func (t *pop3Talk) answer(m *proto.Message) (string, turn) {
	verb, args := commandOf(m)
	switch verb {
	case "QUIT":
		return "+OK goodbye\r\n", quit
	case "CAPA":
		offers := "+OK\r\nTOP\r\nUIDL\r\nUSER\r\nPIPELINING\r\n"
		if !t.tls {
			offers += "STLS\r\n"
		}
		return offers + ".\r\n", goOn
	case "STLS":
		if t.tls || t.known {
			return "-ERR not now\r\n", goOn
		}
		return "+OK go ahead with TLS\r\n", secure
	}
	if !t.known {
		return t.authorize(verb, args), goOn
	}
	return t.transact(verb, args), goOn
}

// authorize takes the commands of a client that is not logged in.
func (t *pop3Talk) authorize(verb, args string) string {
	switch verb {
	case "USER":
		t.user = args
		return "+OK and the password\r\n"
	case "PASS":
		if t.user != user || args != password {
			t.user = ""
			return "-ERR [AUTH] no such user or password; try " + user + " / " + password + "\r\n"
		}
		t.known = true
		n, octets := t.stat()
		return fmt.Sprintf("+OK %d messages, %d octets\r\n", n, octets)
	}
	return "-ERR USER and PASS first\r\n"
}

// transact takes the commands of a client that is logged in.
func (t *pop3Talk) transact(verb, args string) string {
	switch verb {
	case "NOOP":
		return "+OK\r\n"
	case "RSET":
		t.deleted = nil
		return "+OK\r\n"
	case "STAT":
		n, octets := t.stat()
		return fmt.Sprintf("+OK %d %d\r\n", n, octets)
	case "LIST", "UIDL":
		return t.list(verb, args)
	case "RETR", "TOP", "DELE":
		number, rest, _ := strings.Cut(args, " ")
		n, ok := t.find(number)
		lines, err := strconv.ParseUint(strings.TrimSpace(rest), 10, 31)
		switch {
		case !ok:
			return "-ERR no such message\r\n"
		case verb == "DELE":
			if t.deleted == nil {
				t.deleted = map[int]bool{}
			}
			t.deleted[n] = true
			return fmt.Sprintf("+OK message %d is marked\r\n", n)
		case verb == "RETR":
			return fmt.Sprintf("+OK %d octets\r\n", len(mailbox[n-1])) + stuffed(mailbox[n-1])
		case err != nil:
			return "-ERR want TOP NUMBER LINES\r\n"
		}
		return "+OK\r\n" + stuffed(top(mailbox[n-1], int(lines)))
	}
	return "-ERR no such command\r\n"
}

// list answers LIST and UIDL, for one message or for all.
func (t *pop3Talk) list(verb, args string) string {
	row := func(n int) string {
		if verb == "UIDL" {
			return fmt.Sprintf("%d practice-%d\r\n", n, n)
		}
		return fmt.Sprintf("%d %d\r\n", n, len(mailbox[n-1]))
	}
	if args != "" {
		n, ok := t.find(args)
		if !ok {
			return "-ERR no such message\r\n"
		}
		return "+OK " + row(n)
	}
	var b strings.Builder
	b.WriteString("+OK\r\n")
	for n := range mailbox {
		if !t.deleted[n+1] {
			b.WriteString(row(n + 1))
		}
	}
	return b.String() + ".\r\n"
}

// find returns the message of that number, unless it is marked as deleted.
func (t *pop3Talk) find(number string) (n int, ok bool) {
	n, err := strconv.Atoi(number)
	return n, err == nil && 1 <= n && n <= len(mailbox) && !t.deleted[n]
}

// stat counts what is not marked as deleted.
func (t *pop3Talk) stat() (n, octets int) {
	for i, m := range mailbox {
		if !t.deleted[i+1] {
			n++
			octets += len(m)
		}
	}
	return n, octets
}

// top returns the head of a mail and so many lines of its body.
func top(mail string, lines int) string {
	head, body, _ := strings.Cut(mail, "\r\n\r\n")
	var out strings.Builder
	out.WriteString(head + "\r\n\r\n")
	for l := range strings.Lines(body) {
		if lines == 0 {
			break
		}
		out.WriteString(l)
		lines--
	}
	return out.String()
}

// stuffed returns text with the dots at the beginnings of its lines doubled, and
// the line that ends it (RFC 1939, section 3).
func stuffed(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		if l[0] == '.' {
			b.WriteByte('.')
		}
		b.WriteString(l)
	}
	return b.String() + ".\r\n"
}
