package grpc

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// show writes a tree as "1:5 2:{1:\"a\"}".
func show(fields []Field) string {
	var all []string
	for _, f := range fields {
		s := fmt.Sprintf("%d:", f.Number)
		switch f.Type {
		case Nested, Group:
			s += "{" + show(f.Fields) + "}"
		case Text:
			s += fmt.Sprintf("%q", f.Data)
		case Octets:
			s += fmt.Sprintf("%x", f.Data)
		default:
			s += f.Numeral()
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

func TestTree(t *testing.T) {
	for _, c := range []struct {
		in, want string
		ok       bool
	}{
		{"", "", true},
		{"\x08\x96\x01", "1:150", true},
		{"\x12\x07testing", `2:"testing"`, true},
		{"\x1a\x03\x08\x96\x01", "3:{1:150}", true},
		{"\x0a\x07\x0a\x05hello", `1:{1:"hello"}`, true},
		{"\x0a\x02\xff\xfe", "1:fffe", true},
		{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "1:18446744073709551615 (-1)", true},
		{"\x09\x00\x00\x00\x00\x00\x00\xf8\x3f", "1:4609434218613702656 (1.5)", true},
		{"\x0d\x00\x00\xc0\x3f", "1:1069547520 (1.5)", true},
		{"\x0b\x08\x01\x0c\x10\x02", "1:{1:1} 2:2", true},
		{"\x0b\x08\x01\x14", "", false}, // another group's end
		{"\x0b\x08\x01", "", false},
		{"\x08\x01\x00", "1:1", false}, // field number 0
		{"\x08\x01\x12\x05ab", "1:1", false},
		{"\x0f", "", false},
	} {
		fields, ok := Tree([]byte(c.in))
		if got := show(fields); got != c.want || ok != c.ok {
			t.Errorf("Tree(%q) = %s, %t, want %s, %t", c.in, got, ok, c.want, c.ok)
		}
	}
}

func TestADeepTreeEnds(t *testing.T) {
	b := []byte("\x08\x01")
	for range 100 {
		b = append([]byte{0x1a, byte(len(b))}, b...)
		if len(b) > 120 {
			break
		}
	}
	fields, ok := Tree(b)
	depth := 0
	for len(fields) == 1 && fields[0].Type == Nested {
		fields = fields[0].Fields
		depth++
	}
	if !ok || depth != maxDepth {
		t.Errorf("%d deep, %t, want %d, true", depth, ok, maxDepth)
	}
}

func TestBodies(t *testing.T) {
	for _, c := range []struct {
		name string
		kind Kind
		body string
		want string
	}{
		{"nothing", GRPC, "", ""},
		{"two messages", GRPC, "\x00\x00\x00\x00\x02ab\x01\x00\x00\x00\x00", "0: 2 \"ab\"; 7: 0 \"\" compressed; "},
		{"one that is cut", GRPC, "\x00\x00\x00\x00\x05ab", "0: 5 \"ab\" cut; "},
		{"a prefix that is cut", GRPC, "\x00\x00\x00", "rest \"\\x00\\x00\\x00\"; "},
		{"flags", GRPC, "\x80\x00\x00\x00\x00", "flags 0x80 at offset 0, where only 0x01 is defined; rest \"\\x80\\x00\\x00\\x00\\x00\"; "},
		{"trailers", Web, "\x80\x00\x00\x00\x10grpc-status: 5\r\n", "0: 16 \"grpc-status: 5\\r\\n\" trailers; "},
		{"base64 in pieces", WebText, base64.StdEncoding.EncodeToString([]byte("\x00\x00\x00\x00\x02")) + base64.StdEncoding.EncodeToString([]byte("ab")), "0: 2 \"ab\"; "},
		{"broken base64", WebText, "AAAA!", "the base64 is broken; rest \"\\x00\\x00\\x00\"; "},
	} {
		b := Read(c.kind, []byte(c.body))
		var got strings.Builder
		for _, m := range b.Messages {
			got.WriteString(fmt.Sprintf("%d: %d %q", m.Offset, m.Length, m.Data))
			for _, f := range []struct {
				is   bool
				text string
			}{{m.Compressed, " compressed"}, {m.Trailers, " trailers"}, {!m.Complete, " cut"}} {
				if f.is {
					got.WriteString(f.text)
				}
			}
			got.WriteString("; ")
		}
		if b.Fault != "" {
			got.WriteString(b.Fault + "; ")
		}
		if len(b.Rest) > 0 {
			got.WriteString(fmt.Sprintf("rest %q; ", b.Rest))
		}
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.String(), c.want)
		}
	}
}

func TestKinds(t *testing.T) {
	for in, want := range map[string]Kind{
		"application/grpc": GRPC, "Application/gRPC+proto; x=y": GRPC, "application/grpc-web": Web, "application/grpc-web+proto": Web,
		"application/grpc-web-text": WebText, "application/grpcx": None, "text/plain": None, "": None,
	} {
		if got := KindOf(in); got != want {
			t.Errorf("KindOf(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	fields := func(status, message string) func(string) []byte {
		return func(name string) []byte {
			switch name {
			case "grpc-status":
				return []byte(status)
			case "grpc-message":
				return []byte(message)
			}
			return nil
		}
	}
	for _, c := range []struct{ status, message, want string }{
		{"0", "", "0 OK "},
		{"5", "no %C3%A9t%c3%a9 100%", "5 NOT_FOUND no été 100%"},
		{"99", "%zz", "99  %zz"},
		{"x", "", "-1  "},
	} {
		s, ok := StatusOf(fields(c.status, c.message))
		if got := fmt.Sprintf("%d %s %s", s.Code, s.Name(), s.Message); got != c.want || !ok {
			t.Errorf("status %q, message %q: %q, want %q", c.status, c.message, got, c.want)
		}
	}
	if _, ok := StatusOf(func(string) []byte { return nil }); ok {
		t.Error("a status where there is none")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(uint8(1), []byte("\x00\x00\x00\x00\x09\x08\x96\x01\x12\x04abcd"))
	f.Add(uint8(2), []byte("\x80\x00\x00\x00\x10grpc-status: 5\r\n"))
	f.Add(uint8(3), []byte("AAAAAAJhYg==gAAAAAA="))
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		b := Read(Kind(kind%4), body)
		at := int64(0)
		for _, m := range b.Messages {
			if m.Offset != at || int64(len(m.Data)) > m.Length || m.Complete != (int64(len(m.Data)) == m.Length) {
				t.Fatalf("message %+v at %d", m, at)
			}
			at += prefixLen + int64(len(m.Data))
			m.Fields()
			fields, _ := Tree(m.Data)
			show(fields)
		}
		if Kind(kind%4) != WebText && !b.More && at+int64(len(b.Rest)) != int64(len(body)) {
			t.Fatalf("%d octets are in no message", int64(len(body))-at-int64(len(b.Rest)))
		}
	})
}
