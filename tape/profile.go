package tape

import "fmt"

// A profile is one of the two ways to write a conversation.
type profile uint8

const (
	capture profile = iota // every event apart, with its time
	commit                 // for people and version control
)

// String returns the profile as a tape's metadata has it.
func (p profile) String() string {
	switch p {
	case capture:
		return "capture"
	case commit:
		return "commit"
	}
	return fmt.Sprintf("profile(%d)", uint8(p))
}
