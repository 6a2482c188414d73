package session

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"wiretape/session/answer"
	"wiretape/session/view"
	"wiretape/session/word"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/telnet"
)

// telnetCommand is the row of .telnet.
func telnetCommand() command {
	return command{group: "Manners", name: "telnet", args: "[on|off|status|trace on|trace off]", connected: true,
		summary: "answers the negotiations of Telnet, or leaves them alone",
		detail: "On port 23 and by telnet:// it is on from the start. On, ECHO and SGA are agreed to and so are our\n" +
			"TTYPE (DUMB) and NAWS, all else is refused (RFC 1143), and an octet of 255 in typed text is doubled.\n" +
			"Off, nothing is sent by itself. Negotiations share a\n" +
			"row; trace on gives each its own, trace off leaves them out.",
		writes:  "by itself the answers to negotiations, while it is on",
		example: ".telnet on", on: (*dialogue).telnetWord, complete: []string{"on", "off", "status", "trace on", "trace off"}}
}

const (
	// terminalType says that the terminal obeys no control sequences: they are
	// shown here (RFC 1091; IANA's list has it).
	terminalType = "DUMB"
	// maxTelnetAnswers bounds the octets of answers that a peer does not read.
	maxTelnetAnswers = 64 << 10 // 64 KiB
)

// A telnetLink answers negotiations on one connection.
type telnetLink struct {
	started       bool // the answers go to the connection; Run's goroutine alone knows
	width, height int
	answers       *answer.Writer

	mu      sync.Mutex // guards what follows, which the sink shares
	q       telnet.Negotiator
	stopped bool
	flooded bool // more than maxTelnetAnswers wait: nothing is answered any more
}

func newTelnetLink(width, height int) *telnetLink {
	ours := []telnet.Option{telnet.SGA, telnet.TTYPE, telnet.NAWS}
	theirs := []telnet.Option{telnet.Echo, telnet.SGA}
	return &telnetLink{width: width, height: height, answers: answer.New(), q: telnet.Negotiator{
		Ours:   func(o telnet.Option) bool { return slices.Contains(ours, o) },
		Theirs: func(o telnet.Option) bool { return slices.Contains(theirs, o) },
	}}
}

// take looks at a command of the server and queues what it is answered with. It is
// called from the sink, and returns what a person should know.
func (t *telnetLink) take(c *telnet.Command, data []byte) (info, warning string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.flooded || t.stopped {
		return "", ""
	}
	switch c.Code {
	case telnet.WILL, telnet.WONT, telnet.DO, telnet.DONT:
		reply, change := t.q.Receive(c.Code, c.Option)
		t.answers.Add(reply)
		switch {
		case c.Option == telnet.NAWS && c.Code == telnet.DO && change == telnet.Enabled:
			// RFC 1073: the size follows the agreement.
			size := binary.BigEndian.AppendUint16(nil, uint16(min(t.width, 0xffff)))
			size = binary.BigEndian.AppendUint16(size, uint16(min(t.height, 0xffff)))
			t.answers.Add(telnet.AppendSubnegotiation(nil, telnet.NAWS, size))
		case c.Option == telnet.Echo && c.Code == telnet.WILL && change == telnet.Enabled:
			info = "the server echoes what is typed, so that it comes back as its rows"
		}
	case telnet.SB:
		// RFC 1091: the same name again says that there is no other.
		if c.Option == telnet.TTYPE && t.q.UsesOurs(telnet.TTYPE) && len(data) == 1 && data[0] == 1 {
			t.answers.Add(telnet.AppendSubnegotiation(nil, telnet.TTYPE, append([]byte{0}, terminalType...)))
		}
	}
	if t.answers.Waiting() > maxTelnetAnswers {
		t.answers.Drop()
		t.flooded = true
		return "", fmt.Sprintf("the peer negotiates and does not read the answers, %d KiB wait: nothing is answered any more", maxTelnetAnswers>>10)
	}
	return info, ""
}

// asked notes an option that is asked for by hand, whose answer is no question then.
func (t *telnetLink) asked(c telnet.Code, o telnet.Option) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.q.Ask(o, c == telnet.WILL || c == telnet.WONT, c == telnet.WILL || c == telnet.DO) // its octets are the sender's
}

