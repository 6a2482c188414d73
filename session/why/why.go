// Package why explains what a peer answered: what a code means, what usually causes
// it, and what to try. It serves .why; the texts are its own.
package why

import (
	"strconv"
	"strings"

	"wiretape/wire"
	"wiretape/wire/dns"
	"wiretape/wire/grpc"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/pop3"
	"wiretape/wire/proto"
	"wiretape/wire/resp"
	"wiretape/wire/websocket"
)

// A Reason explains one thing. Fields but What may be "".
type Reason struct {
	What  string // "404 Not Found", as the protocol calls it; a peer's octets in it are not escaped
	Means string
	Cause string // what usually brings it about
	Try   string
	Rule  string // where it is written
}

// Message explains a Message: its code, how its end was found, what deviates. It
// returns nothing for one that needs no explanation.
func Message(m *proto.Message) []Reason {
	var out []Reason
	switch v := m.Value.(type) {
	case *http1.Response:
		out = append(out, HTTP(v.Status))
		if s, ok := grpc.StatusOf(v.Fields.Get); ok {
			out = append(out, GRPC(s.Code))
		} else if s, ok := grpc.StatusOf(v.Trailers.Get); ok {
			out = append(out, GRPC(s.Code))
		}
		if m.Proto != "h2" {
			out = append(out, framing(v, m))
		}
	case *line.Reply:
		if v.Enhanced != "" {
			out = append(out, Enhanced(v.Enhanced))
		}
		out = append(out, Reply(m.Proto, v.Code))
	case *imap.Response:
		if v.Status != "" {
			out = append(out, IMAP(v.Status, v.Code)...)
		}
	case *pop3.Reply:
		if v.Status == pop3.Err {
			out = append(out, row("POP3", pop3Codes, strings.ToUpper(v.Code), pop3Codes[""], "RFC 1939 3"))
		}
	case *dns.Message:
		if v.Response {
			out = append(out, DNS(v.RCode))
			if v.Flags&dns.TC != 0 {
				out = append(out, Reason{"TC", "the answer did not fit in a datagram and is cut", "many records, or a small EDNS size", "the same question over TCP: +tcp", "RFC 1035 4.1.1"})
			}
		}
	case *resp.Reply:
		if v.Value != nil && v.IsError() {
			out = append(out, Redis(string(v.Text)))
		}
	case *websocket.Frame:
		if v.Opcode == websocket.Close {
			out = append(out, WebSocket(int(v.Code)))
		}
	case *http2.Frame:
		if v.Type == http2.FrameRSTStream || v.Type == http2.FrameGoAway {
			r := HTTP2(v.Code)
			r.What = v.Type.String() + " " + r.What
			out = append(out, r)
		}
	}
	for _, n := range m.Notes {
		out = append(out, Reason{What: "note at octet " + strconv.FormatInt(n.Offset, 10), Means: n.Text, Rule: n.Rule})
	}
	if !m.Complete && m.EndedBy != "" {
		out = append(out, Reason{What: "cut off", Means: "the " + string(m.Kind) + " is not whole: " + m.EndedBy, Cause: "a crash, a timeout or a limit of the peer or of something between", Try: "the same once more; a smaller one; the server's log"})
	}
	return out
}

// An entry of a table: means, cause, what to try.
type text struct{ means, cause, try string }

// row returns what a table has of a code, or of what stands for those that it has not.
func row(kind string, table map[string]text, code string, other text, rule string) Reason {
	t, ok := table[code]
	if !ok {
		t = other
	}
	return Reason{strings.TrimSpace(kind + " " + code), t.means, t.cause, t.try, rule}
}

// HTTP explains a status code.
func HTTP(status int) Reason {
	r := row("", httpCodes, strconv.Itoa(status), httpClass(status), "RFC 9110 15")
	return r
}

// GRPC explains a status of gRPC; -1 is one that is no number.
func GRPC(code int) Reason {
	return row("grpc-status", grpcCodes, strconv.Itoa(code), text{means: "a code that gRPC does not have"}, "")
}

// replies are the protocols whose replies begin with three digits, each with its
// codes and where they stand.
var replies = map[string]struct {
	codes map[string]text
	rule  string
}{
	"smtp": {smtpCodes, "RFC 5321 4.2"},
	"ftp":  {ftpCodes, "RFC 959 4.2"},
	"nntp": {nntpCodes, "RFC 3977 3.2"},
}

// Reply explains a reply code of three digits, by its first digit alone where the
// protocol has none of its own.
func Reply(protocol string, code int) Reason {
	r := replies[protocol]
	return row("", r.codes, strconv.Itoa(code), replyClass(code), r.rule)
}

// Enhanced explains a status code of RFC 3463, "5.1.1".
func Enhanced(code string) Reason {
	_, detail, _ := strings.Cut(code, ".")
	t, ok := enhancedCodes[detail]
	if !ok {
		t = text{means: enhancedSubjects[strings.Split(detail, ".")[0]]}
	}
	if class := map[byte]string{'2': "done", '4': "not now: it may work later", '5': "refused for good"}[code[0]]; class != "" {
		t.means = strings.TrimSuffix(class+": "+t.means, ": ")
	}
	return Reason{code, t.means, t.cause, t.try, "RFC 3463"}
}

