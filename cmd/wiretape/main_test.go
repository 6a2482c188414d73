package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// Every test finds the program as the command wiretape.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wiretape": main})
}
