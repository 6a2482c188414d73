package http2

import (
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// TestFrameCases reads each frame of the suite within a conversation that allows
// it. A frame with an error must have a Note, any other none and the fields that
// the suite says.
func TestFrameCases(t *testing.T) {
	type caseRow struct {
		ID    string
		Wire  string
		Error []int
		Frame *struct {
			Length  int
			Flags   Flags
			Stream  uint32 `json:"stream_identifier"`
			Type    FrameType
			Payload struct {
				Fragment  *string `json:"header_block_fragment"`
				Data      *string
				PadLength *int       `json:"padding_length"`
				Code      *ErrCode   `json:"error_code"`
				Debug     *string    `json:"additional_debug_data"`
				Last      *uint32    `json:"last_stream_id"`
				Promised  *uint32    `json:"promised_stream_id"`
				Increment *uint32    `json:"window_size_increment"`
				Opaque    *string    `json:"opaque_data"`
				DependsOn *uint32    `json:"stream_dependency"`
				Weight    *int       `json:"weight"`
				Exclusive *bool      `json:"exclusive"`
				Settings  [][2]int64 `json:"settings"`
			} `json:"frame_payload"`
		}
	}
	rows, good := 0, 0
	for _, row := range prototest.Rows[caseRow](t, "h2_frames.jsonl") {
		octets, err := hex.DecodeString(row.Wire)
		if err != nil {
			t.Fatal(err)
		}
		rows++
		// The server speaks: SETTINGS, and before CONTINUATION a block to go on
		// with.
		before := string(AppendSettings(nil))
		if FrameType(octets[3]) == FrameContinuation {
			before += frame(FrameHeaders, 0, 50, "")
		}
		events := prototest.Talk("< "+before+string(octets), "= eof server")
		p := New(proto.Limits{})
		var m proto.Message
		for _, e := range events {
			for _, got := range p.Feed(e) {
				if !got.Derived {
					m = got
				}
			}
		}
		// The fragments of the suite are no HPACK.
		m.Notes = slices.DeleteFunc(m.Notes, func(n proto.Note) bool { return n.Rule == "RFC 9113 4.3" || strings.HasPrefix(n.Rule, "RFC 7541 ") })
		good++
		once := sync.OnceFunc(func() { good-- })
		bad := func(format string, args ...any) {
			once()
			t.Errorf(row.ID+": "+format, args...)
		}
		for _, problem := range prototest.Problems(newParser, events) {
			bad("%s", problem)
		}
		f, ok := m.Value.(*Frame)
		if !ok || m.Dir != wire.ServerToClient {
			bad("no frame, but %s", describe(m))
			continue
		}
		if row.Frame == nil {
			cited := false
			for _, n := range m.Notes {
				cited = cited || strings.HasPrefix(n.Rule, "RFC 9113 ")
			}
			if !cited {
				bad("no note on a frame with error %v: %s", row.Error, describe(m))
			}
		} else {
			want := row.Frame
			if len(m.Notes) > 0 || !m.Complete {
				bad("notes on a frame without error: %s", describe(m))
			}
			if f.Type != want.Type || f.Flags != want.Flags || f.Stream != want.Stream || f.Length != want.Length {
				bad("header is %s, want %+v", f, want)
			}
			w := want.Payload
			differ(bad, "fragment", string(f.Fragment), w.Fragment)
			differ(bad, "data", string(m.Body.Data), w.Data)
			differ(bad, "padding", f.PadLength, w.PadLength)
			differ(bad, "code", f.Code, w.Code)
			differ(bad, "debug data", string(f.Debug), w.Debug)
			differ(bad, "last stream", f.Last, w.Last)
			differ(bad, "promised stream", f.Promised, w.Promised)
			differ(bad, "increment", f.Increment, w.Increment)
			differ(bad, "opaque data", string(f.Opaque), w.Opaque)
			if f.Priority != nil {
				differ(bad, "dependency", f.Priority.DependsOn, w.DependsOn)
				differ(bad, "weight", f.Priority.Weight, w.Weight)
				differ(bad, "exclusive", f.Priority.Exclusive, w.Exclusive)
			} else if w.DependsOn != nil {
				bad("no priority")
			}
			for i, s := range w.Settings {
				if i >= len(f.Settings) || int64(f.Settings[i].ID) != s[0] || int64(f.Settings[i].Value) != s[1] {
					bad("settings are %v, want %v", f.Settings, w.Settings)
				}
			}
		}
	}
	t.Logf("marks: h2_frames: %d of %d", good, rows)
}

// differ reports a field that is not what the suite says, if it says anything.
func differ[T comparable](bad func(string, ...any), what string, got T, want *T) {
	if want != nil && got != *want {
		bad("%s is %v, want %v", what, got, *want)
	}
}
