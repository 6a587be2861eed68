#include "textflag.h"

// Kernels for AVX2: the lanes of Y0 and Y1 are the 16 lanes of the sums of a
// row, those of Y2 and Y3 of another. Numbers behind the last whole 16 are read
// under the masks Y14 and Y15, as zeros else.

// Sixteen lanes that are read, sixteen that are not.
DATA lanesRead<>+0(SB)/8, $-1
DATA lanesRead<>+8(SB)/8, $-1
DATA lanesRead<>+16(SB)/8, $-1
DATA lanesRead<>+24(SB)/8, $-1
DATA lanesRead<>+32(SB)/8, $-1
DATA lanesRead<>+40(SB)/8, $-1
DATA lanesRead<>+48(SB)/8, $-1
DATA lanesRead<>+56(SB)/8, $-1
DATA lanesRead<>+64(SB)/8, $0
DATA lanesRead<>+72(SB)/8, $0
DATA lanesRead<>+80(SB)/8, $0
DATA lanesRead<>+88(SB)/8, $0
DATA lanesRead<>+96(SB)/8, $0
DATA lanesRead<>+104(SB)/8, $0
DATA lanesRead<>+112(SB)/8, $0
DATA lanesRead<>+120(SB)/8, $0
GLOBL lanesRead<>(SB), RODATA|NOPTR, $128

// Arguments and what follows from them: R9 bytes of a row, of which R14 in
// whole rounds of 16 numbers; Y14 and Y15 have the lanes of the rest.
#define ARGUMENTS \
	MOVQ q+0(FP), SI \
	MOVQ b+8(FP), DI \
	MOVQ numbers+16(FP), R9 \
	MOVQ rows+24(FP), R8 \
	MOVQ n+32(FP), R12 \
	MOVQ scores+40(FP), R10 \
	MOVQ R9, CX \
	ANDQ $15, CX \
	SHLQ $2, CX \
	LEAQ lanesRead<>+64(SB), AX \
	SUBQ CX, AX \
	VMOVUPS (AX), Y14 \
	VMOVUPS 32(AX), Y15 \
	SHLQ $2, R9 \
	MOVQ R9, R14 \
	ANDQ $~63, R14 \
	XORQ R13, R13 \
	XORQ R15, R15

#define ROW(off, reg) \
	MOVL  off(R8)(R13*4), reg \
	IMULQ R9, reg \
	ADDQ  DI, reg

#define ZERO(sum) VXORPS sum, sum, sum

// Eight numbers of a row into its sums; those of the query are q.
#define PRODUCT(off, row, q, t, sum) \
	VMULPS off(row)(DX*1), q, t \
	VADDPS t, sum, sum

#define PRODUCTREST(off, row, mask, q, t, sum) \
	VMASKMOVPS off(row)(DX*1), mask, t \
	VMULPS     t, q, t \
	VADDPS     t, sum, sum

#define SQUARE(off, row, q, t, sum) \
	VSUBPS off(row)(DX*1), q, t \
	VMULPS t, t, t \
	VADDPS t, sum, sum

#define SQUAREREST(off, row, mask, q, t, sum) \
	VMASKMOVPS off(row)(DX*1), mask, t \
	VSUBPS     t, q, t \
	VMULPS     t, t, t \
	VADDPS     t, sum, sum

#define QUERY \
	VMOVUPS (SI)(DX*1), Y8 \
	VMOVUPS 32(SI)(DX*1), Y9

#define QUERYREST \
	VMASKMOVPS (SI)(DX*1), Y14, Y8 \
	VMASKMOVPS 32(SI)(DX*1), Y15, Y9

// The upper half of 16 lanes onto the lower, twice.
#define FOLD(low, high, x, xt) \
	VADDPS       high, low, low \
	VEXTRACTF128 $1, low, xt \
	VADDPS       xt, x, x

// The sums of four rows added up and stored at R10: lane 0 and 2, 1 and 3, and
// both sums.
#define FOUREND \
	FOLD(Y0, Y1, X0, X1) \
	FOLD(Y2, Y3, X2, X3) \
	FOLD(Y4, Y5, X4, X5) \
	FOLD(Y6, Y7, X6, X7) \
	VUNPCKLPD X2, X0, X8 \
	VUNPCKHPD X2, X0, X9 \
	VADDPS    X9, X8, X8 \
	VUNPCKLPD X6, X4, X10 \
	VUNPCKHPD X6, X4, X11 \
	VADDPS    X11, X10, X10 \
	VHADDPS   X10, X8, X0 \
	VMOVUPS   X0, (R10) \
	ADDQ      $16, R10

