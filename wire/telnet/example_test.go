package telnet_test

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/telnet"
)

// A client that agrees to have its text echoed, and to nothing else.
func Example() {
	p := telnet.New(proto.Limits{})
	n := telnet.Negotiator{Theirs: func(o telnet.Option) bool { return o == telnet.Echo }}
	hello := []byte("\xff\xfb\x01\xff\xfd\x18hello\r\nlogin: ")
	for _, m := range p.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: hello}) {
		switch v := m.Value.(type) {
		case *telnet.Command:
			reply, _ := n.Receive(v.Code, v.Option)
			fmt.Printf("%s: answer %x\n", v, reply)
		case *telnet.Text:
			fmt.Printf("text %q\n", m.Body.Data)
		}
	}
	fmt.Printf("prompt %q\n", p.State().Partial[1].Body.Data)
	// Output:
	// WILL ECHO: answer fffd01
	// DO TTYPE: answer fffc18
	// text "hello\r\n"
	// prompt "login: "
}
