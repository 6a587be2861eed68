package imaging

import (
	"context"

	"quintet/engine"
	"quintet/engine/api"
)

// List returns a page of a tenant's images, newest first.
func (s *Images) List(ctx context.Context, t engine.Tenant, limit int, cursor string) (page api.List[Image], err error) {
	if limit, err = api.CheckLimit(limit); err != nil {
		return page, err
	}
	before, err := api.ParseCursor(cursor)
	if err != nil {
		return page, err
	}
	var images []Image
	places := map[ID]engine.ID{}
	err = s.engine.Store.View(ctx, t, func(v *engine.View) error {
		for _, value := range v.Descend(bucketOrder, nil, before) {
			id := ID(value)
			r, err := decodeRecord(v.Get(bucketImages, id[:]))
			if err != nil {
				return err
			}
			images, places[id] = append(images, r.image(id)), r.order
			if len(images) > limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return page, err
	}
	return api.NewList(images, limit, func(i Image) []byte { place := places[i.ID]; return place[:] }), nil
}

// Delete removes an image and its renditions. The file leaves the disk some
// minutes later.
func (s *Images) Delete(ctx context.Context, t engine.Tenant, id ID) error {
	now := s.now()
	err := s.engine.Store.Update(ctx, t, func(tx *engine.Tx) error {
		value := tx.Get(bucketImages, id[:])
		if value == nil {
			return errNotFound
		}
		r, err := decodeRecord(value)
		if err != nil {
			return err
		}
		tx.Delete(bucketImages, id[:])
		tx.Delete(bucketOrder, r.order[:])
		return s.engine.Blobs.Release(tx, r.blob, now)
	}, engine.Reclaim)
	if err == nil {
		s.publish(t, "image.deleted", id)
	}
	return err
}
