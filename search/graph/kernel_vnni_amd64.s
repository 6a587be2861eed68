#include "textflag.h"

// Kernels for AVX-512 VNNI. VPDPBUSD adds the products of four unsigned and
// four signed bytes to an int32, exactly. Codes are unsigned and 128 too large,
// so every sum starts with -128·Σ query, taken lane by lane: Z16.

// The start of sums, from the query in SI of R9 bytes. Uses DX, Z17, Z18.
#define START \
	MOVL         $0x80808080, DX \
	VPBROADCASTD DX, Z18 \
	VPXORD       Z17, Z17, Z17 \
	VPXORD       Z16, Z16, Z16 \
	XORQ         DX, DX

#define STARTBLOCK \
	VPDPBUSD (SI)(DX*1), Z18, Z17 \
	ADDQ     $64, DX \
	CMPQ     DX, R9

// One block of a row into its sums; the block of the query is Z4.
#define BLOCK(row, code, sum) \
	VMOVDQU64 (row)(DX*1), code \
	VPDPBUSD  Z4, code, sum

// Four rows at AX, BX, R11, R12 from the byte DX on: Z0 to Z3.
#define FOURBEGIN \
	VMOVDQA64 Z16, Z0 \
	VMOVDQA64 Z16, Z1 \
	VMOVDQA64 Z16, Z2 \
	VMOVDQA64 Z16, Z3 \
	XORQ      DX, DX

#define FOURBLOCK \
	VMOVDQU64 (SI)(DX*1), Z4 \
	BLOCK(AX, Z5, Z0) \
	BLOCK(BX, Z6, Z1) \
	BLOCK(R11, Z7, Z2) \
	BLOCK(R12, Z8, Z3) \
	ADDQ      $64, DX \
	CMPQ      DX, R9

// The lanes of Z0 to Z3 added up and stored at R10.
#define FOUREND \
	VEXTRACTI64X4 $1, Z0, Y4 \
	VEXTRACTI64X4 $1, Z1, Y5 \
	VEXTRACTI64X4 $1, Z2, Y6 \
	VEXTRACTI64X4 $1, Z3, Y7 \
	VPADDD        Y4, Y0, Y0 \
	VPADDD        Y5, Y1, Y1 \
	VPADDD        Y6, Y2, Y2 \
	VPADDD        Y7, Y3, Y3 \
	VPHADDD       Y1, Y0, Y0 \
	VPHADDD       Y3, Y2, Y2 \
	VPHADDD       Y2, Y0, Y0 \
	VEXTRACTI128  $1, Y0, X1 \
	VPADDD        X1, X0, X0 \
	VMOVDQU       X0, (R10) \
	ADDQ          $16, R10

// One row at AX: its lanes in Z0.
#define ONEBLOCK \
	VMOVDQU64 (SI)(DX*1), Z4 \
	BLOCK(AX, Z5, Z0) \
	ADDQ      $64, DX \
	CMPQ      DX, R9

#define ONEEND \
	VEXTRACTI64X4 $1, Z0, Y1 \
	VPADDD        Y1, Y0, Y0 \
	VEXTRACTI128  $1, Y0, X1 \
	VPADDD        X1, X0, X0 \
	VPHADDD       X0, X0, X0 \
	VPHADDD       X0, X0, X0 \
	VMOVD         X0, (R10) \
	ADDQ          $4, R10

// func gatherVNNI(query *int8, codes *byte, stride int, rows *uint32, n int, scores *int32)
// R13 rows are done, R15 asked for: always the next 16.
TEXT ·gatherVNNI(SB), NOSPLIT, $0-48
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
	VPSUBD Z17, Z16, Z16

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
	CMPQ      R13, CX
	JGE       done
	MOVL      (R8)(R13*4), AX
	IMULQ     R9, AX
	ADDQ      DI, AX
	INCQ      R13
	VMOVDQA64 Z16, Z0
	XORQ      DX, DX

oneblock:
	ONEBLOCK
	JLT oneblock
	ONEEND
	JMP rest

done:
	VZEROUPPER
	RET

// func scanVNNI(query *int8, codes *byte, stride, n int, scores *int32)
TEXT ·scanVNNI(SB), NOSPLIT, $0-40
	MOVQ query+0(FP), SI
	MOVQ codes+8(FP), AX
	MOVQ stride+16(FP), R9
	MOVQ n+24(FP), CX
	MOVQ scores+32(FP), R10
	START

start:
	STARTBLOCK
	JLT    start
	VPSUBD Z17, Z16, Z16

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
	SUBQ      $1, CX
	JLT       done
	VMOVDQA64 Z16, Z0
	XORQ      DX, DX

oneblock:
	ONEBLOCK
	JLT  oneblock
	ONEEND
	ADDQ R9, AX
	JMP  one

done:
	VZEROUPPER
	RET
