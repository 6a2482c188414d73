package session

import (
	"fmt"
	"strings"
	"time"

	"wiretape/session/h2"
	"wiretape/wire"
	"wiretape/wire/detect"
)

// A dialogue is all that a session knows of one connection: of those before it
// where it was connected again, and of none yet. Its fields are guarded by
// Session.mu, but for those of Run's goroutine.
type dialogue struct {
	s *Session

	// owned by the goroutine of Run
	listener *wire.Listener // that goes on; nil for none
	listens  *ListenOptions // where connections come to us; nil where we dial
	detour   *link          // over TCP, for the answer to a question by datagrams
	owed     bool           // something was sent, and nothing says whether an answer is complete
	line     string         // what was being typed when another became the current one

	// set by Run's goroutine alone, with mu held, so that it reads them without
	link   *link // nil before the first connection and after .close
	target wire.Target

	g      grammar // what its lines mean, with what is typed and not sent
	peer   peer
	turns  turns
	telnet *telnetLink // nil unless negotiations are answered
	ftp    ftp         // data connection
	h2     *h2.Link    // nil unless it speaks HTTP/2
	ws     *wsLink     // nil unless it speaks WebSocket
	unread int64       // octets of the peer since it was the current one

	dialling, dialTold bool // a connection is being made; the row of its error stands
}

// newDialogue returns a dialogue that has no connection.
func (s *Session) newDialogue(eol EOL) *dialogue {
	return &dialogue{s: s, g: grammar{command: s.knows, eol: eol, script: !s.opts.Interactive}}
}

// dialogueOf returns the dialogue that an event is of: that of its connection, and
// for one that is new the current one, which alone connects. s.mu is held.
func (s *Session) dialogueOf(conn int) *dialogue {
	for _, d := range s.all {
		if d.peer.conn == conn || d.isOfData(conn) {
			return d
		}
	}
	return s.current
}

// current reports whether it is the one that is typed to. s.mu is held.
func (d *dialogue) isCurrent() bool { return d.s.current == d }

// info writes a remark about the connection, warn what is wrong with it. s.mu is
// held.
func (d *dialogue) info(text string) { d.s.view.InfoOf(d.label(), text) }
func (d *dialogue) warn(text string) { d.s.view.WarnOf(d.label(), text) }

// label returns the number that stands before what is said of the connection; 0 for
// none.
func (d *dialogue) label() int {
	if d.isCurrent() {
		return 0
	}
	return d.peer.conn
}

// A peer is what the sink knows of a connection.
type peer struct {
	conn       int    // wire.Event.Conn
	ended      bool   // the peer sends no more
	closed     bool   // so do we
	broken     string // why the reply that was due is not whole; "" for nothing wrong
	facts      *wire.Facts
	tls        *wire.TLS
	octets     [2]int64 // so far, by proto.Side
	got        []byte   // the latest octets since the last write, at most awaitWindow
	gotN       int64    // how many octets came since the last write
	lastAt     time.Time
	spoke      bool      // a complete Message came from the server
	noRequest  bool      // what we sent over HTTP/1 last is no request, so that no reply is due
	torn       bool      // the connection ended in the middle of what we asked
	verb       string    // of the last command of a line protocol
	toldTLS    bool      // that the peer speaks TLS has been said
	toldTelnet bool      // that .telnet on answers it has been said
	agreed     int64     // where in its stream the server has said to begin TLS; 0 for not yet
	fault      string    // what the peer has reset or given up over HTTP/2, until somebody is told; its row stands
	frames     h2.Frames // that came since the last write

	asTyped bool // .mode says that what is typed goes as it is
}

// awaitWindow is how far back .await re looks, octets.
const awaitWindow = 64 << 10 // 64 KiB

// promptText returns the prompt. s.mu is held.
func (d *dialogue) promptText() string {
	var at standpoint
	if on, rows := d.s.view.Held(); on {
		at.held = fmt.Sprintf(" [%d held]", rows)
	}
	if at.held == "" && d.g.phase == connected && d.g.draft.empty() && d.g.ask == askNothing {
		// A line that the peer has not ended, such as "login: ", asks for what is
		// typed next.
		if text := d.s.view.Unfinished(d.peer.conn, d.s.stream.State(d.peer.conn)); text != "" {
			return plain(text)
		}
	}
	at.spoken = d.spoken()
	if len(d.s.all) > 1 {
		at.number = d.peer.conn
	}
	return d.g.prompt(at)
}

// spoken names what was found to be spoken on a connection whose target did not
// say, for the prompt; "" for nothing. s.mu is held.
func (d *dialogue) spoken() string {
	name := d.s.stream.Proto(d.peer.conn)
	switch base := strings.TrimSuffix(d.g.proto, "+tls"); {
	case base != "tcp" && base != "tls", d.peer.dir() == wire.ClientToServer:
		return ""
	case name == "", name == detect.Raw, name == detect.Line, name == detect.TLS:
		return ""
	}
	secure := d.peer.tls != nil
	switch {
	case name == detect.HTTP1 && secure:
		return "https"
	case name == detect.HTTP1:
		return "http"
	case name == detect.WebSocket:
		name = "ws"
	}
	if secure {
		name += "+tls"
	}
	return name
}
