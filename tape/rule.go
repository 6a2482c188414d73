package tape

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// An argument is one way to go on in a rule: words that stand as they are, then
// what the last argument may be.
type argument struct {
	words []string
	value func(s string) error // nil for none
	rest  bool                 // the value is the rest of the line, blanks and all
	then  func(s string) error // a second value; nil for none
}

// rules are all that a tape may ask of its replay.
var rules = map[string][]argument{
	"proto": {{value: wantName}},
	"match": {
		{words: []string{"headers", "exact"}},
		{words: []string{"body", "text"}},
		{words: []string{"body", "json"}},
		{words: []string{"body", "bytes"}},
		{words: []string{"tail", "any"}},
		{words: []string{"order", "any"}},
	},
	"ignore": {
		{words: []string{"header"}, value: wantName},
		{words: []string{"json"}, value: wantText, rest: true},
		{words: []string{"line"}, value: wantPattern, rest: true},
	},
	"require": {
		{words: []string{"tls"}}, {words: []string{"alpn"}},
		{words: []string{"verify"}}, {words: []string{"timing"}},
	},
	"secret": {
		{words: []string{"header"}, value: wantName, then: wantSecretID},
		{words: []string{"field"}, value: wantName, then: wantSecretID},
	},
	"rewrite": {{words: []string{"host"}}},
}

// perConnection is the one rule that may be for one connection alone.
const perConnection = "proto"

func wantName(s string) error {
	if s == "" || strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) >= 0 {
		return bad("%q: want a name", s)
	}
	return nil
}

func wantText(s string) error {
	if strings.TrimSpace(s) == "" {
		return bad("want a path")
	}
	return nil
}

func wantPattern(s string) error {
	_, err := regexp.Compile(s)
	return err
}

func wantSecretID(s string) error {
	if !isSecretID(s) {
		return bad("name %q: want letters, digits and _", s)
	}
	return nil
}

// parseRule reads "name args".
func parseRule(s []byte) (name string, args []string, err error) {
	first, _, _ := bytes.Cut(s, []byte(" "))
	name = string(first)
	forms, ok := rules[name]
	if !ok {
		return name, nil, bad("rule %q is not known", name)
	}
	words := strings.Split(string(s), " ")[1:]
	for _, a := range forms {
		n := len(a.words)
		if len(words) < n || !slices.Equal(words[:n], a.words) {
			continue
		}
		args, err := a.read(words[:n:n], words[n:])
		if err != nil {
			return name, nil, bad("rule %s: %w", shown(s), err)
		}
		return name, args, nil
	}
	return name, nil, bad("rule %s: want %s", shown(s), usage(name))
}

// read checks the words after the fixed ones and returns all arguments.
func (a argument) read(args, words []string) ([]string, error) {
	if a.rest {
		words = []string{strings.Join(words, " ")}
	}
	for _, want := range []func(string) error{a.value, a.then} {
		if want == nil {
			continue
		}
		if len(words) == 0 {
			return nil, bad("an argument is missing")
		}
		if err := want(words[0]); err != nil {
			return nil, err
		}
		args, words = append(args, words[0]), words[1:]
	}
	if len(words) > 0 {
		return nil, bad("%q is one argument too many", words[0])
	}
	return args, nil
}

// usage returns the forms of a rule for an error message.
func usage(name string) string {
	var forms []string
	for _, a := range rules[name] {
		form := strings.Join(a.words, " ")
		if a.value != nil {
			form = strings.TrimSpace(form + " …")
		}
		forms = append(forms, form)
	}
	return strings.Join(forms, " | ")
}
