#include "textflag.h"

// Kernels for AVX-512: a lane of Z0 to Z3 is a lane of the sums of four rows.
// Numbers behind the last whole 16 are read under the mask K1, as zeros else.

// Arguments and what follows from them: R9 bytes of a row, of which R14 in
// whole rounds of 16 numbers; K1 has the lanes of the rest.
#define ARGUMENTS \
	MOVQ  q+0(FP), SI \
	MOVQ  b+8(FP), DI \
	MOVQ  numbers+16(FP), R9 \
	MOVQ  rows+24(FP), R8 \
	MOVQ  n+32(FP), R12 \
	MOVQ  scores+40(FP), R10 \
	MOVQ  R9, CX \
	ANDQ  $15, CX \
	MOVL  $1, AX \
	SHLL  CX, AX \
	DECL  AX \
	KMOVW AX, K1 \
	SHLQ  $2, R9 \
	MOVQ  R9, R14 \
	ANDQ  $~63, R14 \
	XORQ  R13, R13 \
	XORQ  R15, R15

// The address of row number off/4 behind those that are done.
#define ROW(off, reg) \
	MOVL  off(R8)(R13*4), reg \
	IMULQ R9, reg \
	ADDQ  DI, reg

#define ZERO(sum) VPXORD sum, sum, sum

#define PRODUCT(row, t, sum) \
	VMULPS (row)(DX*1), Z4, t \
	VADDPS t, sum, sum

#define PRODUCTREST(row, t, sum) \
	VMOVUPS.Z (row)(DX*1), K1, t \
	VMULPS    t, Z4, t \
	VADDPS    t, sum, sum

#define SQUARE(row, t, sum) \
	VSUBPS (row)(DX*1), Z4, t \
	VMULPS t, t, t \
	VADDPS t, sum, sum

#define SQUAREREST(row, t, sum) \
	VMOVUPS.Z (row)(DX*1), K1, t \
	VSUBPS    t, Z4, t \
	VMULPS    t, t, t \
	VADDPS    t, sum, sum

// The upper half of the lanes onto the lower, twice.
#define FOLD(z, y, x, yt, xt) \
	VEXTRACTF64X4 $1, z, yt \
	VADDPS        yt, y, y \
	VEXTRACTF128  $1, y, xt \
	VADDPS        xt, x, x

// The lanes of Z0 to Z3 added up and stored at R10: lane 0 and 2, 1 and 3, and
// both sums.
#define FOUREND \
	FOLD(Z0, Y0, X0, Y5, X5) \
	FOLD(Z1, Y1, X1, Y6, X6) \
	FOLD(Z2, Y2, X2, Y7, X7) \
	FOLD(Z3, Y3, X3, Y8, X8) \
	VUNPCKLPD X1, X0, X5 \
	VUNPCKHPD X1, X0, X6 \
	VADDPS    X6, X5, X5 \
	VUNPCKLPD X3, X2, X7 \
	VUNPCKHPD X3, X2, X8 \
	VADDPS    X8, X7, X7 \
	VHADDPS   X7, X5, X0 \
	VMOVUPS   X0, (R10) \
	ADDQ      $16, R10

#define ONEEND \
	FOLD(Z0, Y0, X0, Y5, X5) \
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
	ZERO(Z0) \
	ZERO(Z1) \
	ZERO(Z2) \
	ZERO(Z3) \
	XORQ DX, DX \
	CMPQ DX, R14 \
	JGE  fourrest \
fourround: \
	VMOVUPS (SI)(DX*1), Z4 \
	ROUND(AX, Z5, Z0) \
	ROUND(BX, Z6, Z1) \
	ROUND(CX, Z7, Z2) \
	ROUND(R11, Z8, Z3) \
	ADDQ $64, DX \
	CMPQ DX, R14 \
	JLT  fourround \
fourrest: \
	CMPQ DX, R9 \
	JGE  fourend \
	VMOVUPS.Z (SI)(DX*1), K1, Z4 \
	REST(AX, Z5, Z0) \
	REST(BX, Z6, Z1) \
	REST(CX, Z7, Z2) \
	REST(R11, Z8, Z3) \
fourend: \
	FOUREND \
	JMP four \
rest: \
	CMPQ R13, R12 \
	JGE  done \
	ROW(0, AX) \
	INCQ R13 \
	ZERO(Z0) \
	XORQ DX, DX \
	CMPQ DX, R14 \
	JGE  onerest \
oneround: \
	VMOVUPS (SI)(DX*1), Z4 \
	ROUND(AX, Z5, Z0) \
	ADDQ $64, DX \
	CMPQ DX, R14 \
	JLT  oneround \
onerest: \
	CMPQ DX, R9 \
	JGE  oneend \
	VMOVUPS.Z (SI)(DX*1), K1, Z4 \
	REST(AX, Z5, Z0) \
oneend: \
	ONEEND \
	JMP rest \
done: \
	VZEROUPPER \
	RET

// func dotsAVX512(q *float32, b *byte, numbers int, rows *uint32, n int, scores *float32)
TEXT ·dotsAVX512(SB), NOSPLIT, $0-48
	KERNEL(PRODUCT, PRODUCTREST)

// func distancesAVX512(q *float32, b *byte, numbers int, rows *uint32, n int, scores *float32)
TEXT ·distancesAVX512(SB), NOSPLIT, $0-48
	KERNEL(SQUARE, SQUAREREST)
