package session

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"wiretape/wire"
	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/pop3"
	"wiretape/wire/proto"
)

// capabilityCommands are the words for what a server says of itself.
func capabilityCommands() []command {
	return []command{
		{group: "Look", name: "caps", connected: true, summary: "lists what the server says that it can (EHLO, CAPA, CAPABILITY, FEAT)",
			example: ".caps", on: (*dialogue).capabilities},
	}
}

// capabilities is .caps.
func (d *dialogue) capabilities(_ context.Context, _ string) error {
	d.s.mu.Lock()
	msgs, conn := slices.Clone(d.s.history.msgs), d.peer.conn
	d.s.mu.Unlock()
	for i, m := range slices.Backward(msgs) {
		if m.Conn != conn || m.Dir != wire.ServerToClient {
			continue
		}
		if words, from := capabilitiesOf(&m, msgs[:i]); words != nil {
			d.s.view.Capabilities(from, words)
			return nil
		}
	}
	return failure(StatusUsage, ".caps: the server has not said yet what it can: EHLO, CAPA, CAPABILITY, CAPABILITIES or FEAT asks it")
}

// capabilitiesOf returns what m says that its server can, nil where it says no such
// thing, and where that stands. Before is what came before it.
func capabilitiesOf(m *proto.Message, before []proto.Message) (words []string, from string) {
	switch v := m.Value.(type) {
	case *imap.Response:
		text := ""
		if v.Name == "CAPABILITY" {
			text = string(v.Text)
		} else {
			text, _ = strings.CutPrefix(v.Code, "CAPABILITY ")
			if text == v.Code {
				return nil, ""
			}
		}
		return strings.Fields(text), "CAPABILITY" // RFC 9051, section 7.2.2
	case *pop3.Reply:
		if verb := verbOf(m, before); verb == "CAPA" && v.Status == pop3.OK {
			return textLines(m.Body.Data), verb // RFC 2449, section 5
		}
	case *line.Reply:
		switch verb := verbOf(m, before); {
		case (verb == "EHLO" || verb == "LHLO") && v.Code == 250 && len(v.Lines) > 0:
			return lineTexts(v.Lines[1:]), verb // RFC 5321, section 4.1.1.1
		case verb == "CAPABILITIES" && v.Code == 101:
			return textLines(m.Body.Data), verb // RFC 3977, section 5.2
		case verb == "FEAT" && v.Code == 211 && len(v.Lines) > 1:
			return lineTexts(v.Lines[1 : len(v.Lines)-1]), verb // RFC 2389, section 3.2
		}
	}
	return nil, ""
}

// verbOf returns the verb of the command that m answers, "" where it is not held.
func verbOf(m *proto.Message, before []proto.Message) string {
	for _, c := range slices.Backward(before) {
		if v, ok := c.Value.(*line.Command); ok && m.N > 0 && c.N == m.N {
			return v.Verb
		}
	}
	return ""
}

func lineTexts(lines [][]byte) []string {
	words := make([]string, len(lines))
	for i, l := range lines {
		words[i] = string(bytes.TrimSpace(l))
	}
	return words
}

func textLines(text []byte) []string {
	var words []string
	for l := range bytes.Lines(text) {
		words = append(words, string(bytes.TrimRight(l, "\r\n")))
	}
	return words
}
