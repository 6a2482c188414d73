package prototest

import (
	"encoding/binary"
	"slices"
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
			return // longer than an input should be
		}
		Check(t, newParser, Decode(data))
	})
}

// fuzzKinds are the events that a fuzz input can hold, by the low four bits of
// their first octet. Octets are what parsers are about, so most values mean them.
var fuzzKinds = [16]wire.Kind{
	wire.KindData, wire.KindData, wire.KindData, wire.KindData, wire.KindData, wire.KindData,
	wire.KindGap, wire.KindEOF, wire.KindReset, wire.KindSecure, wire.KindClose,
	wire.KindOpen, wire.KindTry, wire.KindAlert, wire.KindTimeout, wire.KindError,
}

// The other bits of an event's first octet.
const (
	fuzzServer = 1 << 4 // the direction is that from the server
	fuzzDetail = 5      // shift of Notify for the end of a stream, of Role for the opening
)

// Encode writes events as a fuzz input, for each of them: an octet with its kind,
// its direction and its detail; two octets, little-endian, with the length of its
// data, its Size or the number of its alert; its data. What else there is to an
// event is left out. Octets beyond 65535 become an event of their own.
func Encode(events []wire.Event) []byte {
	var out []byte
	for _, e := range events {
		op := byte(slices.Index(fuzzKinds[:], e.Kind))
		if e.Dir == wire.ServerToClient {
			op |= fuzzServer
		}
		n := uint16(min(e.Size, 0xffff))
		switch e.Kind {
		case wire.KindData:
			for part := range slices.Chunk(e.Data, 0xffff) {
				out = append(out, op)
				out = binary.LittleEndian.AppendUint16(out, uint16(len(part)))
				out = append(out, part...)
			}
			continue
		case wire.KindEOF:
			op |= byte(e.Notify) << fuzzDetail
		case wire.KindOpen:
			if e.Facts != nil {
				op |= byte(e.Facts.Role) << fuzzDetail
			}
		case wire.KindAlert:
			n = uint16(e.Alert)
		}
		out = append(out, op)
		out = binary.LittleEndian.AppendUint16(out, n)
	}
	return out
}

// Decode reads what [Encode] wrote; it makes something of any bytes.
func Decode(in []byte) []wire.Event {
	var events []wire.Event
	for at := time.Millisecond; len(in) >= 3; at += time.Millisecond {
		op, n := in[0], int(binary.LittleEndian.Uint16(in[1:]))
		in = in[3:]
		e := wire.Event{Conn: 1, At: at, Kind: fuzzKinds[op&15], Dir: wire.ClientToServer}
		if op&fuzzServer != 0 {
			e.Dir = wire.ServerToClient
		}
		detail := op >> fuzzDetail % 3
		switch e.Kind {
		case wire.KindData:
			n = min(n, len(in))
			e.Data, in = in[:n], in[n:]
		case wire.KindGap:
			e.Size = int64(n)
		case wire.KindError:
			if e.Size = int64(n); n == 0 {
				e.Dir = 0 // of no write
			}
		case wire.KindEOF:
			e.Notify = wire.Notify(detail)
		case wire.KindOpen:
			e.Dir, e.Facts = 0, &wire.Facts{Network: "tcp", Role: wire.Role(detail)}
		case wire.KindAlert:
			e.Alert = wire.Alert(n)
		case wire.KindSecure:
			e.Dir, e.TLS = 0, &wire.TLS{}
		case wire.KindClose, wire.KindTimeout, wire.KindTry:
			e.Dir = 0
		}
		events = append(events, e)
	}
	return events
}
