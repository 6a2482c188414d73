package tape

import (
	"fmt"

	"wiretape/wire"
)

// AppendData appends the data lines of bytes that one side of a connection wrote, in
// the form in which [Format] writes them: of the commit profile, or of a capture.
// The spans index data, in order. It is for who rewrites a part of a tape and
// leaves the rest as it is.
func AppendData(dst []byte, inCommit bool, conn int, dir wire.Dir, data []byte, spans []Span) ([]byte, error) {
	if err := checkSpans(spans, data); err != nil {
		return dst, err
	}
	p := capture
	if inCommit {
		p = commit
	}
	return appendRun(dst, p, conn, dir, data, spans), nil
}

// AppendRawLine appends the line that stands before a raw block of size bytes, which
// its writer is to end with a line end.
func AppendRawLine(dst []byte, conn int, dir wire.Dir, size int) []byte {
	return fmt.Appendf(append(appendConn(dst, conn), dirMark(dir)), "@ %d\n", size)
}
