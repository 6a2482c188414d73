package http2_test

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// Both directions go into one Parser. Out come the frames, and behind them the
// request and the response that they amount to.
func Example() {
	client := http2.AppendSettings([]byte(http2.Preface))
	client = http2.AppendHeaders(client, 1, true, []byte("\x82\x84\x87\x41\x09localhost"), 0)
	server := http2.AppendSettings(nil)
	server = http2.AppendHeaders(server, 1, false, []byte("\x88"), 0)
	server = http2.AppendFrame(server, http2.FrameData, http2.FlagEndStream, 1, []byte("hello"))

	p := http2.New(proto.Limits{})
	for _, e := range []wire.Event{
		{Kind: wire.KindData, Dir: wire.ClientToServer, Data: client},
		{Kind: wire.KindData, Dir: wire.ServerToClient, Data: server},
	} {
		for _, m := range p.Feed(e) {
			switch v := m.Value.(type) {
			case *http2.Frame:
				fmt.Println(v)
				if v.Block == nil {
					break
				}
				for _, f := range v.Block.Fields {
					fmt.Printf("  %s: %s (%s)\n", f.Name, f.Value, f.Coding)
				}
			case *http1.Request:
				fmt.Println("request:", v, "of", v.Host())
			case *http1.Response:
				fmt.Printf("response: %s, %q, ended by %s\n", v, m.Body.Data, m.EndedBy)
			}
		}
	}
	// Output:
	// SETTINGS stream 0, 0 octets
	// HEADERS stream 1, 14 octets, END_STREAM|END_HEADERS
	//   :method: GET (indexed)
	//   :path: / (indexed)
	//   :scheme: https (indexed)
	//   :authority: localhost (incremental)
	// request: GET / HTTP/2 of localhost
	// SETTINGS stream 0, 0 octets
	// HEADERS stream 1, 1 octets, END_HEADERS
	//   :status: 200 (indexed)
	// DATA stream 1, 5 octets, END_STREAM
	// response: HTTP/2 200, "hello", ended by END_STREAM
}
