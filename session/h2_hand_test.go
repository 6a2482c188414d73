package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"wiretape/session/h2"
	"wiretape/wire"
	ours "wiretape/wire/http2"
	"wiretape/wire/wiretest"
)

// A collector is a server that keeps what it is sent and says nothing.
type collector struct {
	mu  sync.Mutex
	got bytes.Buffer
}

func (c *collector) serve(conn net.Conn) { io.Copy(c, conn) }

func (c *collector) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got.Write(p)
}

func (c *collector) octets() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.got.Bytes())
}

// quiet has a connection of HTTP/2 begin without a word of its own.
const quiet = ".h2 preface off\n.h2 settings off\n.h2 window off\nopen h2c://h2:80\n"

// What .send makes of its words is what goes out, octet for octet.
func TestFramesByHand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	get := "\x82\x87\x84" // :method GET, :scheme https, :path /
	head := func(h ours.HeaderBlock) string { return string(ours.AppendHeaderBlock(nil, h)) }
	frame := func(t ours.FrameType, flags ours.Flags, stream uint32, payload string) string {
		return string(ours.AppendFrame(nil, t, flags, stream, []byte(payload)))
	}
	tests := []struct{ line, want string }{
		{"ping", frame(ours.FramePing, 0, 0, "wiretape")},
		{`ping "12345678"`, frame(ours.FramePing, 0, 0, "12345678")},
		{`PING hex 00 01 02`, frame(ours.FramePing, 0, 0, "\x00\x01\x02")},
		{`ping ack "12345678"`, frame(ours.FramePing, ours.FlagAck, 0, "12345678")},
		{`ping stream=3 flags=0x81`, frame(ours.FramePing, 0x81, 3, "wiretape")},
		{"settings", frame(ours.FrameSettings, 0, 0, "")},
		{"settings ack", frame(ours.FrameSettings, ours.FlagAck, 0, "")},
		{"settings initial_window_size=70000 SETTINGS_MAX_FRAME_SIZE=0x4001 0x99=1", frame(ours.FrameSettings, 0, 0,
			"\x00\x04\x00\x01\x11\x70\x00\x05\x00\x00\x40\x01\x00\x99\x00\x00\x00\x01")},
		{"settings hex 0004", frame(ours.FrameSettings, 0, 0, "\x00\x04")},
		{"window 10", string(ours.AppendWindowUpdate(nil, 0, 10))},
		{"window 3 0x10", string(ours.AppendWindowUpdate(nil, 3, 16))},
		{"rst 3", string(ours.AppendRSTStream(nil, 3, ours.ErrCodeCancel))},
		{"rst 3 refused-stream", string(ours.AppendRSTStream(nil, 3, ours.ErrCodeRefusedStream))},
		{"rst 0 0xff", string(ours.AppendRSTStream(nil, 0, 0xff))},
		{"goaway", string(ours.AppendGoAway(nil, 0, ours.ErrCodeNo, ""))},
		{`goaway 7 ENHANCE_YOUR_CALM "so \"what\""`, string(ours.AppendGoAway(nil, 7, ours.ErrCodeEnhanceYourCalm, `so "what"`))},
		{`goaway 2`, string(ours.AppendGoAway(nil, 0, ours.ErrCodeInternal, ""))},
		{"priority 5 dep=3 weight=256 excl", string(ours.AppendPriority(nil, 5, ours.Priority{Exclusive: true, DependsOn: 3, Weight: 256}))},
		{`data 1 "a\r\n" force end`, string(ours.AppendData(nil, 1, true, -1, []byte("a\r\n")))},
		{`data 1 hex 00ff force pad=2`, string(ours.AppendData(nil, 1, false, 2, []byte{0, 0xff}))},
		{"data 1 file " + file + " end force", string(ours.AppendData(nil, 1, true, -1, []byte("from a file")))},
		{`data 1 force`, string(ours.AppendData(nil, 1, false, -1, nil))},
		{`data 1 "x" len=5 reserved`, "\x00\x00\x05\x00\x00\x80\x00\x00\x01x"},
		{"headers :method: GET :scheme: https :path: / end", head(ours.HeaderBlock{Stream: 1, Block: []byte(get), End: true})},
		{"headers 9 :method: GET :scheme: https :path: / more pad=1 dep=3", head(ours.HeaderBlock{Stream: 9, Block: []byte(get), Open: true,
			Padded: true, Pad: 1, Priority: &ours.Priority{DependsOn: 3, Weight: 16}})},
		{`headers plain X-A: b "c: d e" split=4`, head(ours.HeaderBlock{Stream: 1, MaxFrame: 4,
			Block: []byte("\x00\x03X-A\x01b\x40\x01c\x03d e")})},
		{`headers never plain x: end literal y: z`, head(ours.HeaderBlock{Stream: 1, Block: []byte("\x10\x01x\x03end\x00\x01y\x01z")})},
		{`headers huffman=off cookie: a=b indexed cookie: a`, head(ours.HeaderBlock{Stream: 1, Block: []byte("\x00\x06cookie\x03a=b\x60\x01a")})},
		{`headers raw hex 82 87 c0 :path: / end`, head(ours.HeaderBlock{Stream: 1, Block: []byte("\x82\x87\xc0\x84"), End: true})},
		{`headers 0 flags=0 :path: /`, frame(ours.FrameHeaders, 0, 0, "\x84")},
		{"continuation 1 :path: / more", frame(ours.FrameContinuation, 0, 1, "\x84")},
		{"continuation 1 hex 84", frame(ours.FrameContinuation, ours.FlagEndHeaders, 1, "\x84")},
		{"push 1 2 :path: /", head(ours.HeaderBlock{Stream: 1, Promised: 2, Block: []byte("\x84")})},
		{"frame type=0xfa flags=0x4 stream=1 payload hex 00", frame(0xfa, 4, 1, "\x00")},
		{`frame type=data flags=END_STREAM|PADDED stream=1 len=0x4001 "x"`, "\x00\x40\x01\x00\x09\x00\x00\x00\x01x"},
		{"preface", ours.Preface},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var c collector
			if out, err := run(t, world{"h2:80": c.serve}, Options{}, "", quiet+".send "+tt.line+"\n.close\n"); err != nil {
				t.Errorf(".send %s: %v\n%s", tt.line, err, out)
			}
			synctest.Wait()
			if got := c.octets(); string(got) != tt.want {
				t.Errorf(".send %s sent %x, want %x", tt.line, got, tt.want)
			}
		})
	}
}

