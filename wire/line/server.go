package line

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// reply is the reply in progress. Its octets are the held ones of the buffer.
type reply struct {
	code  int // of the first line; 0 for no reply in progress
	lines []textLine
	notes []proto.Note
}

// textLine is a line within the held octets.
type textLine struct {
	text, end, next int // indexes: of the text, behind it, of the next line
}

// readServer reads as many replies as there are.
func (p *Parser) readServer(s *Side) {
	for s.Buf.Len() > 0 {
		if p.content != nil && p.content.doubtful {
			p.finishContent("line of one dot, and the server's reply")
		}
		if p.text != nil {
			if !p.readText(s) {
				return
			}
			continue
		}
		if !p.core.Lines(s, p.reply.code == 0) {
			return
		}
		from := len(s.Buf.Held())
		line, eol, ok, long := s.Buf.Line(p.core.Limits.Line)
		switch {
		case !ok && !long:
			return
		case !ok:
			p.cutReply(s, fmt.Sprintf("a line longer than %d octets", p.core.Limits.Line))
			p.core.RawLine(s, &proto.Note{Offset: s.Buf.Offset(), Text: fmt.Sprintf("line longer than %d octets", p.core.Limits.Line)})
		default:
			p.replyLine(s, from, len(line), eol)
		}
	}
}

// replyLine takes the line at an index of the held octets.
func (p *Parser) replyLine(s *Side, from, n int, eol proto.EOL) {
	held := s.Buf.Held()
	line := held[from : from+n]
	offset := s.Buf.Start() + int64(from)
	code, sep := replyCode(line)
	first := p.reply.code == 0
	if first {
		if code == 0 {
			p.core.RawBytes(s, 0, &proto.Note{Offset: offset, Text: "line does not begin with a three-digit code", Rule: p.codeRule})
			return
		}
		p.reply.code = code
		if n := p.core.AfterTLS(s, p.tlsRule); n != nil {
			p.reply.notes = append(p.reply.notes, *n)
		}
	}
	if eol == proto.EOLLF {
		p.noteReply(offset+int64(n), "reply line ends in bare LF", p.replyEnd)
	}
	if p.replyMost > 0 && n+2 > p.replyMost {
		p.noteReply(offset, fmt.Sprintf("reply line longer than %d octets", p.replyMost), p.replyMostRule)
	}
	text, final := from, false
	switch {
	case p.freeWithin && !first:
		// RFC 959, section 4.2: the last line begins with the same code and a
		// space; lines between may begin with anything.
		final = code == p.reply.code && sep != '-'
		if code == p.reply.code {
			text = from + min(n, 4)
		}
	case code == 0:
		p.noteReply(offset, "line within a reply does not begin with its code", p.withinRule)
	default:
		// RFC 5321, section 4.2.1: a hyphen on every line but the last, the
		// same code on all.
		final = sep != '-'
		text = from + min(n, 4)
		if code != p.reply.code {
			p.noteReply(offset, fmt.Sprintf("code %d within a reply that began with %d", code, p.reply.code), p.withinRule)
		}
	}
	p.reply.lines = append(p.reply.lines, textLine{text, from + n, len(held)})
	if final {
		p.finishReply(s, code)
	} else if len(held) > p.core.Limits.Head || len(p.reply.lines) >= maxReplyLines {
		p.cutReply(s, fmt.Sprintf("longer than %d octets or %d lines", p.core.Limits.Head, maxReplyLines))
	}
}

// maxReplyLines bounds a reply as Limits.Head does, for lines that are short.
const maxReplyLines = 1 << 14

func (p *Parser) noteReply(offset int64, text, rule string) {
	p.reply.notes = proto.AddNote(p.reply.notes, proto.Note{Offset: offset, Text: text, Rule: rule})
}

// replyCode returns the code that a line begins with and the octet behind it,
// a space where the line ends there. The code is 0 if there is none.
func replyCode(line []byte) (code int, sep byte) {
	if len(line) < 3 || line[0] < '1' || line[0] > '5' {
		return 0, 0
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, 0
		}
		code = code*10 + int(c-'0')
	}
	if len(line) == 3 {
		return code, ' '
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, 0
	}
	return code, line[3]
}

// finishReply gives the reply in progress, whose last line has code, and matches
// it.
func (p *Parser) finishReply(s *Side, code int) {
	m := p.replyMessage(s, code)
	m.Complete, m.EndedBy = true, strconv.Itoa(code)+" final line"
	exchange := p.match(code)
	m.Exchange = exchange
	if exchange == 0 && p.greeted {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "reply to no command"})
	}
	if p.hasText(exchange, code) {
		p.text = NewText(&p.core, s, m, p.textRule)
		return
	}
	p.settle(s, m, code)
}

