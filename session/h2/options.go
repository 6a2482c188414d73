package h2

import (
	"fmt"
	"slices"
	"strings"

	"wiretape/session/word"
	"wiretape/wire/http2"
)

// Options say what a connection of HTTP/2 does by itself. The zero value does
// all that the protocol wants, with the settings of ourSettings.
type Options struct {
	noPreface  bool            // the client's connection preface is not sent
	noSettings bool            // neither is a SETTINGS frame at the opening
	settings   []http2.Setting // those of that frame; nil for ourSettings
	noAck      bool            // SETTINGS are not acknowledged
	noPing     bool            // PING is not
	noWindow   bool            // no WINDOW_UPDATE is sent
	NoWait     bool            // the next line does not wait for the replies to those before
	TypedNames bool            // names of fields keep their capitals
}

// ourSettings are what we set unless told otherwise.
var ourSettings = []http2.Setting{
	{ID: http2.SettingEnablePush, Value: 0},
	{ID: http2.SettingInitialWindowSize, Value: ourWindow},
}

// UpgradeSettings returns the payload of the SETTINGS frame that opens a connection,
// for the field HTTP2-Settings (RFC 7540, section 3.2.1).
func (o *Options) UpgradeSettings() []byte {
	return http2.AppendSettings(nil, o.chosen()...)[headerSize:]
}

// chosen returns the settings of the opening SETTINGS frame.
func (o *Options) chosen() []http2.Setting {
	if o.settings != nil {
		return o.settings
	}
	return ourSettings
}

// hello returns what a connection begins with.
func (o *Options) hello() []byte {
	var b []byte
	if !o.noPreface {
		b = append(b, http2.Preface...)
	}
	if !o.noSettings {
		b = http2.AppendSettings(b, o.chosen()...)
	}
	if !o.noWindow && !o.noPreface && !o.noSettings {
		b = http2.AppendWindowUpdate(b, 0, ourWindow-defaultWindow)
	}
	return b
}

// An option is a word of .h2 that changes what is done by itself. What .h2, --h2,
// .help h2 and Tab say of it is made of its row.
type option struct {
	word, does string
	form, help string          // a row of .help h2: what is typed, and what comes of it
	values     func() []string // for Tab
	set        func(o *Options, rest []string) error
	state      func(o *Options) string
}

// optionTable has the options in the order in which they are listed.
var optionTable = []option{
	onOff("preface", "sends the connection preface at the opening", "the next connection begins without its preface", func(o *Options) *bool { return &o.noPreface }),
	onOff("ack", "acknowledges SETTINGS", "SETTINGS is not acknowledged", func(o *Options) *bool { return &o.noAck }),
	onOff("ping", "acknowledges PING", "PING is not acknowledged", func(o *Options) *bool { return &o.noPing }),
	onOff("window", "sends WINDOW_UPDATE for what came", "no WINDOW_UPDATE is sent", func(o *Options) *bool { return &o.noWindow }),
	onOff("wait", "waits for the reply before the next line", "the next request does not wait for the reply: several streams at once", func(o *Options) *bool { return &o.NoWait }),
	{"names", "case of the names of fields (RFC 9113 8.2.1)", "names typed", "names of fields keep their capitals",
		func() []string { return []string{"lower", "typed"} }, (*Options).setNames,
		func(o *Options) string {
			if o.TypedNames {
				return "typed"
			}
			return "lower"
		}},
	{"settings", "at the opening", "settings NAME=VALUE…", "the SETTINGS of the next connection; default, empty or off too",
		func() []string { return append([]string{"default", "empty", "off"}, settingNames()...) }, (*Options).setSettings,
		func(o *Options) string {
			if o.noSettings {
				return "off"
			}
			return settingList(o.chosen())
		}},
}

// onOff is an option that is on unless turned off.
func onOff(name, does, help string, off func(*Options) *bool) option {
	return option{name, does, name + " off", help,
		func() []string { return []string{"on", "off"} },
		func(o *Options, rest []string) error {
			on, ok := word.Switch(strings.Join(rest, " "))
			if !ok {
				return fmt.Errorf("%s %s: want %[1]s on or %[1]s off", name, strings.Join(rest, " "))
			}
			*off(o) = !on
			return nil
		},
		func(o *Options) string {
			if *off(o) {
				return "off"
			}
			return "on"
		}}
}

// IsOption reports whether a word of .h2 is an option.
func IsOption(name string) bool { return findOption(name) != nil }

// findOption returns the row of a word, nil for none.
func findOption(name string) *option {
	i := slices.IndexFunc(optionTable, func(o option) bool { return strings.EqualFold(o.word, name) })
	if i < 0 {
		return nil
	}
	return &optionTable[i]
}

// Set takes the words of .h2 that change something, such as "ack off".
func (o *Options) Set(words []string) error {
	o.settings = slices.Clone(o.settings) // a copy of o may have the same
	name := ""
	if len(words) > 0 {
		name = words[0]
	}
	if row := findOption(name); row != nil {
		return row.set(o, words[1:])
	}
	var all []string
	for _, row := range optionTable {
		all = append(all, row.word)
	}
	return fmt.Errorf("no option %q: want one of %s", name, strings.Join(all, ", "))
}

// setNames takes what follows .h2 names.
func (o *Options) setNames(words []string) error {
	to := strings.ToLower(strings.Join(words, " "))
	if to != "lower" && to != "typed" {
		return fmt.Errorf("names %s: want names lower or names typed", strings.Join(words, " "))
	}
	o.TypedNames = to == "typed"
	return nil
}

// setSettings takes what follows .h2 settings.
func (o *Options) setSettings(words []string) error {
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
	all, err := parseSettings(words)
	if err != nil {
		return err
	}
	o.noSettings, o.settings = false, all
	return nil
}

// Describe says how an option stands, or for "" all of them, a row each.
func (o *Options) Describe(name string) string {
	var rows []string
	for _, row := range optionTable {
		if name == "" || strings.EqualFold(name, row.word) {
			rows = append(rows, fmt.Sprintf("%-8s %-8s %s", row.word, row.state(o), row.does))
		}
	}
	return strings.Join(rows, "\n")
}

func settingList(all []http2.Setting) string {
	if len(all) == 0 {
		return "empty"
	}
	var names []string
	for _, st := range all {
		names = append(names, st.String())
	}
	return strings.Join(names, " ")
}

// SetOptions changes what the link does by itself. What was held back while a
// switch was off is not made up for, but for windows.
func (h *Link) SetOptions(o Options) {
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
}

// Describe says where the connection stands.
func (h *Link) Describe() string {
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