// A form that cannot be read sends nothing and says what was found.
func TestFramesByHandThatCannotBeRead(t *testing.T) {
	tests := []struct{ line, want string }{
		{"rst 1 BOGUS", `"BOGUS" is no error code: want a name such as CANCEL or PROTOCOL_ERROR, or a number up to 4294967295; want .send rst [STREAM] [CODE]`},
		{"settings X=1", `"X" is no setting`},
		{"settings MAX_FRAME_SIZE=big", "setting MAX_FRAME_SIZE=big: want a number up to 4294967295"},
		{"settings MAX_FRAME_SIZE", `setting "MAX_FRAME_SIZE": want NAME=VALUE`},
		{"window", "want by how many octets"},
		{"frame stream=1", "no type="},
		{"frame type=BOGUS", `"BOGUS" is no frame type`},
		{"frame type=ping flags=END_STREAM", `PING has no flag "END_STREAM"`},
		{"frame type=ping stream=x", "stream=x: want a number up to 4294967295"},
		{"ping hex 0", `hex "0": want pairs of hex digits`},
		{"ping x", `"x" is too much, or in the wrong place`},
		{"headers x:", "x: has no value"},
		{"headers x: y bogus", `"bogus" is too much, or in the wrong place`},
		{"data 1 file /nonexistent", "no such file"},
		{`data 1 "x`, "the quoted bytes have no closing"},
		{`data 1 "x"`, "stream 1: the stream is not open"},
		{"push 1", "want two streams"},
		{"priority dep=1", "want the stream"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var c collector
			out, err := run(t, world{"h2:80": c.serve}, Options{}, "", quiet+".send "+tt.line+"\n.close\n")
			synctest.Wait()
			text := out
			if err != nil {
				text += err.Error()
			}
			if !strings.Contains(text, tt.want) || len(c.octets()) > 0 {
				t.Errorf(".send %s: %v, sent %x; want %q\n%s", tt.line, err, c.octets(), tt.want, out)
			}
		})
	}
	out, err := run(t, world{}, Options{}, "", ".send ping\n")
	if StatusOf(err) != StatusUsage {
		t.Errorf("unconnected: %v\n%s", err, out)
	}
}

