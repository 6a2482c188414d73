package http1

import (
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// small limits bring the parser to its bounds with short inputs.
func smallParser() proto.Parser { return New(proto.Limits{Line: 40, Head: 120, Body: 30}) }

// conversations are where fuzzing starts, and what the laws are checked over.
var conversations = [][]wire.Event{
	prototest.Talk("> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "= eof server"),
	prototest.Talk("> GET / HTTP/1.1\r\nHost: x\r\n\r\n> ", "< HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: 1\r\n\r\nleft over"),
	prototest.Talk("> GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "< body", "= eof server no-notify"),
	prototest.Talk("> POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", "< HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", "> c\r\n0\r\n\r\n"),
	prototest.Talk("> GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n\x81\x82", "< HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nX", "> \x00\x00\x00\x00hiGET"),
	prototest.Talk("> GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\nearly", "< HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x02hi", "> \x81\x82\x00\x00\x00\x00hi", "< \x88\x00"),
	prototest.Talk("> CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", "< HTTP/1.0 200 ok\r\n\r\n\x16\x03", "> \x16\x03\x01", "= rst server"),
	prototest.Talk("> GET /\r\n", "< <html>", "> ?", "< </html>", "= eof server"),
	prototest.Talk("< SSH-2.0-x\r\n", "> SSH-2.0-y\r\n", "< \x00\x01HTTP/1.1", "= gap server 9", "< 200 OK\r\n\r\n"),
	prototest.Talk("> GET / HTTP/1.1\r\nA : b\r\n c\r\nno colon\r\n:\r\nX: \x00\r\n\n", "< HTTP/1.1 200OK\nContent-Length: 3, 4\n\nabc", "= gap client 3", "= close"),
	prototest.Talk("> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab", "= gap server 20", "< cd", "= gap server 40", "< HTTP/1.1 200 OK\r\n"),
	prototest.Talk("> \r\n\r\nGET / HTTP/1.1\r\n", "< HTTP/1.1 400 Bad\r\n\r\n", "> Host: x\r\n\r\n", "< \r\nIC", "> G", "< Y 200 OK\r\n\r\n"),
}

func TestLawsHold(t *testing.T) {
	for _, c := range conversations {
		prototest.Check(t, newParser, c)
		prototest.Check(t, smallParser, c)
	}
}

func FuzzLaws(f *testing.F) {
	prototest.Fuzz(f, smallParser, append(conversations, responseSeeds(f)...)...)
}

func FuzzLawsDefaultLimits(f *testing.F) {
	prototest.Fuzz(f, newParser, append(conversations, responseSeeds(f)...)...)
}

// responseSeeds are responses from another fuzzer's corpus, where it is present.
func responseSeeds(f *testing.F) (seeds [][]wire.Event) {
	for _, raw := range prototest.Seeds(f, "httpresp.txt.gz") {
		seeds = append(seeds, prototest.Talk("> GET / HTTP/1.1\r\n\r\n", "< "+string(raw), "= eof server"))
	}
	return seeds
}
