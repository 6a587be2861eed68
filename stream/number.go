package stream

import (
	"encoding/binary"
	"math"
	"strconv"
)

// number is a JSON number as the scanner meets it.
type number struct {
	text     []byte
	digits   uint64 // all digits as one integer, while there are at most 19
	count    int    // of digits
	decimals int    // of them behind the point
	negative bool
	exponent bool
}

// scanNumber reads the number at b[i] by the grammar of RFC 8259 §6 and returns
// the index behind it, -1 when there is none.
func scanNumber(b []byte, i int, n *number) int {
	from := i
	n.negative, n.exponent, n.decimals = false, false, 0
	if b[i] == '-' {
		n.negative = true
		i++
	}
	whole := i
	digits, i := scanDigits(b, i, 0)
	n.count = i - whole
	if n.count == 0 || n.count > 1 && b[whole] == '0' {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		point := i
		digits, i = scanDigits(b, i+1, digits)
		n.decimals = i - point - 1
		if n.decimals == 0 {
			return -1
		}
		n.count += n.decimals
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		n.exponent = true
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		power := i
		for i < len(b) && b[i]-'0' < 10 {
			i++
		}
		if i == power {
			return -1
		}
	}
	n.digits, n.text = digits, b[from:i]
	return i
}

// scanDigits appends the digits at b[i:] to those of n and returns the index
// behind them. Eight at once are told by their high halves being 3 and their
// low ones below 10, and become a number by adding neighbours, thrice.
func scanDigits(b []byte, i int, n uint64) (uint64, int) {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		if x&(0xf0*lows) != 0x30*lows || (x+0x06*lows)&(0xf0*lows) != 0x30*lows {
			break
		}
		x = x & (0x0f * lows) * (10<<8 + 1) >> 8
		x = x & 0x00ff00ff00ff00ff * (100<<16 + 1) >> 16
		x = x & 0x0000ffff0000ffff * (10_000<<32 + 1) >> 32
		n = n*100_000_000 + x
	}
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		n = n*10 + uint64(b[i]-'0')
	}
	return n, i
}

// powers are those of ten that a float64 holds exactly.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// float returns the nearest float64; ok is false beyond its range. Integers up
// to 2^53 divided by an exact power of ten are rounded once, and correctly
// (Clinger 1990, the fast path); all else is strconv's. It never gives -0.
func (n *number) float() (f float64, ok bool) {
	if n.count <= 19 && !n.exponent && n.digits <= 1<<53 && n.decimals < len(powers) {
		if f = float64(n.digits) / powers[n.decimals]; n.negative {
			f = 0 - f
		}
		return f, true
	}
	f, err := strconv.ParseFloat(string(n.text), 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, false
	}
	return f + 0, true
}
