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
// which nothing was recorded is empty or "unknown", never guessed. Findings name
// the connection of the recording that shows them.
//
// # Probes
//
// The classic report needs the page, after its redirects, and one handshake or
// two that offer h2. A full analysis adds, at the place where the redirects ended
// and all at the same time: a name server's answers for A, AAAA and HTTPS; each
// version of TLS by itself; HTTP/1.0, two requests on one connection, HTTP/2 in the
// clear by prior knowledge and by Upgrade, port 80 beside 443, a datagram of QUIC;
// where the page was refused, the page under a browser's name. All of them are GET
// requests, at most 12 connections beside those of the redirects.
//
// Cookies go along between the requests of one chain, but over no connection whose
// certificate did not verify; credentials neither, and not to another host.
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
	Status   int      `json:"status"`    // of the last response; 0 for none
	HTTP2    HTTP2    `json:"http2"`
	Cookies  []Cookie `json:"cookies"` // of all hops in wire order, as often as sent
	Password Password `json:"password_protected"`
	Hops     []Hop    `json:"hops"` // every response in turn
	TLS      *TLS     `json:"tls"`  // of the final host; nil when there was no handshake
	HTTPS    string   `json:"https"`
	HSTS     *HSTS    `json:"hsts"` // of the final response; nil when it has none
	Timing   Timing   `json:"timing"`
	Warnings []string `json:"warnings"`
	Error    Text     `json:"error"`            // what kept the analysis from its final response
	Speaks   string   `json:"speaks,omitempty"` // the protocol of a server that does not speak HTTP: "smtp", "ssh"; see [detect.Protos]

	// What a full analysis adds, each empty where nothing of it was recorded.
	Addresses []Address  `json:"addresses,omitempty"` // of the final host, in the order in which they were tried
	DNS       *DNS       `json:"dns,omitempty"`
	Protocols []Protocol `json:"protocols,omitempty"`
	Auth      *Auth      `json:"auth,omitempty"` // what became of --auth
	Server    []Field    `json:"server,omitempty"`
	Hints     []string   `json:"hints,omitempty"`    // what the names of cookies tell of what runs there
	Security  []Field    `json:"security,omitempty"` // fields of the final response that tell browsers to be careful
	Probes    []Probe    `json:"probes,omitempty"`   // every connection of the recording, in order
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
	Verdict  Verdict    `json:"verdict"`
	Evidence string     `json:"evidence"`
	Conn     int        `json:"conn,omitempty"`    // connection of the recording that shows it; 0 for none
	Line     int        `json:"line,omitempty"`    // of the tape; see the package's words on evidence
	Prefers  string     `json:"prefers,omitempty"` // "http/1.1" where h2 is spoken only when it is offered alone
	H2C      string     `json:"h2c"`               // "yes", "no" or "unknown"; "" where it was not asked
	HTTP3    string     `json:"http3"`             // "advertised-header", "advertised-dns" and "udp-answers", several with ", "; or "not seen", "unknown"; "" where it was not asked
	First    *HTTP2Host `json:"first,omitempty"`   // of the URL that was typed, where the final one is at another place
}

// HTTP2Host is the verdict about another place than the final one.
type HTTP2Host struct {
	Host     string  `json:"host"` // host:port
	Verdict  Verdict `json:"verdict"`
	Evidence string  `json:"evidence"`
}

// A Cookie is the verdict on one Set-Cookie, by the jar of the whole chain.
type Cookie struct {
	cookie.Object
	Hop      int      `json:"hop"`             // index of the response in Hops, from 1
	Replaced bool     `json:"replaced"`        // it overwrote or deleted one of the same name, domain and path
	Size     int      `json:"size"`            // octets of name and value
	Notes    []string `json:"notes,omitempty"` // where clients differ, and what is odd

	// SentDomain is the Domain attribute as it was sent, a leading dot kept.
	SentDomain string `json:"-"`
}

// Password says whether the final response asks for credentials.
type Password struct {
	Verdict    Verdict     `json:"verdict"` // yes for status 401 alone
	Kind       string      `json:"kind"`    // "http-auth", "proxy-auth", "login-form", "login-redirect", "forbidden", "client-cert", "bot-wall", "no" or "unknown"
	Challenges []Challenge `json:"challenges"`
	Confidence string      `json:"confidence,omitempty"` // in Kind, where it is a guess: "low", "medium" or "high"
	Evidence   string      `json:"evidence,omitempty"`   // what Kind was seen by
}

