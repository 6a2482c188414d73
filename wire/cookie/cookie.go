// Package cookie judges Set-Cookie field lines and keeps a jar, by the letter of
// draft-ietf-httpbis-rfc6265bis as of January 2026 ("6265bis" in every verdict).
// It serves those who explain a cookie rather than merely use it: each attribute
// stands as it was sent and as it took effect, and each refusal names the step
// that refused.
//
//   - [Judge] gives the [Verdict] on one Set-Cookie value, as a client with an
//     empty jar would.
//   - [Jar.Set] does the same for a client that remembers, and [Jar.Header] gives
//     the Cookie value that this client would send.
//
// The clock is the caller's: every judgement takes the time that counts as now.
// A client is always navigating by itself, as someone typing a URL does, so every
// request is same-site (6265bis 5.2, no client) and SameSite keeps nothing back.
//
// # Octets
//
// Names, values and attributes are strings of octets, not of characters: they may
// hold any octet but the control characters, and those too in a rejected cookie.
// Who prints them escapes them.
package cookie

import (
	"fmt"
	"strings"
	"time"
)

// SameSite is the same-site-flag of a cookie.
type SameSite string

// The flags of 6265bis 5.7 step 17.
const (
	SameSiteDefault SameSite = "" // no attribute, or one with another value
	SameSiteNone    SameSite = "None"
	SameSiteLax     SameSite = "Lax"
	SameSiteStrict  SameSite = "Strict"
)

// A Cookie is what a Set-Cookie value says, and what came of it. In a rejected
// cookie the fields are as they stood at the step that refused it.
type Cookie struct {
	Name, Value string
	Attributes  []Attribute // as sent, in order, without empty ones; nil in cookies that a Jar returns

	Domain   string // canonical: the request's host if HostOnly, else the Domain attribute without its dot
	HostOnly bool
	Path     string    // what path-matches: the attribute, or the default-path
	Expires  time.Time // effective, at most MaxAge from now; zero for a session cookie
	MaxAge   *int64    // in seconds, at most MaxAge; nil if absent or ignored
	Secure   bool
	HTTPOnly bool
	SameSite SameSite

	// Partitioned tells whether that attribute was sent. 6265bis does not know
	// it, so it decides nothing here.
	Partitioned bool

	Created time.Time // for a cookie that replaced another, when the first of them came
}

// Sent returns the value of the named attribute verbatim as it was sent, blanks
// around it apart: a Domain with its leading dot, an Expires in its own words.
// Of several it returns the one that took effect, or else the last. It reports
// whether there was one. The name's case does not matter.
func (c *Cookie) Sent(name string) (string, bool) {
	value, found := "", false
	for _, a := range c.Attributes {
		if !equalFold(a.Name, name) {
			continue
		}
		if a.Ignored == "" {
			return a.Value, true
		}
		value, found = a.Value, true
	}
	return value, found
}

// An Attribute is one cookie-av as it was sent, without the blanks around its
// name and its value.
type Attribute struct {
	Name, Value string
	Ignored     string // why it had no effect; empty if it had one

	blankBefore, blankAfter bool // a blank stood on that side of "="
}

// Action is what a client does with a Set-Cookie.
type Action uint8

// The actions.
const (
	Store  Action = iota + 1
	Reject        // ignored entirely
	Expire        // its time is over: nothing is kept, and a cookie of the same name, domain and path is deleted
)

// String returns "store", "reject" or "expire".
func (a Action) String() string {
	switch a {
	case Store:
		return "store"
	case Reject:
		return "reject"
	case Expire:
		return "expire"
	}
	return fmt.Sprintf("Action(%d)", uint8(a))
}

// A Verdict says what becomes of one Set-Cookie and why.
type Verdict struct {
	Cookie   Cookie
	Action   Action
	Reason   string // what the rule asks for, or why it expires: "__Host- needs Secure and Path=/"; empty for Store
	Found    string // what it found instead: "has Path=/api, no Secure"; may be empty
	Rule     string // "6265bis 5.7 step 21"; empty for Store
	Replaced bool   // the jar held a cookie of the same name, domain and path, which this one overwrote or deleted
	Notes    []Note // where others differ, and what is odd about it; a few at most
}

// A Note is a remark on a cookie, mostly on a client that treats it in another
// way than the draft does.
type Note struct {
	Who  string // "curl", "Go", "browsers", "Firefox"; empty if it is about the Set-Cookie itself
	Text string // goes on from Who: "stores it"
}

// String returns the remark as a clause: "curl stores it".
func (n Note) String() string {
	if n.Who == "" {
		return n.Text
	}
	return n.Who + " " + n.Text
}

// String returns the verdict in one line of printable ASCII:
//
//	cookie a rejected: SameSite=None needs Secure (6265bis 5.7 step 19); has no Secure. curl stores it. Go stores it
func (v Verdict) String() string {
	var b strings.Builder
	b.WriteString("cookie " + show(v.Cookie.label()))
	switch v.Action {
	case Store:
		b.WriteString(" stored")
		if v.Replaced {
			b.WriteString(", replacing one")
		}
	case Reject:
		b.WriteString(" rejected")
	case Expire:
		b.WriteString(" expired")
	}
	if v.Reason != "" {
		b.WriteString(": " + v.Reason)
	}
	if v.Rule != "" {
		b.WriteString(" (" + v.Rule + ")")
	}
	if v.Found != "" {
		b.WriteString("; " + v.Found)
	}
	for _, n := range v.Notes {
		b.WriteString(". " + n.String())
	}
	return b.String()
}

// label returns what a cookie is called: its name, or =value if it has none.
func (c *Cookie) label() string {
	if c.Name == "" {
		return "=" + c.Value
	}
	return c.Name
}

// maxShown bounds what a sentence cites of a peer's text, in octets.
const maxShown = 64

// show returns s for a sentence: as it is if it is short, printable and free of
// blanks and quotes, else quoted, and cut at maxShown.
func show(s string) string {
	cut := ""
	if len(s) > maxShown {
		s, cut = s[:maxShown], "..."
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			return fmt.Sprintf("%+q", s) + cut
		}
	}
	if s == "" {
		return `""`
	}
	return s + cut
}