// framer gives a server that reads the preface, sends its SETTINGS and then
// frames.
func framer(serve func(fr *http2.Framer, f http2.Frame) bool) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		fr := http2.NewFramer(c, c)
		fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		fr.MaxHeaderListSize = 1 << 20
		fr.WriteSettings()
		for {
			f, err := fr.ReadFrame()
			if err != nil {
				return
			}
			if s, ok := f.(*http2.SettingsFrame); ok && !s.IsAck() {
				fr.WriteSettingsAck()
			}
			if !serve(fr, f) {
				return
			}
		}
	}
}

// reply answers a stream with a status and a body.
func reply(fr *http2.Framer, stream uint32, body string) {
	fr.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte{0x88}, EndHeaders: true})
	fr.WriteData(stream, true, []byte(body))
}

// Each answer that a connection gives by itself can be left to the person.
func TestAnswersCanBeSwitchedOff(t *testing.T) {
	for _, tt := range []struct{ off, missing string }{
		{"ack", "SETTINGS ack"}, {"ping", "PING ack"}, {"window", "WINDOW_UPDATE"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			seen := map[string]bool{}
			server := framer(func(fr *http2.Framer, f http2.Frame) bool {
				mu.Lock()
				defer mu.Unlock()
				switch f := f.(type) {
				case *http2.SettingsFrame:
					if f.IsAck() {
						seen["SETTINGS ack"] = true
					}
				case *http2.PingFrame:
					seen["PING ack"] = true
				case *http2.WindowUpdateFrame:
					seen["WINDOW_UPDATE"] = true
				case *http2.MetaHeadersFrame:
					fr.WritePing(false, [8]byte{1})
					fr.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}, EndHeaders: true})
					for range 3 {
						fr.WriteData(1, false, make([]byte, 16384))
					}
					fr.WriteData(1, true, nil)
				}
				return true
			})
			script := ".h2 settings INITIAL_WINDOW_SIZE=65535\n.h2 " + tt.off + " off\nopen h2c://h2:80\nGET / HTTP/1.1\nHost: h\n\n.send ping\n.await frame ping 1s\n"
			run(t, world{"h2:80": server}, Options{}, "", script)
			mu.Lock()
			defer mu.Unlock()
			for _, what := range []string{"SETTINGS ack", "PING ack", "WINDOW_UPDATE"} {
				if what == "PING ack" && seen[what] == (tt.missing == what) && tt.missing != what {
					t.Errorf(".h2 %s off: %s came: %v", tt.off, what, seen[what])
				}
				if what != "PING ack" && seen[what] != (tt.missing != what) {
					t.Errorf(".h2 %s off: %s came: %v", tt.off, what, seen[what])
				}
			}
		})
	}
}

// The opening is the person's: settings, and whether there is a preface.
func TestOpeningIsChosen(t *testing.T) {
	for _, tt := range []struct{ script, want string }{
		{".h2 settings MAX_FRAME_SIZE=20000 0x9=1\n.h2 window off\n", ours.Preface +
			string(ours.AppendSettings(nil, ours.Setting{ID: ours.SettingMaxFrameSize, Value: 20000}, ours.Setting{ID: 9, Value: 1}))},
		{".h2 settings empty\n.h2 window off\n", ours.Preface + string(ours.AppendSettings(nil))},
		{".h2 settings off\n", ours.Preface},
		{".h2 preface off\n.h2 settings off\n", ""},
		{".h2 settings off\n.h2 settings default\n.h2 window off\n", ours.Preface + string(ours.AppendSettings(nil, ours.Setting{ID: ours.SettingEnablePush}, ours.Setting{ID: ours.SettingInitialWindowSize, Value: 4 << 20}))},
	} {
		synctest.Test(t, func(t *testing.T) {
			var c collector
			run(t, world{"h2:80": c.serve}, Options{}, "", ".timeout 1s\n"+tt.script+"open h2c://h2:80\n")
			synctest.Wait()
			if got := c.octets(); string(got) != tt.want {
				t.Errorf("%q opens with %q, want %q", tt.script, got, tt.want)
			}
		})
	}
	if _, err := New(Options{Lines: NewLines(), Out: io.Discard, H2: []string{"ack perhaps"}}); StatusOf(err) != StatusUsage {
		t.Errorf("option %q: %v", "ack perhaps", err)
	}
}

