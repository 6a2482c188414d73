// Package keylog takes TLS off a connection that somebody else recorded, by the
// secrets that one of its ends has logged. It serves whoever imports a capture.
//
// [Keys] holds what a key log file says (RFC 9850), which browsers, curl and
// OpenSSL write where SSLKEYLOGFILE is set. An [Opener] stands between the events
// of a capture and who takes them: handshakes become [wire.KindSecure], records the
// bytes within them. Read are TLS 1.0 to 1.3 with AES-GCM, ChaCha20-Poly1305, and
// AES and 3DES in CBC mode; what was opened was authenticated by its suite. A
// connection that cannot be read stays as it is, and the notes say why.
package keylog

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// maxSecrets bounds the connections of which secrets are held: some 300 MiB.
const maxSecrets = 1 << 20

// A label is the first word of a line.
type label uint8

// The labels that are read: RFC 9850, section 2.
const (
	masterSecret label = iota // up to TLS 1.2
	clientEarly
	clientHandshake
	serverHandshake
	clientTraffic
	serverTraffic
	labels
)

var labelNames = [labels]string{
	"CLIENT_RANDOM", "CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
	"SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0",
}

// secrets are those of one handshake, nil where the log has none.
type secrets [labels][]byte

// Keys are the secrets of key logs, by the random value of the ClientHello. The
// zero Keys has none, and is ready to be added to.
type Keys struct {
	by map[[32]byte]*secrets
}

// Len returns the number of handshakes of which there are secrets.
func (k *Keys) Len() int { return len(k.by) }

// ErrTooMany says that a key log has the secrets of more than 1,048,576 handshakes.
var ErrTooMany = errors.New("the key log has the secrets of more than 1048576 handshakes")

// maxLine bounds a line: a label, a random value, a secret.
const maxLine = 1 << 10

// Add adds the lines of a key log; those of labels that no record needs are passed
// over. An error names the line that is none; the lines
// before it were added. No error holds a secret.
func (k *Keys) Add(r io.Reader) error {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, maxLine), maxLine)
	n := 1
	for ; in.Scan(); n++ {
		line := bytes.TrimSpace(in.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if err := k.line(line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than %d octets", n, maxLine)
	} else if err != nil {
		return err
	}
	return nil
}

func (k *Keys) line(line []byte) error {
	words := bytes.Fields(line)
	if len(words) != 3 {
		return fmt.Errorf("%d words, want a label, a random value and a secret", len(words))
	}
	l := label(0)
	for l < labels && string(words[0]) != labelNames[l] {
		l++
	}
	if l == labels {
		if !isLabel(words[0]) {
			return errors.New("no label at its start")
		}
		return nil
	}
	random, err := hex.DecodeString(string(words[1]))
	if err != nil || len(random) != 32 {
		return errors.New("the random value is not 64 hexadecimal digits")
	}
	secret, err := hex.DecodeString(string(words[2]))
	if err != nil || len(secret) == 0 || l == masterSecret && len(secret) != 48 {
		return fmt.Errorf("the secret of %s is not one in hexadecimal", labelNames[l])
	}
	of := k.by[[32]byte(random)]
	if of == nil {
		if len(k.by) >= maxSecrets {
			return ErrTooMany
		}
		if k.by == nil {
			k.by = map[[32]byte]*secrets{}
		}
		of = &secrets{}
		k.by[[32]byte(random)] = of
	}
	of[l] = secret
	return nil
}

// isLabel reports whether b is a label of RFC 9850, or of before it.
func isLabel(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
