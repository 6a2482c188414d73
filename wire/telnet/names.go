package telnet

import (
	"fmt"
	"strconv"
	"strings"
)

// A Code is what follows IAC (RFC 854; EOF to EOR are those of RFC 1184 and RFC
// 885).
type Code byte

const (
	EOF   Code = 236 + iota // end of file
	SUSP                    // suspend the process
	ABORT                   // abort the process
	EOR                     // end of record
	SE                      // end of subnegotiation
	NOP
	DM  // data mark: the data stream portion of a Synch
	BRK // break
	IP  // interrupt process
	AO  // abort output
	AYT // are you there
	EC  // erase character
	EL  // erase line
	GA  // go ahead
	SB  // subnegotiation begins
	WILL
	WONT
	DO
	DONT
	IAC // before another: an octet of data of 255
)

var codeNames = [...]string{
	"EOF", "SUSP", "ABORT", "EOR", "SE", "NOP", "DM", "BRK", "IP", "AO", "AYT", "EC", "EL", "GA", "SB",
	"WILL", "WONT", "DO", "DONT", "IAC",
}

// String returns the code as the RFCs write it.
func (c Code) String() string {
	if c >= EOF {
		return codeNames[c-EOF]
	}
	return fmt.Sprintf("Code(%d)", byte(c))
}

// takesOption reports whether an option follows the code.
func (c Code) takesOption() bool { return c >= WILL && c <= DONT }

// An Option is a number of IANA's registry of Telnet options.
type Option byte

// The options that are looked into.
const (
	Binary     Option = 0  // RFC 856
	Echo       Option = 1  // RFC 857
	SGA        Option = 3  // RFC 858, suppress go ahead
	Status     Option = 5  // RFC 859
	TTYPE      Option = 24 // RFC 1091, terminal type
	NAWS       Option = 31 // RFC 1073, window size
	TSPEED     Option = 32 // RFC 1079, terminal speed
	LFLOW      Option = 33 // RFC 1372, flow control
	Linemode   Option = 34 // RFC 1184
	XDISPLOC   Option = 35 // RFC 1096
	Environ    Option = 36 // RFC 1408
	Encrypt    Option = 38 // RFC 2946
	NewEnviron Option = 39 // RFC 1572
	Charset    Option = 42 // RFC 2066
	MSDP       Option = 69
	MSSP       Option = 70
	Compress   Option = 85
	Compress2  Option = 86
	ZMP        Option = 93
	GMCP       Option = 201
)

var optionNames = map[Option]string{
	Binary: "BINARY", Echo: "ECHO", 2: "RCP", SGA: "SGA", 4: "NAMS", Status: "STATUS", 6: "TIMING-MARK", 7: "RCTE",
	8: "NAOL", 9: "NAOP", 10: "NAOCRD", 11: "NAOHTS", 12: "NAOHTD", 13: "NAOFFD", 14: "NAOVTS", 15: "NAOVTD", 16: "NAOLFD",
	17: "EXTEND-ASCII", 18: "LOGOUT", 19: "BYTE-MACRO", 20: "DATA-ENTRY-TERMINAL", 21: "SUPDUP", 22: "SUPDUP-OUTPUT",
	23: "SEND-LOCATION", TTYPE: "TTYPE", 25: "END-OF-RECORD", 26: "TUID", 27: "OUTMRK", 28: "TTYLOC", 29: "3270-REGIME",
	30: "X.3-PAD", NAWS: "NAWS", TSPEED: "TSPEED", LFLOW: "LFLOW", Linemode: "LINEMODE", XDISPLOC: "XDISPLOC",
	Environ: "ENVIRON", 37: "AUTHENTICATION", Encrypt: "ENCRYPT", NewEnviron: "NEW-ENVIRON", 40: "TN3270E", 41: "XAUTH",
	Charset: "CHARSET", 43: "RSP", 44: "COM-PORT", 45: "SUPPRESS-LOCAL-ECHO", 46: "START-TLS", 47: "KERMIT", 48: "SEND-URL",
	49: "FORWARD-X", MSDP: "MSDP", MSSP: "MSSP", Compress: "COMPRESS", Compress2: "COMPRESS2", 90: "MSP", 91: "MXP", ZMP: "ZMP",
	138: "PRAGMA-LOGON", 139: "SSPI-LOGON", 140: "PRAGMA-HEARTBEAT", 200: "ATCP", GMCP: "GMCP", 255: "EXOPL",
}

// ParseOption returns the option that is called s, in any case, or has it for its
// number.
func ParseOption(s string) (Option, bool) {
	if n, err := strconv.ParseUint(s, 10, 8); err == nil {
		return Option(n), true
	}
	for o, name := range optionNames {
		if strings.EqualFold(name, s) {
			return o, true
		}
	}
	return 0, false
}

// String returns the option's name, or its number.
func (o Option) String() string {
	if name := optionNames[o]; name != "" {
		return name
	}
	return fmt.Sprintf("option %d", byte(o))
}
