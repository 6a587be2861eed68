package search

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"quintet/engine"
)

// One goroutine seals the parts of all collections and two merge them, each one
// rewrite (rewrite.go) at a time. Which parts are due is told here.

// When parts are sealed and merged.
const (
	defaultFlushRows  = 5_000
	defaultFlushAfter = 30 * time.Second
	sealTogether      = 4               // parts, for which one that is frozen waits
	sealWait          = 2 * time.Second // but no longer
	manySealed        = 16              // from so many on, merging comes before sealing
	mergeParts        = 8               // of one tier, at least
	mergeTier         = 8               // how many times larger the parts of the next tier are
	mergeRows         = 512             // below which parts are of the lowest tier
	mergeDead         = 0.25            // share of dead rows from which a part is written anew
	mergeDeadRows     = 256
	idleAfter         = 30 * time.Second // without a write, all parts become one; whoever has loaded much searches first
	idleDead          = 20               // a twentieth of dead rows is left where it is
	idleShare         = 20               // so many times as long as the last such merge took, it rests
	maxMergedRows     = 2_000_000        // of the part that an idle merge makes
	littleMerge       = 10               // times the rows of a part that is frozen: it takes seconds
	maintainEvery     = time.Second
	leastPause        = 10 * time.Second // of a collection after a failure
	mostPause         = 10 * time.Minute // and after many
)

// maintainAlways seals and merges until ctx ends, beside each other: a merge
// takes long, and neither sealing must wait for it, nor a merge of little for one
// of much.
func (s *Service) maintainAlways(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { s.rewriteAlways(ctx, (*index).toSeal, s.frozen) })
	all.Go(func() { s.rewriteAlways(ctx, (*index).toMergeLittle, nil) })
	all.Go(func() { s.rewriteAlways(ctx, (*index).toMergeMuch, nil) })
	all.Wait()
}

// due chooses the parts of an index that are to be written as one, none for
// nothing to do.
type due func(x *index, now time.Time, o Options) []*part

// rewriteAlways rewrites what is due, until ctx ends. It looks each second, and
// when it is told.
func (s *Service) rewriteAlways(ctx context.Context, next due, told <-chan struct{}) {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		done, err := s.maintain(ctx, next)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("a segment could not be written; it is tried again, and nothing is lost", "error", err)
		}
		if done && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-told:
		}
	}
}

// maintain makes at most one rewrite for each tenant, and reports whether it
// made one: so those of a tenant with few collections do not wait for all those
// of one with many.
func (s *Service) maintain(ctx context.Context, next due) (done bool, err error) {
	served := map[engine.UID]bool{}
	for _, c := range s.warmed() {
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		if served[c.tenant.UID()] {
			continue
		}
		made, e := s.maintainOne(ctx, c, next)
		done, served[c.tenant.UID()] = done || made, made
		if errors.Is(e, errCollectionNotFound) || errors.Is(e, engine.ErrTenantGone) {
			continue // it was deleted meanwhile
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("collection %s: %w", c.name, e))
		}
	}
	return done, err
}

// maintainOne makes at most one rewrite in a collection that is in memory.
func (s *Service) maintainOne(ctx context.Context, c *collection, next due) (done bool, err error) {
	x, release := c.loaded()
	defer release()
	if x == nil {
		return false, nil
	}
	inputs := next(x, time.Now(), s.options)
	if len(inputs) == 0 {
		return false, nil
	}
	if err := safely("writing a segment", func() error { return s.rewrite(ctx, c, x, inputs) }); err != nil {
		x.postpone(time.Now())
		return false, err
	}
	return true, nil
}

// toSeal freezes what has grown long enough and returns what waits to be
// sealed, unless so much is sealed that it has to be merged first.
func (x *index) toSeal(now time.Time, o Options) []*part {
	x.freezeOld(now, o.FlushAfter)
	x.segment.RLock()
	defer x.segment.RUnlock()
	fresh, sealed := x.frozenParts(now)
	if len(sealed) >= manySealed && chooseMerge(sealed) != nil {
		return nil
	}
	if len(fresh) < sealTogether && (len(fresh) == 0 || now.Sub(fresh[0].frozen) < sealWait) {
		return nil // more may come, and together they take less time
	}
	return fresh
}

