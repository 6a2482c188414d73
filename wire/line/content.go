package line

import (
	"bytes"
	"fmt"
	"strings"

	"wiretape/wire/proto"
)

// content is the free text in progress. It ends with a line of one dot, or after
// so many octets.
type content struct {
	exchange int
	after    int
	answered bool  // the server has replied before the end
	counted  bool  // by left, not by a dot
	left     int64 // octets to come, if counted
	size     int64 // how many were announced

	begun bool
	m     proto.Message
	line  int64  // octets of the line in progress, dot not among them
	last  byte   // the last of them
	dot   []byte // the whole line in progress, while it may become that of one dot
	bare  bool   // the line before ended in a bare LF
	crlf  bool   // a line ended in CRLF
	bares int    // lines that ended in a bare LF
	long  bool   // a line was too long

	// doubtful: the last line is a dot, but with a bare LF before or behind it,
	// though other lines end in CRLF. If the server speaks now, it took that for
	// the end; if the client goes on, it is text.
	doubtful bool
}

// beginContent has the client's next octets read as content. It is an exchange
// of its own: the server answers it.
func (p *Parser) beginContent(after int) {
	p.asked++
	p.content = &content{exchange: p.asked, after: after}
	p.lmtp.content(p.asked)
}

// note adds a note about the octet at offset.
func (c *content) note(offset int64, text, rule string) {
	c.m.Notes = proto.AddNote(c.m.Notes, proto.Note{Offset: offset, Text: text, Rule: rule})
}

// readContent reads content as far as it goes, and reports whether it ended.
func (p *Parser) readContent(s *Side) (done bool) {
	c := p.content
	if !c.begun {
		c.begun = true
		notes := c.m.Notes
		c.m = p.core.Message(s, proto.KindContent)
		c.m.Value = &Content{After: c.after, Size: c.size}
		c.m.Exchange, c.m.Notes = c.exchange, notes
	}
	for s.Buf.Len() > 0 && !done {
		if c.counted {
			part := s.Buf.Next(int(min(c.left, int64(s.Buf.Len()))))
			c.left -= int64(len(part))
			p.contentText(part)
			done = c.left == 0
			p.core.Release(s)
			continue
		}
		part := s.Buf.Peek()
		if i := bytes.IndexByte(part, '\n'); i >= 0 {
			part = part[:i+1]
		}
		done = p.contentPart(s.Buf.Next(len(part)))
		p.core.Release(s)
	}
	if !done {
		return false
	}
	if c.counted {
		p.finishContent(fmt.Sprintf("BDAT %d reached", c.m.Body.Size))
	} else {
		p.finishContent("line of one dot")
	}
	return true
}

// contentPart takes a line, or a part of one without its end. It reports whether
// the content is over.
func (p *Parser) contentPart(part []byte) (done bool) {
	c := p.content
	if c.doubtful {
		c.doubtful = false
		c.note(c.end(), "line of one dot beside a bare LF does not end the content here; other servers may end it", p.dotRule)
		p.flushDot()
	}
	if c.line == 0 {
		// What may become the line of one dot is kept apart until it is known.
		switch maybe := string(c.dot) + string(part[:min(len(part), 4)]); {
		case maybe == ".\r\n" || maybe == ".\n":
			c.dot = append(c.dot, part...)
			return p.dotLine()
		case strings.HasPrefix(".\r\n", maybe):
			c.dot = append(c.dot, part...)
			return false
		}
		p.flushDot()
	}
	p.contentText(part)
	return false
}

// dotLine judges a line of one dot. RFC 5321, section 4.1.1.4: only CRLF "." CRLF
// ends the content. Where no line ends in CRLF at all, the client knows no other
// end; where some do, the reply tells what the server makes of it.
func (p *Parser) dotLine() (done bool) {
	c := p.content
	crlf := len(c.dot) == 3
	switch {
	case crlf && !c.bare:
		return true
	case !crlf && !c.crlf:
		c.note(c.end(), "content is ended by a dot and a bare LF", p.dotRule)
		return true
	}
	c.doubtful = true
	return false
}

// end returns the offset behind the octets of the body.
func (c *content) end() int64 { return c.m.Span.From + c.m.Body.Size }

// flushDot adds to the body what was kept apart.
func (p *Parser) flushDot() {
	dot := p.content.dot
	p.content.dot = nil
	p.contentText(dot)
}

// contentText adds octets to the body; a line end is the last of them, if any.
func (p *Parser) contentText(part []byte) {
	c := p.content
	if len(part) == 0 {
		return
	}
	c.m.Body.Keep(part, p.core.Limits.Body)
	if c.counted {
		return
	}
	n := len(part)
	if part[n-1] != '\n' {
		c.line += int64(n)
		c.last = part[n-1]
		return
	}
	if n > 1 {
		c.last = part[n-2]
	}
	c.bare = c.last != '\r'
	if c.bare {
		if c.bares == 0 {
			c.note(c.end()-1, "line of content ends in bare LF", p.contentEnd)
		}
		c.bares++
	} else {
		c.crlf = true
	}
	if most := p.contentMost; most > 0 && c.line+int64(n) > int64(most) && !c.long {
		c.long = true
		c.note(c.end()-c.line-int64(n), fmt.Sprintf("line of content longer than %d octets", most), p.contentsRule)
	}
	c.line, c.last = 0, 0
}

// finishContent gives the content, which is over because of why.
func (p *Parser) finishContent(why string) {
	c := p.content
	if c.doubtful {
		c.note(c.end(), "line of one dot beside a bare LF was taken for the end of the content", p.dotRule)
	}
	c.m.Complete = true
	p.giveContent(why)
}

// cutContent gives the content as far as it came.
func (p *Parser) cutContent(why string) {
	p.flushDot()
	p.giveContent(why)
}

func (p *Parser) giveContent(why string) {
	c := p.content
	p.content = nil
	if !c.begun {
		return
	}
	m := c.m
	m.EndedBy = why
	m.Span.To = c.end() + int64(len(c.dot))
	m.Tile(proto.LeafContent, c.end())
	m.Tile(proto.LeafEndMark, m.Span.To)
	p.core.Emit(&p.core.Sides[0], m)
}
