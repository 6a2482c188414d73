package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A seen is what one run of a netcat came to: what its peer got, what it printed,
// and its status.
type seen struct {
	peer   string
	stdout string
	stderr string
	status int
}

// netcat runs nc or the program of ours. In args PORT, PATH, LOCAL and PROXY are
// filled in by the caller. during runs beside it, and may look at what was printed
// so far; where it returns true, the netcat is to be ended with it.
func netcat(t *testing.T, tool, stdin string, args []string, during func(printed func() string) bool) seen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Env = terminalEnv(t.TempDir())
	cmd.Stdin = strings.NewReader(stdin)
	var out lockedBuffer
	var errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if during != nil && during(out.String) {
		cmd.Process.Signal(os.Interrupt)
	}
	err := cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatalf("%s %q: %v", tool, args, err)
	}
	return seen{stdout: out.String(), stderr: errs.String(), status: cmd.ProcessState.ExitCode()}
}

// A lockedBuffer is read while a command writes it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// fillIn fills in the places of args.
func fillIn(args []string, places ...string) []string {
	r := strings.NewReplacer(places...)
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = r.Replace(a)
	}
	return out
}

func freePort(t *testing.T, network, host string) string {
	t.Helper()
	if network == "udp" {
		pc, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Fatal(err)
		}
		defer pc.Close()
		_, port, _ := net.SplitHostPort(pc.LocalAddr().String())
		return port
	}
	ln, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skipf("no port on %s: %v", host, err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// A client of either kind, against a peer that reads what is due, answers and
// hangs up: the same octets at both ends.
func TestNetcatSideBySideAsClient(t *testing.T) {
	nc := needTool(t, "nc", "netcat-openbsd")
	text := "one\ntwo\r\nthree"
	tests := []struct {
		name  string
		args  []string
		stdin string
		want  string // what the peer gets
		host  string // 127.0.0.1 unless set
		ours  string // where our status is another on purpose, why
	}{
		{"plain", []string{"127.0.0.1", "PORT"}, text, text, "", ""},
		{"-N", []string{"-N", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-C", []string{"-C", "127.0.0.1", "PORT"}, text, "one\r\ntwo\r\nthree", "", ""},
		{"-q", []string{"-q", "5", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-w", []string{"-w", "5", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-n", []string{"-n", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-4", []string{"-4", "localhost", "PORT"}, text, text, "", ""},
		{"-6", []string{"-6", "::1", "PORT"}, text, text, "::1", ""},
		{"-s", []string{"-s", "127.0.0.1", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-p", []string{"-p", "LOCAL", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-i", []string{"-i", "1", "127.0.0.1", "PORT"}, "one\ntwo\n", "one\ntwo\n", "", ""},
		{"-v", []string{"-v", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-X 5", []string{"-X", "5", "-x", "PROXY", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-X 4", []string{"-X", "4", "-x", "PROXY", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-X connect", []string{"-X", "connect", "-x", "PROXY", "127.0.0.1", "PORT"}, text, text, "", ""},
		{"-u", []string{"-u", "-w", "1", "127.0.0.1", "PORT"}, "ping", "ping", "udp", "6: silence is no end that a pipe may take for success"},
		{"-U", []string{"-U", "PATH"}, text, text, "unix", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got [2]seen
			for i, tool := range []string{nc, "wiretape"} {
				peer := answering(t, tt.host, tt.want)
				local := freePort(t, "tcp", "127.0.0.1")
				args := fillIn(tt.args, "PORT", peer.port, "PATH", peer.path, "LOCAL", local, "PROXY", proxyServer(t))
				got[i] = netcat(t, tool, tt.stdin, args, nil)
				got[i].peer = peer.got()
				if from := peer.from(); tt.name == "-p" && !strings.HasSuffix(from, ":"+local) {
					t.Errorf("%s: the peer saw %s, want port %s", tool, from, local)
				}
			}
			sameAsNetcat(t, got, tt.ours != "")
			if got[0].peer != tt.want || got[0].stdout != "answer\x00\xff\n" {
				t.Errorf("nc: the peer got %q, stdout %q", got[0].peer, got[0].stdout)
			}
			if tt.ours != "" {
				t.Logf("nc ends with %d and we with %s", got[0].status, tt.ours)
				if want := tt.ours[:1]; strconv.Itoa(got[1].status) != want {
					t.Errorf("status %d, want %s", got[1].status, want)
				}
			}
		})
	}
}

func sameAsNetcat(t *testing.T, got [2]seen, otherStatus bool) {
	t.Helper()
	if got[0].peer != got[1].peer || got[0].stdout != got[1].stdout || !otherStatus && got[0].status != got[1].status {
		t.Errorf("nc:   peer %q, stdout %q, status %d, stderr %q\nours: peer %q, stdout %q, status %d, stderr %q",
			got[0].peer, got[0].stdout, got[0].status, got[0].stderr, got[1].peer, got[1].stdout, got[1].status, got[1].stderr)
	}
}

// A netcatPeer takes one connection.
type netcatPeer struct {
	port, path string
	done       chan struct{}
	mu         sync.Mutex
	text, addr string
}

func (p *netcatPeer) got() string {
	<-p.done
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text
}

func (p *netcatPeer) from() string {
	<-p.done
	return p.addr
}

// answering takes one connection, reads as much as is wanted, answers and closes.
// The host may be "udp" or "unix".
func answering(t *testing.T, host, want string) *netcatPeer {
	t.Helper()
	p := &netcatPeer{done: make(chan struct{})}
	const answer = "answer\x00\xff\n"
	if host == "udp" {
		pc, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pc.Close() })
		_, p.port, _ = net.SplitHostPort(pc.LocalAddr().String())
		go func() {
			defer close(p.done)
			buf := make([]byte, 100)
			n, from, err := pc.ReadFrom(buf)
			if err == nil {
				p.text = string(buf[:n])
				pc.WriteTo([]byte(answer), from)
			}
		}()
		return p
	}
	network, address := "tcp", "127.0.0.1:0"
	switch host {
	case "unix":
		p.path = filepath.Join(t.TempDir(), "s")
		network, address = "unix", p.path
	case "":
	default:
		address = net.JoinHostPort(host, "0")
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("listen %s: %v", address, err)
	}
	t.Cleanup(func() { ln.Close() })
	_, p.port, _ = net.SplitHostPort(ln.Addr().String())
	go func() {
		defer close(p.done)
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		buf := make([]byte, len(want))
		n, _ := io.ReadFull(c, buf)
		p.text, p.addr = string(buf[:n]), c.RemoteAddr().String()
		io.WriteString(c, answer)
	}()
	return p
}

// proxyServer speaks SOCKS 4, SOCKS 5 and CONNECT, whichever it is asked in.
func proxyServer(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go serveProxy(c)
		}
	}()
	return ln.Addr().String()
}

func serveProxy(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	read := func(n int) []byte {
		b := make([]byte, n)
		io.ReadFull(c, b)
		return b
	}
	var to, ok string
	switch first := read(1)[0]; first {
	case 4:
		head := read(7)
		to = netip.AddrPortFrom(netip.AddrFrom4([4]byte(head[3:7])), binary.BigEndian.Uint16(head[1:3])).String()
		for read(1)[0] != 0 {
		}
		ok = "\x00\x5a\x00\x00\x00\x00\x00\x00"
	case 5:
		read(int(read(1)[0]))
		io.WriteString(c, "\x05\x00")
		head := read(4)
		host := ""
		if head[3] == 1 {
			host = netip.AddrFrom4([4]byte(read(4))).String()
		} else {
			host = string(read(int(read(1)[0])))
		}
		to = net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(read(2)))))
		ok = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	default:
		head := string(first)
		for !strings.HasSuffix(head, "\r\n\r\n") {
			b := read(1)
			if b[0] == 0 {
				return
			}
			head += string(b)
		}
		to = strings.Fields(head)[1]
		ok = "HTTP/1.0 200 ok\r\n\r\n"
	}
	d, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer d.Close()
	io.WriteString(c, ok)
	go io.Copy(d, c)
	io.Copy(c, d)
}

// A listener of either kind, which one client finds.
func TestNetcatSideBySideAsListener(t *testing.T) {
	nc := needTool(t, "nc", "netcat-openbsd")
	tests := []struct {
		name    string
		args    []string
		network string
		clients int
		ends    bool // by itself, when its peer does
	}{
		{"-l", []string{"-l", "127.0.0.1", "PORT"}, "tcp", 1, true},
		{"-l -p", []string{"-l", "-s", "127.0.0.1", "-p", "PORT"}, "tcp", 1, true},
		{"-l -N", []string{"-lN", "127.0.0.1", "PORT"}, "tcp", 1, true},
		{"-l -v", []string{"-lv", "127.0.0.1", "PORT"}, "tcp", 1, true},
		{"-l -C", []string{"-lC", "127.0.0.1", "PORT"}, "tcp", 1, true},
		{"-l -k", []string{"-lk", "127.0.0.1", "PORT"}, "tcp", 3, false},
		{"-l -u", []string{"-lu", "127.0.0.1", "PORT"}, "udp", 1, false},
		{"-l -u -k", []string{"-luk", "127.0.0.1", "PORT"}, "udp", 3, false},
		{"-l -U", []string{"-lU", "PATH"}, "unix", 1, true},
		{"-l -U -k", []string{"-lkU", "PATH"}, "unix", 2, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got [2]seen
			for i, tool := range []string{nc, "wiretape"} {
				network, address := tt.network, filepath.Join(t.TempDir(), "s")
				port := ""
				if network != "unix" {
					port = freePort(t, network, "127.0.0.1")
					address = net.JoinHostPort("127.0.0.1", port)
				}
				var peer strings.Builder
				got[i] = netcat(t, tool, "hi\nho\n", fillIn(tt.args, "PORT", port, "PATH", address), func(printed func() string) bool {
					for n := range tt.clients {
						peer.WriteString(visit(t, network, address, fmt.Sprintf("client %d\n", n), n == 0 && !strings.Contains(tt.name, "-u -k")))
						// Between peers of UDP there is no order.
						eventually(func() bool { return strings.Contains(printed(), fmt.Sprintf("client %d\n", n)) })
					}
					return !tt.ends
				})
				got[i].peer = peer.String()
			}
			sameAsNetcat(t, got, !tt.ends) // of those that go on, by a signal
			if !strings.Contains(got[0].stdout, "client 0\n") {
				t.Errorf("nc printed %q", got[0].stdout)
			}
		})
	}
}

// visit sends a text to a listener that comes up, and returns what it answers.
func visit(t *testing.T, network, address, text string, answered bool) string {
	t.Helper()
	var c net.Conn
	if !eventually(func() bool {
		if network == "udp" && !udpBound(t, address) {
			return false
		}
		var err error
		c, err = net.Dial(network, address)
		return err == nil
	}) {
		t.Errorf("nobody listens on %s", address)
		return ""
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(c, text)
	if !answered {
		if half, ok := c.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
			io.Copy(io.Discard, c)
		}
		return ""
	}
	var got []byte
	buf := make([]byte, 100)
	for !bytes.Contains(got, []byte("ho")) || !bytes.HasSuffix(got, []byte("\n")) {
		n, err := c.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			t.Errorf("read from %s: %v", address, err)
			break
		}
	}
	return string(got)
}

