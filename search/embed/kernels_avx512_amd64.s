#include "textflag.h"

// Kernels for AVX-512 F, BW, VL and VNNI. kernels_amd64.go declares them,
// checks what they may touch and says which portable twin each has; curves is
// the table there, 32 bytes of one constant each.

#define CLEAR3(a, b, c) \
	VPXORD a, a, a \
	VPXORD b, b, b \
	VPXORD c, c, c

// Four inputs of one token, unsigned and broadcast, against 48 outputs.
// VPDPBUSD adds four products to an int32 and does not saturate.
#define TOKEN(at, a, b, c) \
	VPBROADCASTD at, Z27 \
	VPDPBUSD     Z24, Z27, a \
	VPDPBUSD     Z25, Z27, b \
	VPDPBUSD     Z26, Z27, c

// One row of 48 outputs: sum - zero·sums to float, · step · scale + bias.
#define FINISH(off, a, b, c) \
	VPBROADCASTD off(SI), Z27 \
	VPMULLD      (AX), Z27, Z28 \
	VPMULLD      64(AX), Z27, Z29 \
	VPMULLD      128(AX), Z27, Z30 \
	VBROADCASTSS off(BX), Z31 \
	VPSUBD       Z28, a, a \
	VPSUBD       Z29, b, b \
	VPSUBD       Z30, c, c \
	VCVTDQ2PS    a, a \
	VCVTDQ2PS    b, b \
	VCVTDQ2PS    c, c \
	VMULPS       Z31, a, a \
	VMULPS       Z31, b, b \
	VMULPS       Z31, c, c \
	VFMADD213PS  (R11), Z24, a \
	VFMADD213PS  64(R11), Z25, b \
	VFMADD213PS  128(R11), Z26, c \
	VMOVUPS      a, (DI) \
	VMOVUPS      b, 64(DI) \
	VMOVUPS      c, 128(DI) \
	ADDQ         R8, DI

// func tileVNNI(a *uint8, lda uintptr, w *int8, quads int, sums, zero *int32, scale, bias, step, c *float32, ldc uintptr)
// 8 tokens by 48 outputs, inputs 4 at a time. Sums in Z0..Z23.
TEXT ·tileVNNI(SB), NOSPLIT, $0-88
	MOVQ a+0(FP), SI
	MOVQ lda+8(FP), R8
	MOVQ w+16(FP), DI
	MOVQ quads+24(FP), CX
	LEAQ (R8)(R8*2), R12
	LEAQ (SI)(R12*1), R9  // row 3
	LEAQ (R9)(R12*1), R10 // row 6
	CLEAR3(Z0, Z1, Z2)
	CLEAR3(Z3, Z4, Z5)
	CLEAR3(Z6, Z7, Z8)
	CLEAR3(Z9, Z10, Z11)
	CLEAR3(Z12, Z13, Z14)
	CLEAR3(Z15, Z16, Z17)
	CLEAR3(Z18, Z19, Z20)
	CLEAR3(Z21, Z22, Z23)

tile:
	VMOVDQU32 (DI), Z24
	VMOVDQU32 64(DI), Z25
	VMOVDQU32 128(DI), Z26
	TOKEN((SI), Z0, Z1, Z2)
	TOKEN((SI)(R8*1), Z3, Z4, Z5)
	TOKEN((SI)(R8*2), Z6, Z7, Z8)
	TOKEN((R9), Z9, Z10, Z11)
	TOKEN((SI)(R8*4), Z12, Z13, Z14)
	TOKEN((R9)(R8*2), Z15, Z16, Z17)
	TOKEN((R10), Z18, Z19, Z20)
	TOKEN((R9)(R8*4), Z21, Z22, Z23)
	ADDQ      $192, DI
	ADDQ      $4, SI
	ADDQ      $4, R9
	ADDQ      $4, R10
	DECQ      CX
	JNZ       tile

	MOVQ    sums+32(FP), AX
	MOVQ    zero+40(FP), SI
	MOVQ    scale+48(FP), R10
	MOVQ    bias+56(FP), R11
	MOVQ    step+64(FP), BX
	MOVQ    c+72(FP), DI
	MOVQ    ldc+80(FP), R8
	VMOVUPS (R10), Z24
	VMOVUPS 64(R10), Z25
	VMOVUPS 128(R10), Z26
	FINISH(0, Z0, Z1, Z2)
	FINISH(4, Z3, Z4, Z5)
	FINISH(8, Z6, Z7, Z8)
	FINISH(12, Z9, Z10, Z11)
	FINISH(16, Z12, Z13, Z14)
	FINISH(20, Z15, Z16, Z17)
	FINISH(24, Z18, Z19, Z20)
	FINISH(28, Z21, Z22, Z23)
	VZEROUPPER
	RET

