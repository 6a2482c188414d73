package tape

import "wiretape/wire"

// A stage is how far a connection is.
type stage uint8

const (
	dialed stage = iota + 1 // it has begun, and does not stand
	stands
	closed
)

// An order holds the events of each connection to what can happen to a socket:
// it opens once, nothing comes before that but what was tried, and nothing after
// its close. The zero value is ready.
type order struct {
	stages map[int]stage
	conn   int   // the last connection
	stage  stage // of it
}

// event takes the next event of a connection, or tells why it cannot come.
func (o *order) event(conn int, k wire.Kind) error {
	if conn != o.conn {
		o.conn, o.stage = conn, o.stages[conn]
	}
	var next stage
	switch {
	case o.stage == closed:
		return bad("%s of connection %d after its close", k, conn)
	case k == wire.KindOpen && o.stage == stands:
		return bad("second open of connection %d", conn)
	case k == wire.KindTry && o.stage == stands:
		return bad("try of connection %d after its open", conn)
	case k == wire.KindOpen:
		next = stands
	case k == wire.KindClose && o.stage != 0:
		next = closed
	case o.stage == stands:
		return nil
	case k == wire.KindTry, k == wire.KindError, k == wire.KindTimeout:
		next = dialed
	default:
		return bad("%s of connection %d before its open", k, conn)
	}
	if next != o.stage {
		if o.stages == nil {
			o.stages = make(map[int]stage)
		}
		o.stage, o.stages[conn] = next, next
	}
	return nil
}
