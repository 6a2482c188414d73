package resp

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// exchanges is what is known of the commands of a connection. Those up to asked
// are known, those up to answered have their reply or will have none.
type exchanges struct {
	asked, answered, settled int
	ended                    string
	special                  []pending // those that were not answered yet, in order
	unanswered               int       // of special, those that will have no reply
	muted                    bool      // CLIENT REPLY OFF
	skip                     bool      // CLIENT REPLY SKIP: the next has no reply
	mode                     Mode
	counts                   map[string]int64 // subscriptions by kind: "", "p", "s"
	replica                  bool             // SYNC or PSYNC was said: the server sends a file, then commands
}

// A pending is a command whose reply changes something, or that has none.
type pending struct {
	exchange int
	verb     string
	arg      int // of SELECT and of HELLO
	left     int // confirmations of a subscription
	mute     bool
	report   bool
}

// maxSpecial bounds the commands that are remembered.
const maxSpecial = 1 << 12

func (x *exchanges) due() int { return max(0, x.asked-x.answered-x.unanswered) }

// unended reports whether the bulk string of a side has no line end behind it:
// the file that a replica is sent.
func (p *Parser) unended(s *side) bool {
	return p.replica && s.Dir == wire.ServerToClient && len(s.stack) == 0
}

// message makes a Message of the value in progress and closes that.
func (p *Parser) message(s *side, kind proto.Kind, v *Value) proto.Message {
	m := proto.Message{
		Conn: p.core.Conn, Proto: name, Kind: kind, Dir: s.Dir, Secure: p.core.Secure,
		First: s.begun, Last: p.core.Now, Head: s.head, Leaves: s.leaves, Notes: s.notes,
		Span: proto.Span{From: s.from, To: s.Buf.Start()},
	}
	if s.body && v != nil {
		m.Body = proto.Body{Data: v.Text, Size: v.Size, Cut: v.Size > int64(len(v.Text))}
	}
	s.building = building{stack: s.stack[:0]}
	return m
}

// finish gives the Message of a value that is complete.
func (p *Parser) finish(s *side, v *Value, why string) {
	if s.Dir == wire.ClientToServer {
		c := &Command{Args: v.Elems, Omitted: v.Omitted}
		if v.Nil || v.Stream || v.Attrs != nil {
			p.note(s, s.from, "a command is an array of bulk strings, its length before it", "RESP, sending commands")
		}
		for _, a := range c.Args {
			if a.Type != BulkString || a.Nil || a.Stream {
				p.note(s, s.from, "an argument is a "+a.Type.String()+": servers take bulk strings only", "RESP, sending commands")
				break
			}
		}
		m := p.message(s, proto.KindCommand, nil)
		m.Value = c
		m.Complete, m.EndedBy = true, why
		p.command(s, c, &m)
		return
	}
	m := p.message(s, proto.KindReply, v)
	m.Complete, m.EndedBy = true, why
	report := p.reply(&m, v)
	m.Value = &Reply{Value: v, Mode: p.mode, Report: report}
	p.core.Emit(s.Stream, m, "a value followed")
}

// inline takes a command that is a line of text.
func (p *Parser) inline(s *side, line []byte, eol proto.EOL) {
	p.begin(s)
	offset := s.Buf.Start()
	if eol == proto.EOLLF {
		p.note(s, offset+int64(len(line)), "command ends in bare LF", "RESP, inline commands")
	}
	c := &Command{Inline: true}
	args, err := Split(string(line))
	if err != nil {
		p.note(s, offset, err.Error(), "RESP, inline commands")
		args = [][]byte{bytes.Clone(line)}
	}
	for i, a := range args {
		if i == maxValues {
			c.Omitted = int64(len(args) - i)
			break
		}
		c.Args = append(c.Args, &Value{Type: BulkString, Text: a, Size: int64(len(a))})
	}
	p.took(s, proto.LeafCommandLine)
	m := p.message(s, proto.KindCommand, nil)
	m.Value = c
	m.Complete, m.EndedBy = true, "line end"
	p.command(s, c, &m)
}

