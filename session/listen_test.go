package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wiretape/wire"
)

// A visitor connects when a row says what is listened on.
type visitor struct {
	mu    sync.Mutex
	out   bytes.Buffer
	visit func(network, address string)
	wg    sync.WaitGroup
}

var listeningRow = regexp.MustCompile(`listening on (\S+?)(?: \((\w+)\))?[,;]`)

func (v *visitor) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if m := listeningRow.FindSubmatch(p); m != nil {
		address, network := string(m[1]), string(m[2])
		if network == "" {
			network = "tcp"
		}
		v.wg.Go(func() { v.visit(network, address) })
	}
	return v.out.Write(p)
}

func (v *visitor) String() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.out.String()
}

// ask sends a text and returns all that comes.
func ask(t *testing.T, network, address, text string) string {
	nc, err := net.Dial(network, address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(nc, text)
	if network == "udp" {
		buf := make([]byte, 100)
		n, err := nc.Read(buf)
		if err != nil {
			t.Errorf("no datagram: %v", err)
		}
		return string(buf[:n])
	}
	got, err := io.ReadAll(nc)
	if err != nil {
		t.Errorf("read: %v", err)
	}
	return string(got)
}

// A script that listens is the server: it waits for the request, and what it
// types are replies.
func TestScriptListens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for word, request := range map[string]string{
		"listen 0": "GET /bin HTTP/1.1\r\nHost: h\r\n\r\n", "listen 127.0.0.1:0": "GET / HTTP/1.0\r\n\r\n",
		"listen udp:0": "ping", "listen unix:" + path: "hello\n",
	} {
		got := make(chan string, 1)
		v := &visitor{visit: func(network, address string) { got <- ask(t, network, address, request) }}
		s := newTestSession(t, Options{Out: v, Lines: NewLines(word, "HTTP/1.1 204 Fine", "", ".status", ".close")})
		if err := s.Run(t.Context()); err != nil {
			t.Errorf("%s: %v\n%s", word, err, v)
		}
		s.Close()
		v.wg.Wait()
		want := "HTTP/1.1 204 Fine\r\n\r\n"
		if word == "listen udp:0" {
			want = "HTTP/1.1 204 Fine\r\n" // each line is a datagram
		}
		if answer := <-got; answer != want {
			t.Errorf("%s: the client got %q, want %q", word, answer, want)
		}
		screen := v.String()
		first, _, _ := strings.Cut(request, "\r\n")
		for _, row := range []string{"waiting for a connection", "connection from", strings.TrimSpace(first), "HTTP/1.1 204 Fine"} {
			if !strings.Contains(screen, row) {
				t.Errorf("%s: no %q in\n%s", word, row, screen)
			}
		}
	}
}

func TestReconnectTakesTheNextConnection(t *testing.T) {
	var got []string
	v := &visitor{}
	v.visit = func(network, address string) {
		text := ask(t, network, address, "x\n")
		v.mu.Lock()
		defer v.mu.Unlock()
		got = append(got, text)
	}
	s := newTestSession(t, Options{Out: v, Lines: NewLines("listen 0", "one", ".close", ".reconnect", "two", ".close")})
	if err := s.Run(t.Context()); err != nil {
		t.Errorf("%v\n%s", err, v)
	}
	s.Close()
	v.wg.Wait()
	slices.Sort(got) // the clients end as they come to run
	if strings.Join(got, "") != "one\r\ntwo\r\n" {
		t.Errorf("the clients got %q\n%s", got, v)
	}
}

func TestListenWords(t *testing.T) {
	for args, want := range map[string]ListenOptions{
		"8080": {Network: "tcp", Address: "8080"}, "*:80": {Network: "tcp", Address: "*:80"}, "::1 80": {Network: "tcp", Address: "[::1]:80"},
		"udp:53": {Network: "udp", Address: "53"}, "unix:/a/b": {Network: "unix", Address: "/a/b"}, "unix:///a": {Network: "unix", Address: "/a"},
	} {
		if got, err := ParseListen(strings.Fields(args)); err != nil || got != want {
			t.Errorf("ParseListen(%s) = %+v, %v; want %+v", args, got, err, want)
		}
	}
	for _, args := range []string{"", "a b c", "unix:", "unix:/a b"} {
		if got, err := ParseListen(strings.Fields(args)); StatusOf(err) != StatusUsage {
			t.Errorf("ParseListen(%s) = %+v, %v", args, got, err)
		}
	}
	s := newTestSession(t, Options{Lines: NewLines("listen 99999")})
	if err := s.Run(t.Context()); StatusOf(err) != StatusConnection {
		t.Errorf("listen 99999: %v", err)
	}
}

