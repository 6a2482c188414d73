package dns

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
)

var optionNames = map[uint16]string{
	1: "LLQ", 2: "UL", 3: "NSID", 5: "DAU", 6: "DHU", 7: "N3U", 8: "ECS", 9: "EXPIRE", 10: "COOKIE", 11: "TCP-KEEPALIVE", 12: "PADDING",
	13: "CHAIN", 14: "KEY-TAG", 15: "EDE", 18: "REPORT-CHANNEL", 19: "ZONEVERSION",
}

// Name returns the option's name, or OPT and the number.
func (o Option) Name() string {
	if name, ok := optionNames[o.Code]; ok {
		return name
	}
	return "OPT" + strconv.Itoa(int(o.Code))
}

// extendedErrors are those of RFC 8914, section 4.
var extendedErrors = []string{
	"Other Error", "Unsupported DNSKEY Algorithm", "Unsupported DS Digest Type", "Stale Answer", "Forged Answer", "DNSSEC Indeterminate",
	"DNSSEC Bogus", "Signature Expired", "Signature Not Yet Valid", "DNSKEY Missing", "RRSIGs Missing", "No Zone Key Bit Set", "NSEC Missing",
	"Cached Error", "Not Ready", "Blocked", "Censored", "Filtered", "Prohibited", "Stale NXDOMAIN Answer", "Not Authoritative", "Not Supported",
	"No Reachable Authority", "Network Error", "Invalid Data",
}

// Value returns the option's data for reading, in hexadecimal where nothing more
// is known of it.
func (o Option) Value() string {
	switch b := o.Data; {
	case o.Code == 8 && len(b) >= 4: // RFC 7871, section 6
		size := map[uint16]int{1: 4, 2: 16}[binary.BigEndian.Uint16(b)]
		if size > 0 && len(b)-4 <= size {
			ip, _ := netip.AddrFromSlice(append(b[4:len(b):len(b)], make([]byte, size-(len(b)-4))...))
			return fmt.Sprintf("%s/%d scope %d", ip, b[2], b[3])
		}
	case o.Code == 11 && len(b) == 2: // RFC 7828, section 3.1: in units of 100 ms
		n := binary.BigEndian.Uint16(b)
		return fmt.Sprintf("%d.%d s", n/10, n%10)
	case o.Code == 12:
		return strconv.Itoa(len(b)) + " B"
	case o.Code == 15 && len(b) >= 2:
		n := int(binary.BigEndian.Uint16(b))
		text := strconv.Itoa(n)
		if n < len(extendedErrors) {
			text += " (" + extendedErrors[n] + ")"
		}
		if len(b) > 2 {
			text += fmt.Sprintf(" %q", b[2:])
		}
		return text
	case o.Code == 3 && isPrintable(b):
		return string(b)
	}
	return hex.EncodeToString(o.Data)
}

func isPrintable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(b) > 0
}
