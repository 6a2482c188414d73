package why

// httpClass is what a status of no row comes to (RFC 9110, section 15).
func httpClass(status int) text {
	switch status / 100 {
	case 1:
		return text{means: "interim: the final response is still to come"}
	case 2:
		return text{means: "it was done"}
	case 3:
		return text{means: "elsewhere, or not changed", try: "the Location field: .follow"}
	case 4:
		return text{means: "the server takes it for our mistake", try: "the body often says more: .body"}
	case 5:
		return text{means: "the server failed, and says that the request is not to blame", try: "the same later; its log"}
	}
	return text{means: "no class of RFC 9110"}
}

var httpCodes = map[string]text{
	"100": {"Continue: the head is well, the body may come", "Expect: 100-continue was asked", ""},
	"101": {"Switching Protocols: what follows is what Upgrade names", "", ""},
	"103": {"Early Hints: links to fetch while the response is made", "", ""},
	"200": {"OK", "", ""},
	"201": {"Created: Location says where", "", ""},
	"202": {"Accepted, and not done yet", "", "asking again later"},
	"204": {"No Content: done, and there is nothing to show", "", ""},
	"206": {"Partial Content: the range that was asked for", "a Range field", ""},
	"301": {"Moved Permanently: ask there from now on", "http to https, a missing slash, another host name", ".follow; a POST may become a GET there"},
	"302": {"Found: there for this time", "a login page, a session that is missing", ".follow; does the jar send its cookies? .jar"},
	"303": {"See Other: the result is there, by GET", "a form that was taken", ".follow"},
	"304": {"Not Modified: what you have is still good", "If-None-Match or If-Modified-Since", "the same without these fields"},
	"307": {"Temporary Redirect, with method and body as they are", "", ".follow"},
	"308": {"Permanent Redirect, with method and body as they are", "", ".follow"},
	"400": {"Bad Request: the server could not, or would not, read it", "no Host, a blank before a colon, LF alone, plain text to a TLS port, a broken body", "the ! rows before it was sent; .show raw"},
	"401": {"Unauthorized: who are you?", "no credentials, wrong ones, or a token that has expired", "WWW-Authenticate says how: .auth basic, digest or bearer"},
	"402": {"Payment Required", "a quota", ""},
	"403": {"Forbidden: it is known who asks, and the answer is no", "rights, the address, a CSRF token, a firewall that dislikes the User-Agent", "other credentials; the fields that a browser sends"},
	"404": {"Not Found", "the path, or the Host field leads to another site on this address", "the Host field; a slash at the end; capitals"},
	"405": {"Method Not Allowed here", "", "the Allow field lists those that are"},
	"406": {"Not Acceptable: nothing fits Accept", "Accept, Accept-Language", "Accept: */*"},
	"407": {"Proxy Authentication Required", "the proxy, not the server, asks who you are", "Proxy-Authorization"},
	"408": {"Request Timeout: it took too long to come", "a body shorter than Content-Length, no blank line, or an idle connection", "lengths: .show hex"},
	"409": {"Conflict with how things stand", "it was changed by somebody else", "reading it anew first"},
	"410": {"Gone, for good", "", ""},
	"411": {"Length Required", "a body without Content-Length", "Content-Length, or chunks"},
	"412": {"Precondition Failed", "If-Match or If-Unmodified-Since does not hold", ""},
	"413": {"Content Too Large", "a limit of the server or of a proxy (nginx: client_max_body_size)", ""},
	"414": {"URI Too Long", "a form by GET, or a redirect that adds to itself", "POST"},
	"415": {"Unsupported Media Type", "Content-Type, or Content-Encoding of the body", "Content-Type: application/json, if it is that"},
	"416": {"Range Not Satisfiable", "a range beyond the end", "Content-Range says how long it is"},
	"417": {"Expectation Failed", "Expect: 100-continue", "without Expect"},
	"421": {"Misdirected Request: this connection is not for that host", "a name in Host that the certificate or SNI of the connection is not for", "a new connection to that host"},
	"422": {"Unprocessable Content: it reads well and means nothing here", "a field that is missing or wrong in the body", ".body names it, mostly"},
	"425": {"Too Early: not within TLS early data", "", "once more"},
	"426": {"Upgrade Required", "a WebSocket or TLS only place", "Upgrade says to what"},
	"428": {"Precondition Required", "", "If-Match with the ETag"},
	"429": {"Too Many Requests", "a limit for your address or token", "Retry-After says when: .again 5 every 10s until 'status != 429'"},
	"431": {"Request Header Fields Too Large", "cookies, mostly", ".jar clear; fewer cookies"},
	"451": {"Unavailable For Legal Reasons", "", ""},
	"499": {"nginx, in its own log: the client hung up first", "a half-close is one to nginx", "without -N, without .eof"},
	"500": {"Internal Server Error", "the program behind it failed on this request", "its log; the same without the body"},
	"501": {"Not Implemented", "a method that it does not know, or a transfer coding", ""},
	"502": {"Bad Gateway: what stands behind it gave no sound answer", "the program is down, resets, or speaks another protocol", "that server itself; its log"},
	"503": {"Service Unavailable", "overload or maintenance", "Retry-After"},
	"504": {"Gateway Timeout: what stands behind it did not answer in time", "a slow query", ".timing; that server itself"},
	"505": {"HTTP Version Not Supported", "the version in the request line", "HTTP/1.1"},
	"511": {"Network Authentication Required", "a captive portal", "a browser"},
	"520": {"Cloudflare: the origin answered with something odd", "a reset, or an empty reply", "the origin itself"},
	"521": {"Cloudflare: the origin refuses connections", "it is down, or its firewall keeps Cloudflare out", "the origin itself"},
	"522": {"Cloudflare: connecting to the origin took too long", "a firewall that drops", "the origin itself"},
	"525": {"Cloudflare: the handshake with the origin failed", "its certificate or versions", "tls ORIGIN"},
}

