package session

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"wiretape/session/curl"
)

// optionBehind finds arguments of .again that are options of curl's, behind the
// number of an exchange or none.
var optionBehind = regexp.MustCompile(`^(?:(#?\d+)\s+)?(-.*)$`)

// parseAmendment reads the options behind .again. It is nil where there are none.
func parseAmendment(args string) (exchange string, r *curl.Request, err error) {
	m := optionBehind.FindStringSubmatch(args)
	if m == nil {
		return args, nil, nil
	}
	words, err := curl.Split(m[2])
	if err == nil {
		r, err = curl.Parse(words, readFile)
	}
	switch {
	case err != nil:
		return "", nil, failure(StatusUsage, ".again %s: %w", args, err)
	case r.URL != "":
		return "", nil, failure(StatusUsage, ".again %s: %q: want options such as -H 'N: V' there", args, r.URL)
	}
	return m[1], r, nil
}

// resendAs sends a request once more, as the options say, with the credentials of
// .auth where these go to this place.
func (d *dialogue) resendAs(ctx context.Context, b []byte, r *curl.Request) error {
	h, ok := parseHead(b)
	if !ok {
		return failure(StatusUsage, ".again: what was sent has no request line, so that no option changes it")
	}
	h.amend(r)
	d.s.tellNotes(r)
	if d.drained() {
		d.s.view.Info(fmt.Sprintf("connecting to %s again", d.target.Address()))
		if err := d.reconnect(ctx); err != nil {
			return err
		}
	}
	return d.sendAuthorized(ctx, h.method(), h.target(), r.Has("Authorization"), func(authorization string) []byte {
		if authorization != "" {
			h.set("Authorization", authorization)
		}
		return h.octets()
	}, "")
}

// A head is a request of HTTP/1 as it was typed: its lines with their ends, and
// what follows them. Lines that nothing changes go as they were.
type head struct {
	lines [][]byte // the request line and the fields
	rest  []byte   // from the empty line on
	body  int      // where in rest the body begins
}

// parseHead cuts a request at its empty line; false for what has no request line of
// two words and, behind it, no field line but such as have a colon.
func parseHead(b []byte) (*head, bool) {
	h := new(head)
	for len(b) > 0 {
		_, rest, _ := bytes.Cut(b, []byte("\n"))
		line := b[:len(b)-len(rest)]
		if s := string(line); s == "\n" || s == "\r\n" {
			h.rest, h.body = b, len(line)
			break
		} else if s == "\r" { // half an empty line: with its end it would close the head
			h.rest = b
			break
		}
		h.lines, b = append(h.lines, line), rest
	}
	return h, len(h.lines) > 0 && len(bytes.Fields(h.lines[0])) > 1
}

// method and target return the words of the request line.
func (h *head) method() string { return string(bytes.Fields(h.lines[0])[0]) }
func (h *head) target() string { return string(bytes.Fields(h.lines[0])[1]) }

// octets returns the request as it stands now.
func (h *head) octets() []byte {
	return slices.Concat(slices.Concat(h.lines...), h.rest)
}

// fieldName returns the name of a field line in lower case, "" for a line that
// continues one.
func fieldName(line []byte) string {
	if line[0] == ' ' || line[0] == '\t' {
		return ""
	}
	name, _, _ := strings.Cut(string(line), ":")
	return folded(name)
}

// folded returns a name as names are compared, whatever stands between it and its
// colon.
func folded(name string) string { return strings.ToLower(strings.TrimRight(name, " \t\r\n")) }

// end returns how lines end there.
func (h *head) end() string {
	if bytes.HasSuffix(h.lines[0], []byte("\r\n")) || !bytes.HasSuffix(h.lines[0], []byte("\n")) {
		return "\r\n"
	}
	return "\n"
}

// remove takes the fields of a name out, with the lines that continue them, and
// returns where the first of them stood, or else where the fields end.
func (h *head) remove(name string) (at int) {
	at = -1
	kept := h.lines[:1:1]
	gone := false
	for _, l := range h.lines[1:] {
		if n := fieldName(l); n != "" {
			gone = n == folded(name)
		}
		if !gone {
			kept = append(kept, l)
		} else if at < 0 {
			at = len(kept)
		}
	}
	h.lines = kept
	if at < 0 {
		at = len(kept)
	}
	return at
}

// set gives a field its value: in place of the first of that name, or behind all.
func (h *head) set(name, value string) { h.insert(h.remove(name), name, value) }

// terminate ends a line that has no end.
func (h *head) terminate(i int) {
	if !bytes.HasSuffix(h.lines[i], []byte("\n")) {
		h.lines[i] = slices.Concat(h.lines[i], []byte(h.end()))
	}
}

// insert puts a field in place of the line at, behind one that ends.
func (h *head) insert(at int, name, value string) {
	h.terminate(at - 1)
	h.lines = slices.Insert(h.lines, at, []byte(name+": "+value+h.end()))
}

func (h *head) has(name string) bool {
	return slices.ContainsFunc(h.lines[1:], func(l []byte) bool { return fieldName(l) == folded(name) })
}

// amend changes what the options of a command line say: the method, fields, and the
// body with its length. A body brings no type along: the request has its own.
func (h *head) amend(r *curl.Request) {
	if r.Method != "" && (r.Body == nil || r.Method != "POST" || h.method() == "GET" || h.method() == "HEAD") {
		_, rest, _ := bytes.Cut(h.lines[0], []byte(h.method()))
		h.lines[0] = append([]byte(r.Method), rest...)
	}
	for _, name := range r.Without {
		h.remove(name)
	}
	given := map[string]int{}
	for _, f := range r.Fields {
		name := folded(f[0])
		if given[name]++; given[name] == 1 {
			h.set(f[0], f[1])
			continue
		}
		h.insert(len(h.lines), f[0], f[1]) // twice, as asked
	}
	for _, f := range r.Usual {
		if !h.has(f[0]) && f[1] != curl.FormType {
			h.set(f[0], f[1])
		}
	}
	if r.Body == nil {
		return
	}
	if !r.Has("Transfer-Encoding") {
		h.remove("Transfer-Encoding")
	}
	if !r.Has("Content-Length") {
		h.set("Content-Length", strconv.Itoa(len(r.Body)))
	}
	if h.body == 0 {
		h.terminate(len(h.lines) - 1)
		h.rest, h.body = []byte(h.end()), len(h.end())
	}
	h.rest = append(h.rest[:h.body:h.body], r.Body...)
}
