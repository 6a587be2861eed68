package imaging

import (
	"errors"
	"time"

	"quintet/engine"
	"quintet/imaging/pixel"
)

var (
	errNotFound = engine.Errorf(engine.NotFound, "image_not_found", "there is no such image; upload it with POST /v1/images")
	errBusy     = &engine.Error{
		Kind: engine.Unavailable, Code: "imaging_busy", RetryAfter: 2 * time.Second,
		Detail: "too many images are in work; try again shortly",
	}
	errTenantBusy = &engine.Error{
		Kind: engine.Busy, Code: "too_much_in_flight", RetryAfter: 2 * time.Second,
		Detail: "too many files of this tenant are on their way; try this one again shortly",
	}
	errSignature = engine.Errorf(engine.Forbidden, "signature_invalid", "this URL was not signed here, or was changed; have it signed with POST /v1/images/{id}/sign")
	errExpired   = engine.Errorf(engine.Forbidden, "signature_expired", "this URL has expired; have it signed again with POST /v1/images/{id}/sign")
)

// codeNotSupported is of what is no image that is read; HTTP answers 415.
const codeNotSupported = "image_not_supported"

// refusal tells a user what package pixel found wrong with a file.
func refusal(err error) error {
	fault, ok := errors.AsType[*pixel.Error](err)
	if !ok {
		return err
	}
	switch fault.Fault {
	case pixel.NotAnImage, pixel.NotSupported:
		return engine.Errorf(engine.Invalid, codeNotSupported, "%s", fault.Detail).With(err)
	case pixel.TooLarge:
		return engine.Errorf(engine.Invalid, "image_too_large", "%s", fault.Detail).With(err)
	}
	return engine.Errorf(engine.Invalid, "image_damaged", "%s", fault.Detail).With(err)
}