// Several requests may be under way at once; the end of a script waits for all.
func TestSeveralStreamsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []uint32
		server := framer(func(fr *http2.Framer, f http2.Frame) bool {
			if m, ok := f.(*http2.MetaHeadersFrame); ok {
				asked = append(asked, m.StreamID)
				if len(asked) == 3 {
					time.Sleep(time.Second)
					for i := range asked {
						id := asked[len(asked)-1-i]
						reply(fr, id, fmt.Sprintf("answer %d\n", id))
					}
				}
			}
			return true
		})
		get := "GET / HTTP/1.1\nHost: h\n\n"
		out, err := run(t, world{"h2:80": server}, Options{H2: []string{"wait off"}}, "h2c://h2:80", get+get+get)
		if err != nil {
			t.Error(err)
		}
		last := -1
		for _, want := range []string{"» HEADERS stream 5", "answer 5", "answer 3", "answer 1"} {
			i := strings.Index(out, want)
			if i < last {
				t.Errorf("%q does not stand in its place:\n%s", want, out)
			}
			last = i
		}
	})
}

// Bodies that nobody waits for share the connection, each as far as its window
// allows.
func TestBodiesInterleave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		got := map[uint32]int{}
		server := framer(func(fr *http2.Framer, f http2.Frame) bool {
			d, ok := f.(*http2.DataFrame)
			if !ok {
				return true
			}
			got[d.StreamID] += len(d.Data())
			order = append(order, fmt.Sprint(d.StreamID))
			if got[1]+got[3] == 65535 { // the window of the connection is used up
				fr.WriteWindowUpdate(0, 1<<20)
			}
			if d.StreamEnded() {
				reply(fr, d.StreamID, "done\n")
			}
			return true
		})
		var script strings.Builder
		for range 2 {
			fmt.Fprintf(&script, "POST / HTTP/1.1\nHost: h\nContent-Length: 40000\n\n%s\n", strings.Repeat("x", 40000))
		}
		out, err := run(t, world{"h2:80": server}, Options{H2: []string{"wait off"}}, "h2c://h2:80", script.String()+".await done 5s\n")
		if err != nil {
			t.Error(err)
		}
		if got[1] != 40000 || got[3] != 40000 || strings.Count(out, "done") != 2 {
			t.Errorf("the server got %v in order %v", got, order)
		}
	})
}

// What is queued for a stream while nobody waits goes in the order of its lines.
func TestQueuedDataKeepsItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got bytes.Buffer
		server := framer(func(fr *http2.Framer, f http2.Frame) bool {
			if d, ok := f.(*http2.DataFrame); ok {
				got.Write(d.Data())
				fr.WriteWindowUpdate(0, uint32(max(1, len(d.Data()))))
				fr.WriteWindowUpdate(d.StreamID, uint32(max(1, len(d.Data()))))
				if d.StreamEnded() {
					reply(fr, d.StreamID, "done\n")
				}
			}
			return true
		})
		file := filepath.Join(t.TempDir(), "long")
		if err := os.WriteFile(file, bytes.Repeat([]byte("a"), 200_000), 0o600); err != nil {
			t.Fatal(err)
		}
		script := ".send headers :method: POST :scheme: http :path: / :authority: h\n.send data file " + file + "\n.send data \"b\"\n.send data \"c\" end\n"
		if _, err := run(t, world{"h2:80": server}, Options{H2: []string{"wait off"}}, "h2c://h2:80", script); err != nil {
			t.Error(err)
		}
		if want := strings.Repeat("a", 200_000) + "bc"; got.String() != want {
			t.Errorf("%d octets came, ending in %q", got.Len(), got.String()[max(0, got.Len()-9):])
		}
	})
}

