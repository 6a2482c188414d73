package line

import (
	"fmt"
	"testing"
)

func TestPassive(t *testing.T) {
	for _, tt := range []struct {
		code       int
		text, want string
	}{
		{227, "Entering Passive Mode (192,0,2,7,110,8).", "192.0.2.7 28168"},
		{227, "=127,0,0,1,0,21", "127.0.0.1 21"},
		{227, "Passive 2 (10,0,0,1,4,1)", "10.0.0.1 1025"},
		{227, "(256,0,0,1,4,1)", "none"},
		{227, "(10,0,0,1,0,0)", "none"},
		{227, "(10,0,0,1,4)", "none"},
		{227, "", "none"},
		{229, "Entering Extended Passive Mode (|||6446|)", "invalid IP 6446"},
		{229, "(!!!80!)", "invalid IP 80"},
		{229, "(|||0|)", "none"},
		{229, "(||| 80|)", "none"},
		{229, "(|1|10.0.0.1|80|)", "none"},
		{229, "(|||70000|)", "none"},
		{229, "(|||", "none"},
		{226, "(|||80|)", "none"},
	} {
		got := "none"
		if addr, port, ok := (&Reply{Code: tt.code, Lines: [][]byte{[]byte(tt.text)}}).Passive(); ok {
			got = fmt.Sprint(addr, " ", port)
		}
		if got != tt.want {
			t.Errorf("%d %s: %s, want %s", tt.code, tt.text, got, tt.want)
		}
	}
	if _, _, ok := (&Reply{Code: 227}).Passive(); ok {
		t.Error("a reply without lines names an address")
	}
}
