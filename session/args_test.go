package session

import "testing"

func TestSendBytes(t *testing.T) {
	t.Setenv("WIRETAPE_TEST_WORD", "w")
	tests := []struct{ args, want, err string }{
		{`"GET /\r\n\x00\t\\\"\0"`, "GET /\r\n\x00\t\\\"\x00", ""},
		{`"${WIRETAPE_TEST_WORD}\${x}"`, "w${x}", ""},
		{`"a" "b"`, "ab", ""},
		{`hex 0d0a 00ff`, "\r\n\x00\xff", ""},
		{`hex 16:03`, "\x16\x03", ""},
		{`HEX 0D0a`, "\r\n", ""},
		{`hex`, "", `hex "": want pairs of hex digits, such as 0d0a 00ff`},
		{`"a"b`, "", `"b" stands outside of the quotes`},
		{`File /nonexistent`, "", "open /nonexistent: no such file or directory"},
		{`ayt`, "\xff\xf6", ""},
		{`AYT`, "\xff\xf6", ""},
		{`do echo`, "\xff\xfd\x01", ""},
		{`wont 200`, "\xff\xfc\xc8", ""},
		{`sb naws 00ff 0018`, "\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0", ""},
		{`do`, "", `do "": want an option of Telnet, such as ECHO or its number`},
		{`do echo now`, "", `do ECHO: "now" is one word too many`},
		{`ayt x`, "", `ayt takes no argument, and "x" was given`},
		{`sb naws zz`, "", `sb NAWS: hex "zz": want pairs of hex digits, such as 0d0a 00ff`},
		{`"\q"`, "", `escape \q: want \r \n \t \0 \e \\ \" \$ or \xhh`},
		{`"\xzz"`, "", `escape \xzz: want two hex digits`},
		{`"a`, "", `the quoted bytes have no closing "`},
		{`"a" b`, "", `"b" stands outside of the quotes`},
		{`"${WIRETAPE_TEST_NONE}"`, "", "${WIRETAPE_TEST_NONE} is not set in the environment"},
		{`hex 0`, "", `hex "0": want pairs of hex digits, such as 0d0a 00ff`},
		{`x`, "", `want .send "bytes\r\n", .send hex 0d0a, .send file F or .send <<EOF`},
	}
	for _, tt := range tests {
		got, err := sendBytes(tt.args)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if string(got) != tt.want || text != tt.err {
			t.Errorf("sendBytes(%q) = %q, %q; want %q, %q", tt.args, got, text, tt.want, tt.err)
		}
	}
}
