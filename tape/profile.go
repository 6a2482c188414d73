package tape

import "fmt"

// Profile is one of the two ways to write a conversation.
type Profile uint8

const (
	Capture Profile = iota // every event apart, with its time
	Commit                 // for people and version control
)

// String returns the profile as a tape's metadata has it.
func (p Profile) String() string {
	switch p {
	case Capture:
		return "capture"
	case Commit:
		return "commit"
	}
	return fmt.Sprintf("Profile(%d)", uint8(p))
}
