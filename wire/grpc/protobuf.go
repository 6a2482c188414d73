package grpc

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// A Type is how a value of protobuf stands on the wire, and for octets what they
// look like.
type Type uint8

// The types.
const (
	Varint Type = 1 + iota
	Fixed64
	Fixed32
	Text    // octets that are text
	Octets  // octets
	Nested  // octets that are a message
	Group   // between start and end, which protobuf has given up
	Unknown // the rest of what cannot be read
)

var typeNames = [...]string{Varint: "varint", Fixed64: "fixed64", Fixed32: "fixed32", Text: "string", Octets: "bytes", Nested: "message", Group: "group", Unknown: "unknown"}

// String returns the type's name as it stands in JSON: "varint", "string", "message".
func (t Type) String() string {
	if t > 0 && int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "Type(" + strconv.Itoa(int(t)) + ")"
}

// A Field is a field of a message whose schema is not known.
type Field struct {
	Number int
	Type   Type
	Value  uint64  // of Varint, Fixed32 and Fixed64
	Data   []byte  // of Text and Octets
	Fields []Field // of Nested and Group
}

// Bounds of a tree.
const (
	maxDepth  = 16
	maxFields = 4096 // in all
)

// Tree reads a message as protobuf, without its schema: octets are a message where
// they can be one and are no text. It is not ok where b is none; the fields are those
// up to there.
func Tree(b []byte) (fields []Field, ok bool) {
	left := maxFields
	fields, rest, ok := tree(b, 0, 0, &left)
	return fields, ok && len(rest) == 0
}

// tree reads fields up to the end of b or of the group.
func tree(b []byte, depth, group int, left *int) (fields []Field, rest []byte, ok bool) {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		number := tag >> 3
		if n <= 0 || number == 0 || number > 1<<29-1 {
			return fields, b, false
		}
		if *left--; *left < 0 {
			return fields, b, false
		}
		f := Field{Number: int(number)}
		body := b[n:]
		switch tag & 7 {
		case 0:
			v, n := binary.Uvarint(body)
			if n <= 0 {
				return fields, b, false
			}
			f.Type, f.Value, body = Varint, v, body[n:]
		case 1:
			if len(body) < 8 {
				return fields, b, false
			}
			f.Type, f.Value, body = Fixed64, binary.LittleEndian.Uint64(body), body[8:]
		case 5:
			if len(body) < 4 {
				return fields, b, false
			}
			f.Type, f.Value, body = Fixed32, uint64(binary.LittleEndian.Uint32(body)), body[4:]
		case 2:
			size, n := binary.Uvarint(body)
			if n <= 0 || size > uint64(len(body)-n) {
				return fields, b, false
			}
			f.octets(body[n:n+int(size)], depth, left)
			body = body[n+int(size):]
		case 3:
			if depth == maxDepth {
				return fields, b, false
			}
			f.Type = Group
			if f.Fields, body, ok = tree(body, depth+1, f.Number, left); !ok {
				return fields, b, false
			}
		case 4:
			return fields, body, group == f.Number
		default:
			return fields, b, false
		}
		fields = append(fields, f)
		b = body
	}
	return fields, b, group == 0
}

// octets takes what looks like text as text, and what can be a message as one.
func (f *Field) octets(b []byte, depth int, left *int) {
	text := isText(b)
	// A message within whose first field is a message or a string begins with a
	// line feed, which text seldom does.
	if len(b) > 0 && depth < maxDepth && (!text || b[0] == '\n') {
		had := *left
		fields, rest, ok := tree(b, depth+1, 0, left)
		if ok && len(rest) == 0 {
			f.Type, f.Fields = Nested, fields
			return
		}
		*left = had
	}
	f.Type, f.Data = Octets, b
	if text {
		f.Type = Text
	}
}

// isText reports whether b is printable text in UTF-8.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}

// Numeral gives the value of a number as it may be meant: a varint as itself, fixed ones as
// integers too, and as floating point where that is no odd number.
func (f *Field) Numeral() string {
	s := strconv.FormatUint(f.Value, 10)
	switch f.Type {
	case Varint:
		if int64(f.Value) < 0 {
			s += " (" + strconv.FormatInt(int64(f.Value), 10) + ")"
		}
	case Fixed64:
		if v := math.Float64frombits(f.Value); plausible(v) {
			s += " (" + strconv.FormatFloat(v, 'g', -1, 64) + ")"
		}
	case Fixed32:
		if v := float64(math.Float32frombits(uint32(f.Value))); plausible(v) {
			s += " (" + strconv.FormatFloat(v, 'g', -1, 32) + ")"
		}
	}
	return s
}

// plausible reports whether a number is one that people write.
func plausible(v float64) bool {
	a := math.Abs(v)
	return a > 1e-9 && a < 1e15
}
