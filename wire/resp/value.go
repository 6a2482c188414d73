// Package resp reads RESP, the protocol of Redis and its kin, in both its
// versions, and writes the commands that a person types.
//
// A [Parser] takes both directions of a connection. Each command of the client,
// an array of bulk strings or a line of text, is a [Command]; each value of the
// server is a [Reply] that belongs to the command it answers, or a push that
// belongs to none: what RESP3 marks as one, the messages of a subscription, the
// lines of MONITOR. Values may nest and may be streamed. What deviates becomes a
// Note, and octets that are no value become raw Messages.
//
// RESP has no RFC: rules are cited by the specification's own headings, as "RESP,
// bulk strings".
package resp

import (
	"bytes"
	"strings"
)

// A Type is the octet that a value begins with.
type Type byte

// The types. Those from Null on are of RESP3.
const (
	SimpleString Type = '+'
	SimpleError  Type = '-'
	Integer      Type = ':'
	BulkString   Type = '$'
	Array        Type = '*'
	Null         Type = '_'
	Boolean      Type = '#'
	Double       Type = ','
	BigNumber    Type = '('
	BulkError    Type = '!'
	Verbatim     Type = '='
	Map          Type = '%'
	Set          Type = '~'
	Attribute    Type = '|'
	Push         Type = '>'
)

var typeNames = map[Type]string{
	SimpleString: "simple string", SimpleError: "simple error", Integer: "integer", BulkString: "bulk string",
	Array: "array", Null: "null", Boolean: "boolean", Double: "double", BigNumber: "big number",
	BulkError: "bulk error", Verbatim: "verbatim string", Map: "map", Set: "set", Attribute: "attribute", Push: "push",
}

// String returns the specification's name.
func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return "type 0x" + string("0123456789abcdef"[t>>4]) + string("0123456789abcdef"[t&15])
}

// aggregate reports whether a value of the type consists of values.
func (t Type) aggregate() bool {
	switch t {
	case Array, Map, Set, Attribute, Push:
		return true
	}
	return false
}

// bulk reports whether a length stands before a value's octets.
func (t Type) bulk() bool { return t == BulkString || t == BulkError || t == Verbatim }

// A Value is one value, with those that it consists of.
type Value struct {
	Type Type
	// Text is the octets of a value that is no aggregate, without type, length
	// and line end, up to what Limits.Body leaves of a Message. Size is how many
	// there were.
	Text []byte
	Size int64
	// Elems are the values of an aggregate, of a map and of an attribute keys and
	// values in turn. Omitted is how many more there were than are kept.
	Elems   []*Value
	Omitted int64
	Nil     bool   // RESP2's null: a bulk string or an array of length -1
	Stream  bool   // its length was not given beforehand
	Attrs   *Value // the attribute before it, nil for none
}

// IsNull reports whether v is nothing, in RESP2's or in RESP3's way.
func (v *Value) IsNull() bool { return v.Nil || v.Type == Null }

// IsError reports whether v is an error.
func (v *Value) IsError() bool { return v.Type == SimpleError || v.Type == BulkError }

// Format returns the three letters that tell what a verbatim string is, and the
// string without them; "" where they are not there.
func (v *Value) Format() (format string, text []byte) {
	if v.Type == Verbatim && len(v.Text) >= 4 && v.Text[3] == ':' {
		return string(v.Text[:3]), v.Text[4:]
	}
	return "", v.Text
}

// word returns the text of v in lower case where v is a string.
func (v *Value) word() string {
	if v != nil && (v.Type == BulkString || v.Type == SimpleString) && len(v.Text) < 32 {
		return strings.ToLower(string(v.Text))
	}
	return ""
}

// A Command is the Value of a Message of the client.
type Command struct {
	Name    string   // in upper case; "" for an empty command, which nobody answers
	Args    []*Value // the name among them
	Omitted int64    // arguments that are not kept
	Inline  bool     // it was a line of text
}

// String returns the command as a person types it, what is long cut off.
func (c *Command) String() string {
	var b strings.Builder
	for i, a := range c.Args {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.Write(Quote(nil, a.Text))
	}
	return b.String()
}

// A Reply is the Value of a Message of the server.
type Reply struct {
	*Value
	// Mode is how the connection goes on after it.
	Mode Mode
	// Report says that the command asked for text for people: INFO, CLIENT LIST.
	Report bool
}

// A Mode is what commands have changed about a connection.
type Mode struct {
	Version    int   // 2, or 3 after HELLO 3
	DB         int   // that SELECT has chosen
	Subscribed int64 // channels and patterns
	Queued     bool  // after MULTI, before EXEC
	Monitor    bool  // each command of any client is told
}

// verb returns the word of a command in upper case.
func verb(args []*Value) string {
	if len(args) == 0 {
		return ""
	}
	return string(bytes.ToUpper(args[0].Text[:min(len(args[0].Text), maxVerb)]))
}

// maxVerb is how long a command's name is looked at, octets.
const maxVerb = 64
