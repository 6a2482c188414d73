package h2

import (
	"encoding/binary"
	"fmt"
	"strings"

	"wiretape/wire/http2"
)

// A payload reads the words of a frame of one type, and gives its stream, flags
// and payload.
type payload func(h *Link, a *args) (stream uint32, flags http2.Flags, b []byte, err error)

func pingPayload(_ *Link, a *args) (uint32, http2.Flags, []byte, error) {
	var flags http2.Flags
	if a.flag("ack") {
		flags = http2.FlagAck
	}
	if len(a.words) == 0 {
		return 0, flags, []byte("wiretape"), nil
	}
	b, err := a.data()
	return 0, flags, b, err
}

func settingsPayload(_ *Link, a *args) (uint32, http2.Flags, []byte, error) {
	var flags http2.Flags
	if a.flag("ack") {
		flags = http2.FlagAck
	}
	if len(a.words) > 0 && (a.words[0].Quoted || strings.EqualFold(a.words[0].Text, "hex")) {
		b, err := a.data()
		return 0, flags, b, err
	}
	var words []string
	for {
		w, ok := a.next()
		if !ok {
			break
		}
		words = append(words, w)
	}
	all, err := parseSettings(words)
	return 0, flags, http2.AppendSettings(nil, all...)[headerSize:], err
}

func windowPayload(_ *Link, a *args) (uint32, http2.Flags, []byte, error) {
	n, ok := a.streamID()
	if !ok {
		return 0, 0, nil, fmt.Errorf("want by how many octets")
	}
	id := uint32(0)
	if more, ok := a.streamID(); ok {
		id, n = n, more
	}
	return id, 0, binary.BigEndian.AppendUint32(nil, n), nil
}

func rstPayload(h *Link, a *args) (uint32, http2.Flags, []byte, error) {
	id, ok := a.streamID()
	if !ok {
		id = h.Latest()
	}
	code := http2.ErrCodeCancel
	if w, ok := a.next(); ok {
		var err error
		if code, err = parseCode(w); err != nil {
			return 0, 0, nil, err
		}
	}
	return id, 0, binary.BigEndian.AppendUint32(nil, uint32(code)), nil
}

func goAwayPayload(_ *Link, a *args) (uint32, http2.Flags, []byte, error) {
	last, code := uint32(0), http2.ErrCodeNo
	if n, ok := a.streamID(); ok {
		if len(a.words) > 0 && !a.words[0].Quoted {
			last = n
		} else {
			code = http2.ErrCode(n)
		}
	}
	if w, ok := a.next(); ok {
		var err error
		if code, err = parseCode(w); err != nil {
			return 0, 0, nil, err
		}
	}
	debug, err := a.data()
	b := binary.BigEndian.AppendUint32(nil, last)
	return 0, 0, append(binary.BigEndian.AppendUint32(b, uint32(code)), debug...), err
}

func priorityPayload(_ *Link, a *args) (uint32, http2.Flags, []byte, error) {
	p, err := a.priority()
	if err != nil {
		return 0, 0, nil, err
	}
	if p == nil {
		p = &http2.Priority{Weight: 16} // RFC 7540, section 5.3.5
	}
	id, ok := a.streamID()
	if !ok && !a.named {
		return 0, 0, nil, fmt.Errorf("want the stream")
	}
	return id, 0, http2.AppendPriority(nil, 0, *p)[headerSize:], nil
}

// priority takes dep=, weight= and excl; nil where none of them stands there.
func (a *args) priority() (*http2.Priority, error) {
	dep, depends, err := a.number("dep", 1<<31-1)
	if err != nil {
		return nil, err
	}
	weight, weighs, err := a.number("weight", 256)
	if err != nil {
		return nil, err
	}
	if weighs && weight == 0 {
		return nil, fmt.Errorf("weight=0: want 1 to 256")
	}
	if !weighs {
		weight = 16
	}
	excl := a.flag("excl")
	if !depends && !weighs && !excl {
		return nil, nil
	}
	return &http2.Priority{Exclusive: excl, DependsOn: uint32(dep), Weight: int(weight)}, nil
}
