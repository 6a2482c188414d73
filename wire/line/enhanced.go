package line

import "bytes"

// enhancedCode returns the enhanced status code that a text begins with, "" for
// none: class, subject and detail, each of at most three digits (RFC 3463, section
// 2; RFC 2034, section 4).
func enhancedCode(text []byte) string {
	code, _, _ := bytes.Cut(text[:min(len(text), 10)], []byte(" "))
	parts := bytes.Split(code, []byte("."))
	if len(parts) != 3 || len(parts[0]) != 1 || parts[0][0] != '2' && parts[0][0] != '4' && parts[0][0] != '5' {
		return ""
	}
	for _, part := range parts[1:] {
		if len(part) == 0 || len(part) > 3 || len(bytes.Trim(part, "0123456789")) > 0 {
			return ""
		}
	}
	return string(code)
}
