package prototest

import (
	"encoding/binary"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// maxFuzz bounds one fuzz input: the laws want several runs of each.
const maxFuzz = 64 << 10

// Fuzz makes f check the laws on events made of the fuzzer's bytes, starting
// from seeds.
func Fuzz(f *testing.F, newParser func() proto.Parser, seeds ...[]wire.Event) {
	for _, s := range seeds {
		f.Add(Encode(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxFuzz {
			t.Skip("longer than an input should be")
		}
		Check(t, newParser, Decode(data))
	})
}

// fuzzKinds are the events that a fuzz input can hold: two bits of its first
// octet and the direction in the next.
var fuzzKinds = [...]wire.Kind{
	wire.KindData, wire.KindData, wire.KindData, wire.KindGap,
	wire.KindEOF, wire.KindReset, wire.KindSecure, wire.KindClose,
}

// Encode writes events as a fuzz input: for each an octet with the kind in its
// low three bits and the direction in the fourth, two octets of length, and so
// many octets of data. What fuzzing has no use for is left out.
func Encode(events []wire.Event) []byte {
	var out []byte
	for _, e := range events {
		op := byte(0)
		for i, k := range fuzzKinds {
			if k == e.Kind {
				op = byte(i)
				break
			}
		}
		if fuzzKinds[op] != e.Kind {
			continue
		}
		if e.Dir == wire.ServerToClient {
			op |= 8
		}
		data := e.Data
		if e.Kind != wire.KindData {
			out = append(out, op)
			out = binary.LittleEndian.AppendUint16(out, uint16(min(e.Size, 0xffff)))
			continue
		}
		for len(data) > 0 {
			n := min(len(data), 0xffff)
			out = append(out, op)
			out = binary.LittleEndian.AppendUint16(out, uint16(n))
			out = append(out, data[:n]...)
			data = data[n:]
		}
	}
	return out
}

// Decode reads what [Encode] wrote; it makes something of any bytes.
func Decode(in []byte) []wire.Event {
	var events []wire.Event
	for at := time.Millisecond; len(in) >= 3; at += time.Millisecond {
		e := wire.Event{Conn: 1, At: at, Kind: fuzzKinds[in[0]&7], Dir: wire.ClientToServer}
		if in[0]&8 != 0 {
			e.Dir = wire.ServerToClient
		}
		n := int(binary.LittleEndian.Uint16(in[1:]))
		in = in[3:]
		switch e.Kind {
		case wire.KindData:
			n = min(n, len(in))
			e.Data, in = in[:n], in[n:]
		case wire.KindGap:
			e.Size = int64(n)
		case wire.KindSecure:
			e.Dir, e.TLS = 0, &wire.TLS{}
		case wire.KindClose:
			e.Dir = 0
		}
		events = append(events, e)
	}
	return events
}
