package http1

import (
	"testing"

	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

func newParser() proto.Parser { return New(proto.Limits{}) }

func TestSmoke(t *testing.T) {
	prototest.Check(t, newParser, prototest.Talk("> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
}