// udpBound reports whether somebody holds a UDP port. To try to bind it would be in
// the way of who is about to.
func udpBound(t *testing.T, address string) bool {
	t.Helper()
	table, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		t.Skip("who holds a UDP port is not told here:", err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(table, fmt.Appendf(nil, ":%04X 00000000:0000 ", n))
}

// -z: the same ports found open, in the same words, and the same status but for
// the number of a failure.
func TestNetcatSideBySideScanning(t *testing.T) {
	nc := needTool(t, "nc", "netcat-openbsd")
	// A range of three whose middle is open.
	var ln net.Listener
	if !eventually(func() bool {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return false
		}
		port := l.Addr().(*net.TCPAddr).Port
		for _, p := range []int{port - 1, port + 1} {
			if c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p))); err == nil || p > 65535 {
				if c != nil {
					c.Close()
				}
				l.Close()
				return false
			}
		}
		ln = l
		return true
	}) {
		t.Fatal("no port between two that are closed")
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	port := ln.Addr().(*net.TCPAddr).Port
	said := regexp.MustCompile(`(?m)^.*succeeded!$`)
	for _, args := range [][]string{
		{"-z", "127.0.0.1", strconv.Itoa(port)},
		{"-zv", "127.0.0.1", strconv.Itoa(port)},
		{"-z", "127.0.0.1", strconv.Itoa(port + 1)},
		{"-zv", "127.0.0.1", fmt.Sprintf("%d-%d", port-1, port+1)},
		{"-zvn", "127.0.0.1", fmt.Sprintf("%d-%d", port, port)},
		{"-z4v", "localhost", strconv.Itoa(port)},
		{"-zuv", "127.0.0.1", strconv.Itoa(pc.LocalAddr().(*net.UDPAddr).Port)},
	} {
		theirs, ours := netcat(t, nc, "", args, nil), netcat(t, "wiretape", "", args, nil)
		if a, b := said.FindAllString(theirs.stderr, -1), said.FindAllString(ours.stderr, -1); strings.Join(a, "|") != strings.Join(b, "|") {
			t.Errorf("%q: nc says %q, we say %q", args, theirs.stderr, ours.stderr)
		}
		if (theirs.status == 0) != (ours.status == 0) || ours.stdout != "" || theirs.stderr == "" && ours.stderr != "" {
			t.Errorf("%q: nc %+v, ours %+v", args, theirs, ours)
		}
	}
}

