package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/proto"
)

func lookCommands() []command {
	return append([]command{
		{group: "Look", name: "show", args: "[N|N..M] [raw|hex|pretty|frames|cookies|timing]", summary: "shows exchange N again (the last one unless given)",
			detail:  "raw gives its octets with escapes, line by line, hex gives them as a dump, pretty lays bodies of\nJSON, XML, HTML and forms out, frames gives its HTTP/2 frames as .frames does, cookies the verdicts\non what it set, timing its phases. N is the number in the row that sums the exchange up.",
			example: ".show 3 raw", run: func(s *Session, _ context.Context, args string) error {
				return s.show("show", strings.Fields(args))
			}, complete: showForms, more: func(string) []string { return showForms }},
		{group: "Look", name: "hex", args: "[N]", summary: "shows the octets of exchange N as a dump",
			example: ".hex 2", run: func(s *Session, _ context.Context, args string) error {
				return s.show("hex", append(strings.Fields(args), "hex"))
			}},
		{group: "Look", name: "body", args: "[N]", summary: "shows the whole body of the reply of exchange N",
			detail:  "Content codings are undone. As much of it as is held: 1 MiB unless set.",
			example: ".body", run: (*Session).body},
		{group: "Look", name: "cookies", summary: "gives the verdict on each cookie that was set, with the rule",
			example: ".cookies", run: (*Session).cookies},
		jarCommand(),
		{group: "Look", name: "alpn", connected: true, summary: "shows what ALPN offered and selected", example: ".alpn",
			run: func(s *Session, _ context.Context, _ string) error {
				s.view.ALPN(s.current.secure())
				return nil
			}},
		{group: "Look", name: "cert", summary: "shows the peer's certificates, refused ones too", example: ".cert",
			run: (*Session).certificates},
		asCommand(),
		diffCommand(),
		whyCommand(),
		timingCommand(),
		{group: "Look", name: "status", summary: "says what is connected, and how", example: ".status", on: (*dialogue).status},
	}, frameCommands()...)
}

// number reads the number of an exchange off the front of args.
func (s *Session) number(word string, args []string) (n int, rest []string, err error) {
	s.mu.Lock()
	current, last := s.last(), s.history.last()
	s.mu.Unlock()
	if len(args) == 0 || strings.Trim(args[0], "#0123456789") != "" {
		return current, args, nil
	}
	n, err = strconv.Atoi(strings.TrimPrefix(args[0], "#"))
	if err != nil || n < 1 || n > last {
		if last == 0 {
			return 0, nil, failure(StatusUsage, ".%s %s: there is no exchange yet", word, args[0])
		}
		return 0, nil, failure(StatusUsage, ".%s %s: exchanges are numbered from 1 to %d", word, args[0], last)
	}
	return n, args[1:], nil
}

// exchange returns the Messages of an exchange, for a command.
func (s *Session) exchange(word string, n int) ([]proto.Message, error) {
	s.mu.Lock()
	msgs := s.history.exchange(n)
	s.mu.Unlock()
	if len(msgs) == 0 {
		if n == 0 {
			return nil, failure(StatusUsage, ".%s: nothing was said yet", word)
		}
		return nil, failure(StatusUsage, ".%s: #%d is not held any more; the tape has it", word, n)
	}
	return msgs, nil
}

// showForms are the ways in which .show shows an exchange, besides the rows that it had.
var showForms = []string{"raw", "hex", "pretty", "frames", "cookies", "timing"}

// show is .show and .hex, whichever word was typed.
func (s *Session) show(word string, args []string) error {
	from, to, rest, err := s.numbers(word, args)
	if err != nil {
		return err
	}
	form := strings.Join(rest, " ")
	if form != "" && !slices.Contains(showForms, form) || word == "hex" && form != "hex" {
		return usage(word, strings.TrimSuffix(strings.Join(args, " "), " hex"))
	}
	for n := from; n <= to; n++ {
		if err := s.showAs(word, n, form); err != nil {
			return err
		}
	}
	return nil
}

