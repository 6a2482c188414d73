// Package curl reads the command lines of curl as the requests that they make: of
// what a browser copies, and of what people know by heart. It runs no shell and no
// curl, and sends nothing.
//
// The request is what was asked for and no more: curl's own User-Agent and Accept
// are not made up. What an option asks for that is not done here is said, in
// [Request.Notes].
package curl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Request is what a command line asks for.
type Request struct {
	URL    string // as it stands there; "" for none
	Method string // "" where no option and no body says it: GET
	Target string // of --request-target; "" for that of the URL
	HTTP   string // of --http1.0, --http1.1, --http2 and --http2-prior-knowledge: "1.0", "1.1", "2", "2 alone"; "" for none

	// Fields are names with their values, in the order of the options. Host stands
	// there only where an option says it.
	Fields [][2]string
	// Usual are fields that go along unless others of their names are there: what
	// --json and --compressed say, and what curl says of a body.
	Usual [][2]string
	// Without are the names, in lower case, of fields that are to be left out.
	Without []string
	Body    []byte // nil for none

	// Auth says how User, which is user:password or a user alone, is to be sent:
	// "digest"; "" where there is nothing left to do.
	Auth, User string

	// Dial are the options that say how to connect, as flags of the command line
	// with their values: insecure, resolve, connect-to, cacert, cert, key, proxy,
	// ipv4, ipv6, wait, max-time, verbose, tls-min, tls-max, ciphers.
	Dial [][2]string

	// Notes say what of the command line is not done, and what does it; a line each,
	// in no need of an end.
	Notes []string

	literal bool // -g: the URL is no pattern
}

// FormType is the Content-Type that curl gives a body which no option gives one.
const FormType = "application/x-www-form-urlencoded"

// A Reader returns what a file has; of "-", what stdin has.
type Reader func(name string) ([]byte, error)

// ParseCommand is [Parse] of what was written for curl: it notes a URL that curl would
// take for several, or for none.
func ParseCommand(args []string, read Reader) (*Request, error) {
	r, err := Parse(args, read)
	switch {
	case err != nil:
	case strings.ContainsAny(r.URL, " \t"):
		r.Notes = append(r.Notes, r.URL+": a URL has no blank in it, %20 stands for one: taken as it is written")
	case !r.literal && isPattern(r.URL):
		r.Notes = append(r.Notes, r.URL+": curl makes several URLs of braces and brackets: taken as it is written, as with -g")
	}
	return r, err
}

// ParseLine is [ParseCommand] of a whole command line, as [Split] cuts it: it notes what
// a shell would put something else in place of.
func ParseLine(line string, read Reader) (*Request, error) {
	s := splitter{rest: line}
	words, err := s.words()
	if err != nil {
		return nil, err
	}
	r, err := ParseCommand(words, read)
	if err == nil {
		for _, text := range s.expands {
			r.Notes = append(r.Notes, text+" is the shell's to put something in place of: taken as it is written")
		}
	}
	return r, err
}

// Parse reads the arguments of curl; curl itself may stand before them. Its error
// says which argument is not understood at all.
func Parse(args []string, read Reader) (*Request, error) {
	if len(args) > 0 && (args[0] == "curl" || args[0] == "curl.exe") {
		args = args[1:]
	}
	p := parser{r: new(Request), args: args, read: read}
	for len(p.args) > 0 {
		arg := p.args[0]
		p.args = p.args[1:]
		var err error
		switch {
		case arg == "|" || arg == "||" || arg == "&&" || arg == ";" || arg == "&" || strings.HasPrefix(arg, ">"):
			p.note("%q and what follows is the shell's: left out", arg)
			p.args = nil
		case arg == "--":
		case strings.HasPrefix(arg, "--"):
			err = p.option(arg[2:], "", false)
		case len(arg) > 1 && arg[0] == '-':
			err = p.cluster(arg[1:])
		case strings.HasPrefix(arg, "^"):
			err = fmt.Errorf("%s is quoted for cmd.exe: Copy as cURL (bash) is understood", arg)
		default:
			p.url(arg)
		}
		if err != nil {
			return nil, err
		}
	}
	return p.r, p.finish()
}

type parser struct {
	r    *Request
	args []string // still to be read
	read Reader

	method    string
	head, get bool
	data      []byte // of all options of data
	has, json bool
	parts     []part // of -F

	compressed bool
}

func (p *parser) note(format string, args ...any) {
	p.r.Notes = append(p.r.Notes, fmt.Sprintf(format, args...))
}

func (p *parser) url(text string) {
	if p.r.URL != "" {
		p.note("%s is another URL: left out", text)
		return
	}
	p.r.URL = text
}

// cluster reads short options that stand together: -sSk, -XPOST.
func (p *parser) cluster(letters string) error {
	for i := range len(letters) {
		name, ok := short[letters[i]]
		if !ok {
			p.note("-%c is not known: left out", letters[i])
			continue
		}
		if takesValue(name) {
			return p.option(name, letters[i+1:], i+1 < len(letters))
		}
		if err := p.option(name, "", false); err != nil {
			return err
		}
	}
	return nil
}

