package embed

// CodeScale turns a coordinate of a unit vector into a code: 127 at 0.2, the
// 99.95 % quantile of what the model's vectors hold (0.199 over those of
// testdata/golden.json, and 99.99 % of 448 abstracts and questions in English).
// Larger coordinates are cut there; those of a text of one or two words may be.
const CodeScale = 635

// codeZero is the byte of the code 0: codes are stored as unsigned bytes,
// which is what the scan multiplies by signed ones.
const codeZero = 128

// Quantise writes the codes of a unit vector: round(x · CodeScale), cut to
// ±127, plus 128. Both have the same length; what is not a number becomes 0.
// Nothing is allocated.
func Quantise(v []float32, codes []byte) {
	codes = codes[:len(v)]
	for i, x := range v {
		codes[i] = byte(code(x) + codeZero)
	}
}

// QuantiseQuery writes the same codes signed, as a scan wants its query.
func QuantiseQuery(v []float32, query []int8) {
	query = query[:len(v)]
	for i, x := range v {
		query[i] = int8(code(x))
	}
}

func code(x float32) int32 {
	if x != x {
		return 0
	}
	return nearest(min(127, max(-127, x*CodeScale)))
}

// ScanInt8 writes to scores[i] the exact dot product of the query's codes with
// those of row i: Σ query[j] · (codes[i·Dim+j] - 128). Divided by CodeScale² it
// is about the cosine of the two vectors. There are len(scores) rows, so codes
// hold Dim times as many bytes, and the query Dim; anything else panics. Every
// query of int8 and every byte is exact, on every kernel. Nothing is allocated.
func ScanInt8(query []int8, codes []byte, scores []int32) {
	if len(query) != Dim || len(codes) != len(scores)*Dim {
		panic("embed: a scan needs Dim codes for the query and for each score")
	}
	if len(scores) > 0 {
		scan((*[Dim]int8)(query), codes, scores)
	}
}

func scanGo(query *[Dim]int8, codes []byte, scores []int32) {
	shift := queryShift(query)
	for i := range scores {
		row := (*[Dim]byte)(codes[i*Dim:])
		var s0, s1, s2, s3 int32
		for j := 0; j < Dim; j += 4 {
			s0 += int32(query[j]) * int32(row[j])
			s1 += int32(query[j+1]) * int32(row[j+1])
			s2 += int32(query[j+2]) * int32(row[j+2])
			s3 += int32(query[j+3]) * int32(row[j+3])
		}
		scores[i] = s0 + s1 + s2 + s3 - shift
	}
}

// queryShift is what codes being stored with codeZero adds to every score of
// a query.
func queryShift(query *[Dim]int8) (shift int32) {
	for _, q := range query {
		shift += int32(q) * codeZero
	}
	return shift
}