var h2Codes = map[string]text{
	"NO_ERROR":            {"nothing is wrong: it ends in order", "a restart, an idle time, or enough requests on one connection", "a new connection"},
	"PROTOCOL_ERROR":      {"it broke a rule of HTTP/2", "a name in capitals, Connection or another field of HTTP/1, no :authority, a frame where none may be", "the ! rows before it was sent; .frames"},
	"INTERNAL_ERROR":      {"the server failed", "a crash behind it", "its log"},
	"FLOW_CONTROL_ERROR":  {"more octets than the window had, or a window beyond 2^31-1", ".send data … force, or a large .send window", ".h2 shows the windows"},
	"SETTINGS_TIMEOUT":    {"its SETTINGS were not acknowledged", ".h2 ack off", ".h2 ack on, or .send settings ack"},
	"STREAM_CLOSED":       {"a frame on a stream that has ended", "DATA behind END_STREAM", "a new stream"},
	"FRAME_SIZE_ERROR":    {"a frame larger than MAX_FRAME_SIZE, or of a length that its type cannot have", "", ".frames"},
	"REFUSED_STREAM":      {"it was not looked at: sending it again is safe", "MAX_CONCURRENT_STREAMS, or the server is about to end", ".again"},
	"CANCEL":              {"it is not wanted any more", "a timeout behind a proxy", ".timing"},
	"COMPRESSION_ERROR":   {"the header block could not be read", "a raw HPACK block, or a table that is out of step", "a new connection; .hpack"},
	"CONNECT_ERROR":       {"the connection that CONNECT asked for was reset", "", ""},
	"ENHANCE_YOUR_CALM":   {"too much of something", "many PINGs, resets or empty frames: the server takes it for an attack", "slower"},
	"INADEQUATE_SECURITY": {"TLS below what HTTP/2 demands", "TLS before 1.2, or a suite of the prohibited list", "--tls-min 1.2"},
	"HTTP_1_1_REQUIRED":   {"this works over HTTP/1.1 alone", "client certificates by renegotiation, NTLM, WebSocket", "https:// in place of h2://"},
}

var closeCodes = map[string]text{
	"0":    {"a Close frame without a code", "", ""},
	"1000": {"Normal Closure", "", ""},
	"1001": {"Going Away", "a restart, or a page that was left", "connecting again"},
	"1002": {"Protocol Error", "a frame without its mask, an unknown opcode, RSV bits nobody agreed on", ".show hex"},
	"1003": {"Unsupported Data: not this type", "binary where text was wanted, or the other way", ".send ws text"},
	"1005": {"no code came; it may stand in no frame", "", ""},
	"1006": {"no Close frame came at all; it may stand in no frame", "a proxy's idle timeout, or a crash", "pings in between"},
	"1007": {"Invalid Payload: text that is no UTF-8, or not what it should be", "", ""},
	"1008": {"Policy Violation", "Origin, a token, or a limit", "the Origin field of the request"},
	"1009": {"Message Too Big", "a limit of the server", "smaller messages"},
	"1010": {"an extension that the client needs was not agreed on", "", ""},
	"1011": {"Internal Error of the server", "", "its log"},
	"1012": {"Service Restart", "", "connecting again"},
	"1013": {"Try Again Later", "overload", ""},
	"1014": {"Bad Gateway", "what stands behind the proxy", ""},
	"1015": {"the handshake of TLS failed; it may stand in no frame", "", ""},
}

var grpcCodes = map[string]text{
	"0":  {"OK", "", ""},
	"1":  {"CANCELLED: the client gave it up", "", ""},
	"2":  {"UNKNOWN: an error without a code", "an exception that the server did not map", "its log"},
	"3":  {"INVALID_ARGUMENT", "a field of the message", ""},
	"4":  {"DEADLINE_EXCEEDED", "grpc-timeout was too short, or the server too slow", ""},
	"5":  {"NOT_FOUND", "", ""},
	"6":  {"ALREADY_EXISTS", "", ""},
	"7":  {"PERMISSION_DENIED: it is known who asks", "", ""},
	"8":  {"RESOURCE_EXHAUSTED: a quota or a size", "a message larger than 4 MiB", ""},
	"9":  {"FAILED_PRECONDITION: not as things stand", "", ""},
	"10": {"ABORTED: a conflict", "", "the whole sequence once more"},
	"11": {"OUT_OF_RANGE", "", ""},
	"12": {"UNIMPLEMENTED: no such method", "the path: /package.Service/Method", ""},
	"13": {"INTERNAL: broken on its side, or on the way", "compression or framing that it cannot read", ""},
	"14": {"UNAVAILABLE", "the server is down or starts", ".again"},
	"15": {"DATA_LOSS", "", ""},
	"16": {"UNAUTHENTICATED: who are you?", "no token, or one that has expired", "authorization: Bearer …"},
}
