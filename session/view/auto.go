package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"wiretape/session/analyze"
	"wiretape/wire/cookie"
)

// Classic writes the classic block of an analysis: the site, whether it supports
// HTTP/2, its cookies, whether it is password-protected. The form is fixed:
// programs compare it. Cookies stand in wire order, as often as they were sent
// and whatever became of them; what a peer gave stands as it came, but escaped
// for terminals.
func Classic(w io.Writer, r *analyze.Report) error {
	_, err := w.Write(appendClassic(nil, r))
	return err
}

func appendClassic(b []byte, r *analyze.Report) []byte {
	b = fmt.Appendf(b, "website: %s\n", EscapeString(r.Website))
	b = fmt.Appendf(b, "1. Supports http2: %s\n", classicVerdict(r.HTTP2.Verdict))
	b = append(b, "2. List of Cookies:\n"...)
	for i := range r.Cookies {
		c := &r.Cookies[i]
		if c.Name == "" && c.Value == "" {
			continue // an empty Set-Cookie, which names none
		}
		b = append(b, "cookie name: "...)
		b = Escape(b, []byte(c.Name))
		if c.Expires != "" {
			b = append(b, ", expires time: "...)
			b = Escape(b, []byte(c.Expires))
		}
		if c.SentDomain != "" {
			b = append(b, ", domain name: "...)
			b = Escape(b, []byte(c.SentDomain))
		}
		b = append(b, '\n')
	}
	return fmt.Appendf(b, "3. Password-protected: %s\n", classicVerdict(r.Password.Verdict))
}

// classicVerdict has three words: what is broken does not support.
func classicVerdict(v analyze.Verdict) string {
	switch v {
	case analyze.Yes, analyze.Unknown:
		return string(v)
	}
	return string(analyze.No)
}

// reportWidth is for a report that goes to no screen, in cells.
const reportWidth = 80

// Report writes the classic block of an analysis and rows about what stands
// behind it. Rows end where the screen does, or after 80 cells where there is none.
func Report(w io.Writer, r *analyze.Report, s Style) error {
	if s.Width == 0 && s.Size == nil {
		s.Width = reportWidth
	}
	p := New(w, s)
	p.buf = appendClassic(p.buf, r)
	if r.Error != "" {
		p.rows(0, markWarn, string(r.Error))
	}
	for i, h := range r.Hops {
		text := fmt.Sprintf("hop %d: %d %s", i+1, h.Status, h.URL)
		if h.Location != "" {
			text += ", Location: " + string(h.Location)
		}
		if h.Soft != "" {
			text += ", leads to " + string(h.Soft) + " by itself"
		}
		if len(r.Probes) > 0 || h.Line > 0 {
			text += at(h.Conn, h.Line)
		}
		p.rows(0, markInfo, text)
	}
	if r.FinalURL != "" {
		p.rows(0, markInfo, "final URL: "+r.FinalURL)
	}
	p.rows(0, infoOr(r.HTTP2.Verdict == analyze.Broken), join("http2 "+string(r.HTTP2.Verdict), r.HTTP2.Evidence)+lineOf(r.HTTP2.Line))
	if r.HTTP2.H2C != "" {
		p.rows(0, markInfo, "h2c "+r.HTTP2.H2C)
	}
	if r.HTTP2.HTTP3 != "" {
		p.rows(0, markInfo, "http3 "+r.HTTP2.HTTP3)
	}
	p.autoTLS(r)
	for i := range r.Cookies {
		p.autoCookie(&r.Cookies[i])
	}
	text := "password-protected: " + string(r.Password.Verdict)
	if k := r.Password.Kind; k != string(r.Password.Verdict) {
		text += ", " + k
	}
	if r.Password.Confidence != "" {
		text += " (confidence " + r.Password.Confidence + ")"
	}
	if r.Password.Evidence != "" && r.Password.Kind != "http-auth" {
		text += ": " + r.Password.Evidence
	}
	p.rows(0, markInfo, text)
	for _, c := range r.Password.Challenges {
		p.rows(0, markInfo, fmt.Sprintf("challenge %s, realm %q", c.Scheme, string(c.Realm)))
	}
	if a := r.Auth; a != nil {
		text := "credentials: " + a.Evidence
		if a.Verdict == analyze.Yes {
			text = "credentials get through: " + a.Evidence
		} else if a.Scheme != "" && a.Verdict == analyze.No {
			text = "credentials do not get through: " + a.Evidence
		}
		if a.Scheme != "" {
			text += " (" + a.Scheme + ")" + at(a.Conn, a.Line)
		}
		p.rows(0, infoOr(a.Verdict == analyze.No), text)
	}
	p.full(r)
	for _, warning := range r.Warnings {
		if warning != r.TLS.Fault() || r.HTTPS == "" { // which the row about https tells
			p.rows(0, markWarn, warning)
		}
	}
	if t := r.Timing; t.Total > 0 {
		took := "took " + span(seconds(t.Total))
		if t.FirstByte > 0 {
			took += "; first byte after " + span(seconds(t.FirstByte))
		}
		p.rows(0, markInfo, took)
	}
	p.flush()
	return p.err
}

