package suite

import (
	"fmt"

	"wiretape/tape"
)

// A CutError is the error of a tape that is cut off: what it has would be taken
// for the whole.
type CutError struct {
	Name string
	Cut  tape.Cut
}

func (e *CutError) Error() string { return fmt.Sprintf("%s is cut off: %v", e.Name, e.Cut) }
