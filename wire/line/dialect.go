package line

import (
	"slices"
	"strings"
)

// The names that decide how a conversation is read. With any other name it is
// read as an unknown protocol of this kind.
const (
	nameSMTP = "smtp"
	nameFTP  = "ftp"
	nameNNTP = "nntp"
)

// A dialect is what one protocol has that the others do otherwise: its words, its
// codes, and the sections that Notes cite, "" where its standard says nothing.
type dialect struct {
	// How it asks for TLS: the verb, and the arguments in upper case of which one
	// must follow it; nil for any. A reply of class 2 agrees, and so does tlsCode.
	tlsVerb string
	tlsArgs []string
	tlsCode int
	tlsRule string

	// Ends and lengths of lines. The lengths are in octets with their CRLF; 0 for
	// no limit.
	commandEnd, replyEnd string
	commandMost          int
	commandMostRule      string
	replyMost            int
	replyMostRule        string

	// Replies.
	codeRule    string // a reply begins with a code
	withinRule  string // the lines within a reply bear its code
	freeWithin  bool   // they may begin with anything
	preliminary bool   // another reply follows one of class 1
	greetings   []int  // codes of the first reply, which answers nothing
	enhanced    bool   // a text may begin with the code of RFC 3463
	texts       []int  // codes behind which text follows, up to a line of one dot
	textVerb    string // the command behind whose 211 text follows too
	textRule    string

	// Commands whose reply decides how the client's next octets read: verbs, or
	// verbs and the word behind them. A reply of asks wants a text, one of
	// answer for a line, and that only behind answerVerb.
	holds        []string
	asks         []int
	answer       int
	answerVerb   string
	answerRule   string // of that line's end
	counted      string // the verb behind which as many octets follow as it says
	aheadRule    string // content waits to be asked for
	dotRule      string // content ends with a line of one dot
	contentEnd   string // of a line of content
	contentMost  int
	contentsRule string // of contentMost
}

// dialects are those that have a name.
var dialects = map[string]*dialect{
	nameSMTP: {
		tlsVerb: "STARTTLS", tlsRule: "RFC 3207 4.2",
		commandEnd: "RFC 5321 2.3.8", replyEnd: "RFC 5321 2.3.8",
		commandMost: 512, commandMostRule: "RFC 5321 4.5.3.1.4",
		replyMost: 512, replyMostRule: "RFC 5321 4.5.3.1.5",
		codeRule: "RFC 5321 4.2", withinRule: "RFC 5321 4.2.1", preliminary: true,
		greetings: []int{120, 220, 421, 554}, enhanced: true,
		holds: []string{"DATA", "AUTH"}, asks: []int{354},
		answer: 334, answerVerb: "AUTH", answerRule: "RFC 4954 4", counted: "BDAT",
		aheadRule: "RFC 2920 3.1", dotRule: "RFC 5321 4.1.1.4",
		contentEnd: "RFC 5321 2.3.8", contentMost: 1000, contentsRule: "RFC 5321 4.5.3.1.6",
	},
	nameFTP: {
		tlsVerb: "AUTH", tlsArgs: []string{"TLS", "TLS-C", "SSL"}, tlsRule: "RFC 4217 4",
		commandEnd: "RFC 959 5.3", replyEnd: "RFC 959 4.2",
		codeRule: "RFC 959 4.2", freeWithin: true, preliminary: true,
		greetings: []int{120, 220, 421, 554},
	},
	nameNNTP: {
		tlsVerb: "STARTTLS", tlsCode: 382, tlsRule: "RFC 4642 2.2",
		commandEnd: "RFC 3977 3.1", replyEnd: "RFC 3977 3.1",
		commandMost: 512, commandMostRule: "RFC 3977 3.1",
		replyMost: 512, replyMostRule: "RFC 3977 3.1",
		codeRule: "RFC 3977 3.2", withinRule: "RFC 3977 3.2",
		greetings: []int{200, 201, 400, 502}, // RFC 3977, section 5.1
		// RFC 3977, appendix C, the codes with (multi-line); 211 answers GROUP too,
		// which has none.
		texts:    []int{100, 101, 215, 220, 221, 222, 224, 225, 230, 231, 282},
		textVerb: "LISTGROUP", textRule: "RFC 3977 3.1.1",
		holds: []string{"POST", "IHAVE", "AUTHINFO SASL"}, asks: []int{340, 335},
		answer: 383, answerVerb: "AUTHINFO", answerRule: "RFC 4643 2.4",
		dotRule: "RFC 3977 3.1.1", contentEnd: "RFC 3977 3.1.1",
	},
}

// anyDialect is that of a protocol without a row: what those above have and does
// not mislead elsewhere, without a section to cite.
var anyDialect = &dialect{
	tlsVerb: "STARTTLS", tlsCode: 382,
	preliminary: true, greetings: []int{120, 220, 421, 554},
	holds: []string{"DATA", "AUTH", "POST", "IHAVE"}, asks: []int{354, 340, 335}, counted: "BDAT",
}

// dialectOf returns the row of a name.
func dialectOf(name string) *dialect {
	if d := dialects[name]; d != nil {
		return d
	}
	return anyDialect
}

// asksTLS reports whether a command asks for TLS, and names it. Args are in upper
// case.
func (d *dialect) asksTLS(verb, args string) (name string, ok bool) {
	switch {
	case verb != d.tlsVerb:
		return "", false
	case d.tlsArgs == nil:
		return verb, true
	}
	return verb + " " + args, slices.Contains(d.tlsArgs, args)
}

// isHeld reports whether it hangs on the reply to a command how the client's next
// octets read. Args are in upper case.
func (d *dialect) isHeld(verb, args string) bool {
	return slices.ContainsFunc(d.holds, func(h string) bool {
		v, word, _ := strings.Cut(h, " ")
		return verb == v && (word == "" || args == word || strings.HasPrefix(args, word+" "))
	})
}
