package expr

import (
	"fmt"
	"regexp"
	"unicode/utf8"
)

// Parse reads an expression. Its error is a *[SyntaxError].
func Parse(text string) (*Expr, error) {
	if len(text) > maxText {
		return nil, &SyntaxError{Text: text, Col: 1, Why: fmt.Sprintf("%d octets long, at most %d are taken", len(text), maxText)}
	}
	p := parser{text: text}
	if err := p.next(); err != nil {
		return nil, err
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.fail("%s where the expression could end: && or || joins two", p.tok.shown())
	}
	return &Expr{text: text, root: root}, nil
}

// A parser goes through a text, one token ahead.
type parser struct {
	text  string
	at    int   // behind tok
	tok   token // not yet taken
	end   int   // of the token taken last
	depth int
}

// fail is an error at the token in hand.
func (p *parser) fail(format string, args ...any) error { return p.failAt(p.tok.at, format, args...) }

func (p *parser) failAt(at int, format string, args ...any) error {
	return &SyntaxError{Text: p.text, Col: column(p.text, at), Why: fmt.Sprintf(format, args...)}
}

// column counts characters up to an octet, from 1.
func column(text string, at int) int { return utf8.RuneCountInString(text[:at]) + 1 }

func (p *parser) or() (node, error) {
	left, err := p.and()
	for err == nil && p.tok.is("||") {
		left, err = p.join(left, false, p.and)
	}
	return left, err
}

func (p *parser) and() (node, error) {
	left, err := p.not()
	for err == nil && p.tok.is("&&") {
		left, err = p.join(left, true, p.not)
	}
	return left, err
}

func (p *parser) join(left node, and bool, operand func() (node, error)) (node, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	right, err := operand()
	return &join{and: and, left: left, right: right}, err
}

// not reads a negation, a group or a comparison.
func (p *parser) not() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail("more than %d parentheses and ! within each other", maxDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.tok.is("!"):
		if err := p.next(); err != nil {
			return nil, err
		}
		x, err := p.not()
		return &not{x}, err
	case p.tok.is("("):
		open := p.tok.at
		if err := p.next(); err != nil {
			return nil, err
		}
		x, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.tok.is(")") {
			return nil, p.fail("%s where the ( of column %d wants its )", p.tok.shown(), column(p.text, open))
		}
		return x, p.next()
	}
	return p.comparison()
}

// comparison reads a value, alone or compared with another.
func (p *parser) comparison() (node, error) {
	at := p.tok.at
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	c := &comparison{left: left, col: column(p.text, at)}
	if p.tok.kind != tokCompare {
		if left.path == nil && !isBool(left.value) {
			return nil, p.failAt(at, "%s alone says nothing: compare it", p.text[at:p.end])
		}
		c.text = p.text[at:p.end]
		return c, nil
	}
	c.op = p.tok.text
	if err := p.next(); err != nil {
		return nil, err
	}
	if c.op == "=~" || c.op == "!~" {
		err = p.pattern(c)
	} else {
		c.right, err = p.operand()
	}
	if err != nil {
		return nil, err
	}
	if p.tok.kind == tokCompare {
		return nil, p.fail("one comparison at a time: && joins two")
	}
	c.text = p.text[at:p.end]
	return c, nil
}

func isBool(v any) bool { _, ok := v.(bool); return ok }

// pattern reads the regular expression of =~ and !~.
func (p *parser) pattern(c *comparison) (err error) {
	if p.tok.kind != tokText {
		return p.fail("%s wants a regular expression in quotes, not %s", c.op, p.tok.shown())
	}
	if c.re, err = regexp.Compile(p.tok.raw()); err != nil {
		return p.fail("%v", err)
	}
	return p.next()
}

// operand reads a literal or a path.
func (p *parser) operand() (operand, error) {
	t := p.tok
	switch t.kind {
	case tokText, tokNumber:
		return operand{value: t.value}, p.next()
	case tokName:
		switch t.text {
		case "true", "false":
			return operand{value: t.text == "true"}, p.next()
		case "null":
			return operand{}, p.next()
		}
		return p.path()
	}
	return operand{}, p.fail("%s where a name or a value is due", t.shown())
}

// path reads a name and what leads on from it.
func (p *parser) path() (operand, error) {
	o := operand{path: []part{{name: p.tok.text}}}
	if err := p.next(); err != nil {
		return o, err
	}
	for p.tok.is(".") || p.tok.is("[") {
		if p.tok.at != p.end {
			return o, p.fail("a blank within a name")
		}
		dot := p.tok.is(".")
		if err := p.step(dot); err != nil {
			return o, err
		}
		if dot && p.tok.at != p.end {
			return o, p.fail("a blank within a name")
		}
		switch {
		case p.tok.kind == tokText:
			o.path = append(o.path, part{name: p.tok.value.(string)})
		case dot && p.tok.kind == tokName:
			o.path = append(o.path, part{name: p.tok.text})
		case !dot && p.tok.kind == tokNumber && isIndex(p.tok.value):
			o.path = append(o.path, part{index: int(p.tok.value.(float64)), indexed: true})
		case dot:
			return o, p.fail("%s where a name is due", p.tok.shown())
		default:
			return o, p.fail("%s where an index or a name in quotes is due", p.tok.shown())
		}
		if err := p.next(); err != nil {
			return o, err
		}
		if dot {
			continue
		}
		if !p.tok.is("]") {
			return o, p.fail("%s where ] is due", p.tok.shown())
		}
		if err := p.next(); err != nil {
			return o, err
		}
	}
	return o, nil
}

// step goes past a dot or a bracket. Behind a dot a name may begin with a digit,
// and be true.
func (p *parser) step(dot bool) error {
	if dot && p.at < len(p.text) && isNameByte(p.text[p.at]) {
		from := p.at
		p.end = from
		p.tok = token{kind: tokName, at: from, text: nameAt(p.text[from:])}
		p.at += len(p.tok.text)
		return nil
	}
	return p.next()
}

func isIndex(v any) bool {
	f := v.(float64)
	return f == float64(int32(f))
}