func TestLongHeadGoesInContinuations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := framer(func(fr *http2.Framer, f http2.Frame) bool {
			if m, ok := f.(*http2.MetaHeadersFrame); ok && m.PseudoValue("authority") == "h" && m.StreamEnded() && len(m.RegularFields()[0].Value) == 40000 {
				reply(fr, m.StreamID, "whole\n")
			}
			return true
		})
		out, err := run(t, world{"h2:80": server}, Options{}, "h2c://h2:80", "GET / HTTP/1.1\nHost: h\nX: "+strings.Repeat("~", 40000)+"\n\n")
		if err != nil || strings.Count(out, "» CONTINUATION stream 1") == 0 || !strings.Contains(out, "whole") {
			t.Errorf("%v\n%s", err, out[:min(len(out), 2000)])
		}
	})
}

// ^C while the peer's window is closed resets the stream; before that it is said
// why nothing moves.
func TestInterruptedBodyResetsItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reset := make(chan http2.ErrCode, 1)
		server := framer(func(_ *http2.Framer, f http2.Frame) bool {
			if r, ok := f.(*http2.RSTStreamFrame); ok && r.StreamID == 1 {
				reset <- r.ErrCode
			}
			return true
		})
		interrupts := make(chan os.Signal, 1)
		time.AfterFunc(1500*time.Millisecond, func() { interrupts <- os.Interrupt })
		body := strings.Repeat("x", 65535+1)
		screen := play(t, world{"h2:80": server}, Options{Interrupts: interrupts},
			"open h2c://h2:80", "POST / HTTP/1.1", "Host: h", "Content-Length: 65536", "", body, ".status", ".quit")
		for _, want := range []string{
			"* sending the body on stream 1: 65535 of 65536 octets, 1.0 s; the window of the connection is closed (^C resets the stream)\n",
			"* interrupted: stream 1 is reset, 65535 of 65536 octets of its body went\n", "0 due",
		} {
			if !strings.Contains(screen, want) {
				t.Errorf("no %q on the screen:\n%s", want, strings.ReplaceAll(screen, body, "…"))
			}
		}
		if code := <-reset; code != http2.ErrCodeCancel {
			t.Errorf("reset with %v", code)
		}
	})
}

// What the peer resets or gives up is a failure of the script, in words, unless it
// was waited for.
func TestWhatThePeerGivesUp(t *testing.T) {
	server := framer(func(fr *http2.Framer, f http2.Frame) bool {
		m, ok := f.(*http2.MetaHeadersFrame)
		if !ok {
			return true
		}
		switch m.PseudoValue("path") {
		case "/rst":
			fr.WriteRSTStream(m.StreamID, http2.ErrCodeRefusedStream)
		case "/goaway":
			fr.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("not \x1b[now"))
			return false
		case "/drain":
			fr.WriteGoAway(m.StreamID, http2.ErrCodeNo, nil)
			reply(fr, m.StreamID, "last\n")
		case "/ignored":
			fr.WriteGoAway(m.StreamID-2, http2.ErrCodeNo, nil)
		case "/early":
			reply(fr, m.StreamID, "too long\n")
			fr.WriteRSTStream(m.StreamID, http2.ErrCodeNo)
		default:
			reply(fr, m.StreamID, "fine\n")
		}
		return true
	})
	get := func(path string) string { return "GET " + path + " HTTP/1.1\nHost: h\n\n" }
	tests := []struct {
		script string
		status Status
		row    string
	}{
		{get("/rst"), StatusProtocol, "! stream 1 was reset: REFUSED_STREAM (nothing was done with the request: it may be sent again; RFC 9113 7)\n"},
		{get("/goaway"), StatusProtocol, `! the peer gives the connection up: GOAWAY ENHANCE_YOUR_CALM (the peer finds our load excessive; RFC 9113 7): not \x1b[now; not acted on (RFC 9113 6.8): stream 1` + "\n"},
		{get("/drain"), StatusOK, "* the peer takes no new streams on this connection: GOAWAY NO_ERROR (no error; RFC 9113 7); streams up to 1 were or may be acted on\n"},
		{get("/") + get("/ignored"), StatusProtocol, "; not acted on (RFC 9113 6.8): stream 3\n"},
		{".send headers :method: GET :scheme: http :path: /rst :authority: h\n.await frame rst 1 1s\n", StatusOK, "! stream 1 was reset"},
		{".send headers :method: GET :scheme: http :path: /rst :authority: h\n.await frame rst_stream 3 1s\n", StatusTimeout, "! stream 1 was reset"},
		{".send headers :method: GET :scheme: http :path: /rst :authority: h\n" + ".send ping\n.await frame SETTINGS 1s\n", StatusTimeout, "! stream 1 was reset"},
		{".send headers :method: GET :scheme: http :path: /goaway :authority: h end\n.await frame goaway\n", StatusOK, "! the peer gives the connection up"},
		{"POST /early HTTP/1.1\nHost: h\nContent-Length: 70000\n\n" + strings.Repeat("x", 70000) + "\n", StatusOK, "* stream 1 was reset behind its whole reply"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			out, err := run(t, world{"h2:80": server}, Options{}, "h2c://h2:80", tt.script)
			if StatusOf(err) != tt.status || !strings.Contains(out, tt.row) {
				t.Errorf("%.80q: status %d, %v; want %d and %q in\n%s", tt.script, StatusOf(err), err, tt.status, tt.row, out[:min(len(out), 3000)])
			}
		})
	}
}

