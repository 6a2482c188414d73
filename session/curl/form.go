package curl

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// A part is one of a multipart body.
type part struct {
	name, filename, kind string // a filename and a Content-Type, "" for none
	fields               []string
	content              []byte
}

// guessed are the Content-Types that curl gives files by the ends of their names.
var guessed = map[string]string{
	".gif": "image/gif", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".svg": "image/svg+xml",
	".txt": "text/plain", ".htm": "text/html", ".html": "text/html", ".pdf": "application/pdf", ".xml": "application/xml",
}

// form takes -F: "NAME=TEXT", "NAME=@FILE" with the file's name or "NAME=<FILE"
// without it; behind them may stand ";type=…", ";filename=…" and ";headers=…".
func (p *parser) form(v string) error {
	name, value, ok := strings.Cut(v, "=")
	if !ok {
		return errors.New("want NAME=TEXT, NAME=@FILE or NAME=<FILE")
	}
	f := part{name: name}
	sign := ""
	if value != "" && (value[0] == '@' || value[0] == '<') {
		sign, value = value[:1], value[1:]
	}
	text, rest := formWord(value)
	for typed := false; rest != ""; {
		param, value := strings.TrimLeft(rest[1:], " "), ""
		i := strings.IndexAny(param, "=;")
		if i < 0 {
			i = len(param)
		}
		key := param[:i]
		if rest = param[i:]; strings.HasPrefix(rest, "=") {
			value, rest = formWord(rest[1:])
		}
		switch {
		case key == "type":
			f.kind, typed = value, true
			continue
		case key == "filename":
			f.filename = value
		case key == "headers":
			f.fields = append(f.fields, value)
		case typed: // a parameter of the type
			f.kind += "; " + strings.TrimSuffix(param, rest)
			continue
		default:
			p.note("-F %s: ;%s is not known: left out", name, strings.TrimSuffix(param, rest))
		}
		typed = false
	}
	switch {
	case breaksField(f.kind + strings.Join(f.fields, "")):
		return errors.New("a field of the part has a line end or NUL in it")
	case sign == "":
		f.content = []byte(text)
	default:
		var err error
		if f.content, err = p.read(text); err != nil {
			return err
		}
		if base := filepath.Base(text); sign == "@" && f.filename == "" {
			f.filename = base
		}
		if f.kind == "" && f.filename != "" {
			if f.kind = guessed[strings.ToLower(filepath.Ext(f.filename))]; f.kind == "" {
				f.kind = "application/octet-stream"
			}
		}
	}
	p.parts = append(p.parts, f)
	return nil
}

// formString takes --form-string: "NAME=TEXT", whatever the text looks like.
func (p *parser) formString(v string) error {
	name, value, ok := strings.Cut(v, "=")
	if !ok {
		return errors.New("want NAME=TEXT")
	}
	p.parts = append(p.parts, part{name: name, content: []byte(value)})
	return nil
}

// formWord cuts what ends at a ";", unless quotes stand around it.
func formWord(s string) (word, rest string) {
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
				i++
			case s[i] == '"':
				_, rest, found := strings.Cut(s[i+1:], ";")
				if found {
					rest = ";" + rest
				}
				return b.String(), rest
			}
			b.WriteByte(s[i])
		}
	}
	if i := strings.IndexByte(s, ';'); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// multipart makes the body of the parts (RFC 7578). Its boundary follows from what
// they hold, so that the same command line gives the same octets.
func (p *parser) multipart() {
	var b []byte
	h := sha256.New()
	for _, f := range p.parts {
		fmt.Fprintf(h, "%q", f)
	}
	boundary := fmt.Sprintf("------------------------%x", h.Sum(nil)[:8])
	escape := strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A") // WHATWG HTML, section 4.10.21.8
	for _, f := range p.parts {
		b = fmt.Appendf(b, "--%s\r\nContent-Disposition: form-data; name=\"%s\"", boundary, escape.Replace(f.name))
		if f.filename != "" {
			b = fmt.Appendf(b, "; filename=\"%s\"", escape.Replace(f.filename))
		}
		if f.kind != "" {
			b = fmt.Appendf(b, "\r\nContent-Type: %s", f.kind)
		}
		for _, field := range f.fields {
			b = fmt.Appendf(b, "\r\n%s", field)
		}
		b = fmt.Appendf(b, "\r\n\r\n%s\r\n", f.content)
	}
	p.r.Body = fmt.Appendf(b, "--%s--\r\n", boundary)
	if i := slices.IndexFunc(p.r.Fields, named("Content-Type")); i >= 0 {
		if own := p.r.Fields[i][1]; strings.HasPrefix(own, "multipart/") && !strings.Contains(own, "boundary=") {
			p.r.Fields[i][1] = own + "; boundary=" + boundary
		}
		return
	}
	p.usual("Content-Type", "multipart/form-data; boundary="+boundary)
}
