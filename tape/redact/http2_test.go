package redact

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2/hpack"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

func frame(kind http2.FrameType, flags http2.Flags, stream uint32, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = binary.BigEndian.AppendUint32(append(b, byte(flags)), stream)
	return append(b, payload...)
}

// appendLiteral appends a field that is not indexed, with a literal name, and
// both strings coded or not as told.
func appendLiteral(b []byte, name, value string, coded bool) []byte {
	b = append(b, 0x10)
	for _, s := range []string{name, value} {
		first, octets := byte(0), []byte(s)
		if coded {
			first, octets = 0x80, hpack.AppendHuffmanString(nil, s)
		}
		n := len(octets)
		if n < 127 {
			b = append(b, first|byte(n))
		} else {
			b = append(b, first|127)
			for n -= 127; n >= 128; n >>= 7 {
				b = append(b, byte(n)|0x80)
			}
			b = append(b, byte(n))
		}
		b = append(b, octets...)
	}
	return b
}

// sender is one side of a random conversation in HTTP/2.
type sender struct {
	rnd     *rand.Rand
	server  bool
	block   bytes.Buffer
	enc     *hpack.Encoder
	secrets []string
	out     []byte
}

var alphabets = []string{"QWERTZUIOP0123456789", "abcdefghij-_", "<>{}|~\\^`", "\"$@!?()", "\u00e9\u00fc\u00df"}

func (s *sender) secret() string {
	n := s.rnd.IntN(len(alphabets))
	set, size := []rune(alphabets[n]), 6+s.rnd.IntN(30)*s.rnd.IntN(2)
	if n < 2 && s.rnd.IntN(8) == 0 {
		size += s.rnd.IntN(9000) // is masked piece by piece
	}
	text := make([]rune, size)
	for i := range text {
		text[i] = set[s.rnd.IntN(len(set))]
	}
	s.secrets = append(s.secrets, string(text))
	return string(text)
}

func (s *sender) field() (name, value string) {
	switch s.rnd.IntN(9) {
	case 0:
		return "authorization", "Bearer " + s.secret()
	case 1:
		return "proxy-authorization", s.secret()
	case 2:
		return "cookie", "a=" + s.secret() + "; b=" + s.secret()
	case 3:
		return "set-cookie", "a=" + s.secret() + "; Path=/; HttpOnly"
	case 4:
		return "x-" + strings.Repeat("n", s.rnd.IntN(40)), strings.Repeat("v", s.rnd.IntN(200))
	case 5:
		return ":path", "/" + strings.Repeat("p~", s.rnd.IntN(9))
	case 6:
		return "cookie", "c=1"
	case 7:
		return "user-agent", "x"
	}
	return "accept", "*/*"
}

// headers appends a header block in as many frames as it likes.
func (s *sender) headers() {
	s.block.Reset()
	fields := s.rnd.IntN(9)
	if fields > 0 && s.rnd.IntN(6) == 0 {
		s.enc.SetMaxDynamicTableSize(uint32(s.rnd.IntN(5000)))
	}
	for range fields {
		name, value := s.field()
		if s.block.Len() > 0 && s.rnd.IntN(3) == 0 { // behind what the encoder says of its table
			s.block.Write(appendLiteral(nil, name, value, s.rnd.IntN(2) == 0))
			continue
		}
		s.enc.WriteField(hpack.HeaderField{Name: name, Value: value, Sensitive: s.rnd.IntN(8) == 0})
	}
	kind, rest := http2.FrameHeaders, slices.Clone(s.block.Bytes())
	if s.server && s.rnd.IntN(4) == 0 {
		kind = http2.FramePushPromise
	}
	for {
		n := len(rest)
		if s.rnd.IntN(2) == 0 {
			n = s.rnd.IntN(min(n, 60) + 1)
		}
		n = min(n, 16000)
		var flags http2.Flags
		part := slices.Clone(rest[:n])
		if rest = rest[n:]; len(rest) == 0 {
			flags |= http2.FlagEndHeaders
		}
		switch {
		case kind == http2.FramePushPromise:
			part = append([]byte{0, 0, 0, 2}, part...)
		case kind == http2.FrameHeaders && s.rnd.IntN(3) == 0:
			flags |= http2.FlagPriority
			part = append([]byte{0, 0, 0, 0, 15}, part...)
		}
		if kind != http2.FrameContinuation && s.rnd.IntN(3) == 0 {
			flags |= http2.FlagPadded
			pad := s.rnd.IntN(20)
			part = append(append([]byte{byte(pad)}, part...), make([]byte, pad)...)
		}
		s.out = append(s.out, frame(kind, flags, 1, part)...)
		kind = http2.FrameContinuation
		if flags.Has(http2.FlagEndHeaders) {
			return
		}
	}
}

