// Package imaging keeps images and delivers them in the size, the fit and the
// format that is asked for.
//
// Its nouns:
//
//   - An image is a file as it was uploaded. Its id is made from its content
//     under the tenant's key: the same bytes have the same id, and another
//     tenant's id tells nothing.
//   - [Operations] say what shall become of it, as in "w=400,h=300,fit=cover".
//     They have one canonical spelling.
//   - A rendition is what they make of an image. It is kept in memory alone,
//     and made again when it is asked for again.
//   - A signature lets whoever has a URL read one rendition, without a
//     credential, until it expires.
//   - A budget admits work by the bytes of memory that it needs. What does not
//     fit waits, and what would wait too long is sent away.
//
// The service beneath the routes, as a request uses it:
//
//	s := imaging.New(e, imaging.Config{})
//	err := s.Start(ctx)
//	img, err := s.Put(ctx, tenant, file)
//	ops, err := imaging.ParseOperations("w=400,format=png")
//	small, err := s.Rendition(ctx, tenant, img.ID, ops)
//
// Before anything is decoded the header decides: what is no image, too many
// pixels, or too much memory. An upload is then decoded once, as a whole, so
// that a damaged file is refused when it comes and not when it is looked at.
//
// Caveats:
//
//   - A rendition holds nothing but pixels: place, camera and thumbnail of the
//     original never leave in it. The original is delivered as it came.
//   - Colour profiles are not applied; see package pixel for this and for what
//     is read of animations.
//   - A URL that was signed works until it expires. Only deleting the image
//     takes it back.
//
// FORMAT.md describes what is stored, byte by byte.
package imaging
