package imaging

import (
	"time"

	"quintet/engine/config"
)

// Config bounds what images may use. The zero value of each setting means its
// default.
type Config struct {
	MaxBytes  config.Size `name:"max-bytes" default:"32MiB" doc:"Bytes of an uploaded file."`
	MaxPixels int         `name:"max-pixels" default:"100000000" doc:"Pixels of an uploaded image, width times height, by its header."`
	MaxSide   int         `name:"max-side" default:"8192" doc:"Pixels of the longer side of a rendition."`
	Memory    config.Size `name:"memory" default:"512MiB" doc:"Bytes that decoding, resizing and encoding may take at once, as their headers tell it before. An image that needs more alone is refused. The process needs about twice as much."`
	Uploads   config.Size `name:"uploads" default:"128MiB" doc:"Bytes of uploaded files that may be in memory at once. One tenant may have half of it, but always one file."`
	Cache     config.Size `name:"cache" default:"64MiB" doc:"Bytes of renditions kept in memory. One tenant may have half of it."`
	Queue     int         `name:"queue" default:"256" doc:"Requests that may wait for memory. Beyond them, and after 10 s, 503 is answered. One tenant may have half of the places."`
}

// Limits that are not settings.
const (
	maxWait         = 10 * time.Second // for memory
	maxOriginals    = 64               // originals that are being sent at once
	maxExpiry       = 30 * 24 * time.Hour
	defaultExpiry   = 24 * time.Hour
	multipartExtra  = 64 << 10 // bytes of a form beside the file
	maxSideOfFormat = 65_535   // of JPEG
)

// Validate reports limits that are none.
func (c *Config) Validate() (problems []config.Problem) {
	for _, limit := range []struct {
		name        string
		value, most int64
	}{
		{"max-bytes", int64(c.MaxBytes), 1 << 30}, {"max-pixels", int64(c.MaxPixels), 1 << 40}, {"max-side", int64(c.MaxSide), maxSideOfFormat},
		{"memory", int64(c.Memory), 1 << 50}, {"uploads", int64(c.Uploads), 1 << 50}, {"cache", int64(c.Cache), 1 << 50}, {"queue", int64(c.Queue), 1 << 20},
	} {
		if limit.value < 0 || limit.value > limit.most {
			problems = append(problems, config.Problem{Field: limit.name, Problem: "is negative or too large", Hint: "0 means the default"})
		}
	}
	if d := c.withDefaults(); d.Uploads < d.MaxBytes {
		problems = append(problems, config.Problem{Field: "uploads", Problem: "has no room for one file of max-bytes", Hint: "make it at least as large"})
	}
	return problems
}

func (c Config) withDefaults() Config {
	c.MaxBytes = or(c.MaxBytes, 32<<20)
	c.MaxPixels = or(c.MaxPixels, 100_000_000)
	c.MaxSide = or(c.MaxSide, 8192)
	c.Memory = or(c.Memory, 512<<20)
	c.Uploads = or(c.Uploads, 128<<20)
	c.Cache = or(c.Cache, 64<<20)
	c.Queue = or(c.Queue, 256)
	return c
}

func or[T int | config.Size](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}
