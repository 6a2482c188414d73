package match

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"regexp"
	"strings"
	"sync"

	"wiretape/tape"
)

// Vars are the values of one conversation that its tape does not fix: what its
// spans captured, and secrets that were seen. The zero value is ready; its methods
// may be called from any goroutine.
type Vars struct {
	mu sync.Mutex
	// guarded by mu; the values are not modified:
	captured map[string][]byte
	secrets  map[string][]byte
}

// capture returns what was captured as id.
func (v *Vars) capture(id string) ([]byte, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	b, ok := v.captured[id]
	return b, ok
}

// Secret returns what the peer sent where the tape has the secret id, decoded.
func (v *Vars) Secret(id string) ([]byte, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	b, ok := v.secrets[id]
	return b, ok
}

func (v *Vars) set(m *map[string][]byte, id string, b []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if *m == nil {
		*m = make(map[string][]byte)
	}
	(*m)[id] = b
}

// Clone returns a copy that learns on its own.
func (v *Vars) Clone() *Vars {
	v.mu.Lock()
	defer v.mu.Unlock()
	return &Vars{captured: maps.Clone(v.captured), secrets: maps.Clone(v.secrets)}
}

// Sent remembers what we sent at a span.
func (v *Vars) Sent(s tape.Span, value []byte) { v.learn(s, value) }

// minHidden is the least length of a secret that is looked for in what is shown.
const minHidden = 4

// hide returns s with the secrets that are known left out of it.
func (v *Vars) hide(s string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, secret := range v.secrets {
		if len(secret) < minHidden {
			continue
		}
		for _, enc := range []string{"", "pct", "json", "hex", "b64"} {
			s = strings.ReplaceAll(s, string(EncodeSecret(enc, secret)), "{secret "+id+"}")
		}
	}
	return s
}

// learn remembers the value at a span.
func (v *Vars) learn(s tape.Span, value []byte) {
	switch s.Kind {
	case tape.SpanSecret:
		if b, ok := decodeSecret(s.Enc, value); ok {
			v.set(&v.secrets, s.ID, b)
		}
	case tape.SpanRef, tape.SpanWSAccept, tape.SpanEncB64:
	default:
		if s.ID != "" {
			v.set(&v.captured, s.ID, bytes.Clone(value))
		}
	}
}

// Computed returns the value of a span that refers to a captured one; false
// where that was not captured.
func (v *Vars) Computed(s tape.Span) ([]byte, bool) {
	b, ok := v.capture(s.ID)
	if !ok {
		return nil, false
	}
	switch s.Kind {
	case tape.SpanWSAccept:
		b = []byte(WebSocketAccept(string(b)))
	case tape.SpanEncB64:
		b = base64.StdEncoding.AppendEncode(nil, b)
	}
	return b, true
}

// WebSocketAccept returns what a server proves with that it has read a key (RFC
// 6455, section 4.2.2, item 5.4).
func WebSocketAccept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// matches reports whether value may stand at a span.
func (v *Vars) matches(s tape.Span, value []byte) bool {
	switch s.Kind {
	case tape.SpanSecret, tape.SpanAny:
		return true
	case tape.SpanRef, tape.SpanWSAccept, tape.SpanEncB64:
		want, ok := v.Computed(s)
		// What was not captured here, such as on another connection, is free.
		return !ok || bytes.Equal(want, value)
	case tape.SpanPattern:
		re := compiled(s.Pattern)
		return re != nil && re.Match(value)
	}
	return s.Kind.Fits(value)
}

// patterns holds compiled expressions of spans; tapes have few.
var patterns sync.Map

// compiled returns the anchored expression, nil where it does not compile.
func compiled(pattern string) *regexp.Regexp {
	if re, ok := patterns.Load(pattern); ok {
		return re.(*regexp.Regexp)
	}
	re, err := regexp.Compile(`^(?s:` + pattern + `)$`)
	if err != nil {
		re = nil
	}
	patterns.Store(strings.Clone(pattern), re)
	return re
}