#define SCALED(at, a, b) \
	VBROADCASTSS at, Z18 \
	VFMADD231PS  Z16, Z18, a \
	VFMADD231PS  Z17, Z18, b

#define STORE(a, b) \
	VMOVUPS a, (DX) \
	VMOVUPS b, 64(DX) \
	ADDQ    R13, DX

// func productAVX512(a *float32, lda uintptr, b *float32, ldb uintptr, c *float32, ldc uintptr, inner int)
// 8 rows by 32 columns of float32. Sums in Z0..Z15.
TEXT ·productAVX512(SB), NOSPLIT, $0-56
	MOVQ   a+0(FP), SI
	MOVQ   lda+8(FP), R8
	MOVQ   b+16(FP), DI
	MOVQ   ldb+24(FP), R11
	MOVQ   c+32(FP), DX
	MOVQ   ldc+40(FP), R13
	MOVQ   inner+48(FP), CX
	LEAQ   (R8)(R8*2), R12
	LEAQ   (SI)(R12*1), R9
	LEAQ   (R9)(R12*1), R10
	CLEAR3(Z0, Z1, Z2)
	CLEAR3(Z3, Z4, Z5)
	CLEAR3(Z6, Z7, Z8)
	CLEAR3(Z9, Z10, Z11)
	CLEAR3(Z12, Z13, Z14)
	VPXORD Z15, Z15, Z15

product:
	VMOVUPS (DI), Z16
	VMOVUPS 64(DI), Z17
	SCALED((SI), Z0, Z1)
	SCALED((SI)(R8*1), Z2, Z3)
	SCALED((SI)(R8*2), Z4, Z5)
	SCALED((R9), Z6, Z7)
	SCALED((SI)(R8*4), Z8, Z9)
	SCALED((R9)(R8*2), Z10, Z11)
	SCALED((R10), Z12, Z13)
	SCALED((R9)(R8*4), Z14, Z15)
	ADDQ    R11, DI
	ADDQ    $4, SI
	ADDQ    $4, R9
	ADDQ    $4, R10
	DECQ    CX
	JNZ     product

	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	STORE(Z6, Z7)
	STORE(Z8, Z9)
	STORE(Z10, Z11)
	STORE(Z12, Z13)
	STORE(Z14, Z15)
	VZEROUPPER
	RET

// All lanes of z (lower halves y and x) into the first, by op; Y15 is lost.
#define REDUCE(op, z, y, x) \
	VEXTRACTF64X4 $1, z, Y15 \
	op            Y15, y, y \
	VEXTRACTF128  $1, y, X15 \
	op            X15, x, x \
	VPSHUFD       $0x4E, x, X15 \
	op            X15, x, x \
	VPSHUFD       $0xB1, x, X15 \
	op            X15, x, x

// The constants of EXP into Z16..Z25; Z23 is 1/2 and Z24 is 1.
#define EXPCONSTANTS \
	VBROADCASTSS (R10), Z16 \
	VBROADCASTSS 32(R10), Z17 \
	VBROADCASTSS 64(R10), Z18 \
	VBROADCASTSS 96(R10), Z19 \
	VBROADCASTSS 128(R10), Z20 \
	VBROADCASTSS 160(R10), Z21 \
	VBROADCASTSS 192(R10), Z22 \
	VBROADCASTSS 224(R10), Z23 \
	VBROADCASTSS 256(R10), Z24 \
	VBROADCASTSS 288(R10), Z25

