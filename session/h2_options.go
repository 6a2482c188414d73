package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wiretape/wire/http2"
)

// h2Options say what a connection of HTTP/2 does by itself. The zero value does
// all that the protocol wants, with the settings of h2Settings.
type h2Options struct {
	noPreface  bool            // the client's connection preface is not sent
	noSettings bool            // neither is a SETTINGS frame at the opening
	settings   []http2.Setting // those of that frame; nil for h2Settings
	noAck      bool            // SETTINGS are not acknowledged
	noPing     bool            // PING is not
	noWindow   bool            // no WINDOW_UPDATE is sent
	noWait     bool            // the next line does not wait for the replies to those before
	typedNames bool            // names of fields keep their capitals
}

// h2Settings are what we set unless told otherwise.
var h2Settings = []http2.Setting{
	{ID: http2.SettingEnablePush, Value: 0},
	{ID: http2.SettingInitialWindowSize, Value: h2Window},
}

// chosen returns the settings of the opening SETTINGS frame.
func (o *h2Options) chosen() []http2.Setting {
	if o.settings != nil {
		return o.settings
	}
	return h2Settings
}

// hello returns what a connection begins with.
func (o *h2Options) hello() []byte {
	var b []byte
	if !o.noPreface {
		b = append(b, http2.Preface...)
	}
	if !o.noSettings {
		b = http2.AppendSettings(b, o.chosen()...)
	}
	if !o.noWindow && !o.noPreface && !o.noSettings {
		b = http2.AppendWindowUpdate(b, 0, h2Window-h2DefaultWindow)
	}
	return b
}

// An h2Option is a word of .h2 that changes what is done by itself. What .h2, --h2,
// .help h2 and Tab say of it is made of its row.
type h2Option struct {
	word, does string
	form, help string          // a row of .help h2: what is typed, and what comes of it
	values     func() []string // for Tab
	set        func(o *h2Options, rest []string) error
	state      func(o *h2Options) string
}

// h2OptionTable has the options in the order in which they are listed.
var h2OptionTable = []h2Option{
	h2Switch("preface", "sends the connection preface at the opening", "the next connection begins without its preface", func(o *h2Options) *bool { return &o.noPreface }),
	h2Switch("ack", "acknowledges SETTINGS", "SETTINGS is not acknowledged", func(o *h2Options) *bool { return &o.noAck }),
	h2Switch("ping", "acknowledges PING", "PING is not acknowledged", func(o *h2Options) *bool { return &o.noPing }),
	h2Switch("window", "sends WINDOW_UPDATE for what came", "no WINDOW_UPDATE is sent", func(o *h2Options) *bool { return &o.noWindow }),
	h2Switch("wait", "waits for the reply before the next line", "the next request does not wait for the reply: several streams at once", func(o *h2Options) *bool { return &o.noWait }),
	{"names", "case of the names of fields (RFC 9113 8.2.1)", "names typed", "names of fields keep their capitals",
		func() []string { return []string{"lower", "typed"} }, (*h2Options).setNames,
		func(o *h2Options) string {
			if o.typedNames {
				return "typed"
			}
			return "lower"
		}},
	{"settings", "at the opening", "settings NAME=VALUE…", "the SETTINGS of the next connection; default, empty or off too",
		func() []string { return append([]string{"default", "empty", "off"}, h2SettingNames()...) }, (*h2Options).setSettings,
		func(o *h2Options) string {
			if o.noSettings {
				return "off"
			}
			return h2SettingList(o.chosen())
		}},
}

// h2Switch is an option that is on unless turned off.
func h2Switch(word, does, help string, off func(*h2Options) *bool) h2Option {
	return h2Option{word, does, word + " off", help,
		func() []string { return []string{"on", "off"} },
		func(o *h2Options, rest []string) error {
			on, ok := parseSwitch(strings.Join(rest, " "))
			if !ok {
				return fmt.Errorf("%s %s: want %[1]s on or %[1]s off", word, strings.Join(rest, " "))
			}
			*off(o) = !on
			return nil
		},
		func(o *h2Options) string {
			if *off(o) {
				return "off"
			}
			return "on"
		}}
}

// findH2Option returns the row of a word, nil for none.
func findH2Option(word string) *h2Option {
	i := slices.IndexFunc(h2OptionTable, func(o h2Option) bool { return strings.EqualFold(o.word, word) })
	if i < 0 {
		return nil
	}
	return &h2OptionTable[i]
}

// set takes the words of .h2 that change something.
func (o *h2Options) set(words []string) error {
	name := ""
	if len(words) > 0 {
		name = words[0]
	}
	if row := findH2Option(name); row != nil {
		return row.set(o, words[1:])
	}
	var all []string
	for _, row := range h2OptionTable {
		all = append(all, row.word)
	}
	return fmt.Errorf("no option %q: want one of %s", name, strings.Join(all, ", "))
}

