// Package dns reads messages of the Domain Name System, over datagrams and over
// streams, and writes queries.
//
// A [Parser] takes both directions of a connection and gives a Message for each
// query and each answer, whoever sends it, with a [Message] as its Value. An
// answer belongs to the query that has its identifier and its question, whatever
// came between. Decoding never fails: what is malformed becomes a Note with its
// offset and the RFC's section, and the records that could be read are given.
//
// Records are in presentation form (RFC 1035, section 5.1); types that are not
// known are in that of RFC 3597.
package dns

import (
	"fmt"
	"strings"
)

// A Message is the Value of a query or an answer (RFC 1035, section 4).
type Message struct {
	ID         uint16
	Response   bool // QR
	Opcode     Opcode
	Flags      Flags
	RCode      RCode // with the upper bits that EDNS has
	Question   []Question
	Answers    []Record
	Authority  []Record
	Additional []Record // without the OPT record
	EDNS       *EDNS    // nil for none
	Counts     [4]int   // of the sections, as the header says
}

// Flags are the bits of the header beside QR, opcode and response code.
type Flags uint16

// The flags, by their bits in the header's second word.
const (
	AA Flags = 1 << 10 // authoritative answer
	TC Flags = 1 << 9  // truncated
	RD Flags = 1 << 8  // recursion desired
	RA Flags = 1 << 7  // recursion available
	Z  Flags = 1 << 6  // reserved
	AD Flags = 1 << 5  // authentic data (RFC 4035, section 3.2.3)
	CD Flags = 1 << 4  // checking disabled
)

var flagNames = []struct {
	bit  Flags
	name string
}{{AA, "aa"}, {TC, "tc"}, {RD, "rd"}, {RA, "ra"}, {Z, "z"}, {AD, "ad"}, {CD, "cd"}}

// Names returns the flags that are set, as dig spells them.
func (f Flags) Names() (names []string) {
	for _, x := range flagNames {
		if f&x.bit != 0 {
			names = append(names, x.name)
		}
	}
	return names
}

// A Question is what is asked.
type Question struct {
	Name    string // in presentation form, with its final dot
	Type    Type
	Class   Class
	Unicast bool // over mDNS: the answer may come by unicast (RFC 6762, section 5.4)
}

// String returns the question as dig prints it.
func (q Question) String() string { return q.Name + " " + q.Class.String() + " " + q.Type.String() }

// A Record is a resource record.
type Record struct {
	Name  string
	Type  Type
	Class Class
	TTL   uint32 // seconds
	Data  string // in presentation form
	Raw   []byte // its octets, names in it perhaps compressed
	Flush bool   // over mDNS: others are to be forgotten (RFC 6762, section 10.2)
}

// String returns the record as a line of a zone file, blanks between its parts.
func (r Record) String() string {
	return strings.TrimRight(fmt.Sprintf("%s %d %s %s %s", r.Name, r.TTL, r.Class, r.Type, r.Data), " ")
}

// EDNS is what the OPT record holds (RFC 6891, section 6).
type EDNS struct {
	Size    int // octets of a datagram that its sender takes
	Version int
	DO      bool // DNSSEC records are wanted (RFC 3225)
	Options []Option
}

// An Option is one of EDNS.
type Option struct {
	Code uint16
	Data []byte
}
