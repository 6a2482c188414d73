package session

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wiretape/session/expr"
	"wiretape/session/view"
	"wiretape/wire/proto"
)

// expectDetail says what the words of expectations have in common.
const expectDetail = "EXPR is over the JSON of the reply, as wiretape show --json gives it, where body reads as\n" +
	"body_text and request.… leads to the request: status, code, lines, header.NAME, cookie.NAME.http_only,\n" +
	"body_text, body_size, at. == != < <= > >= =~ !~ compare, && || ! ( ) join; 250ms, 5s and 10kB are\n" +
	"numbers. let.NAME is what .let keeps. What is not there is null. Where it does not hold a script ends with status 1."

func expectCommands() []command {
	return []command{
		{group: "Wait", name: "expect", args: "EXPR [TIME]", summary: "waits for the reply, and checks it",
			detail:  "With a TIME such as 5s it waits that long for a reply, or a message, of which EXPR holds.\n" + expectDetail,
			example: `.expect status == 200 && header.content-type =~ "json"`, on: (*dialogue).expect, complete: expectNames},
		{group: "Wait", name: "assert", args: "EXPR", summary: "checks what came so far, without waiting",
			detail: expectDetail, example: ".assert cookie.sid.secure && cookie.sid.http_only",
			run: func(s *Session, _ context.Context, args string) error {
				e, err := parseExpr("assert", args)
				if err != nil {
					return err
				}
				_, err = s.current.check("assert", e)
				return err
			}, complete: expectNames},
		letCommand(),
	}
}

// expectNames are those that most replies have.
var expectNames = []string{"status ", "code ", "lines ", "body ", "body_size ", "header.", "cookie.", "complete", "request.", "value "}

// parseExpr reads the expression of a word. It may stand in quotes, as a shell
// wants it.
func parseExpr(word, text string) (*expr.Expr, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, usage(word, text)
	}
	e, err := expr.Parse(text)
	if last := len(text) - 1; err != nil && last > 0 && (text[0] == '\'' || text[0] == '"') && text[last] == text[0] {
		if inner, ierr := expr.Parse(text[1:last]); ierr == nil {
			return inner, nil
		}
	}
	if err != nil {
		return nil, failure(StatusUsage, ".%s %s: %w%s", word, text, err, meantEqual(word, text))
	}
	return e, nil
}

// meantEqual asks whether == was meant, of a name with a value behind it; "" of all
// else.
func meantEqual(word, text string) string {
	name, value, _ := strings.Cut(text, " ")
	if value = strings.TrimSpace(value); value == "" {
		return ""
	}
	meant := name + " == " + value
	if _, err := strconv.ParseFloat(value, 64); err != nil && value[0] != '"' {
		meant = name + " == " + strconv.Quote(value)
	}
	if _, err := expr.Parse(name); err != nil || strings.ContainsAny(value, "=<>~&|!()") {
		return ""
	}
	if _, err := expr.Parse(meant); err != nil {
		return ""
	}
	return "; did you mean ." + word + " " + meant + "?"
}

// expect is .expect.
func (d *dialogue) expect(ctx context.Context, args string) error {
	args = strings.TrimSpace(args)
	var limit time.Duration
	e, err := parseExpr("expect", args)
	if i := strings.LastIndexByte(args, ' '); err != nil && i > 0 {
		// "x >= 5s" has no time behind it, "x >= 5 5s" has.
		if t, derr := time.ParseDuration(args[i+1:]); derr == nil && t > 0 {
			if timed, terr := parseExpr("expect", args[:i]); terr == nil {
				e, err, limit = timed, nil, t
			}
		}
	}
	if err != nil {
		return err
	}
	d.s.mu.Lock()
	framed := d.s.stream.State(d.peer.conn).Framed
	d.s.mu.Unlock()
	switch {
	case d.link == nil:
	case framed && limit == 0:
		if err := d.awaitReply(ctx); err != nil {
			return err
		}
	case limit == 0:
		limit = d.s.timeout // nothing else tells when there is no more to come
	}
	d.owed = false
	for deadline := time.Now().Add(limit); ; {
		d.s.mu.Lock()
		messages, octets := d.s.history.taken, d.peer.gotN
		d.s.mu.Unlock()
		r := d.evaluate(e)
		left := time.Until(deadline)
		if r.OK || d.link == nil || left <= 0 {
			break
		}
		end := d.wait(ctx, waiting{limit: left, notice: d.s.opts.Interactive, met: func() bool {
			return d.s.history.taken != messages || !framed && d.peer.gotN != octets
		}})
		if end == waitInterrupted {
			return d.stopped(ctx)
		}
		if end != waitMet {
			break
		}
	}
	_, err = d.check("expect", e)
	return err
}

// check says whether an expression holds of the last exchange. Where it does not,
// that is its error.
func (d *dialogue) check(word string, e *expr.Expr) (ok bool, err error) {
	r := d.evaluate(e)
	d.s.mu.Lock()
	what := "what came"
	if n := d.s.last(); n > 0 {
		what = fmt.Sprintf("#%d", n)
	}
	d.s.mu.Unlock()
	if !r.OK {
		return false, failure(StatusDiffers, ".%s: %s: %v", word, what, r)
	}
	if len(r.Missing) > 0 {
		d.s.view.Warn("not there, so that what is compared with it is false: " + strings.Join(r.Missing, ", "))
	}
	d.s.view.Info(fmt.Sprintf("%s is as expected: %v", what, e))
	return true, nil
}

// evaluate evaluates an expression over the last exchange.
func (d *dialogue) evaluate(e *expr.Expr) expr.Result {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return e.Eval(d.lastExchange())
}

// lastExchange returns the JSON of the last exchange: that of its last reply, or
// of as much of it as there is, with the request in it. s.mu is held.
func (d *dialogue) lastExchange() map[string]any {
	dir := d.peer.dir()
	side := proto.Side(dir)
	var reply, request map[string]any
	if m := d.s.stream.State(d.peer.conn).Partial[side]; m != nil {
		reply = d.s.jsonOf(m)
	}
	msgs := d.s.history.exchange(d.s.last())
	for i := len(msgs) - 1; i >= 0 && (reply == nil || request == nil); i-- {
		switch m := &msgs[i]; {
		case m.Dir == dir && reply == nil:
			reply = d.s.jsonOf(m)
		case m.Dir != dir && request == nil:
			request = d.s.jsonOf(m)
		}
	}
	if reply == nil {
		reply = map[string]any{}
	}
	lets := map[string]any{}
	for name, value := range d.s.lets {
		lets[name] = value
	}
	reply["let"] = lets
	reply["request"] = nil
	if request != nil {
		reply["request"] = request
	}
	return reply
}

// jsonOf returns a Message as its JSON says; nil where it has none. The body is
// what people call so: its text, where it is one.
func (s *Session) jsonOf(m *proto.Message) map[string]any {
	var o map[string]any
	if json.Unmarshal(view.JSON(nil, m, view.JSONOptions{Start: s.tap.Start(), Now: s.opts.Style.Now, Decoded: s.opts.Style.Decoded}), &o) != nil {
		return nil // a frame, of which what it amounts to tells
	}
	if text, ok := o["body_text"]; ok {
		o["body"] = text
	}
	return o
}
