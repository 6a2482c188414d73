package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	"-starttls":   {"--starttls", true},
	"-showcerts":  {"--showcerts", false},
	"-brief":      {"", false},
}

// adoptOtherTools rewrites the words of s_client, exactly those, before the flags
// of the plain command are read: "-connect" must never be read as "-c onnect".
// Any other word with one dash that is no cluster of short flags is an error.
func adoptOtherTools(root *cobra.Command, args []string) ([]string, error) {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return args, nil // a shell asks, and the line is not complete
	}
	if sub, _, err := root.Find(args); err == nil && sub != root {
		return args, nil
	}
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
		case ok && w.flag == "":
		case ok:
			out = append(out, w.flag)
		case isOneDashWord(root.Flags(), a):
			return nil, &hinted{
				err:  usagef("unknown option %s", a),
				hint: "long options have two dashes: -" + a,
			}
		default:
			out = append(out, a)
			if takesNext(root.Flags(), a) && i+1 < len(args) {
				i++ // its value, which may begin with a dash
				out = append(out, args[i])
			}
		}
	}
	if connect != "" {
		if !strings.Contains(connect, "://") && !slices.Contains(out, "--starttls") {
			connect = "tls://" + connect
		}
		out = append([]string{connect}, out...)
	}
	return out, nil
}

// isOneDashWord reports whether a is "-word" and no cluster of short flags. The
// last of a cluster may have its value behind it, unless that could be the rest
// of a word.
func isOneDashWord(fs *pflag.FlagSet, a string) bool {
	if len(a) < 3 || a[0] != '-' || a[1] == '-' {
		return false
	}
	for i := 1; i < len(a); i++ {
		f := fs.ShorthandLookup(a[i : i+1])
		if f == nil {
			return true
		}
		if f.NoOptDefVal == "" && i+1 < len(a) { // it takes a value
			value := a[i+1:]
			return (value[0] < '0' || value[0] > '9') && !strings.ContainsAny(value, " /.:")
		}
	}
	return false
}

// takesNext reports whether the value of a flag is the next argument.
func takesNext(fs *pflag.FlagSet, a string) bool {
	var f *pflag.Flag
	switch {
	case strings.HasPrefix(a, "--") && !strings.Contains(a, "="):
		f = fs.Lookup(a[2:])
	case len(a) > 1 && a[0] == '-' && a[1] != '-':
		f = fs.ShorthandLookup(a[len(a)-1:])
	}
	return f != nil && f.NoOptDefVal == ""
}
