package scheduler

// What a queue's rates count.
const (
	enqueuedLately = iota
	startedLately
	doneLately
	deadLately

	kindsLately
)

// rates count what happened in a queue in the last minute, in slots of five
// seconds. They begin anew with the process.
type rates struct {
	slots [kindsLately][rateSlots]uint32
	slot  int64 // the newest one, counted from the start
}

const (
	rateSlots = 12
	slotTime  = 5_000 // ms
)

// turn empties the slots that have passed since it was called last.
func (r *rates) turn(now int64) {
	slot := now / slotTime
	for n := min(slot-r.slot, rateSlots); n > 0; n-- {
		for kind := range r.slots {
			r.slots[kind][(slot-n+1)%rateSlots] = 0
		}
	}
	r.slot = slot
}

func (r *rates) add(kind int, now int64) {
	r.turn(now)
	r.slots[kind][r.slot%rateSlots]++
}

// perSecond is each rate over the last minute, or since the start if that is
// less.
func (r *rates) perSecond(now int64) (rate [kindsLately]float64) {
	r.turn(now)
	span := float64(min(max(now, slotTime), rateSlots*slotTime)) / 1000
	for kind, slots := range r.slots {
		for _, n := range slots {
			rate[kind] += float64(n) / span
		}
	}
	return rate
}
