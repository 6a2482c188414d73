//go:build !linux

package wire

const abstract = false
