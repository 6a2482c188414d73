//go:build !race

package wire

// scribble is on under the race detector alone.
const scribble = false