func newSender(rnd *rand.Rand, server bool) *sender {
	s := &sender{rnd: rnd, server: server}
	s.enc = hpack.NewEncoder(&s.block)
	s.enc.SetMaxDynamicTableSizeLimit(8192)
	if !server {
		s.out = append(s.out, http2.Preface...)
	}
	s.out = append(s.out, frame(http2.FrameSettings, 0, 0, []byte{0, 1, 0, 0, 0x20, 0})...)
	return s
}

// fieldsOf decodes all header blocks of one direction.
func fieldsOf(t testing.TB, dir wire.Dir, b []byte) (fields []hpack.HeaderField) {
	t.Helper()
	dec := hpack.NewDecoder(4096, func(f hpack.HeaderField) { fields = append(fields, f) })
	dec.SetAllowedMaxDynamicTableSize(8192)
	p := http2.New(proto.Limits{})
	for _, m := range p.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: dir, Data: b}) {
		f, ok := m.Value.(*http2.Frame)
		if !ok {
			continue
		}
		switch f.Type {
		case http2.FrameHeaders, http2.FramePushPromise, http2.FrameContinuation:
			if _, err := dec.Write(f.Fragment); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			if f.Flags.Has(http2.FlagEndHeaders) {
				if err := dec.Close(); err != nil {
					t.Fatalf("%s: %v", f, err)
				}
			}
		}
	}
	return fields
}

// FuzzHTTP2: after redaction every header block decodes to fields of the same
// names and lengths, those that are no secret have their values, and no secret
// is among the octets, however they are cut.
func FuzzHTTP2(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		client, server := newSender(rnd, false), newSender(rnd, true)
		for range rnd.IntN(8) {
			for _, s := range []*sender{client, server} {
				s.headers()
				s.out = append(s.out, frame(http2.FrameData, 0, 1, []byte("data\ncookie"))...)
			}
		}
		turns := []turn{{1, c2s, string(client.out)}, {1, s2c, string(server.out)}}
		if rnd.IntN(2) == 0 {
			slices.Reverse(turns) // the server need not wait
		}
		want := run(t, Options{}, turns, whole)
		got := run(t, Options{}, turns, func(s string) []string {
			var parts []string
			for len(s) > 0 {
				n := 1 + rnd.IntN(min(len(s), 1+rnd.IntN(300)))
				parts, s = append(parts, s[:n]), s[n:]
			}
			return parts
		})
		if diff := cmp.Diff(want.ids, got.ids); diff != "" {
			t.Fatal(diff)
		}
		for _, s := range []struct {
			*sender
			dir wire.Dir
		}{{client, c2s}, {server, s2c}} {
			out := want.stream(1, s.dir)
			if out != got.stream(1, s.dir) {
				t.Fatalf("split differs from whole in what the %s sends", s.dir)
			}
			before, after := fieldsOf(t, s.dir, s.out), fieldsOf(t, s.dir, []byte(out))
			if len(before) != len(after) {
				t.Fatalf("%d fields became %d", len(before), len(after))
			}
			for i, b := range before {
				a := after[i]
				if a.Name != b.Name || kindOf([]byte(a.Name)) < authField && a.Value != b.Value || hpack.HuffmanEncodeLength(b.Value) < 3000 && len(a.Value) != len(b.Value) {
					t.Fatalf("field %.99v became %.99v", b, a)
				}
				for _, secret := range s.secrets {
					if strings.Contains(a.Value, secret) {
						t.Fatalf("field %.99v shows", a)
					}
				}
			}
		}
	})
}

// h2 redacts what a client sends.
func h2(t *testing.T, opt Options, sent ...[]byte) (fields []hpack.HeaderField, ids []string) {
	t.Helper()
	in := slices.Concat(append([][]byte{[]byte(http2.Preface)}, sent...)...)
	res := run(t, opt, []turn{{1, c2s, string(in)}}, whole)
	return fieldsOf(t, c2s, []byte(res.stream(1, c2s))), res.ids
}