// settle gives a reply that is complete.
func (p *Parser) settle(s *Side, m proto.Message, code int) {
	p.core.Emit(s, m)
	preliminary := code < 200 && p.preliminary
	if m.Exchange == 0 {
		p.greeted = p.greeted || !preliminary
		return
	}
	p.ended = m.EndedBy
	if preliminary || p.lmtp.reply(m.Exchange, code) {
		return
	}
	for len(p.lists) > 0 && p.lists[0] <= m.Exchange {
		p.lists = p.lists[1:]
	}
	p.answered++
	p.settled++
	p.decide(m.Exchange, code)
}

// hasText reports whether text follows a reply, up to a line of one dot.
func (p *Parser) hasText(exchange, code int) bool {
	return exchange != 0 && (slices.Contains(p.texts, code) || code == 211 && slices.Contains(p.lists, exchange))
}

// readText reads what follows a reply, and reports whether it ended.
func (p *Parser) readText(s *Side) (done bool) {
	if done = p.text.Read(s); done {
		m := p.text.Message()
		p.text = nil
		p.settle(s, m, m.Value.(*Reply).Code)
	}
	return done
}

// cutText gives a reply with what came of its text.
func (p *Parser) cutText(s *Side, why string) {
	m := p.text.Message()
	m.EndedBy = why
	p.text = nil
	p.core.Emit(s, m)
}

// match returns the exchange that a reply belongs to, 0 for none.
func (p *Parser) match(code int) int {
	if !p.greeted {
		// The greeting may come after commands that did not wait for it. Any
		// other code says that the recording began without it.
		if slices.Contains(p.greetings, code) || p.answered == p.asked {
			return 0
		}
		p.greeted = true
	}
	if p.answered == p.asked {
		return 0
	}
	return p.answered + 1
}

// decide takes the final reply to an exchange on which it hangs how the client's
// bytes read on.
func (p *Parser) decide(exchange, code int) {
	client := &p.core.Sides[0]
	p.core.AnswerTLS(exchange, code/100 == 2 || code == p.tlsCode)
	if c := p.content; c != nil && exchange == c.exchange {
		c.answered = true
	}
	switch {
	case p.answered != p.asked:
		// More was sent ahead and is read already.
	case slices.Contains(p.asks, code):
		p.beginContent(code)
	case code == p.answer && exchange == p.hold && p.verb == p.answerVerb:
		p.after = code // the next line is the answer to a challenge
	}
	if exchange == p.hold {
		p.hold = 0
	}
	// What is read here was held since before the server spoke.
	p.readClient(client)
	if client.Ended && p.hold == 0 {
		p.core.FlushSide((*reader)(p), client, proto.Ending(wire.KindEOF))
	}
}

// cutReply gives the reply in progress as far as it came. The octets of a line
// that is not whole are no part of it.
func (p *Parser) cutReply(s *Side, why string) {
	if p.reply.code == 0 {
		return
	}
	m := p.replyMessage(s, p.reply.code)
	m.EndedBy = why
	m.Exchange = p.match(p.reply.code)
	p.core.Emit(s, m)
}

// replyMessage makes a Message of the reply in progress and forgets it.
func (p *Parser) replyMessage(s *Side, code int) proto.Message {
	m := p.core.Message(s, proto.KindReply)
	m.Head = bytes.Clone(s.Buf.Held())
	m.Notes = p.reply.notes
	r := &Reply{Code: code, Lines: make([][]byte, len(p.reply.lines))}
	if l := p.reply.lines; len(l) > 0 && p.enhanced {
		r.Enhanced = enhancedCode(m.Head[l[0].text:l[0].end])
	}
	if r.Enhanced != "" && int(r.Enhanced[0]-'0') != code/100 {
		m.Notes = proto.AddNote(m.Notes, proto.Note{Offset: m.Span.From, Text: "code " + strconv.Itoa(code) + " with the enhanced status code " + r.Enhanced + ", of another class", Rule: "RFC 2034 4"})
	}
	m.Value = r
	m.Leaves = make([]proto.Leaf, 0, len(p.reply.lines))
	for i, l := range p.reply.lines {
		r.Lines[i] = m.Head[l.text:l.end:l.end]
		m.Tile(proto.LeafReplyLine, m.Span.From+int64(l.next))
	}
	p.reply = reply{lines: p.reply.lines[:0]}
	return m
}

// flushServer ends what the server has in progress, because of why.
func (p *Parser) flushServer(s *Side, why string) {
	if p.text != nil {
		p.cutText(s, why)
		return
	}
	p.cutReply(s, why)
}
