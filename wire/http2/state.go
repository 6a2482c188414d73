package http2

import "fmt"

// A StreamState is where a stream stands (RFC 9113, section 5.1). Which side it is
// that has ended is said, in place of local and remote.
type StreamState uint8

// The states. They stand in JSON as they print.
const (
	StateIdle             StreamState = 1 + iota
	StateReserved                     // promised by the server
	StateOpen                         // both sides may send
	StateHalfClosedClient             // the client has ended
	StateHalfClosedServer             // the server has ended
	StateClosed
)

var stateNames = [...]string{
	StateIdle: "idle", StateReserved: "reserved", StateOpen: "open",
	StateHalfClosedClient: "half-closed (client)", StateHalfClosedServer: "half-closed (server)", StateClosed: "closed",
}

// String returns the RFC's name of the state, with who has ended.
func (s StreamState) String() string {
	if s > 0 && int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("StreamState(%d)", uint8(s))
}