func TestSecretsOfHeaderBlocks(t *testing.T) {
	const clear = "a=\"Q{}~\"; lang=e"
	for _, coded := range []bool{false, true} {
		var block []byte
		for _, f := range []string{"authorization: Basic QWxhZGRpbg==", "proxy-authorization: QQQQ", "cookie: " + clear, "set-cookie: a=Q{}~; Path=/; Secure", "x: y"} {
			name, value, _ := strings.Cut(f, ": ")
			block = appendLiteral(block, name, value, coded)
		}
		fields, ids := h2(t, Options{}, frame(http2.FrameHeaders, http2.FlagEndHeaders, 1, block))
		if diff := cmp.Diff([]string{"LOGIN", "PROXY_AUTH", "A", "LANG"}, ids); diff != "" {
			t.Error(diff)
		}
		var got []string
		for _, f := range fields {
			got = append(got, f.Name+": "+f.Value)
		}
		want := []string{"authorization: Basic bG9naW46bG9n", "proxy-authorization: prox", "cookie: a=\"aaaa\"; lang=l", "set-cookie: a=aaaa; Path=/; Secure", "x: y"}
		if coded {
			want = []string{"authorization: Basic XXXXXXbaaaaa", "proxy-authorization: XXja", "cookie: a=\"$^<j\"; lang=a", "set-cookie: a=$^<j; Path=/; Secure", "x: y"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestGivenValueInHeaderBlocks(t *testing.T) {
	for _, coded := range []bool{false, true} {
		block := appendLiteral(nil, "x-other", "key=abcdefgh;", coded)
		fields, ids := h2(t, Options{Values: map[string]string{"KEY": "abcdefgh"}}, frame(http2.FrameHeaders, http2.FlagEndHeaders, 1, block))
		if len(fields) != 1 || len(fields[0].Value) != 13 || strings.Contains(fields[0].Value, "abcd") || !slices.Equal(ids, []string{"KEY"}) {
			t.Errorf("coded %t: %v %v", coded, fields, ids)
		}
	}
}

// A block that cannot be decoded shows nothing from there on, and neither does
// a field whose name it may have defined.
func TestBrokenHeaderBlocks(t *testing.T) {
	secret := appendLiteral(nil, "x", "QWERTY", false)
	for name, bad := range map[string][]byte{
		"index 0":         {0x80},
		"no such index":   {0x80 | 100},
		"number too long": {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"EOS":             {0x10, 0x84, 0xff, 0xff, 0xff, 0xff},
		"padding":         {0x10, 0x01, 'x', 0x81, 0x00},
		"table too large": {0x3f, 0xff, 0xff, 0xff, 0x7f},
	} {
		after := frame(http2.FrameHeaders, http2.FlagEndHeaders, 3, []byte("\x7e\x06QWERTY"))
		in := slices.Concat([]byte(http2.Preface), frame(http2.FrameHeaders, http2.FlagEndHeaders, 1, append(bad, secret...)), after)
		for _, cut := range []func(string) []string{whole, octetwise} {
			res := run(t, Options{}, []turn{{1, c2s, string(in)}}, cut)
			if out := res.stream(1, c2s); len(out) != len(in) || strings.Contains(out, "QWERTY") || len(res.ids) == 0 {
				t.Errorf("%s: %q", name, out)
			}
		}
	}
}

func octetwise(s string) (parts []string) {
	for i := range len(s) {
		parts = append(parts, s[i:i+1])
	}
	return parts
}

// Where frames are missing, where the next begins is not known.
func TestGapsInHTTP2(t *testing.T) {
	secret := frame(http2.FrameHeaders, http2.FlagEndHeaders, 1, appendLiteral(nil, "cookie", "a=QWERTY", false))
	data := frame(http2.FrameData, 0, 1, []byte("0123456789"))
	for _, tt := range []struct {
		before []byte
		gap    int64
		ids    string
	}{
		{data[:12], 7, "A"},
		{data[:12], 8, "FIELD"},
		{data, 1, "FIELD"},
		{secret[:12], 1, "FIELD"},
	} {
		var out []byte
		r := New(func(e wire.Event, _ []tape.Span) { out = append(out, e.Data...) }, Options{})
		for _, e := range []wire.Event{
			{Kind: wire.KindSecure, TLS: &wire.TLS{ALPN: "h2"}},
			{Kind: wire.KindData, Dir: s2c, Data: tt.before},
			{Kind: wire.KindGap, Dir: s2c, Size: tt.gap},
			{Kind: wire.KindData, Dir: s2c, Data: secret},
		} {
			e.Conn = 1
			r.Event(e)
		}
		r.Flush()
		if got := strings.Join(r.Replaced(), " "); bytes.Contains(out, []byte("QWERTY")) || got != tt.ids {
			t.Errorf("gap of %d: %q, %s", tt.gap, out, got)
		}
	}
}

// A held value is written before anything that happens later, masked.
func TestValueAtATurn(t *testing.T) {
	for _, coded := range []bool{false, true} {
		block := appendLiteral(nil, "authorization", "Bearer QWERTYUIOP", coded)
		in := append([]byte(http2.Preface), frame(http2.FrameHeaders, http2.FlagEndHeaders, 1, block)...)
		n := len(in) - 4
		var got []wire.Event
		r := New(func(e wire.Event, _ []tape.Span) {
			e.Data = bytes.Clone(e.Data)
			got = append(got, e)
		}, Options{})
		r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: in[:n]})
		r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: s2c, Data: []byte{0, 0, 0, 4, 1, 0, 0, 0, 0}})
		r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: in[n:]})
		r.Flush()
		if len(got) < 4 || got[len(got)-2].Dir != s2c {
			t.Fatalf("coded %t: %d events", coded, len(got))
		}
		var out []byte
		for _, e := range got {
			if e.Dir == c2s {
				out = append(out, e.Data...)
			}
		}
		fields := fieldsOf(t, c2s, out)
		if len(out) != len(in) || len(fields) != 1 || strings.ContainsAny(fields[0].Value, "QWETYUIP") {
			t.Errorf("coded %t: %v", coded, fields)
		}
	}
}