// listening returns a listener and its address.
func listening(t *testing.T, network string) (*wire.Listener, string) {
	t.Helper()
	l, err := wire.Listen(t.Context(), network, "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, l.Addr().String()
}

func TestPipeListenerJoinsBothWays(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	l, addr := listening(t, "tcp")
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() {
		done <- PipeListener(t.Context(), l, false, PipeOptions{In: bytes.NewReader(big), Out: &out})
	}()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	// The client has nothing more to say at once; what there is of In goes to it
	// all the same.
	io.WriteString(nc, "hello")
	nc.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(nc)
	if err != nil || !bytes.Equal(got, big) {
		t.Errorf("the client got %d octets, %v; want %d", len(got), err, len(big))
	}
	if err := <-done; err != nil || out.String() != "hello" {
		t.Errorf("PipeListener = %v, out %q", err, out.String())
	}
}

// With keep, In goes on where the connection before it left it.
func TestPipeListenerKeepsOn(t *testing.T) {
	l, addr := listening(t, "tcp")
	var out safeBuffer
	inR, inW := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	ended := make(chan bool, 2)
	go func() {
		done <- PipeListener(ctx, l, true, PipeOptions{In: inR, Out: &out, Record: func(e wire.Event) {
			if e.Kind == wire.KindClose {
				ended <- true
			}
		}})
	}()
	for _, word := range []string{"one", "two"} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(nc, word)
		go io.WriteString(inW, strings.ToUpper(word))
		buf := make([]byte, 3)
		if _, err := io.ReadFull(nc, buf); err != nil || string(buf) != strings.ToUpper(word) {
			t.Errorf("the client got %q, %v", buf, err)
		}
		nc.Close()
		<-ended // what In gives before is for this connection
	}
	if out.String() != "onetwo" {
		t.Errorf("out %q", out.String())
	}
	cancel()
	if err := <-done; StatusOf(err) != StatusInterrupted {
		t.Errorf("PipeListener = %v, want status 130", err)
	}
}

// With keep, the datagrams of all peers come out.
func TestPipeListenerKeepsOnOverUDP(t *testing.T) {
	l, addr := listening(t, "udp")
	var out safeBuffer
	ctx, cancel := context.WithCancel(t.Context())
	done, came := make(chan error, 1), make(chan bool, 100)
	go func() {
		done <- PipeListener(ctx, l, true, PipeOptions{In: strings.NewReader("x"), Out: &out, Record: func(wire.Event) { came <- true }})
	}()
	for range 3 {
		nc, err := net.Dial("udp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		io.WriteString(nc, "hi")
	}
	for range 6 {
		<-came
	}
	cancel()
	if err := <-done; StatusOf(err) != StatusInterrupted || out.String() != "hihihi" {
		t.Errorf("PipeListener = %v, want status 130; out %q", err, out.String())
	}
}

// A safeBuffer is a bytes.Buffer for two goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestBinAnswersEveryRequest(t *testing.T) {
	l, addr := listening(t, "tcp")
	var out safeBuffer
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Bin(ctx, l, BinOptions{Reply: BinReply(200, []byte("hi")), Out: &out}) }()
	const reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
	// Three requests, pipelined, the last of which ends the connection; one cut in
	// two; and one of HTTP/1.0.
	for request, n := range map[string]int{
		"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n": 3,
		"GET /old HTTP/1.0\r\n\r\n": 1,
	} {
		if got := ask(t, "tcp", addr, request); got != strings.Repeat(reply, n) {
			t.Errorf("to %q: %q", request, got)
		}
	}
	cancel()
	if err := <-done; StatusOf(err) != StatusInterrupted {
		t.Errorf("Bin = %v, want status 130", err)
	}
	for _, want := range []string{"> GET /1 HTTP/1.1", "> POST /2 HTTP/1.1", "abc", "> GET /old HTTP/1.0", "< HTTP/1.1 200 OK"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestBinReply(t *testing.T) {
	for _, tt := range []struct {
		status int
		file   string
		want   string
	}{
		{200, "", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{503, "", "HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n"},
		{204, "", "HTTP/1.1 204 \r\n\r\n"},
		{200, "body\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody\n"},
		{200, "HTTP/1.0 299 mine\n\n", "HTTP/1.0 299 mine\n\n"},
	} {
		if got := string(BinReply(tt.status, []byte(tt.file))); got != tt.want {
			t.Errorf("BinReply(%d, %q) = %q, want %q", tt.status, tt.file, got, tt.want)
		}
	}
}

func TestListeningSaysHowFar(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:0": "this machine only; *:%d is for every interface", "0.0.0.0:0": "every interface",
	} {
		l, err := wire.Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if strings.Contains(want, "%d") {
			want = fmt.Sprintf(want, l.Addr().(*net.TCPAddr).Port)
		}
		if got := SayListening(l); !strings.HasSuffix(got, ", "+want) {
			t.Errorf("SayListening(%s) = %q, want …%s", address, got, want)
		}
	}
}
