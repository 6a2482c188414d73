package console

// searchKey narrows or ends an incremental search of the history.
func (e *editor) searchKey(r rune) action {
	from := e.found
	if from < 0 {
		from = len(e.history.entries)
	}
	switch {
	case r == ctrlR:
		e.match(e.history.search(e.query, from))
		return swallow
	case r == ctrlS:
		e.match(e.history.searchForward(e.query, from))
		return swallow
	case r == backspace || r == ctrlH:
		if q := []rune(e.query); len(q) > 0 {
			e.query = string(q[:len(q)-1])
		}
		e.found = -1
		e.match(e.history.search(e.query, len(e.history.entries)))
		return swallow
	case r == ctrlC || r == ctrlG:
		e.mode = typing
		return swallow
	case r >= 0x20 && (!isOurs(r) || isRaw(r)):
		e.query += string(r)
		e.match(e.history.search(e.query, min(from+1, len(e.history.entries))))
		return swallow
	}
	// Any other key takes the match and does what it does.
	e.mode = typing
	if e.found < 0 {
		return e.dispatch(r)
	}
	e.recall = e.found
	text := []rune(e.history.entries[e.found])
	e.now = draft{text, len(text)}
	a := e.dispatch(r)
	a.set = text
	return a
}

func (e *editor) match(i int) {
	if e.query == "" {
		i = -1
	}
	if e.failed = i < 0 && e.query != ""; !e.failed {
		e.found = i
	}
}
