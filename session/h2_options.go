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

// An h2Switch is a word of .h2 that turns something on and off.
type h2Switch struct {
	word, does string
	off        func(*h2Options) *bool
}

var h2Switches = []h2Switch{
	{"preface", "sends the connection preface at the opening", func(o *h2Options) *bool { return &o.noPreface }},
	{"ack", "acknowledges SETTINGS", func(o *h2Options) *bool { return &o.noAck }},
	{"ping", "acknowledges PING", func(o *h2Options) *bool { return &o.noPing }},
	{"window", "sends WINDOW_UPDATE for what came", func(o *h2Options) *bool { return &o.noWindow }},
	{"wait", "waits for the reply before the next line", func(o *h2Options) *bool { return &o.noWait }},
}

// set takes the words of .h2 that change something.
func (o *h2Options) set(words []string) error {
	name, rest := words[0], words[1:]
	for _, sw := range h2Switches {
		if !strings.EqualFold(name, sw.word) {
			continue
		}
		on, ok := parseSwitch(strings.Join(rest, " "))
		if !ok {
			return fmt.Errorf("%s %s: want %[1]s on or %[1]s off", sw.word, strings.Join(rest, " "))
		}
		*sw.off(o) = !on
		return nil
	}
	switch strings.ToLower(name) {
	case "names":
		to := strings.ToLower(strings.Join(rest, " "))
		if to != "lower" && to != "typed" {
			return fmt.Errorf("names %s: want names lower or names typed", strings.Join(rest, " "))
		}
		o.typedNames = to == "typed"
		return nil
	case "settings":
		return o.setSettings(rest)
	}
	return fmt.Errorf("no option %q: want preface, settings, ack, ping, window, wait or names", name)
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
	add := func(name, state, does string) {
		if word == "" || strings.EqualFold(word, name) {
			rows = append(rows, fmt.Sprintf("%-8s %-8s %s", name, state, does))
		}
	}
	for _, sw := range h2Switches {
		state := "on"
		if *sw.off(o) {
			state = "off"
		}
		add(sw.word, state, sw.does)
	}
	names := "lower"
	if o.typedNames {
		names = "typed"
	}
	add("names", names, "case of the names of fields (RFC 9113 8.2.1)")
	settings := "off"
	if !o.noSettings {
		settings = h2SettingList(o.chosen())
	}
	add("settings", settings, "at the opening")
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
	case slices.ContainsFunc(h2OptionWords, func(w string) bool { return strings.EqualFold(w, words[0]) }):
		return s.h2Set(words)
	}
	return openWith("h2")(s, ctx, args)
}

// h2OptionWords are the first words of .h2 that are no host.
var h2OptionWords = []string{"preface", "settings", "ack", "ping", "window", "wait", "names"}

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
func (s *Session) webScheme() string {
	if s.peer.tls != nil {
		return "https"
	}
	return "http"
}
