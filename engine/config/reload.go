package config

import (
	"fmt"
	"reflect"
)

// Changes is what a reload did, as names of settings in the struct's order.
type Changes struct {
	Applied     []string // tagged reload, and now new
	NeedRestart []string // changed in the input, and left as they were
}

// Reload copies the settings that are tagged reload from next into running.
// Both point to the same type of root struct, next filled by Load. It touches
// running without a lock: hand it a copy, then swap.
func Reload(running, next any) (Changes, error) {
	if reflect.TypeOf(running) != reflect.TypeOf(next) {
		return Changes{}, fmt.Errorf("config: reload %T with %T: want one type", running, next)
	}
	old, err := bindValues(running)
	if err != nil {
		return Changes{}, err
	}
	wanted, err := bindValues(next)
	if err != nil {
		return Changes{}, err
	}
	var c Changes
	for i, s := range old.settings {
		value := wanted.settings[i].target
		switch {
		case same(s.target, value):
		case s.reload:
			reflect.ValueOf(s.target).Elem().Set(reflect.ValueOf(value).Elem())
			c.Applied = append(c.Applied, s.name)
		default:
			c.NeedRestart = append(c.NeedRestart, s.name)
		}
	}
	reflect.ValueOf(running).Elem().Set(old.root)
	return c, nil
}

// same compares what two pointers of one type point to. Secrets compare by
// their values, because each Load holds its own copy.
func same(a, b any) bool {
	if secret, ok := a.(*Secret); ok {
		return secret.Equal(*b.(*Secret))
	}
	return reflect.DeepEqual(a, b)
}
