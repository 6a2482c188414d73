// Package tapetest plays tapes within go test: a test of a client is given a
// recorded server, a test of a server a recorded client, and a test of a
// conversation is compared with the one that was recorded.
//
// [Serve] gives an address at which a tape's server answers; that the tape is
// played to its end is part of the test. [Replay] plays a tape's client against
// an address. [Record] watches a connection of the test's own and compares what
// went over it with a tape. Each difference is an error of the test that names
// the tape's line.
//
// # Recording
//
// With the flag -wiretape.update [Record] writes its tape, and [Replay] writes the
// server's answers anew into a tape that differs:
//
//	go test ./... -run TestLogin -wiretape.update
//
// What is written has no secrets and no times, and is for version control. A tape
// in which nothing differs is left as it is. Where the environment has CI set,
// nothing is written and the flag fails the test; so does a tape that is not
// there.
package tapetest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/tape/match"
	"wiretape/tape/replay"
	"wiretape/wire"
)

var updating = flag.Bool("wiretape.update", false, "write the tapes of Record and Replay anew")

// A test of a server is given so long to answer, and one of a client to come.
const silence = 10 * time.Second

// Serve serves the tape at path on loopback until the test ends and returns the
// address, "127.0.0.1:40123". It plays what was recorded: a request that is not on
// the tape, and at the end of the test one that never came, are errors of the
// test. A tape of UDP is served over UDP. A tape whose connections began with TLS
// wants [ServeTLS].
func Serve(t testing.TB, path string) string {
	t.Helper()
	tp := load(t, path)
	if replay.Secure(tp) {
		t.Fatalf("tapetest: %s is of TLS: use ServeTLS", path)
	}
	return serve(t, tp, nil, nil)
}

// ServeTLS is [Serve] for a tape of TLS. The certificate is made for the test, for
// the names that the recorded client asked for and for loopback; pool has the
// authority that signed it.
func ServeTLS(t testing.TB, path string) (addr string, pool *x509.CertPool) {
	t.Helper()
	tp := load(t, path)
	ca, err := wire.NewAuthority()
	if err != nil {
		t.Fatalf("tapetest: %v", err)
	}
	cert, err := ca.Issue(slices.Concat([]string{"localhost", "127.0.0.1", "::1"}, replay.ServerNames(tp))...)
	if err != nil {
		t.Fatalf("tapetest: %v", err)
	}
	options := &wire.TLSOptions{Certificates: []tls.Certificate{cert}, ALPN: replay.ALPN(tp)}
	begin := options
	if !replay.Secure(tp) {
		begin = nil // in mid-stream, as STARTTLS has it
	}
	return serve(t, tp, begin, options), ca.Pool()
}

// serve serves a tape until the test ends. Connections begin with a handshake
// where begin is set.
func serve(t testing.TB, tp *match.Tape, begin, mid *wire.TLSOptions) string {
	t.Helper()
	network := "tcp"
	if len(tp.Convs) > 0 && tp.Convs[0].Facts != nil && tp.Convs[0].Facts.Network == "udp" {
		network = "udp"
	}
	ln, err := wire.Listen(t.Context(), network, "127.0.0.1:0")
	if err != nil {
		t.Fatalf("tapetest: serve %s: %v", tp.Name, err)
	}
	ln.TLS = begin
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	var report replay.Report
	go func() {
		defer close(done)
		report, err = replay.Server{Silence: silence, TLS: mid}.Serve(ctx, ln, tp)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		t.Helper()
		if err != nil {
			t.Errorf("tapetest: %v", err)
		}
		tell(t, &report)
	})
	return ln.Addr().String()
}

// Replay plays the client of the tape at path against addr, "127.0.0.1:8080" or any
// TARGET such as "tls://localhost:8443", and compares what the server answers.
// A certificate is verified as it was when the tape was recorded. With
// -wiretape.update the tape is written anew where the server differs from it.
func Replay(t testing.TB, path, addr string) {
	t.Helper()
	tp := load(t, path)
	target, err := wire.ParseTarget(addr)
	if err != nil {
		t.Fatalf("tapetest: %v", err)
	}
	rec := newRecording()
	client := replay.Client{Silence: silence, Host: target.Address(), Record: rec.event}
	report, err := client.Run(t.Context(), tp, replay.To(wire.Dialer{Timeout: silence}, target))
	if err != nil {
		t.Fatalf("tapetest: %v", err)
	}
	if *updating && !report.OK() {
		rec.save(t, path)
		return
	}
	tell(t, &report)
	if !report.OK() {
		t.Log("if that is as it should be: go test -wiretape.update")
	}
}

// tell makes errors of what a replay found.
func tell(t testing.TB, r *replay.Report) {
	t.Helper()
	for _, m := range r.Mismatches {
		t.Errorf("%v", m)
	}
	for _, m := range r.Differences {
		t.Logf("%v", m)
	}
}

// load reads a tape.
func load(t testing.TB, path string) *match.Tape {
	t.Helper()
	refuseUpdate(t)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("tapetest: no tape %s: record it with `wiretape record`, or with Record and -wiretape.update", path)
	}
	if err != nil {
		t.Fatalf("tapetest: %v", err)
	}
	tp, err := match.Load(bytes.NewReader(b), path)
	if err != nil {
		t.Fatalf("tapetest: %v", err)
	}
	if tp.Cut != nil {
		t.Fatalf("tapetest: %s is cut off: %s", path, tp.Cut)
	}
	return tp
}

// refuseUpdate fails a test that would record where CI is set.
func refuseUpdate(t testing.TB) {
	t.Helper()
	if *updating && os.Getenv("CI") != "" {
		t.Fatal("tapetest: -wiretape.update where CI is set: tapes are recorded by people")
	}
}

// Record has what goes over conn, which the test's client is to use in its place,
// compared with the tape testdata/NAME.tape when the test ends, NAME being the
// test's with "-" for what file names do not have. Before the tape is there, and to
// write it anew, run the test with -wiretape.update.
func Record(t testing.TB, conn net.Conn) net.Conn {
	t.Helper()
	refuseUpdate(t)
	path := "testdata/" + fileName(t.Name()) + ".tape"
	if _, err := os.Stat(path); err != nil && !*updating {
		t.Fatalf("tapetest: no tape %s: run with -wiretape.update", path)
	}
	rec := newRecording()
	addr := conn.RemoteAddr()
	network := strings.TrimRight(addr.Network(), "46")
	if network != "udp" && network != "unix" {
		network = "tcp"
	}
	c := wire.NewConn(conn, wire.Facts{Network: network, Role: wire.Dialed, Target: addr.String(), Start: time.Now()}, wire.NewTap(rec.event))
	t.Cleanup(func() {
		t.Helper()
		c.Close()
		rec.compare(t, path)
	})
	return c
}

// fileName returns a test's name as that of a file.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '-'
		}
		return r
	}, s)
}