// A request of HTTP/1.1 asks for HTTP/2: the session sends the preface, and the
// reply comes on stream 1. What is typed then is stream 3.
func TestUpgradeToHTTP2(t *testing.T) {
	upgraded := func(c net.Conn) {
		head := make([]byte, 0, 512)
		one := make([]byte, 1)
		for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
			if _, err := c.Read(one); err != nil {
				return
			}
			head = append(head, one[0])
		}
		if !bytes.Contains(head, []byte("\r\nHTTP2-Settings: AAIAAAAAAAQAQAAA\r\n")) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			return
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		first := true
		framer(func(fr *http2.Framer, f http2.Frame) bool {
			switch f := f.(type) {
			case *http2.SettingsFrame:
				if first {
					first = false
					time.Sleep(2 * time.Second)
					reply(fr, 1, "to the upgrade\n")
				}
			case *http2.MetaHeadersFrame:
				if f.StreamID == 3 {
					reply(fr, 3, "to "+f.PseudoValue("path")+"\n")
				}
			}
			return true
		})(c)
	}
	synctest.Test(t, func(t *testing.T) {
		out, err := run(t, world{"h:80": upgraded}, Options{}, "http://h", ".send upgrade /a\nGET /b HTTP/1.1\nHost: h\n\n")
		if err != nil {
			t.Error(err)
		}
		last := 0
		for _, want := range []string{"* the connection is HTTP/2 now; the reply comes on stream 1", "» connection preface", "to the upgrade", "» HEADERS stream 3", "to /b"} {
			i := strings.Index(out, want)
			if i < last {
				t.Errorf("%q does not stand in its place:\n%s", want, out)
				break
			}
			last = i
		}
	})
	synctest.Test(t, func(t *testing.T) {
		gone := func(c net.Conn) {
			readOnce := make([]byte, 4096)
			c.Read(readOnce)
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		}
		out, err := run(t, world{"h:80": gone}, Options{}, "http://h", ".send upgrade\n")
		if StatusOf(err) != StatusProtocol {
			t.Errorf("a connection that ends before the reply on stream 1: %v\n%s", err, out)
		}
	})
}

// Who has accepted a connection is no client of HTTP/2, whatever was connected to
// before.
func TestServerSendsNoPreface(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		s := newTestSession(t, Options{Lines: NewLines("open h2c://h:80", ".await bytes 1 1s")})
		s.dial = func(_ context.Context, to wire.Target, tap *wire.Tap) (*wire.Conn, error) {
			ours, theirs := wiretest.Pair()
			go c.serve(theirs)
			return wire.NewConn(ours, wire.Facts{Target: to.Address(), Network: to.Network, Role: wire.Accepted}, tap), nil
		}
		_ = s.Run(t.Context()) // the client says nothing
		s.Close()
		synctest.Wait()
		if got := c.octets(); len(got) > 0 {
			t.Errorf("the client was sent %q", got)
		}
	})
}

