package search

import "quintet/engine"

// checkAliases holds that every alias leads to a collection, that a re-index
// and what it reads and makes name each other, and that nothing is followed
// that nobody follows.
func (c *checking) checkAliases() {
	for name, value := range c.v.Scan(bucketAliases, nil, nil) {
		a, err := decodeAlias(value)
		if err != nil {
			c.report("alias %s: %v", name, err)
			continue
		}
		if _, there := c.names[a.Collection]; !there {
			c.report("alias %s leads to no collection", name)
		}
		if _, taken := c.names[string(name)]; taken {
			c.report("alias %s has the name of a collection", name)
		}
	}
	for name, value := range c.v.Scan(bucketReindexes, nil, nil) {
		if r, err := decodeReindex(value); err != nil {
			c.report("the re-index of alias %s: %v", name, err)
		} else if c.v.Get(bucketAliases, name) == nil {
			c.report("a re-index belongs to no alias")
		} else if !r.failed() {
			c.checkReindex(string(name), r)
		}
	}
	for _, sc := range c.schemas {
		if sc.Follower != (engine.ID{}) && !c.targets[sc.Follower] || sc.MadeFor != "" && !c.targets[sc.ID] {
			c.report("collection %s is part of a re-index that is not there", sc.ID)
		}
	}
	for key, value := range c.v.Scan(bucketJournal, nil, nil) {
		if _, _, err := decodeNote(key, value); err != nil {
			c.report("%v", err)
		} else if id := engine.ID(key[:16]); !c.targets[id] && !c.dropped[id] {
			c.report("an entry of the journal belongs to no re-index")
		}
	}
}

func (c *checking) checkReindex(alias string, r *reindexRecord) {
	source, target := c.schemas[r.SourceID], c.schemas[r.TargetID]
	c.targets[r.TargetID] = true
	switch {
	case source == nil || target == nil || c.names[r.Source] != r.SourceID || c.names[r.Target] != r.TargetID:
		c.report("the re-index of alias %s has no collections", alias)
	case source.Follower != r.TargetID || target.MadeFor != alias:
		c.report("the re-index of alias %s and its collections do not name each other", alias)
	}
}
