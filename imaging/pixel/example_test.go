package pixel_test

import (
	"fmt"
	"image"

	"quintet/imaging/pixel"
)

// A wide image is cut to a square.
func Example() {
	data, err := pixel.Encode(image.NewRGBA(image.Rect(0, 0, 300, 200)), pixel.PNG, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	h, err := pixel.ReadHeader(data, pixel.Limits{Pixels: 1_000_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	img, err := pixel.Decode(background, data, h)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := pixel.NewPlan(h, pixel.Cover, 50, 50, 8192)
	small, err := pixel.Render(background, img, h.Orientation, plan)
	fmt.Println(h.Format, plan.Crop, small.Rect.Size(), err)
	// Output: png (50,0)-(250,200) (50,50) <nil>
}
