package match

import (
	"regexp"
	"slices"
	"strings"

	"wiretape/tape"
)

// BodyForm says how bodies are compared.
type BodyForm string

// The forms of comparing a body.
const (
	BodyByType BodyForm = ""      // as the media type has it
	BodyText   BodyForm = "text"  // line by line
	BodyJSON   BodyForm = "json"  // by value
	BodyBytes  BodyForm = "bytes" // octet by octet
)

// Rules say how to compare, as a tape's "!" records do. The zero value compares
// by what the protocol gives.
type Rules struct {
	Proto         string           // how all connections read; "" leaves it to detection
	Protos        map[int]string   // how single connections read, before Proto
	HeadersExact  bool             // fields in order, names in their case, no value by kind
	Body          BodyForm         //
	TailAny       bool             // bytes after the last that is expected are well
	OrderAny      bool             // the peer's messages may come in any order
	IgnoreHeader  []string         // names of fields that are not compared
	IgnoreJSON    []string         // paths in JSON bodies: "a.b", "$.items[*].id"
	IgnoreLine    []*regexp.Regexp // lines of text bodies and of replies
	RequireTLS    bool             // these facts fail a replay and are not only noted
	RequireALPN   bool             //
	RequireVerify bool             //
	RequireTiming bool             //
	RewriteHost   bool             // the Host field follows the target

	// Secrets are the fields of HTTP/2 whose values stand in no text of the tape:
	// the identifier of the secret by lower-case name.
	Secrets map[string]string
	// SecretFields are the parameters of queries and forms and the members of
	// JSON objects of which that is true: the identifier by name.
	SecretFields map[string]string
	// Free is what the caller knows to differ: lower-case names of fields that
	// are compared by kind whatever they hold.
	Free []string
}

// Add takes a rule of a tape.
func (r *Rules) Add(rec tape.Record) {
	args := rec.Args
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	switch rec.Key + " " + arg(0) {
	case "match headers":
		r.HeadersExact = true
	case "match body":
		r.Body = BodyForm(arg(1))
	case "match tail":
		r.TailAny = true
	case "match order":
		r.OrderAny = true
	case "ignore header":
		r.IgnoreHeader = append(r.IgnoreHeader, arg(1))
	case "ignore json":
		r.IgnoreJSON = append(r.IgnoreJSON, cleanPath(arg(1)))
	case "ignore line":
		if re, err := regexp.Compile(arg(1)); err == nil {
			r.IgnoreLine = append(r.IgnoreLine, re)
		}
	case "require tls":
		r.RequireTLS = true
	case "require alpn":
		r.RequireALPN = true
	case "require verify":
		r.RequireVerify = true
	case "require timing":
		r.RequireTiming = true
	case "secret header":
		set(&r.Secrets, strings.ToLower(arg(1)), arg(2))
	case "secret field":
		set(&r.SecretFields, arg(1), arg(2))
	case "rewrite host":
		r.RewriteHost = true
	default:
		if rec.Key != "proto" {
			return
		}
		if rec.Conn != 0 {
			set(&r.Protos, rec.Conn, arg(0))
		} else {
			r.Proto = arg(0)
		}
	}
}

func set[K comparable](m *map[K]string, k K, v string) {
	if *m == nil {
		*m = make(map[K]string)
	}
	(*m)[k] = v
}

// cleanPath returns a path in the form in which mismatches spell them: without
// "$." or "body." before it.
func cleanPath(s string) string {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "$"), ".")
	return strings.ReplaceAll(s, "[]", "[*]")
}

// ignoresHeader reports whether fields of a name are not compared.
func (r *Rules) ignoresHeader(name string) bool {
	return slices.ContainsFunc(r.IgnoreHeader, func(s string) bool { return strings.EqualFold(s, name) })
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

// ignoresJSON reports whether the value at a path is not compared.
func (r *Rules) ignoresJSON(path string) bool {
	if len(r.IgnoreJSON) == 0 {
		return false
	}
	any := index.ReplaceAllString(path, "[*]")
	return slices.Contains(r.IgnoreJSON, path) || slices.Contains(r.IgnoreJSON, any)
}

// ignoresLine reports whether a line is not compared.
func (r *Rules) ignoresLine(line []byte) bool {
	return slices.ContainsFunc(r.IgnoreLine, func(re *regexp.Regexp) bool { return re.Match(line) })
}
