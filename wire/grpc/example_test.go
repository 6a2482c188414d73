package grpc_test

import (
	"fmt"

	"wiretape/wire/grpc"
)

// A body is cut into its messages, and each is read without its schema.
func ExampleRead() {
	body := grpc.Read(grpc.GRPC, []byte("\x00\x00\x00\x00\x0c\x08\x96\x01\x12\x07testing"))
	for _, m := range body.Messages {
		fields, _ := grpc.Tree(m.Data)
		for _, f := range fields {
			if f.Type == grpc.Text {
				fmt.Printf("%d %s %q\n", f.Number, f.Type, f.Data)
			} else {
				fmt.Println(f.Number, f.Type, f.Numeral())
			}
		}
	}
	// Output:
	// 1 varint 150
	// 2 string "testing"
}
