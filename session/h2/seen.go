package h2

import (
	"fmt"
	"strconv"
	"strings"

	"wiretape/wire/http2"
)

// A Seen is a frame that has come, or is waited for.
type Seen struct {
	Type   http2.FrameType
	stream uint32 // anyStream as well
}

const (
	anyStream = 1 << 31
	heldSeen  = 4096 // different frames that are remembered
)

// Frames are those that have come; their map must be made.
type Frames map[Seen]bool

// Saw notes that a frame has come.
func (s Frames) Saw(f *http2.Frame) {
	s[Seen{f.Type, anyStream}] = true
	if len(s) < heldSeen {
		s[Seen{f.Type, f.Stream}] = true
	}
}

// ParseSeen reads what .await frame waits for: a type, and perhaps a stream.
func ParseSeen(args string) (Seen, error) {
	words := strings.Fields(args)
	if len(words) == 0 || len(words) > 2 {
		return Seen{}, fmt.Errorf("want a frame type such as GOAWAY, and perhaps a stream")
	}
	name := words[0]
	for short, long := range map[string]string{"rst": "RST_STREAM", "window": "WINDOW_UPDATE", "push": "PUSH_PROMISE"} {
		if strings.EqualFold(name, short) {
			name = long
		}
	}
	t, err := parseType(name)
	if err != nil {
		return Seen{}, err
	}
	seen := Seen{t, anyStream}
	if len(words) == 2 {
		n, err := strconv.ParseUint(words[1], 10, 31)
		if err != nil {
			return Seen{}, fmt.Errorf("stream %q: want a number", words[1])
		}
		seen.stream = uint32(n)
	}
	return seen, nil
}
