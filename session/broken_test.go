package session

import (
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

func TestEndWithoutCloseNotifyIsNoSuccess(t *testing.T) {
	tests := []struct {
		name, fields string
		notify       wire.Notify
		want         string // part of it
	}{
		{"nothing else tells the end", "", wire.NotifyNo, "TLS ended without close_notify"},
		{"close_notify", "", wire.NotifyYes, ""},
		{"a length tells it", "Content-Length: 5\r\n", wire.NotifyNo, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := detect.New(detect.Options{Proto: "http/1.1"})
			var got strings.Builder
			for _, e := range []wire.Event{
				{Kind: wire.KindOpen, Facts: &wire.Facts{Target: "h:443"}},
				{Kind: wire.KindSecure, TLS: &wire.TLS{}},
				{Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n")},
				{Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("HTTP/1.1 200 OK\r\n" + tt.fields + "\r\nhello")},
				{Kind: wire.KindEOF, Dir: wire.ServerToClient, Notify: tt.notify},
			} {
				before := s.State(e.Conn)
				msgs := s.Feed(e)
				got.WriteString(brokenReply(e, before, s.State(e.Conn), msgs, proto.Limits{}))
			}
			if !strings.Contains(got.String(), tt.want) || tt.want == "" && got.String() != "" {
				t.Errorf("broken: %q, want %q", got.String(), tt.want)
			}
		})
	}
}
