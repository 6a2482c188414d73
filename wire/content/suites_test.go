package content_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"wiretape/wire/content"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

type row struct {
	ID, Suite, Method string
	Raw               []byte `json:"raw_b64"`
	Verdict           string
	Warn              string
	Decoded           *string
}

// response reads the row's first final response, and decodes its body.
func response(row row) (m *proto.Message, r content.Result, notes int) {
	p := http1.New(proto.Limits{})
	var all []proto.Message
	for _, e := range prototest.Talk("> "+row.Method+" / HTTP/1.1\r\nHost: x\r\n\r\n", "< "+string(row.Raw), "= eof server") {
		all = append(all, p.Feed(e)...)
	}
	all = append(all, p.Close()...)
	for i := range all {
		if all[i].Dir == 1 {
			continue
		}
		notes += len(all[i].Notes)
		if v, ok := all[i].Value.(*http1.Response); ok && m == nil && !v.Interim() {
			m = &all[i]
			r = content.Decode(v.Fields.Values("Content-Encoding"), m.Body.Data, m.Complete && !m.Body.Cut, content.Limits{})
			notes += len(r.Notes)
		}
	}
	return m, r, notes
}

// eicar is the test string that every row of the evader suite carries.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

type oracle struct {
	ID, Framing string
	Oracles     map[string]struct {
		OK   bool
		Blen int
		SHA  string
	}
}

// oracles returns what other clients made of the rows.
func oracles(t *testing.T) map[string]oracle {
	t.Helper()
	all := map[string]oracle{}
	for _, o := range prototest.Rows[oracle](t, "http1_oracles.jsonl.gz") {
		all[o.ID] = o
	}
	return all
}

// decoders are those of the clients that undo content codings.
var decoders = []string{"curlz", "undici", "chromium"}

// A coded body decodes to what those clients make of it, or has a note.
func TestCodedBodiesAgree(t *testing.T) {
	oracles := oracles(t)
	all, held := 0, 0
	for _, row := range prototest.Rows[row](t, "http1_responses.jsonl.gz") {
		if !bytes.Contains(bytes.ToLower(row.Raw), []byte("content-encoding")) {
			continue
		}
		m, r, notes := response(row)
		if m == nil {
			continue
		}
		sum := sha1.Sum(r.Data[:min(len(r.Data), 4096)])
		ours := hex.EncodeToString(sum[:])[:10]
		same, others := 0, 0
		for _, name := range decoders {
			v := oracles[row.ID].Oracles[name]
			if !v.OK {
				continue
			}
			others++
			if v.SHA == ours && v.Blen == len(r.Data) {
				same++
			}
		}
		all++
		if same == others || notes > 0 {
			held++
			continue
		}
		t.Errorf("%s: %d of %d agree; %d octets %.60q, notes %v", row.ID, same, others, len(r.Data), r.Data, r.Notes)
	}
	t.Logf("marks: %d of %d rows with content codings hold", held, all)
}

// More of the rows that hide their body are decoded than other clients decode,
// and whatever is not the same to all has a note.
func TestHiddenBodiesAreFound(t *testing.T) {
	oracles := oracles(t)
	found := map[string]int{}
	all, silent := 0, 0
	for _, row := range prototest.Rows[row](t, "http1_responses.jsonl.gz") {
		if row.Suite != "evader" {
			continue
		}
		all++
		o := oracles[row.ID]
		m, r, notes := response(row)
		ours := m != nil && string(r.Data) == eicar
		if ours {
			found["ours"]++
		}
		if m != nil && strings.Contains(string(r.Data), eicar) {
			found["ours, among more"]++
		}
		var others strings.Builder
		for _, name := range []string{"chromium", "curlz"} {
			if v := o.Oracles[name]; v.OK && v.Blen == len(eicar) {
				found[name]++
				others.WriteString(" " + name)
			}
		}
		if others.String() != "" && !ours {
			t.Logf("%s: found by%s and not by us: %.100q, notes %v", row.ID, others.String(), r.Data, r.Notes)
		}
		if o.Framing != "unanimous-ok" && notes == 0 {
			silent++
			t.Errorf("%s: %s and no note", row.ID, o.Framing)
		}
	}
	t.Logf("marks: of %d rows are decoded: %v; %d without a note that is due", all, found, silent)
	if found["ours"] <= found["chromium"] || found["ours"] <= found["curlz"] {
		t.Errorf("decoded: %v", found)
	}
}

// What a table says of content codings: what they yield, and where there is to be
// a note.
func TestOddCodings(t *testing.T) {
	held := 0
	for _, row := range prototest.Rows[row](t, "weird_http1.jsonl.gz") {
		if !bytes.Contains(row.Raw, []byte("Content-Encoding")) {
			continue
		}
		_, r, notes := response(row)
		ok := row.Decoded == nil || string(r.Data) == *row.Decoded
		if (notes > 0) != strings.HasSuffix(row.Verdict, "+warn") {
			ok = false
		}
		if !ok {
			text, _ := json.Marshal(r.Notes)
			t.Errorf("%s: want %s (%s) %v, got %.40q, notes %s", row.ID, row.Verdict, row.Warn, row.Decoded, r.Data, text)
			continue
		}
		held++
	}
	t.Logf("marks: %d rows with content codings hold", held)
}
