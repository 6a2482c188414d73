package view

import (
	"bytes"
	"os"
	"strings"

	"github.com/fatih/color"
	"golang.org/x/term"
)

// ColorWanted reports whether what is written to f shall have colours. Mode is
// that of the --color option: "always", "never", anything else is "auto", which
// asks for a terminal that is not dumb and an environment without NO_COLOR.
// Lookup reads the environment, as os.Getenv does.
func ColorWanted(mode string, f *os.File, lookup func(string) string) bool {
	switch mode {
	case "always":
		return true
	case "never":
		return false
	}
	return lookup("NO_COLOR") == "" && lookup("TERM") != "dumb" && f != nil && term.IsTerminal(int(f.Fd()))
}

// A paint is an SGR sequence and its end, both "" without colours.
type paint struct{ on, off string }

// A palette has the colours of a Printer. The hues are of the 256, of middle
// luminance, so that they read on light and on dark, and lie on the line from
// blue to orange, which the common kinds of colour blindness leave apart.
type palette struct {
	client, server, info, warn paint
	tokens                     [tokenComment + 1]paint
}

func newPalette(on bool) palette {
	return palette{
		client: newPaint(on, 38, 5, 244), // grey
		server: newPaint(on, 38, 5, 33),  // blue
		info:   newPaint(on, 38, 5, 244), // grey
		warn:   newPaint(on, 38, 5, 166), // orange
		tokens: [...]paint{
			tokenName:    newPaint(on, 38, 5, 33),  // blue
			tokenString:  newPaint(on, 38, 5, 136), // ochre
			tokenNumber:  newPaint(on, 38, 5, 166), // orange
			tokenSign:    newPaint(on, 38, 5, 244), // grey
			tokenComment: newPaint(on, 38, 5, 244), // grey
		},
	}
}

// token returns the colour of a token.
func (c *palette) token(k tokenKind) paint { return c.tokens[k] }

// newPaint asks the library for the sequences. A Color of our own with its own
// switch leaves the library's global one, which looks at stdout, out of it.
func newPaint(on bool, attrs ...color.Attribute) paint {
	c := color.New(attrs...)
	if on {
		c.EnableColor()
	} else {
		c.DisableColor()
	}
	var head, tail bytes.Buffer
	c.SetWriter(&head)
	c.UnsetWriter(&tail)
	return paint{head.String(), tail.String()}
}

// A mark is what a row starts with.
type mark uint8

const (
	markNone mark = iota // a row of a body
	markClient
	markServer
	markClientTLS
	markServerTLS
	markUnexpected
	markClientFrame
	markServerFrame
	markInfo
	markWarn
)

// marks has each mark's text, for screens and in ASCII.
var marks = [...]struct{ text, ascii string }{
	markClient:      {"> ", "> "},
	markServer:      {"< ", "< "},
	markClientTLS:   {"~> ", "~> "},
	markServerTLS:   {"<~ ", "<~ "},
	markUnexpected:  {"<! ", "<! "},
	markClientFrame: {"» ", ">> "},
	markServerFrame: {"« ", "<< "},
	markInfo:        {"* ", "* "},
	markWarn:        {"! ", "! "},
}

// paint returns the colour of rows with the mark.
func (c *palette) paint(m mark) paint {
	switch m {
	case markClient, markClientTLS, markClientFrame:
		return c.client
	case markServer, markServerTLS, markServerFrame:
		return c.server
	case markUnexpected, markWarn:
		return c.warn
	case markInfo:
		return c.info
	}
	return paint{}
}

// asciiSigns turns the signs that this package itself writes into ASCII.
var asciiSigns = strings.NewReplacer("…", "...", "»", ">>", "«", "<<", "–", "-", "█", "#", "▏", "|", "·", ".", "µ", "u")