// command numbers a command and takes note of what it changes. An empty one is
// passed over by servers.
func (p *Parser) command(s *side, c *Command, m *proto.Message) {
	c.Name = verb(c.Args)
	if len(c.Args) > 0 {
		p.asked++
		m.Exchange = p.asked
	}
	p.core.Emit(s.Stream, *m, "a value followed")
	if len(c.Args) == 0 {
		return
	}
	x := pending{exchange: p.asked, verb: c.Name, mute: p.muted || p.skip}
	p.skip = false
	special := x.mute
	arg := func(i int) string {
		if i < len(c.Args) && len(c.Args[i].Text) < 32 {
			return string(c.Args[i].Text)
		}
		return ""
	}
	switch c.Name {
	case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE":
		special, x.left = true, len(c.Args)-1+int(c.Omitted)
	case "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE":
		special, x.left = true, len(c.Args)-1+int(c.Omitted)
		if x.left == 0 {
			x.left = -1 // all of them, which are known when the first is confirmed
		}
	case "MULTI", "EXEC", "DISCARD", "RESET", "MONITOR":
		special = true
	case "SYNC", "PSYNC":
		special, p.replica = true, true
	case "SELECT", "HELLO":
		special = true
		if n, err := strconv.Atoi(arg(1)); err == nil && n >= 0 {
			x.arg = n
		}
	case "INFO", "LOLWUT":
		special, x.report = true, true
	case "CLUSTER", "MEMORY", "LATENCY", "DEBUG":
		switch strings.ToUpper(arg(1)) {
		case "NODES", "INFO", "DOCTOR", "GRAPH", "MALLOC-STATS", "HTSTATS":
			special, x.report = true, true
		}
	case "CLIENT":
		switch strings.ToUpper(arg(1)) {
		case "LIST", "INFO":
			special, x.report = true, true
		}
		if strings.EqualFold(arg(1), "reply") {
			switch strings.ToUpper(arg(2)) {
			case "OFF":
				p.muted, x.mute, special = true, true, true
			case "SKIP":
				p.skip, x.mute, special = true, true, true
			case "ON":
				p.muted, x.mute = false, false
			}
		}
	}
	if !special || len(p.special) == maxSpecial {
		return
	}
	p.special = append(p.special, x)
	if x.mute {
		p.unanswered++
		p.pass()
	}
}

// pass counts the commands that will have no reply and stand next as answered.
func (x *exchanges) pass() {
	for len(x.special) > 0 && x.special[0].mute && x.special[0].exchange == x.answered+1 {
		x.special = x.special[1:]
		x.unanswered--
		x.answered++
	}
}

// reply matches a value of the server to its command, follows what it changes,
// and reports whether text for people was asked for.
func (p *Parser) reply(m *proto.Message, v *Value) (report bool) {
	p.pass()
	var next *pending
	if len(p.special) > 0 && p.special[0].exchange == p.answered+1 {
		next = &p.special[0]
	}
	first := ""
	if (v.Type == Push || v.Type == Array) && len(v.Elems) > 0 {
		first = v.Elems[0].word()
	}
	kind, confirms := subscription(first)
	switch {
	case confirms && len(v.Elems) == 3 && v.Elems[2].Type == Integer:
		before := p.mode.Subscribed
		p.mode.Subscribed, _ = strconv.ParseInt(string(v.Elems[2].Text), 10, 64)
		all := p.counted(kind, p.mode.Subscribed-before, first)
		if next == nil || strings.ToLower(next.verb) != first {
			m.Kind = proto.KindPush // the server has ended it
			return false
		}
		m.Exchange = next.exchange
		if v.Type == Push {
			m.Kind = proto.KindPush
		}
		if next.left < 0 {
			next.left = int(max(1, min(all, 1<<30)))
		}
		if next.left--; next.left > 0 {
			return false
		}
	case v.Type == Push, (first == "message" || first == "pmessage" || first == "smessage") && (p.mode.Subscribed > 0 || p.due() == 0),
		p.mode.Monitor && v.Type == SimpleString && isMonitored(v.Text),
		p.replica && v.Type == Array && p.due() == 0:
		m.Kind = proto.KindPush
		return false
	case p.answered == p.asked:
		if !p.replica {
			m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "reply to no command"})
		}
		return false
	default:
		m.Exchange = p.answered + 1
		if next != nil {
			p.changes(next, v)
		}
	}
	if next != nil {
		report = next.report
		p.special = p.special[1:]
	}
	p.answered++
	p.settled++
	p.ended = m.EndedBy
	p.pass()
	return report
}

