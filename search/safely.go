package search

import (
	"fmt"
	"runtime/debug"
)

// safely turns a panic of what runs in the background into an error: what one
// collection holds is to stop neither the others nor the process.
func safely(what string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s panicked: %v\n%s", what, p, debug.Stack())
		}
	}()
	return f()
}
