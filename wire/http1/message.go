// Package http1 reads HTTP/1.x, as it is spoken and as it is broken.
//
// A [Parser] takes both directions of a connection and gives one Message for
// each request and each response, interim ones among them. It refuses nothing:
// what RFC 9112 forbids and the field does all the same becomes a Note with its
// octet and section, and what strict recipients would refuse is also named in
// the Fault of the [Request] or [Response]. Bytes that are no HTTP become raw
// Messages.
//
// # Octets
//
// Message.Head holds the head as it came, line ends included; names and values
// of fields are slices of it, so nothing is lost by folding case or white space.
// Message.Body is what stands after the transfer coding chunked is undone.
//
// # Framing
//
// The length of a body is decided by RFC 9112, section 6.3, in its order;
// Framing names the outcome and Message.EndedBy the reason.
package http1

import "strconv"

// Framing says how the end of a message was, or is, known. It is empty where the
// head is not complete.
type Framing string

// The framings, as they stand in JSON.
const (
	FramingNone          Framing = "none"           // no body
	FramingContentLength Framing = "content-length" // so many octets
	FramingChunked       Framing = "chunked"        // up to the last chunk and its trailer section
	FramingClose         Framing = "close"          // up to the end of the stream
	FramingUpgrade       Framing = "upgrade"        // no body; another protocol follows
)

// A Request is the Value of a request Message.
type Request struct {
	Method  string // as it came; the case counts
	Target  string
	Version string // as it came; "HTTP/0.9" where the request line has none
	Fields  Fields

	// Of a request over HTTP/2, which has no Host field of its own, what the
	// pseudo-header fields :scheme and :authority say; "" otherwise.
	Scheme, Authority string

	Trailers Fields
	Framing  Framing
	Length   int64    // the Content-Length that frames the body; -1 for none
	Codings  []string // transfer codings in the order of the fields, lower case
	Chunks   int      // with data

	KeepAlive    bool   // the client leaves the connection open for another request
	KeepAliveWhy string // what says so
	Fault        string // why a strict server refuses it; "" for nothing
}

// Host returns the host that is asked, with its port if that is given: the Host
// field, or the authority of a request over HTTP/2, which is in force there (RFC
// 9113, section 8.3.1). It is "" where there is neither.
func (r *Request) Host() string {
	if r.Authority != "" {
		return r.Authority
	}
	return string(r.Fields.Get("Host"))
}

// String returns the request line without its end, exactly as its parts came.
func (r *Request) String() string {
	if r.Version == "HTTP/0.9" {
		return r.Method + " " + r.Target
	}
	return r.Method + " " + r.Target + " " + r.Version
}

// A Response is the Value of a response Message, final or interim.
type Response struct {
	Version string // as it came; "HTTP/0.9" where there is no status line
	Status  int    // 0 where there is none to read
	Reason  string
	Fields  Fields

	Trailers Fields
	Framing  Framing
	Length   int64    // the Content-Length that frames the body; -1 for none
	Codings  []string // transfer codings in the order of the fields, lower case
	Chunks   int      // with data

	Request *Request // that it answers; nil when nothing was asked. Not to be modified

	KeepAlive    bool   // the connection stays open for another request
	KeepAliveWhy string // what says so
	Fault        string // why a strict client refuses it; "" for nothing
}

// String returns the status line without its end, exactly as its parts came.
func (r *Response) String() string {
	if r.Version == "HTTP/0.9" && r.Status == 0 {
		return r.Version
	}
	s := r.Version + " " + strconv.Itoa(r.Status)
	if r.Reason != "" {
		s += " " + r.Reason
	}
	return s
}

// Interim reports whether a final response is still to come (RFC 9110, section
// 15.2). 101 is final for HTTP/1: another protocol follows it.
func (r *Response) Interim() bool {
	return r.Status >= 100 && r.Status < 200 && r.Status != 101
}

// equalFold reports whether b is s but for the case of ASCII letters.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range len(b) {
		if lower(b[i]) != lower(s[i]) {
			return false
		}
	}
	return true
}

// lower returns c as a lower-case ASCII letter, if it is one.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// lowerString returns b with its ASCII letters in lower case. Unlike
// bytes.ToLower it leaves octets alone that are not UTF-8.
func lowerString(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = lower(c)
	}
	return string(out)
}