// option does what a long option says. Its value is the next argument, unless it
// stood at it.
func (p *parser) option(name, value string, given bool) error {
	if takesValue(name) && !given {
		if len(p.args) == 0 {
			return fmt.Errorf("--%s wants a value", name)
		}
		value, p.args = p.args[0], p.args[1:]
	}
	if o, ok := options[name]; ok {
		if err := o.do(p, value); err != nil {
			return fmt.Errorf("--%s %s: %w", name, value, err)
		}
		return nil
	}
	_, off := strings.CutPrefix(name, "no-")
	switch {
	case slices.Contains(strings.Fields(idle), name), off:
	case slices.Contains(strings.Fields(valued), name):
		p.note("--%s %s is not done here: left out", name, value)
	default:
		p.note("--%s is not done here: left out", name)
	}
	return nil
}

// finish puts together what the options said.
func (p *parser) finish() error {
	r := p.r
	if len(p.parts) > 0 && (p.has || p.get || p.head) {
		return errors.New("-F makes a body: it goes with none of -d, -G and -I")
	}
	if len(p.parts) > 0 {
		p.multipart()
	}
	if p.has && p.get {
		sep := "?"
		if strings.Contains(r.URL, "?") {
			sep = "&"
		}
		r.URL += sep + string(p.data)
	} else if p.has {
		r.Body = append([]byte{}, p.data...)
		if p.json {
			p.usual("Content-Type", "application/json")
			p.usual("Accept", "application/json")
		}
		p.usual("Content-Type", FormType)
	}
	if p.compressed {
		p.usual("Accept-Encoding", "deflate, gzip, br, zstd") // what curl can undo
	}
	switch {
	case p.method != "":
		r.Method = p.method
	case p.head:
		r.Method = "HEAD"
	case r.Body != nil:
		r.Method = "POST"
	}
	if breaksStart(r.Method) {
		return fmt.Errorf("%q is no method", r.Method)
	}
	if breaksStart(r.Target) {
		return fmt.Errorf("%q is no request-target", r.Target)
	}
	for _, f := range r.Fields {
		if breaksField(f[0] + f[1]) {
			return fmt.Errorf("the field %q has a line end or NUL in it", f[0])
		}
	}
	return nil
}

// breaksStart reports whether s cannot be a word of a request line.
func breaksStart(s string) bool { return breaksField(s) || strings.ContainsAny(s, " \t") }

// breaksField reports whether s cannot stand in a field line (RFC 9110, section 5.5).
func breaksField(s string) bool { return strings.ContainsAny(s, "\r\n\x00") }

// usual has a field go along that no option sets, or leaves out.
func (p *parser) usual(name, value string) {
	if r := p.r; !r.Has(name) && !slices.ContainsFunc(r.Usual, named(name)) {
		r.Usual = append(r.Usual, [2]string{name, value})
	}
}

// isPattern reports whether curl would take a URL for several: of {a,b} or [1-3].
// Brackets around the address of a host are none.
func isPattern(url string) bool {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		rest = url
	}
	if _, path, ok := strings.Cut(rest, "]"); ok && strings.HasPrefix(rest, "[") {
		rest = path
	}
	return strings.ContainsAny(rest, "{[")
}

func named(name string) func([2]string) bool {
	return func(f [2]string) bool { return strings.EqualFold(f[0], name) }
}

// Has reports whether an option sets a field, or says that it is to be left out.
func (r *Request) Has(name string) bool {
	return slices.Contains(r.Without, strings.ToLower(name)) || slices.ContainsFunc(r.Fields, named(name))
}

// Append appends the request as a message of HTTP/1, to the host and the target
// that its URL leads to. Host comes first and the framing last: Content-Length, of a
// body or of a POST, PUT or PATCH without one, or one chunk where a field says
// chunked.
func (r *Request) Append(dst []byte, host, target string) []byte {
	method, version := r.Method, "HTTP/1.1"
	if method == "" {
		method = "GET"
	}
	if r.HTTP == "1.0" {
		version = "HTTP/1.0"
	}
	if r.Target != "" {
		target = r.Target
	}
	dst = fmt.Appendf(dst, "%s %s %s\r\n", method, target, version)
	if !r.Has("Host") {
		dst = fmt.Appendf(dst, "Host: %s\r\n", host)
	}
	chunked := false
	for _, f := range slices.Concat(r.Fields, r.Usual) {
		dst = fmt.Appendf(dst, "%s: %s\r\n", f[0], f[1])
		chunked = chunked || strings.EqualFold(f[0], "Transfer-Encoding") && strings.EqualFold(f[1], "chunked")
	}
	counts := r.Body != nil || method == "POST" || method == "PUT" || method == "PATCH"
	if counts && !chunked && !r.Has("Content-Length") {
		dst = fmt.Appendf(dst, "Content-Length: %d\r\n", len(r.Body))
	}
	dst = append(dst, "\r\n"...)
	if chunked && len(r.Body) > 0 {
		return fmt.Appendf(dst, "%x\r\n%s\r\n0\r\n\r\n", len(r.Body), r.Body)
	} else if chunked {
		return append(dst, "0\r\n\r\n"...)
	}
	return append(dst, r.Body...)
}
