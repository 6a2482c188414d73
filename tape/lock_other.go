//go:build !unix || solaris || illumos || aix

package tape

import "os"

// lock does nothing where flock(2) is not to be had.
func lock(*os.File) error { return nil }