// x = e^x for x ≤ 0 as expo does; n and p are lost.
#define EXP(x, n, p) \
	VMAXPS      Z25, x, x \
	VMULPS      Z16, x, n \
	VRNDSCALEPS $8, n, n \
	VFMADD231PS Z17, n, x \
	VFMADD231PS Z18, n, x \
	VMOVAPS     Z19, p \
	VFMADD213PS Z20, x, p \
	VFMADD213PS Z21, x, p \
	VFMADD213PS Z22, x, p \
	VFMADD213PS Z23, x, p \
	VFMADD213PS Z24, x, p \
	VFMADD213PS Z24, x, p \
	VSCALEFPS   n, p, x

// func softmaxAVX512(x *float32, lanes int, curves *float32)
// lanes are 16 float32 each.
TEXT ·softmaxAVX512(SB), NOSPLIT, $0-24
	MOVQ    x+0(FP), SI
	MOVQ    lanes+8(FP), CX
	MOVQ    curves+16(FP), R10
	EXPCONSTANTS
	MOVQ    SI, DI
	MOVQ    CX, DX
	VMOVUPS (SI), Z3

top:
	VMAXPS (DI), Z3, Z3
	ADDQ   $64, DI
	DECQ   DX
	JNZ    top

	REDUCE(VMAXPS, Z3, Y3, X3)
	VBROADCASTSS X3, Z3
	VPXORD       Z4, Z4, Z4
	MOVQ         SI, DI
	MOVQ         CX, DX

raise:
	VMOVUPS (DI), Z0
	VSUBPS  Z3, Z0, Z0
	EXP(Z0, Z1, Z2)
	VADDPS  Z0, Z4, Z4
	VMOVUPS Z0, (DI)
	ADDQ    $64, DI
	DECQ    DX
	JNZ     raise

	REDUCE(VADDPS, Z4, Y4, X4)
	VBROADCASTSS X4, Z4
	VDIVPS       Z4, Z24, Z4

share:
	VMULPS  (SI), Z4, Z0
	VMOVUPS Z0, (SI)
	ADDQ    $64, SI
	DECQ    CX
	JNZ     share
	VZEROUPPER
	RET

// func geluAVX512(x *float32, lanes int, curves *float32)
TEXT ·geluAVX512(SB), NOSPLIT, $0-24
	MOVQ         x+0(FP), SI
	MOVQ         lanes+8(FP), CX
	MOVQ         curves+16(FP), R10
	EXPCONSTANTS
	VBROADCASTSS 320(R10), Z26  // ep
	VBROADCASTSS 352(R10), Z27  // e5
	VBROADCASTSS 384(R10), Z28
	VBROADCASTSS 416(R10), Z29
	VBROADCASTSS 448(R10), Z30
	VBROADCASTSS 480(R10), Z31  // e1
	VBROADCASTSS 512(R10), Z13  // 1/√2
	VPTERNLOGD   $0xFF, Z14, Z14, Z14
	VPSLLD       $31, Z14, Z14 // the sign bits

gelu:
	VMOVUPS      (SI), Z5
	VMULPS       Z13, Z5, Z6
	VPANDND      Z6, Z14, Z7 // |x|/√2
	VPANDD       Z6, Z14, Z8 // the sign
	VMULPS       Z7, Z7, Z0
	VPXORD       Z14, Z0, Z0
	EXP(Z0, Z1, Z2)
	VMOVAPS      Z24, Z9
	VFMADD231PS  Z26, Z7, Z9
	VDIVPS       Z9, Z24, Z9 // t
	VMOVAPS      Z27, Z10
	VFMADD213PS  Z28, Z9, Z10
	VFMADD213PS  Z29, Z9, Z10
	VFMADD213PS  Z30, Z9, Z10
	VFMADD213PS  Z31, Z9, Z10
	VMULPS       Z9, Z10, Z10
	VFNMADD213PS Z24, Z0, Z10 // erf of |x|/√2
	VPXORD       Z8, Z10, Z10
	VADDPS       Z24, Z10, Z10
	VMULPS       Z23, Z5, Z5
	VMULPS       Z5, Z10, Z10
	VMOVUPS      Z10, (SI)
	ADDQ         $64, SI
	DECQ         CX
	JNZ          gelu
	VZEROUPPER
	RET

