package http1

import "wiretape/wire/proto"

// slabLeaves are the leaves that are allocated at a time: those of several
// small messages. They hold on to nothing but themselves, just less than 8 KiB,
// so that the allocator's own word fits in with them.
const slabLeaves = 255

// A tile is a leaf that begins where the one before it ends. It becomes a
// proto.Leaf, which is larger, when the message is given.
type tile struct {
	to   int64
	name leafName
}

// A leafName is an index of leafNames.
type leafName uint8

const (
	leafEmptyLine leafName = iota
	leafRequestLine
	leafStatusLine
	leafField
	leafHeadEnd
	leafBody
	leafChunkSize
	leafChunkData
	leafChunkEnd
	leafChunks // what is beyond maxChunks
	leafTrailer
	leafTrailerEnd
	leafGap
)

var leafNames = [...]string{
	"empty-line", "request-line", "status-line", "field-line", "head-end", "body",
	"chunk-size", "chunk-data", "chunk-end", "chunks", "trailer-line", "trailer-end", "gap",
}

// leaf ends a tile at the offset to.
func (s *side) leaf(name leafName, to int64) {
	s.tiles = append(s.tiles, tile{to, name})
	s.tiled = to
}

// grow is leaf, but goes on with the last tile if it has that name.
func (s *side) grow(name leafName, to int64) {
	if n := len(s.tiles); n > 0 && s.tiles[n-1].name == name {
		s.tiles[n-1].to = to
		s.tiled = to
		return
	}
	s.leaf(name, to)
}

// leaves returns the tiles so far.
func (s *side) leaves() []proto.Leaf {
	n := len(s.tiles)
	if n > len(s.slab) {
		s.slab = make([]proto.Leaf, max(n, slabLeaves))
	}
	ls := s.slab[:n:n]
	s.slab = s.slab[n:]
	at := s.from
	for i, t := range s.tiles {
		ls[i] = proto.Leaf{Span: proto.Span{From: at, To: t.to}, Name: leafNames[t.name]}
		at = t.to
	}
	return ls
}
