package detect

import (
	"testing"

	"wiretape/wire"
)

func TestRereadReadsAllAnewAndGoesOn(t *testing.T) {
	s := New(Options{})
	events := []wire.Event{open(1, "h:4000"), data(1, sc, "* hello\r\n"), data(1, cs, "NOOP\r\n"), data(1, sc, "200 hi\r\n")}
	for _, e := range events {
		s.Feed(e)
	}
	if s.Proto(1) != Raw {
		t.Fatalf("read as %s at first, want raw", s.Proto(1))
	}
	msgs := s.Reread(1, "ftp", events)
	if len(msgs) != 3 || s.Proto(1) != FTP || s.Reason(1) != "chosen: ftp" || msgs[1].N != 1 {
		t.Errorf("%d messages, %s, %s; %v", len(msgs), s.Proto(1), s.Reason(1), msgs)
	}
	if more := s.Feed(data(1, cs, "QUIT\r\n")); len(more) != 1 || more[0].N != 2 || more[0].Span.From != 6 {
		t.Errorf("what follows is %v", more)
	}
	if s.Reread(1, "", events); s.Proto(1) != Raw {
		t.Errorf("read as %s when found out, want raw", s.Proto(1))
	}
}
