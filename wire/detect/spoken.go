package detect

import "wiretape/wire"

// Spoken returns the protocol, one of [Protos], that a server at a target ("host:25")
// speaks whose first octets are b, when it was asked in another: a server of mail
// that was asked for a page. It is "" where they do not tell, and for HTTP/1.1.
func Spoken(b []byte, target string) string {
	if len(b) == 0 {
		return ""
	}
	// Who was sent words that it does not know answers as Redis does, or has greeted.
	if isValue(b, false) == yes {
		return Redis
	}
	v := evidence{first: wire.ServerToClient, last: wire.ServerToClient, runs: 1, finished: true}
	v.run[1] = b[:min(len(b), sniffLimit)]
	v.facts(&wire.Facts{Network: "tcp", Target: target})
	if r := v.decide(); r != nil && r.proto != Raw && r.proto != HTTP1 {
		return r.proto
	}
	return ""
}