// h2c, and a preface that is split by what the server says.
func TestWhereHTTP2Begins(t *testing.T) {
	block := appendLiteral(nil, "cookie", "a=QWERTY", false)
	headers := string(frame(http2.FrameHeaders, http2.FlagEndHeaders, 1, block))
	settings := string(frame(http2.FrameSettings, 0, 0, nil))
	client := http2.Preface + settings + headers
	for name, tt := range map[string]struct {
		alpn  string
		turns []turn
	}{
		"upgrade": {"", []turn{
			{1, c2s, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n"},
			{1, s2c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + settings + headers},
			{1, c2s, client},
		}},
		"preface split":      {"", []turn{{1, c2s, client[:5]}, {1, s2c, settings}, {1, c2s, client[5:]}}},
		"preface split, TLS": {"h2", []turn{{1, c2s, client[:5]}, {1, s2c, settings}, {1, c2s, client[5:]}}},
		"no preface":         {"h2", []turn{{1, c2s, settings + headers}}},
		"tunnel":             {"", []turn{{1, c2s, "CONNECT a:1 HTTP/1.1\n\n" + client}, {1, s2c, "HTTP/1.1 200 OK\n\n" + settings + headers}}},
	} {
		for _, cut := range []func(string) []string{whole, octetwise} {
			var in, out int
			r := New(func(e wire.Event, _ []tape.Span) {
				out += len(e.Data)
				if bytes.Contains(e.Data, []byte("QWER")) {
					t.Errorf("%s: %q", name, e.Data)
				}
			}, Options{})
			r.Event(wire.Event{Conn: 1, Kind: wire.KindSecure, TLS: &wire.TLS{ALPN: tt.alpn}})
			for _, turn := range tt.turns {
				in += len(turn.text)
				for _, part := range cut(turn.text) {
					r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: turn.dir, Data: []byte(part)})
				}
			}
			r.Flush()
			if in != out || !slices.Equal(r.Replaced(), []string{"A"}) {
				t.Errorf("%s: %d bytes became %d, replaced %v", name, in, out, r.Replaced())
			}
		}
	}
}