// What is typed at a prompt, and what it shows.
func TestHandToolTranscript(t *testing.T) {
	asked := false
	server := framer(func(fr *http2.Framer, f http2.Frame) bool {
		switch f := f.(type) {
		case *http2.PingFrame:
			if !f.IsAck() {
				fr.WritePing(true, f.Data)
			}
		case *http2.MetaHeadersFrame:
			switch path := f.PseudoValue("path"); {
			case path == "/rst":
				fr.WriteRSTStream(f.StreamID, http2.ErrCodeInternal)
			case path == "/never":
			case asked:
				reply(fr, f.StreamID, "second\n")
				reply(fr, f.StreamID-2, "first\n")
			default:
				asked = true
			}
		}
		return true
	})
	synctest.Test(t, func(t *testing.T) {
		interrupts := make(chan os.Signal, 1)
		time.AfterFunc(1500*time.Millisecond, func() { interrupts <- os.Interrupt })
		golden(t, "h2hand.golden", play(t, world{"h2:80": server}, Options{Interrupts: interrupts},
			".h2 settings INITIAL_WINDOW_SIZE=100000", "open h2c://h2:80", `.send ping "12345678"`,
			"GET /never HTTP/1.1", "Host: h", "", ".send rst CANCEL",
			".h2 wait off", "GET /1 HTTP/1.1", "Host: h", "", "GET /2 HTTP/1.1", "Host: h", "", ".h2 wait on", ".again 2",
			"GET /rst HTTP/1.1", "Host: h", "", ".send headers :method: POST :scheme: http :path: /never", ".h2",
			".send rst 9 9 9", ".send frame type=0xfa flags=0x4 stream=1 hex 00ff", ".again", ".help h2", ".quit"))
	})
}

func TestCompletionOfFrames(t *testing.T) {
	s := newTestSession(t, Options{})
	s.current.g = grammar{phase: connected, command: s.knows}
	for _, tt := range []struct {
		line string
		want []string
	}{
		{".send pr", []string{"priority ", "preface"}},
		{".send rst 1 ref", []string{"REFUSED_STREAM"}},
		{".send settings MAX_F", []string{"MAX_FRAME_SIZE="}},
		{".send frame type=win", []string{"type=WINDOW_UPDATE "}},
		{".h2 wi", []string{"window "}},
		{".h2 window o", []string{"on", "off"}},
		{".h2 settings d", []string{"default"}},
		{".h2 names t", []string{"typed"}},
	} {
		if got := s.Complete(tt.line, len(tt.line)); strings.Join(got, "|") != strings.Join(tt.want, "|") {
			t.Errorf("Complete(%q) = %q, want %q", tt.line, got, tt.want)
		}
	}
}

// No words of .send or .h2 stop the session.
func FuzzHandTool(f *testing.F) {
	for _, form := range h2.Forms() {
		f.Add(form.Word + " " + form.Args)
	}
	f.Add(`headers 1 :method: GET "a: b" never x: y pad=3 dep=1 weight=2 excl split=1 more end hex 00`)
	f.Add(`data 1 "\x00" len=1 flags=0xff stream=3 reserved pad=255 end force`)
	f.Fuzz(func(t *testing.T, args string) {
		if strings.Contains(args, "file") || strings.Contains(args, "${") {
			return // reads what is not the test's
		}
		synctest.Test(t, func(t *testing.T) {
			var c collector
			s := newTestSession(t, Options{Lines: NewLines()})
			s.dial = world{"h2:80": c.serve}.dial
			for _, line := range []string{".h2 preface off", ".h2 settings off", ".h2 window off", ".h2 wait off", "open h2c://h2:80"} {
				if err := s.take(t.Context(), line); err != nil {
					t.Fatal(err)
				}
			}
			_ = s.current.sendCommand(t.Context(), args) // an error is an answer
			_ = s.h2Set(append(strings.Fields(args), ""))
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	})
}