// eightBit reports whether we send eight-bit data.
func (t *telnetLink) eightBit() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.q.UsesOurs(telnet.Binary)
}

// echoed reports whether the server echoes what is sent (RFC 857).
func (t *telnetLink) echoed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.q.Uses(telnet.Echo)
}

// inForce names the options that are in use.
func (t *telnetLink) inForce() (ours, theirs string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := func(uses func(telnet.Option) bool) string {
		var names []string
		for o := range 256 {
			if uses(telnet.Option(o)) {
				names = append(names, telnet.Option(o).String())
			}
		}
		if names == nil {
			return "none"
		}
		return strings.Join(names, ", ")
	}
	return list(t.q.UsesOurs), list(t.q.Uses)
}

// startTelnet begins to answer on the connection that stands, if that is wanted.
func (d *dialogue) startTelnet() {
	d.s.mu.Lock()
	t, l := d.telnet, d.link
	d.s.mu.Unlock()
	if t == nil || t.started {
		return
	}
	t.started = true
	t.answers.Start(l.conn)
}

// stopTelnet ends that. Where the connection is closed already nothing waits.
func (d *dialogue) stopTelnet() {
	d.s.mu.Lock()
	t := d.telnet
	d.telnet = nil
	d.s.mu.Unlock()
	if t == nil {
		return
	}
	t.mu.Lock()
	t.stopped = true
	t.mu.Unlock()
	t.answers.Stop()
	if d.drained() {
		t.answers.Wait()
	}
}

// telnetCommandSeen follows a command of the server. s.mu is held.
func (d *dialogue) telnetCommandSeen(c *telnet.Command, data []byte) {
	if d.telnet == nil {
		if d.s.opts.Interactive && !d.peer.toldTelnet && c.Code >= telnet.WILL && c.Code <= telnet.DONT {
			d.peer.toldTelnet = true
			d.info("this is Telnet: .telnet on answers its negotiation")
		}
		return
	}
	info, warning := d.telnet.take(c, data)
	if info != "" && d.s.opts.Interactive {
		d.info(info)
	}
	if warning != "" {
		d.warn(warning)
	}
}

// telnetText returns typed text as it goes over the connection.
func (d *dialogue) telnetText(b []byte) []byte {
	d.s.mu.Lock()
	t := d.telnet
	d.s.mu.Unlock()
	if t == nil {
		return b
	}
	return telnet.AppendEscaped(nil, b, t.eightBit())
}

// telnetAsked looks at octets that .send sends, of which one negotiation alone is
// remembered.
func (d *dialogue) telnetAsked(b []byte) {
	d.s.mu.Lock()
	t := d.telnet
	d.s.mu.Unlock()
	if t == nil || len(b) != 3 || telnet.Code(b[0]) != telnet.IAC {
		return
	}
	if c := telnet.Code(b[1]); c >= telnet.WILL && c <= telnet.DONT {
		t.asked(c, telnet.Option(b[2]))
	}
}

// telnetWord is .telnet.
func (d *dialogue) telnetWord(_ context.Context, args string) error {
	args = strings.ToLower(args)
	d.s.mu.Lock()
	on, conn := d.telnet != nil, d.peer.conn
	asTelnet := d.s.stream.Proto(conn) == detect.Telnet
	d.s.mu.Unlock()
	switch args {
	case "", "status":
		if !on {
			d.s.view.Info("telnet off: negotiations are not answered, an octet of 255 is one")
			return nil
		}
		ours, theirs := d.telnet.inForce()
		d.s.view.Info("telnet on; our options: " + ours + "; the server's: " + theirs)
	case "trace on", "trace":
		d.s.view.Negotiations(view.NegotiationsShown)
		d.s.view.Info("negotiations are shown")
	case "trace off":
		d.s.view.Negotiations(view.NegotiationsHidden)
		d.s.view.Info("negotiations are not shown")
	case "off":
		d.stopTelnet()
		d.s.view.Info("telnet off: negotiations are not answered, an octet of 255 is one")
	case "on":
		if err := d.mustBeOpen("telnet on"); err != nil {
			return err
		}
		if on {
			break
		}
		if !asTelnet {
			if _, err := d.reread(detect.Telnet); err != nil {
				return err
			}
		}
		d.s.mu.Lock()
		d.s.view.Info("telnet on: negotiations are answered, an octet of 255 in typed text is doubled")
		d.telnet = d.s.newTelnet()
		d.peer.toldTelnet = true
		// What was asked before is answered now.
		for i := range d.s.history.msgs {
			m := &d.s.history.msgs[i]
			if c, ok := m.Value.(*telnet.Command); ok && m.Conn == conn && m.Dir == wire.ServerToClient {
				d.telnetCommandSeen(c, m.Body.Data)
			}
		}
		d.s.mu.Unlock()
		d.startTelnet()
	default:
		return usage("telnet", args)
	}
	return nil
}

