package dns

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Type is the type of a record or a question.
type Type uint16

// The types that something hangs on.
const (
	TypeA     Type = 1
	TypeNS    Type = 2
	TypeCNAME Type = 5
	TypeSOA   Type = 6
	TypePTR   Type = 12
	TypeMX    Type = 15
	TypeTXT   Type = 16
	TypeAAAA  Type = 28
	TypeSRV   Type = 33
	TypeOPT   Type = 41
	TypeSVCB  Type = 64
	TypeHTTPS Type = 65
	TypeIXFR  Type = 251
	TypeAXFR  Type = 252
	TypeANY   Type = 255
)

// typeNames are those of IANA's registry.
var typeNames = map[Type]string{
	1: "A", 2: "NS", 3: "MD", 4: "MF", 5: "CNAME", 6: "SOA", 7: "MB", 8: "MG", 9: "MR", 10: "NULL", 11: "WKS", 12: "PTR", 13: "HINFO",
	14: "MINFO", 15: "MX", 16: "TXT", 17: "RP", 18: "AFSDB", 19: "X25", 20: "ISDN", 21: "RT", 24: "SIG", 25: "KEY", 28: "AAAA", 29: "LOC",
	33: "SRV", 35: "NAPTR", 36: "KX", 37: "CERT", 39: "DNAME", 41: "OPT", 42: "APL", 43: "DS", 44: "SSHFP", 45: "IPSECKEY", 46: "RRSIG",
	47: "NSEC", 48: "DNSKEY", 49: "DHCID", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 53: "SMIMEA", 55: "HIP", 59: "CDS", 60: "CDNSKEY",
	61: "OPENPGPKEY", 62: "CSYNC", 63: "ZONEMD", 64: "SVCB", 65: "HTTPS", 99: "SPF", 104: "NID", 105: "L32", 106: "L64", 107: "LP",
	108: "EUI48", 109: "EUI64", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR", 253: "MAILB", 254: "MAILA", 255: "ANY", 256: "URI", 257: "CAA",
}

// String returns the name, or TYPE and the number (RFC 3597, section 5).
func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// ParseType reads the name of a type, in any case, or TYPE and a number.
func ParseType(name string) (Type, bool) {
	name = strings.ToUpper(name)
	for t, n := range typeNames {
		if n == name {
			return t, true
		}
	}
	if digits, ok := strings.CutPrefix(name, "TYPE"); ok {
		n, err := strconv.ParseUint(digits, 10, 16)
		return Type(n), err == nil
	}
	return 0, false
}

// TypeNames returns the names that [ParseType] knows, but for TYPE and a number, in
// their alphabet's order.
func TypeNames() []string { return slices.Sorted(maps.Values(typeNames)) }

// A Class is the class of a record or a question.
type Class uint16

// The classes that are in use: the Internet, and what servers tell of themselves.
const (
	ClassIN Class = 1
	ClassCH Class = 3
)

var classNames = map[Class]string{1: "IN", 2: "CS", 3: "CH", 4: "HS", 254: "NONE", 255: "ANY"}

// String returns the name, or CLASS and the number (RFC 3597, section 5).
func (c Class) String() string {
	if name, ok := classNames[c]; ok {
		return name
	}
	return "CLASS" + strconv.Itoa(int(c))
}

// An Opcode says what kind of query a message is.
type Opcode uint8

var opcodeNames = map[Opcode]string{0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}

// String returns the name, or OPCODE and the number.
func (o Opcode) String() string {
	if name, ok := opcodeNames[o]; ok {
		return name
	}
	return "OPCODE" + strconv.Itoa(int(o))
}

// An RCode is a response code.
type RCode uint16

var rcodeNames = map[RCode]string{
	0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET",
	9: "NOTAUTH", 10: "NOTZONE", 11: "DSOTYPENI", 16: "BADVERS", 17: "BADKEY", 18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG",
	22: "BADTRUNC", 23: "BADCOOKIE",
}

// String returns the name, or RCODE and the number.
func (r RCode) String() string {
	if name, ok := rcodeNames[r]; ok {
		return name
	}
	return "RCODE" + strconv.Itoa(int(r))
}
