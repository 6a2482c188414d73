package h2

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"wiretape/session/word"
	"wiretape/wire/http2"
)

// args are the words of one .send that are still to be read.
type args struct {
	words []word.Word
	frameHeader
}

// A frameHeader is what the header of any frame can be made to say.
type frameHeader struct {
	id       uint32 // stream=
	named    bool   // stream= was given
	flags    http2.Flags
	flagged  bool // flags= was given
	length   int  // len=; -1 for what it is
	reserved bool
}

// next takes the first word, if there is one that is not quoted.
func (a *args) next() (string, bool) {
	if len(a.words) == 0 || a.words[0].Quoted {
		return "", false
	}
	w := a.words[0].Text
	a.words = a.words[1:]
	return w, true
}

// is takes the first word where it is the given one.
func (a *args) is(word string) bool {
	if len(a.words) == 0 || a.words[0].Quoted || !strings.EqualFold(a.words[0].Text, word) {
		return false
	}
	a.words = a.words[1:]
	return true
}

// flag takes a word wherever it stands.
func (a *args) flag(word string) bool {
	for i, w := range a.words {
		if !w.Quoted && strings.EqualFold(w.Text, word) {
			a.words = append(a.words[:i:i], a.words[i+1:]...)
			return true
		}
	}
	return false
}

// option takes NAME=VALUE wherever it stands.
func (a *args) option(name string) (string, bool) {
	for i, w := range a.words {
		if n, v, ok := strings.Cut(w.Text, "="); ok && strings.EqualFold(n, name) {
			a.words = append(a.words[:i:i], a.words[i+1:]...)
			return v, true
		}
	}
	return "", false
}

// number takes NAME=NUMBER wherever it stands.
func (a *args) number(name string, most uint64) (n uint64, given bool, err error) {
	v, ok := a.option(name)
	if !ok {
		return 0, false, nil
	}
	if n, err = strconv.ParseUint(v, 0, 64); err != nil || n > most {
		return 0, true, fmt.Errorf("%s=%s: want a number up to %d", name, v, most)
	}
	return n, true, nil
}

// streamID takes the first word where it is a number.
func (a *args) streamID() (uint32, bool) {
	if len(a.words) == 0 || a.words[0].Quoted {
		return 0, false
	}
	n, err := strconv.ParseUint(a.words[0].Text, 0, 32)
	if err != nil {
		return 0, false
	}
	a.words = a.words[1:]
	return uint32(n), true
}

// header takes what any frame can be made to say: stream=, flags=, len= and
// reserved.
func (a *args) header(t http2.FrameType) error {
	n, given, err := a.number("stream", 1<<32-1)
	if err != nil {
		return err
	}
	a.id, a.named = uint32(n), given
	a.length = -1
	if n, given, err = a.number("len", 1<<24-1); err != nil {
		return err
	} else if given {
		a.length = int(n)
	}
	if v, ok := a.option("flags"); ok {
		if a.flags, err = parseFlags(t, v); err != nil {
			return err
		}
		a.flagged = true
	}
	a.reserved = a.flag("reserved")
	return nil
}

// data takes the octets that the words say: "…", hex HH…, or nothing.
func (a *args) data() (b []byte, err error) {
	b, a.words, err = word.Octets(a.words)
	return b, err
}

// source takes the octets that the words say, or file F; size is -1 where the
// file does not tell. The caller closes what is an io.Closer.
func (a *args) source() (r io.Reader, size int64, err error) {
	if !a.is("file") {
		b, err := a.data()
		return strings.NewReader(string(b)), int64(len(b)), err
	}
	if len(a.words) == 0 {
		return nil, 0, errors.New("file: want its name")
	}
	f, err := os.Open(a.words[0].Text)
	if err != nil {
		return nil, 0, err
	}
	a.words = a.words[1:]
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	if info.IsDir() {
		f.Close()
		return nil, 0, fmt.Errorf("%s is a directory", f.Name())
	}
	size = -1
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	return f, size, nil
}

// done reports as an error what no one has read.
func (a *args) done() error {
	if len(a.words) > 0 {
		return fmt.Errorf("%q is too much, or in the wrong place", a.words[0].Text)
	}
	return nil
}

// named finds a number by its RFC name, whatever its case; prefix may stand
// before the name. Numbers are taken too.
func named(what, text, prefix, example string, most uint64, name func(uint64) string) (uint64, error) {
	if n, err := strconv.ParseUint(text, 0, 64); err == nil && n <= most {
		return n, nil
	}
	upper := strings.TrimPrefix(strings.ToUpper(strings.ReplaceAll(text, "-", "_")), prefix)
	for n := uint64(0); n <= min(most, 0xff); n++ {
		if name(n) == upper {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%q is no %s: want a name such as %s, or a number up to %d", text, what, example, most)
}

func parseType(text string) (http2.FrameType, error) {
	n, err := named("frame type", text, "FRAME_", "DATA or RST_STREAM", 255, func(n uint64) string { return http2.FrameType(n).String() })
	return http2.FrameType(n), err
}

func parseCode(text string) (http2.ErrCode, error) {
	n, err := named("error code", text, "ERR_", "CANCEL or PROTOCOL_ERROR", 1<<32-1, func(n uint64) string { return http2.ErrCode(n).String() })
	return http2.ErrCode(n), err
}

// parseSettings reads NAME=VALUE words.
func parseSettings(words []string) ([]http2.Setting, error) {
	var all []http2.Setting
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, fmt.Errorf("setting %q: want NAME=VALUE, such as INITIAL_WINDOW_SIZE=65535", w)
		}
		id, err := named("setting", name, "SETTINGS_", "INITIAL_WINDOW_SIZE", 1<<16-1, func(n uint64) string { return http2.SettingID(n).String() })
		if err != nil {
			return nil, err
		}
		v, err := strconv.ParseUint(value, 0, 32)
		if err != nil {
			return nil, fmt.Errorf("setting %s=%s: want a number up to %d", name, value, uint32(1<<32-1))
		}
		all = append(all, http2.Setting{ID: http2.SettingID(id), Value: uint32(v)})
	}
	return all, nil
}

// parseFlags reads a number, or names of the flags of a type with | or , between
// them.
func parseFlags(t http2.FrameType, text string) (http2.Flags, error) {
	var all http2.Flags
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == '|' || r == ',' }) {
		if n, err := strconv.ParseUint(w, 0, 8); err == nil {
			all |= http2.Flags(n)
			continue
		}
		found := false
		for bit := http2.Flags(1); bit != 0; bit <<= 1 {
			f := http2.Frame{Type: t, Flags: bit}
			if strings.EqualFold(f.FlagNames()[0], w) {
				all |= bit
				found = true
			}
		}
		if !found {
			return 0, fmt.Errorf("%s has no flag %q: want a name such as END_STREAM where it has that, or a number up to 0xff", t, w)
		}
	}
	return all, nil
}