// IMAP explains a status with its response code.
func IMAP(status, code string) []Reason {
	out := []Reason{row("IMAP", imapStatus, status, text{means: "a status that IMAP does not have"}, "RFC 9051 7.1")}
	if name, _, _ := strings.Cut(code, " "); name != "" {
		if t, ok := imapCodes[strings.ToUpper(name)]; ok {
			out = append(out, Reason{"[" + strings.ToUpper(name) + "]", t.means, t.cause, t.try, "RFC 9051 7.1"})
		}
	}
	return out
}

// DNS explains a response code.
func DNS(code dns.RCode) Reason {
	r := row("DNS", rcodes, code.String(), text{means: "a response code that is not common"}, "RFC 1035 4.1.1")
	return r
}

// Redis explains an error by its first word.
func Redis(text string) Reason {
	word, _, _ := strings.Cut(text, " ")
	return row("", redisErrors, word, redisErrors["ERR"], "")
}

// WebSocket explains the code of a Close frame; 0 is none.
func WebSocket(code int) Reason {
	other := text{means: "a code of the application", cause: "codes from 3000 are registered, from 4000 private: its documentation tells"}
	return row("close", closeCodes, strconv.Itoa(code), other, "RFC 6455 7.4.1")
}

// HTTP2 explains an error code.
func HTTP2(code http2.ErrCode) Reason {
	return row("", h2Codes, code.String(), text{means: "a code that RFC 9113 does not have"}, "RFC 9113 7")
}

// Alert explains an alert of TLS.
func Alert(a wire.Alert) Reason {
	r := row("TLS alert", alerts, strconv.Itoa(int(a)), text{means: "an alert that is not common"}, "RFC 8446 6")
	r.What += " " + a.String()
	return r
}

// Event explains what became of a connection; it is not ok for what needs no
// explanation.
func Event(e wire.Event) (r Reason, ok bool) {
	switch e.Kind {
	case wire.KindAlert:
		r = Alert(e.Alert)
		r.What += " from the " + e.Dir.String()
	case wire.KindReset:
		t := conditions["RST"]
		r = Reason{"RST from the " + e.Dir.String(), t.means, t.cause, t.try, "RFC 9293 3.5.2"}
	case wire.KindTimeout:
		t := conditions["timeout"]
		r = Reason{"timeout", t.means, t.cause, t.try, ""}
	case wire.KindEOF:
		if e.Notify != wire.NotifyNo {
			return r, false
		}
		t := conditions["close_notify"]
		r = Reason{"no close_notify", t.means, t.cause, t.try, "RFC 8446 6.1"}
	case wire.KindTry, wire.KindError:
		r = Failed(e.Text)
		if e.Addr != "" {
			r.What += " at " + e.Addr
		}
	default:
		return r, false
	}
	return r, true
}

// Failed explains an error by its text.
func Failed(err string) Reason {
	for _, c := range failures {
		if strings.Contains(err, c.has) {
			return Reason{c.has, c.means, c.cause, c.try, ""}
		}
	}
	return Reason{What: err}
}

// NoRequest explains that what was sent to a server of HTTP/1 is no request.
func NoRequest() Reason {
	return Reason{"not HTTP/1: no request line", "what was sent is no request, so that no reply is due; servers answer 400, close, or wait on",
		"a word meant for this program, or a line of another protocol", "GET / HTTP/1.1, Host: NAME, and a blank line, after .reconnect; a command begins with a dot: .help", "RFC 9112 3"}
}

// framing says how the end of a response was found (RFC 9112, section 6.3).
func framing(r *http1.Response, m *proto.Message) Reason {
	out := Reason{What: "ended by: " + m.EndedBy, Rule: "RFC 9112 6.3"}
	switch r.Framing {
	case http1.FramingContentLength:
		out.Means = "the connection can be used again"
	case http1.FramingChunked:
		out.Means = "the body comes in chunks, each with its size before it, and one of size 0 ends it: its length was not known when it began"
	case http1.FramingClose:
		out.Means = "nothing says how long the body is, so that only the end of the connection ends it"
		out.Cause = "HTTP/1.0, or a server that makes up the body as it goes"
		out.Try = "HTTP/1.1 has most servers say a length, or use chunks"
	case http1.FramingNone:
		out.Means = "such a response has no body whatever its fields say: to HEAD, of 1xx, 204, 304, and of 2xx to CONNECT"
	default:
		out.Means = "what follows belongs to another protocol"
	}
	return out
}

// String returns a reason as rows.
func (r Reason) String() string {
	var b strings.Builder
	b.WriteString(r.What)
	if r.Means != "" {
		b.WriteString(": " + r.Means)
	}
	if r.Rule != "" {
		b.WriteString(" (" + r.Rule + ")")
	}
	if r.Cause != "" {
		b.WriteString("\n  usually: " + r.Cause)
	}
	if r.Try != "" {
		b.WriteString("\n  try: " + r.Try)
	}
	return b.String()
}