// setNames takes what follows .h2 names.
func (o *h2Options) setNames(words []string) error {
	to := strings.ToLower(strings.Join(words, " "))
	if to != "lower" && to != "typed" {
		return fmt.Errorf("names %s: want names lower or names typed", strings.Join(words, " "))
	}
	o.typedNames = to == "typed"
	return nil
}

// setSettings takes what follows .h2 settings.
func (o *h2Options) setSettings(words []string) error {
	switch strings.ToLower(strings.Join(words, " ")) {
	case "":
		return fmt.Errorf("settings: want settings NAME=VALUE…, settings default, settings empty or settings off")
	case "off":
		o.noSettings = true
		return nil
	case "default", "on":
		o.noSettings, o.settings = false, nil
		return nil
	case "empty":
		o.noSettings, o.settings = false, []http2.Setting{}
		return nil
	}
	all, err := h2ParseSettings(words)
	if err != nil {
		return err
	}
	o.noSettings, o.settings = false, all
	return nil
}

// describe says how an option stands, or all of them, a row each.
func (o *h2Options) describe(word string) string {
	var rows []string
	for _, row := range h2OptionTable {
		if word == "" || strings.EqualFold(word, row.word) {
			rows = append(rows, fmt.Sprintf("%-8s %-8s %s", row.word, row.state(o), row.does))
		}
	}
	return strings.Join(rows, "\n")
}

func h2SettingList(all []http2.Setting) string {
	if len(all) == 0 {
		return "empty"
	}
	var names []string
	for _, st := range all {
		names = append(names, st.String())
	}
	return strings.Join(names, " ")
}

// h2Set takes an option of HTTP/2 as the words of .h2 have it, for the next
// connections and the one that stands.
func (s *Session) h2Set(words []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.h2opts
	o.settings = slices.Clone(o.settings)
	if err := o.set(words); err != nil {
		return failure(StatusUsage, ".h2 %w", err)
	}
	s.h2opts = o
	if s.h2 != nil {
		s.h2.setOptions(o)
	}
	s.view.Info(o.describe(words[0]))
	return nil
}

// setOptions changes what the link does by itself. What was held back while a
// switch was off is not made up for, but for windows.
func (h *h2Link) setOptions(o h2Options) {
	h.mu.Lock()
	defer h.mu.Unlock()
	opens := h.opts.noWindow && !o.noWindow
	h.opts = o
	if !opens {
		return
	}
	h.allow(0, &h.recv, 0)
	for id, st := range h.streams {
		if !st.theirs {
			h.allow(id, &st.recv, h.granted)
		}
	}
	token(h.changed)
}

// h2Command is .h2: it connects, or says and changes what a connection of HTTP/2
// does by itself.
func (s *Session) h2Command(ctx context.Context, args string) error {
	words := strings.Fields(args)
	switch {
	case len(words) == 0:
		return s.h2Status()
	case strings.EqualFold(words[0], "start") && len(words) == 1:
		return s.h2Start(ctx)
	case findH2Option(words[0]) != nil:
		return s.h2Set(words)
	}
	return openWith("h2")(s, ctx, args)
}

// h2Status is .h2 alone.
func (s *Session) h2Status() error {
	s.mu.Lock()
	h, opts := s.h2, s.h2opts
	s.mu.Unlock()
	text := opts.describe("")
	if h != nil {
		text += "\n" + h.describe()
	}
	s.view.Info(text)
	return nil
}

// describe says where the connection stands.
func (h *h2Link) describe() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "we may send %d octets more on the connection, %d on a new stream, %d in a frame; the peer may send %d more",
		h.window, h.initial, h.maxFrame, h.recv.given)
	ids := make([]uint32, 0, len(h.streams))
	for id := range h.streams {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	const shown = 16
	for i, id := range ids {
		if i == shown {
			fmt.Fprintf(&b, "\n%d streams more", len(ids)-shown)
			break
		}
		st := h.streams[id]
		state := "open"
		switch {
		case st.ended:
			state = "ended by us"
		case st.theirs:
			state = "ended by the peer"
		}
		fmt.Fprintf(&b, "\nstream %d %s; we may send %d octets more, %d came", id, state, h.initial-st.sent, st.recv.total)
	}
	fmt.Fprintf(&b, "\nthe next request is stream %d", h.next)
	return b.String()
}

// h2Start is .h2 start: HTTP/2 begins on the connection that stands.
func (s *Session) h2Start(ctx context.Context) error {
	if err := s.mustBeOpen("h2 start"); err != nil {
		return err
	}
	s.mu.Lock()
	if s.h2 != nil {
		s.mu.Unlock()
		return failure(StatusUsage, ".h2 start: this connection speaks HTTP/2 already")
	}
	s.h2 = newH2Link(s.webScheme(), s.h2opts)
	s.g.proto = "h2c"
	if s.peer.tls != nil {
		s.g.proto = "h2"
	}
	s.mu.Unlock()
	return s.startH2(ctx)
}

// webScheme returns the value of :scheme on this connection. s.mu is held.
func (d *dialogue) webScheme() string {
	if d.peer.tls != nil {
		return "https"
	}
	return "http"
}
