package proto

import "strconv"

// A Leaf is a tile: a line, a field line, a chunk part, a frame.
type Leaf struct {
	Span
	Name LeafName
}

// A LeafName says what a [Leaf] is. It is a number, as a Message has a leaf for each
// line of it: a leaf holds no pointer.
type LeafName uint8

// The names of leaves.
const (
	LeafRaw            LeafName = iota + 1
	LeafGap                     // octets that are missing from the recording, and nothing else
	LeafMore                    // what stands behind as many leaves as a Message may have
	LeafCommandLine             // of a line protocol, and of RESP as people type it
	LeafReplyLine               // of SMTP, FTP, POP3
	LeafResponseLine            // of IMAP
	LeafLiteral                 // of IMAP: as many octets as a line said
	LeafContent                 // lines of free text, or a line that is data
	LeafText                    // lines behind a reply, printable octets
	LeafData                    // what stands between the commands of telnet
	LeafCommand                 // of telnet: IAC and what belongs to it
	LeafLineEnd                 // where it is no part of what stands before it
	LeafEndMark                 // "." on a line of its own
	LeafEnd                     // IAC SE, the end mark of a streamed RESP aggregate
	LeafValueLine               // of RESP: a type, and a value or a size
	LeafPartLength              // of RESP: the size of a part of a streamed string
	LeafBulk                    // of RESP: as many octets as a line said
	LeafEmptyLine               // before a start line
	LeafRequestLine             // of HTTP/1, as all to LeafTrailerEnd
	LeafStatusLine              //
	LeafFieldLine               //
	LeafHeadEnd                 // the empty line
	LeafBody                    // or a part of it
	LeafChunkSize               // its line
	LeafChunkData               //
	LeafChunkEnd                // the line end behind the data
	LeafTrailerLine             //
	LeafTrailerEnd              // the empty line
	LeafPreface                 // of HTTP/2: the client's
	LeafFrameHeader             // of HTTP/2 and WebSocket, the masking key included
	LeafPayload                 // of a frame, or of a packet of SSH
	LeafPacketHeader            // of SSH: two lengths
	LeafPadding                 // of SSH
	LeafIdentification          // of SSH: the line
	LeafBanner                  // of SSH: a line before the identification
	LeafEncrypted               // of SSH: what came after the keys
	LeafRecord                  // of TLS, as a whole
	LeafRecordHeader            // of TLS
	LeafRecordPayload           // of TLS
	LeafLength                  // of a DNS message over a stream
	LeafHeader                  // of a DNS message, as all below
	LeafQuestion                //
	LeafAnswer                  //
	LeafAuthority               //
	LeafAdditional              //
	LeafRest                    // what no section counts
)

var leafNames = [...]string{
	LeafRaw: "raw", LeafGap: "gap", LeafMore: "more",
	LeafCommandLine: "command-line", LeafReplyLine: "reply-line", LeafResponseLine: "response-line", LeafLiteral: "literal",
	LeafContent: "content", LeafText: "text", LeafData: "data", LeafCommand: "command",
	LeafLineEnd: "line-end", LeafEndMark: "end-mark", LeafEnd: "end",
	LeafValueLine: "value-line", LeafPartLength: "part-length", LeafBulk: "bulk",
	LeafEmptyLine: "empty-line", LeafRequestLine: "request-line", LeafStatusLine: "status-line", LeafFieldLine: "field-line",
	LeafHeadEnd: "head-end", LeafBody: "body", LeafChunkSize: "chunk-size", LeafChunkData: "chunk-data", LeafChunkEnd: "chunk-end",
	LeafTrailerLine: "trailer-line", LeafTrailerEnd: "trailer-end",
	LeafPreface: "preface", LeafFrameHeader: "frame-header", LeafPayload: "payload",
	LeafPacketHeader: "packet-header", LeafPadding: "padding", LeafIdentification: "identification", LeafBanner: "banner", LeafEncrypted: "encrypted",
	LeafRecord: "record", LeafRecordHeader: "record-header", LeafRecordPayload: "record-payload",
	LeafLength: "length", LeafHeader: "header", LeafQuestion: "question", LeafAnswer: "answer",
	LeafAuthority: "authority", LeafAdditional: "additional", LeafRest: "rest",
}

// String returns the name, "field-line".
func (n LeafName) String() string {
	if int(n) < len(leafNames) && leafNames[n] != "" {
		return leafNames[n]
	}
	return "LeafName(" + strconv.Itoa(int(n)) + ")"
}

// Tile adds the leaf that begins where the last one ends, at first at Span.From, and
// ends at the offset to. It adds none that would be empty.
func (m *Message) Tile(name LeafName, to int64) {
	from := m.Span.From
	if n := len(m.Leaves); n > 0 {
		from = m.Leaves[n-1].To
	}
	if to > from {
		m.Leaves = append(m.Leaves, Leaf{Span{from, to}, name})
	}
}
