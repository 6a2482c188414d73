package redact

import (
	"strings"
	"testing"
)

// What a person answers to a prompt for a password is a secret, also behind the
// negotiations of Telnet, and octet by octet.
func TestPasswordsThatAPromptAsksFor(t *testing.T) {
	turns := []turn{
		{1, s2c, "\xff\xfd\x18"}, {1, c2s, "\xff\xfb\x18"}, {1, s2c, "\xff\xfa\x18\x01\xff\xf0host login: "},
		{1, c2s, "\xff\xfa\x18\x00DUMB\xff\xf0me\r\n"}, {1, s2c, "me\r\nPassword: \xff\xfd\x06"}, {1, s2c, "\xff\xfb\x01\r\nPassword: "},
		{1, c2s, "\xff\xfc\x06hunter22\r\n"}, {1, s2c, "\r\n$ "}, {1, c2s, "ls\r\n"},
		{2, s2c, "Enter passphrase: \xff\xfb\x01\xff\xfd\x03"}, {2, c2s, "hunter23\n"}, {2, s2c, "ok\n"}, {2, c2s, "hunting\n"},
		{3, c2s, "GET / HTTP/1.0\r\n\r\n"}, {3, s2c, "Password:"}, {3, c2s, "hunting too\r\n"},
	}
	octets := func(s string) (all []string) {
		for i := range len(s) {
			all = append(all, s[i:i+1])
		}
		return all
	}
	for _, cut := range []func(string) []string{whole, octets} {
		r := run(t, Options{}, turns, cut)
		if got, want := r.stream(1, c2s), "\xff\xfb\x18\xff\xfa\x18\x00DUMB\xff\xf0me\r\n\xff\xfc\x06passpass\r\nls\r\n"; got != want {
			t.Errorf("over Telnet: %q, want %q", got, want)
		}
		if got, want := r.stream(2, c2s)+r.stream(3, c2s), "hunting\nGET / HTTP/1.0\r\n\r\nhunting too\r\n"; !strings.HasSuffix(got, want) || strings.Contains(got, "hunter") {
			t.Errorf("elsewhere: %q, want %q at its end", got, want)
		}
	}
}
