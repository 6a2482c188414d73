package wire

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// What a UDP listener holds at most. What is beyond is dropped, as UDP has it.
const (
	maxPacketPeers = 1024 // that have a connection, accepted or not
	maxPackets     = 256  // of one peer that wait to be read
	maxDatagram    = 64 << 10
)

// A packetListener makes connections of the datagrams that come to one socket:
// each address that they come from is a peer. The socket is closed with the
// listener or, where connections stand, with the last of them.
type packetListener struct {
	pc     *net.UDPConn
	queue  chan *packetConn // accepted next
	closed chan struct{}

	// guarded by mu:
	mu     sync.Mutex
	peers  map[netip.AddrPort]*packetConn
	ending bool // closed is closed
}

func newPacketListener(pc *net.UDPConn) *packetListener {
	l := &packetListener{
		pc: pc, queue: make(chan *packetConn, maxPacketPeers), closed: make(chan struct{}),
		peers: make(map[netip.AddrPort]*packetConn),
	}
	go l.read() // ends with the socket
	return l
}

// read gives each datagram to its peer's connection.
func (l *packetListener) read() {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := l.pc.ReadFromUDPAddrPort(buf)
		if err != nil {
			l.Close()
			l.mu.Lock()
			for _, c := range l.peers {
				c.end()
			}
			l.mu.Unlock()
			return
		}
		c := l.peer(from)
		if c == nil {
			continue
		}
		select {
		case c.in <- append([]byte(nil), buf[:n]...):
		default:
		}
	}
}

// peer returns the connection of a peer, a new one where there is none; nil where
// it may not have one.
func (l *packetListener) peer(from netip.AddrPort) *packetConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.peers[from]
	if c != nil || l.ending || len(l.peers) == maxPacketPeers {
		return c
	}
	c = &packetConn{l: l, remote: from, in: make(chan []byte, maxPackets), gone: make(chan struct{}), moved: make(chan struct{})}
	l.peers[from] = c
	l.queue <- c // has room for all of peers
	return c
}

// Accept waits for the first datagram of another peer.
func (l *packetListener) Accept() (net.Conn, error) {
	for {
		select {
		case c := <-l.queue:
			select {
			case <-l.closed:
				c.Close()
				return nil, net.ErrClosed
			default:
				return c, nil
			}
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
}

// Close ends Accept and drops the connections that were not accepted.
func (l *packetListener) Close() error {
	l.mu.Lock()
	if l.ending {
		l.mu.Unlock()
		return net.ErrClosed
	}
	l.ending = true
	close(l.closed)
	none := len(l.peers) == 0
	l.mu.Unlock()
	for {
		select {
		case c := <-l.queue:
			c.Close()
			continue
		default:
		}
		break
	}
	if none {
		return l.pc.Close()
	}
	return nil
}

// Addr returns the socket's address.
func (l *packetListener) Addr() net.Addr { return l.pc.LocalAddr() }

// leave forgets a connection that was closed.
func (l *packetListener) leave(c *packetConn) {
	l.mu.Lock()
	if l.peers[c.remote] == c {
		delete(l.peers, c.remote)
	}
	last := l.ending && len(l.peers) == 0
	l.mu.Unlock()
	if last {
		l.pc.Close()
	}
}

// A packetConn is the datagrams to and from one peer of a packetListener.
type packetConn struct {
	l      *packetListener
	remote netip.AddrPort
	in     chan []byte
	gone   chan struct{} // closed when c is
	once   sync.Once

	// guarded by mu:
	mu       sync.Mutex
	deadline time.Time
	moved    chan struct{} // closed when the deadline changes
}

// Read reads one datagram, cut where p is too short.
func (c *packetConn) Read(p []byte) (int, error) {
	for {
		c.mu.Lock()
		deadline, moved := c.deadline, c.moved
		c.mu.Unlock()
		var passed <-chan time.Time
		if !deadline.IsZero() {
			wait := time.Until(deadline)
			if wait <= 0 {
				return 0, os.ErrDeadlineExceeded
			}
			timer := time.NewTimer(wait)
			defer timer.Stop()
			passed = timer.C
		}
		select {
		case b := <-c.in:
			return copy(p, b), nil
		case <-c.gone:
			return 0, net.ErrClosed
		case <-passed:
			return 0, os.ErrDeadlineExceeded
		case <-moved:
		}
	}
}

// Write sends one datagram.
func (c *packetConn) Write(p []byte) (int, error) {
	select {
	case <-c.gone:
		return 0, net.ErrClosed
	default:
		return c.l.pc.WriteToUDPAddrPort(p, c.remote)
	}
}

// Close ends reads and forgets the peer.
func (c *packetConn) Close() error {
	c.end()
	c.l.leave(c)
	return nil
}

func (c *packetConn) end() { c.once.Do(func() { close(c.gone) }) }

// LocalAddr returns the address of the listener's socket.
func (c *packetConn) LocalAddr() net.Addr { return c.l.pc.LocalAddr() }

// RemoteAddr returns the peer's address.
func (c *packetConn) RemoteAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(c.remote.Addr().Unmap(), c.remote.Port()))
}

// SetDeadline is SetReadDeadline: a write never waits.
func (c *packetConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline sets the time at which a read gives up.
func (c *packetConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	close(c.moved)
	c.moved = make(chan struct{})
	return nil
}

// SetWriteDeadline does nothing: a write never waits.
func (c *packetConn) SetWriteDeadline(time.Time) error { return nil }
