package tape

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"wiretape/wire"
)

// A verb is one kind of socket record: how its line and its event become each
// other.
type verb struct {
	name  string
	kind  wire.Kind
	keys  []string // in the order of writing
	local []string // of them, those that the commit profile leaves out
	put   func(l *facts, e wire.Event)
	get   func(l *facts, e *wire.Event)
}

var verbs = []verb{
	{"open", wire.KindOpen, []string{"proto", "local", "remote", "via", "role", "dns", "connect", "proxy"},
		[]string{"local", "remote", "via", "role", "dns", "connect", "proxy"}, putOpen, getOpen},
	{"try", wire.KindTry, []string{"error"}, nil,
		func(l *facts, e wire.Event) { l.add(e.Addr); l.set("error", e.Text) },
		func(l *facts, e *wire.Event) { e.Addr = l.place("an address"); e.Text = l.key("error") }},
	{"tls", wire.KindSecure, []string{"suite", "group", "alpn", "offer", "sni", "resumed", "leaf", "verify", "asked", "ocsp", "sct", "took"},
		[]string{"suite", "group", "resumed", "leaf", "asked", "ocsp", "sct", "took"}, putTLS, getTLS},
	{"alert", wire.KindAlert, nil, nil, putAlert, getAlert},
	{"eof", wire.KindEOF, []string{"notify"}, nil,
		func(l *facts, e wire.Event) {
			l.addDir(e.Dir)
			if e.Notify != wire.NotifyUnknown {
				l.set("notify", yesNo(e.Notify == wire.NotifyYes))
			}
		},
		func(l *facts, e *wire.Event) {
			e.Dir = l.dir()
			if l.has("notify") {
				e.Notify = wire.NotifyNo
				if l.yes("notify") {
					e.Notify = wire.NotifyYes
				}
			}
		}},
	{"rst", wire.KindReset, nil, nil,
		func(l *facts, e wire.Event) { l.addDir(e.Dir) },
		func(l *facts, e *wire.Event) { e.Dir = l.dir() }},
	{"timeout", wire.KindTimeout, nil, nil,
		func(l *facts, e wire.Event) {
			if e.Text != "" {
				l.addQuoted(e.Text)
			}
		},
		func(l *facts, e *wire.Event) {
			if l.more() {
				e.Text = l.place("a text")
			}
		}},
	{"error", wire.KindError, []string{"left"}, nil, putError, getError},
	{"gap", wire.KindGap, nil, nil,
		func(l *facts, e wire.Event) {
			if e.Size < 0 {
				l.fail("gap of %d bytes", e.Size)
			}
			l.addDir(e.Dir)
			l.add(strconv.FormatInt(e.Size, 10))
		},
		func(l *facts, e *wire.Event) { e.Dir = l.dir(); e.Size = l.number(l.place("a number of bytes")) }},
	{"close", wire.KindClose, nil, nil,
		func(*facts, wire.Event) {}, func(*facts, *wire.Event) {}},
}

func verbOf(k wire.Kind) *verb {
	i := slices.IndexFunc(verbs, func(v verb) bool { return v.kind == k })
	if i < 0 {
		return nil
	}
	return &verbs[i]
}

func verbNamed(name string) *verb {
	i := slices.IndexFunc(verbs, func(v verb) bool { return v.name == name })
	if i < 0 {
		return nil
	}
	return &verbs[i]
}

// networks are what a connection may be opened over.
var networks = []string{"tcp", "udp", "unix", "quic"}

func putOpen(l *facts, e wire.Event) {
	f := e.Facts
	if f == nil {
		l.fail("open without facts")
		return
	}
	if !slices.Contains(networks, f.Network) {
		l.fail("network %q: want %s", f.Network, strings.Join(networks, ", "))
	}
	l.add(f.Network)
	l.add(f.Target)
	l.set("proto", f.Proto)
	l.set("local", f.Local)
	l.set("remote", f.Remote)
	l.set("via", f.Via)
	switch f.Role {
	case 0:
	case wire.Dialed, wire.Accepted:
		l.set("role", f.Role.String())
	default:
		l.fail("role %s", f.Role)
	}
	l.setDur("dns", f.Phases.DNS)
	l.setDur("connect", f.Phases.Connect)
	l.setDur("proxy", f.Phases.Proxy)
}

