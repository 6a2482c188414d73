package redact

// fieldKind is what a field, or the line that may be one, is to us.
type fieldKind uint8

const (
	unknownField fieldKind = iota // its name is not read yet
	plainField
	codingField // Transfer-Encoding
	authField   // from here on, secrets
	proxyAuthField
	cookieField
	setCookieField
	keyField       // all of its value
	protocolsField // Sec-WebSocket-Protocol, with a token that has no field of its own
	passField      // PASS of FTP and POP3, ACCT of FTP
	saslField      // AUTH of SMTP and POP3, AUTHENTICATE of IMAP
	apopField      // APOP of POP3
	authinfoField  // AUTHINFO of NNTP
	loginField     // LOGIN of IMAP
	responseField  // a line that answers a challenge, or a literal of LOGIN
	earlyField     // a line behind AUTH that nothing has asked for yet
	inlineField    // a command of Redis in a line of text
	redisField     // a password of Redis
	lostField      // its name is not known: all of its value is taken for a secret
)

// isCommand reports whether a line is no field.
func (k fieldKind) isCommand() bool { return k >= passField && k <= redisField }

// secretFields are the fields whose values are secret.
var secretFields = [...]struct {
	name string
	kind fieldKind
}{
	{"authorization", authField},
	{"proxy-authorization", proxyAuthField},
	{"cookie", cookieField},
	{"set-cookie", setCookieField},
	// What services take in place of Authorization, as many as are in wide use.
	{"api-key", keyField},
	{"x-api-key", keyField},
	{"x-auth-key", keyField},
	{"x-auth-token", keyField},
	{"x-access-token", keyField},
	{"x-amz-security-token", keyField},
	{"x-goog-api-key", keyField},
	{"x-vault-token", keyField},
	{"private-token", keyField},
	{"sec-websocket-protocol", protocolsField},
}

// maxSecretName is the length of the longest of them, octets.
var maxSecretName = func() (n int) {
	for _, f := range secretFields {
		n = max(n, len(f.name))
	}
	return n
}()

// kindOf returns what a field of a name is. The name is in lower case.
func kindOf(name []byte) fieldKind {
	for _, f := range secretFields {
		if string(name) == f.name {
			return f.kind
		}
	}
	return plainField
}

// codingName is the name of the field that says whether a body is in chunks (RFC
// 9112, section 6.1).
const codingName = "transfer-encoding"

// lineOf returns what a line is that begins with the name of a field, in lower case.
func lineOf(name []byte) fieldKind {
	if string(name) == codingName {
		return codingField
	}
	return kindOf(name)
}

// prefixes is a tree of the names of fields and commands that are looked for: from a beginning of
// one, 0 for none of it, to the beginning that is an octet longer, 0 for none that
// is.
var prefixes = func() [][27]uint16 {
	t := make([][27]uint16, 1, 256)
	add := func(name string) {
		at := uint16(0)
		for i := range len(name) {
			k, _ := column(name[i])
			if t[at][k] == 0 {
				t = append(t, [27]uint16{})
				t[at][k] = uint16(len(t) - 1)
			}
			at = t[at][k]
		}
	}
	add(codingName)
	for _, f := range secretFields {
		add(f.name)
	}
	for _, c := range commands {
		add(c.name)
	}
	return t
}()

// column returns where prefixes has an octet of a name, in lower case.
func column(c byte) (k int, ok bool) {
	switch {
	case c >= 'a' && c <= 'z':
		return int(c - 'a'), true
	case c == '-':
		return 26, true
	}
	return 0, false
}

// longer returns the beginning of names that is at with c behind it, 0 for none.
func longer(at uint16, c byte) uint16 {
	if k, ok := column(c); ok {
		return prefixes[at][k]
	}
	return 0
}
