package prototest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"wiretape/wire"
)

// Talk builds the events of one connection from lines such as
//
//	"> GET / HTTP/1.1\r\n\r\n"  the client sends what follows "> ", as it stands
//	"< HTTP/1.1 200 OK\r\n"     the server sends
//	"= open dial"               a connection stands, which we dialled ("accept": accepted)
//	"= eof server"              eof, rst, alert or error of the client or the server
//	"= eof server no-notify"    over TLS, without close_notify ("notify": with it)
//	"= gap server 10"           octets that are missing
//	"= alert server 40"         the alert's number; of an error, the octets that left
//	"= tls"                     a handshake ended
//	"= try"                     an address that did not answer
//	"= timeout", "= close"      ours
//
// Times are one millisecond apart. It panics on a line that it cannot read.
func Talk(lines ...string) []wire.Event {
	var events []wire.Event
	for i, line := range lines {
		e := wire.Event{Conn: 1, At: time.Duration(i+1) * time.Millisecond}
		mark, rest, _ := strings.Cut(line, " ")
		switch mark {
		case ">":
			e.Kind, e.Dir, e.Data = wire.KindData, wire.ClientToServer, []byte(rest)
		case "<":
			e.Kind, e.Dir, e.Data = wire.KindData, wire.ServerToClient, []byte(rest)
		case "=":
			talkSocket(&e, line, strings.Fields(rest))
		default:
			panic(fmt.Sprintf("prototest: line %q starts with none of >, < and =", line))
		}
		events = append(events, e)
	}
	return events
}

// kinds are the verbs of lines that start with "=".
var kinds = map[string]wire.Kind{
	"eof": wire.KindEOF, "rst": wire.KindReset, "gap": wire.KindGap, "alert": wire.KindAlert,
	"open": wire.KindOpen, "try": wire.KindTry, "tls": wire.KindSecure, "timeout": wire.KindTimeout, "close": wire.KindClose, "error": wire.KindError,
}

// talkSocket reads the words behind "=".
func talkSocket(e *wire.Event, line string, words []string) {
	var role wire.Role
	for i, w := range words {
		switch {
		case i == 0 && kinds[w] != 0:
			e.Kind = kinds[w]
		case w == "client":
			e.Dir = wire.ClientToServer
		case w == "server":
			e.Dir = wire.ServerToClient
		case w == "dial":
			role = wire.Dialed
		case w == "accept":
			role = wire.Accepted
		case w == "notify":
			e.Notify = wire.NotifyYes
		case w == "no-notify":
			e.Notify = wire.NotifyNo
		default:
			n, err := strconv.ParseInt(w, 10, 64)
			if i == 0 || err != nil {
				panic(fmt.Sprintf("prototest: line %q: word %q", line, w))
			}
			e.Size = n
		}
	}
	switch e.Kind {
	case wire.KindOpen:
		e.Facts = &wire.Facts{Network: "tcp", Role: role}
	case wire.KindSecure:
		e.TLS = &wire.TLS{}
	case wire.KindAlert:
		e.Alert, e.Size = wire.Alert(e.Size), 0
	}
}