// toMergeLittle returns the sealed parts that are to become one, if they are small.
func (x *index) toMergeLittle(now time.Time, o Options) []*part {
	return x.toMerge(now, o, false)
}

// toMergeMuch returns the sealed parts that are to become one, if they are large.
func (x *index) toMergeMuch(now time.Time, o Options) []*part {
	return x.toMerge(now, o, true)
}

// toMerge takes the sealed parts that are to become one, if together they are as
// much as is meant.
func (x *index) toMerge(now time.Time, o Options, much bool) []*part {
	x.segment.RLock()
	defer x.segment.RUnlock()
	fresh, sealed := x.frozenParts(now)
	inputs := chooseMerge(sealed)
	if len(fresh) == 0 && len(sealed) == len(x.parts) && x.idle(now, sealed) {
		inputs = sealed
	}
	rows := 0
	for _, g := range inputs {
		rows += g.count
	}
	if len(inputs) == 0 || rows > littleMerge*o.FlushRows != much || !take(inputs) {
		return nil
	}
	return inputs
}

// take takes parts for a merge, unless one of them is in another.
func take(parts []*part) bool {
	for i, g := range parts {
		if !g.merging.CompareAndSwap(false, true) {
			giveBack(parts[:i])
			return false
		}
	}
	return true
}

func giveBack(parts []*part) {
	for _, g := range parts {
		g.merging.Store(false)
	}
}

// frozenParts returns the parts that are not sealed yet and those that are and
// not being merged, none while the index rests. The segment lock is held.
func (x *index) frozenParts(now time.Time) (fresh, sealed []*part) {
	if now.Before(x.resume) {
		return nil, nil
	}
	for _, g := range x.parts {
		switch {
		case g.record == nil:
			fresh = append(fresh, g)
		case !g.merging.Load():
			sealed = append(sealed, g)
		}
	}
	return fresh, sealed
}

// freezeOld freezes the part that grows when it is so old. It waits for the
// searches under way, and others for it, in that case only.
func (x *index) freezeOld(now time.Time, age time.Duration) {
	old := func() bool {
		return x.current.rows() > 0 && now.Sub(x.began) >= age && !now.Before(x.resume)
	}
	x.segment.RLock()
	is := old()
	x.segment.RUnlock()
	if !is {
		return
	}
	x.segment.Lock()
	defer x.segment.Unlock()
	if old() {
		x.freeze()
	}
}

// postpone lets the index rest after a rewrite that failed, the longer the more
// of them follow each other: each does all its work again.
func (x *index) postpone(now time.Time) {
	x.segment.Lock()
	defer x.segment.Unlock()
	x.pause = min(max(leastPause, 2*x.pause), mostPause)
	x.resume = now.Add(x.pause)
}

// idle reports whether all parts may become one: nobody has written for a
// while, and such merges take a small share of all time.
func (x *index) idle(now time.Time, sealed []*part) bool {
	total, dead := 0, 0
	for _, g := range sealed {
		total, dead = total+g.count, dead+g.dead()
	}
	if len(sealed) < 2 && dead <= total/idleDead || x.current.rows() > 0 || total > maxMergedRows {
		return false
	}
	return now.Sub(x.written) >= idleAfter && now.Sub(x.merged) >= idleShare*x.mergeTook
}

// chooseMerge returns a part that is dead for the most part, or those of the
// lowest tier that has enough of them. A row is so written about once a tier.
func chooseMerge(sealed []*part) []*part {
	var tiers [][]*part
	for _, g := range sealed {
		if g.dead() >= mergeDeadRows && float64(g.dead()) > mergeDead*float64(g.rows()) || g.count == 0 {
			return []*part{g}
		}
		tier := 0
		for n := g.count; n >= mergeRows; n /= mergeTier {
			tier++
		}
		for len(tiers) <= tier {
			tiers = append(tiers, nil)
		}
		tiers[tier] = append(tiers[tier], g)
	}
	for _, tier := range tiers {
		if len(tier) >= mergeParts {
			return tier
		}
	}
	return nil
}
