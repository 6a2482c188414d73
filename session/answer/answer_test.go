package answer

import (
	"io"
	"testing"
	"testing/synctest"

	"wiretape/wire"
	"wiretape/wire/wiretest"
)

func TestWhatIsDueGoesOutInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := wiretest.Pair()
		w := New()
		w.Add([]byte("gone "))
		w.Replace([]byte("one "))
		w.Add([]byte("two "))
		if n := w.Waiting(); n != len("one two ") {
			t.Errorf("%d octets wait", n)
		}
		conn := wire.NewConn(client, wire.Facts{}, wire.NewTap(func(wire.Event) {}))
		w.Start(conn)
		synctest.Wait()
		w.Add([]byte("three"))
		synctest.Wait()
		w.Stop()
		w.Add([]byte("never"))
		if n := w.Waiting(); n != 0 {
			t.Errorf("%d octets wait after the end", n)
		}
		w.Wait()
		conn.Close()
		if got, err := io.ReadAll(server); string(got) != "one two three" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// The goroutine of a Writer that was not started is not waited for.
func TestStopWithoutStart(t *testing.T) {
	w := New()
	w.Add([]byte("x"))
	w.Stop()
	w.Wait()
}