// A Hop is one response of the chain.
type Hop struct {
	URL      string        `json:"url"`
	Status   int           `json:"status"`
	Location cookie.Octets `json:"location"`       // as it came; "" where there was none
	Conn     int           `json:"conn"`           // connection of the recording
	Line     int           `json:"line,omitempty"` // of the tape, where the response begins
	Soft     cookie.Octets `json:"soft,omitempty"` // where a Refresh field or a meta element of the page leads
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

	Conn       int          `json:"conn"` // connection of the recording
	Line       int          `json:"line,omitempty"`
	Group      string       `json:"group"` // of the key exchange; "" where there was none
	DaysLeft   *int         `json:"days_left"`
	Key        string       `json:"key"`       // "ECDSA P-256"
	Signature  string       `json:"signature"` // "ECDSA-SHA256"
	SelfSigned bool         `json:"self_signed"`
	Chain      string       `json:"chain"` // "complete", "incomplete" or "unknown"
	Sent       int          `json:"chain_length"`
	OCSP       bool         `json:"ocsp_stapled"`      // a response was stapled; nobody has verified it
	MustStaple bool         `json:"must_staple"`       // RFC 7633
	SCTs       int          `json:"scts"`              // in the handshake
	Asked      bool         `json:"client_cert_asked"` // the server asked for a certificate of the client's; Password says whether it insists
	Versions   []TLSVersion `json:"versions,omitempty"`

	target string // host:port
}

// Fault returns the warning of a certificate that does not verify; "" for none.
func (t *TLS) Fault() string {
	if t == nil || t.Verify == "ok" || t.Verify == "" {
		return ""
	}
	return unverifiedOf(t.target, t.Verify)
}

func unverifiedOf(target, verify string) string {
	return "certificate of " + target + " does not verify: " + verify
}

// TLSVersion says whether a server takes a version when it is offered alone.
type TLSVersion struct {
	Version  string  `json:"version"` // "1.0"
	Verdict  Verdict `json:"verdict"`
	Cipher   string  `json:"cipher"` // that it chose; "" for none
	Group    string  `json:"group"`
	Evidence string  `json:"evidence"`
	Conn     int     `json:"conn"`
	Line     int     `json:"line,omitempty"`
}

// An Address is one that was tried, for the final host.
type Address struct {
	Address string  `json:"address"` // host:port
	Family  string  `json:"family"`  // "IPv4" or "IPv6"
	Result  string  `json:"result"`  // "connected", or what was found
	Seconds float64 `json:"seconds"` // until it connected
	Conn    int     `json:"conn"`
	Line    int     `json:"line,omitempty"`
}

// DNS is what a name server says of the final host.
type DNS struct {
	Name    string      `json:"name"`
	Server  string      `json:"server"`
	Conn    int         `json:"conn"`
	Line    int         `json:"line,omitempty"`
	Records []DNSRecord `json:"records"`
	Faults  []string    `json:"faults,omitempty"` // questions that had no answer, and why
}

// A DNSRecord is one of an answer, in presentation form.
type DNSRecord struct {
	Name string `json:"name"`
	Type string `json:"type"`
	TTL  uint32 `json:"ttl"` // seconds
	Data string `json:"data"`
}

// A Protocol is the verdict on one way to speak HTTP with the site.
type Protocol struct {
	Name     string  `json:"name"` // "h3", "h2", "http/1.1", "keep-alive", "http/1.0", "no Host", "h2c", "h2c upgrade", "port 80"
	Verdict  Verdict `json:"verdict"`
	Evidence string  `json:"evidence"`
	Conn     int     `json:"conn"` // 0 where none shows it
	Line     int     `json:"line,omitempty"`
}

// Auth says whether credentials got through. They are not in it.
type Auth struct {
	Verdict  Verdict `json:"verdict"`
	Scheme   string  `json:"scheme"` // that was tried; "" for none
	Evidence string  `json:"evidence"`
	Conn     int     `json:"conn"`
	Line     int     `json:"line,omitempty"`
}

// A Field is one of the final response.
type Field struct {
	Name  string        `json:"name"`
	Value cookie.Octets `json:"value"`
	Note  string        `json:"note,omitempty"`
}

// A Probe is a connection of the recording.
type Probe struct {
	Conn   int    `json:"conn"`
	Line   int    `json:"line,omitempty"` // of the tape, where it begins
	What   string `json:"what"`           // what it was for, as it is read from it
	Target string `json:"target"`         // host:port
	Result string `json:"result"`
	Timing
}

// Timing are the phases of the final request in seconds, to the millisecond, and
// of the whole recording.
type Timing struct {
	DNS       float64 `json:"dns"`
	Connect   float64 `json:"connect"`
	TLS       float64 `json:"tls"`
	FirstByte float64 `json:"first_byte"` // from the request to the first byte of the response
	Total     float64 `json:"total"`      // of a probe: until its last event
}

// octets returns a peer's string for the JSON output.
func octets(b []byte) cookie.Octets { return cookie.Octets(b) }
