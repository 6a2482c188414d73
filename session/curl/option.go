package curl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"wiretape/wire/auth"
)

// An option is one that does something here, or is worth a word.
type option struct {
	value bool // takes one
	do    func(p *parser, value string) error
}

// short are the letters of options.
var short = map[byte]string{
	'#': "progress-bar", '0': "http1.0", '1': "tlsv1", '2': "sslv2", '3': "sslv3", '4': "ipv4", '6': "ipv6", 'A': "user-agent", 'B': "use-ascii",
	'C': "continue-at", 'D': "dump-header", 'E': "cert", 'F': "form", 'G': "get", 'H': "header", 'I': "head", 'J': "remote-header-name",
	'K': "config", 'L': "location", 'M': "manual", 'N': "no-buffer", 'O': "remote-name", 'P': "ftp-port", 'Q': "quote", 'R': "remote-time",
	'S': "show-error", 'T': "upload-file", 'U': "proxy-user", 'V': "version", 'X': "request", 'Y': "speed-limit", 'Z': "parallel",
	'a': "append", 'b': "cookie", 'c': "cookie-jar", 'd': "data", 'e': "referer", 'f': "fail", 'g': "globoff", 'h': "help", 'i': "include",
	'j': "junk-session-cookies", 'k': "insecure", 'l': "list-only", 'm': "max-time", 'n': "netrc", 'o': "output", 'p': "proxytunnel",
	'q': "disable", 'r': "range", 's': "silent", 't': "telnet-option", 'u': "user", 'v': "verbose", 'w': "write-out", 'x': "proxy",
	'y': "speed-time", 'z': "time-cond", ':': "next",
}

// idle are options for what is so anyway, or has no meaning where every byte is
// shown as it comes.
const idle = "silent show-error include path-as-is progress-bar fail fail-with-body fail-early " +
	"disable styled-output trace-time basic tcp-nodelay suppress-connect-headers raw compressed-ssh"

// valued are options that take a value and are not done here.
const valued = "abstract-unix-socket alt-svc aws-sigv4 capath cert-type config continue-at create-file-mode crlfile curves delegation " +
	"dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header egd-file engine etag-compare etag-save expect100-timeout " +
	"ftp-account ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms help hostpubmd5 hostpubsha256 " +
	"hsts interface keepalive-time key-type krb libcurl limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs " +
	"netrc-file noproxy output-dir parallel-max pass pinnedpubkey preproxy proto proto-default proto-redir proxy-cacert proxy-capath " +
	"proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name " +
	"proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file rate retry-delay " +
	"retry-max-time sasl-authzid service-name socks4 socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit speed-time stderr " +
	"telnet-option tftp-blksize time-cond tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii variable"

func takesValue(name string) bool {
	return options[name].value || slices.Contains(strings.Fields(valued), name)
}

