package http2

import "slices"

// A Table is HPACK's dynamic table at one moment (RFC 7541, section 2.3.2). It
// does not change any more once it is given.
type Table struct {
	// Entries are the fields, oldest first: the last of them has index 62.
	Entries []Entry
	Size    int64 // octets as section 4.1 counts them, 32 for each entry among them
	Max     int64 // that Size may have
	// Unknown says that there may be older entries, which are not known since
	// header blocks before were missed or broken.
	Unknown bool
}

// Newest returns the entries in the order of their indices, from 62 on.
func (t *Table) Newest() []Entry {
	e := slices.Clone(t.Entries)
	slices.Reverse(e)
	return e
}

// at returns the entry at an index of both tables, from 1 on.
func (t *Table) at(index uint64) (e Entry, ok bool) {
	switch i := uint64(len(t.Entries)) + staticLen - index; {
	case index == 0:
		return Entry{}, false
	case index <= staticLen:
		return staticEntry(int(index)), true
	case index <= staticLen+uint64(len(t.Entries)):
		return t.Entries[i], true
	}
	return Entry{}, false
}

// add inserts an entry and returns how many were evicted for it. What was given
// of the table before goes on as it was: entries are added behind it, or in a new
// array.
func (t *Table) add(e Entry) (evicted int) {
	if e.size() > t.Max {
		// RFC 7541, section 4.4: it empties the table and is no error.
		return t.evict(0)
	}
	evicted = t.evict(t.Max - e.size())
	t.Entries = append(t.Entries, e)
	t.Size += e.size()
	return evicted
}

// evict drops the oldest entries until the size is no more than most.
func (t *Table) evict(most int64) (n int) {
	for ; t.Size > most; n++ {
		t.Size -= t.Entries[n].size()
	}
	if t.Entries = t.Entries[n:]; len(t.Entries) == 0 {
		t.Entries = nil
	}
	// Those that are not known are older than all others.
	t.Unknown = t.Unknown && n == 0 && most > 0
	return n
}

// resize sets the maximum size.
func (t *Table) resize(size int64) (evicted int) {
	t.Max = size
	return t.evict(size)
}

// lose forgets all entries: from here on only what is added is known.
func (t *Table) lose() {
	t.Entries, t.Size, t.Unknown = nil, 0, true
}

// snapshot returns t as it is now.
func (t *Table) snapshot() Table {
	s := *t
	s.Entries = s.Entries[:len(s.Entries):len(s.Entries)]
	return s
}
