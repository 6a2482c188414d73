package session

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// offerOpen returns the ways to go to what looks like a host or a URL, or "".
func offerOpen(fields []string) string {
	if len(fields) > 2 || !looksLikeHost(fields[0]) {
		return ""
	}
	host := fields[0]
	if len(fields) == 2 {
		port := fields[1]
		if strings.Contains(host, "://") || !looksLikePort(port) {
			return ""
		}
		return fmt.Sprintf("which way?  open %[1]s %[2]s   tls %[1]s %[2]s", host, port)
	}
	if strings.Contains(host, "://") {
		return fmt.Sprintf("which way?  open %[1]s   auto %[1]s", host)
	}
	if i := strings.LastIndexByte(host, ':'); i > 0 && strings.Count(host, ":") == 1 {
		return fmt.Sprintf("which way?  open %[1]s %[2]s   tls %[1]s %[2]s   auto %[1]s:%[2]s", host[:i], host[i+1:])
	}
	return fmt.Sprintf("which way?  open %[1]s 80   tls %[1]s 443   auto %[1]s", host)
}

// looksLikeHost reports whether a word is a URL, an address or a name with a dot
// in it.
func looksLikeHost(w string) bool {
	if scheme, rest, ok := strings.Cut(w, "://"); ok {
		return scheme != "" && rest != ""
	}
	if w == "localhost" || strings.HasPrefix(w, "localhost:") {
		return true
	}
	if strings.Count(w, ":") > 1 { // IPv6
		return strings.Trim(strings.ToLower(w), "0123456789abcdef:.[]%") == ""
	}
	name, port, hasPort := strings.Cut(w, ":")
	if hasPort && !looksLikePort(port) {
		return false
	}
	if !strings.Contains(strings.Trim(name, "."), ".") && !hasPort {
		return false
	}
	for _, r := range name {
		ok := r == '.' || r == '-' || r == '_' || r >= utf8.RuneSelf ||
			'0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !ok {
			return false
		}
	}
	return name != "" && name[0] != '.' && name[0] != '-'
}

// looksLikePort reports whether a word is a number or a service's name.
func looksLikePort(w string) bool {
	return w != "" && strings.Trim(w, "0123456789abcdefghijklmnopqrstuvwxyz-") == ""
}
