package tape

import (
	"bytes"
	"net/netip"
	"regexp"
	"sync"
	"time"
)

// kindPatterns returns those of the kinds that are regular. They are compiled when
// first needed: many runs read no tape.
var kindPatterns = sync.OnceValue(func() map[SpanKind]*regexp.Regexp {
	return map[SpanKind]*regexp.Regexp{
		SpanUUID:     regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`),
		SpanToken:    regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"), // RFC 9110, section 5.6.2
		SpanInt:      regexp.MustCompile(`^[+-]?[0-9]+$`),
		SpanHex:      regexp.MustCompile(`^[0-9A-Fa-f]+$`),
		SpanB64:      regexp.MustCompile(`^[0-9A-Za-z+/_-]+={0,2}$`),
		SpanJWT:      regexp.MustCompile(`^[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]*$`),
		SpanBoundary: regexp.MustCompile(`^[0-9A-Za-z'()+_,./:=? -]{1,70}$`), // RFC 2046, section 5.1.1
	}
})

// Fits reports whether b is a value of the kind, for those that say by themselves
// what is.
func (k SpanKind) Fits(b []byte) bool {
	switch k {
	case SpanAny:
		return true
	case SpanDate:
		return isTime(b)
	case SpanIP:
		_, err := netip.ParseAddr(string(bytes.Trim(b, "[]")))
		return err == nil
	}
	re := kindPatterns()[k]
	return re != nil && re.Match(b)
}

// dateLayouts are the forms of RFC 9110, section 5.6.7, that of mail and of
// cookies, and RFC 3339.
var dateLayouts = []string{
	"Mon, 02 Jan 2006 15:04:05 MST", "Monday, 02-Jan-06 15:04:05 MST", time.ANSIC,
	"Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 -0700 (MST)",
	"2 Jan 2006 15:04:05 -0700", "Mon, 02-Jan-2006 15:04:05 MST", time.RFC3339Nano,
}

// isTime reports whether b is a date and time.
func isTime(b []byte) bool {
	if len(b) < 16 || len(b) > 48 {
		return false
	}
	for _, layout := range dateLayouts {
		if _, err := time.Parse(layout, string(b)); err == nil {
			return true
		}
	}
	return false
}
