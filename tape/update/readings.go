package update

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/content"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/websocket"
)

// readingMark begins a line that tells what bytes on the next lines say.
const readingMark = "#|"

// StripReadings returns a tape without the readings that Readings has written.
func StripReadings(b []byte) []byte {
	if !bytes.Contains(b, []byte("\n"+readingMark)) {
		return b
	}
	// What looks like one within a raw block is none.
	generated := make(map[int]bool)
	for rec, err := range tape.NewReader(bytes.NewReader(b), "").Records() {
		if err != nil {
			return b
		}
		if rec.Kind == tape.Comment && strings.HasPrefix(rec.Value, "|") {
			generated[rec.Line] = true
		}
	}
	var out []byte
	n := 0
	for line := range bytes.Lines(b) {
		if n++; !generated[n] {
			out = append(out, line...)
		}
	}
	return out
}

// Readings returns a tape with lines "#| …" before bytes that do not say by
// themselves what they mean: messages over HTTP/2, bodies in a content coding, and
// messages of WebSocket that are masked or compressed. Readers ignore them. The
// tape has none yet.
func Readings(b []byte, name string) ([]byte, error) {
	rd := readings{at: make(map[int][]byte), sides: make(map[key]*placed)}
	var rules match.Rules
	var events []wire.Event
	for rec, err := range tape.NewReader(bytes.NewReader(b), name).Records() {
		if err != nil {
			return nil, err
		}
		switch rec.Kind {
		case tape.Rule:
			rules.Add(rec)
		case tape.Data:
			s := rd.side(rec.Event.Conn, rec.Event.Dir)
			s.size += int64(len(rec.Event.Data))
			s.ends, s.lines = append(s.ends, s.size), append(s.lines, rec.Line)
			rec.Event.Data = bytes.Clone(rec.Event.Data)
			events = append(events, rec.Event)
		case tape.Socket:
			if !rec.Continues {
				events = append(events, rec.Event)
			}
		}
	}
	d := detect.New(detect.Options{Proto: rules.Proto, Conns: rules.Protos})
	for _, e := range events {
		rd.take(d.Feed(e))
	}
	rd.take(d.Close())
	if len(rd.at) == 0 {
		return b, nil
	}
	var out []byte
	n := 0
	for line := range bytes.Lines(b) {
		n++
		out = append(append(out, rd.at[n]...), line...)
	}
	return out, nil
}

// readings are lines to be written, by the line that they stand before.
type readings struct {
	at    map[int][]byte
	sides map[key]*placed
}

// A placed is where one direction of a connection stands.
type placed struct {
	size  int64
	ends  []int64 // of records, in octets
	lines []int   // of the tape, on which they stand
}

// lineOf returns the line of the tape that has an octet, 0 for none.
func (p *placed) lineOf(off int64) int {
	if i := sort.Search(len(p.ends), func(i int) bool { return p.ends[i] > off }); i < len(p.ends) {
		return p.lines[i]
	}
	return 0
}

func (rd *readings) side(conn int, dir wire.Dir) *placed {
	k := key{conn, dir}
	s := rd.sides[k]
	if s == nil {
		s = new(placed)
		rd.sides[k] = s
	}
	return s
}

func (rd *readings) take(ms []proto.Message) {
	for i := range ms {
		m := &ms[i]
		at, rows := m.Span.From, []string(nil)
		switch v := m.Value.(type) {
		case *http1.Request:
			rows, at = overHTTP(m, v.Fields, fmt.Sprintf("stream %d: %s %s://%s%s", m.Stream, v.Method, v.Scheme, v.Authority, v.Target), at)
		case *http1.Response:
			rows, at = overHTTP(m, v.Fields, fmt.Sprintf("stream %d: %d", m.Stream, v.Status), at)
		case *websocket.Frame:
			if m.Dir == wire.ClientToServer && v.Opcode == websocket.Text {
				rows = bodyRows(m.Body.Data, m.Body.Size)
			}
		case *websocket.Message:
			if v.Compressed {
				rows = bodyRows(m.Body.Data, m.Body.Size)
			}
		}
		if line := rd.side(m.Conn, m.Dir).lineOf(at); line > 0 {
			for _, r := range rows {
				rd.at[line] = append(append(append(rd.at[line], readingMark+" "...), r...), '\n')
			}
		}
	}
}

// overHTTP returns what is read of a message of HTTP, and the octet that it stands
// before: over HTTP/2 all of it, else the body if it is coded.
func overHTTP(m *proto.Message, fields http1.Fields, first string, at int64) ([]string, int64) {
	b := content.Read(fields, m.Body.Data, !m.Body.Cut, content.Limits{Size: maxReading})
	if !m.Derived {
		if !b.Decoded() {
			return nil, at
		}
		return bodyRows(b.Text.Data, int64(len(b.Data))), at + int64(len(m.Head))
	}
	rows := []string{row(first)}
	for _, f := range fields.List() {
		rows = append(rows, row(string(f.Name)+": "+string(f.Value)))
	}
	if len(m.Body.Data) > 0 {
		rows = append(rows, bodyRows(b.Text.Data, int64(len(b.Data)))...)
	}
	return rows, at
}

const (
	maxReading = 64 << 10 // octets of a body that are decoded
	maxRows    = 20       // rows of a body
	maxRow     = 160      // octets of a row
)

// bodyRows returns the first rows of a body of size octets, which is text or not.
func bodyRows(b []byte, size int64) (rows []string) {
	if len(b) == 0 || !utf8.Valid(b[:min(len(b), maxReading)]) && len(b) < maxReading {
		return []string{fmt.Sprintf("%d octets", size)}
	}
	for line := range bytes.Lines(b) {
		if len(rows) == maxRows {
			return append(rows, fmt.Sprintf("… of %d octets", size))
		}
		rows = append(rows, row(string(bytes.TrimRight(line, "\r\n"))))
	}
	return rows
}

// row returns s in one line, without control characters.
func row(s string) string {
	cut := ""
	if len(s) > maxRow {
		s, cut = strings.ToValidUTF8(s[:maxRow], ""), "…"
	}
	q := strconv.Quote(s)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(q[1:len(q)-1]) + cut
}
