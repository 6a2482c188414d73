package session

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/session/view"
	"wiretape/wire/detect"
	"wiretape/wire/resp"
)

// redis answers commands as a server of Redis would, by a table.
func redis(replies map[string]string) func(net.Conn) {
	return func(c net.Conn) {
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			reply, ok := replies[string(buf[:n])]
			if !ok {
				reply = "-ERR unknown command\r\n"
			}
			io.WriteString(c, reply)
		}
	}
}

// respWords writes a command as the client has to.
func respWords(words ...string) string {
	var args [][]byte
	for _, w := range words {
		args = append(args, []byte(w))
	}
	return string(resp.AppendCommand(nil, args...))
}

// Text does not become RESP without a word.
func TestRedisIsAnnounced(t *testing.T) {
	servers := world{"r:9000": redis(map[string]string{"PING\r\n": "+PONG\r\n", respWords("PING"): "+PONG\r\n"})}
	synctest.Test(t, func(t *testing.T) {
		golden(t, "redis-found.golden", play(t, servers, Options{}, "open r 9000", "PING", "PING", ".status", ".mode line", "PING", ".help mode", ".quit"))
	})
}

func TestRedisTranscript(t *testing.T) {
	servers := world{"redis:6379": redis(map[string]string{
		respWords("PING"):            "+PONG\r\n",
		"PING\r\n":                   "+PONG\r\n",
		respWords("SET", "a", "x y"): "+OK\r\n",
		respWords("get", "a"):        "$3\r\nx y\r\n",
		respWords("GET", "none"):     "$-1\r\n",
		respWords("HGETALL", "h"):    "%1\r\n$1\r\nk\r\n*2\r\n:1\r\n#t\r\n",
		respWords("INFO"):            "$25\r\n# Server\r\nversion:8\x1b[2J\r\n\r\n",
		respWords("MULTI"):           "+OK\r\n",
		respWords("INCR", "n"):       "+QUEUED\r\n",
		respWords("EXEC"):            "*1\r\n:1\r\n",
		respWords("SELECT", "3"):     "+OK\r\n",
		respWords("SUBSCRIBE", "c"):  "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n",
	})}
	synctest.Test(t, func(t *testing.T) {
		golden(t, "redis.golden", play(t, servers, Options{Style: view.Style{EscapeKey: "^]"}},
			"open redis://redis", "PING", `SET a "x y"`, "", "get a", "GET none", `GET "x`, "NOPE", "HGETALL h", "INFO", "MULTI", "INCR n", "EXEC",
			"SELECT 3", "SUBSCRIBE c", ".mode line", "PING", ".mode resp", "PING", `.send "PING\r\n"`, ".quit"))
	})
}

// Where the port says nothing, the answer does.
func TestRedisIsEncodedOnceItIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servers := world{"h:7000": redis(map[string]string{"PING\r\n": "+PONG\r\n", respWords("GET", "a"): "$1\r\nb\r\n"})}
		out, err := run(t, servers, Options{}, "h:7000", "PING\n.await re PONG\nGET a\n")
		if err != nil || !strings.Contains(out, "< \"b\"\n") {
			t.Errorf("%v\n%s", err, out)
		}
		if detect.Canonical("resp") != detect.Redis {
			t.Error("resp is no name of Redis")
		}
	})
}

func TestRedisPasswordsAreNotRemembered(t *testing.T) {
	for _, line := range []string{
		"AUTH secret", "auth me secret", `"AUTH" "secret"`, "HELLO 3 AUTH me secret", "ACL SETUSER me on >secret", "CONFIG SET requirepass secret",
		"config set masterauth secret", "MIGRATE h 6379 k 0 9 AUTH secret", "MIGRATE h 6379 k 0 9 AUTH2 me secret", `.send "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"`,
		"SENTINEL SET m auth-pass secret",
	} {
		if !looksSecret(line) {
			t.Errorf("%q is remembered", line)
		}
	}
	for _, line := range []string{"GET author", "CONFIG GET requirepass", "ACL WHOAMI", "SET authority x", "LPUSH basics y"} {
		if looksSecret(line) {
			t.Errorf("%q is not remembered", line)
		}
	}
}
