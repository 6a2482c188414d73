package match

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
)

// EncodeSecret returns a secret as it stands on the wire in an encoding of a
// tape's span: "raw" or "", "pct", "json", "hex", "b64".
func EncodeSecret(enc string, secret []byte) []byte {
	switch enc {
	case "pct":
		return []byte(url.QueryEscape(string(secret)))
	case "json":
		b, err := json.Marshal(string(secret))
		if err != nil || len(b) < 2 {
			return secret
		}
		return b[1 : len(b)-1]
	case "hex":
		return hex.AppendEncode(nil, secret)
	case "b64":
		return base64.StdEncoding.AppendEncode(nil, secret)
	}
	return secret
}

// decodeSecret is the inverse of EncodeSecret, false where value is not in the
// encoding.
func decodeSecret(enc string, value []byte) ([]byte, bool) {
	switch enc {
	case "pct":
		s, err := url.QueryUnescape(string(value))
		return []byte(s), err == nil
	case "json":
		var s string
		err := json.Unmarshal([]byte(`"`+string(value)+`"`), &s)
		return []byte(s), err == nil
	case "hex":
		b, err := hex.DecodeString(string(value))
		return b, err == nil
	case "b64":
		b, err := base64.StdEncoding.DecodeString(string(value))
		return b, err == nil
	}
	return bytes.Clone(value), true
}
