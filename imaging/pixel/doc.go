// Package pixel reads images, fits them into a size and writes them again.
//
// Its nouns:
//
//   - A [Header] is what the first bytes of an image tell: its format, its
//     sides, its [Orientation], and how much memory decoding it takes.
//   - A [Plan] says which part of the image becomes which size. [Contain],
//     [Cover] and [Fill] make one from the sides that were asked for.
//   - [Decode], [Render] and [Encode] are the three steps that carry it out.
//
// The job, from a file to a JPEG of at most 400 by 400 pixels:
//
//	h, err := pixel.ReadHeader(data, pixel.Limits{Pixels: 100e6})
//	img, err := pixel.Decode(ctx, data, h)
//	small, err := pixel.Render(ctx, img, h.Orientation, pixel.NewPlan(h, pixel.Contain, 400, 400, 8192))
//	jpeg, err := pixel.Encode(small, pixel.JPEG, 80)
//
// Nothing large is allocated before ReadHeader has agreed, and what the rest
// will take is known then: [Header.Bytes] and [Plan.Bytes].
//
// Caveats:
//
//   - Of an animated GIF only the first frame is read. Animated WebP is refused.
//   - Colour profiles are not applied: every image is taken as sRGB. Metadata
//     is read for its orientation alone and never written.
//   - JPEG has no transparency; what is transparent becomes white in it.
//
// The package imports nothing of ours, and builds for GOOS=js and wasip1.
// Everything in it is safe for concurrent use.
package pixel