// The options that do something, or whose place here has another name.
var options = map[string]option{
	"url":     {true, func(p *parser, v string) error { p.url(v); return nil }},
	"request": {true, func(p *parser, v string) error { p.method = v; return nil }},
	"head":    {false, func(p *parser, _ string) error { p.head = true; return nil }},
	"globoff": {false, func(p *parser, _ string) error { p.r.literal = true; return nil }},
	"get":     {false, func(p *parser, _ string) error { p.get = true; return nil }},
	"header":  {true, (*parser).header},

	"data":           {true, func(p *parser, v string) error { return p.body(v, dataText) }},
	"data-ascii":     {true, func(p *parser, v string) error { return p.body(v, dataText) }},
	"data-binary":    {true, func(p *parser, v string) error { return p.body(v, dataBinary) }},
	"data-raw":       {true, func(p *parser, v string) error { return p.body(v, dataRaw) }},
	"data-urlencode": {true, (*parser).encoded},
	"json":           {true, (*parser).jsonBody},
	"form":           {true, (*parser).form},
	"form-string":    {true, (*parser).formString},
	"url-query": {true, func(p *parser, v string) error {
		return errors.New("put the query into the URL")
	}},

	"user":           {true, (*parser).user},
	"digest":         {false, func(p *parser, _ string) error { p.r.Auth = "digest"; return p.credentials() }},
	"oauth2-bearer":  {true, func(p *parser, v string) error { p.set("Authorization", "Bearer "+v); return nil }},
	"cookie":         {true, (*parser).cookie},
	"user-agent":     {true, func(p *parser, v string) error { return p.header("User-Agent: " + v) }},
	"referer":        {true, func(p *parser, v string) error { return p.header("Referer: " + strings.TrimSuffix(v, ";auto")) }},
	"range":          {true, func(p *parser, v string) error { p.set("Range", "bytes="+v); return nil }},
	"compressed":     {false, func(p *parser, _ string) error { p.compressed = true; return nil }},
	"request-target": {true, func(p *parser, v string) error { p.r.Target = v; return nil }},

	"http1.0":               {false, version("1.0")},
	"http1.1":               {false, version("1.1")},
	"http2":                 {false, version("2")},
	"http2-prior-knowledge": {false, version("2 alone")},
	"http3":                 {false, said("HTTP/3 is not spoken here")},
	"http3-only":            {false, said("HTTP/3 is not spoken here")},

	"verbose":         {false, dial("verbose")},
	"insecure":        {false, dial("insecure")},
	"ipv4":            {false, dial("ipv4")},
	"ipv6":            {false, dial("ipv6")},
	"resolve":         {true, dial("resolve")},
	"connect-to":      {true, dial("connect-to")},
	"cacert":          {true, dial("cacert")},
	"cert":            {true, dial("cert")},
	"key":             {true, dial("key")},
	"proxy":           {true, dial("proxy")},
	"ciphers":         {true, dial("ciphers")},
	"tls-max":         {true, dial("tls-max")},
	"connect-timeout": {true, dial("wait")},
	"max-time":        {true, dial("max-time")},
	"tlsv1":           {false, least("1.0")},
	"tlsv1.0":         {false, least("1.0")},
	"tlsv1.1":         {false, least("1.1")},
	"tlsv1.2":         {false, least("1.2")},
	"tlsv1.3":         {false, least("1.3")},

	"location":         {false, said("-L: one request is sent; .follow takes the next hop")},
	"location-trusted": {false, said("--location-trusted: one request is sent; .follow takes the next hop")},
	"upload-file":      {true, saidOf("-T %s: left out; -X PUT --data-binary @FILE sends a file")},
	"output":           {true, saidOf("-o %s: the reply is shown; .save keeps it")},
	"remote-name":      {false, said("-O: the reply is shown; .save keeps it")},
	"cookie-jar":       {true, saidOf("-c %s: not written; .jar shows what a session keeps")},
	"retry":            {true, saidOf("--retry %s: not done here; .again COUNT every TIME sends it again")},
	"write-out":        {true, saidOf("-w %s: left out; .timing and .show tell")},
	"unix-socket":      {true, saidOf("--unix-socket %s: connect there first, with unix PATH, and give the path of the URL alone")},
	"next": {false, func(p *parser, _ string) error {
		p.note("--next: the requests behind it are left out")
		p.args = nil
		return nil
	}},
}

func version(v string) func(*parser, string) error {
	return func(p *parser, _ string) error { p.r.HTTP = v; return nil }
}

func dial(flag string) func(*parser, string) error {
	return func(p *parser, v string) error {
		p.r.Dial = append(p.r.Dial, [2]string{flag, v})
		return nil
	}
}

func least(v string) func(*parser, string) error {
	return func(p *parser, _ string) error { return dial("tls-min")(p, v) }
}

func said(text string) func(*parser, string) error {
	return func(p *parser, _ string) error { p.note("%s", text); return nil }
}

func saidOf(format string) func(*parser, string) error {
	return func(p *parser, v string) error { p.note(format, v); return nil }
}

