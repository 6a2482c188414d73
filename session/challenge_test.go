package session

import "testing"

// What is typed after a challenge is a secret, whatever it looks like.
func TestChallenge(t *testing.T) {
	tests := []struct {
		got  string
		want bool
	}{
		{"334 VXNlcm5hbWU6\r\n", true},
		{"250-AUTH LOGIN\r\n250 HELP\r\n334 \r\n", true},
		{"331 Please specify the password.\r\n", true},
		{"+ \r\n", true},
		{"login: ", false},
		{"Password: ", true},
		{"\xff\xfd\x18login: \xff\xfb\x01", false},
		{"\r\nPassword: \xff\xfb\x01\xff\xfd\x03", true},
		{"+OK ready\r\n", false},
		{"250 OK\r\n", false},
		{"354 go ahead\r\n", false},
		{"", false},
	}
	for _, tt := range tests {
		if got := isChallenge([]byte(tt.got)); got != tt.want {
			t.Errorf("isChallenge(%q) = %v, want %v", tt.got, got, tt.want)
		}
	}
}
