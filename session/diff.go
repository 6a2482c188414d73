package session

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"wiretape/session/view"
	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/proto"
)

func diffCommand() command {
	return command{group: "Look", name: "diff", args: "[N] M", summary: "says what differs between two exchanges: fields, status, body",
		detail: "+ stands before what only M has, - before what only N has; N is the exchange before M unless given.\n" +
			"Dates, request ids and tokens are compared by their kind, bodies as text, JSON or octets.",
		example: ".diff 2 3", run: (*Session).diff}
}

// diff is .diff.
func (s *Session) diff(_ context.Context, args string) error {
	words := strings.Fields(args)
	if len(words) < 1 || len(words) > 2 {
		return usage("diff", args)
	}
	var of [2]int
	for i := range words {
		n, rest, err := s.number("diff", words[i:])
		if err != nil {
			return err
		}
		if len(rest) == len(words)-i {
			return usage("diff", args)
		}
		of[i] = n
	}
	if len(words) == 1 {
		if of[0] == 1 {
			return failure(StatusUsage, ".diff 1: no exchange stands before it")
		}
		of = [2]int{of[0] - 1, of[0]}
	}
	var said [2][2][]*match.Message // of each exchange, by side
	for i, n := range of {
		msgs, err := s.exchange("diff", n)
		if err != nil {
			return err
		}
		s.mu.Lock()
		for _, m := range comparable(msgs) {
			side := proto.Side(m.Dir)
			said[i][side] = append(said[i][side], match.Live(m, bytes.Clone(s.history.octets(&m))))
		}
		s.mu.Unlock()
	}
	var columns [2][]string
	var byKind []string
	for side := range columns {
		out := compare(said[0][side], said[1][side])
		for _, m := range out.Mismatches {
			columns[side] = append(columns[side], differenceRows(m)...)
		}
		for _, n := range out.ByKind {
			if !slices.Contains(byKind, n) {
				byKind = append(byKind, n)
			}
		}
	}
	s.differences(of, sideNames(said), columns)
	if len(byKind) > 0 {
		s.view.Info("compared by kind: " + view.EscapeString(strings.Join(byKind, ", ")))
	}
	return nil
}

// comparable returns the Messages of an exchange that say something: of HTTP/2 what
// its frames amount to.
func comparable(msgs []proto.Message) []proto.Message {
	derived := slices.ContainsFunc(msgs, func(m proto.Message) bool { return m.Derived })
	return slices.DeleteFunc(slices.Clone(msgs), func(m proto.Message) bool {
		return m.Kind == proto.KindGap || derived && !m.Derived
	})
}

// compare compares what one side said in two exchanges.
func compare(want, got []*match.Message) match.Outcome {
	var out match.Outcome
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			out.Mismatches = append(out.Mismatches, match.Mismatch{Kind: match.Missing, Want: match.Describe(want[i])})
		case i >= len(want):
			out.Mismatches = append(out.Mismatches, match.Mismatch{Kind: match.Extra, Got: match.Describe(got[i])})
		default:
			o := match.Compare(want[i], got[i], nil, nil)
			out.Mismatches = append(out.Mismatches, o.Mismatches...)
			out.ByKind = append(out.ByKind, o.ByKind...)
		}
	}
	return out
}

// sideNames are what the two sides said is called: request and response, command and
// reply.
func sideNames(said [2][2][]*match.Message) (names [2]string) {
	for side, dir := range []wire.Dir{wire.ClientToServer, wire.ServerToClient} {
		names[side] = dir.String()
		for _, of := range said {
			if len(of[side]) > 0 {
				names[side] = string(of[side][0].Kind)
			}
		}
	}
	return names
}

// differenceRows returns a mismatch as rows, without the side that its path begins
// with.
func differenceRows(m match.Mismatch) []string {
	what := m.Path
	if side, rest, ok := strings.Cut(what, " "); ok && slices.Contains([]string{"request", "response", "command", "reply"}, side) {
		what = rest
	}
	row := ""
	switch m.Kind {
	case match.Missing:
		row = "- " + joined(what, m.Want)
	case match.Extra:
		row = "+ " + joined(what, m.Got)
	default:
		row = strings.TrimSpace(what+" "+m.Want) + " -> " + m.Got
	}
	rows := []string{row}
	if m.Detail != "" {
		for line := range strings.Lines(m.Detail) {
			rows = append(rows, "  "+strings.TrimRight(line, "\n"))
		}
	}
	return rows
}

// joined is a field's name with its value.
func joined(name, value string) string {
	if name == "" {
		return value
	}
	return name + ": " + value
}

// diffColumn is where what the server said begins, in a row of what both said.
const diffColumn = 46

// differences writes what differs, the sides beside each other where they fit.
func (s *Session) differences(of [2]int, names [2]string, columns [2][]string) {
	for i := range columns {
		for j := range columns[i] {
			label := ""
			if j == 0 {
				label = names[i]
			}
			columns[i][j] = fmt.Sprintf("%-*s%s", len(names[i])+2, label, view.EscapeString(columns[i][j]))
		}
	}
	if len(columns[0])+len(columns[1]) == 0 {
		s.view.Info(fmt.Sprintf("#%d and #%d do not differ", of[0], of[1]))
		return
	}
	narrow := !slices.ContainsFunc(columns[0], func(row string) bool { return len(row) > diffColumn-2 })
	var b strings.Builder
	if narrow && len(columns[0]) > 0 && len(columns[1]) > 0 {
		for i := range max(len(columns[0]), len(columns[1])) {
			var cells [2]string
			for side := range cells {
				if i < len(columns[side]) {
					cells[side] = columns[side][i]
				}
			}
			fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("%-*s%s", diffColumn, cells[0], cells[1]), " "))
		}
	} else {
		for _, row := range slices.Concat(columns[0], columns[1]) {
			fmt.Fprintln(&b, row)
		}
	}
	fmt.Fprint(s.opts.Out, b.String())
}
