package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// webSocketServer is of another make: it echoes, compresses where that is offered,
// and does what some messages ask for.
const webSocketServer = `
import asyncio, sys, websockets
async def serve(ws):
    async for m in ws:
        if m == "close me":
            await ws.close(4001, "as you wish")
        elif m == "in parts":
            await ws.send(["in ", "three ", "parts"])
        elif m == "ping me":
            await (await ws.ping(b"from the server"))
            await ws.send("the Pong came")
        elif isinstance(m, str) and m.startswith("big "):
            await ws.send("x" * int(m[4:]))
        else:
            await ws.send(m)
async def main():
    async with websockets.serve(serve, "127.0.0.1", 0, subprotocols=["chat"], max_size=64 << 20) as s:
        print("127.0.0.1:%d" % s.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
`

// startWebSocketServer starts it, and returns its address.
func startWebSocketServer(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("real servers take a second to start: run without -short")
	}
	const python = "/usr/bin/python3" // the one that Debian's packages are for
	if err := exec.Command(python, "-c", "import websockets").Run(); err != nil {
		t.Skip("Python's websockets is not installed: apt-get install python3-websockets")
	}
	cmd := exec.Command(python, "-c", webSocketServer)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server does not come up: %v", err)
	}
	return strings.TrimSpace(addr)
}