#define ONEEND \
	FOLD(Y0, Y1, X0, X1) \
	VUNPCKHPD X0, X0, X1 \
	VADDPS    X1, X0, X0 \
	VHADDPS   X0, X0, X0 \
	VMOVSS    X0, (R10) \
	ADDQ      $4, R10

// R13 rows are done, R15 asked for: always the next 8.
#define KERNEL(ROUND, REST) \
	ARGUMENTS \
four: \
	LEAQ    8(R13), CX \
	CMPQ    CX, R12 \
	CMOVQGT R12, CX \
ahead: \
	CMPQ  R15, CX \
	JGE   ready \
	MOVL  (R8)(R15*4), AX \
	IMULQ R9, AX \
	ADDQ  DI, AX \
	LEAQ  (AX)(R9*1), DX \
line: \
	PREFETCHT0 (AX) \
	ADDQ       $64, AX \
	CMPQ       AX, DX \
	JLT        line \
	INCQ       R15 \
	JMP        ahead \
ready: \
	LEAQ 4(R13), DX \
	CMPQ DX, R12 \
	JGT  rest \
	ROW(0, AX) \
	ROW(4, BX) \
	ROW(8, CX) \
	ROW(12, R11) \
	MOVQ DX, R13 \
	ZERO(Y0) \
	ZERO(Y1) \
	ZERO(Y2) \
	ZERO(Y3) \
	ZERO(Y4) \
	ZERO(Y5) \
	ZERO(Y6) \
	ZERO(Y7) \
	XORQ DX, DX \
	CMPQ DX, R14 \
	JGE  fourrest \
fourround: \
	QUERY \
	ROUND(0, AX, Y8, Y10, Y0) \
	ROUND(32, AX, Y9, Y11, Y1) \
	ROUND(0, BX, Y8, Y12, Y2) \
	ROUND(32, BX, Y9, Y13, Y3) \
	ROUND(0, CX, Y8, Y10, Y4) \
	ROUND(32, CX, Y9, Y11, Y5) \
	ROUND(0, R11, Y8, Y12, Y6) \
	ROUND(32, R11, Y9, Y13, Y7) \
	ADDQ $64, DX \
	CMPQ DX, R14 \
	JLT  fourround \
fourrest: \
	CMPQ DX, R9 \
	JGE  fourend \
	QUERYREST \
	REST(0, AX, Y14, Y8, Y10, Y0) \
	REST(32, AX, Y15, Y9, Y11, Y1) \
	REST(0, BX, Y14, Y8, Y12, Y2) \
	REST(32, BX, Y15, Y9, Y13, Y3) \
	REST(0, CX, Y14, Y8, Y10, Y4) \
	REST(32, CX, Y15, Y9, Y11, Y5) \
	REST(0, R11, Y14, Y8, Y12, Y6) \
	REST(32, R11, Y15, Y9, Y13, Y7) \
fourend: \
	FOUREND \
	JMP four \
rest: \
	CMPQ R13, R12 \
	JGE  done \
	ROW(0, AX) \
	INCQ R13 \
	ZERO(Y0) \
	ZERO(Y1) \
	XORQ DX, DX \
	CMPQ DX, R14 \
	JGE  onerest \
oneround: \
	QUERY \
	ROUND(0, AX, Y8, Y10, Y0) \
	ROUND(32, AX, Y9, Y11, Y1) \
	ADDQ $64, DX \
	CMPQ DX, R14 \
	JLT  oneround \
onerest: \
	CMPQ DX, R9 \
	JGE  oneend \
	QUERYREST \
	REST(0, AX, Y14, Y8, Y10, Y0) \
	REST(32, AX, Y15, Y9, Y11, Y1) \
oneend: \
	ONEEND \
	JMP rest \
done: \
	VZEROUPPER \
	RET

// func dotsAVX2(q *float32, b *byte, numbers int, rows *uint32, n int, scores *float32)
TEXT ·dotsAVX2(SB), NOSPLIT, $0-48
	KERNEL(PRODUCT, PRODUCTREST)

// func distancesAVX2(q *float32, b *byte, numbers int, rows *uint32, n int, scores *float32)
TEXT ·distancesAVX2(SB), NOSPLIT, $0-48
	KERNEL(SQUARE, SQUAREREST)
