package h2

import (
	"bytes"
	"io"
	"strings"
	"testing"

	other "golang.org/x/net/http2"

	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/wiretest"
)

func TestAnswers(t *testing.T) {
	h := New("https", Options{})
	h.Gave(&http2.Frame{Type: http2.FrameSettings, Settings: ourSettings})
	h.Gave(&http2.Frame{Type: http2.FrameWindowUpdate, Increment: ourWindow - defaultWindow})
	for _, f := range []http2.Frame{
		{Type: http2.FrameSettings, Length: 12, Settings: []http2.Setting{
			{ID: http2.SettingInitialWindowSize, Value: 10}, {ID: http2.SettingMaxFrameSize, Value: 20000}}},
		{Type: http2.FramePing, Length: 8, Opaque: []byte{1, 2, 3, 0, 0, 0, 0, 0}},
		{Type: http2.FramePing, Length: 8, Flags: http2.FlagAck, Opaque: make([]byte, 8)},
		{Type: http2.FrameSettings, Flags: http2.FlagAck},
		{Type: http2.FrameData, Stream: 1, Length: 100},
		{Type: http2.FrameWindowUpdate, Length: 4, Increment: 7},
	} {
		h.Take(&f)
	}
	client, server := wiretest.Pair()
	conn := wire.NewConn(client, wire.Facts{}, wire.NewTap(func(wire.Event) {}))
	h.answers.Start(conn)
	var want bytes.Buffer
	wf := other.NewFramer(&want, nil)
	wf.WriteSettingsAck()
	wf.WritePing(true, [8]byte{1, 2, 3})
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(server, got); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("answers %x, %v; want %x", got, err, want.Bytes())
	}
	if h.initial != 10 || h.maxFrame != 20000 || h.window != defaultWindow+7 {
		t.Errorf("window %d, of a stream %d, frames of %d", h.window, h.initial, h.maxFrame)
	}
	for range windowStep / defaultFrame {
		h.Take(&http2.Frame{Type: http2.FrameData, Stream: 1, Length: defaultFrame})
	}
	f, err := other.NewFramer(nil, server).ReadFrame()
	if u, ok := f.(*other.WindowUpdateFrame); !ok || u.StreamID != 0 || u.Increment < windowStep {
		t.Errorf("after a window's worth of data: %v, %v", f, err)
	}
	conn.Close()
	h.Stop()
}

func TestManyStreamsAreNamedInOrder(t *testing.T) {
	h := New("http", Options{})
	for range 10 {
		h.Begin()
	}
	got := h.Take(&http2.Frame{Type: http2.FrameGoAway, Last: 1}).Say
	if want := "stream 3, 5, 7, 9, 11, 13, 15, 17 and 1 more"; !strings.HasSuffix(got, want) {
		t.Errorf("%q, want %q at the end", got, want)
	}
}
