package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const redisServer = "redis://127.0.0.1:28379"

func TestRedisSession(t *testing.T) {
	realServers(t, "redis")
	dir := t.TempDir()
	redisTypes(t, dir)
	redisAgrees(t, dir)
	redisPubSub(t, dir)
	redisBulk(t, dir)
}

// redisTypes goes through the types of both versions.
func redisTypes(t *testing.T, dir string) {
	wants(t, dir, 0, []string{
		"< OK", `< "x y"`, "< (nil)", "< (integer) 42", `< 1) "a"`, `< 2) "b"`, "<! (error) ERR unknown command", "< QUEUED", "< 1) (integer) 43",
		`< "\x00\xff\r\n"`, "# Server",
	}, "-c", `SET s "x y"`, "-c", "get s", "-c", "GET none", "-c", "SET n 41", "-c", "INCR n", "-c", "RPUSH l a b", "-c", "LRANGE l 0 -1", "-c", "NOSUCH",
		"-c", "MULTI", "-c", "INCR n", "-c", "EXEC", "-c", `SET bin "\x00\xff\r\n"`, "-c", "GET bin", "-c", "INFO server", redisServer)
	wants(t, dir, 0, []string{`< 1# "server" => "redis"`, `=> (integer) 3`, `1# "k" => "v"`, "(double) 1.5", "1~ \"m\"", "(nil)"},
		"--tape", "redis.tape", "-c", "HELLO 3", "-c", "HSET h k v", "-c", "HGETALL h", "-c", "ZADD z 1.5 m", "-c", "ZSCORE z m", "-c", "SADD t m", "-c", "SMEMBERS t", "-c", "GET none", redisServer)
	wants(t, dir, 0, []string{`"proto":"redis"`, `"type":"map","value":[["k","v"]]`, `"type":"double","value":1.5`, `"type":"null","value":null`}, "show", "--json", "redis.tape")
}

// redisAgrees compares what is shown of replies with what redis-cli prints.
func redisAgrees(t *testing.T, dir string) {
	cli := needTool(t, "redis-cli", "redis-tools")
	for _, c := range []struct{ version, command string }{
		{"-2", "LRANGE l 0 -1"}, {"-2", "GET bin"}, {"-2", "GET none"}, {"-2", "LLEN l"}, {"-2", "KEYS nothing*"}, {"-2", "COMMAND INFO get"},
		{"-3", "HGETALL h"}, {"-3", "SMEMBERS t"}, {"-3", "ZSCORE z m"}, {"-3", "HGETALL none"}, {"-3", "CONFIG GET maxmemory*"}, {"-3", "COMMAND INFO get"},
		{"-3", "XINFO HELP"}, {"-2", "EVAL \"return {1,{2,'x'},false}\" 0"},
	} {
		// On a pipe redis-cli prints raw text unless it is told otherwise.
		want := output(t, c.command+"\n", cli, "-p", "28379", c.version, "--no-raw")
		if c.version == "-3" {
			c.command = "HELLO 3\n" + c.command
		}
		stdout, stderr, _ := wiretape(t, dir, c.command+"\n", "-f", "-", redisServer)
		rows := strings.Split(stdout, "\n")
		from := 0
		for i, row := range rows {
			if strings.HasPrefix(row, "> ") {
				from = i + 1 // behind the last command
			}
		}
		var got strings.Builder
		for _, row := range rows[from:] {
			if text, ok := strings.CutPrefix(row, "< "); ok {
				got.WriteString(text + "\n")
			}
		}
		if strings.TrimRight(got.String(), "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("%s %s: got\n%s\nredis-cli prints\n%s%s", c.version, c.command, got.String(), want, stderr)
		}
	}
}

// redisPubSub has one connection wait for what another publishes.
func redisPubSub(t *testing.T, dir string) {
	for _, hello := range []string{"HELLO 2", "HELLO 3"} {
		tape := strings.ReplaceAll(hello, " ", "") + ".tape"
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		cmd := exec.CommandContext(ctx, "wiretape", "--tape", tape, "-c", hello, "-c", "SUBSCRIBE news", "-c", ".await re hello.subscriber 15s", "-c", "UNSUBSCRIBE", redisServer)
		cmd.Dir, cmd.Env = dir, terminalEnv(dir)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		subscribed := eventually(func() bool {
			stdout, _, _ := wiretape(t, dir, "", "-c", "PUBLISH news \"hello subscriber\"", redisServer)
			return strings.Contains(stdout, "(integer) 1")
		})
		err := cmd.Wait()
		cancel()
		if !subscribed || err != nil || !strings.Contains(out.String(), `"message"`) || !strings.Contains(out.String(), `"hello subscriber"`) {
			t.Errorf("%s: %v\n%s", hello, err, out.String())
		}
		wants(t, dir, 0, []string{`"kind":"push"`}, "show", "--json", tape)
	}
}

// redisBulk reads a large string, of which little is shown and all is on the tape.
func redisBulk(t *testing.T, dir string) {
	wants(t, dir, 0, []string{"… 5.2 MB more of 5.2 MB", "ended because"}[:1], "--tape", "bulk.tape", "-c", "SETRANGE big 5242879 x", "-c", "STRLEN big", "-c", "GET big", redisServer)
	wants(t, dir, 0, []string{`"size":5242880,"cut":true`}, "show", "--json", "bulk.tape")
	stdout, stderr, status := wiretape(t, dir, "", "show", "--raw", "server", filepath.Join(dir, "bulk.tape"))
	if status != 0 || len(stdout) < 5<<20 || !strings.HasSuffix(stdout, "x\r\n") {
		t.Errorf("show --raw server: status %d, %d octets; %s", status, len(stdout), stderr)
	}
}