// func quantiseAVX512(x, reciprocal *float32, pieces int, out *uint8, step *float32, zero *int32)
// pieces are 16 float32 each.
TEXT ·quantiseAVX512(SB), NOSPLIT, $0-48
	MOVQ   x+0(FP), SI
	MOVQ   reciprocal+8(FP), R10
	MOVQ   pieces+16(FP), CX
	MOVQ   out+24(FP), DI
	MOVQ   step+32(FP), R8
	MOVQ   zero+40(FP), R9
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	XORQ   AX, AX
	MOVQ   CX, DX

range:
	VMOVUPS (R10)(AX*1), Z0
	VMULPS  (SI)(AX*1), Z0, Z0
	VMAXPS  Z0, Z3, Z3
	VMINPS  Z0, Z4, Z4
	ADDQ    $64, AX
	DECQ    DX
	JNZ     range

	REDUCE(VMAXPS, Z3, Y3, X3)
	REDUCE(VMINPS, Z4, Y4, X4)
	VSUBSS       X4, X3, X3
	MOVL         $0x437f0000, AX // 255
	VMOVD        AX, X5
	MOVL         $0x0da24260, AX // smallest
	VMOVD        AX, X6
	VMAXSS       X6, X3, X3
	VDIVSS       X5, X3, X7
	VMOVSS       X7, (R8)
	VDIVSS       X3, X5, X5
	VMULSS       X5, X4, X4
	VCVTSS2SI    X4, AX
	NEGL         AX
	MOVL         AX, (R9)
	VBROADCASTSS X5, Z5
	VPBROADCASTD AX, Z6
	XORQ         AX, AX

round:
	VMOVUPS   (R10)(AX*1), Z0
	VMULPS    (SI)(AX*1), Z0, Z0
	VMULPS    Z5, Z0, Z0
	VCVTPS2DQ Z0, Z0
	VPADDD    Z6, Z0, Z0
	VPMOVUSDB Z0, (DI)
	ADDQ      $16, DI
	ADDQ      $64, AX
	DECQ      CX
	JNZ       round
	VZEROUPPER
	RET

// func addNormAVX512(x, y, gain, bias *float32, pieces int, share, epsilon float32)
// pieces are 16 float32 each, share is 1/n.
TEXT ·addNormAVX512(SB), NOSPLIT, $0-48
	MOVQ   x+0(FP), SI
	MOVQ   y+8(FP), DI
	MOVQ   gain+16(FP), R8
	MOVQ   bias+24(FP), R9
	MOVQ   pieces+32(FP), CX
	VMOVSS share+40(FP), X10
	VPXORD Z3, Z3, Z3
	XORQ   AX, AX
	MOVQ   CX, DX

add:
	VMOVUPS (SI)(AX*1), Z0
	VADDPS  (DI)(AX*1), Z0, Z0
	VMOVUPS Z0, (SI)(AX*1)
	VADDPS  Z0, Z3, Z3
	ADDQ    $64, AX
	DECQ    DX
	JNZ     add

	REDUCE(VADDPS, Z3, Y3, X3)
	VMULSS       X10, X3, X3
	VBROADCASTSS X3, Z3 // the mean
	VPXORD       Z4, Z4, Z4
	XORQ         AX, AX
	MOVQ         CX, DX

spread:
	VMOVUPS     (SI)(AX*1), Z0
	VSUBPS      Z3, Z0, Z0
	VFMADD231PS Z0, Z0, Z4
	ADDQ        $64, AX
	DECQ        DX
	JNZ         spread

	REDUCE(VADDPS, Z4, Y4, X4)
	VMULSS       X10, X4, X4
	VADDSS       epsilon+44(FP), X4, X4
	VSQRTSS      X4, X4, X4
	MOVL         $0x3f800000, AX // 1
	VMOVD        AX, X5
	VDIVSS       X4, X5, X4
	VBROADCASTSS X4, Z4
	XORQ         AX, AX

norm:
	VMOVUPS     (SI)(AX*1), Z0
	VSUBPS      Z3, Z0, Z0
	VMULPS      Z4, Z0, Z0
	VMOVUPS     (R8)(AX*1), Z2
	VFMADD213PS (R9)(AX*1), Z2, Z0
	VMOVUPS     Z0, (SI)(AX*1)
	ADDQ        $64, AX
	DECQ        CX
	JNZ         norm
	VZEROUPPER
	RET

#define CODES(off, query, acc) \
	VMOVDQU32 off(SI), Z4 \
	VPDPBUSD  query, Z4, acc