// ncat is a CONNECT proxy that asks for a login.
func TestNcatAsProxy(t *testing.T) {
	ncat := needTool(t, "ncat", "ncat")
	port := freePort(t, "tcp", "127.0.0.1")
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, ncat, "--proxy-type", "http", "--proxy-auth", "me:secret", "-l", "127.0.0.1", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cancel()
	if !eventually(func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
		}
		return err == nil
	}) {
		t.Fatal("ncat does not listen")
	}
	dir := t.TempDir()
	peer := answering(t, "", "ping")
	stdout, stderr, status := wiretape(t, dir, "ping", "--tape", "p.tape", "--proxy", "http://me:secret@127.0.0.1:"+port, "127.0.0.1", peer.port)
	if status != 0 || stdout != "answer\x00\xff\n" || peer.got() != "ping" {
		t.Errorf("status %d, %q, %s", status, stdout, stderr)
	}
	tape, err := os.ReadFile(filepath.Join(dir, "p.tape"))
	if err != nil || !strings.Contains(string(tape), `via="http 127.0.0.1:`+port+`"`) ||
		strings.Contains(string(tape), "secret") || strings.Contains(string(tape), "bWU6c2VjcmV0") || strings.Contains(string(tape), "CONNECT") {
		t.Errorf("the tape:\n%s", tape)
	}
	_, stderr, status = wiretape(t, dir, "ping", "--proxy", "http://127.0.0.1:"+port, "127.0.0.1", peer.port)
	if status != 3 || !strings.Contains(stderr, "the proxy answered 407 Proxy Authentication Required") {
		t.Errorf("without a login: status %d, %s", status, stderr)
	}
}
