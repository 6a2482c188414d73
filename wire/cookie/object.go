package cookie

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// An Object is a verdict in the names of the JSON output.
type Object struct {
	Name             Octets `json:"name"`
	Value            Octets `json:"value"`
	Domain           Octets `json:"domain"` // effective; empty for a host-only cookie
	HostOnly         bool   `json:"host_only"`
	Path             Octets `json:"path"`              // effective
	Expires          Octets `json:"expires"`           // as sent
	EffectiveExpires string `json:"effective_expires"` // RFC 3339, UTC; empty for a session cookie
	MaxAge           *int64 `json:"max_age"`           // effective, in seconds
	Secure           bool   `json:"secure"`
	HTTPOnly         bool   `json:"http_only"`
	SameSite         string `json:"same_site"` // "Strict", "Lax", "None" or empty
	Partitioned      bool   `json:"partitioned"`
	Stored           bool   `json:"stored"`
	Verdict          string `json:"verdict"` // "store", "reject" or "expire"
	Reason           string `json:"reason"`
	Rule             string `json:"rule"`
}

// Object returns v for the JSON output. The domain of a host-only cookie is left
// empty: it is the request's own.
func (v Verdict) Object() Object {
	c := &v.Cookie
	expires, _ := c.Sent("Expires")
	o := Object{
		Name: Octets(c.Name), Value: Octets(c.Value),
		HostOnly: c.HostOnly, Path: Octets(c.Path),
		Expires: Octets(expires), MaxAge: c.MaxAge,
		Secure: c.Secure, HTTPOnly: c.HTTPOnly,
		SameSite: string(c.SameSite), Partitioned: c.Partitioned,
		Stored: v.Action == Store, Verdict: v.Action.String(),
		Reason: v.Reason, Rule: v.Rule,
	}
	if !c.HostOnly {
		o.Domain = Octets(c.Domain)
	}
	if !c.Expires.IsZero() {
		o.EffectiveExpires = c.Expires.UTC().Format(time.RFC3339)
	}
	if v.Found != "" {
		o.Reason += "; " + v.Found
	}
	return o
}

// Octets is a string that need not be UTF-8: JSON has it as a string if it is,
// else as {"base64":"..."}.
type Octets string

// MarshalJSON returns the JSON of o.
func (o Octets) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(o)) {
		// Left as they are here, "<", ">" and "&" follow the outer encoder.
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		err := e.Encode(string(o))
		return b.Bytes(), err
	}
	return json.Marshal(map[string][]byte{"base64": []byte(o)})
}
