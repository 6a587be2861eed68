#include "textflag.h"

// Kernels for AVX2. Bytes are widened to int16, so that the products of a pair
// fit an int32. Codes are 128 too large, so every sum starts with -128·Σ query,
// taken lane by lane: Y15.

// The start of sums, from the query in SI of R9 bytes. Uses DX, Y14, Y13, Y12.
#define START \
	MOVL         $0x00800080, DX \
	MOVQ         DX, X14 \
	VPBROADCASTD X14, Y14 \
	VPXOR        Y13, Y13, Y13 \
	VPXOR        Y15, Y15, Y15 \
	XORQ         DX, DX

#define STARTBLOCK \
	VPMOVSXBW (SI)(DX*1), Y12 \
	VPMADDWD  Y14, Y12, Y12 \
	VPADDD    Y12, Y13, Y13 \
	ADDQ      $16, DX \
	CMPQ      DX, R9

// Sixteen dimensions of a row into its sums; those of the query are q.
#define BLOCK(off, row, q, code, sum) \
	VPMOVZXBW off(row)(DX*1), code \
	VPMADDWD  q, code, code \
	VPADDD    code, sum, sum

// Four rows at AX, BX, R11, R12 from the byte DX on: Y0 to Y3.
#define FOURBEGIN \
	VMOVDQA Y15, Y0 \
	VMOVDQA Y15, Y1 \
	VMOVDQA Y15, Y2 \
	VMOVDQA Y15, Y3 \
	XORQ    DX, DX

#define FOURBLOCK \
	VPMOVSXBW (SI)(DX*1), Y4 \
	VPMOVSXBW 16(SI)(DX*1), Y5 \
	BLOCK(0, AX, Y4, Y6, Y0) \
	BLOCK(0, BX, Y4, Y7, Y1) \
	BLOCK(0, R11, Y4, Y8, Y2) \
	BLOCK(0, R12, Y4, Y9, Y3) \
	BLOCK(16, AX, Y5, Y10, Y0) \
	BLOCK(16, BX, Y5, Y11, Y1) \
	BLOCK(16, R11, Y5, Y12, Y2) \
	BLOCK(16, R12, Y5, Y13, Y3) \
	ADDQ      $32, DX \
	CMPQ      DX, R9

// The lanes of Y0 to Y3 added up and stored at R10.
#define FOUREND \
	VPHADDD      Y1, Y0, Y0 \
	VPHADDD      Y3, Y2, Y2 \
	VPHADDD      Y2, Y0, Y0 \
	VEXTRACTI128 $1, Y0, X1 \
	VPADDD       X1, X0, X0 \
	VMOVDQU      X0, (R10) \
	ADDQ         $16, R10

// One row at AX: its lanes in Y0 and Y1.
#define ONEBEGIN \
	VMOVDQA Y15, Y0 \
	VPXOR   Y1, Y1, Y1 \
	XORQ    DX, DX

#define ONEBLOCK \
	VPMOVSXBW (SI)(DX*1), Y4 \
	VPMOVSXBW 16(SI)(DX*1), Y5 \
	BLOCK(0, AX, Y4, Y6, Y0) \
	BLOCK(16, AX, Y5, Y7, Y1) \
	ADDQ      $32, DX \
	CMPQ      DX, R9

#define ONEEND \
	VPADDD       Y1, Y0, Y0 \
	VEXTRACTI128 $1, Y0, X1 \
	VPADDD       X1, X0, X0 \
	VPHADDD      X0, X0, X0 \
	VPHADDD      X0, X0, X0 \
	VMOVD        X0, (R10) \
	ADDQ         $4, R10

// func gatherAVX2(query *int8, codes *byte, stride int, rows *uint32, n int, scores *int32)
// R13 rows are done, R15 asked for: always the next 16.
TEXT ·gatherAVX2(SB), NOSPLIT, $0-48
	MOVQ query+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ stride+16(FP), R9
	MOVQ rows+24(FP), R8
	MOVQ n+32(FP), CX
	MOVQ scores+40(FP), R10
	XORQ R13, R13
	XORQ R15, R15
	START

