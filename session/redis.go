package session

import (
	"fmt"

	"wiretape/wire/resp"
)

// redisCommand returns a typed line as a command in RESP, nil for an empty one.
func redisCommand(line string) ([]byte, error) {
	args, err := resp.Split(line)
	if err != nil || len(args) == 0 {
		return nil, err
	}
	return resp.AppendCommand(nil, args...), nil
}

// encoded is a typed line that goes out in the protocol's own form.
func (g *grammar) encoded(line string) step {
	b, err := g.encode(line)
	switch {
	case err != nil:
		return step{err: fmt.Sprintf("%v; .send sends any bytes", err), prefill: line}
	case b == nil:
		return step{}
	}
	st := g.send(b, false)
	if g.ask == askReconnect {
		g.draft.lines = []string{line} // to be edited as it was typed
	}
	return st
}

// redisMode says for the prompt what a connection to Redis is in the middle of,
// as redis-cli does: the database, a transaction, a subscription.
func redisMode(m resp.Mode) string {
	text := ""
	if m.DB != 0 {
		text = fmt.Sprintf("[%d]", m.DB)
	}
	switch {
	case m.Queued:
		text += "(TX)"
	case m.Monitor:
		text += "(monitor)"
	case m.Subscribed > 0:
		text += "(subscribed)"
	}
	return text
}
