package main

import (
	"fmt"
	"slices"
	"strings"
)

// sClientWords are the options of openssl s_client that people know by heart, as
// flags of ours; "" as the flag drops a word that asks for what we do anyway.
var sClientWords = map[string]struct {
	flag  string
	value bool // takes the next argument
}{
	"-connect":    {"", true}, // becomes the target
	"-servername": {"--servername", true},
	"-alpn":       {"--alpn", true},
	"-CAfile":     {"--cacert", true},
	"-cert":       {"--cert", true},
	"-key":        {"--key", true},
	"-keylogfile": {"--keylog", true},
	"-crlf":       {"-C", false},
}

// shortFlags are the letters that may stand in a cluster after one dash.
const shortFlags = "46CNUcfhkuwo"

// adoptOtherTools rewrites the words of s_client, exactly those, before flags
// are read: "-connect" must never be read as "-c onnect". Any other word with
// one dash that is no cluster of short flags is an error.
func adoptOtherTools(args []string) ([]string, error) {
	var out []string
	connect := ""
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			out = append(out, args[i:]...)
			break
		}
		w, ok := sClientWords[a]
		switch {
		case ok && w.value:
			if i++; i == len(args) {
				return nil, usagef("%s wants a value", a)
			}
			if a == "-connect" {
				connect = args[i]
				continue
			}
			out = append(out, w.flag, args[i])
		case ok:
			out = append(out, w.flag)
		case isOneDashWord(a):
			return nil, &hinted{
				err:  usagef("unknown option %s", a),
				hint: fmt.Sprintf("long options have two dashes: -%s", a),
			}
		default:
			out = append(out, a)
			if slices.Contains([]string{"-c", "-f", "-w", "-o"}, a) && i+1 < len(args) {
				i++ // its value, which may begin with a dash
				out = append(out, args[i])
			}
		}
	}
	if connect != "" {
		if !strings.Contains(connect, "://") {
			connect = "tls://" + connect
		}
		out = append([]string{connect}, out...)
	}
	return out, nil
}

// isOneDashWord reports whether a is "-word" and no cluster of short flags, the
// last of which may have its value behind it.
func isOneDashWord(a string) bool {
	if len(a) < 3 || a[0] != '-' || a[1] == '-' {
		return false
	}
	for i := 1; i < len(a); i++ {
		if !strings.ContainsRune(shortFlags, rune(a[i])) {
			return true
		}
		if a[i] == 'w' && i+1 < len(a) {
			return !isDigit(a[i+1])
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