start:
	STARTBLOCK
	JLT    start
	VPSUBD Y13, Y15, Y15

four:
	LEAQ    16(R13), R14
	CMPQ    R14, CX
	CMOVQGT CX, R14

ahead:
	CMPQ  R15, R14
	JGE   ready
	MOVL  (R8)(R15*4), AX
	IMULQ R9, AX
	ADDQ  DI, AX
	LEAQ  (AX)(R9*1), DX

line:
	PREFETCHT0 (AX)
	ADDQ       $64, AX
	CMPQ       AX, DX
	JLT        line
	INCQ       R15
	JMP        ahead

ready:
	LEAQ  4(R13), DX
	CMPQ  DX, CX
	JGT   rest
	MOVL  (R8)(R13*4), AX
	MOVL  4(R8)(R13*4), BX
	MOVL  8(R8)(R13*4), R11
	MOVL  12(R8)(R13*4), R12
	MOVQ  DX, R13
	IMULQ R9, AX
	IMULQ R9, BX
	IMULQ R9, R11
	IMULQ R9, R12
	ADDQ  DI, AX
	ADDQ  DI, BX
	ADDQ  DI, R11
	ADDQ  DI, R12
	FOURBEGIN

fourblock:
	FOURBLOCK
	JLT fourblock
	FOUREND
	JMP four

rest:
	CMPQ  R13, CX
	JGE   done
	MOVL  (R8)(R13*4), AX
	IMULQ R9, AX
	ADDQ  DI, AX
	INCQ  R13
	ONEBEGIN

oneblock:
	ONEBLOCK
	JLT oneblock
	ONEEND
	JMP rest

done:
	VZEROUPPER
	RET

// func scanAVX2(query *int8, codes *byte, stride, n int, scores *int32)
TEXT ·scanAVX2(SB), NOSPLIT, $0-40
	MOVQ query+0(FP), SI
	MOVQ codes+8(FP), AX
	MOVQ stride+16(FP), R9
	MOVQ n+24(FP), CX
	MOVQ scores+32(FP), R10
	START

start:
	STARTBLOCK
	JLT    start
	VPSUBD Y13, Y15, Y15

four:
	SUBQ $4, CX
	JLT  rest
	LEAQ (AX)(R9*1), BX
	LEAQ (BX)(R9*1), R11
	LEAQ (R11)(R9*1), R12
	FOURBEGIN

fourblock:
	FOURBLOCK
	JLT fourblock
	FOUREND
	LEAQ (R12)(R9*1), AX
	JMP  four

rest:
	ADDQ $4, CX

one:
	SUBQ $1, CX
	JLT  done
	ONEBEGIN

oneblock:
	ONEBLOCK
	JLT  oneblock
	ONEEND
	ADDQ R9, AX
	JMP  one

done:
	VZEROUPPER
	RET

// func prefetchRows(table *uint32, stride, bytes int, rows *uint32, n int)
// It runs on every amd64.
TEXT ·prefetchRows(SB), NOSPLIT, $0-40
	MOVQ table+0(FP), DI
	MOVQ stride+8(FP), R9
	MOVQ bytes+16(FP), R10
	MOVQ rows+24(FP), R8
	MOVQ n+32(FP), CX
	XORQ R13, R13

row:
	MOVL  (R8)(R13*4), AX
	IMULQ R9, AX
	ADDQ  DI, AX
	LEAQ  -1(AX)(R10*1), DX

line:
	PREFETCHT0 (AX)
	ADDQ       $64, AX
	CMPQ       AX, DX
	JLT        line
	PREFETCHT0 (DX)
	INCQ       R13
	CMPQ       R13, CX
	JLT        row
	RET
