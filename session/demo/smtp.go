package demo

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"

	"wiretape/wire"
	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// mailName is what the practice mail servers call themselves.
const mailName = "mail.wiretape.test"

// A postbox is the practice server of SMTP. It takes mail for everybody, counts
// it and throws it away.
type postbox struct {
	cert  tls.Certificate
	mails atomic.Int64 // accepted
}

func (b *postbox) serve(ctx context.Context, c *wire.Conn) {
	p := line.New(proto.Limits{}, "smtp")
	serveLines(ctx, c, p, b.cert, "220 "+mailName+" ESMTP wiretape practice server\r\n", &smtpTalk{box: b})
}

// An smtpTalk is one connection to a postbox.
type smtpTalk struct {
	box   *postbox
	tls   bool
	hello bool // the client has said who it is
	known bool // it is logged in
	mail  mail
	login login
}

// A mail is a transaction as far as it has come (RFC 5321, section 3.3).
type mail struct {
	from bool
	to   int
}

// A login is an exchange of AUTH as far as it has come.
type login struct {
	mechanism string // "" for none under way
	user      string // LOGIN: what was said first
	asked     int    // challenges
}

func (t *smtpTalk) secured() {
	*t = smtpTalk{box: t.box, tls: true}
}

// most is how many recipients one mail may have (RFC 5321, section 4.5.3.1.8).
const most = 100

func (t *smtpTalk) answer(m *proto.Message) (string, turn) {
	if c, ok := m.Value.(*line.Content); ok {
		if c.Answer {
			return t.answerChallenge(string(m.Body.Data)), goOn
		}
		return t.accept(m), goOn
	}
	verb, args := commandOf(m)
	switch verb {
	case "EHLO", "LHLO", "HELO":
		if args == "" {
			return "501 5.5.4 say who you are: " + verb + " NAME\r\n", goOn
		}
		t.hello, t.mail = true, mail{}
		if verb == "HELO" {
			return "250 " + mailName + "\r\n", goOn
		}
		offers := "250-" + mailName + " at your service\r\n250-SIZE 1048576\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n"
		if !t.tls {
			offers += "250-STARTTLS\r\n"
		}
		return offers + "250 AUTH PLAIN LOGIN\r\n", goOn
	case "STARTTLS":
		switch {
		case t.tls:
			return "503 5.5.1 TLS stands already\r\n", goOn
		case args != "":
			return "501 5.5.4 STARTTLS takes no arguments\r\n", goOn
		}
		return "220 2.0.0 go ahead with TLS\r\n", secure
	case "AUTH":
		return t.auth(args), goOn
	case "MAIL", "RCPT", "DATA":
		return t.transaction(verb, args), goOn
	case "RSET":
		t.mail = mail{}
		return "250 2.0.0 forgotten\r\n", goOn
	case "NOOP":
		return "250 2.0.0 nothing done\r\n", goOn
	case "VRFY":
		return "252 2.1.5 try it: RCPT TO\r\n", goOn
	case "HELP":
		return "214 2.0.0 EHLO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY QUIT; " + user + " / " + password + "\r\n", goOn
	case "QUIT":
		return "221 2.0.0 goodbye\r\n", quit
	}
	return "500 5.5.2 no such command; HELP lists them\r\n", goOn
}

// transaction takes the commands of a mail, in their order.
func (t *smtpTalk) transaction(verb, args string) string {
	key, path, _ := strings.Cut(args, ":")
	path, _, _ = strings.Cut(strings.TrimSpace(path), " ")
	angled := strings.HasPrefix(path, "<") && strings.HasSuffix(path, ">")
	switch {
	case !t.hello:
		return "503 5.5.1 EHLO first\r\n"
	case verb == "MAIL" && t.mail.from:
		return "503 5.5.1 a mail is under way; RSET drops it\r\n"
	case verb == "MAIL" && (!strings.EqualFold(key, "FROM") || !angled):
		return "501 5.5.4 want MAIL FROM:<you@example.org>\r\n"
	case verb == "MAIL":
		t.mail.from = true
		return "250 2.1.0 sender ok\r\n"
	case !t.mail.from:
		return "503 5.5.1 MAIL FROM first\r\n"
	case verb == "RCPT" && (!strings.EqualFold(key, "TO") || !angled || path == "<>"):
		return "501 5.5.4 want RCPT TO:<her@example.org>\r\n"
	case verb == "RCPT" && t.mail.to == most:
		return "452 4.5.3 too many recipients\r\n"
	case verb == "RCPT":
		t.mail.to++
		return "250 2.1.5 recipient ok\r\n"
	case t.mail.to == 0:
		return "503 5.5.1 RCPT TO first\r\n"
	case args != "":
		return "501 5.5.4 DATA takes no arguments\r\n"
	}
	return "354 go ahead; a line of one dot ends it\r\n"
}

// accept counts a mail.
func (t *smtpTalk) accept(m *proto.Message) string {
	t.mail = mail{}
	if m.Body.Cut {
		return "552 5.3.4 a mail has at most 1 MiB here\r\n"
	}
	lines, octets := lengthMeant(&m.Body)
	return fmt.Sprintf("250 2.0.0 accepted as mail %d: lines %d, octets %d\r\n", t.box.mails.Add(1), lines, octets)
}

// auth begins a login (RFC 4954).
func (t *smtpTalk) auth(args string) string {
	mechanism, initial, given := strings.Cut(args, " ")
	switch mechanism = strings.ToUpper(mechanism); {
	case !t.hello:
		return "503 5.5.1 EHLO first\r\n"
	case t.known:
		return "503 5.5.1 you are logged in\r\n"
	case mechanism != "PLAIN" && mechanism != "LOGIN":
		return "504 5.5.4 PLAIN and LOGIN alone\r\n"
	}
	t.login = login{mechanism: mechanism}
	if given {
		// RFC 4954, section 4: "=" is an initial response without octets.
		if initial == "=" {
			initial = ""
		}
		return t.answerChallenge(initial)
	}
	if mechanism == "PLAIN" {
		return "334 \r\n"
	}
	return challenge("Username:")
}

// challenge asks for the next of a login.
func challenge(text string) string {
	return "334 " + base64.StdEncoding.EncodeToString([]byte(text)) + "\r\n"
}

// answerChallenge takes what a challenge asked for.
func (t *smtpTalk) answerChallenge(text string) string {
	l := t.login
	t.login = login{}
	if l.mechanism == "" || text == "*" {
		return "501 5.7.0 login given up\r\n"
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "501 5.5.2 this is no base64\r\n"
	}
	var ok bool
	switch {
	case l.mechanism == "LOGIN" && l.asked == 0:
		t.login = login{mechanism: l.mechanism, user: string(b), asked: 1}
		return challenge("Password:")
	case l.mechanism == "LOGIN":
		ok = l.user == user && string(b) == password
	default:
		// RFC 4616, section 2: who to act as, who is speaking, the password.
		_, who, _ := strings.Cut(string(b), "\x00")
		ok = who == user+"\x00"+password
	}
	if !ok {
		return "535 5.7.8 no such user or password; try " + user + " / " + password + "\r\n"
	}
	t.known = true
	return "235 2.7.0 welcome\r\n"
}
