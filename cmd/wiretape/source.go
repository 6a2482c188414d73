package main

import (
	"context"
	"io"
	"os"
)

// A fileSource is a regular file that is read until ctx is done.
type fileSource struct {
	*os.File
	ctx context.Context
}

func (f *fileSource) Read(p []byte) (int, error) {
	if err := context.Cause(f.ctx); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

// A streamSource is anything else, of which a read may wait for long: a pipe, a
// terminal. It stops when ctx is done, and leaves the read behind.
type streamSource struct {
	ctx  context.Context
	src  io.ReadCloser
	buf  []byte      // of the read that is under way
	got  chan result // what came of it
	rest result      // what nobody took yet
}

// A result is what a read returned.
type result struct {
	data []byte
	err  error
}

func newStreamSource(ctx context.Context, src io.ReadCloser) *streamSource {
	return &streamSource{ctx: ctx, src: src, buf: make([]byte, 64<<10), got: make(chan result, 1)}
}

func (s *streamSource) Read(p []byte) (int, error) {
	if err := context.Cause(s.ctx); err != nil {
		return 0, err
	}
	if len(s.rest.data) == 0 && s.rest.err == nil {
		go func() {
			n, err := s.src.Read(s.buf)
			s.got <- result{s.buf[:n], err}
		}()
		select {
		case <-s.ctx.Done():
			return 0, context.Cause(s.ctx)
		case s.rest = <-s.got:
		}
	}
	n := copy(p, s.rest.data)
	if s.rest.data = s.rest.data[n:]; len(s.rest.data) > 0 {
		return n, nil
	}
	return n, s.rest.err
}

func (s *streamSource) Close() error { return s.src.Close() }
