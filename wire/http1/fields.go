package http1

import "wiretape/wire/proto"

// A Field is one field line, or several where obsolete folding continues it.
type Field struct {
	Name  []byte // without white space around it
	Value []byte // without white space around it; each fold is one SP
	proto.Span
}

// Fields are field lines in the order in which they came. The zero value has none.
//
// They are held as places in the head, so that a head of many lines costs no more
// than its octets; a list of its own is for what is not there as it is to be read.
type Fields struct {
	head   []byte
	base   int64 // offset of head
	places []place
	list   []Field // in place of places
}

// A place is a field line as indexes into the head.
type place struct {
	name0, name1 int32
	val0, val1   int32
	end          int32 // behind the line's end
}

// FieldsOf returns fields that stand in no head of HTTP/1. It keeps the list.
func FieldsOf(list ...Field) Fields { return Fields{list: list} }

// Len returns how many there are.
func (f Fields) Len() int { return len(f.places) + len(f.list) }

// List returns all of them, in a slice that is not to be modified.
func (f Fields) List() []Field {
	if f.places == nil {
		return f.list
	}
	list := make([]Field, len(f.places))
	for i := range list {
		list[i] = f.at(i)
	}
	return list
}

// at returns the field at an index.
func (f *Fields) at(i int) Field {
	if f.places == nil {
		return f.list[i]
	}
	l := &f.places[i]
	return Field{f.head[l.name0:l.name1:l.name1], f.head[l.val0:l.val1:l.val1], proto.Span{From: f.base + int64(l.name0), To: f.base + int64(l.end)}}
}

// name returns the name of the field at an index.
func (f *Fields) name(i int) []byte {
	if f.places == nil {
		return f.list[i].Name
	}
	return f.head[f.places[i].name0:f.places[i].name1]
}

// find returns the index of the first field of that name, whatever its case, from
// an index on; -1 when there is none.
func (f *Fields) find(name string, from int) int {
	for i := from; i < f.Len(); i++ {
		if equalFold(f.name(i), name) {
			return i
		}
	}
	return -1
}

// Get returns the value of the first field of that name, whatever its case, and
// nil when there is none.
func (f Fields) Get(name string) []byte {
	if i := f.find(name, 0); i >= 0 {
		return f.at(i).Value
	}
	return nil
}

// Has reports whether there is a field of that name.
func (f Fields) Has(name string) bool { return f.find(name, 0) >= 0 }

// Values returns the values of all fields of that name in order.
func (f Fields) Values(name string) [][]byte {
	var vs [][]byte
	for i := f.find(name, 0); i >= 0; i = f.find(name, i+1) {
		vs = append(vs, f.at(i).Value)
	}
	return vs
}
