package content

import (
	"bytes"
	"errors"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// undoBrotli undoes br (RFC 7932).
func undoBrotli(o *output, in []byte) {
	r := bytes.NewReader(in)
	err := o.read(brotli.NewReader(r))
	switch {
	case err == nil || o.full:
	case err.Error() == "brotli: excessive input": // the library gives it no name
		o.note("octets behind the br data: left out")
	default:
		o.stopped("br", err)
	}
}

// maxZstdWindow is how far back zstd data may refer: 8 MiB, what RFC 9659 allows
// for content.
const maxZstdWindow = 8 << 20

// undoZstd undoes all frames of zstd (RFC 8878).
func undoZstd(o *output, in []byte) {
	// One at a time means that it decodes in Read, with no goroutine.
	d, err := zstd.NewReader(bytes.NewReader(in),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecodeBuffersBelow(0))
	if err != nil {
		o.stopped("zstd", err)
		return
	}
	defer d.Close()
	switch err := o.read(d); {
	case err == nil || o.full:
	case errors.Is(err, zstd.ErrMagicMismatch) && len(o.data) == 0:
		o.foreign = true
	case errors.Is(err, zstd.ErrMagicMismatch):
		o.note("octets behind the zstd data: left out")
	case errors.Is(err, zstd.ErrCRCMismatch):
		o.note("the checksum of zstd is wrong")
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		o.note("zstd needs a window of more than 8 MiB")
		o.damaged = true
	default:
		o.stopped("zstd", err)
	}
}
