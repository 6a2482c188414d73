// Package analyze finds out what a web site does with a plain request: whether
// it speaks HTTP/2, which cookies it sets, whether it asks for a password, and
// where it redirects to. It serves the auto command.
//
// It has two halves. [Run] is a probe plan: it makes conversations, over raw
// sockets, and records them. [Analyze] is a pure function from recorded
// conversations to a [Report]; Run's own report comes from it, so that a tape of
// an analysis gives the same report as the analysis did.
//
// # Evidence
//
// A probe carries no label. What a conversation was for is read from it: where
// it went to, which protocols were offered in TLS, what was asked. A field of
// which nothing was recorded is empty or "unknown", never guessed.
package analyze

import "wiretape/wire/cookie"

// Schema is the version of the JSON form of a [Report].
const Schema = 1

// A Report is the outcome of an analysis. Its JSON names are a contract. Strings
// that came from the peer are to be escaped before a terminal sees them.
type Report struct {
	Schema   int      `json:"schema"`
	URL      string   `json:"url"`       // the first that was asked for, with its scheme
	FinalURL string   `json:"final_url"` // the one that gave the last response
	Website  string   `json:"website"`   // the host of URL
	HTTP2    HTTP2    `json:"http2"`
	Cookies  []Cookie `json:"cookies"` // of all hops in wire order, as often as sent
	Password Password `json:"password_protected"`
	Hops     []Hop    `json:"hops"` // every response in turn
	TLS      *TLS     `json:"tls"`  // of the final host; nil when there was no handshake
	HTTPS    string   `json:"https"`
	HSTS     *HSTS    `json:"hsts"` // of the final response; nil when it has none
	Timing   Timing   `json:"timing"`
	Warnings []string `json:"warnings"`
	Error    Text     `json:"error"` // what kept the analysis from its final response
}

// Text is a string whose JSON is null where there is none.
type Text string

// MarshalJSON returns the JSON of t.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return cookie.Octets(t).MarshalJSON()
}

// Verdict is the answer to a question of the report.
type Verdict string

// The verdicts. Broken is for HTTP/2 alone: it was selected and not spoken.
const (
	Yes     Verdict = "yes"
	No      Verdict = "no"
	Unknown Verdict = "unknown"
	Broken  Verdict = "broken"
)

// HTTP2 says whether the final host speaks HTTP/2.
type HTTP2 struct {
	Verdict  Verdict `json:"verdict"`
	Evidence string  `json:"evidence"`
	H2C      string  `json:"h2c"`   // "" where it was not asked
	HTTP3    string  `json:"http3"` // "" where it was not asked
}

// A Cookie is the verdict on one Set-Cookie, by the jar of the whole chain.
type Cookie struct {
	cookie.Object
	Hop int `json:"hop"` // index of the response in Hops, from 1

	// SentDomain is the Domain attribute as it was sent, a leading dot kept.
	SentDomain string `json:"-"`
}

// Password says whether the final response asks for credentials.
type Password struct {
	Verdict    Verdict     `json:"verdict"` // yes for status 401 alone
	Kind       string      `json:"kind"`    // "http-auth", "proxy-auth", "forbidden", "client-cert", "no" or "unknown"
	Challenges []Challenge `json:"challenges"`
}

// A Hop is one response of the chain.
type Hop struct {
	URL      string        `json:"url"`
	Status   int           `json:"status"`
	Location cookie.Octets `json:"location"` // as it came; "" where there was none
}

// TLS is what is known of a handshake with the final host.
type TLS struct {
	Version    string   `json:"version"` // "1.3"
	Cipher     string   `json:"cipher"`
	ALPN       string   `json:"alpn"`
	ServerName string   `json:"server_name"` // SNI as sent
	Verify     string   `json:"verify"`      // "ok", or what is wrong with the certificate
	Subject    string   `json:"subject"`
	Issuer     string   `json:"issuer"`
	Names      []string `json:"names"` // alternative names of the certificate
	NotBefore  string   `json:"not_before"`
	NotAfter   string   `json:"not_after"` // RFC 3339, UTC
}

// Timing are the phases of the final request in seconds, to the millisecond, and
// of the whole recording.
type Timing struct {
	DNS       float64 `json:"dns"`
	Connect   float64 `json:"connect"`
	TLS       float64 `json:"tls"`
	FirstByte float64 `json:"first_byte"` // from the request to the first byte of the response
	Total     float64 `json:"total"`
}

// octets returns a peer's string for the JSON output.
func octets(b []byte) cookie.Octets { return cookie.Octets(b) }
