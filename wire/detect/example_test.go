package detect_test

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/detect"
)

func Example() {
	s := detect.New(detect.Options{})
	say := func(dir wire.Dir, data string) {
		for _, m := range s.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: dir, Data: []byte(data)}) {
			fmt.Printf("#%d %s %s: %v\n", m.N, m.Dir, m.Kind, m.Value)
		}
	}
	say(wire.ServerToClient, "220 mail.test ES")
	say(wire.ServerToClient, "MTP ready\r\n")
	say(wire.ClientToServer, "NOOP\r\n")
	say(wire.ServerToClient, "250 OK\r\n")
	fmt.Println(s.Proto(1)+":", s.Reason(1))
	// Output:
	// #0 server reply: 220 mail.test ESMTP ready
	// #1 client command: NOOP
	// #1 server reply: 250 OK
	// smtp: the server's greeting names SMTP
}