func getOpen(l *facts, e *wire.Event) {
	f := &wire.Facts{Network: l.place("a network")}
	if !slices.Contains(networks, f.Network) {
		l.fail("network %q: want %s", f.Network, strings.Join(networks, ", "))
	}
	f.Target = l.place("a target")
	f.Proto = l.key("proto")
	f.Local, f.Remote, f.Via = l.key("local"), l.key("remote"), l.key("via")
	switch role := l.key("role"); role {
	case "":
	case wire.Dialed.String():
		f.Role = wire.Dialed
	case wire.Accepted.String():
		f.Role = wire.Accepted
	default:
		l.fail("role %q: want dial or accept", role)
	}
	f.Phases = wire.Phases{DNS: l.dur("dns"), Connect: l.dur("connect"), Proxy: l.dur("proxy")}
	e.Facts = f
}

func putAlert(l *facts, e wire.Event) {
	l.addDir(e.Dir)
	l.add(e.Alert.String() + "(" + strconv.Itoa(int(e.Alert)) + ")")
}

func getAlert(l *facts, e *wire.Event) {
	e.Dir = l.dir()
	s := l.place("NAME(NUMBER)")
	name, rest, ok := strings.Cut(s, "(")
	digits, ok2 := strings.CutSuffix(rest, ")")
	n, err := strconv.ParseUint(digits, 10, 8)
	if !ok || !ok2 || err != nil {
		l.fail("alert %q: want NAME(NUMBER)", s)
		return
	}
	e.Alert = wire.Alert(n)
	if name != e.Alert.String() {
		l.fail("alert %q: number %d is %s", s, n, e.Alert)
	}
}

func putError(l *facts, e wire.Event) {
	l.addQuoted(e.Text)
	if e.Dir != 0 {
		l.addDir(e.Dir)
		if e.Size < 0 {
			l.fail("error with %d bytes left", e.Size)
		}
		l.setAlways("left", strconv.FormatInt(e.Size, 10))
	}
}

func getError(l *facts, e *wire.Event) {
	e.Text = l.place("a text")
	if !l.more() {
		if l.has("left") {
			l.fail("left= without > or <")
		}
		return
	}
	e.Dir = l.dir()
	e.Size = l.number(l.key("left"))
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// appendSocket appends the record, or records, of an event that is no bytes.
func appendSocket(dst []byte, e wire.Event) ([]byte, error) {
	v := verbOf(e.Kind)
	if v == nil {
		return dst, bad("event of kind %s", e.Kind)
	}
	var l facts
	v.put(&l, e)
	if l.err != nil {
		return dst, bad("event %s: %w", v.name, l.err)
	}
	dst = l.append(append(append(appendConn(dst, e.Conn), "= "...), v.name...))
	dst = append(dst, '\n')
	if e.Kind == wire.KindSecure {
		for _, der := range e.TLS.Certificates {
			dst = appendCert(dst, e.Conn, der)
		}
	}
	return dst, nil
}

// parseSocket reads a socket record: the verb and what follows it.
func parseSocket(name string, rest []byte, e *wire.Event) (facts, error) {
	v := verbNamed(name)
	if v == nil {
		return facts{}, bad("verb %q is not known", name)
	}
	words, err := parseWords(rest)
	if err != nil {
		return facts{}, bad("%s: %w", name, err)
	}
	l := facts{words: words}
	l.check(v.keys)
	e.Kind = v.kind
	v.get(&l, e)
	if l.more() {
		l.fail("%q is one word too many", l.place("no more"))
	}
	if l.err != nil {
		return facts{}, bad("%s: %w", name, l.err)
	}
	return l, nil
}

// maxDuration bounds each duration of a tape: a hundred years.
const maxDuration = 100 * 365 * 24 * time.Hour

// parseDuration reads a duration that is not negative.
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > maxDuration || strings.ContainsAny(s, "+-") {
		return 0, bad("duration %q: want one like 410µs or 1.5s", s)
	}
	return d, nil
}
