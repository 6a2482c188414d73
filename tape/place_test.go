package tape

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// From each record's place on a tape reads as it did the first time.
func TestAgain(t *testing.T) {
	var text strings.Builder
	text.WriteString("wiretape 1\r\n! match tail any\n= open tcp a:80\n")
	for i := range 300 {
		fmt.Fprintf(&text, "> line %d\\n\n", i)
	}
	text.WriteString("< \\{sid=token|abcdef}\\n\n~ 1ms\n> \\{$sid} and more\n<@ 300000\n" + strings.Repeat("0123456789\n", 300000/11) + strings.Repeat("x", 300000%11) + "\n>b AAEC\n<x 00 01\n= close\n; end")
	src := bytes.NewReader([]byte(text.String()))
	type row struct {
		place Place
		text  string
	}
	show := func(rec Record) string {
		return fmt.Sprintf("%d %v %v %v %d %d %x", rec.Line, rec.Kind, rec.Form, rec.Event.Dir, rec.Event.Conn, len(rec.Event.Data), rec.Event.Data)
	}
	r := NewReader(src, "x.tape")
	var rows []row
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row{r.Place(), show(rec)})
	}
	if len(rows) < 310 {
		t.Fatalf("%d records", len(rows))
	}
	for i := 0; i < len(rows); i++ {
		if i == 10 {
			i = len(rows) - 20
		}
		again := r.Again(src, rows[i].place)
		for k := i; k < len(rows); k++ {
			rec, err := again.Next()
			if err != nil {
				t.Fatalf("from record %d, line %d: %v", i, rows[i].place.Line, err)
			}
			if got := show(rec); got != rows[k].text {
				t.Fatalf("from record %d, line %d: record %d is %.100s, want %.100s", i, rows[i].place.Line, k, got, rows[k].text)
			}
		}
	}
}