// seconds returns a duration as the report has it.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func infoOr(warn bool) mark {
	if warn {
		return markWarn
	}
	return markInfo
}

// autoTLS appends the rows about https.
func (p *Printer) autoTLS(r *analyze.Report) {
	if r.HTTPS != "" {
		p.rows(0, infoOr(r.TLS.Fault() != ""), "https "+r.HTTPS)
	}
	if t := r.TLS; t != nil && t.Version != "" {
		text := "tls " + t.Version
		if t.Cipher != "" {
			text += ", " + t.Cipher
		}
		if t.NotAfter != "" {
			text += ", certificate"
			if t.Fault() == "" || r.HTTPS == "" {
				text += " " + t.Verify
			}
			text += " (" + t.Subject + ", until " + t.NotAfter + ")"
		}
		p.rows(0, infoOr(t.Fault() != ""), text+lineOf(t.Line))
	}
	if h := r.HSTS; h != nil {
		text := fmt.Sprintf("hsts max-age %d s", h.MaxAge)
		if h.IncludeSubDomains {
			text += ", with subdomains"
		}
		if h.Ignored != "" {
			text += ", ignored: " + h.Ignored
		}
		p.rows(0, markInfo, text)
	}
}

// autoCookie appends the row of a cookie's verdict.
func (p *Printer) autoCookie(c *analyze.Cookie) {
	text := fmt.Sprintf("cookie %s of hop %d: %s", cookieLabel(&c.Object), c.Hop, c.Verdict)
	if c.Verdict == "store" {
		scope, life := string(c.Domain)+" and below", "until the session ends"
		if c.HostOnly {
			scope = "its host alone"
		}
		if c.EffectiveExpires != "" {
			life = "until " + c.EffectiveExpires
		}
		text += ", for " + scope + ", path " + string(c.Path) + ", " + life
	}
	if c.Reason != "" {
		text += ": " + c.Reason
	}
	if c.Rule != "" {
		text += " (" + c.Rule + ")"
	}
	switch {
	case c.Replaced && c.Verdict == "expire":
		text += "; it deletes one that was stored"
	case c.Replaced:
		text += "; it replaces one that was stored"
	}
	text = strings.Join(append([]string{text}, c.Notes...), "; ")
	p.rows(0, infoOr(c.Verdict == "reject"), text)
}

// cookieLabel returns what a cookie is called: its name, or =value if it has
// none.
func cookieLabel(c *cookie.Object) string {
	if c.Name == "" {
		return "=" + string(c.Value)
	}
	return string(c.Name)
}

// ReportJSON appends a report, of an analysis or of a replay, as one JSON object
// on one line, without a line feed. Within strings, what a terminal would obey or
// not show is escaped.
func ReportJSON(dst []byte, r any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return dst, fmt.Errorf("write the report as JSON: %w", err)
	}
	for rest := bytes.TrimSuffix(b.Bytes(), []byte("\n")); len(rest) > 0; {
		c, n := utf8.DecodeRune(rest)
		switch {
		case c == 0x7f || c >= utf8.RuneSelf && invisible(c):
			dst = appendJSONRune(dst, c)
		default:
			dst = append(dst, rest[:n]...)
		}
		rest = rest[n:]
	}
	return dst, nil
}
