package analyze

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"

	"wiretape/wire/content"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// Limits of what is looked at in a page.
const (
	maxTokens = 1 << 15
	maxForms  = 64
	maxDepth  = 64
	maxText   = 512 // of a title
)

// A document is what the page of a response tells, and its Refresh field.
type document struct {
	html      bool
	cut       bool   // the document goes on behind what was kept
	soft      string // where it leads by itself; "" for nowhere
	softBy    string // "a Refresh field" or "a meta element"
	setCookie bool   // a meta element stands for a Set-Cookie field
	title     string
	forms     []form // that have a password in them
	frames    bool   // another document stands within it
	scripts   int
	text      bool // there is text to read, outside of scripts
	challenge bool // it asks whether a person is there
}

// A form is one in which a password is asked for.
type form struct {
	action  string // as written
	current bool   // autocomplete says that it is a password that there is already
	user    bool   // a name is asked for as well
	stray   bool   // the field stands outside of any form
}

// readPage reads what was kept of a response's body. Content codings are undone.
func readPage(r *http1.Response, m *proto.Message) document {
	var p document
	if to, ok := refreshTo(string(r.Fields.Get("Refresh"))); ok {
		p.soft, p.softBy = to, "a Refresh field"
	}
	if len(m.Body.Data) == 0 {
		return p
	}
	t, _ := content.ParseMediaType(r.Fields.Get("Content-Type"))
	if t.Name != "" && t.Name != "text/html" && t.Name != "application/xhtml+xml" {
		return p
	}
	b := content.Read(r.Fields, m.Body.Data, m.Complete && !m.Body.Cut, content.Limits{Size: 4 * keepBody})
	data := b.Data
	if b.Text.Charset != "" {
		data = b.Text.Data
	}
	if t.Name == "" && !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n\ufeff"), []byte("<")) {
		return p
	}
	p.html, p.cut = true, m.Body.Cut || b.Cut
	p.read(data)
	return p
}

// hidden are elements whose content is no part of the document that is shown:
// noscript among them, as browsers that run scripts read it.
var hidden = map[string]bool{"template": true, "noscript": true, "script": true, "style": true, "svg": true}

// read reads a document token by token: a tree would cost more than it tells.
func (p *document) read(data []byte) {
	z := html.NewTokenizer(bytes.NewReader(data))
	z.SetMaxBuf(256 << 10)
	var hide []string // open elements that hide, outermost first
	var current *form
	var fields []input
	inTitle := false
	end := func() {
		if current == nil {
			current = &form{stray: true}
		}
		p.form(*current, fields)
		current, fields = nil, nil
	}
	for range maxTokens {
		tt := z.Next()
		switch tt {
		case html.ErrorToken:
			end()
			return
		case html.TextToken:
			p.words(z.Text(), inTitle, len(hide) > 0)
		case html.EndTagToken:
			name, _ := z.TagName()
			switch tag := string(name); {
			case len(hide) > 0 && hide[len(hide)-1] == tag:
				hide = hide[:len(hide)-1]
			case tag == "form" && len(hide) == 0:
				end()
			case tag == "title":
				inTitle = false
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			attr := attributes(t)
			if t.Data == "script" {
				p.scripts++
				p.words([]byte(attr["src"]), false, true)
			}
			if hidden[t.Data] && tt == html.StartTagToken {
				if len(hide) < maxDepth {
					hide = append(hide, t.Data)
				}
				continue
			}
			if len(hide) > 0 {
				continue
			}
			switch t.Data {
			case "title":
				inTitle = tt == html.StartTagToken
			case "iframe", "frame":
				p.frames = true
			case "meta":
				p.meta(attr)
			case "form":
				if current == nil { // one within another is not opened
					end()
					current = &form{action: attr["action"]}
				}
			case "input":
				if len(fields) < maxForms {
					fields = append(fields, input{
						kind: strings.ToLower(strings.TrimSpace(attr["type"])), name: strings.ToLower(attr["name"]),
						auto: strings.ToLower(attr["autocomplete"]), hidden: invisibleInput(attr),
					})
				}
			}
		}
	}
	end()
	p.cut = true
}

// An input is a field of a form.
type input struct {
	kind, name, auto string
	hidden           bool
}

// attributes returns the first of each name, as browsers take them.
func attributes(t html.Token) map[string]string {
	m := make(map[string]string, len(t.Attr))
	for _, a := range t.Attr {
		if _, ok := m[a.Key]; !ok {
			m[a.Key] = a.Val
		}
	}
	return m
}

// invisibleInput reports whether a field is not for people to see, as far as it
// says so itself.
func invisibleInput(attr map[string]string) bool {
	if _, ok := attr["hidden"]; ok {
		return true
	}
	if _, ok := attr["disabled"]; ok {
		return true
	}
	style := strings.ToLower(strings.Join(strings.Fields(attr["style"]), ""))
	return strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
}

// form keeps a form in which a password is asked for.
func (p *document) form(f form, fields []input) {
	password := false
	for _, i := range fields {
		switch {
		case i.hidden:
		case i.kind == "password":
			password = true
			f.current = f.current || strings.Contains(i.auto, "current-password")
		case i.kind == "" || i.kind == "text" || i.kind == "email" || i.kind == "tel":
			f.user = true
		}
	}
	if password && len(p.forms) < maxForms {
		p.forms = append(p.forms, f)
	}
}

// meta reads a meta element.
func (p *document) meta(attr map[string]string) {
	switch strings.ToLower(strings.TrimSpace(attr["http-equiv"])) {
	case "refresh":
		if to, ok := refreshTo(attr["content"]); ok && p.soft == "" {
			p.soft, p.softBy = to, "a meta element"
		}
	case "set-cookie":
		p.setCookie = true
	}
}

// words looks at text.
func (p *document) words(text []byte, title, hidden bool) {
	if title {
		if room := maxText - len(p.title); room > 0 {
			p.title += string(text[:min(room, len(text))])
		}
		return
	}
	lower := bytes.ToLower(text)
	for _, s := range challengeWords {
		p.challenge = p.challenge || bytes.Contains(lower, []byte(s))
	}
	p.text = p.text || !hidden && len(bytes.TrimSpace(text)) > 0
}

// challengeWords are of pages that ask whether a person is there, in lower case.
var challengeWords = []string{"cf-chl-", "challenge-platform", "checking your browser", "verify you are human", "verifying you are human", "g-recaptcha", "h-captcha", "datadome", "_incapsula_resource", "px-captcha"}

// refreshTo reads a Refresh value as browsers do (HTML, "shared declarative refresh
// steps"): seconds, then perhaps where to. It reports whether it leads anywhere.
func refreshTo(s string) (string, bool) {
	s = strings.TrimLeft(s, " \t\r\n\f")
	digits := len(s) - len(strings.TrimLeft(s, "0123456789."))
	if digits == 0 || digits == len(s) {
		return "", false
	}
	s = s[digits:]
	if !strings.ContainsAny(s[:1], ";, \t\r\n\f") {
		return "", false
	}
	s = strings.TrimLeft(s, " \t\r\n\f")
	s = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(s, ";"), ","), " \t\r\n\f")
	if len(s) >= 3 && strings.EqualFold(s[:3], "url") {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(s[3:], " \t\r\n\f"), "="); ok {
			s = strings.TrimLeft(rest, " \t\r\n\f")
		}
	}
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		s, _, _ = strings.Cut(s[1:], s[:1])
	}
	s = strings.TrimSpace(s)
	return s, s != ""
}
