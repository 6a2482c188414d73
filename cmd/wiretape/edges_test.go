package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every hard edge of recording and replaying has a test: which one, and the row of it
// where it is a table's. A test that goes takes its edge with it, and fails here.
func TestHardEdgesHaveTests(t *testing.T) {
	root := filepath.Join("..", "..")
	for _, e := range []struct{ edge, dir, test, row string }{
		{"CRLF, UTF-8 and frame header cut across reads", "tape/replay", "TestServerReadsSingleBytes", ""},
		{"the same in every parser", "wire/proto/prototest", "TestEachBrokenLawIsCaught", ""},
		{"NUL", "tape", "TestForms", `{"text", "a é\r\n\tb\\{\x00"`},
		{"a line over 64 KiB", "tape", "TestForms", `{"huge text"`},
		{"bare LF", "tape/replay", "TestRoundTrip", `{"bare LF"`},
		{"1xx", "tape/replay", "TestRoundTrip", `{"interim"`},
		{"HEAD with a length and no body", "tape/replay", "TestRoundTrip", `{"head"`},
		{"304 without a body", "tape/replay", "TestRoundTrip", `{"not modified"`},
		{"a body that the end delimits", "tape/replay", "TestRoundTrip", `{"close-delimited"`},
		{"trailers", "tape/replay", "TestRoundTrip", `{"trailers"`},
		{"pipelining", "tape/replay", "TestRoundTrip", `{"pipelined"`},
		{"an answer in mid-upload", "tape/replay", "TestRoundTrip", `{"refused in mid-upload"`},
		{"the same without deadlock", "tape/replay", "TestNoDeadlockInMidUpload", ""},
		{"the same over HTTP/2", "tape/replay", "TestHTTP2RefusedInMidUpload", ""},
		{"bytes that nobody asked for", "tape/replay", "TestRoundTrip", `{"unsolicited bytes"`},
		{"101 in the middle of a tape", "tape/replay", "TestRoundTrip", `{"upgrade"`},
		{"STARTTLS refused", "tape/replay", "TestRoundTrip", `{"starttls refused"`},
		{"STARTTLS", "tape/replay", "TestTLS", `t.Run("STARTTLS"`},
		{"an alert in the place of bytes", "wire", "TestServerNamesTheAlertThatItSends", ""},
		{"an end without close_notify", "wire/http1", "TestTLSEndWithoutCloseNotify", ""},
		{"half-close, then a long answer", "tape/replay", "TestRoundTrip", `{"half-close then a long answer"`},
		{"a reset behind data", "tape/replay", "TestRoundTrip", `{"reset after data"`},
		{"a reset by the client", "tape/replay", "TestRoundTrip", `{"reset by the client"`},
		{"HTTP/2: HPACK's state, settings, windows, other stream ids", "tape/replay", "TestHTTP2", `t.Run("net/http is satisfied"`},
		{"HTTP/2: a tape that was edited", "tape/update", "TestAcceptHTTP2", `{"a value that others refer to"`},
		{"the clock jumps", "tape", "TestTimeNeverGoesBack", ""},
		{"two sessions on one tape", "cmd/wiretape", "TestTwoWritersOfOneTape", ""},
		{"a full disk", "cmd/wiretape", "TestTapeOnAFullDisk", ""},
		{"a disk that is read only", "cmd/wiretape", "TestTapeOnAReadOnlyDisk", ""},
		{"a FIFO", "cmd/wiretape", "TestTapeOnAFIFO", ""},
		{"kill -9", "cmd/wiretape", "TestKilledRecording", ""},
		{"gigabytes shown and formatted", "cmd/wiretape", "TestLargeTapeInConstantMemory", ""},
		{"gigabytes played", "cmd/wiretape", "TestLargeTapePlayedInConstantMemory", ""},
		{"a body whose length was edited", "tape/update", "TestFixLengths", `{"longer"`},
		{"a value of another length", "tape/replay", "TestLengthsAreRecomputed", ""},
		{"one request on two connections at once", "tape/replay", "TestServerSameRequestAtOnce", ""},
	} {
		if !hasTest(t, filepath.Join(root, e.dir), e.test, e.row) {
			t.Errorf("%s: %s has no %s with %s", e.edge, e.dir, e.test, e.row)
		}
	}
}

// hasTest reports whether the files of a folder have a test, and the text of a row.
// Rows may stand in a table beside it.
func hasTest(t *testing.T, dir, test, row string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return strings.Contains(all.String(), "func "+test+"(t *testing.T)") && strings.Contains(all.String(), row)
}
