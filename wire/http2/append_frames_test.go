package http2

import (
	"bytes"
	"testing"

	xhttp2 "golang.org/x/net/http2"
)

// Another maker's writer of frames gives the same octets.
func TestFramesAreThoseOfAnotherWriter(t *testing.T) {
	block := bytes.Repeat([]byte{0x82}, 10)
	tests := []struct {
		name string
		ours []byte
		want func(*xhttp2.Framer) error
	}{
		{"PRIORITY", AppendPriority(nil, 5, Priority{Exclusive: true, DependsOn: 3, Weight: 256}), func(f *xhttp2.Framer) error {
			return f.WritePriority(5, xhttp2.PriorityParam{StreamDep: 3, Exclusive: true, Weight: 255})
		}},
		{"RST_STREAM", AppendRSTStream(nil, 7, ErrCodeCancel), func(f *xhttp2.Framer) error { return f.WriteRSTStream(7, xhttp2.ErrCodeCancel) }},
		{"PING", AppendPing(nil, []byte("wiretape")), func(f *xhttp2.Framer) error { return f.WritePing(false, [8]byte([]byte("wiretape"))) }},
		{"DATA", AppendData(nil, 1, true, -1, []byte("x")), func(f *xhttp2.Framer) error { return f.WriteData(1, true, []byte("x")) }},
		{"padded DATA", AppendData(nil, 1, false, 3, []byte("x")), func(f *xhttp2.Framer) error {
			return f.WriteDataPadded(1, false, []byte("x"), make([]byte, 3))
		}},
		{"HEADERS", AppendHeaderBlock(nil, HeaderBlock{Stream: 1, Block: block, End: true, Padded: true, Pad: 2, Priority: &Priority{DependsOn: 9, Weight: 1}}),
			func(f *xhttp2.Framer) error {
				return f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndStream: true, EndHeaders: true,
					PadLength: 2, Priority: xhttp2.PriorityParam{StreamDep: 9}})
			}},
		{"HEADERS cut in three", AppendHeaderBlock(nil, HeaderBlock{Stream: 1, Block: block, MaxFrame: 4}), func(f *xhttp2.Framer) error {
			f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:4]})
			f.WriteContinuation(1, false, block[4:8])
			return f.WriteContinuation(1, true, block[8:])
		}},
		{"HEADERS to go on", AppendHeaderBlock(nil, HeaderBlock{Stream: 1, Block: block, Open: true}), func(f *xhttp2.Framer) error {
			return f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block})
		}},
		{"empty HEADERS", AppendHeaderBlock(nil, HeaderBlock{Stream: 1}), func(f *xhttp2.Framer) error {
			return f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, EndHeaders: true})
		}},
		{"PUSH_PROMISE", AppendHeaderBlock(nil, HeaderBlock{Stream: 1, Promised: 2, Block: block}), func(f *xhttp2.Framer) error {
			return f.WritePushPromise(xhttp2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: block, EndHeaders: true})
		}},
	}
	for _, tt := range tests {
		var want bytes.Buffer
		if err := tt.want(xhttp2.NewFramer(&want, nil)); err != nil {
			t.Fatal(tt.name, err)
		}
		if !bytes.Equal(tt.ours, want.Bytes()) {
			t.Errorf("%s is %x, want %x", tt.name, tt.ours, want.Bytes())
		}
	}
}
