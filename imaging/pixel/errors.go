package pixel

import "fmt"

// Fault says what is wrong with a file.
type Fault uint8

const (
	NotAnImage   Fault = iota + 1 // not of a kind that shows a picture
	NotSupported                  // an image, of a kind that is not read
	TooLarge                      // beyond the limits, by its header
	Damaged                       // cut off, or not what its header promises
)

// Error is why a file cannot be read. Detail may be shown to whoever sent it.
type Error struct {
	Fault  Fault
	Detail string
	Cause  error // of the decoder; for the log
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Detail + ": " + e.Cause.Error()
	}
	return e.Detail
}

func (e *Error) Unwrap() error { return e.Cause }

func fault(f Fault, format string, args ...any) *Error {
	return &Error{Fault: f, Detail: fmt.Sprintf(format, args...)}
}

// damaged is the error of a decoder that gave up.
func damaged(f Format, cause error) *Error {
	return &Error{Fault: Damaged, Detail: fmt.Sprintf("the %s file is damaged, cut off, or of a kind that is not read", f), Cause: cause}
}
