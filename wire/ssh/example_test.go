package ssh_test

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/ssh"
)

func Example() {
	p := ssh.New(proto.Limits{})
	hello := []byte("no entry without a key\r\nSSH-2.0-OpenSSH_9.2p1 Debian\r\n")
	for _, m := range p.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: hello}) {
		if id, ok := m.Value.(*ssh.Ident); ok {
			fmt.Printf("version %s, software %s, at octet %d\n", id.Version, id.Software, m.Span.From)
		}
	}
	// Output: version 2.0, software OpenSSH_9.2p1, at octet 24
}
