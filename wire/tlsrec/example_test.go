package tlsrec_test

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/tlsrec"
)

func Example() {
	p := tlsrec.New(proto.Limits{})
	answer := []byte("\x15\x03\x01\x00\x02\x02\x46")
	for _, m := range p.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: answer}) {
		r := m.Value.(*tlsrec.Record)
		fmt.Printf("%s, fatal %t: %s\n", r.Type, r.Alert.Fatal, r.Alert.Code)
	}
	fmt.Println(tlsrec.Begins(answer))
	// Output:
	// alert, fatal true: protocol_version
	// a TLS alert, protocol_version
}
