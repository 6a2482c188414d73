package analyze

import (
	"strings"

	"wiretape/wire/auth"
	"wiretape/wire/http1"
)

// authBar says why no credentials go to where a chain ended, though it asks for
// them; "" for no reason. A pure function of what was recorded, so that a tape
// tells the same.
func authBar(first address, answer *hop, hops []hop) string {
	switch a := answer.at; {
	case a.secure && !answer.conv.tls.Verified():
		return "the certificate does not verify"
	case !a.secure && wasSecure(hops):
		return "the redirects left https"
	case strings.TrimPrefix(a.host, "www.") != strings.TrimPrefix(first.host, "www."):
		return "another host asks than the one that was typed"
	}
	return ""
}

// untried says why credentials would not be tried where a final response asks for
// them, whether or not there are any; nil where they would.
func untried(answer *hop, hops []hop) *Auth {
	bar := authBar(hops[0].at, answer, hops)
	if bar == "" && len(answerable(answer.response, "user:password")) == 0 {
		bar = "no scheme is offered that can be answered here"
	}
	if bar == "" {
		return nil
	}
	return &Auth{Verdict: Unknown, Evidence: "none go there: " + bar}
}

func wasSecure(hops []hop) bool {
	for i := range hops {
		if hops[i].at.secure {
			return true
		}
	}
	return false
}

// answerable returns what a final response asks for that can be answered, the
// strongest first, and each scheme once.
func answerable(r *http1.Response, credentials string) []auth.Challenge {
	var digest, rest []auth.Challenge
	pair := strings.Contains(credentials, ":")
	best := -1
	seen := make(map[string]bool)
	for _, c := range auth.Parse(r.Fields.Values("WWW-Authenticate")) {
		scheme := strings.ToLower(c.Scheme)
		switch {
		case scheme == "digest" && pair:
			// RFC 7616, section 3.7: the first that is known, but a stronger one is
			// worth more than the order.
			if rank := c.DigestRank(); rank > best {
				best, digest = rank, []auth.Challenge{c}
			}
		case seen[scheme]:
		case scheme == "basic" && pair, scheme == "bearer":
			seen[scheme] = true
			rest = append(rest, c)
		}
	}
	return append(digest, rest...)
}

// authorization returns the value of an Authorization field that answers a
// challenge.
func authorization(c auth.Challenge, credentials, target string) string {
	user, password, _ := strings.Cut(credentials, ":")
	switch strings.ToLower(c.Scheme) {
	case "basic":
		return auth.Basic(user, password)
	case "bearer":
		// RFC 6750, section 2.1. user:token serves as well as the token.
		if password != "" {
			user = password
		}
		return "Bearer " + user
	}
	return c.Digest(auth.Answer{User: user, Password: password, Method: "GET", Target: target, Count: 1, Nonce: auth.NewNonce()})
}