// relay passes connections on to addr. What comes back goes to the client one octet
// to a write.
func relay(t *testing.T, l net.Listener, addr string) string {
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", addr)
			if err != nil {
				c.Close()
				continue
			}
			go func() {
				defer s.Close()
				io.Copy(s, c)
			}()
			go func() {
				defer c.Close()
				r := bufio.NewReader(s)
				for {
					b, err := r.ReadByte()
					if err != nil {
						return
					}
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestWebSocketAgainstAnotherServer(t *testing.T) {
	addr := startWebSocketServer(t)
	dir := t.TempDir()
	script := func(t *testing.T, target string, status int, want []string, lines ...string) string {
		t.Helper()
		args := []string{"-k"}
		for _, l := range lines {
			args = append(args, "-c", l)
		}
		return wants(t, dir, status, want, append(args, target)...)
	}
	plain := "ws://" + addr

	t.Run("text, binary, ping and close", func(t *testing.T) {
		got := script(t, plain, 0, []string{
			"< HTTP/1.1 101 Switching Protocols\n", "« #2 text, 5 octets, FIN\nhello\n", "« #3 binary, 3 octets, FIN\n",
			"« pong, 1 octet, FIN; \"p\"\n", "« close, 5 octets, FIN; 1000 Normal Closure: bye\n",
		}, ".ws /", "hello", ".await done", ".send ws binary hex 00ff80", ".await done", ".send ws ping p", ".send ws close 1000 bye")
		if strings.Contains(got, "\n! ") {
			t.Errorf("remarks on what is as it should be:\n%s", got)
		}
	})
	t.Run("a subprotocol", func(t *testing.T) {
		script(t, plain, 0, []string{"< Sec-WebSocket-Protocol: chat\n"}, `.ws / "Sec-WebSocket-Protocol: other, chat"`)
	})
	t.Run("fragments both ways", func(t *testing.T) {
		script(t, plain, 0, []string{"> #2 message: text, 5 B, 2 frames\nHello\n", "« pong, 0 octets, FIN\n", "« #2 text, 5 octets, FIN\nHello\n", "« text, 3 octets\n", "< #3 message: text, 14 B, 4 frames\nin three parts\n"},
			".ws", `.send ws frame fin=0 "Hel"`, ".send ws ping", `.send ws frame opcode=continuation "lo"`, ".await done", "in parts")
	})
	t.Run("compressed both ways", func(t *testing.T) {
		words := strings.Repeat("all the same ", 50)
		script(t, plain, 0, []string{"< Sec-WebSocket-Extensions: permessage-deflate", "< #2 message: text, 650 B, 1 frame, compressed to ", "< #4 message: text, 5 B, 1 frame, compressed to 7 B\nHello\n"},
			".ws / deflate", words, ".await done", words, ".await done", `.send ws frame rsv1=1 hex f248cdc9c90700`)
		got := script(t, plain, 0, []string{", 4 frames, compressed to "}, ".ws / deflate", "in parts")
		if !strings.Contains(got, "in three parts\n") {
			t.Errorf("in parts, compressed:\n%s", got)
		}
	})
	t.Run("a Ping and a Close are answered", func(t *testing.T) {
		script(t, plain, 0, []string{"« ping, 15 octets, FIN; \"from the server\"\n", "» pong, 15 octets, FIN, mask ", "the Pong came\n"}, ".ws", "ping me", ".await re came")
		script(t, plain, 0, []string{"« close, 13 octets, FIN; 4001 private use: as you wish\n", "» close, 2 octets, FIN, mask "}, ".ws", "close me", ".await close")
		script(t, plain, 6, nil, ".ws", ".ws pong off", "ping me", ".await re came 1s")
	})
	t.Run("what is malformed is refused", func(t *testing.T) {
		for _, frame := range []string{`mask=off "x"`, `rsv1=1 "x"`, `opcode=0x3 "x"`, `opcode=ping fin=0`, `opcode=continuation "x"`} {
			script(t, plain, 0, []string{"1002 Protocol error"}, ".ws", ".send ws frame "+frame, ".await close")
		}
		script(t, plain, 0, []string{"1007 Invalid frame payload data"}, ".ws", `.send ws text "\xff"`, ".await close")
	})
	t.Run("16 MiB", func(t *testing.T) {
		script(t, plain, 0, []string{"« #2 text, 16777216 octets, FIN\n"}, ".timeout 25s", ".ws", "big 16777216", ".await done")
		script(t, plain, 0, []string{"< #2 message: text, 16,777,216 B, 1 frame, compressed to 16,"}, ".timeout 25s", ".ws / deflate", "big 16777216", ".await done")
	})
	t.Run("one octet at a time, over TLS too", func(t *testing.T) {
		slow, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		other := httptest.NewTLSServer(nil) // for its certificate
		defer other.Close()
		secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: other.TLS.Certificates, NextProtos: []string{"http/1.1"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"ws://" + relay(t, slow, addr), "wss://" + relay(t, secure, addr)} {
			script(t, target, 0, []string{", 4 frames, compressed to ", "in three parts\n", "xxxxxxxx\n"}, ".ws / deflate", "in parts", ".await done", "big 3000", ".await done")
		}
	})
	t.Run("a tape shows the same", func(t *testing.T) {
		file := filepath.Join(dir, "x.tape")
		wants(t, dir, 0, nil, "--tape", file, "-c", ".ws / deflate", "-c", "in parts", "-c", ".await done", "-c", ".send ws close 1000", plain)
		wants(t, dir, 0, []string{", 4 frames, compressed to ", "in three parts\n", "1000 Normal Closure"}, "show", file)
		wants(t, dir, 0, []string{`"kind":"message"`, `"opcode":"text","compressed":true,"frames":4`, `"body_text":"in three parts"`, `"masked":true`, `"close_code":1000,"close_name":"Normal Closure"`}, "show", "--json", file)
	})
	t.Run("a tape is replayed, to the server and in its place", func(t *testing.T) {
		file := filepath.Join(dir, "y.tape")
		lines := []string{"-c", ".ws", "-c", "hello", "-c", ".await done", "-c", ".send ws binary hex 0001", "-c", ".await done", "-c", ".send ws close 1000"}
		wants(t, dir, 0, nil, append(append([]string{"--tape", file}, lines...), plain)...)
		wants(t, dir, 0, nil, "replay", file, "--to", "http://"+addr)
		// Every mask differs.
		at, end := serving(t, dir, "--once", file)
		wants(t, dir, 0, []string{"« #2 text, 5 octets, FIN\nhello\n", "1000 Normal Closure"}, append(lines, "ws://"+at)...)
		if status, out := end(); status != 0 {
			t.Errorf("serve: status %d\n%s", status, out)
		}
		at, end = serving(t, dir, "--once", file)
		wiretape(t, dir, "", "-c", ".ws", "-c", "hullo", "-c", ".close", "ws://"+at)
		if status, out := end(); status != 1 || !strings.Contains(out, "frame payload: want hello, got hullo") {
			t.Errorf("serve to another client: status %d\n%s", status, out)
		}
	})
}
