package replay

import (
	"context"
	"errors"
	"strings"
	"testing"

	"wiretape/tape/match"
	"wiretape/wire"
)

// What answers a challenge is of no use in another run, whatever its value is said to
// be: a tape that lacks it is refused before anything is dialled.
func TestAnswersToChallengesAreRefused(t *testing.T) {
	dialled := errors.New("dialled")
	for _, tt := range []struct{ name, tape, want string }{
		{"digest", "> GET / HTTP/1.1\\r\\n\n> Authorization: Digest \\{secret DIGEST 8 raw}\\r\\n\n> \\r\\n\n", "secret DIGEST answers a challenge (DIGEST)"},
		{"ntlm to a proxy", "> GET / HTTP/1.1\\r\\n\n> proxy-authorization:NTLM \\{secret NTLM 8}\\r\\n\n> \\r\\n\n", "(NTLM)"},
		{"negotiate", "> GET / HTTP/1.1\\r\\n\n> Authorization: Negotiate \\{secret NEGOTIATE 8}\\r\\n\n> \\r\\n\n", "(NEGOTIATE)"},
		{"scram over http", "> GET / HTTP/1.1\\r\\n\n> Authorization: SCRAM-SHA-256 \\{secret S 8}\\r\\n\n> \\r\\n\n", "(SCRAM-SHA-256)"},
		{"cram-md5", "< 220 a ESMTP\\r\\n\n> AUTH CRAM-MD5\\r\\n\n< 334 PDE+\\r\\n\n> \\{secret AUTH 8}\\r\\n\n< 235 ok\\r\\n\n", "x.tape:6: secret AUTH answers a challenge (CRAM-MD5)"},
		{"scram with a first answer", "< 220 a ESMTP\\r\\n\n> auth scram-sha-1 \\{secret AUTH 8}\\r\\n\n< 334 cj0=\\r\\n\n", "(SCRAM-SHA-1)"},
		{"imap", "< * OK a\\r\\n\n> a1 AUTHENTICATE NTLM\\r\\n\n< + \\r\\n\n> \\{secret AUTH 8}\\r\\n\n< a1 OK x\\r\\n\n", "(NTLM)"},
		{"apop", "< +OK <1@h>\\r\\n\n> APOP me \\{secret APOP 32}\\r\\n\n< +OK x\\r\\n\n", "(APOP)"},
		{"plain", "< 220 a ESMTP\\r\\n\n> AUTH PLAIN \\{secret AUTH 8}\\r\\n\n< 235 ok\\r\\n\n", "dialled"},
		{"login", "< 220 a ESMTP\\r\\n\n> AUTH LOGIN\\r\\n\n< 334 VXNl\\r\\n\n> \\{secret AUTH 8}\\r\\n\n< 235 ok\\r\\n\n", "dialled"},
		{"basic", "> GET /digest HTTP/1.1\\r\\n\n> Authorization: Basic \\{secret L 8 b64}\\r\\n\n> \\r\\n\n", "dialled"},
		{"with the true answer", "> GET / HTTP/1.1\\r\\n\n> Authorization: Digest a=\"b\"\\r\\n\n> \\r\\n\n", "dialled"},
	} {
		tp := load(t, open+tt.tape+"= close\n")
		_, err := Client{Getenv: func(string) string { return "set" }}.Run(t.Context(), tp, func(context.Context, *match.Conv, *wire.TLS, *wire.Tap) (*wire.Conn, error) {
			return nil, dialled
		})
		if err == nil || !strings.Contains(err.Error(), tt.want) || (tt.want == "dialled") != errors.Is(err, dialled) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}
