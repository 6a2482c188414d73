package session

import (
	"fmt"
	"strconv"
	"strings"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// maxDraft bounds what is composed before it is sent, octets.
const maxDraft = 64 << 20 // 64 MiB

// A draft is a request being composed, line by line: a head up to its blank
// line, then the body that the head announces. It is sent as one write.
type draft struct {
	lines []string // as typed
	buf   []byte   // the same with their line ends: what will be sent
	body  int      // where in buf the body starts; 0 while the head is composed

	want    int64 // octets of body by Content-Length
	chunked bool
	chunk   chunkPart
	left    int64 // octets left of the chunk
}

// A chunkPart says what line of a chunked body is due (RFC 9112, section 7.1).
type chunkPart uint8

const (
	chunkSize chunkPart = iota
	chunkData
	chunkTrailer
	chunkLoose // it does not read as chunks: a blank line ends it
)

// A draftStep says how a draft stands after a line.
type draftStep uint8

const (
	draftMore draftStep = iota // keeps composing
	draftDone                  // complete
	draftOdd                   // the body's length is not what the head says
	draftFull                  // maxDraft is reached
)

func (d *draft) empty() bool { return len(d.lines) == 0 }

// text returns the lines as they were typed, for editing them again.
func (d *draft) text() string { return strings.Join(d.lines, "\n") }

// inBody reports whether free text is due: there no word is a command.
func (d *draft) inBody() bool { return d.body > 0 }

// add takes the next line.
func (d *draft) add(line string, end string) draftStep {
	if len(d.buf)+len(line)+len(end) > maxDraft {
		return draftFull
	}
	d.lines = append(d.lines, line)
	if d.body == 0 {
		d.put(line, end)
		if line != "" {
			return draftMore
		}
		return d.endHead()
	}
	if d.chunked {
		d.put(line, end)
		return d.addChunked(line, end)
	}
	left := d.bodyLeft()
	switch n := int64(len(line)); {
	case n > left:
		d.put(line)
		return draftOdd
	case n == left:
		d.put(line)
		return draftDone
	case n+int64(len(end)) > left:
		// The line end does not fit in, so it is not part of the body.
		d.put(line)
		return draftOdd
	}
	d.put(line, end)
	if d.bodyLeft() == 0 {
		return draftDone
	}
	return draftMore
}

func (d *draft) put(parts ...string) {
	for _, p := range parts {
		d.buf = append(d.buf, p...)
	}
}

func (d *draft) bodySize() int64 { return int64(len(d.buf) - d.body) }
func (d *draft) bodyLeft() int64 { return d.want - d.bodySize() }

// endHead reads the framing that the head announces, as HTTP/1 reads it. The
// first line does not matter: over HTTP/2 it may be of another form. A field that
// cannot be read announces nothing: what is typed is sent.
func (d *draft) endHead() draftStep {
	head := "POST / HTTP/1.1\r\n" + strings.Join(d.lines[1:], "\r\n") + "\r\n"
	p := http1.New(proto.Limits{Line: maxDraft, Head: 2 * maxDraft})
	p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte(head)})
	m := p.State().Partial[0]
	if m == nil {
		return draftDone
	}
	switch r, ok := m.Value.(*http1.Request); {
	case ok && r.Framing == http1.FramingChunked:
		d.chunked = true
	case ok && r.Framing == http1.FramingContentLength:
		d.want = r.Length
	default:
		return draftDone
	}
	d.body = len(d.buf)
	return draftMore
}

func (d *draft) addChunked(line, end string) draftStep {
	switch d.chunk {
	case chunkSize:
		digits, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 62)
		switch {
		case err != nil:
			d.chunk = chunkLoose
		case n == 0:
			d.chunk = chunkTrailer
		default:
			d.chunk, d.left = chunkData, int64(n)
		}
	case chunkData:
		d.left -= int64(len(line))
		if d.left == 0 {
			d.chunk = chunkSize // this line's end closes the chunk
			break
		}
		if d.left -= int64(len(end)); d.left < 0 {
			d.chunk = chunkLoose
		}
	case chunkTrailer, chunkLoose:
		if line == "" {
			return draftDone
		}
	}
	return draftMore
}

// due names what is composed now, for the prompt; "" in the head.
func (d *draft) due() string {
	switch {
	case d.body == 0:
		return ""
	case !d.chunked:
		return fmt.Sprintf("body %d left", d.bodyLeft())
	case d.chunk == chunkSize:
		return "chunk size"
	case d.chunk == chunkData:
		return fmt.Sprintf("chunk %d left", d.left)
	case d.chunk == chunkTrailer:
		return "trailer"
	}
	return "body, blank line ends"
}

// odd says what is unfinished or wrong about sending the draft as it is.
func (d *draft) odd() string {
	switch {
	case d.body == 0:
		return "the head has no blank line yet"
	case d.chunked:
		return "the body has no last chunk yet"
	}
	return fmt.Sprintf("body is %d, Content-Length says %d", d.bodySize(), d.want)
}
