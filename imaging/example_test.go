package imaging_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"quintet/engine"
	"quintet/engine/enginetest"
	"quintet/imaging"
)

// A photo that lies on its side is kept, and looked at upright and small.
func Example() {
	dir, err := os.MkdirTemp("", "quintet-imaging-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Options{Dir: dir, Clock: enginetest.NewClock(noon)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	tenant, err := e.Tenants.Create(ctx, "acme", func(*engine.Tx) error { return nil })
	if err != nil {
		fmt.Println(err)
		return
	}
	s := imaging.New(e, imaging.Config{})
	if err := s.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer s.Stop(ctx)

	file, err := os.Open("testdata/exif-orientation/Landscape_6.jpg")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	img, err := s.Put(ctx, tenant, file)
	fmt.Println(img.Format, img.Width, img.Height, img.Placeholder, err)
	ops, err := imaging.ParseOperations("fit=cover,h=100,w=100")
	fmt.Println(ops, err)
	small, err := s.Rendition(ctx, tenant, img.ID, ops)
	fmt.Println(small.Format, len(small.Body) < 10_000, err)
	signed, err := s.Sign(ctx, tenant, img.ID, ops, time.Hour)
	fmt.Println(signed.ExpiresAt, err)
	// Output:
	// jpeg 1800 1200 #627486 <nil>
	// w=100,h=100,fit=cover <nil>
	// jpeg true <nil>
	// 2026-03-01 13:00:00 +0000 UTC <nil>
}