// header takes -H: "N: V" sets a field, "N;" sets an empty one, "N:" leaves out what
// would be sent of that name.
func (p *parser) header(v string) error {
	if strings.HasPrefix(v, "@") {
		p.note("-H %s: fields are not read from a file: left out", v)
		return nil
	}
	name, value, colon := strings.Cut(v, ":")
	value = strings.Trim(value, " \t")
	switch {
	case colon && value != "":
		p.r.Fields = append(p.r.Fields, [2]string{name, value})
	case colon:
		p.r.Without = append(p.r.Without, strings.ToLower(name))
		p.r.Fields = slices.DeleteFunc(p.r.Fields, named(name))
	case strings.HasSuffix(name, ";"):
		p.r.Fields = append(p.r.Fields, [2]string{strings.TrimSuffix(name, ";"), ""})
	default:
		return errors.New("want 'Name: value', 'Name:' to leave it out, 'Name;' for no value")
	}
	return nil
}

func (p *parser) set(name, value string) {
	p.r.Fields = append(p.r.Fields, [2]string{name, value})
}

// cookie takes -b: what has no "=" is a file of cookies.
func (p *parser) cookie(v string) error {
	if !strings.Contains(v, "=") {
		p.note("-b %s: cookies are not read from a file: left out", v)
		return nil
	}
	p.set("Cookie", v)
	return nil
}

// user takes -u. A user without a password is left to who can ask for one.
func (p *parser) user(v string) error {
	p.r.User = v
	return p.credentials()
}

func (p *parser) credentials() error {
	user, password, ok := strings.Cut(p.r.User, ":")
	r := p.r
	if i := slices.IndexFunc(r.Fields, func(f [2]string) bool { return f[0] == "Authorization" && strings.HasPrefix(f[1], "Basic ") }); i >= 0 && r.User != "" {
		r.Fields = slices.Delete(r.Fields, i, i+1) // --digest behind -u
	}
	switch {
	case r.User == "":
	case r.Auth == "digest":
	case !ok:
		p.note("-u %s: no password there: .auth basic %s asks for it", user, user)
	default:
		p.set("Authorization", auth.Basic(user, password))
	}
	return nil
}

// How an option of data takes what begins with "@".
const (
	dataText   = iota // a file without its line ends and NULs
	dataBinary        // a file as it is
	dataRaw           // itself
)

func (p *parser) body(v string, how int) error {
	b := []byte(v)
	if name, ok := strings.CutPrefix(v, "@"); ok && how != dataRaw {
		var err error
		if b, err = p.read(name); err != nil {
			return err
		}
		if how == dataText {
			b = slices.DeleteFunc(b, func(c byte) bool { return c == '\r' || c == '\n' || c == 0 })
		}
	}
	p.add(b)
	return nil
}

// add puts data behind what is there.
func (p *parser) add(b []byte) {
	if p.has && !p.json {
		p.data = append(p.data, '&')
	}
	p.data, p.has = append(p.data, b...), true
}

func (p *parser) jsonBody(v string) error {
	p.json = true
	return p.body(v, dataBinary)
}

// encoded takes --data-urlencode: "content", "=content", "name=content", "@file" or
// "name@file".
func (p *parser) encoded(v string) error {
	i := strings.IndexAny(v, "=@")
	name, content := "", v
	if i >= 0 {
		name, content = v[:i], v[i+1:]
	}
	if i >= 0 && v[i] == '@' {
		b, err := p.read(content)
		if err != nil {
			return err
		}
		content = string(b)
	}
	text := percent(content)
	if name != "" {
		text = name + "=" + text
	}
	p.add([]byte(text))
	return nil
}

// percent encodes all but the unreserved characters of RFC 3986, section 2.3.
func percent(s string) string {
	var b []byte
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b = append(b, c)
		} else {
			b = fmt.Appendf(b, "%%%02X", c)
		}
	}
	return string(b)
}