// numbers reads the numbers of exchanges off the front of args: N, or N..M.
func (s *Session) numbers(word string, args []string) (from, to int, rest []string, err error) {
	if len(args) > 0 {
		if first, last, ok := strings.Cut(args[0], ".."); ok {
			var behind []string
			if first == "" || last == "" {
				return 0, 0, nil, failure(StatusUsage, ".%s %s: want N..M, such as 2..4", word, args[0])
			}
			if from, behind, err = s.number(word, []string{first}); err == nil && len(behind) == 0 {
				to, behind, err = s.number(word, []string{last})
			}
			if err == nil && (len(behind) > 0 || to < from) {
				err = failure(StatusUsage, ".%s %s: want N..M, such as 2..4", word, args[0])
			}
			return from, to, args[1:], err
		}
	}
	from, rest, err = s.number(word, args)
	return from, from, rest, err
}

// showAs shows exchange n in one of showForms, or as it stood for "".
func (s *Session) showAs(word string, n int, form string) error {
	msgs, err := s.exchange(word, n)
	if err != nil {
		return err
	}
	switch form {
	case "", "pretty":
		return s.showMessages(n, msgs[0].Conn, form == "pretty")
	case "frames":
		return s.framesOf(n)
	case "cookies":
		s.cookiesOf(n)
		return nil
	case "timing":
		return s.timing(word, n)
	}
	for i := range msgs {
		m := &msgs[i]
		if m.Derived {
			continue // its octets are those of others
		}
		s.mu.Lock()
		b := bytes.Clone(s.history.octets(m))
		s.mu.Unlock()
		if b == nil {
			return failure(StatusUsage, ".%s: the octets of #%d are not held any more; the tape has them", word, n)
		}
		if err := s.octets(m, b, form); err != nil {
			return err
		}
	}
	return nil
}

// showMessages writes the Messages of exchange n as a Printer of its own gives
// them: what was typed is to be shown as well. It reads all that is held, since
// verdicts on cookies build on what came before. Pretty lays bodies out.
func (s *Session) showMessages(n, conn int, pretty bool) error {
	s.mu.Lock()
	msgs := slices.Clone(s.history.msgs)
	s.mu.Unlock()
	style := s.opts.Style
	style.Live, style.Start, style.Pretty = false, s.tap.Start(), pretty
	g := gate{w: s.opts.Out}
	p := view.New(&g, style)
	if pretty {
		p.Rows(1 << 20) // .body has it all as it came, and nothing else has it laid out
	}
	for i := range msgs {
		g.open = msgs[i].N == n && msgs[i].Conn == conn
		p.Message(&msgs[i])
	}
	return p.Err()
}

// A gate lets through what is written while it is open.
type gate struct {
	w    io.Writer
	open bool
}

func (g *gate) Write(p []byte) (int, error) {
	if !g.open {
		return len(p), nil
	}
	return g.w.Write(p)
}

// octets writes the octets of m as text with escapes, or as a dump.
func (s *Session) octets(m *proto.Message, b []byte, form string) error {
	_, err := s.opts.Out.Write(view.AppendOctets(nil, m, b, form == "hex"))
	return err
}

// body is .body.
func (s *Session) body(_ context.Context, args string) error {
	n, rest, err := s.number("body", strings.Fields(args))
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage("body", args)
	}
	msgs, err := s.exchange("body", n)
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(msgs) {
		if m.Dir != wire.ServerToClient || m.Body.Size == 0 {
			continue
		}
		text := view.Content(&m, s.opts.Style.Decoded).Text.Data
		var out bytes.Buffer
		if bytes.IndexByte(text, 0) >= 0 {
			if err := view.Hex(&out, text, 0); err != nil {
				return err
			}
		} else {
			for line := range bytes.Lines(text) {
				out.Write(view.Escape(nil, bytes.TrimRight(line, "\r\n")))
				out.WriteByte('\n')
			}
		}
		if _, err := s.opts.Out.Write(out.Bytes()); err != nil {
			return err
		}
		if m.Body.Cut {
			s.view.Info(fmt.Sprintf("cut: %d of %d B are held; the tape has it all", len(m.Body.Data), m.Body.Size))
		}
		return nil
	}
	s.view.Info(fmt.Sprintf("#%d has no body", n))
	return nil
}

