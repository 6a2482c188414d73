package detect

import (
	"net"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/websocket"
)

// sniffLimit is how many octets of a side's first run are looked at, and so a
// bound on what is held: 8 KiB. What they do not tell, more will not.
const sniffLimit = 8 << 10

// evidence is what the rows of the table look at. A row that has said yes or no
// says the same of any longer evidence, so that the outcome does not hang on the
// moment at which it is asked.
type evidence struct {
	forced   string // canonical name, "" for none
	network  string // wire.Facts.Network
	port     string // of the target: "25", or as it was named: "smtp"
	hint     string // what the target's scheme says, as wire.Facts.Proto
	alpn     string
	token    string   // what an Upgrade of HTTP led to, lower case
	lost     bool     // the connection has changed its protocol too often
	first    wire.Dir // who spoke first, 0 before anyone did
	last     wire.Dir // who spoke last
	runs     int      // 1 for the first speaker's first run, 2 for the answer
	run      [2][]byte
	done     [2]bool // the run is over: the other side spoke, or the stream ended
	finished bool    // nothing more will be looked at

	body   func(*proto.Message) http1.Tap // Options.Body
	asked  *http1.Request                 // that an Upgrade of HTTP was about; nil where it was not seen
	agreed *websocket.Handshake           // what an Upgrade to WebSocket agreed on; nil where that was not seen
}

// facts takes what the opening of the connection tells.
func (v *evidence) facts(f *wire.Facts) {
	if f == nil {
		return
	}
	v.network, v.hint = f.Network, f.Proto
	address := f.Target
	if address == "" && f.Role == wire.Accepted {
		address = f.Local
	}
	if _, port, err := net.SplitHostPort(address); err == nil {
		v.port = port
	}
}

// data takes bytes of one side.
func (v *evidence) data(dir wire.Dir, data []byte) {
	if len(data) == 0 || v.finished {
		return
	}
	side := proto.Side(dir)
	if v.first == 0 {
		v.first = dir
	}
	if dir != v.last {
		v.runs++
		v.last = dir
		v.done[1-side] = v.done[1-side] || v.runs > 1
	}
	if v.runs > 2 {
		// The first run of each side told all there is to know.
		v.finished = true
		return
	}
	room := sniffLimit - len(v.run[side])
	v.run[side] = append(v.run[side], data[:min(room, len(data))]...)
	v.finished = len(v.run[side]) == sniffLimit
}

// expected returns what is expected to be spoken, as wire.Target.Proto has it: by
// the target's scheme, or else by its port.
func (v *evidence) expected(network string) string {
	if v.hint != "" {
		return v.hint
	}
	return wire.ServiceAt(network, v.port).Proto
}

// of returns the first run of dir, and whether more of it may come.
func (v *evidence) of(dir wire.Dir) (run []byte, more bool) {
	side := proto.Side(dir)
	return v.run[side], !v.done[side] && !v.finished
}
