package replay

import (
	"bytes"
	"fmt"
	"regexp"

	"wiretape/tape"
	"wiretape/tape/match"
)

// answering matches the line, up to a secret, of what answers a challenge that a
// server makes anew each time: fields of HTTP (RFC 7616, 4559, 7804), SASL mechanisms
// (RFC 4422) in commands, with a tag or without, and APOP (RFC 1939, section 7).
var answering = regexp.MustCompile(`(?i)^(?:(?:proxy-)?authorization[ \t]*:[ \t]*(digest|ntlm|negotiate|scram-[a-z0-9-]+)[ \t]|` +
	`(?:\S+ )?(?:auth|authenticate|authinfo sasl) +(cram-md5|digest-md5|ntlm|gssapi|gs2-\S+|scram-[a-z0-9-]+)\b|(apop) )`)

// A challenge knows of the client's messages of one connection, in order, whether
// secrets in them answer challenges.
type challenge struct {
	mechanism string // of the command whose exchange goes on, "" for none
}

// refuse returns the error of a message in which a secret was taken out that no
// value can be given for.
func (c *challenge) refuse(name string, m *match.Message) error {
	for _, s := range m.Spans {
		if s.Kind != tape.SpanSecret {
			continue
		}
		line := m.Raw[bytes.LastIndexByte(m.Raw[:s.From], '\n')+1 : s.From]
		mechanism := mechanismOf(line)
		if mechanism == "" && len(line) == 0 {
			mechanism = c.mechanism
		}
		if mechanism != "" {
			return fmt.Errorf("%s:%d: secret %s answers a challenge (%s), and that of another run is another: record with --no-redact what is to be replayed",
				name, m.Line(m.Span.From+int64(s.From)), s.ID, mechanism)
		}
	}
	if len(m.Raw) <= maxCommand {
		c.mechanism = mechanismOf(m.Raw)
	}
	return nil
}

// maxCommand is the length of the longest message that is looked at for a command,
// octets: the longest line of SMTP (RFC 4954, section 4).
const maxCommand = 12288

func mechanismOf(line []byte) string {
	m := answering.FindSubmatch(line)
	if m == nil {
		return ""
	}
	return string(bytes.ToUpper(bytes.Join(m[1:], nil)))
}
