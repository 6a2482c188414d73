package session

import (
	"fmt"
	"strings"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// endedEarly is what a reply lacks that the end of the connection cut.
const endedEarly = "the connection ended before the reply was complete"

// brokenReply says why what e brought leaves a reply that was due broken: cut by
// the end of the connection, framed in a way that tells no end, or longer than
// what is read. It is "" where nothing is wrong so far.
func brokenReply(e wire.Event, before, after proto.State, msgs []proto.Message, limits proto.Limits) string {
	if e.Kind == wire.KindAlert && e.Dir == wire.ServerToClient && refusesClient(e.Alert) {
		return fmt.Sprintf("%s%s (%d)", tlsRefused, e.Alert, uint8(e.Alert))
	}
	ends := e.Kind == wire.KindEOF && e.Dir == wire.ServerToClient || e.Kind == wire.KindReset || e.Kind == wire.KindClose
	why := ""
	for i := range msgs {
		m := &msgs[i]
		if m.Dir != wire.ServerToClient {
			continue
		}
		if m.Kind == proto.KindRaw {
			if len(m.Notes) > 0 {
				why = m.Notes[0].Text
			}
			continue
		}
		if text := brokenFraming(m, e); text != "" {
			return text
		}
		if ends && before.Framed && !m.Complete {
			return endedEarly
		}
	}
	limits = limits.WithDefaults()
	switch overLimit := strings.HasSuffix(why, "longer than the limit"); {
	case overLimit && before.Due > 0:
		// Nobody reads on for its end.
		return fmt.Sprintf("the reply is not read: %s (start line %d KiB, head %d KiB)", why, limits.Line>>10, limits.Head>>10)
	case !ends || after.Settled >= before.Settled+before.Due:
		return ""
	case !before.Framed && why != "":
		return endedEarly + ": " + why
	}
	return endedEarly
}

// tlsRefused begins what brokenReply says where the server takes no part in TLS
// with this client. In TLS 1.3 it says so after our side of the handshake is over
// (RFC 8446, section 4.4.2.4).
const tlsRefused = "the server ended TLS with alert "

// refusesClient reports whether an alert is about the client: its certificate,
// or who it is.
func refusesClient(a wire.Alert) bool { return a >= 42 && a <= 49 || a == 116 }

// brokenFailure is the failure of what brokenReply found of a peer at t.
func brokenFailure(why string, t wire.Target) *Failure {
	if strings.HasPrefix(why, tlsRefused) {
		return failure(StatusTLS, "%s", why)
	}
	if strings.HasPrefix(why, endedEarly) && !t.TLS && t.UsuallyTLS() {
		return failure(StatusProtocol, "%s; port %d usually speaks TLS: tls %s %[2]d", why, t.Port, t.Host)
	}
	return failure(StatusProtocol, "%s", why)
}

// brokenFraming says why the framing of a response of HTTP/1 does not tell where
// it ends, or that nothing vouches for its end; "" where it does.
func brokenFraming(m *proto.Message, e wire.Event) string {
	r, ok := m.Value.(*http1.Response)
	if !ok {
		return ""
	}
	if r.Fault != "" {
		for _, n := range m.Notes {
			switch n.Rule {
			case "RFC 9112 6.1", "RFC 9112 6.3", "RFC 9112 7.1", "RFC 9112 7.1.2":
				if n.Text == r.Fault || !m.Complete {
					return "the framing of the reply is broken: " + r.Fault
				}
			}
		}
	}
	// RFC 9112, section 9.8: such a response is incomplete.
	if m.Complete && m.Secure && r.Framing == http1.FramingClose && e.Kind == wire.KindEOF && e.Notify == wire.NotifyNo {
		return "TLS ended without close_notify: the reply may be truncated"
	}
	return ""
}
