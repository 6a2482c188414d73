package match

import (
	"slices"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
	"wiretape/wire/ssh"
	"wiretape/wire/telnet"
)

// Secure returns the facts of the handshake with which the connection began, nil
// where bytes in the clear came first or no TLS is on the tape.
func (c *Conv) Secure() *wire.TLS {
	if len(c.Items) > 0 && c.Items[0].Event.Kind == wire.KindSecure {
		return c.Items[0].Event.TLS
	}
	return nil
}

// Spoken returns the name of the protocol in which the connection began, "" for
// one without bytes. It is a name that detection knows.
func (c *Conv) Spoken() string {
	for i := range c.Items {
		if m := c.Items[i].Message; m != nil {
			return m.Proto
		}
	}
	return ""
}

// HTTP2 reports whether the connection began as HTTP/2. Its frames are cut, coded
// and numbered anew each time, so that its items are what they amount to.
func (c *Conv) HTTP2() bool { return c.http2 }

// beganHTTP2 is HTTP2 as long as the items are frames. A connection on which
// nothing was said, as browsers open them ahead, is what was agreed on.
func (c *Conv) beganHTTP2() bool {
	for i := range c.Items {
		if m := c.Items[i].Message; m != nil {
			return m.Kind != proto.KindRaw && detect.Canonical(m.Proto) == detect.HTTP2
		}
	}
	return c.Secure() != nil && c.Secure().ALPN == "h2"
}

// IsRaw reports whether a message is bytes that no protocol frames: raw ones, and
// those that only the other side's turn ended, such as a prompt over Telnet.
func (m *Message) IsRaw() bool {
	switch v := m.Value.(type) {
	case *telnet.Text:
		return !v.Line
	case ssh.Encrypted:
		return true
	}
	return m.Kind == proto.KindRaw
}

// Merge returns a tape of the conversations of several, one tape after the
// other, by the rules of all of them. A nil or single list is no merge.
func Merge(tapes ...*Tape) *Tape {
	if len(tapes) == 1 {
		return tapes[0]
	}
	var t Tape
	base := 0
	for i, from := range tapes {
		if i == 0 {
			t.Name, t.Rules = from.Name, from.Rules
		} else {
			t.Rules.join(from.Rules)
		}
		if t.Cut == nil {
			t.Cut = from.Cut
		}
		last := base
		for _, c := range from.Convs {
			moved := *c
			moved.Begin += base
			moved.End += base
			last = max(last, moved.End)
			moved.Items = slices.Clone(c.Items)
			for k := range moved.Items {
				moved.Items[k].Begin += base
				moved.Items[k].End += base
			}
			t.Convs = append(t.Convs, &moved)
		}
		base = last
	}
	return &t
}

// join adds the rules of another tape. How single connections read was decided
// when the tapes were read.
func (r *Rules) join(o Rules) {
	r.HeadersExact = r.HeadersExact || o.HeadersExact
	r.TailAny = r.TailAny || o.TailAny
	r.OrderAny = r.OrderAny || o.OrderAny
	r.RequireTLS = r.RequireTLS || o.RequireTLS
	r.RequireALPN = r.RequireALPN || o.RequireALPN
	r.RequireVerify = r.RequireVerify || o.RequireVerify
	r.RequireTiming = r.RequireTiming || o.RequireTiming
	r.RewriteHost = r.RewriteHost || o.RewriteHost
	if r.Body == BodyByType {
		r.Body = o.Body
	}
	r.IgnoreHeader = slices.Concat(r.IgnoreHeader, o.IgnoreHeader)
	r.IgnoreJSON = slices.Concat(r.IgnoreJSON, o.IgnoreJSON)
	r.IgnoreLine = slices.Concat(r.IgnoreLine, o.IgnoreLine)
	for name, id := range o.Secrets {
		set(&r.Secrets, name, id)
	}
	for name, id := range o.SecretFields {
		set(&r.SecretFields, name, id)
	}
}