// subscription says whether a word confirms a subscription or its end, and of
// which kind.
func subscription(word string) (kind string, ok bool) {
	switch word {
	case "subscribe", "unsubscribe":
		return "", true
	case "psubscribe", "punsubscribe":
		return "p", true
	case "ssubscribe", "sunsubscribe":
		return "s", true
	}
	return "", false
}

// counted counts a subscription and returns how many of its kind there were.
func (x *exchanges) counted(kind string, change int64, word string) int64 {
	if x.counts == nil {
		x.counts = make(map[string]int64)
	}
	before := x.counts[kind]
	x.counts[kind] = max(0, before+max(-1, min(change, 1)))
	return before
}

// isMonitored knows a line of MONITOR: the time, then what was said in which
// database by whom.
func isMonitored(text []byte) bool {
	at, rest, ok := bytes.Cut(text, []byte(" ["))
	return ok && len(rest) > 0 && len(at) > 0 && len(bytes.Trim(at, "0123456789.")) == 0
}

// changes takes the reply to a command that changes the connection. Where
// commands are only queued, they change nothing yet.
func (p *Parser) changes(c *pending, v *Value) {
	ok := v.Type == SimpleString && string(v.Text) == "OK"
	switch c.verb {
	case "MULTI":
		p.mode.Queued = p.mode.Queued || ok
	case "EXEC", "DISCARD":
		if !v.IsError() || bytes.HasPrefix(v.Text, []byte("EXECABORT")) {
			p.mode.Queued = false
		}
	case "RESET":
		if v.Type == SimpleString && string(v.Text) == "RESET" {
			p.mode, p.counts = Mode{Version: 2}, nil
		}
	case "SYNC", "PSYNC":
		p.replica = !v.IsError()
	case "MONITOR":
		p.mode.Monitor = p.mode.Monitor || ok
	case "SELECT":
		if ok {
			p.mode.DB = c.arg
		}
	case "HELLO":
		if (v.Type == Map || v.Type == Array) && (c.arg == 2 || c.arg == 3) {
			p.mode.Version = c.arg
		}
	}
}

// cut gives the value in progress as far as it came, because of why.
func (p *Parser) cut(s *side, why string) {
	if !s.open {
		return
	}
	if len(s.leaves) == 0 {
		s.building = building{stack: s.stack[:0]}
		return
	}
	// The line that is being read is no part of it, nor are the notes about it.
	s.notes = slices.DeleteFunc(s.notes, func(n proto.Note) bool { return n.Offset > s.Buf.Start() })
	// What is complete of it is in its outermost aggregate, by way of the others.
	var v *Value
	switch {
	case len(s.stack) > 0:
		v = s.stack[0].v
		for i := range s.stack[1:] {
			s.stack[i].v.Elems = append(s.stack[i].v.Elems, s.stack[i+1].v)
		}
		if l := s.top(); s.bulk != nil && !l.parts {
			l.v.Elems = append(l.v.Elems, s.bulk)
		}
	case s.bulk != nil:
		v = s.bulk
	default:
		v = s.attrs
	}
	if s.Dir == wire.ClientToServer {
		m := p.message(s, proto.KindCommand, nil)
		m.EndedBy = why
		c := &Command{Args: v.Elems, Omitted: v.Omitted}
		c.Name = verb(c.Args)
		m.Value = c
		p.core.Emit(s.Stream, m, "a value followed")
		return
	}
	m := p.message(s, proto.KindReply, v)
	m.EndedBy = why
	if p.answered < p.asked && v.Type != Push {
		m.Exchange = p.answered + 1
	}
	m.Value = &Reply{Value: v, Mode: p.mode}
	p.core.Emit(s.Stream, m, "a value followed")
}
