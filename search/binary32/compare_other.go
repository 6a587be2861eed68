//go:build !amd64

package binary32

func assembly() []kernel { return nil }

func read(dst []float32, b []byte) {
	for i := range dst {
		dst[i] = at(b, i)
	}
}

func dots(q []float32, b []byte, rows []uint32, scores []float32) { dotsGo(q, b, rows, scores) }

func distances(q []float32, b []byte, rows []uint32, scores []float32) {
	distancesGo(q, b, rows, scores)
}
