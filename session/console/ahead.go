package console

import (
	"bytes"
	"unicode/utf8"
)

// shownAhead bounds what is shown of what was typed ahead, octets of its end.
const shownAhead = 1 << 10 // 1 KiB

// listen shows what is typed while no line is read, and hears the escape key, until
// ReadLine is called again.
func (c *Console) listen() {
	if c.stopListening != nil || c.closed() {
		return
	}
	c.editor.mu.Lock()
	escape := c.editor.escape // it changes between two lines only
	c.editor.mu.Unlock()
	stop, err := c.tty.listen(func(ahead []byte) {
		if escape != 0 && bytes.ContainsRune(ahead, escape) {
			select {
			case c.escaped <- struct{}{}:
			default:
			}
		}
		var text []rune
		if hidden := c.editor.hidden; hidden == nil || !hidden() {
			text = typedAhead(ahead, escape)
		}
		c.screen.setAhead(text)
	})
	if err == nil { // where it cannot be, the keys wait in the system
		c.stopListening = stop
	}
}

func (c *Console) unlisten() {
	if c.stopListening != nil {
		c.stopListening()
		c.stopListening = nil
	}
	select {
	case <-c.escaped: // the key waits to be read
	default:
	}
}

// Escaped returns a channel that has a token when the escape key is pressed while no
// line is read, so that whoever waits may stop: the next ReadLine begins at the
// command prompt, with what was typed before that key as its draft.
func (c *Console) Escaped() <-chan struct{} { return c.escaped }

// Lend gives the terminal, as it was found, to f, such as a program that edits a
// file, and takes it back. It is for ReadLine's goroutine, between two lines.
func (c *Console) Lend(f func() error) error {
	c.unlisten()
	c.screen.leave()
	if err := c.tty.restore(); err != nil {
		return err
	}
	defer func() {
		if !c.closed() {
			c.tty.again()
			c.screen.back()
			c.listen()
		}
	}()
	return f()
}

// typedAhead returns what is to be seen of keys that nobody has read, up to one that
// leads elsewhere: the escape key. What edits more than the last character does so
// when a line is read.
func typedAhead(keys []byte, escape rune) []rune {
	keys = keys[max(0, len(keys)-shownAhead):]
	var text []rune
	for len(keys) > 0 {
		r, n := utf8.DecodeRune(keys)
		keys = keys[n:]
		switch {
		case r == escape && r != 0:
			return text
		case r == enter:
			text = append(text, softNewline)
		case r == backspace || r == ctrlH:
			text = text[:max(0, len(text)-1)]
		case r == softNewline, isRaw(r), r >= ' ' && !isOurs(r):
			text = append(text, r)
		}
	}
	return text
}
