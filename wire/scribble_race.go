//go:build race

package wire

// scribble makes Pump overwrite what it read after each call of the sink.
const scribble = true
