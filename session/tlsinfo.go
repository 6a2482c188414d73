package session

import (
	"crypto/tls"
	"fmt"
	"strings"

	"wiretape/session/view"
	"wiretape/wire"
)

// tlsInfo is .tls info: what the handshake came to, and the certificates.
func (d *dialogue) tlsInfo() error {
	t := d.secure()
	if t == nil && d.s.refused == nil {
		return failure(StatusUsage, ".tls info: no handshake was made on this connection: .tls begins one")
	}
	var b strings.Builder
	if t == nil {
		t = d.s.refused
		b.WriteString("refused\n")
	}
	b.WriteString(tlsFacts(t))
	d.s.view.Info(strings.TrimSuffix(b.String(), "\n"))
	if len(t.Certificates) > 0 {
		d.s.view.Chain(t, d.s.moment())
	}
	return nil
}

// tlsFacts returns what was agreed, a line for each.
func tlsFacts(t *wire.TLS) string {
	var b strings.Builder
	row := func(name, value string) { fmt.Fprintf(&b, "%-11s %s\n", name, value) }
	row("version", t.VersionName())
	row("suite", tls.CipherSuiteName(t.CipherSuite))
	if t.Group != 0 {
		row("group", t.Group.String())
	}
	alpn := selectedALPN(t)
	if len(t.Offered) > 0 {
		alpn += " (of " + strings.Join(t.Offered, ", ") + ")"
	}
	row("alpn", alpn)
	if t.ServerName == "" {
		row("server name", "none sent")
	} else {
		row("server name", view.EscapeString(t.ServerName))
	}
	row("session", map[bool]string{true: "resumed", false: "new"}[t.Resumed])
	if t.Verify != "" {
		row("certificate", view.EscapeString(t.Verify))
	}
	if t.Asked {
		row("asked", "the server asked for a client certificate")
	}
	row("ocsp", map[bool]string{true: "a response was stapled; nobody has verified it", false: "no response was stapled"}[t.OCSP])
	if t.SCTs > 0 {
		row("scts", count(t.SCTs, "timestamp")+" in the handshake")
	}
	row("took", view.Duration(t.Took))
	return b.String()
}
