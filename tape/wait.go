package tape

import "time"

// A Wait is the argument of a Time record, to be added to the clock of the next
// record. A plain wait has Min == Max and asserts nothing; a range is asserted
// by "! require timing"; Free is "*".
type Wait struct {
	Min, Max time.Duration
	Free     bool
}
