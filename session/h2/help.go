package h2

import (
	"fmt"
	"strings"

	"wiretape/wire/http2"
)

// Help is what .help h2 says.
func Help() string {
	var b strings.Builder
	b.WriteString("A request is typed as text, as for HTTP/1.1, and goes as frames; a first line such as :method: GET\n" +
		"has the fields go exactly as typed. The preface, SETTINGS, and the answers that the protocol demands\n" +
		"are sent by themselves; .help send lists the frames that are sent by hand.\n")
	row := func(form, help string) { fmt.Fprintf(&b, "  %-25s %s\n", strings.TrimRight(".h2 "+form, " "), help) }
	row("", "says how all of this stands, windows and streams too")
	for _, o := range optionTable {
		row(o.form, o.help)
	}
	row("start", "begins HTTP/2 on the connection that stands")
	b.WriteString("h2c://HOST is HTTP/2 in the clear; .send upgrade asks for it from HTTP/1.1. A host of one of these\n" +
		"names: open h2://ack")
	return b.String()
}

// Completions are what .h2 may begin with, besides a host.
func Completions() []string {
	var words []string
	for _, o := range optionTable {
		words = append(words, o.word+" ")
	}
	return append(words, "start")
}

// CompleteOption gives what may follow the words of .h2.
func CompleteOption(before string) []string {
	words := strings.Fields(before)
	o := findOption(words[0])
	switch {
	case o == nil:
		return nil
	case len(words) == 1:
		return o.values()
	case o.word == "settings": // more than one
		return settingNames()
	}
	return nil
}

// FormWords are the words of .send that send frames.
func FormWords() []string {
	words := []string{"upgrade"}
	for _, f := range Forms() {
		if f.Args != "" {
			f.Word += " "
		}
		words = append(words, f.Word)
	}
	return words
}

// CompleteForm gives what may follow the words of .send.
func CompleteForm(before string) []string {
	words := strings.Fields(before)
	form := FindForm(words[0])
	if form == nil || strings.Count(before, `"`)%2 == 1 {
		return nil
	}
	switch form.Word {
	case "rst", "goaway":
		return names(int(http2.ErrCodeHTTP11Required), func(i int) string { return http2.ErrCode(i).String() })
	case "settings":
		return append(settingNames(), "ack")
	case "data":
		return []string{"hex ", "file ", "end", "force", "pad="}
	case "headers", "push", "continuation":
		return []string{":method: ", ":scheme: ", ":path: ", ":authority: ", "end", "more", "never ", "literal ", "indexed ", "huffman=off ", "pad=", "split=", "dep=", "weight=", "excl"}
	case "priority":
		return []string{"dep=", "weight=", "excl"}
	case "frame":
		if strings.HasSuffix(strings.TrimSpace(before), "hex") {
			return nil
		}
		types := names(int(http2.FrameContinuation), func(i int) string { return "type=" + http2.FrameType(i).String() + " " })
		return append(types, "flags=", "stream=", "len=", "reserved", "hex ")
	}
	return nil
}

// settingNames are the settings of RFC 9113, each with the = that follows.
func settingNames() []string {
	return names(int(http2.SettingMaxHeaderListSize), func(i int) string { return http2.SettingID(i).String() + "=" })[1:]
}

func names(last int, name func(int) string) []string {
	var names []string
	for i := range last + 1 {
		names = append(names, name(i))
	}
	return names
}