// secure returns what is known of TLS on the current connection, or nil.
func (d *dialogue) secure() *wire.TLS {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.peer.tls
}

func (s *Session) certificates(context.Context, string) error {
	t := s.current.secure()
	if t == nil {
		t = s.refused
	}
	if t == nil {
		return failure(StatusUsage, ".cert: no certificate was seen yet")
	}
	s.view.Certificate(t, s.moment())
	return nil
}

// status is .status.
func (d *dialogue) status(context.Context, string) error {
	d.s.mu.Lock()
	phase, p := d.g.phase, d.peer
	st, name, why := d.s.stream.State(p.conn), d.s.stream.Proto(p.conn), d.s.stream.Reason(p.conn)
	mode := "line mode"
	if d.g.block {
		mode = "block mode"
	} else if d.ws != nil {
		mode = "each line is a text message of WebSocket"
	} else if d.g.encode != nil {
		mode = "resp mode: text goes as an array of bulk strings (.mode line sends it as typed)"
	}
	mode += ", line ends " + d.g.eol.String()
	files := d.s.record.describe()
	d.s.mu.Unlock()
	if phase == unconnected || p.facts == nil {
		d.s.view.Info("not connected; " + mode)
		return nil
	}
	var b strings.Builder
	state := "connected to"
	if phase == peerClosed {
		state = "closed by the peer:"
	}
	fmt.Fprintf(&b, "%s %s (%s %s -> %s)", state, p.facts.Target, p.facts.Network, p.facts.Local, p.facts.Remote)
	if p.tls != nil {
		fmt.Fprintf(&b, "\ntls %s, alpn %s, certificate %s", p.tls.VersionName(), selectedALPN(p.tls), view.EscapeString(p.tls.Verify))
	}
	if name != "" {
		fmt.Fprintf(&b, "\nread as %s: %s", name, view.EscapeString(why))
	}
	fmt.Fprintf(&b, "\n%d answered, %d due", st.Settled, st.Due)
	if d.peer.noRequest && d.peer.gotN == 0 {
		b.WriteString("; what was sent last is no request (.why)")
	}
	if st.Partial[1] != nil {
		b.WriteString(", 1 incomplete")
		if st.Want >= 0 && st.Got > 0 {
			fmt.Fprintf(&b, ": %d of %d B", st.Got, st.Want)
		} else if st.Got > 0 {
			fmt.Fprintf(&b, ": %d B", st.Got)
		}
	}
	if st.EndedBy != "" {
		fmt.Fprintf(&b, "; the last ended by: %s", view.EscapeString(st.EndedBy))
	}
	fmt.Fprintf(&b, "\n%d B sent, %d B received", p.octets[0], p.octets[1])
	if on, rows := d.s.view.Held(); on {
		fmt.Fprintf(&b, "; %s held (.release)", count(rows, "row"))
	}
	fmt.Fprintf(&b, "\n%s\nEscape character is '%s'.", mode, d.s.escapeKey())
	for _, file := range files {
		b.WriteString("\nrecording to " + file)
	}
	d.s.view.Info(b.String())
	return nil
}

// selectedALPN says what ALPN came to.
func selectedALPN(t *wire.TLS) string {
	switch {
	case t.ALPN != "":
		return strconv.Quote(t.ALPN)
	case len(t.Offered) == 0:
		return "none offered"
	}
	return "none selected"
}

func (s *Session) escapeKey() string {
	if s.opts.Style.EscapeKey != "" {
		return s.opts.Style.EscapeKey
	}
	return "^]"
}
