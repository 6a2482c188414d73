package analyze

import (
	"net/netip"
	"strconv"
	"strings"

	"wiretape/wire/http1"
)

// HSTS is a Strict-Transport-Security field.
type HSTS struct {
	MaxAge            int64  `json:"max_age"` // seconds
	IncludeSubDomains bool   `json:"include_subdomains"`
	Preload           bool   `json:"preload"`
	Ignored           string `json:"ignored"` // why a browser takes no notice of it; "" if it does
}

// parseHSTS reads the field of a response from a; nil when there is none. RFC
// 6797, section 8.1: the first field counts, over TLS without a fault alone.
func parseHSTS(fields http1.Fields, a address, verified bool) *HSTS {
	values := fields.Values("Strict-Transport-Security")
	if len(values) == 0 {
		return nil
	}
	s := &HSTS{MaxAge: -1}
	seen := make(map[string]bool)
	for d := range strings.SplitSeq(string(values[0]), ";") {
		name, value, _ := strings.Cut(d, "=")
		name = strings.ToLower(strings.Trim(name, " \t"))
		if name == "" {
			continue
		}
		if seen[name] {
			s.Ignored = "directive " + name + " stands twice" // section 6.1
		}
		seen[name] = true
		switch name {
		case "max-age":
			value = strings.Trim(value, " \t")
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			n, err := strconv.ParseUint(value, 10, 63)
			if err != nil && (value == "" || strings.Trim(value, "0123456789") != "") {
				s.Ignored = "max-age is no number"
				break
			}
			s.MaxAge = int64(n) // saturated where it was out of range
		case "includesubdomains":
			s.IncludeSubDomains = true
		case "preload":
			s.Preload = true
		}
	}
	_, err := netip.ParseAddr(a.host)
	switch {
	case s.Ignored != "":
	case s.MaxAge < 0:
		s.Ignored = "no max-age"
	case !a.secure:
		s.Ignored = "came over http"
	case !verified:
		s.Ignored = "the certificate did not verify"
	case err == nil:
		s.Ignored = "the host is an address" // section 8.1.1
	}
	s.MaxAge = max(s.MaxAge, 0)
	return s
}
