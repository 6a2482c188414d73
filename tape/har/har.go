// Package har reads and writes HTTP Archives (HAR 1.2), which browsers and
// proxies save. It serves import and export.
//
// An archive interprets: it has fields, bodies that are decoded, and times, but no
// bytes. What Import gives was therefore never on a wire. It is HTTP/1.1 that says
// the same, whatever version was spoken, and the notes tell what was invented. What
// Export gives cannot be replayed byte by byte, and the notes tell what was lost.
package har

import (
	"fmt"
	"strings"
	"time"
)

// maxArchive bounds an archive, which is one JSON document and held whole:
// 512 MiB.
const maxArchive = 512 << 20

// pair is a field, a parameter of a query or of a form.
type pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// An entry is one exchange, with the members that are read and written here.
type entry struct {
	Started    string    `json:"startedDateTime"`
	Time       float64   `json:"time"` // ms
	Request    request   `json:"request"`
	Response   response  `json:"response"`
	Cache      struct{}  `json:"cache"`
	Timings    timings   `json:"timings"`
	ServerIP   string    `json:"serverIPAddress,omitempty"`
	Connection string    `json:"connection,omitempty"`
	Comment    string    `json:"comment,omitempty"`
	Messages   []message `json:"_webSocketMessages,omitempty"` // of Chrome
}

type request struct {
	Method      string     `json:"method"`
	URL         string     `json:"url"`
	Version     string     `json:"httpVersion"`
	Cookies     []cookieOf `json:"cookies"`
	Headers     []pair     `json:"headers"`
	Query       []pair     `json:"queryString"`
	Post        *postData  `json:"postData,omitempty"`
	HeadersSize int64      `json:"headersSize"` // octets; -1 is not known
	BodySize    int64      `json:"bodySize"`
}

type postData struct {
	MimeType string `json:"mimeType"`
	Params   []pair `json:"params,omitempty"`
	Text     string `json:"text"`
	Encoding string `json:"encoding,omitempty"` // base64; not in HAR 1.2, as in content
	Comment  string `json:"comment,omitempty"`
}

type response struct {
	Status      int        `json:"status"` // 0 where there was none
	StatusText  string     `json:"statusText"`
	Version     string     `json:"httpVersion"`
	Cookies     []cookieOf `json:"cookies"`
	Headers     []pair     `json:"headers"`
	Content     contentOf  `json:"content"`
	RedirectURL string     `json:"redirectURL"`
	HeadersSize int64      `json:"headersSize"`
	BodySize    int64      `json:"bodySize"` // as transferred
}

type contentOf struct {
	Size        int64  `json:"size"` // decoded
	Compression int64  `json:"compression,omitempty"`
	MimeType    string `json:"mimeType"`
	Text        string `json:"text,omitempty"`
	Encoding    string `json:"encoding,omitempty"` // base64
	Comment     string `json:"comment,omitempty"`
}

type cookieOf struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Expires  string `json:"expires,omitempty"`
	HTTPOnly bool   `json:"httpOnly,omitempty"`
	Secure   bool   `json:"secure,omitempty"`
}

// timings are in ms; -1 is "did not happen". ssl is a part of connect.
type timings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	SSL     float64 `json:"ssl"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

// A message is of a WebSocket. Data is text, or base64 where Opcode is not 1.
type message struct {
	Type   string  `json:"type"` // send, receive
	Time   float64 `json:"time"` // s since 1970
	Opcode int     `json:"opcode"`
	Data   string  `json:"data"`
}

// maxMillis bounds a time that is read, so that no sum of them overflows: a year.
const maxMillis = 365 * 24 * 3600 * 1000

// millis returns ms as a duration; 0 for what did not happen.
func millis(ms float64) time.Duration {
	if !(ms > 0) {
		return 0
	}
	return time.Duration(min(ms, maxMillis) * float64(time.Millisecond))
}

// A tally counts what there is to say, in the order in which it was met first.
type tally struct {
	order []string
	n     map[string]int
}

func (t *tally) add(text string) {
	if t.n == nil {
		t.n = map[string]int{}
	}
	if t.n[text]++; t.n[text] == 1 {
		t.order = append(t.order, text)
	}
}

// notes returns what was said, with how often where it was more than once.
func (t *tally) notes() []string {
	var out []string
	for _, text := range t.order {
		if n := t.n[text]; n > 1 {
			text += fmt.Sprintf(" (%d times)", n)
		}
		out = append(out, text)
	}
	return out
}

// valueOf returns the value of the first field of that name.
func valueOf(fields []pair, name string) (string, bool) {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}
