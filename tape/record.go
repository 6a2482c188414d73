package tape

import (
	"fmt"

	"wiretape/wire"
)

// RecordKind says what a line of a tape is.
type RecordKind uint8

const (
	Blank   RecordKind = iota + 1
	Comment            // "#…", and "#|…" for a generated reading
	Meta               // "; key value"
	Rule               // "! rule args"
	Mark               // "% label"
	Time               // "~ duration"
	Socket             // "= verb …"
	Data               // ">", "<" and their forms
)

var recordKindNames = [...]string{"", "blank", "comment", "meta", "rule", "mark", "time", "socket", "data"}

// String returns the kind's name.
func (k RecordKind) String() string {
	if int(k) < len(recordKindNames) && k != 0 {
		return recordKindNames[k]
	}
	return fmt.Sprintf("RecordKind(%d)", uint8(k))
}

// Form says how the bytes of a [Data] record are written.
type Form uint8

const (
	Text   Form = iota // literal, with escapes and spans
	Hex                // "x"
	Base64             // "b"
	Raw                // "@": a raw block
)

// A Record is one line of a tape, or one raw block with its line.
type Record struct {
	Line int // from 1, as an editor counts
	Kind RecordKind

	// Socket, Data: the event of this line alone; its At is the tape's clock.
	// Of a Data record, Event.Data is valid until the next Record, and a raw
	// block longer than the reader's piece comes as several Records of one Line.
	Event wire.Event
	Form  Form
	Spans []Span // Data: where Event.Data is a sample, in order
	// Data: the record goes on with the run (the one write) of the Data record
	// before it. Socket: it is a certificate of the tls record before it, and
	// Event.TLS has nothing else.
	Continues bool

	Key   string   // Meta: the key; Rule: the rule's name; Socket: the verb
	Value string   // Comment, Meta, Mark: the text; Socket: what follows the verb
	Args  []string // Rule: the arguments
	Conn  int      // Rule: the connection that it is for, 0 for all
	Wait  Wait     // Time
}

// A Span marks a volatile or secret value within a Data record. From and To
// index Event.Data, where the sample stands: what a client or a server sends
// when nothing better is known.
type Span struct {
	From, To int
	Kind     SpanKind
	ID       string // what it is captured as, refers to, or the secret's name; may be ""
	Pattern  string // SpanPattern: the RE2 expression, anchored
	Enc      string // SpanSecret: "", "raw", "pct", "json", "hex", "b64"
}

// SpanKind says what a span matches.
type SpanKind string

// The kinds of spans.
const (
	SpanSecret   SpanKind = "secret"    // \{secret ID len [enc]}
	SpanRef      SpanKind = "$"         // \{$id}: what was captured as id
	SpanAny      SpanKind = "any"       // \{[id=]any|sample}
	SpanPattern  SpanKind = "re"        // \{[id=]re:…|sample}
	SpanDate     SpanKind = "date"      // an HTTP date
	SpanUUID     SpanKind = "uuid"      //
	SpanToken    SpanKind = "token"     // RFC 9110 token octets
	SpanInt      SpanKind = "int"       // decimal digits, with a sign or none
	SpanHex      SpanKind = "hex"       //
	SpanB64      SpanKind = "b64"       // base64, either alphabet
	SpanIP       SpanKind = "ip"        // an IPv4 or IPv6 address
	SpanJWT      SpanKind = "jwt"       //
	SpanBoundary SpanKind = "boundary"  // a multipart boundary
	SpanWSAccept SpanKind = "ws-accept" // computed from the Sec-WebSocket-Key captured as ID
	SpanEncB64   SpanKind = "enc-b64"   // computed: base64 of what was captured as ID
)
