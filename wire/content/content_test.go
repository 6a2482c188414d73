package content

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// code applies content codings in order.
func code(t testing.TB, data string, codings ...string) string {
	t.Helper()
	for _, c := range codings {
		var b bytes.Buffer
		var w io.WriteCloser
		var err error
		switch c {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "zlib":
			w = zlib.NewWriter(&b)
		case "raw":
			w, err = flate.NewWriter(&b, 9)
		case "br":
			w = brotli.NewWriter(&b)
		case "zstd":
			w, err = zstd.NewWriter(&b)
		}
		if err == nil {
			_, err = io.WriteString(w, data)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		data = b.String()
	}
	return data
}

func decode(header, body string) Result {
	var values [][]byte
	for v := range strings.SplitSeq(header, "|") {
		values = append(values, []byte(v))
	}
	return Decode(values, []byte(body), true, Limits{})
}

func texts(notes []Note) []string {
	var out []string
	for _, n := range notes {
		text := n.Text
		if n.Field != "" {
			text = n.Field + ": " + text
		}
		out = append(out, text)
	}
	return out
}

func TestCodingsAreUndone(t *testing.T) {
	const text = "hello, hello, hello, body"
	gz := code(t, text, "gzip")
	for _, c := range []struct {
		name, header, body string
		want               string
		undone             string
		notes              []string
	}{
		{"none", "", text, text, "", []string{"Content-Encoding: empty element in the list of content codings"}},
		{"gzip", "gzip", gz, text, "gzip", nil},
		{"x-gzip, whatever its case", "X-GZip", gz, text, "gzip", nil},
		{"zlib", "deflate", code(t, text, "zlib"), text, "deflate", nil},
		{"raw deflate", "deflate", code(t, text, "raw"), text, "deflate", []string{"deflate without the zlib wrapper"}},
		{"br", "br", code(t, text, "br"), text, "br", nil},
		{"zstd", "zstd", code(t, text, "zstd"), text, "zstd", nil},
		{"stacked", "gzip, br", code(t, text, "gzip", "br"), text, "gzip br", nil},
		{"stacked in several fields", "zstd|deflate", code(t, text, "zstd", "zlib"), text, "zstd deflate", nil},
		{"identity", "identity, gzip", gz, text, "gzip", []string{"Content-Encoding: identity is no content coding: passed over"}},
		{"two members", "gzip", gz + gz, text + text, "gzip", nil},
		{"two frames", "zstd", code(t, text, "zstd") + code(t, text, "zstd"), text + text, "zstd", nil},

		{"padded", "gzip", gz + "\x00\x00", text, "gzip", []string{"2 octets of padding behind the gzip data"}},
		{"followed by something else", "gzip", gz + "JUNK", text, "gzip", []string{"4 octets behind the gzip data are no gzip: left out"}},
		{"followed by half a member", "gzip", gz + gz[:20], text + decode("gzip", gz[:20]).shown(), "gzip", []string{"gzip stops in the middle"}},
		{"zlib, followed", "deflate", code(t, text, "zlib") + "JUNK", text, "deflate", []string{"4 octets behind the deflate data: left out"}},
		{"br, followed", "br", code(t, text, "br") + "JUNK", text, "br", []string{"octets behind the br data: left out"}},
		{"zstd, followed", "zstd", code(t, text, "zstd") + "JUNK", text, "zstd", []string{"octets behind the zstd data: left out"}},
		{"no trailer", "gzip", gz[:len(gz)-8], text, "gzip", []string{"the gzip trailer has 0 octets of 8"}},
		{"half a trailer", "gzip", gz[:len(gz)-4], text, "gzip", []string{"the gzip trailer has 4 octets of 8"}},
		{"wrong trailer", "gzip", gz[:len(gz)-8] + "12345678", text, "gzip", []string{"the checksum in the gzip trailer is wrong", "the gzip trailer says 943142453 octets, there are 25"}},
		{"wrong checksum of the header", "gzip", gz[:3] + "\x02" + gz[4:10] + "xx" + gz[10:], text, "gzip", []string{"the checksum of the gzip header is wrong"}},
		{"name, comment and extra", "gzip", gz[:3] + "\x1c" + gz[4:10] + "\x01\x00xname\x00comment\x00" + gz[10:], text, "gzip", nil},
		{"reserved flags", "gzip", gz[:3] + "\x40" + gz[4:], text, "gzip", []string{"reserved flags are set in the gzip header"}},
		{"half a header", "gzip", gz[:7], gz[:7], "", []string{"the gzip header stops in the middle"}},
		{"wrong checksum of zlib", "deflate", code(t, text, "zlib")[:len(code(t, text, "zlib"))-4] + "1234", text, "deflate", []string{"the checksum of zlib is wrong"}},

		{"text under gzip", "gzip", text, text, "", []string{"the octets are not gzip: taken as they are"}},
		{"text under deflate", "deflate", text, text, "", []string{"the octets are not deflate: taken as they are"}},
		{"text under zstd", "zstd", text, text, "", []string{"the octets are not zstd: taken as they are"}},
		{"gzip under deflate", "deflate", gz, text, "gzip", []string{"the octets are not deflate but gzip, which is undone"}},
		{"gzip under br", "br", gz, text, "gzip", []string{"the octets are not br but gzip, which is undone"}},
		{"zlib under gzip", "gzip", code(t, text, "zlib"), text, "gzip", []string{"the octets are not gzip but deflate, which is undone"}},
		{"raw deflate under gzip", "gzip", code(t, text, "raw"), text, "gzip", []string{"deflate without the zlib wrapper", "the octets are not gzip but deflate, which is undone"}},
		{"coded once, named twice", "gzip, gzip", gz, text, "gzip", []string{"the octets are not gzip: taken as they are"}},

		{"unknown", "frob", text, text, "", []string{`Content-Encoding: content coding "frob" is unknown: not undone`}},
		{"unknown below", "frob, gzip", gz, text, "gzip", []string{`Content-Encoding: content coding "frob" is unknown: not undone`}},
		{"unknown above", "gzip, frob", text, text, "", []string{`Content-Encoding: content coding "frob" is unknown: not undone`, "so gzip is not undone either"}},
		{"a name of nobody's", "x-deflate", code(t, text, "zlib"), text, "deflate", []string{`Content-Encoding: "x-deflate" is registered nowhere: taken for deflate`}},
		{"misspelled", "gzip x", gz, text, "gzip", []string{`Content-Encoding: content coding "gzip x" is unknown; the octets are gzip, which is undone`}},
		{"too many", strings.Repeat("gzip,", 8) + "gzip", "abc", "abc", "", []string{"Content-Encoding: 9 content codings: none is undone, the limit is 8"}},
		{"empty", "gzip", "", "", "", []string{"the body is empty, which gzip never yields"}},
	} {
		r := decode(c.header, c.body)
		if string(r.Data) != c.want || strings.Join(r.Undone, " ") != c.undone || !slices.Equal(texts(r.Notes), c.notes) {
			t.Errorf("%s: %q, undone %q, notes %q\nwant %q, undone %q, notes %q", c.name, r.Data, r.Undone, texts(r.Notes), c.want, c.undone, c.notes)
		}
	}
}

func (r Result) shown() string { return string(r.Data) }

// What is damaged, or stops, yields what stands before.
func TestDamagedBodiesYieldWhatTheyHold(t *testing.T) {
	text := strings.Repeat("a line of text, and its number\n", 5000)
	for _, c := range []struct{ header, form string }{{"gzip", "gzip"}, {"deflate", "zlib"}, {"deflate", "raw"}, {"br", "br"}, {"zstd", "zstd"}} {
		body := code(t, text+strings.Repeat("\x00", 300<<10)+text, c.form)
		r := Decode([][]byte{[]byte(c.header)}, []byte(body[:len(body)-12]), true, Limits{})
		if !r.Cut || len(r.Notes) == 0 || !strings.HasPrefix(text, string(r.Data[:min(len(r.Data), len(text))])) || len(r.Data) < 1000 {
			t.Errorf("%s cut off: %d octets, cut %t, notes %q", c.form, len(r.Data), r.Cut, texts(r.Notes))
		}
		// Where not all of the body was kept, that is no deviation of the peer's.
		r = Decode([][]byte{[]byte(c.header)}, []byte(body[:len(body)-12]), false, Limits{})
		r.Notes = slices.DeleteFunc(r.Notes, func(n Note) bool { return n.Text == "deflate without the zlib wrapper" })
		if !r.Cut || len(r.Notes) > 0 || len(r.Data) < 1000 {
			t.Errorf("%s, not all kept: %d octets, cut %t, notes %q", c.form, len(r.Data), r.Cut, texts(r.Notes))
		}
	}
}

func TestBombsStopAtTheLimits(t *testing.T) {
	zeros := strings.Repeat("\x00", 20<<20)
	for _, form := range []string{"gzip", "br", "zstd"} {
		bomb := code(t, zeros, form)
		for _, c := range []struct {
			limits Limits
			want   int
		}{
			{Limits{}, min(DefaultSize, max(RatioFree, DefaultRatio*len(bomb)))},
			{Limits{Size: 1000, Ratio: 1}, 1000},
			{Limits{Size: 1 << 30, Ratio: 1}, RatioFree},
		} {
			r := Decode([][]byte{[]byte(form)}, []byte(bomb), true, c.limits)
			if len(r.Data) != c.want || !r.Cut || len(r.Notes) != 1 {
				t.Errorf("%s of %d octets, %+v: %d octets, cut %t, notes %q; want %d", form, len(bomb), c.limits, len(r.Data), r.Cut, texts(r.Notes), c.want)
			}
		}
	}
	// Codings within codings multiply no limit.
	var r Result
	allocated := memory(func() { r = decode("gzip, gzip, gzip", code(t, zeros, "gzip", "gzip", "gzip")) })
	if len(r.Data) > DefaultSize || !r.Cut {
		t.Errorf("three times gzip: %d octets, cut %t", len(r.Data), r.Cut)
	}
	if allocated > 200<<20 {
		t.Errorf("three times gzip, coding included, allocates %d MiB", allocated>>20)
	}
}

func memory(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Very many members cost no more than their octets.
func TestManyMembersAreCheap(t *testing.T) {
	body := strings.Repeat(code(t, "", "gzip")[:15]+"12345678", 40000) // all trailers are wrong
	var r Result
	if allocated := memory(func() { r = decode("gzip", body) }); allocated > 16<<20 {
		t.Errorf("%d octets of members allocate %d MiB", len(body), allocated>>20)
	}
	if len(r.Notes) > maxNotes || len(r.Data) > 0 {
		t.Errorf("%d notes, %d octets", len(r.Notes), len(r.Data))
	}
}

func TestNoGoroutineStays(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		decode("zstd", code(t, strings.Repeat("x", 1<<20), "zstd")[:40])
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

func FuzzDecode(f *testing.F) {
	for _, form := range []string{"gzip", "zlib", "raw", "br", "zstd"} {
		for _, header := range []string{"gzip", "deflate", "br", "zstd", "gzip, br", "x", "br, zstd, deflate"} {
			f.Add(header, []byte(code(f, "hello, hello, hello\n", form)), true)
		}
	}
	f.Fuzz(func(t *testing.T, header string, body []byte, whole bool) {
		came := bytes.Clone(body)
		limits := Limits{Size: 64 << 10}
		r := Decode([][]byte{[]byte(header)}, body, whole, limits)
		switch {
		case !bytes.Equal(body, came):
			t.Error("the octets that came were changed")
		case !r.Decoded() && !bytes.Equal(r.Data, came):
			t.Errorf("nothing is undone, and %d octets became %d", len(came), len(r.Data))
		case r.Decoded() && len(r.Data) > limits.Size:
			t.Errorf("%d octets, the limit is %d", len(r.Data), limits.Size)
		case !whole && !r.Cut:
			t.Error("of a part of a body comes all of it")
		}
	})
}
