package http2

import (
	"math"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// agreed is what a side has told the other by SETTINGS. What it told is in force
// once the other has acknowledged it (RFC 9113, section 6.5.3).
type agreed struct {
	value   [SettingMaxHeaderListSize + 1]uint32 // in force, by ID
	waiting [][]Setting                          // told and not acknowledged
}

// maxWaiting bounds the SETTINGS of a side that wait. More of them are in force at
// once.
const maxWaiting = 64

func (a *agreed) reset() {
	*a = agreed{}
	a.value[SettingHeaderTableSize] = DefaultTable
	a.value[SettingEnablePush] = 1
	a.value[SettingMaxConcurrentStreams] = math.MaxUint32
	a.value[SettingInitialWindowSize] = defaultWindow
	a.value[SettingMaxFrameSize] = defaultMaxFrame
	a.value[SettingMaxHeaderListSize] = math.MaxUint32
}

// most returns the highest value that may be in force already, since nothing tells
// when the other side took it.
func (a *agreed) most(id SettingID) uint32 {
	v := a.value[id]
	for _, w := range a.waiting {
		for _, s := range w {
			if s.ID == id {
				v = max(v, s.Value)
			}
		}
	}
	return v
}

// announce takes the SETTINGS of a side.
func (p *Parser) announce(s *side, f *Frame, note func(at int, text, section string)) {
	good := make([]Setting, 0, min(len(f.Settings), 2*len(s.agreed.value)))
	for i, v := range f.Settings {
		if v.ID == 0 || int(v.ID) >= len(s.agreed.value) || v.faulty(s.Dir) {
			continue
		}
		if v.ID == SettingInitialWindowSize {
			p.streams.checkInitial(1-proto.Side(s.Dir), int64(v.Value), func(text string) {
				note(frameHeaderLen+6*i, text, "6.9.2")
			})
		}
		if len(good) < cap(good) {
			good = append(good, v)
		}
	}
	s.agreed.waiting = append(s.agreed.waiting, good)
	// A larger table may be used as soon as the other side has read of it.
	d := p.sides[1-proto.Side(s.Dir)].dec
	d.allowed = max(d.allowed, int64(s.agreed.most(SettingHeaderTableSize)))
	if len(s.agreed.waiting) > maxWaiting {
		p.acknowledge(s)
	}
}

// acknowledge puts the oldest SETTINGS of a side in force that wait.
func (p *Parser) acknowledge(s *side) {
	if len(s.agreed.waiting) == 0 {
		return
	}
	all := s.agreed.waiting[0]
	s.agreed.waiting = s.agreed.waiting[1:]
	for _, v := range all {
		s.agreed.value[v.ID] = v.Value
		if v.ID == SettingHeaderTableSize {
			d := p.sides[1-proto.Side(s.Dir)].dec
			if d.shrink < 0 || int64(v.Value) < d.shrink {
				d.shrink = int64(v.Value)
			}
		}
	}
	d := p.sides[1-proto.Side(s.Dir)].dec
	d.allowed = int64(s.agreed.most(SettingHeaderTableSize))
	p.streams.initial[1-proto.Side(s.Dir)] = int64(s.agreed.value[SettingInitialWindowSize])
}

// faulty reports whether a value is one that no recipient takes.
func (s Setting) faulty(dir wire.Dir) bool { return s.fault(dir) != "" }