// FuzzGarbage: whatever comes, as many bytes come out, and however it is split
// they are the same.
func FuzzGarbage(f *testing.F) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		s := newSender(rnd, rnd.IntN(2) == 0)
		for range 3 {
			s.headers()
		}
		for range rnd.IntN(4) {
			s.out[rnd.IntN(len(s.out))] ^= 1 << rnd.IntN(8)
		}
		f.Add(s.out, rnd.Uint64(), s.server)
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, tls bool) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		gap := rnd.IntN(len(data) + 2)
		play := func(most int) (out []byte, n int) {
			r := New(func(e wire.Event, _ []tape.Span) { out = append(out, e.Data...) }, Options{Values: map[string]string{"A": "abcd"}})
			if tls {
				r.Event(wire.Event{Conn: 1, Kind: wire.KindSecure, TLS: &wire.TLS{ALPN: "h2"}})
			}
			for i := 0; i < len(data); {
				if i == gap {
					r.Event(wire.Event{Conn: 1, Kind: wire.KindGap, Dir: c2s, Size: 3})
				}
				end := min(len(data), i+1+rnd.IntN(most))
				if i < gap {
					end = min(end, gap)
				}
				r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: data[i:end]})
				i = end
			}
			r.Flush()
			return out, len(r.Replaced())
		}
		want, names := play(1 << 30)
		got, too := play(50)
		if len(want) != len(data) || !bytes.Equal(got, want) || names != too {
			t.Fatalf("%d bytes became %d and, split, %d; %d names and %d\n%q\n%q", len(data), len(want), len(got), names, too, want, got)
		}
	})
}

// What was thought to be HTTP/2 and is text is read as text.
func TestTextInsteadOfFrames(t *testing.T) {
	for _, cut := range []func(string) []string{whole, octetwise} {
		var out []byte
		r := New(func(e wire.Event, _ []tape.Span) { out = append(out, e.Data...) }, Options{})
		r.Event(wire.Event{Conn: 1, Kind: wire.KindSecure, TLS: &wire.TLS{ALPN: "h2"}})
		for _, part := range cut("GET /\nCookie: a=QWERTY\n\n") {
			r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: []byte(part)})
		}
		if want := "GET /\nCookie: a=aaaaaa\n\n"; string(out) != want {
			t.Errorf("got %q, want %q", out, want)
		}
	}
}

func TestTableSizes(t *testing.T) {
	two := slices.Concat([]byte{0x40, 1, 'x', 1, 'y'}, []byte{0x40, 1, 'z', 1, 'y'})
	for size, fits := range map[byte]bool{68: true, 67: false} { // 34 each
		block := slices.Concat([]byte{0x3f, size - 31}, two, []byte{0x80 | 63})
		in := slices.Concat([]byte(http2.Preface), frame(http2.FrameHeaders, http2.FlagEndHeaders, 1, block), frame(http2.FrameHeaders, http2.FlagEndHeaders, 3, []byte("\x7e\x06QWERTY")))
		res := run(t, Options{}, []turn{{1, c2s, string(in)}}, whole)
		if shows := strings.Contains(res.stream(1, c2s), "QWERTY"); shows != fits {
			t.Errorf("of a table of %d octets: value of a field whose name is known to be plain shows: %t, want %t", size, shows, fits)
		}
	}
}

// What is held of a value is bounded, also where empty frames stretch it.
func TestHeldOfHTTP2(t *testing.T) {
	var empty []byte
	for range 600 {
		empty = append(empty, frame(http2.FrameContinuation, 0, 1, nil)...)
	}
	start := appendLiteral(nil, "cookie", strings.Repeat("a", 5000), false)
	for name, in := range map[string][]byte{
		"long":   frame(http2.FrameHeaders, 0, 1, start),
		"frames": slices.Concat(frame(http2.FrameHeaders, 0, 1, start[:20]), empty),
	} {
		came := 0
		r := New(func(e wire.Event, _ []tape.Span) { came += len(e.Data) }, Options{})
		for i, c := range append([]byte(http2.Preface), in...) {
			r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: []byte{c}})
			if held := i + 1 - came; held > maxHeld+300 {
				t.Fatalf("%s: %d bytes are held", name, held)
			}
		}
	}
}

func TestServerBehindThePreface(t *testing.T) {
	secret := frame(http2.FrameHeaders, http2.FlagEndHeaders, 1, appendLiteral(nil, "set-cookie", "a=QWERTY", true))
	res := run(t, Options{}, []turn{{1, c2s, http2.Preface}, {1, s2c, string(secret)}}, octetwise)
	if fields := fieldsOf(t, s2c, []byte(res.stream(1, s2c))); len(fields) != 1 || strings.ContainsAny(fields[0].Value, "QWERTY") {
		t.Errorf("got %v", fields)
	}
}