// A telnetCode is a word of .send for a command.
type telnetCode struct {
	word string
	code telnet.Code
}

// telnetCodes are the words of .send that stand for a command (RFC 854, RFC 1184,
// RFC 885), as telnet has them at its own prompt.
var telnetCodes = []telnetCode{
	{"ayt", telnet.AYT}, {"brk", telnet.BRK}, {"ip", telnet.IP}, {"ao", telnet.AO}, {"ec", telnet.EC}, {"el", telnet.EL},
	{"ga", telnet.GA}, {"nop", telnet.NOP}, {"dm", telnet.DM}, {"eor", telnet.EOR}, {"abort", telnet.ABORT},
	{"susp", telnet.SUSP}, {"eof", telnet.EOF},
	{"do", telnet.DO}, {"dont", telnet.DONT}, {"will", telnet.WILL}, {"wont", telnet.WONT}, {"sb", telnet.SB},
}

// telnetSendDetail is what .help send says of them.
func telnetSendDetail() string {
	var bare, options []string
	for _, c := range telnetCodes {
		if c.code < telnet.SB {
			bare = append(bare, c.word)
		} else if c.code != telnet.SB {
			options = append(options, c.word)
		}
	}
	return "On telnet: send " + strings.Join(bare, ", ") + ";\n" + strings.Join(options, ", ") + " OPTION; sb OPTION HEX.\n"
}

// telnetBytes returns the octets of a command of Telnet, as .send has them: "ayt",
// "do ECHO", "sb NAWS 0050 0018". They are nil for a word that is none.
func telnetBytes(name, args string) ([]byte, error) {
	i := slices.IndexFunc(telnetCodes, func(c telnetCode) bool { return c.word == name })
	if i < 0 {
		return nil, nil
	}
	code := telnetCodes[i].code
	what, data, _ := strings.Cut(args, " ")
	switch takes := code >= telnet.SB; {
	case !takes && args == "":
		return []byte{byte(telnet.IAC), byte(code)}, nil
	case !takes:
		return nil, fmt.Errorf("%s takes no argument, and %q was given", name, args)
	}
	option, ok := telnet.ParseOption(what)
	if !ok {
		return nil, fmt.Errorf("%s %q: want an option of Telnet, such as ECHO or its number", name, what)
	}
	if code != telnet.SB && data != "" {
		return nil, fmt.Errorf("%s %s: %q is one word too many", name, option, data)
	}
	if code != telnet.SB {
		return []byte{byte(telnet.IAC), byte(code), byte(option)}, nil
	}
	b, err := word.Hex(data)
	if err != nil {
		return nil, fmt.Errorf("sb %s: %w", option, err)
	}
	return telnet.AppendSubnegotiation(nil, option, b), nil
}

// newTelnet returns a link for the current connection, which has the session's
// screen.
func (s *Session) newTelnet() *telnetLink {
	width, height := s.opts.Style.Width, s.opts.Style.Height
	if s.opts.Style.Size != nil {
		width, height = s.opts.Style.Size()
	}
	if width <= 0 || height <= 0 {
		width, height = 80, 24 // what a host expects of whoever has no screen
	}
	return newTelnetLink(width, height)
}
