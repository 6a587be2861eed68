package embed

// pack lays weights out as [outputs/columns][inputs/group][columns][group]: a
// tile of columns outputs reads on from place to place, and finds group inputs
// of one output side by side.
func pack(weights string, outputs, inputs, columns, group int) []int8 {
	packed := make([]int8, outputs*inputs)
	for o := range outputs {
		row := weights[o*inputs:][:inputs]
		to := packed[o/columns*columns*inputs+o%columns*group:]
		for ; len(row) > group; to = to[columns*group:] {
			packGroup(to[:group], row[:group])
			row = row[group:]
		}
		packGroup(to[:group], row)
	}
	return packed
}

func packGroup(to []int8, from string) {
	for i := range to {
		to[i] = int8(from[i])
	}
}
