package cookie

import "golang.org/x/net/publicsuffix"

// isPublicSuffix reports whether a canonical domain is a public suffix: by a rule
// of the ICANN or of the private section of the list, or, where no rule fits, by
// being a single label ("*" is the list's prevailing rule).
func isPublicSuffix(domain string) bool {
	return domain != "" && !isIP(domain) && publicSuffix(domain) == domain
}

// publicSuffix returns the public suffix of a canonical host name.
func publicSuffix(host string) string {
	suffix, _ := publicsuffix.PublicSuffix(host)
	return suffix
}
