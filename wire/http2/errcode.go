package http2

import "fmt"

// An ErrCode says why a stream or a connection ended (RFC 9113, section 7).
type ErrCode uint32

// The codes of RFC 9113.
const (
	ErrCodeNo                 ErrCode = 0x0
	ErrCodeProtocol           ErrCode = 0x1
	ErrCodeInternal           ErrCode = 0x2
	ErrCodeFlowControl        ErrCode = 0x3
	ErrCodeSettingsTimeout    ErrCode = 0x4
	ErrCodeStreamClosed       ErrCode = 0x5
	ErrCodeFrameSize          ErrCode = 0x6
	ErrCodeRefusedStream      ErrCode = 0x7
	ErrCodeCancel             ErrCode = 0x8
	ErrCodeCompression        ErrCode = 0x9
	ErrCodeConnect            ErrCode = 0xa
	ErrCodeEnhanceYourCalm    ErrCode = 0xb
	ErrCodeInadequateSecurity ErrCode = 0xc
	ErrCodeHTTP11Required     ErrCode = 0xd
)

var errNames = [...]string{
	ErrCodeNo: "NO_ERROR", ErrCodeProtocol: "PROTOCOL_ERROR", ErrCodeInternal: "INTERNAL_ERROR",
	ErrCodeFlowControl: "FLOW_CONTROL_ERROR", ErrCodeSettingsTimeout: "SETTINGS_TIMEOUT",
	ErrCodeStreamClosed: "STREAM_CLOSED", ErrCodeFrameSize: "FRAME_SIZE_ERROR",
	ErrCodeRefusedStream: "REFUSED_STREAM", ErrCodeCancel: "CANCEL", ErrCodeCompression: "COMPRESSION_ERROR",
	ErrCodeConnect: "CONNECT_ERROR", ErrCodeEnhanceYourCalm: "ENHANCE_YOUR_CALM",
	ErrCodeInadequateSecurity: "INADEQUATE_SECURITY", ErrCodeHTTP11Required: "HTTP_1_1_REQUIRED",
}

// String returns the RFC's name, or UNKNOWN_ERROR_0xN.
func (c ErrCode) String() string {
	if int64(c) < int64(len(errNames)) {
		return errNames[c]
	}
	return fmt.Sprintf("UNKNOWN_ERROR_0x%x", uint32(c))
}

// meanings say of each code what it means to who gets it.
var meanings = [...]string{
	ErrCodeNo:                 "no error",
	ErrCodeProtocol:           "something broke the protocol, and no other code says what",
	ErrCodeInternal:           "the peer failed by itself",
	ErrCodeFlowControl:        "more DATA than the window allowed, or a window over its maximum",
	ErrCodeSettingsTimeout:    "its SETTINGS were not acknowledged in time",
	ErrCodeStreamClosed:       "a frame came on a stream that is closed",
	ErrCodeFrameSize:          "a frame had a length that it may not have",
	ErrCodeRefusedStream:      "nothing was done with the request: it may be sent again",
	ErrCodeCancel:             "the stream is not wanted any more",
	ErrCodeCompression:        "the state of HPACK is lost: a header block could not be read",
	ErrCodeConnect:            "the connection that CONNECT asked for failed",
	ErrCodeEnhanceYourCalm:    "the peer finds our load excessive",
	ErrCodeInadequateSecurity: "TLS is weaker than the peer wants",
	ErrCodeHTTP11Required:     "the request wants HTTP/1.1",
}

// Meaning says what the code means to who gets it.
func (c ErrCode) Meaning() string {
	if int64(c) < int64(len(meanings)) {
		return meanings[c]
	}
	return "a code that RFC 9113 does not know"
}
