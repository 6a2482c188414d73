package session

import (
	"fmt"
	"strings"

	"wiretape/wire/http2"
)

// h2Detail is what .help h2 says.
func h2Detail() string {
	var b strings.Builder
	b.WriteString("A request is typed as text, as for HTTP/1.1, and goes as frames; a first line such as :method: GET\n" +
		"has the fields go exactly as typed. The preface, SETTINGS, and the answers that the protocol demands\n" +
		"are sent by themselves; .help send lists the frames that are sent by hand.\n")
	row := func(form, help string) { fmt.Fprintf(&b, "  %-25s %s\n", strings.TrimRight(".h2 "+form, " "), help) }
	row("", "says how all of this stands, windows and streams too")
	for _, o := range h2OptionTable {
		row(o.form, o.help)
	}
	row("start", "begins HTTP/2 on the connection that stands")
	b.WriteString("h2c://HOST is HTTP/2 in the clear; .send upgrade asks for it from HTTP/1.1. A host of one of these\n" +
		"names: open h2://ack")
	return b.String()
}

// h2Completions are what .h2 may begin with, besides a host.
func h2Completions() []string {
	var words []string
	for _, o := range h2OptionTable {
		words = append(words, o.word+" ")
	}
	return append(words, "start")
}

// h2CompleteOption gives what may follow the words of .h2.
func h2CompleteOption(before string) []string {
	words := strings.Fields(before)
	o := findH2Option(words[0])
	switch {
	case o == nil:
		return nil
	case len(words) == 1:
		return o.values()
	case o.word == "settings": // more than one
		return h2SettingNames()
	}
	return nil
}

// h2FormWords are the words of .send that send frames.
func h2FormWords() []string {
	words := []string{"upgrade"}
	for _, f := range h2Forms() {
		if f.args != "" {
			f.word += " "
		}
		words = append(words, f.word)
	}
	return words
}

// h2CompleteSend gives what may follow the words of .send.
func h2CompleteSend(before string) []string {
	words := strings.Fields(before)
	form := h2Form(words[0])
	if form == nil || strings.Count(before, `"`)%2 == 1 {
		return nil
	}
	switch form.word {
	case "rst", "goaway":
		return h2Names(int(http2.ErrCodeHTTP11Required), func(i int) string { return http2.ErrCode(i).String() })
	case "settings":
		return append(h2SettingNames(), "ack")
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
		types := h2Names(int(http2.FrameContinuation), func(i int) string { return "type=" + http2.FrameType(i).String() + " " })
		return append(types, "flags=", "stream=", "len=", "reserved", "hex ")
	}
	return nil
}

// h2SettingNames are the settings of RFC 9113, each with the = that follows.
func h2SettingNames() []string {
	return h2Names(int(http2.SettingMaxHeaderListSize), func(i int) string { return http2.SettingID(i).String() + "=" })[1:]
}

func h2Names(last int, name func(int) string) []string {
	var names []string
	for i := range last + 1 {
		names = append(names, name(i))
	}
	return names
}
