package replay

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/net/http2/hpack"

	"wiretape/tape/match"
	"wiretape/wire/http1"
)

// A secretField is what `! secret field` names: a parameter of queries and forms, or
// a member of JSON objects.
type secretField struct {
	name, id string
	places   [3]place
}

// A place is how a value may stand, the first group of re.
type place struct {
	re  *regexp.Regexp
	enc string // as a span has it
}

func secretFieldsOf(rules *match.Rules) (all []secretField) {
	for _, name := range slices.Sorted(maps.Keys(rules.SecretFields)) {
		q := regexp.QuoteMeta(name)
		all = append(all, secretField{name, rules.SecretFields[name], [3]place{
			{regexp.MustCompile(`(?:^|[?&;])` + q + `=([^&;#\s]*)`), "pct"},
			{regexp.MustCompile(`"` + q + `"\s*:\s*"((?:[^"\\]|\\.)*)"`), "json"},
			{regexp.MustCompile(`"` + q + `"\s*:\s*(-?[0-9][-+.eE0-9]*)`), ""},
		}})
	}
	return all
}

// putBack returns text with the values of fields in it that stand in no text of the
// tape, and the names of those. Value gives a secret by its name and the length of
// what stands in its place.
func putBack(fields []secretField, text []byte, value func(id string, n int) (string, error)) (put []byte, names []string, err error) {
	var edits []edit
	for _, f := range fields {
		n := len(edits)
		for _, p := range f.places {
			for _, at := range p.re.FindAllSubmatchIndex(text, -1) {
				v, err := value(f.id, at[3]-at[2])
				if err != nil {
					return nil, nil, err
				}
				edits = insert(edits, edit{at[2], at[3], match.EncodeSecret(p.enc, []byte(v))})
			}
		}
		if len(edits) > n {
			names = append(names, f.name)
		}
	}
	from := 0
	for _, e := range edits {
		put = append(append(put, text[from:e.from]...), e.with...)
		from = e.to
	}
	return append(put, text[from:]...), names, nil
}

// secretFields puts back, in a request of HTTP/2, what `! secret field` says: in its
// target and in its body, with the length that the head gives of that. It returns
// the names of the fields that were there.
func (r *run) secretFields(m *match.Message, head []hpack.HeaderField, body []byte) (put []byte, names []string, err error) {
	if len(r.fields) == 0 {
		return body, nil, nil
	}
	value := func(id string, n int) (string, error) { return r.secret(m, id, n) }
	put, names, err = putBack(r.fields, body, value)
	if err != nil {
		return nil, nil, err
	}
	for i := range head {
		f := &head[i]
		switch f.Name {
		case ":path":
			target, more, err := putBack(r.fields, []byte(f.Value), value)
			if err != nil {
				return nil, nil, err
			}
			f.Value, names = string(target), append(names, more...)
		case "content-length":
			if f.Value == strconv.Itoa(len(body)) {
				f.Value = strconv.Itoa(len(put))
			}
		}
	}
	return put, names, nil
}

// searchable returns a request with its body where a secret may have to be put back in
// that: a long one that is nothing but octets has none.
func (r *run) searchable(m *match.Message) (*match.Message, error) {
	if len(r.fields) == 0 || m.Streams(&r.t.Rules) {
		return m, nil
	}
	return m.Whole()
}

// checkSecrets reports what is missing to put back the secrets of HTTP/2: a value, or
// the place for one.
func (r *run) checkSecrets() error {
	rules := &r.t.Rules
	r.fields = secretFieldsOf(rules)
	missing := maps.Clone(rules.SecretFields)
	for _, s := range r.scripts {
		for _, st := range s.own {
			if st.Message == nil || !s.conv.HTTP2() {
				continue
			}
			q, ok := st.Message.Value.(*http1.Request)
			if !ok {
				continue
			}
			for _, f := range q.Fields.List() {
				if id, ok := rules.Secrets[string(f.Name)]; ok {
					if _, err := r.secret(st.Message, id, len(f.Value)); err != nil {
						return err
					}
				}
			}
			m, err := r.searchable(st.Message)
			if err != nil {
				return err
			}
			_, names, err := r.secretFields(m, requestFields(q, ""), m.Body.Data)
			if err != nil {
				return err
			}
			for _, name := range names {
				delete(missing, name)
			}
		}
	}
	for name, id := range missing {
		return fmt.Errorf("replay %s: rule \"secret field %s %s\": no request has that field in its target or body", r.t.Name, name, id)
	}
	return nil
}
